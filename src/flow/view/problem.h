/* problem.h - what an error and the reason of a post share. */
#ifndef NX_SRC_FLOW_VIEW_PROBLEM_H
#define NX_SRC_FLOW_VIEW_PROBLEM_H

#include "nx/base/maxima.h"
#include "nx/flow/view/answer.h"

/* What to do about it, and the way there. */
void	nx_remedy_add(struct nx_buf *out, const struct nx_err *err);

#endif
