/*
 * sb_journal.h - what callers send, without any value that could be secret:
 * the last requests with method, path, names in the query, some headers.
 * Any thread.
 */
#ifndef SB_JOURNAL_H
#define SB_JOURNAL_H

#include <json.h>

#include "sb_http.h"

struct sb_journal;

struct sb_journal *sb_journal_new(void);
void	 sb_journal_free(struct sb_journal *j);
void	 sb_journal_add(struct sb_journal *j, const struct sb_request *req);
void	 sb_journal_reset(struct sb_journal *j);
/* The last 200 whose path begins with prefix, oldest first. */
struct json_object *sb_journal_json(struct sb_journal *j,
    const char *prefix);

#endif
