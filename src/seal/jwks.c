/* jwks.c - the keys that tokens are checked with, from a secret and a JWKS. */

#include <json-c/json.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "jwk.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/seal/jwt.h"
#include "strict.h"

enum {
	P256_BYTES = 32,
	RSA_BYTES_MIN = 256,
};

const char *
jwk_alg_name(enum jwk_alg alg)
{
	static const char *const names[JWK_ALGS] = {
		[JWK_HS256] = "HS256", [JWK_ES256] = "ES256",
		[JWK_RS256] = "RS256",
	};

	return names[alg];
}

bool
jwk_out_of_memory(const cjose_err *e)
{
	const unsigned long last = ERR_peek_last_error();

	/* cjose says so of a point off the curve too; OpenSSL knows better. */
	ERR_clear_error();
	return last == 0 ? e->code == CJOSE_ERR_NO_MEMORY :
	    ERR_GET_REASON(last) == ERR_R_MALLOC_FAILURE;
}

/* A base64url member's bytes; `out` stays empty when there are none. */
static void
bytes_of(struct json_object *jwk, const char *name, struct nx_buf *out)
{
	const char *text = nx_json_str(jwk, name);

	if (text == NULL || base64url_strict(nx_slice_str(text), out) != NX_OK)
		nx_buf_reset(out);
}

static cjose_jwk_t *
import_ec(struct json_object *jwk, cjose_err *e)
{
	struct nx_buf x = NX_BUF(P256_BYTES), y = NX_BUF(P256_BYTES);
	cjose_jwk_ec_keyspec spec = { .crv = CJOSE_JWK_EC_P_256 };
	cjose_jwk_t *key = NULL;

	bytes_of(jwk, "x", &x);
	bytes_of(jwk, "y", &y);
	if (x.n == P256_BYTES && y.n == P256_BYTES) {
		spec.x = (uint8_t *)x.p;
		spec.xlen = x.n;
		spec.y = (uint8_t *)y.p;
		spec.ylen = y.n;
		key = cjose_jwk_create_EC_spec(&spec, e);
	}
	nx_buf_free(&x);
	nx_buf_free(&y);
	return key;
}

/* RFC 7518 section 3.3 asks for 2048 bits; e = 1 would sign anything. */
static bool
rsa_is_sound(struct nx_slice n, struct nx_slice e)
{
	if (n.n < RSA_BYTES_MIN || n.n > NX_RSA_BYTES_MAX || n.p[0] == '\0' ||
	    (n.n == RSA_BYTES_MIN && ((unsigned char)n.p[0] & 0x80) == 0))
		return false;
	return e.n > 0 && e.p[0] != '\0' && (e.p[e.n - 1] & 1) != 0 &&
	    (e.n > 1 || e.p[0] != 1);
}

static cjose_jwk_t *
import_rsa(struct json_object *jwk, cjose_err *e)
{
	struct nx_buf n = NX_BUF(NX_RSA_BYTES_MAX);
	struct nx_buf exp = NX_BUF(NX_RSA_E_BYTES_MAX);
	cjose_jwk_rsa_keyspec spec = { 0 };
	cjose_jwk_t *key = NULL;

	bytes_of(jwk, "n", &n);
	bytes_of(jwk, "e", &exp);
	if (rsa_is_sound(nx_buf_slice(&n), nx_buf_slice(&exp))) {
		spec.n = (uint8_t *)n.p;
		spec.nlen = n.n;
		spec.e = (uint8_t *)exp.p;
		spec.elen = exp.n;
		key = cjose_jwk_create_RSA_spec(&spec, e);
	}
	nx_buf_free(&n);
	nx_buf_free(&exp);
	return key;
}

/* A member that may be left out, but must not say anything else. */
static bool
agrees(struct json_object *jwk, const char *name, const char *want)
{
	return !json_object_object_get_ex(jwk, name, NULL) ||
	    nx_str_is(nx_json_str(jwk, name), want);
}

/* Keep it when it is a key for us.  NO_MEMORY. */
static enum nx_rc
consider_jwk(struct nx_jwt_keys *keys, struct json_object *jwk)
{
	const char *kid = nx_json_str(jwk, "kid");
	const char *kty = nx_json_str(jwk, "kty");
	struct jwk *slot = &keys->keys[keys->n];
	size_t n = kid == NULL ? 0 : strlen(kid);
	cjose_err e = { .code = CJOSE_ERR_NONE };

	if (keys->n == NX_JWT_KEYS_MAX || n == 0 || n > NX_KID_MAX ||
	    !agrees(jwk, "use", "sig"))
		return NX_OK;
	if (nx_str_is(kty, "EC") &&
	    nx_str_is(nx_json_str(jwk, "crv"), "P-256"))
		slot->alg = JWK_ES256;
	else if (nx_str_is(kty, "RSA"))
		slot->alg = JWK_RS256;
	else
		return NX_OK;
	if (!agrees(jwk, "alg", jwk_alg_name(slot->alg)))
		return NX_OK;
	slot->key = slot->alg == JWK_ES256 ? import_ec(jwk, &e) :
	    import_rsa(jwk, &e);
	if (slot->key == NULL)
		return jwk_out_of_memory(&e) ? NX_NO_MEMORY : NX_OK;
	memcpy(slot->kid, kid, n + 1);
	keys->n++;
	return NX_OK;
}

static enum nx_rc
read_jwks(struct nx_jwt_keys *keys, struct nx_slice text, struct nx_err *err)
{
	struct json_object *jwks, *list;
	enum nx_rc rc;

	if (text.n > NX_JWKS_MAX)
		return nx_fail(err, NX_TOO_BIG, "The JWKS is longer than %d"
		    " bytes.", NX_JWKS_MAX);
	if ((rc = nx_json_parse(text, &jwks, err)) != NX_OK)
		return rc;
	if ((list = nx_json_array(jwks, "keys")) == NULL)
		rc = nx_fail(err, NX_MALFORMED,
		    "The JWKS has no array `keys`.");
	for (size_t i = 0; rc == NX_OK && i < json_object_array_length(list);
	    i++) {
		rc = consider_jwk(keys, json_object_array_get_idx(list, i));
		if (rc != NX_OK)
			(void)nx_fail(err, rc, "while reading a JWKS");
	}
	json_object_put(jwks);
	return rc;
}

enum nx_rc
nx_jwt_keys_new(const char *hs256_secret, struct nx_slice jwks,
    struct nx_jwt_keys **out, struct nx_err *err)
{
	struct nx_jwt_keys *keys = calloc(1, sizeof(*keys));
	enum nx_rc rc = NX_OK;

	*out = NULL;
	if (keys == NULL)
		return nx_fail(err, NX_NO_MEMORY, "while reading JWT keys");
	if (hs256_secret != NULL && *hs256_secret != '\0') {
		keys->secret = cjose_jwk_create_oct_spec(
		    (const uint8_t *)hs256_secret, strlen(hs256_secret), NULL);
		if (keys->secret == NULL)
			rc = nx_fail(err, NX_NO_MEMORY,
			    "while reading JWT keys");
	}
	if (rc == NX_OK && jwks.n > 0)
		rc = read_jwks(keys, jwks, err);
	if (rc != NX_OK) {
		nx_jwt_keys_free(keys);
		return rc;
	}
	*out = keys;
	return NX_OK;
}

void
nx_jwt_keys_free(struct nx_jwt_keys *keys)
{
	if (keys == NULL)
		return;
	(void)cjose_jwk_release(keys->secret);
	for (size_t i = 0; i < keys->n; i++)
		(void)cjose_jwk_release(keys->keys[i].key);
	free(keys);
}

size_t
nx_jwt_keys_count(const struct nx_jwt_keys *keys)
{
	return keys->n;
}
