/* reason.h - why a post is as it is, in plain words.  Pure. */
#ifndef NX_SRC_FLOW_VIEW_REASON_H
#define NX_SRC_FLOW_VIEW_REASON_H

#include "nx/base/buf.h"
#include "nx/store/post.h"

/* Append one or two sentences on why it is as it is; none: all is well. */
void	nx_reason(const struct nx_stored_post *post, struct nx_buf *out);

#endif
