/*
 * sb_keys.h - signs and checks the sign-in tokens: HS256 with the project's
 * secret, ES256 and RS256 with keys made at start.  Constant after
 * sb_keys_new(); any thread.
 */
#ifndef SB_KEYS_H
#define SB_KEYS_H

#include <json.h>
#include <stdbool.h>

#include "sb_buf.h"

enum sb_alg { SB_HS256, SB_ES256, SB_RS256, SB_ALG_SIZE };

struct sb_keys;

/* secret is borrowed and may be NULL: no HS256 then. */
struct sb_keys *sb_keys_new(const char *secret);
void	 sb_keys_free(struct sb_keys *k);
/* HS256, or ES256 where there is no secret. */
enum sb_alg sb_keys_default(const struct sb_keys *k);
/* "HS256", "ES256", "RS256"; false for others and for HS256 without secret. */
bool	 sb_keys_alg(const struct sb_keys *k, const char *name,
	    enum sb_alg *out);
/* Appends the JWT; claims stay the caller's. */
void	 sb_keys_sign(const struct sb_keys *k, enum sb_alg alg,
	    struct json_object *claims, struct sb_buf *out);
/* The claims of a token that is signed by us, the caller's; else NULL. */
struct json_object *sb_keys_open(const struct sb_keys *k, const char *jwt);
/* The caller's JWKS of both public keys. */
struct json_object *sb_keys_jwks(const struct sb_keys *k);

#endif
