/*
 * app.h - what a process holds, and what one call of a use case works with.
 *
 * struct nx_app lives as long as the process; nothing is put into it or taken
 * out once it is open, and what it holds guards itself.  struct nx_ctx lives
 * as long as one request, command or turn of a job and belongs to one thread;
 * its arena is reset by whoever made it, once nothing in it is used any more.
 */
#ifndef NX_FLOW_APP_H
#define NX_FLOW_APP_H

#include <stdatomic.h>

#include "nx/base/conf.h"
#include "nx/base/maxima.h"
#include "nx/base/stats.h"
#include "nx/flow/auth/callers.h"
#include "nx/flow/patient.h"
#include "nx/store/connection.h"
#include "nx/x/oauth.h"

struct nx_app {
	struct nx_conf		 conf;
	struct nx_keyring	*ring;		/* NULL unless NX_NEED_KEYS */
	struct nx_pool		*pool;		/* NULL unless NX_NEED_DB */
	struct nx_callers	*callers;	/* ... NX_NEED_CALLERS */
	struct nx_http_ca	*ca;		/* NULL unless NX_NEED_X */
	struct nx_http_ca	*outside;	/* of other hosts; or NULL */
	struct nx_patient	*patient;	/* NULL unless NX_NEED_X */
	struct nx_endpoints	*endpoints;	/* likewise */
	struct nx_stats		*stats;		/* NULL: nothing is counted */
	struct nx_store		 store;
};

/*
 * Read the configuration and build what `need` (a set of NX_NEED_*) asks
 * for.  No connection is made.  Every problem is a line in `problems`; CONFIG
 * then.  Close it in any case: that waits for patient tasks under way.
 */
NX_MUST_USE enum nx_rc	nx_app_open(struct nx_app *app, unsigned int need,
			    const char *(*lookup)(void *, const char *),
			    void *ctx, struct nx_buf *problems);
void			nx_app_close(struct nx_app *app);

/*
 * Count from now on, where NEXUS_STATE_DIR can be written (base/stats.h).
 * Before any other thread starts.
 */
void			nx_app_count(struct nx_app *app);

/* libcurl's own start and end: main() calls them around everything. */
NX_MUST_USE enum nx_rc	nx_app_process_start(void);
void			nx_app_process_stop(void);

/* A thread's own way to X; NULL when out of memory.  Needs NX_NEED_X. */
NX_MUST_USE struct nx_http	*nx_app_http_x(const struct nx_app *app);
void				 nx_app_http_free(struct nx_http *http);

/* A way to other hosts, whom the system's CAs vouch for; likewise. */
NX_MUST_USE struct nx_http	*nx_app_http_outside(const struct nx_app *app);

/* A request's time, memory and identity. */
enum {
	NX_REQUEST_MS = 20000,		/* from accept to answer */
	NX_SAVE_MS = 3000,		/* of it kept for saving what X said */
	NX_SQL_MS = 5000,		/* one round trip at the most */
};

struct nx_ctx {
	const struct nx_app	*app;
	struct nx_http		*http;		/* NULL: X by tasks alone */
	struct nx_arena		*arena;
	const char		*request_id;
	int64_t			 deadline;	/* nx_clock_mono() ms */
	int			 patient_ms;	/* patient.h; 0: not there */
	const atomic_bool	*stop;		/* long work ends; or NULL */
	struct nx_err		 err;		/* of the last failure */
};

/* The rooms' own arguments, with the time each may take. */
struct nx_store_ask	nx_ctx_store(const struct nx_ctx *ctx);
struct nx_x		nx_ctx_x(const struct nx_ctx *ctx);

/*
 * Handle a failure for a user: log it once and, where a database is at hand,
 * keep it in x_events.
 */
void	nx_ctx_report(struct nx_ctx *ctx, const char *event,
	    const char *user_id, const char *connection_id);

/* Has the process been told to end?  What is under way is finished. */
bool	nx_ctx_stops(const struct nx_ctx *ctx);

/*
 * Take out of an error what only an operator may read: hosts, roles, paths.
 * False when there was nothing of the kind.
 */
bool	nx_err_for_users(struct nx_err *err);

/* The request is over: wipe what X's last answer left in the handle. */
void	nx_ctx_done(struct nx_ctx *ctx);

#endif
