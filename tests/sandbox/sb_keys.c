#include "sb_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "sb_crypto.h"

enum { RAW_MAX = 512, ES_HALF = 32 };

static const char *const names[SB_ALG_SIZE] = { "HS256", "ES256", "RS256" };

struct sb_keys {
	const char	*secret;
	EVP_PKEY	*pair[SB_ALG_SIZE];	/* none for HS256 */
	char		 kid[SB_ALG_SIZE][SB_S256_SIZE];
	struct json_object *jwks;
};

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static void
add_bytes(struct json_object *o, const char *name, const void *data,
    size_t len)
{
	struct sb_buf text = { 0 };

	sb_buf_base64url(&text, data, len);
	add_string(o, name, text.data);
	sb_buf_free(&text);
}

static void
add_number(struct json_object *o, const char *name, EVP_PKEY *key,
    const char *param)
{
	unsigned char bytes[RAW_MAX];
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(key, param, &n) != 1 ||
	    BN_num_bytes(n) > RAW_MAX)
		abort();
	add_bytes(o, name, bytes, (size_t)BN_bn2bin(n, bytes));
	BN_free(n);
}

/* The public half; its kid is the digest of what it holds. */
static struct json_object *
jwk_of(struct sb_keys *k, enum sb_alg alg)
{
	struct json_object *o = json_object_new_object();
	unsigned char point[1 + 2 * ES_HALF];
	size_t len = 0;

	if (alg == SB_RS256) {
		add_string(o, "kty", "RSA");
		add_number(o, "n", k->pair[alg], OSSL_PKEY_PARAM_RSA_N);
		add_number(o, "e", k->pair[alg], OSSL_PKEY_PARAM_RSA_E);
	} else {
		if (EVP_PKEY_get_octet_string_param(k->pair[alg],
		    OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1 ||
		    len != sizeof point)
			abort();
		add_string(o, "kty", "EC");
		add_string(o, "crv", "P-256");
		add_bytes(o, "x", point + 1, ES_HALF);
		add_bytes(o, "y", point + 1 + ES_HALF, ES_HALF);
	}
	sb_s256(json_object_to_json_string(o), k->kid[alg]);
	add_string(o, "kid", k->kid[alg]);
	add_string(o, "alg", names[alg]);
	add_string(o, "use", "sig");
	return o;
}

struct sb_keys *
sb_keys_new(const char *secret)
{
	struct sb_keys *k = sb_alloc(1, sizeof *k);
	struct json_object *list = json_object_new_array();

	k->secret = secret;
	k->pair[SB_ES256] = EVP_EC_gen("P-256");
	k->pair[SB_RS256] = EVP_RSA_gen(2048);
	if (k->pair[SB_ES256] == NULL || k->pair[SB_RS256] == NULL)
		abort();
	json_object_array_add(list, jwk_of(k, SB_ES256));
	json_object_array_add(list, jwk_of(k, SB_RS256));
	k->jwks = json_object_new_object();
	json_object_object_add(k->jwks, "keys", list);
	return k;
}

void
sb_keys_free(struct sb_keys *k)
{
	EVP_PKEY_free(k->pair[SB_ES256]);
	EVP_PKEY_free(k->pair[SB_RS256]);
	json_object_put(k->jwks);
	free(k);
}

enum sb_alg
sb_keys_default(const struct sb_keys *k)
{
	return k->secret == NULL ? SB_ES256 : SB_HS256;
}

bool
sb_keys_alg(const struct sb_keys *k, const char *name, enum sb_alg *out)
{
	for (int i = 0; i < SB_ALG_SIZE; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum sb_alg)i;
			return i != SB_HS256 || k->secret != NULL;
		}
	return false;
}

static size_t
hs256(const struct sb_keys *k, const char *text, size_t len,
    unsigned char out[RAW_MAX])
{
	unsigned int size = 0;

	if (HMAC(EVP_sha256(), k->secret, (int)strlen(k->secret),
	    (const unsigned char *)text, len, out, &size) == NULL)
		abort();
	return size;
}

/* JWT wants r and s side by side where OpenSSL speaks DER. */
static size_t
der_to_raw(const unsigned char *der, size_t len, unsigned char out[RAW_MAX])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);

	if (sig == NULL ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, ES_HALF) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + ES_HALF, ES_HALF) < 0)
		abort();
	ECDSA_SIG_free(sig);
	return 2 * ES_HALF;
}

static size_t
raw_to_der(const unsigned char *raw, unsigned char out[RAW_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *end = out;
	int len;

	if (sig == NULL || ECDSA_SIG_set0(sig,
	    BN_bin2bn(raw, ES_HALF, NULL),
	    BN_bin2bn(raw + ES_HALF, ES_HALF, NULL)) != 1)
		abort();
	len = i2d_ECDSA_SIG(sig, &end);
	ECDSA_SIG_free(sig);
	return len < 0 ? 0 : (size_t)len;
}

static size_t
sign(const struct sb_keys *k, enum sb_alg alg, const struct sb_buf *text,
    unsigned char out[RAW_MAX])
{
	unsigned char der[RAW_MAX];
	size_t len = sizeof der;
	EVP_MD_CTX *ctx;

	if (alg == SB_HS256)
		return hs256(k, text->data, text->len, out);
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    k->pair[alg]) != 1 || EVP_DigestSign(ctx, der, &len,
	    (const unsigned char *)text->data, text->len) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	if (alg == SB_ES256)
		return der_to_raw(der, len, out);
	memcpy(out, der, len);
	return len;
}

void
sb_keys_sign(const struct sb_keys *k, enum sb_alg alg,
    struct json_object *claims, struct sb_buf *out)
{
	const char *text = json_object_to_json_string_ext(claims,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	unsigned char signature[RAW_MAX];
	struct sb_buf header = { 0 }, jwt = { 0 };
	size_t len;

	sb_buf_printf(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\"", names[alg]);
	if (alg != SB_HS256)
		sb_buf_printf(&header, ",\"kid\":\"%s\"", k->kid[alg]);
	sb_buf_puts(&header, "}");
	sb_buf_base64url(&jwt, header.data, header.len);
	sb_buf_puts(&jwt, ".");
	sb_buf_base64url(&jwt, text, strlen(text));
	len = sign(k, alg, &jwt, signature);
	sb_buf_add(out, jwt.data, jwt.len);
	sb_buf_puts(out, ".");
	sb_buf_base64url(out, signature, len);
	sb_buf_free(&header);
	sb_buf_free(&jwt);
}

static bool
verify(const struct sb_keys *k, enum sb_alg alg, const char *text, size_t len,
    const struct sb_buf *signature)
{
	const unsigned char *raw = (const unsigned char *)signature->data;
	unsigned char der[RAW_MAX];
	size_t size = signature->len;
	EVP_MD_CTX *ctx;
	bool ok;

	if (alg == SB_HS256)
		return hs256(k, text, len, der) == size &&
		    CRYPTO_memcmp(der, raw, size) == 0;
	if (alg == SB_ES256) {
		if (size != 2 * ES_HALF)
			return false;
		size = raw_to_der(raw, der);
		raw = der;
	}
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(),
	    NULL, k->pair[alg]) == 1 && EVP_DigestVerify(ctx, raw, size,
	    (const unsigned char *)text, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static struct json_object *
decode(const char *text, size_t len)
{
	struct json_object *o = NULL;
	struct sb_buf plain = { 0 };

	if (sb_base64_read(text, len, &plain) && plain.len > 0)
		o = json_tokener_parse(plain.data);
	sb_buf_free(&plain);
	return o;
}

struct json_object *
sb_keys_open(const struct sb_keys *k, const char *jwt)
{
	const char *dot = strchr(jwt, '.');
	const char *end = dot == NULL ? NULL : strchr(dot + 1, '.');
	struct json_object *header, *claims = NULL;
	struct sb_buf signature = { 0 };
	const char *name;
	enum sb_alg alg;

	if (end == NULL)
		return NULL;
	header = decode(jwt, (size_t)(dot - jwt));
	name = json_object_get_string(json_object_object_get(header, "alg"));
	if (name != NULL && sb_keys_alg(k, name, &alg) &&
	    sb_base64_read(end + 1, strlen(end + 1), &signature) &&
	    signature.len > 0 &&
	    verify(k, alg, jwt, (size_t)(end - jwt), &signature))
		claims = decode(dot + 1, (size_t)(end - dot - 1));
	json_object_put(header);
	sb_buf_free(&signature);
	return claims;
}

struct json_object *
sb_keys_jwks(const struct sb_keys *k)
{
	struct json_object *copy = NULL;

	if (json_object_deep_copy(k->jwks, &copy, NULL) != 0)
		abort();
	return copy;
}
