/*
 * sb_sessions.h - who is signed in at the stand-in for Supabase.  Any
 * thread; what comes out is a copy.
 */
#ifndef SB_SESSIONS_H
#define SB_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SB_EMAIL_SIZE = 255,
	SB_UUID_SIZE = 37,
	SB_SESSION_TOKEN_SIZE = 80
};

struct sb_session {
	char	email[SB_EMAIL_SIZE];
	char	user_id[SB_UUID_SIZE];	/* always the same for an e-mail */
	char	id[SB_UUID_SIZE];
	char	refresh[SB_SESSION_TOKEN_SIZE];
};

struct sb_sessions;

struct sb_sessions *sb_sessions_new(void);
void	sb_sessions_free(struct sb_sessions *s);
void	sb_sessions_reset(struct sb_sessions *s);

bool	sb_email_valid(const char *email);
void	sb_sessions_open(struct sb_sessions *s, const char *email,
	    struct sb_session *out);
/*
 * Gives the session a new refresh token.  As at Supabase the old one is good
 * for another 10 s.  False when it is unknown or older than that.
 */
bool	sb_sessions_refresh(struct sb_sessions *s, const char *refresh,
	    int64_t now, struct sb_session *out);
bool	sb_sessions_get(struct sb_sessions *s, const char *id,
	    struct sb_session *out);
/* Unknown ids are fine. */
void	sb_sessions_close(struct sb_sessions *s, const char *id);

#endif
