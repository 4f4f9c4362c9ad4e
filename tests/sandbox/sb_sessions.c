#include "sb_sessions.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sb_crypto.h"
#include "sb_lock.h"
#include "sb_table.h"

enum { REUSE_MS = 10000 };

struct session {
	struct sb_session now;
	char		  before[SB_SESSION_TOKEN_SIZE];
	int64_t		  changed;	/* ms, when before was replaced */
};

struct sb_sessions {
	pthread_mutex_t	 lock;		/* guards the table and in it */
	struct sb_table	*sessions;	/* id -> session */
};

struct sb_sessions *
sb_sessions_new(void)
{
	struct sb_sessions *s = sb_alloc(1, sizeof *s);

	sb_lock_init(&s->lock);
	s->sessions = sb_table_new();
	return s;
}

void
sb_sessions_free(struct sb_sessions *s)
{
	sb_table_free(s->sessions, free);
	free(s);
}

void
sb_sessions_reset(struct sb_sessions *s)
{
	sb_lock(&s->lock);
	sb_table_free(s->sessions, free);
	s->sessions = sb_table_new();
	sb_unlock(&s->lock);
}

bool
sb_email_valid(const char *email)
{
	const char *at = strchr(email, '@'), *dot;
	size_t len = strlen(email);

	if (at == NULL || at == email || len >= SB_EMAIL_SIZE ||
	    strchr(at + 1, '@') != NULL)
		return false;
	for (const char *p = email; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>()[]\\,;:\"", *p))
			return false;
	dot = strrchr(at, '.');
	return dot != NULL && dot != at + 1 && dot[1] != '\0';
}

/* 32 hexadecimal digits as a UUID of the given version. */
static void
uuid_of(const char *hex, char version, char out[SB_UUID_SIZE])
{
	snprintf(out, SB_UUID_SIZE, "%.8s-%.4s-%c%.3s-a%.3s-%.12s", hex,
	    hex + 8, version, hex + 13, hex + 17, hex + 20);
}

static void
make_refresh(const char *id, char out[SB_SESSION_TOKEN_SIZE])
{
	char random[33];

	sb_random_hex(random, 32);
	snprintf(out, SB_SESSION_TOKEN_SIZE, "%s.%s", id, random);
}

void
sb_sessions_open(struct sb_sessions *s, const char *email,
    struct sb_session *out)
{
	struct session *session = sb_alloc(1, sizeof *session);
	struct sb_session *now = &session->now;
	char hex[SB_HEX256_SIZE], random[33];

	sb_copy(now->email, sizeof now->email, email);
	for (char *p = now->email; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	sb_sha256_hex(now->email, strlen(now->email), hex);
	uuid_of(hex, '5', now->user_id);
	sb_random_hex(random, 32);
	uuid_of(random, '4', now->id);
	make_refresh(now->id, now->refresh);
	*out = *now;
	sb_lock(&s->lock);
	sb_table_put(s->sessions, now->id, session);
	sb_unlock(&s->lock);
}

bool
sb_sessions_refresh(struct sb_sessions *s, const char *refresh, int64_t now,
    struct sb_session *out)
{
	char id[SB_UUID_SIZE], next[SB_SESSION_TOKEN_SIZE];
	struct session *session;
	bool ok = false;

	sb_copy(id, sizeof id, refresh);
	make_refresh(id, next);
	sb_lock(&s->lock);
	session = sb_table_get(s->sessions, id);
	if (session != NULL && sb_same(session->now.refresh, refresh)) {
		sb_copy(session->before, sizeof session->before, refresh);
		sb_copy(session->now.refresh, sizeof session->now.refresh,
		    next);
		session->changed = now;
		ok = true;
	} else if (session != NULL && sb_same(session->before, refresh)) {
		ok = now - session->changed < REUSE_MS;
	}
	if (ok)
		*out = session->now;
	sb_unlock(&s->lock);
	return ok;
}

bool
sb_sessions_get(struct sb_sessions *s, const char *id,
    struct sb_session *out)
{
	const struct session *session;

	sb_lock(&s->lock);
	session = sb_table_get(s->sessions, id);
	if (session != NULL)
		*out = session->now;
	sb_unlock(&s->lock);
	return session != NULL;
}

void
sb_sessions_close(struct sb_sessions *s, const char *id)
{
	struct session *session;

	sb_lock(&s->lock);
	session = sb_table_remove(s->sessions, id);
	sb_unlock(&s->lock);
	free(session);
}
