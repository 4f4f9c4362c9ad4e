/* link.h - where a person finds things at X.  Pure; any thread. */
#ifndef NX_X_LINK_H
#define NX_X_LINK_H

#include "nx/base/maxima.h"

void	nx_x_profile_url(const char *username, char out[NX_X_URL_MAX]);

/* `username` NULL: X finds its post without. */
void	nx_x_post_url(const char *username, const char *id,
	    char out[NX_X_URL_MAX]);

#endif
