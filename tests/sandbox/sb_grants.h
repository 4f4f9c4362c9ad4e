/*
 * sb_grants.h - accounts, authorization codes and tokens, with X's rules:
 * a code works once, a refresh token works once, a new login of an account
 * kills its older refresh token.  Any thread; what comes out is a copy.
 */
#ifndef SB_GRANTS_H
#define SB_GRANTS_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sb_crypto.h"

enum {
	SB_HANDLE_SIZE = 16,		/* X allows 15 characters */
	SB_ID_SIZE = 21,		/* digits of 64 bits */
	SB_CHALLENGE_SIZE = 129		/* a verifier has at most 128 */
};

struct sb_account {
	char	handle[SB_HANDLE_SIZE];
	char	id[SB_ID_SIZE];		/* always the same for a handle */
};

struct sb_caller {			/* whom a living access token names */
	struct sb_account account;
	uint64_t	  scopes;
};

struct sb_code {
	char	 value[SB_TOKEN_SIZE];
	char	 handle[SB_HANDLE_SIZE];
	uint64_t scopes;
	char	 challenge[SB_CHALLENGE_SIZE];
	bool	 plain;			/* challenge is the verifier itself */
	int64_t	 expires;		/* ms */
};

struct sb_terms {			/* how tokens are given out just now */
	int64_t	 now;			/* ms */
	int64_t	 ttl;			/* ms an access token lives */
	uint64_t scopes;		/* in place of those asked for, or 0 */
	bool	 no_refresh;		/* never give a refresh token */
};

struct sb_tokens {
	char	 access[SB_TOKEN_SIZE];
	char	 refresh[SB_TOKEN_SIZE];	/* "" when there is none */
	uint64_t scopes;
};

enum sb_grant_rc {
	SB_GRANTED,
	SB_BAD_CODE,		/* unknown, used or expired */
	SB_BAD_VERIFIER,
	SB_BAD_REFRESH,		/* unknown, used, replaced or revoked */
	SB_UNKNOWN_TOKEN,
	SB_DEAD_TOKEN		/* expired or revoked */
};

struct sb_grants;

struct sb_grants *sb_grants_new(void);
void	 sb_grants_free(struct sb_grants *g);
void	 sb_grants_reset(struct sb_grants *g);

/* 1 to 15 of [A-Za-z0-9_]. */
bool	 sb_handle_valid(const char *handle);
/* "user_" and ten random digits. */
void	 sb_handle_make(char out[SB_HANDLE_SIZE]);
bool	 sb_handle_premium(const char *handle);

void	 sb_grants_add_code(struct sb_grants *g, const struct sb_code *code);
/* A living code is spent by any attempt, also one with a wrong verifier. */
enum sb_grant_rc sb_grants_exchange(struct sb_grants *g, const char *code,
	    const char *verifier, const struct sb_terms *terms,
	    struct sb_tokens *out);
/* Where terms give no new refresh token the old one stays alive. */
enum sb_grant_rc sb_grants_refresh(struct sb_grants *g, const char *refresh,
	    const struct sb_terms *terms, struct sb_tokens *out);
/* True when the token, of either kind, was alive. */
bool	 sb_grants_revoke(struct sb_grants *g, const char *token,
	    int64_t now);
enum sb_grant_rc sb_grants_check(struct sb_grants *g, const char *access,
	    int64_t now, struct sb_caller *out);
/* Ends the access tokens of the account, of all when handle is NULL. */
void	 sb_grants_expire(struct sb_grants *g, const char *handle,
	    int64_t now);
/* False when no account that was ever authorized has the id. */
bool	 sb_grants_account(struct sb_grants *g, const char *id,
	    struct sb_account *out);
/* The caller's array; never a token in it. */
struct json_object *sb_grants_json(struct sb_grants *g, int64_t now);

#endif
