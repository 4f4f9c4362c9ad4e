/*
 * err.h - every way a call can fail, in one table.
 *
 * The table gives each error its public code (the last part of
 * `urn:nexus-x:error:<code>`, docs/contract.md section 5), its HTTP status,
 * the exit status of a command line (sysexits.h: 75 try again, 78
 * configuration, else 1), its title and the remedy that is shown to a person.
 * What happened this time goes into a caller's struct nx_err; nothing is kept
 * globally.
 */
#ifndef NX_BASE_ERR_H
#define NX_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NX_MUST_USE __attribute__((warn_unused_result))
#define NX_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

#include "nx/base/err_list.h"
#include "nx/base/kv.h"
#include "nx/base/words_list.h"

enum nx_rc {
#define NX_ERR_ENUM(name, code, status, exit, title, remedy) NX_##name,
	NX_ERR_LIST(NX_ERR_ENUM)
#undef NX_ERR_ENUM
	NX_RC_COUNT
};

/* Why, for those who act on it: a sentence each (words_list.h). */
enum nx_reason {
#define NX_REASON_ENUM(name, code, sentence, page, remedy) NX_WHY_##name,
	NX_REASON_LIST(NX_REASON_ENUM)
#undef NX_REASON_ENUM
	NX_REASON_COUNT
};

/* What X said, where X was the cause.  status 0: X is not the cause. */
struct nx_err_x {
	int	 status;		/* HTTP status of X's answer */
	char	 type[128];		/* problem type, or OAuth `error` */
	char	 title[128];
	char	 detail[256];
};

/* An argument of the reason: a number, or a text at `at` of nx_err.texts. */
enum { NX_ERR_ARGS = 4, NX_ERR_TEXTS = 256 };
struct nx_err_arg {
	const char	*key;		/* static, or from an arena */
	int64_t		 num;
	int		 at;		/* -1: the number */
};

struct nx_err {
	enum nx_rc	 rc;
	int		 retry_after;	/* seconds; 0: not known */
	int64_t		 retry_at;	/* the same, wall clock; 0: not set */
	bool		 is_guess;	/* of ours, that is: X named no time */
	char		 detail[320];	/* this occurrence; never a secret */
	enum nx_reason	 reason;	/* what the detail says; NONE */
	struct nx_err_arg args[NX_ERR_ARGS];	/* of it; key NULL: none */
	char		 texts[NX_ERR_TEXTS];
	/* where a person can mend it; borrowed, from an arena as a rule */
	const char	*connect_url;
	/* the post that the request became all the same; borrowed likewise */
	const char	*post_id;
	struct nx_err_x	 x;
};

/* The row of an error.  Any thread; the text is static. */
const char	*nx_rc_code(enum nx_rc rc);
const char	*nx_rc_title(enum nx_rc rc);
const char	*nx_rc_remedy(enum nx_rc rc);
int		 nx_rc_status(enum nx_rc rc);
int		 nx_rc_exit(enum nx_rc rc);

/* The error with this code; INTERNAL when there is none.  Any thread. */
enum nx_rc	 nx_rc_from_code(const char *code);

/*
 * Record `rc` and its detail in `err` (may be NULL) and return `rc`, so that
 * `return nx_fail(err, NX_..., "...")` reads as one thought.  Clears what was
 * there before, once the detail is made: it may quote the one of `err`.  Never
 * pass a token, cookie, code or key.  Each argument is evaluated once, in any
 * order, so `rc` is not to be read from `err`.  A macro, so that compiler and
 * analyzers see what is returned.
 */
#define nx_fail(err, rc, ...) \
	nx_err_end(nx_err_describe((err), __VA_ARGS__), (rc))

/*
 * The same with a detail that is made of `reason` and its arguments, NX_S() and
 * NX_I(), at most NX_ERR_ARGS, or { 0 } for none.  `member`, `limit` and
 * `weighted_length` among them become members of the problem.
 */
#define nx_fail_for(err, rc, reason, ...) \
	nx_err_end(nx_err_explain((err), (reason), \
	    (const struct nx_kv[]){ __VA_ARGS__, { 0 } }), (rc))

/* Set retry_at, unless it is: retry_after from `now`, wall clock.  Pure. */
static inline void
nx_err_date(struct nx_err *err, int64_t now)
{
	if (err->retry_at == 0 && err->retry_after > 0)
		err->retry_at = now + err->retry_after;
}

/* The arguments as pairs, whose texts live in `err`. */
void	 nx_err_args(const struct nx_err *err,
	    struct nx_kv out[NX_ERR_ARGS + 1]);

/* Set them; texts are copied, and cut where there is no room.  Any thread. */
void	 nx_err_set_args(struct nx_err *err, const struct nx_kv *args);

/* Their halves, called by them alone. */
struct nx_err	*nx_err_describe(struct nx_err *err, const char *fmt, ...)
		    NX_PRINTF(2, 3);
struct nx_err	*nx_err_explain(struct nx_err *err, enum nx_reason reason,
		    const struct nx_kv *args);

static inline enum nx_rc
nx_err_end(struct nx_err *err, enum nx_rc rc)
{
	if (err != NULL)
		err->rc = rc;
	return rc;
}

#endif
