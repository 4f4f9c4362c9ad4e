/* problem.h - an error as problem+json (RFC 9457), a part of another shape. */
#ifndef NX_SRC_FLOW_VIEW_PROBLEM_H
#define NX_SRC_FLOW_VIEW_PROBLEM_H

#include "nx/base/maxima.h"
#include "nx/flow/view/answer.h"

/* Left open for further members; `key` as nx_jw_open() has it. */
void	nx_problem_open(struct nx_jw *w, const char *key,
	    const struct nx_err *err, const char *request_id);

/* What to do about it, and the way there. */
void	nx_remedy_add(struct nx_buf *out, const struct nx_err *err);

#endif
