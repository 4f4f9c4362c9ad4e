/*
 * stats_list.h - the tables behind stats.h.
 *
 * A row answers what an operator asks; Prometheus's names are made of it:
 * nexus_x_NAME[_UNIT][_total].  A change of either table is another layout,
 * which counts from zero in a file of its own.
 */
#ifndef NX_BASE_STATS_LIST_H
#define NX_BASE_STATS_LIST_H

/*
 * What a label may say: (id, label, values).  Values stand in the order of the
 * enum that is counted by; never a user, a connection or a post.
 */
#define NX_STATS_LABELS(X) \
X(NONE, "", "") \
/* rows of web's table of routes; `none` has none */ \
X(ROUTE, "route", "initiate callback disconnect connections post posts" \
  " post_get post_change post_delete post_resume healthz readyz none") \
X(STATUS, "status", "2xx 3xx 4xx 5xx") \
/* enum nx_act */ \
X(ENDPOINT, "endpoint", "code refresh revoke profile read create delete" \
  " upload segment") \
/* enum nx_class */ \
X(CLASS, "class", "done retry rate token suspect code duplicate refused" \
  " reply unseen automated account money operator plan unknown") \
/* enum nx_post_state */ \
X(POST, "state", "none queued sending sent partial failed unknown deleted" \
  " cancelled dry_run") \
/* enum nx_stats_run, nx_stats_wait, nx_stats_task of stats.h */ \
X(RUN, "outcome", "done failed") \
X(WAIT, "outcome", "served timed_out") \
X(TASK, "outcome", "done left refused") \
/* enum nx_log_level */ \
X(LEVEL, "level", "error warn info debug")

/* (id, kind, name, unit, help, label, label) */
#define NX_STATS_LIST(X) \
X(REQUESTS, COUNTER, "requests", "", \
  "Requests that were answered.", ROUTE, STATUS) \
X(REQUEST, HISTOGRAM, "request", "seconds", \
  "From a request's arrival to its answer.", ROUTE, NONE) \
X(X_CALLS, COUNTER, "x_calls", "", \
  "Requests to X, by what its answer meant.", ENDPOINT, CLASS) \
X(X_CALL, HISTOGRAM, "x_call", "seconds", \
  "From a request to X to its answer.", ENDPOINT, NONE) \
X(POSTS, COUNTER, "posts", "", \
  "States that posts came to, each time one was worked on.", POST, NONE) \
X(SQL, HISTOGRAM, "sql", "seconds", \
  "Round trips to the database.", RUN, NONE) \
X(POOL_WAITS, COUNTER, "pool_waits", "", \
  "Threads that waited for a database connection.", WAIT, NONE) \
X(TASKS, COUNTER, "patient_tasks", "", \
  "Tasks that wait for X; left: their request did not wait as long.", \
  TASK, NONE) \
X(LOG_LINES, COUNTER, "log_lines", "", \
  "Lines that were logged.", LEVEL, NONE)

/* Upper bounds of a histogram's buckets, in microseconds. */
#define NX_STATS_BOUNDS \
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, \
	1000000, 2500000, 5000000, 10000000, 30000000, 120000000

#endif
