/* keyring.c - read a key ring and derive its keys. */

#include "nx/seal/keyring.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <stdlib.h>

#include "nx/base/base64.h"
#include "ring.h"

#define INFO_PREFIX "nexus-x/1/"

static const struct nx_slice infos[] = {
#define PURPOSE_INFO(name, text) \
	{ INFO_PREFIX text, sizeof(INFO_PREFIX text) - 1 },
	NX_PURPOSE_LIST(PURPOSE_INFO)
#undef PURPOSE_INFO
};

bool
ring_id_is_valid(struct nx_slice id)
{
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
		    (c < '0' || c > '9') && c != '_' && c != '-')
			return false;
	}
	return id.n > 0 && id.n <= NX_KEY_ID_MAX;
}

const struct ring_key *
ring_find(const struct nx_keyring *ring, struct nx_slice id)
{
	for (size_t i = 0; i < ring->n; i++) {
		if (nx_slice_is(id, ring->keys[i].id))
			return &ring->keys[i];
	}
	return NULL;
}

/* HKDF-SHA256 without salt; fails only for lack of memory. */
static bool
derive(struct nx_slice secret, struct nx_slice info,
    unsigned char out[NX_KEY_BYTES])
{
	char digest[] = "SHA256";
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
		    digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
		    (void *)(uintptr_t)secret.p, secret.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
		    (void *)(uintptr_t)info.p, info.n),
		OSSL_PARAM_construct_end(),
	};
	bool ok = ctx != NULL &&
	    EVP_KDF_derive(ctx, out, NX_KEY_BYTES, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

static enum nx_rc
add_key(struct nx_keyring *ring, struct nx_slice id, struct nx_slice bytes)
{
	struct ring_key *key = &ring->keys[ring->n];

	memcpy(key->id, id.p, id.n);
	for (size_t i = 0; i < NX_PURPOSE_COUNT; i++) {
		if (!derive(bytes, infos[i], key->derived[i]))
			return NX_NO_MEMORY;
	}
	ring->n++;
	return NX_OK;
}

/* An entry that has no `:` may be a bare key, so its text is never told. */
static enum nx_rc
parse_entry(struct nx_keyring *ring, struct nx_slice entry,
    struct nx_err *err)
{
	const int nth = (int)ring->n + 1;
	struct nx_slice id = nx_slice_cut(&entry, ':');
	struct nx_buf bytes = NX_BUF_SECRET(2 * NX_KEY_BYTES);
	enum nx_rc rc;

	if (entry.p == NULL || !ring_id_is_valid(id))
		return nx_fail(err, NX_CONFIG, "Key ring, entry %d: it does"
		    " not begin with an id of 1-%d letters, digits, _ or -"
		    " and a colon.", nth, NX_KEY_ID_MAX);
	if (ring_find(ring, id) != NULL)
		return nx_fail(err, NX_CONFIG, "Key ring, entry %d: its id"
		    " stands there twice.", nth);
	rc = nx_base64_decode(entry, &bytes);
	if (rc == NX_OK && bytes.n != NX_KEY_BYTES)
		rc = NX_MALFORMED;
	if (rc == NX_OK)
		rc = add_key(ring, id, nx_buf_slice(&bytes));
	if (rc == NX_NO_MEMORY)
		(void)nx_fail(err, rc, "Key ring, entry %d.", nth);
	else if (rc != NX_OK)
		rc = nx_fail(err, NX_CONFIG, "Key ring, entry %d: its key is"
		    " not the base64 of exactly %d bytes.", nth,
		    NX_KEY_BYTES);
	nx_buf_free(&bytes);
	return rc;
}

enum nx_rc
nx_keyring_parse(const char *text, struct nx_keyring **out,
    struct nx_err *err)
{
	struct nx_slice rest = nx_slice_str(text);
	struct nx_keyring *ring;
	enum nx_rc rc = NX_OK;

	*out = NULL;
	if (rest.n == 0)
		return nx_fail(err, NX_CONFIG, "The key ring is empty.");
	if ((ring = calloc(1, sizeof(*ring))) == NULL ||
	    (ring->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL)) == NULL)
		rc = nx_fail(err, NX_NO_MEMORY, "while reading the key ring");
	while (rc == NX_OK && rest.p != NULL) {
		if (ring->n == NX_KEYRING_MAX)
			rc = nx_fail(err, NX_CONFIG, "The key ring has more"
			    " than %d keys.", NX_KEYRING_MAX);
		else
			rc = parse_entry(ring, nx_slice_cut(&rest, ','), err);
	}
	if (rc != NX_OK) {
		nx_keyring_free(ring);
		return rc;
	}
	*out = ring;
	return NX_OK;
}

void
nx_keyring_free(struct nx_keyring *ring)
{
	if (ring == NULL)
		return;
	EVP_CIPHER_free(ring->gcm);
	OPENSSL_cleanse(ring, sizeof(*ring));
	free(ring);
}

const char *
nx_keyring_primary(const struct nx_keyring *ring)
{
	return ring->keys[0].id;
}

const char *
nx_keyring_id(const struct nx_keyring *ring, size_t i)
{
	return i < ring->n ? ring->keys[i].id : NULL;
}

bool
nx_keyring_has(const struct nx_keyring *ring, struct nx_slice id)
{
	return ring_find(ring, id) != NULL;
}
