/*
 * sb_conf.h - what the environment says.  Read once at start, then constant;
 * the strings live as long as the process.
 */
#ifndef SB_CONF_H
#define SB_CONF_H

#include <stdbool.h>

struct sb_conf {
	const char *client_id;		/* TWITTER_CLIENT_ID */
	const char *client_secret;	/* TWITTER_CLIENT_SECRET or NULL */
	const char *redirect_uri;	/* TWITTER_REDIRECT_URI */
	const char *jwt_secret;		/* SUPABASE_JWT_SECRET or NULL */
	const char *issuer;		/* SANDBOX_ISSUER or NULL */
	int	    threads;		/* SANDBOX_THREADS, 1-4096, or 384 */
};

/* False, after naming every bad variable on stderr, if one is missing. */
bool	sb_conf_read(struct sb_conf *out);

#endif
