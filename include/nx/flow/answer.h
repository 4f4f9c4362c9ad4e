/*
 * answer.h - the JSON shapes of the contract, the same for web and command
 * line.  Pure: appends to `out`, whose sticky flag tells of overflow.
 */
#ifndef NX_FLOW_ANSWER_H
#define NX_FLOW_ANSWER_H

#include "nx/flow/publish.h"

/* problem+json (RFC 9457) of an error. */
void	nx_answer_problem(const struct nx_err *err, const char *request_id,
	    struct nx_buf *out);

/* One connection, or `{"connections": [...]}`; never a token. */
void	nx_answer_connection(const struct nx_conf *conf,
	    struct nx_arena *arena, const struct nx_connection *c,
	    struct nx_buf *out);
void	nx_answer_connections(const struct nx_conf *conf,
	    struct nx_arena *arena, const struct nx_connection *list,
	    size_t n, struct nx_buf *out);

void	nx_answer_post(const struct nx_published *p, struct nx_buf *out);

/* What was done to a text and what it costs, as a JSON array; NULL: memory. */
const char	*nx_answer_warnings(struct nx_arena *arena,
		    const struct nx_composed *made);

#endif
