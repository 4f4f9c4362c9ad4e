/*
 * test_seal_jwt.c - who gets in with which token.
 *
 * Tokens are signed here with OpenSSL itself, so that cjose is not its own
 * judge.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <pthread.h>

#include "nx/base/base64.h"
#include "nx/seal/jwt.h"

#define SECRET "super-secret-jwt-token-with-at-least-32-characters"
#define USER "6f1c1d2e-0000-4000-8000-00000000abcd"
#define ISSUER "https://project.example/auth/v1"
#define NOW 1800000000
#define CLAIMS "{\"aud\":\"authenticated\",\"sub\":\"" USER "\"," \
	"\"role\":\"authenticated\",\"exp\":1800003600}"
#define H_HS "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define H_ES "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"typ\":\"JWT\"}"
#define H_RS "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"typ\":\"JWT\"}"

struct world {
	EVP_PKEY		*ec, *rsa, *small_rsa;
	struct nx_jwt_keys	*keys;
};

static const struct nx_jwt_rules rules = {
	.audience = "authenticated", .now = NOW, .leeway = NX_JWT_LEEWAY,
};

/* ---- making keys and tokens ---- */

static void
add_number(struct nx_buf *out, EVP_PKEY *key, const char *param, int width)
{
	unsigned char bytes[1100];
	BIGNUM *n = NULL;
	int len;

	assert_int_equal(EVP_PKEY_get_bn_param(key, param, &n), 1);
	len = width == 0 ? BN_num_bytes(n) : width;
	assert_true(BN_bn2binpad(n, bytes, len) == len);
	nx_base64url_add(out, bytes, (size_t)len);
	BN_free(n);
}

/* `extra` is more members, each with a comma behind it. */
static void
add_ec(struct nx_buf *out, EVP_PKEY *key, const char *extra)
{
	nx_buf_addf(out, "{%s\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"",
	    extra);
	add_number(out, key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
	nx_buf_adds(out, "\",\"y\":\"");
	add_number(out, key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	nx_buf_adds(out, "\"}");
}

static void
add_rsa(struct nx_buf *out, EVP_PKEY *key, const char *extra)
{
	nx_buf_addf(out, "{%s\"kty\":\"RSA\",\"n\":\"", extra);
	add_number(out, key, OSSL_PKEY_PARAM_RSA_N, 0);
	nx_buf_adds(out, "\",\"e\":\"");
	add_number(out, key, OSSL_PKEY_PARAM_RSA_E, 0);
	nx_buf_adds(out, "\"}");
}

static struct nx_jwt_keys *
keys_of(const char *secret, const struct nx_buf *jwks)
{
	struct nx_jwt_keys *keys;
	struct nx_slice text = { NULL, 0 };

	if (jwks != NULL)
		text = nx_buf_slice(jwks);
	assert_int_equal(nx_jwt_keys_new(secret, text, &keys, NULL), NX_OK);
	return keys;
}

static int
setup(void **state)
{
	static struct world w;
	struct nx_buf jwks = NX_BUF(NX_JWKS_MAX);

	w.ec = EVP_EC_gen("P-256");
	w.rsa = EVP_RSA_gen(2048);
	w.small_rsa = EVP_RSA_gen(1024);
	nx_buf_adds(&jwks, "{\"keys\":[");
	add_ec(&jwks, w.ec, "\"kid\":\"ec-1\",\"alg\":\"ES256\","
	    "\"use\":\"sig\",\"key_ops\":[\"verify\"],");
	nx_buf_addc(&jwks, ',');
	add_rsa(&jwks, w.rsa, "\"kid\":\"rsa-1\",");
	nx_buf_adds(&jwks, "]}");
	w.keys = keys_of(SECRET, &jwks);
	nx_buf_free(&jwks);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	EVP_PKEY_free(w->ec);
	EVP_PKEY_free(w->rsa);
	EVP_PKEY_free(w->small_rsa);
	nx_jwt_keys_free(w->keys);
	return 0;
}

static struct nx_buf
unsigned_token(const char *header, const char *claims)
{
	struct nx_buf t = NX_BUF(32 * 1024);

	nx_base64url_add(&t, header, strlen(header));
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, claims, strlen(claims));
	return t;
}

static struct nx_buf
hs_with(const EVP_MD *md, struct nx_slice secret, const char *header,
    const char *claims)
{
	struct nx_buf t = unsigned_token(header, claims);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int n = sizeof(mac);

	assert_non_null(HMAC(md, secret.p, (int)secret.n,
	    (const unsigned char *)t.p, t.n, mac, &n));
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, mac, n);
	return t;
}

static struct nx_buf
hs(struct nx_slice secret, const char *header, const char *claims)
{
	return hs_with(EVP_sha256(), secret, header, claims);
}

/* An ES256 signature is r and s side by side, not DER. */
static size_t
raw_ecdsa(const unsigned char *der, size_t n, unsigned char out[64])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);

	assert_non_null(sig);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32),
	    32);
	ECDSA_SIG_free(sig);
	return 64;
}

static size_t
sign(const EVP_MD *md, EVP_PKEY *key, const struct nx_buf *text,
    unsigned char sig[1024])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char made[1024];
	size_t n = sizeof(made);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL,
	    key), 1);
	assert_int_equal(EVP_DigestSign(ctx, made, &n,
	    (const unsigned char *)text->p, text->n), 1);
	EVP_MD_CTX_free(ctx);
	if (EVP_PKEY_is_a(key, "EC"))
		return raw_ecdsa(made, n, sig);
	memcpy(sig, made, n);
	return n;
}

static struct nx_buf
pk_with(const EVP_MD *md, EVP_PKEY *key, const char *header,
    const char *claims)
{
	struct nx_buf t = unsigned_token(header, claims);
	unsigned char sig[1024];
	size_t n = sign(md, key, &t, sig);

	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, sig, n);
	return t;
}

static struct nx_buf
pk(EVP_PKEY *key, const char *header, const char *claims)
{
	return pk_with(EVP_sha256(), key, header, claims);
}

/* ---- asking ---- */

/* Checks and frees the token; whatever fails must leave no claims. */
static enum nx_rc
ask(const struct nx_jwt_keys *keys, const struct nx_jwt_rules *r,
    struct nx_buf token, struct nx_jwt_claims *out, struct nx_err *err)
{
	struct nx_jwt_claims mine;
	struct nx_err e;
	enum nx_rc rc;

	if (out == NULL)
		out = &mine;
	if (err == NULL)
		err = &e;
	memset(out, 0x55, sizeof(*out));
	memset(err, 0, sizeof(*err));
	rc = nx_jwt_check(keys, nx_buf_slice(&token), r, out, err);
	if (rc != NX_OK) {
		assert_int_equal(err->rc, rc);
		assert_true(strlen(err->detail) > 0);
		assert_string_equal(out->sub, "");
		assert_string_equal(out->role, "");
		assert_int_equal(out->expires, 0);
	}
	nx_buf_free(&token);
	return rc;
}

/* The verdict on claims in an HS256 token that is right in all else. */
static enum nx_rc
ask_claims(const struct world *w, const char *claims)
{
	return ask(w->keys, &rules, hs(NX_SLICE(SECRET), H_HS, claims), NULL,
	    NULL);
}

static enum nx_rc
ask_text(const struct world *w, struct nx_buf token)
{
	return ask(w->keys, &rules, token, NULL, NULL);
}

/* ---- tests ---- */

static void
lets_in_each_algorithm(void **state)
{
	const struct world *w = *state;
	struct nx_buf tokens[] = {
		hs(NX_SLICE(SECRET), H_HS, CLAIMS),
		hs(NX_SLICE(SECRET), "{\"alg\":\"HS256\",\"kid\":\"abc/1\"}",
		    CLAIMS),
		pk(w->ec, H_ES, CLAIMS),
		pk(w->rsa, H_RS, CLAIMS),
	};

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct nx_jwt_claims c;

		assert_int_equal(ask(w->keys, &rules, tokens[i], &c, NULL),
		    NX_OK);
		assert_string_equal(c.sub, USER);
		assert_string_equal(c.role, "authenticated");
		assert_int_equal(c.expires, NOW + 3600);
		assert_false(c.unknown_kid);
	}
}

/* Public bytes, in each form an attacker could have them, as HMAC secret. */
static void
refuses_a_public_key_as_secret(void **state)
{
	const struct world *w = *state;
	EVP_PKEY *const keys[] = { w->ec, w->rsa };
	static const char *const headers[] = { H_HS,
	    "{\"alg\":\"HS256\",\"kid\":\"ec-1\"}",
	    "{\"alg\":\"HS256\",\"kid\":\"rsa-1\"}" };
	struct nx_buf none = NX_BUF(8192);
	struct nx_jwt_keys *no_secret;

	nx_buf_adds(&none, "{\"keys\":[");
	add_ec(&none, w->ec, "\"kid\":\"ec-1\",");
	nx_buf_addc(&none, ',');
	add_rsa(&none, w->rsa, "\"kid\":\"rsa-1\",");
	nx_buf_adds(&none, "]}");
	no_secret = keys_of(NULL, &none);
	for (size_t i = 0; i < 6; i++) {
		BIO *pem = BIO_new(BIO_s_mem());
		unsigned char *der = NULL;
		struct nx_slice forms[3];
		char *text;

		assert_int_equal(PEM_write_bio_PUBKEY(pem, keys[i / 3]), 1);
		forms[0].n = (size_t)BIO_get_mem_data(pem, &text);
		forms[0].p = text;
		forms[1] = nx_slice_trim(forms[0], "\n");
		forms[2].n = (size_t)i2d_PUBKEY(keys[i / 3], &der);
		forms[2].p = (const char *)der;
		for (int k = 0; k < 3; k++) {
			assert_int_equal(ask_text(w, hs(forms[k],
			    headers[i % 3], CLAIMS)), NX_UNAUTHENTICATED);
			assert_int_equal(ask(no_secret, &rules, hs(forms[k],
			    headers[i % 3], CLAIMS), NULL, NULL),
			    NX_UNAUTHENTICATED);
		}
		OPENSSL_free(der);
		BIO_free(pem);
	}
	nx_jwt_keys_free(no_secret);
	nx_buf_free(&none);
}

static void
refuses_an_empty_secret(void **state)
{
	struct nx_jwt_keys *keys = keys_of("", NULL);

	(void)state;
	assert_int_equal(ask(keys, &rules, hs(NX_SLICE(""), H_HS, CLAIMS),
	    NULL, NULL), NX_UNAUTHENTICATED);
	assert_int_equal(nx_jwt_keys_count(keys), 0);
	nx_jwt_keys_free(keys);
}

static void
refuses_other_algorithms(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"NONE\"}", "{\"alg\":\"nOnE\"}", "{\"alg\":\"\"}",
		"{\"alg\":null}", "{\"alg\":256}", "{\"alg\":[\"HS256\"]}",
		"{}", "{\"alg\":\"hs256\"}", "{\"alg\":\"HS384\"}",
		"{\"alg\":\"HS512\"}", "{\"alg\":\"HS256 \"}",
		"{\"alg\":\"PS256\"}", "{\"alg\":\"dir\"}",
		"{\"alg\":\"none\",\"kid\":\"ec-1\"}",
		"{\"alg\":\"none\",\"kid\":\"rsa-1\"}",
	};
	const struct world *w = *state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct nx_buf bare = unsigned_token(headers[i], CLAIMS);
		struct nx_buf dot = unsigned_token(headers[i], CLAIMS);

		nx_buf_addc(&dot, '.');
		assert_int_equal(ask_text(w, bare), NX_UNAUTHENTICATED);
		assert_int_equal(ask_text(w, dot), NX_UNAUTHENTICATED);
		assert_int_equal(ask_text(w, hs(NX_SLICE(SECRET), headers[i],
		    CLAIMS)), NX_UNAUTHENTICATED);
	}
}

static void
refuses_an_algorithm_not_of_the_key(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"ES256\",\"kid\":\"rsa-1\"}",
		"{\"alg\":\"RS256\",\"kid\":\"ec-1\"}",
		"{\"alg\":\"PS256\",\"kid\":\"rsa-1\"}",
		"{\"alg\":\"ES384\",\"kid\":\"ec-1\"}",
		"{\"alg\":\"HS256\",\"kid\":\"ec-1\"}",
	};
	const struct world *w = *state;
	struct nx_jwt_claims c;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_int_equal(ask(w->keys, &rules, pk(w->ec, headers[i],
		    CLAIMS), &c, NULL), NX_UNAUTHENTICATED);
		assert_false(c.unknown_kid);
		assert_int_equal(ask_text(w, pk(w->rsa, headers[i], CLAIMS)),
		    NX_UNAUTHENTICATED);
		assert_int_equal(ask_text(w, hs(NX_SLICE(SECRET), headers[i],
		    CLAIMS)), NX_UNAUTHENTICATED);
	}
	/* one key's signature under the other's name */
	assert_int_equal(ask_text(w, pk(w->ec, H_RS, CLAIMS)),
	    NX_UNAUTHENTICATED);
	assert_int_equal(ask_text(w, pk(w->rsa, H_ES, CLAIMS)),
	    NX_UNAUTHENTICATED);
}

/* Properly signed with our keys, by algorithms that these are not for. */
static void
refuses_other_digests(void **state)
{
	const struct world *w = *state;

	assert_int_equal(ask_text(w, pk_with(EVP_sha512(), w->rsa,
	    "{\"alg\":\"RS512\",\"kid\":\"rsa-1\"}", CLAIMS)),
	    NX_UNAUTHENTICATED);
	assert_int_equal(ask_text(w, pk_with(EVP_sha384(), w->ec,
	    "{\"alg\":\"ES384\",\"kid\":\"ec-1\"}", CLAIMS)),
	    NX_UNAUTHENTICATED);
	assert_int_equal(ask_text(w, hs_with(EVP_sha512(), NX_SLICE(SECRET),
	    "{\"alg\":\"HS512\"}", CLAIMS)), NX_UNAUTHENTICATED);
}

static void
tells_of_an_unknown_kid(void **state)
{
	const struct world *w = *state;
	struct nx_jwt_claims c;

	assert_int_equal(ask(w->keys, &rules, pk(w->ec,
	    "{\"alg\":\"ES256\",\"kid\":\"ec-2\"}", CLAIMS), &c, NULL),
	    NX_UNAUTHENTICATED);
	assert_true(c.unknown_kid);
	assert_int_equal(ask(w->keys, &rules, pk(w->rsa,
	    "{\"alg\":\"RS256\",\"kid\":\"ec-11\"}", CLAIMS), &c, NULL),
	    NX_UNAUTHENTICATED);
	assert_true(c.unknown_kid);
	assert_int_equal(ask(w->keys, &rules, pk(w->ec,
	    "{\"alg\":\"ES256\"}", CLAIMS), &c, NULL), NX_UNAUTHENTICATED);
	assert_false(c.unknown_kid);
	assert_int_equal(ask(w->keys, &rules, hs(NX_SLICE("other"), H_HS,
	    CLAIMS), &c, NULL), NX_UNAUTHENTICATED);
	assert_false(c.unknown_kid);
}

static void
refuses_wrong_signatures(void **state)
{
	const struct world *w = *state;
	struct nx_buf made[] = { hs(NX_SLICE(SECRET), H_HS, CLAIMS),
	    pk(w->ec, H_ES, CLAIMS), pk(w->rsa, H_RS, CLAIMS) };

	for (size_t i = 0; i < 3; i++) {
		const char *sig = strrchr(made[i].p, '.') + 1;
		size_t at[] = { 1, (size_t)(sig - made[i].p) / 2,
		    (size_t)(sig - made[i].p), made[i].n - 3 };

		for (size_t k = 0; k < 4; k++) {
			struct nx_buf t = NX_BUF(NX_JWT_MAX);

			nx_buf_add(&t, made[i].p, made[i].n);
			t.p[at[k]] = t.p[at[k]] == 'A' ? 'B' : 'A';
			assert_int_equal(ask_text(w, t), NX_UNAUTHENTICATED);
		}
		nx_buf_free(&made[i]);
	}
}

/* Too long, too short, DER: cjose 0.6.2.1 takes some of the first. */
static void
refuses_signatures_of_other_lengths(void **state)
{
	const struct world *w = *state;
	struct nx_buf base = unsigned_token(H_ES, CLAIMS);
	unsigned char sig[1024] = { 0 };
	size_t lengths[] = { 0, 1, 32, 63, 65, 66, 128 };

	(void)sign(EVP_sha256(), w->ec, &base, sig);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct nx_buf t = NX_BUF(NX_JWT_MAX);

		nx_buf_add(&t, base.p, base.n);
		nx_buf_addc(&t, '.');
		nx_base64url_add(&t, sig, lengths[i]);
		assert_int_equal(ask_text(w, t), NX_UNAUTHENTICATED);
	}
	nx_buf_free(&base);
}

static void
refuses_other_forms(void **state)
{
	const struct world *w = *state;
	struct nx_buf good = hs(NX_SLICE(SECRET), H_HS, CLAIMS);
	static const char *const tails[] = { "=", ".", ".x", " ", "\n", "A",
	    "!", "==", ".." };
	static const char *const whole[] = { "", ".", "..", "...", "a.b.c",
	    "e30.e30.e30", "Bearer x.y.z" };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct nx_buf t = NX_BUF(NX_JWT_MAX);

		nx_buf_add(&t, good.p, good.n);
		nx_buf_adds(&t, tails[i]);
		assert_int_equal(ask_text(w, t), NX_UNAUTHENTICATED);
	}
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct nx_buf t = NX_BUF(NX_JWT_MAX);

		nx_buf_adds(&t, whole[i]);
		assert_int_equal(ask_text(w, t), NX_UNAUTHENTICATED);
	}
	for (size_t n = 0; n < good.n; n++) {
		struct nx_buf t = NX_BUF(NX_JWT_MAX);

		nx_buf_add(&t, good.p, n);
		assert_int_equal(ask_text(w, t), NX_UNAUTHENTICATED);
	}
	nx_buf_free(&good);
}

/* The last character of a 32 byte signature has two bits to spare. */
static void
refuses_a_second_spelling(void **state)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
	    "rstuvwxyz0123456789-_";
	struct nx_buf t = hs(NX_SLICE(SECRET), H_HS, CLAIMS);
	const char *at = strchr(abc, t.p[t.n - 1]);

	t.p[t.n - 1] = abc[(at - abc) ^ 1];
	assert_int_equal(ask_text(*state, t), NX_UNAUTHENTICATED);
}

static void
refuses_improper_headers(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"crit\":[]}",
		"{\"alg\":\"HS256\",\"crit\":null}",
		"{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
		"{\"alg\":\"none\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}",
		"[\"HS256\"]", "\"HS256\"", "{\"alg\":\"HS256\"", "",
		"{\"alg\":\"HS256\"}x", "{'alg':'HS256'}",
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(ask_text(*state, hs(NX_SLICE(SECRET),
		    headers[i], CLAIMS)), NX_UNAUTHENTICATED);
}

#define AUD "\"aud\":\"authenticated\""
#define SUB "\"sub\":\"" USER "\""
#define EXP "\"exp\":1800003600"

static void
judges_claims(void **state)
{
	static const struct {
		const char *claims;
		enum nx_rc want;
	} cases[] = {
		{ "{" AUD "," SUB "," EXP "}", NX_OK },
		{ "{" SUB "," EXP ",\"aud\":[\"authenticated\"]}", NX_OK },
		{ "{" SUB "," EXP ",\"aud\":[\"x\",\"authenticated\"]}",
		    NX_OK },
		{ "{" SUB "," EXP ",\"aud\":[]}", NX_UNAUTHENTICATED },
		{ "{" SUB "," EXP ",\"aud\":[\"x\",7,null]}",
		    NX_UNAUTHENTICATED },
		{ "{" SUB "," EXP ",\"aud\":[[\"authenticated\"]]}",
		    NX_UNAUTHENTICATED },
		{ "{" SUB "," EXP ",\"aud\":{\"authenticated\":1}}",
		    NX_UNAUTHENTICATED },
		{ "{" SUB "," EXP ",\"aud\":\"anon\"}", NX_UNAUTHENTICATED },
		{ "{" SUB "," EXP ",\"aud\":\"authenticated2\"}",
		    NX_UNAUTHENTICATED },
		{ "{" SUB "," EXP "}", NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP "}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB ",\"exp\":\"1800003600\"}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB ",\"exp\":null}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB ",\"exp\":1e400}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB ",\"exp\":NaN}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB ",\"exp\":99999999999999999999}", NX_OK },
		{ "{" AUD "," SUB ",\"exp\":-99999999999999999999}",
		    NX_TOKEN_EXPIRED },
		{ "{" AUD "," SUB ",\"exp\":0}", NX_TOKEN_EXPIRED },
		{ "{" AUD "," SUB ",\"exp\":1799999970}", NX_TOKEN_EXPIRED },
		{ "{" AUD "," SUB ",\"exp\":1799999970.9}",
		    NX_TOKEN_EXPIRED },
		{ "{" AUD "," SUB ",\"exp\":1799999971}", NX_OK },
		{ "{" AUD "," SUB ",\"exp\":1799999971.5}", NX_OK },
		{ "{" AUD "," SUB "," EXP ",\"nbf\":1800000030}", NX_OK },
		{ "{" AUD "," SUB "," EXP ",\"nbf\":1800000031}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "," EXP ",\"iat\":1800000030}", NX_OK },
		{ "{" AUD "," SUB "," EXP ",\"iat\":1800000031}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "," EXP ",\"nbf\":\"soon\"}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "," EXP ",\"nbf\":null}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "," EXP "," EXP "}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "," EXP ",\"exp\":1}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":\"test\"}", NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":\"\"}", NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":7}", NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":\"" USER "0\"}",
		    NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":\"6f1c1d2e00004000800000000000abc"
		    "d\"}", NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":\"6f1c1d2e-0000-4000-8000-0000000"
		    "0abcg\"}", NX_UNAUTHENTICATED },
		{ "{" AUD "," EXP ",\"sub\":\"6f1c1d2e-0000-4000-80000-000000"
		    "0abcd\"}", NX_UNAUTHENTICATED },
		{ "{" AUD "," SUB "," EXP ",\"role\":\"0123456789012345678901"
		    "234567890\"}", NX_OK },
		{ "{" AUD "," SUB "," EXP ",\"role\":\"0123456789012345678901"
		    "2345678901\"}", NX_UNAUTHENTICATED },
		{ "[]", NX_UNAUTHENTICATED },
		{ "", NX_UNAUTHENTICATED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum nx_rc rc = ask_claims(*state, cases[i].claims);

		if (rc != cases[i].want)
			fail_msg("%s: %s", cases[i].claims, nx_rc_code(rc));
	}
}

static void
lowers_the_uuid(void **state)
{
	const struct world *w = *state;
	struct nx_jwt_claims c;

	assert_int_equal(ask(w->keys, &rules, hs(NX_SLICE(SECRET), H_HS,
	    "{" AUD "," EXP ",\"sub\":\"6F1C1D2E-0000-4000-8000-00000000ABCD"
	    "\",\"role\":7}"), &c, NULL), NX_OK);
	assert_string_equal(c.sub, USER);
	assert_string_equal(c.role, "");
}

static void
checks_the_issuer(void **state)
{
	static const struct {
		const char *iss;
		enum nx_rc want;
	} cases[] = {
		{ ",\"iss\":\"" ISSUER "\"", NX_OK },
		{ ",\"iss\":\"" ISSUER "/\"", NX_UNAUTHENTICATED },
		{ ",\"iss\":\"https://evil.example/auth/v1\"",
		    NX_UNAUTHENTICATED },
		{ ",\"iss\":[\"" ISSUER "\"]", NX_UNAUTHENTICATED },
		{ "", NX_UNAUTHENTICATED },
	};
	const struct world *w = *state;
	struct nx_jwt_rules r = rules;

	r.issuer = ISSUER;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf claims = NX_BUF(1000);

		nx_buf_addf(&claims, "{%s,%s,%s%s}", AUD, SUB, EXP,
		    cases[i].iss);
		assert_int_equal(ask(w->keys, &r, hs(NX_SLICE(SECRET), H_HS,
		    nx_buf_str(&claims)), NULL, NULL), cases[i].want);
		nx_buf_free(&claims);
	}
}

/* What a project's rules ask of a token with these claims. */
static enum nx_rc
ask_of_project(const struct world *w, const char *clients,
    const char *claims)
{
	struct nx_jwt_rules r = rules;

	r.issuer = ISSUER;
	r.clients = clients;
	return ask(w->keys, &r, hs(NX_SLICE(SECRET), H_HS, claims), NULL,
	    NULL);
}

static void
takes_service_keys_of_any_set_up(void **state)
{
#define SERVICE "\"role\":\"service_role\"," EXP
	static const struct {
		const char *claims;
		enum nx_rc want;
	} cases[] = {
		{ "{\"iss\":\"supabase\"," SERVICE "}", NX_OK },
		{ "{\"iss\":\"supabase-demo\"," SERVICE "}", NX_OK },
		{ "{" SERVICE "}", NX_OK },
		{ "{\"iss\":\"" ISSUER "\"," SERVICE "}", NX_OK },
		{ "{\"iss\":\"supabase-demo2\"," SERVICE "}",
		    NX_UNAUTHENTICATED },
		{ "{\"iss\":\"https://evil.example/auth/v1\"," SERVICE "}",
		    NX_UNAUTHENTICATED },
		{ "{\"iss\":null," SERVICE "}", NX_UNAUTHENTICATED },
		{ "{\"iss\":[\"supabase\"]," SERVICE "}",
		    NX_UNAUTHENTICATED },
		{ "{\"aud\":\"anon\"," SERVICE "}", NX_UNAUTHENTICATED },
		{ "{\"iss\":\"supabase-demo\",\"role\":\"anon\"," EXP "}",
		    NX_UNAUTHENTICATED },
		{ "{\"iss\":\"supabase-demo\",\"role\":\"anon\"," EXP ","
		    AUD "," SUB "}", NX_UNAUTHENTICATED },
		{ "{\"iss\":\"supabase-demo\",\"role\":\"authenticated\","
		    EXP "," AUD "," SUB "}", NX_UNAUTHENTICATED },
		{ "{\"iss\":\"supabase\"," EXP "," AUD "," SUB "}",
		    NX_UNAUTHENTICATED },
		{ "{\"role\":\"authenticated\"," EXP "," AUD "," SUB "}",
		    NX_UNAUTHENTICATED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (ask_of_project(*state, NULL, cases[i].claims) !=
		    cases[i].want)
			fail_msg("%s", cases[i].claims);
	}
}

/* The keys that `supabase start` prints, as they stand. */
static void
takes_the_command_lines_own_keys(void **state)
{
	static const char secret[] =
	    "super-secret-jwt-token-with-at-least-32-characters-long";
	static const char service[] =
	    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW"
	    "1vIiwicm9sZSI6InNlcnZpY2Vfcm9sZSIsImV4cCI6MTk4MzgxMjk5Nn0.EGIM9"
	    "6RAZx35lJzdJsyH-qQwv8Hdp7fsn3W0YpN81IU";
	static const char anon[] =
	    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW"
	    "1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.CRXP1A7WOeoJeXxj"
	    "Nni43kdQwgnWNReilDMblYTn_I0";
	struct nx_jwt_keys *keys = keys_of(secret, NULL);
	struct nx_jwt_rules r = rules;
	struct nx_jwt_claims c;

	(void)state;
	r.issuer = "http://127.0.0.1:54321/auth/v1";
	assert_int_equal(nx_jwt_check(keys, nx_slice_str(service), &r, &c,
	    NULL), NX_OK);
	assert_string_equal(c.role, "service_role");
	assert_int_equal(nx_jwt_check(keys, nx_slice_str(anon), &r, &c,
	    NULL), NX_UNAUTHENTICATED);
	nx_jwt_keys_free(keys);
}

static void
keeps_strange_apps_out(void **state)
{
#define APP "9a8b7c6d-5e4f-4a2b-8c0d-9e8f7a6b5c4d"
	static const struct {
		const char *clients, *claim;
		enum nx_rc want;
	} cases[] = {
		{ NULL, "", NX_OK },
		{ NULL, ",\"client_id\":null", NX_OK },
		{ NULL, ",\"client_id\":\"" APP "\"", NX_APP_STRANGER },
		{ "", ",\"client_id\":\"\"", NX_APP_STRANGER },
		{ ",", ",\"client_id\":\"\"", NX_APP_STRANGER },
		{ APP, ",\"client_id\":\"" APP "\"", NX_OK },
		{ "x, " APP " ,y", ",\"client_id\":\"" APP "\"", NX_OK },
		{ APP "0", ",\"client_id\":\"" APP "\"", NX_APP_STRANGER },
		{ "x," APP, ",\"client_id\":\"x," APP "\"",
		    NX_APP_STRANGER },
		{ APP, ",\"client_id\":[\"" APP "\"]", NX_APP_STRANGER },
		{ APP, ",\"client_id\":7", NX_APP_STRANGER },
		{ APP, ",\"client_id\":false", NX_APP_STRANGER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf claims = NX_BUF(1000);

		nx_buf_addf(&claims, "{%s,%s,%s,\"iss\":\"" ISSUER "\"%s}",
		    AUD, SUB, EXP, cases[i].claim);
		if (ask_of_project(*state, cases[i].clients,
		    nx_buf_str(&claims)) != cases[i].want)
			fail_msg("%s %s", cases[i].clients, cases[i].claim);
		nx_buf_free(&claims);
	}
	/* Nor does the role help: what is given to an app stays one's own. */
	assert_int_equal(ask_of_project(*state, NULL, "{\"role\":"
	    "\"service_role\",\"client_id\":\"" APP "\"," EXP "}"),
	    NX_APP_STRANGER);
	/* A token that is none is not said to be an app's. */
	assert_int_equal(ask_of_project(*state, NULL, "{\"iss\":\"x\","
	    "\"client_id\":\"" APP "\"," AUD "," SUB "," EXP "}"),
	    NX_UNAUTHENTICATED);
}

static void
limits_the_length(void **state)
{
	struct nx_buf claims = NX_BUF(NX_JWT_MAX);
	struct nx_buf most, more;
	size_t pad;

	/* header 36, dots 2, signature 43, claims 4/3 of their length */
	pad = (NX_JWT_MAX - 81) / 4 * 3 - strlen("{" AUD "," SUB "," EXP
	    ",\"x\":\"\"}");
	nx_buf_adds(&claims, "{" AUD "," SUB "," EXP ",\"x\":\"");
	for (size_t i = 0; i < pad; i++)
		nx_buf_addc(&claims, 'x');
	nx_buf_adds(&claims, "\"}");
	most = hs(NX_SLICE(SECRET), H_HS, nx_buf_str(&claims));
	nx_buf_adds(&claims, "   ");
	more = hs(NX_SLICE(SECRET), H_HS, nx_buf_str(&claims));
	assert_in_range(most.n, NX_JWT_MAX - 3, NX_JWT_MAX);
	assert_true(more.n > NX_JWT_MAX);
	assert_int_equal(ask_text(*state, most), NX_OK);
	assert_int_equal(ask_text(*state, more), NX_UNAUTHENTICATED);
	nx_buf_free(&claims);
}

static void
says_nothing_of_the_token(void **state)
{
	const struct world *w = *state;
	static const char *const claims[] = {
		"{" AUD "," EXP ",\"sub\":\"PRIVATE\"}",
		"{" SUB "," EXP ",\"aud\":\"PRIVATE\"}",
		"{" AUD "," EXP "," SUB ",\"PRIVATE\":PRIVATE}",
	};
	struct nx_err err;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ask(w->keys, &rules, hs(NX_SLICE(SECRET),
		    H_HS, claims[i]), NULL, &err), NX_UNAUTHENTICATED);
		assert_null(strstr(err.detail, "PRIVATE"));
	}
	assert_int_equal(ask(w->keys, &rules, hs(NX_SLICE(SECRET),
	    "{\"alg\":\"PRIVATE\",\"kid\":\"PRIVATE\"}", CLAIMS), NULL, &err),
	    NX_UNAUTHENTICATED);
	assert_null(strstr(err.detail, "PRIVATE"));
}

/* Each of these stands alone in its JWKS and must be passed over. */
static void
passes_over_other_keys(void **state)
{
	static const char *const ec[] = {
		"", "\"kid\":\"\",", "\"kid\":7,",
		"\"kid\":\"k\",\"use\":\"enc\",", "\"kid\":\"k\",\"use\":7,",
		"\"kid\":\"k\",\"alg\":\"ES384\",",
		"\"kid\":\"k\",\"alg\":\"RS256\",",
		"\"kid\":\"k\",\"alg\":null,",
	};
	static const char *const whole[] = {
		"7", "null", "[]", "\"k\"", "{}",
		"{\"kid\":\"k\",\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}",
		"{\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed25519\","
		    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-256\"}",
		"{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\","
		    "\"y\":\"AA\"}",
		/* not a point of the curve */
		"{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
		    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"y\":\""
		    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}",
		"{\"kid\":\"k\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
	};
	const struct world *w = *state;
	size_t n_ec = sizeof(ec) / sizeof(ec[0]);
	size_t n_whole = sizeof(whole) / sizeof(whole[0]);

	for (size_t i = 0; i < n_ec + n_whole + 1; i++) {
		struct nx_buf jwks = NX_BUF(NX_JWKS_MAX);
		struct nx_jwt_keys *keys;

		nx_buf_adds(&jwks, "{\"keys\":[");
		if (i < n_ec)
			add_ec(&jwks, w->ec, ec[i]);
		else if (i < n_ec + n_whole)
			nx_buf_adds(&jwks, whole[i - n_ec]);
		else
			add_rsa(&jwks, w->small_rsa, "\"kid\":\"k\",");
		nx_buf_adds(&jwks, "]}");
		keys = keys_of(NULL, &jwks);
		if (nx_jwt_keys_count(keys) != 0)
			fail_msg("kept: %s", nx_buf_str(&jwks));
		nx_jwt_keys_free(keys);
		nx_buf_free(&jwks);
	}
}

/* A private JWK by mistake: the public half is all that is used. */
static void
reads_no_private_part(void **state)
{
	const struct world *w = *state;
	struct nx_buf jwks = NX_BUF(NX_JWKS_MAX);
	struct nx_jwt_keys *keys;

	nx_buf_adds(&jwks, "{\"keys\":[");
	add_ec(&jwks, w->ec, "\"kid\":\"ec-1\",\"d\":\"not even base64!\",");
	nx_buf_adds(&jwks, "]}");
	keys = keys_of(NULL, &jwks);
	assert_int_equal(ask(keys, &rules, pk(w->ec, H_ES, CLAIMS), NULL,
	    NULL), NX_OK);
	nx_jwt_keys_free(keys);
	nx_buf_free(&jwks);
}

static void
keeps_thirty_two_keys(void **state)
{
	const struct world *w = *state;
	struct nx_buf jwks = NX_BUF(NX_JWKS_MAX);
	struct nx_jwt_keys *keys;

	nx_buf_adds(&jwks, "{\"keys\":[");
	for (int i = 0; i <= NX_JWT_KEYS_MAX; i++) {
		char kid[40];

		(void)snprintf(kid, sizeof(kid), "\"kid\":\"k%d\",", i);
		nx_buf_adds(&jwks, i == 0 ? "" : ",");
		add_ec(&jwks, w->ec, kid);
	}
	nx_buf_adds(&jwks, "]}");
	keys = keys_of(NULL, &jwks);
	assert_int_equal(nx_jwt_keys_count(keys), NX_JWT_KEYS_MAX);
	assert_int_equal(ask(keys, &rules, pk(w->ec,
	    "{\"alg\":\"ES256\",\"kid\":\"k31\"}", CLAIMS), NULL, NULL),
	    NX_OK);
	nx_jwt_keys_free(keys);
	nx_buf_free(&jwks);
}

static void
refuses_a_bad_jwks(void **state)
{
	static char huge[NX_JWKS_MAX + 1];
	static const struct {
		const char *text;
		enum nx_rc want;
	} cases[] = {
		{ "{\"keys\":{}}", NX_MALFORMED }, { "{}", NX_MALFORMED },
		{ "[]", NX_NOT_JSON }, { "<html>", NX_NOT_JSON },
		{ "{\"keys\":[],\"keys\":[]}", NX_NOT_JSON },
		{ "{\"keys\":[]}", NX_OK },
	};
	struct nx_jwt_keys *keys;

	(void)state;
	memset(huge, ' ', sizeof(huge));
	assert_int_equal(nx_jwt_keys_new(SECRET, (struct nx_slice){ huge,
	    sizeof(huge) }, &keys, NULL), NX_TOO_BIG);
	assert_null(keys);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(nx_jwt_keys_new(SECRET,
		    nx_slice_str(cases[i].text), &keys, NULL),
		    cases[i].want);
		assert_int_equal(keys != NULL, cases[i].want == NX_OK);
		nx_jwt_keys_free(keys);
	}
}

struct crowd {
	const struct world	*w;
	struct nx_buf		 tokens[3];
};

static void *
ask_often(void *arg)
{
	const struct crowd *crowd = arg;
	struct nx_jwt_claims c;
	intptr_t refused = 0;

	for (int i = 0; i < 60; i++) {
		if (nx_jwt_check(crowd->w->keys,
		    nx_buf_slice(&crowd->tokens[i % 3]), &rules, &c, NULL) !=
		    NX_OK)
			refused++;
	}
	return (void *)refused;
}

static void
serves_many_threads(void **state)
{
	const struct world *w = *state;
	struct crowd crowd = { w, { hs(NX_SLICE(SECRET), H_HS, CLAIMS),
	    pk(w->ec, H_ES, CLAIMS), pk(w->rsa, H_RS, CLAIMS) } };
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often,
		    &crowd), 0);
	for (int i = 0; i < 8; i++) {
		void *refused;

		assert_int_equal(pthread_join(threads[i], &refused), 0);
		assert_null(refused);
	}
	for (int i = 0; i < 3; i++)
		nx_buf_free(&crowd.tokens[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_in_each_algorithm),
		cmocka_unit_test(refuses_a_public_key_as_secret),
		cmocka_unit_test(refuses_an_empty_secret),
		cmocka_unit_test(refuses_other_algorithms),
		cmocka_unit_test(refuses_an_algorithm_not_of_the_key),
		cmocka_unit_test(refuses_other_digests),
		cmocka_unit_test(tells_of_an_unknown_kid),
		cmocka_unit_test(refuses_wrong_signatures),
		cmocka_unit_test(refuses_signatures_of_other_lengths),
		cmocka_unit_test(refuses_other_forms),
		cmocka_unit_test(refuses_a_second_spelling),
		cmocka_unit_test(refuses_improper_headers),
		cmocka_unit_test(judges_claims),
		cmocka_unit_test(lowers_the_uuid),
		cmocka_unit_test(checks_the_issuer),
		cmocka_unit_test(takes_service_keys_of_any_set_up),
		cmocka_unit_test(takes_the_command_lines_own_keys),
		cmocka_unit_test(keeps_strange_apps_out),
		cmocka_unit_test(limits_the_length),
		cmocka_unit_test(says_nothing_of_the_token),
		cmocka_unit_test(passes_over_other_keys),
		cmocka_unit_test(reads_no_private_part),
		cmocka_unit_test(keeps_thirty_two_keys),
		cmocka_unit_test(refuses_a_bad_jwks),
		cmocka_unit_test(serves_many_threads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
