/*
 * fuzz_jwt.c - tokens and key sets.
 *
 * The first byte says what the rest is: a whole token, the claims or the
 * header of one that we sign, or a key set.  Nothing that was not signed with
 * a key is let in; what is let in says what the rules ask for; and no error
 * repeats a token.
 */

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "nx/base/base64.h"
#include "nx/seal/jwt.h"

#define SECRET "super-secret-jwt-token-with-at-least-32-characters"

enum { TOKEN, CLAIMS, HEADER, KEY_SET, KINDS };
enum {
	NOW = 1790000000,
	REPEATED = 24,		/* so many bytes of a token are a leak */
};

/* RFC 7515 A.3 and RFC 7517 A.1: their private halves are public. */
static const char jwks[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
    "\"kid\":\"ec\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},{\"kty\":\"RSA\""
    ",\"kid\":\"rsa\",\"e\":\"AQAB\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQm"
    "bXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC"
    "iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR"
    "0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbIS"
    "D08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF4"
    "4-csFCur-kEgU8awapJzKnqDKgw\"}]}";

static const struct nx_jwt_rules rules = { .audience = "authenticated",
    .clients = "app,other", .now = NOW, .leeway = NX_JWT_LEEWAY };

static struct nx_jwt_keys *
the_keys(void)
{
	static struct nx_jwt_keys *keys;

	if (keys == NULL) {
		CHECK(nx_jwt_keys_new(SECRET, NX_SLICE(jwks), &keys, NULL) ==
		    NX_OK);
		CHECK(nx_jwt_keys_count(keys) == 2);
	}
	return keys;
}

static void
check_refusal(enum nx_rc rc, const struct nx_err *err, struct nx_slice token,
    const struct nx_jwt_claims *claims)
{
	fuzz_check_err(rc, err);
	CHECK(rc == NX_UNAUTHENTICATED || rc == NX_TOKEN_EXPIRED ||
	    rc == NX_APP_STRANGER);
	CHECK(claims->sub[0] == '\0' && claims->role[0] == '\0' &&
	    claims->expires == 0);
	for (size_t i = 0; i + REPEATED <= token.n; i++)
		CHECK(memmem(err->detail, strlen(err->detail), token.p + i,
		    REPEATED) == NULL);
}

/* Let in: the claims are the token's, and are in order. */
static void
check_claims(struct nx_slice text, const struct nx_jwt_claims *c)
{
	struct json_object *obj;
	int64_t n = 0;
	const char *sub, *client;

	CHECK(nx_json_parse(text, &obj, NULL) == NX_OK);
	CHECK(c->expires > NOW - NX_JWT_LEEWAY && !c->unknown_kid);
	CHECK(memchr(c->sub, '\0', sizeof(c->sub)) != NULL);
	CHECK(memchr(c->role, '\0', sizeof(c->role)) != NULL);
	/* The service's own key may name nobody; who else, is known. */
	CHECK(strcmp(c->role, "service_role") == 0 || (c->sub[0] != '\0' &&
	    (memmem(text.p, text.n, "authenticated", 13) != NULL ||
	    memchr(text.p, '\\', text.n) != NULL)));
	CHECK(!nx_json_i64(obj, "nbf", &n) || n <= NOW + NX_JWT_LEEWAY);
	CHECK(!nx_json_i64(obj, "iat", &n) || n <= NOW + NX_JWT_LEEWAY);
	sub = nx_json_str(obj, "sub");
	CHECK(c->sub[0] == '\0' || (sub != NULL && strlen(c->sub) == 36 &&
	    strcasecmp(c->sub, sub) == 0));
	for (const char *p = c->sub; *p != '\0'; p++)
		CHECK(nx_hex_digit(*p) >= 0 ? *p < 'A' || *p > 'F' :
		    *p == '-');
	/* A third-party app is one that the operator has named. */
	if ((client = nx_json_str(obj, "client_id")) != NULL)
		CHECK(strcmp(client, "app") == 0 ||
		    strcmp(client, "other") == 0 ||
		    strcmp(c->role, "service_role") == 0);
	json_object_put(obj);
}

static void
check_signed(struct nx_slice header, struct nx_slice claims, bool own_header)
{
	struct nx_buf t = NX_BUF(4 * NX_JWT_MAX);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	struct nx_jwt_claims out;
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc;

	nx_base64url_add(&t, header.p, header.n);
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, claims.p, claims.n);
	CHECK(nx_buf_ok(&t));
	CHECK(HMAC(EVP_sha256(), SECRET, (int)sizeof(SECRET) - 1,
	    (const unsigned char *)t.p, t.n, mac, &n) != NULL);
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, mac, n);
	CHECK(nx_buf_ok(&t));
	rc = nx_jwt_check(the_keys(), nx_buf_slice(&t), &rules, &out, &err);
	if (rc != NX_OK)
		check_refusal(rc, &err, nx_buf_slice(&t), &out);
	else {
		check_claims(claims, &out);
		/* HS256 is the secret's only algorithm. */
		CHECK(!own_header || memmem(header.p, header.n, "HS256", 5) !=
		    NULL || memchr(header.p, '\\', header.n) != NULL);
	}
	nx_buf_free(&t);
}

static void
check_token(struct nx_slice token)
{
	struct nx_jwt_claims out;
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc = nx_jwt_check(the_keys(), token, &rules, &out, &err);

	CHECK(rc != NX_OK);
	check_refusal(rc, &err, token, &out);
}

static void
check_key_set(struct nx_slice text)
{
	static const char token[] = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9"
	    ".e30.AAAA";
	struct nx_jwt_keys *keys;
	struct nx_jwt_claims out;
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc = nx_jwt_keys_new(NULL, text, &keys, &err);

	if (rc != NX_OK) {
		CHECK(keys == NULL);
		fuzz_check_err(rc, &err);
		return;
	}
	CHECK(nx_jwt_keys_count(keys) <= NX_JWT_KEYS_MAX);
	CHECK(nx_jwt_check(keys, NX_SLICE(token), &rules, &out, &err) !=
	    NX_OK);
	nx_jwt_keys_free(keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_slice in = { (const char *)data, n };

	switch (fuzz_byte(&in) % KINDS) {
	case TOKEN:
		check_token(in);
		break;
	case CLAIMS:
		if (in.n < NX_JWT_MAX)
			check_signed(NX_SLICE("{\"alg\":\"HS256\"}"), in,
			    false);
		break;
	case HEADER:
		if (in.n < NX_JWT_MAX)
			check_signed(in, NX_SLICE("{\"aud\":\"authenticated\","
			    "\"exp\":1790003600,\"sub\":\"6f1c1d2e-0000-4000-"
			    "8000-00000000abcd\"}"), true);
		break;
	default:
		check_key_set(in);
		break;
	}
	return 0;
}
