#include "sb_grants.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sb_lock.h"
#include "sb_scope.h"
#include "sb_table.h"

struct token {
	char		 value[SB_TOKEN_SIZE];
	struct account	*account;
	uint64_t	 scopes;
	bool		 refresh;	/* else an access token */
	int64_t		 dead_at;	/* ms; a refresh token has no end */
	struct token	*older;		/* access token of the account */
};

struct account {
	struct sb_account names;
	char		 key[SB_HANDLE_SIZE];	/* handle in lower case */
	struct token	*refresh;	/* the one that lives, or NULL */
	struct token	*access;	/* newest first */
};

struct sb_grants {
	pthread_mutex_t	 lock;		/* guards all below and in them */
	struct sb_table	*codes;		/* value -> sb_code */
	struct sb_table	*tokens;	/* value -> token */
	struct sb_table	*handles;	/* key -> account */
	struct sb_table	*ids;		/* id -> the same account */
};

bool
sb_handle_valid(const char *handle)
{
	size_t len = strspn(handle, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return len > 0 && len < SB_HANDLE_SIZE && handle[len] == '\0';
}

void
sb_handle_make(char out[SB_HANDLE_SIZE])
{
	char random[11];

	sb_random_hex(random, 10);
	snprintf(out, SB_HANDLE_SIZE, "user_%s", random);
}

bool
sb_handle_premium(const char *handle)
{
	return strncasecmp(handle, "premium", 7) == 0;
}

static void
start(struct sb_grants *g)
{
	g->codes = sb_table_new();
	g->tokens = sb_table_new();
	g->handles = sb_table_new();
	g->ids = sb_table_new();
}

static void
clear(struct sb_grants *g)
{
	sb_table_free(g->codes, free);
	sb_table_free(g->tokens, free);
	sb_table_free(g->ids, NULL);
	sb_table_free(g->handles, free);
}

struct sb_grants *
sb_grants_new(void)
{
	struct sb_grants *g = sb_alloc(1, sizeof *g);

	sb_lock_init(&g->lock);
	start(g);
	return g;
}

void
sb_grants_free(struct sb_grants *g)
{
	clear(g);
	free(g);
}

void
sb_grants_reset(struct sb_grants *g)
{
	sb_lock(&g->lock);
	clear(g);
	start(g);
	sb_unlock(&g->lock);
}

static void
key_of(const char *handle, char out[SB_HANDLE_SIZE])
{
	sb_copy(out, SB_HANDLE_SIZE, handle);
	for (; *out != '\0'; out++)
		*out = (char)tolower((unsigned char)*out);
}

/* Lock held. */
static struct account *
account_of(struct sb_grants *g, const char *handle)
{
	char key[SB_HANDLE_SIZE];
	struct account *a;

	key_of(handle, key);
	a = sb_table_get(g->handles, key);
	if (a != NULL)
		return a;
	a = sb_alloc(1, sizeof *a);
	sb_copy(a->key, sizeof a->key, key);
	sb_copy(a->names.handle, sizeof a->names.handle, handle);
	snprintf(a->names.id, sizeof a->names.id, "%" PRIu64,
	    UINT64_C(1000000000000000000) +
	    sb_number_of(key) % UINT64_C(8000000000000000000));
	sb_table_put(g->handles, a->key, a);
	sb_table_put(g->ids, a->names.id, a);
	return a;
}

void
sb_grants_add_code(struct sb_grants *g, const struct sb_code *code)
{
	struct sb_code *copy = sb_alloc(1, sizeof *copy);

	*copy = *code;
	sb_lock(&g->lock);
	account_of(g, copy->handle);
	sb_table_put(g->codes, copy->value, copy);
	sb_unlock(&g->lock);
}

/* Lock held. */
static void
give_access(struct sb_grants *g, struct account *a,
    const struct sb_terms *terms, const struct sb_tokens *tokens)
{
	struct token *t = sb_alloc(1, sizeof *t);

	sb_copy(t->value, sizeof t->value, tokens->access);
	t->account = a;
	t->scopes = tokens->scopes;
	t->dead_at = terms->now + terms->ttl;
	t->older = a->access;
	a->access = t;
	sb_table_put(g->tokens, t->value, t);
}

/* Lock held.  Ends the account's older refresh token. */
static void
give_refresh(struct sb_grants *g, struct account *a,
    const struct sb_tokens *tokens)
{
	struct token *t = sb_alloc(1, sizeof *t);

	sb_copy(t->value, sizeof t->value, tokens->refresh);
	t->account = a;
	t->scopes = tokens->scopes;
	t->refresh = true;
	a->refresh = t;
	sb_table_put(g->tokens, t->value, t);
}

static void
make_tokens(int64_t now, struct sb_tokens *out)
{
	sb_token_make(out->access, "at", now);
	sb_token_make(out->refresh, "rt", now);
}

/* RFC 7636 wants 43 to 128 unreserved characters. */
static bool
verifies(const struct sb_code *code, const char *verifier,
    const char *challenge)
{
	size_t len = strspn(verifier, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~");

	return len >= 43 && len <= 128 && verifier[len] == '\0' &&
	    sb_same(code->challenge, code->plain ? verifier : challenge);
}

enum sb_grant_rc
sb_grants_exchange(struct sb_grants *g, const char *code,
    const char *verifier, const struct sb_terms *terms,
    struct sb_tokens *out)
{
	char challenge[SB_S256_SIZE];
	enum sb_grant_rc rc = SB_GRANTED;
	struct account *a;
	struct sb_code *c;

	make_tokens(terms->now, out);
	sb_s256(verifier, challenge);
	sb_lock(&g->lock);
	c = sb_table_remove(g->codes, code);
	if (c == NULL || c->expires <= terms->now)
		rc = SB_BAD_CODE;
	else if (!verifies(c, verifier, challenge))
		rc = SB_BAD_VERIFIER;
	if (rc == SB_GRANTED) {
		a = account_of(g, c->handle);
		out->scopes = terms->scopes != 0 ? terms->scopes : c->scopes;
		a->refresh = NULL;
		give_access(g, a, terms, out);
		if (terms->no_refresh ||
		    (out->scopes & SB_SCOPE_OFFLINE) == 0)
			out->refresh[0] = '\0';
		else
			give_refresh(g, a, out);
	}
	sb_unlock(&g->lock);
	free(c);
	return rc;
}

enum sb_grant_rc
sb_grants_refresh(struct sb_grants *g, const char *refresh,
    const struct sb_terms *terms, struct sb_tokens *out)
{
	enum sb_grant_rc rc = SB_BAD_REFRESH;
	struct token *t;

	make_tokens(terms->now, out);
	sb_lock(&g->lock);
	t = sb_table_get(g->tokens, refresh);
	if (t != NULL && t->refresh && t->account->refresh == t) {
		rc = SB_GRANTED;
		out->scopes = terms->scopes != 0 ? terms->scopes : t->scopes;
		give_access(g, t->account, terms, out);
		if (terms->no_refresh)
			out->refresh[0] = '\0';
		else
			give_refresh(g, t->account, out);
	}
	sb_unlock(&g->lock);
	return rc;
}

/* Lock held. */
static bool
alive(const struct token *t, int64_t now)
{
	return t->refresh ? t->account->refresh == t : t->dead_at > now;
}

bool
sb_grants_revoke(struct sb_grants *g, const char *token, int64_t now)
{
	bool was_alive;
	struct token *t;

	sb_lock(&g->lock);
	t = sb_table_get(g->tokens, token);
	was_alive = t != NULL && alive(t, now);
	if (was_alive && t->refresh)
		t->account->refresh = NULL;
	else if (was_alive)
		t->dead_at = now;
	sb_unlock(&g->lock);
	return was_alive;
}

enum sb_grant_rc
sb_grants_check(struct sb_grants *g, const char *access, int64_t now,
    struct sb_caller *out)
{
	enum sb_grant_rc rc = SB_UNKNOWN_TOKEN;
	const struct token *t;

	sb_lock(&g->lock);
	t = sb_table_get(g->tokens, access);
	if (t != NULL && !t->refresh) {
		out->account = t->account->names;
		out->scopes = t->scopes;
		rc = alive(t, now) ? SB_GRANTED : SB_DEAD_TOKEN;
	}
	sb_unlock(&g->lock);
	return rc;
}

static void
expire_account(void *value, void *arg)
{
	struct account *a = value;
	const int64_t *now = arg;

	for (struct token *t = a->access; t != NULL; t = t->older)
		if (t->dead_at > *now)
			t->dead_at = *now;
}

void
sb_grants_expire(struct sb_grants *g, const char *handle, int64_t now)
{
	char key[SB_HANDLE_SIZE];
	struct account *a;

	sb_lock(&g->lock);
	if (handle == NULL) {
		sb_table_each(g->handles, expire_account, &now);
	} else {
		key_of(handle, key);
		a = sb_table_get(g->handles, key);
		if (a != NULL)
			expire_account(a, &now);
	}
	sb_unlock(&g->lock);
}

bool
sb_grants_account(struct sb_grants *g, const char *id,
    struct sb_account *out)
{
	const struct account *a;

	sb_lock(&g->lock);
	a = sb_table_get(g->ids, id);
	if (a != NULL)
		*out = a->names;
	sb_unlock(&g->lock);
	return a != NULL;
}

struct listing {
	struct json_object	*list;
	int64_t			 now;
};

static void
list_account(void *value, void *arg)
{
	const struct account *a = value;
	const struct listing *l = arg;
	struct json_object *o = json_object_new_object();
	struct sb_buf names = { 0 };
	uint64_t scopes = a->refresh != NULL ? a->refresh->scopes : 0;
	int living = 0;

	for (const struct token *t = a->access; t != NULL; t = t->older)
		if (alive(t, l->now)) {
			living++;
			scopes |= t->scopes;
		}
	sb_scope_write(scopes, &names);
	json_object_object_add(o, "account",
	    json_object_new_string(a->names.handle));
	json_object_object_add(o, "id", json_object_new_string(a->names.id));
	json_object_object_add(o, "scopes",
	    json_object_new_string(names.data));
	json_object_object_add(o, "refresh_tokens",
	    json_object_new_int(a->refresh != NULL));
	json_object_object_add(o, "access_tokens",
	    json_object_new_int(living));
	json_object_array_add(l->list, o);
	sb_buf_free(&names);
}

struct json_object *
sb_grants_json(struct sb_grants *g, int64_t now)
{
	struct listing l = { .list = json_object_new_array(), .now = now };

	sb_lock(&g->lock);
	sb_table_each(g->handles, list_account, &l);
	sb_unlock(&g->lock);
	return l.list;
}
