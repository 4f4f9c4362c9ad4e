/* post.h - how every answer with a post is given. */
#ifndef NX_SRC_WEB_POST_H
#define NX_SRC_WEB_POST_H

#include "routes.h"

struct nx_published;

/*
 * Answer with `status`, or with 202, where to look and when, while something
 * of what was asked for is still to come.
 */
void	nx_web_answer_post(struct nx_call *call,
	    const struct nx_published *done, int status);

#endif
