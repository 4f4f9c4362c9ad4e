/*
 * sb_settings.h - how the sandbox behaves until told otherwise.  Any thread.
 */
#ifndef SB_SETTINGS_H
#define SB_SETTINGS_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

struct sb_settings {
	int64_t	 access_token_ttl;	/* seconds, 7200 */
	int64_t	 code_ttl;		/* seconds, 30 */
	int64_t	 latency_ms;		/* before every answer under /2/, 0 */
	int64_t	 reply_lag_ms;		/* until a post can be replied to, 0 */
	int64_t	 read_lag_ms;		/* until timelines show a post, 0 */
	int64_t	 create_limit;		/* posts of a user in a window, 100 */
	int64_t	 window_s;		/* in place of 15 minutes, 900 */
	int64_t	 media_body_max;	/* bytes of an upload's body, 8 MiB */
	int64_t	 media_processing_ms;	/* of GIFs and videos, 0: none */
	int64_t	 media_lag_ms;		/* until one can be attached, 0 */
	int64_t	 media_ttl;		/* seconds it can be attached, 86400 */
	int64_t	 media_fate;		/* enum sb_fate, of the processing */
	uint64_t granted_scopes;	/* 0: those asked for */
	bool	 omit_refresh_token;
	bool	 enforce_limits;
	bool	 confidential;		/* client must use HTTP Basic */
	bool	 enterprise;		/* the app is not a self-serve one */
	bool	 tco;			/* rewrite texts as X does, true */
	bool	 old_names;		/* post.fields is unknown */
	bool	 media_json_only;	/* multipart is refused */
};

struct sb_settings_store;

/* The client is confidential by default where it has a secret. */
struct sb_settings_store *sb_settings_new(bool confidential);
void	 sb_settings_free(struct sb_settings_store *s);
void	 sb_settings_get(struct sb_settings_store *s, struct sb_settings *out);
void	 sb_settings_reset(struct sb_settings_store *s);
/*
 * Changes what the object names: all of it, or nothing and the name of the
 * first member that is unknown or out of range.
 */
const char *sb_settings_change(struct sb_settings_store *s,
    struct json_object *change);
/* The caller's object. */
struct json_object *sb_settings_json(struct sb_settings_store *s);

#endif
