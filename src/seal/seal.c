/* seal.c - AES-256-GCM in the format that seal.h gives. */

#include "nx/seal/seal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "nx/base/must.h"
#include "nx/base/random.h"
#include "ring.h"
#include "strict.h"

#define VERSION "nx1."

enum {
	VERSION_BYTES = sizeof(VERSION) - 1,
	NONCE_BYTES = 12,
	TAG_BYTES = 16,
	FRAME_BYTES = NONCE_BYTES + TAG_BYTES,
};

/* The parts of a sealed value; they lie in its text. */
struct sealed {
	struct nx_slice	 header;	/* `nx1.<key id>.` */
	struct nx_slice	 id;
	struct nx_slice	 body;		/* still base64url */
};

/* One run of the cipher. */
struct run {
	const struct nx_keyring	*ring;
	const unsigned char	*key;
	unsigned char		*nonce;
	struct nx_slice		 header, context;	/* authenticated */
};

static bool
split_sealed(struct nx_slice text, struct sealed *out)
{
	struct nx_slice rest = text;

	if (!nx_slice_cut_prefix(&rest, VERSION))
		return false;
	out->id = nx_slice_cut(&rest, '.');
	out->header = (struct nx_slice){ text.p,
	    VERSION_BYTES + out->id.n + 1 };
	out->body = rest;
	return rest.p != NULL && ring_id_is_valid(out->id);
}

struct nx_slice
nx_sealed_key_id(struct nx_slice sealed)
{
	struct sealed s;

	return split_sealed(sealed, &s) ? s.id : (struct nx_slice){ NULL, 0 };
}

/* Feed key, nonce and what is authenticated. */
static bool
begin(EVP_CIPHER_CTX *ctx, const struct run *run, int encrypt)
{
	const struct nx_slice aad[] = { run->header, run->context };
	int n;

	if (EVP_CipherInit_ex2(ctx, run->ring->gcm, run->key, run->nonce,
	    encrypt, NULL) != 1)
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (aad[i].n > 0 && EVP_CipherUpdate(ctx, NULL, &n,
		    (const unsigned char *)aad[i].p, (int)aad[i].n) != 1)
			return false;
	}
	return true;
}

/* Writes `plain.n` bytes and the tag to `to`. */
static bool
encrypt(const struct run *run, struct nx_slice plain, unsigned char *to)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool ok = ctx != NULL && begin(ctx, run, 1) &&
	    (plain.n == 0 || EVP_CipherUpdate(ctx, to, &n,
	    (const unsigned char *)plain.p, (int)plain.n) == 1) &&
	    EVP_CipherFinal_ex(ctx, to + plain.n, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
	    to + plain.n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* In place: `n` bytes at `p`, which the tag follows. */
static enum nx_rc
decrypt(const struct run *run, unsigned char *p, size_t n)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	enum nx_rc rc = NX_NO_MEMORY;
	int got;

	if (ctx == NULL || !begin(ctx, run, 0) ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
	    p + n) != 1 ||
	    (n > 0 && EVP_CipherUpdate(ctx, p, &got, p, (int)n) != 1))
		goto out;
	rc = EVP_CipherFinal_ex(ctx, p + n, &got) == 1 ?
	    NX_OK : NX_SEAL_BROKEN;
out:
	if (rc != NX_OK)
		ERR_clear_error();	/* the thread's next user of TLS */
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

static bool
has_seal_room(const struct nx_buf *out, size_t n)
{
	return !out->failed && n <= out->max - out->n;
}

/* Room was checked before: what goes wrong now is memory. */
static enum nx_rc
keep_or_undo(struct nx_buf *out, size_t before)
{
	if (nx_buf_ok(out))
		return NX_OK;
	out->failed = false;
	out->n = before;
	if (out->p != NULL)
		out->p[before] = '\0';
	return NX_NO_MEMORY;
}

enum nx_rc
nx_seal(const struct nx_keyring *ring, enum nx_purpose purpose,
    struct nx_slice context, struct nx_slice plain, struct nx_buf *out)
{
	const struct ring_key *key = &ring->keys[0];
	const size_t id_n = strlen(key->id), before = out->n;
	const size_t raw_n = plain.n + FRAME_BYTES;
	char header[VERSION_BYTES + NX_KEY_ID_MAX + 2] = VERSION;
	unsigned char *raw;
	struct run run = { .ring = ring, .context = context };
	enum nx_rc rc = NX_NO_MEMORY;

	assert((unsigned int)purpose < NX_PURPOSE_COUNT);
	assert(context.n <= NX_SEAL_PLAIN_MAX);
	if (plain.n > NX_SEAL_PLAIN_MAX || !has_seal_room(out,
	    VERSION_BYTES + id_n + 1 + (raw_n * 4 + 2) / 3))
		return NX_TOO_BIG;
	if ((raw = malloc(raw_n)) == NULL)
		return NX_NO_MEMORY;
	memcpy(header + VERSION_BYTES, key->id, id_n);
	header[VERSION_BYTES + id_n] = '.';
	nx_random(raw, NONCE_BYTES);
	run.key = key->derived[purpose];
	run.nonce = raw;
	run.header = nx_slice_str(header);
	if (encrypt(&run, plain, raw + NONCE_BYTES)) {
		nx_buf_slice_add(out, run.header);
		nx_base64url_add(out, raw, raw_n);
		rc = keep_or_undo(out, before);
	}
	free(raw);
	return rc;
}

/* `raw` is the decoded body. */
static enum nx_rc
open_body(struct run *run, struct nx_buf *raw, struct nx_buf *out)
{
	unsigned char *p = (unsigned char *)raw->p;
	const size_t before = out->n;
	size_t n;
	enum nx_rc rc;

	if (raw->n < FRAME_BYTES)
		return NX_MALFORMED;
	n = raw->n - FRAME_BYTES;
	if (!has_seal_room(out, n))
		return NX_TOO_BIG;
	run->nonce = p;
	if ((rc = decrypt(run, p + NONCE_BYTES, n)) != NX_OK)
		return rc;
	nx_buf_add(out, p + NONCE_BYTES, n);
	return keep_or_undo(out, before);
}

enum nx_rc
nx_unseal(const struct nx_keyring *ring, enum nx_purpose purpose,
    struct nx_slice context, struct nx_slice sealed, struct nx_buf *out)
{
	struct nx_buf raw = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX + FRAME_BYTES);
	struct run run = { .ring = ring, .context = context };
	const struct ring_key *key;
	struct sealed s;
	enum nx_rc rc;

	assert(out->secret);
	assert((unsigned int)purpose < NX_PURPOSE_COUNT);
	assert(context.n <= NX_SEAL_PLAIN_MAX);
	if (!split_sealed(sealed, &s))
		return NX_MALFORMED;
	if ((rc = base64url_strict(s.body, &raw)) != NX_OK)
		goto out;
	if ((key = ring_find(ring, s.id)) == NULL) {
		rc = NX_KEY_UNKNOWN;
		goto out;
	}
	run.key = key->derived[purpose];
	run.header = s.header;
	rc = open_body(&run, &raw, out);
out:
	nx_buf_free(&raw);
	return rc;
}
