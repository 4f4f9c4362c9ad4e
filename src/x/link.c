/* link.c - addresses at x.com. */

#include "nx/x/link.h"

#include <stdio.h>

void
nx_x_profile_url(const char *username, char out[NX_X_URL_MAX])
{
	(void)snprintf(out, NX_X_URL_MAX, "https://x.com/%s", username);
}

void
nx_x_post_url(const char *username, const char *id, char out[NX_X_URL_MAX])
{
	(void)snprintf(out, NX_X_URL_MAX, "https://x.com/%s/status/%s",
	    username == NULL ? "i" : username, id);
}
