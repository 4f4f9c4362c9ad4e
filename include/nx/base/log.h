/*
 * log.h - one event, one line on stderr: `time level request event key=value`.
 *
 * Values are escaped, so that nobody outside can forge a line, and cut at 200
 * bytes.  Tokens, cookies, codes, verifiers and keys are never given to it.
 * The line is written with one write(2), so lines of threads do not mix.
 * Where it goes to the journal it begins with its priority (sd-daemon(3)):
 * <3> error, <4> warn, <6> info, <7> debug.
 */
#ifndef NX_BASE_LOG_H
#define NX_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "nx/base/kv.h"

struct nx_stats;

enum nx_log_level { NX_LOG_ERROR, NX_LOG_WARN, NX_LOG_INFO, NX_LOG_DEBUG };

struct nx_log {
	enum nx_log_level	 level;	/* what is more detailed is dropped */
	int			 fd;
	bool			 journal;	/* priorities first */
	struct nx_stats		*stats;		/* counts events; or NULL */
};

/*
 * stderr at level info.  `journal_stream` is $JOURNAL_STREAM or NULL: a shell
 * inherits it without its stderr being the journal, so it must name the very
 * file (systemd.exec(5)).
 */
struct nx_log	nx_log_stderr(const char *journal_stream);

/* Text for a person, of any number of lines, as it is.  errno is kept. */
void	nx_log_text(const struct nx_log *log, enum nx_log_level level,
	    const char *text);

/* Any thread.  `request_id` may be NULL; absent values are left out.  errno
 * is kept. */
void	nx_log_event(const struct nx_log *log, enum nx_log_level level,
	    const char *request_id, const char *event,
	    const struct nx_kv *pairs);

#define nx_log(log, level, request_id, event, ...)			\
	nx_log_event((log), (level), (request_id), (event),		\
	    (const struct nx_kv[]){ __VA_ARGS__, { 0 } })

/* The level's name in NEXUS_LOG_LEVEL; false when there is none such. */
int	nx_log_level_parse(const char *name, enum nx_log_level *out);

#endif
