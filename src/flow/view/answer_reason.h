/* answer_reason.h - a post's state in plain words, and what can be done. */
#ifndef NX_SRC_FLOW_VIEW_ANSWER_REASON_H
#define NX_SRC_FLOW_VIEW_ANSWER_REASON_H

#include "nx/flow/publish/publish.h"

/* A set; what `can` of an answer names, in this order. */
enum { NX_CAN_RESUME = 1, NX_CAN_DELETE = 2, NX_CAN_CANCEL = 4 };

unsigned int	nx_answer_can(const struct nx_stored_post *post);

/* Append one or two sentences on why it is as it is; none: all is well. */
void	nx_answer_reason(const struct nx_stored_post *post, struct nx_buf *out);

#endif
