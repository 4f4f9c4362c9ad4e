/* keys.c - the key ring against what is stored. */

#include "nx/flow/account/keys.h"

#include "nx/base/base64.h"
#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/base/random.h"

enum { CHECK_MS = 4000 };

/* The first of the ids that the ring lacks; NULL: none. */
static const char *
lacking(const struct nx_keyring *ring, const struct nx_keys_in_use *in_use)
{
	for (size_t i = 0; i < in_use->n; i++) {
		if (!nx_keyring_has(ring, nx_slice_str(in_use->ids[i])))
			return in_use->ids[i];
	}
	return NULL;
}

/* As it may stand in a message: whoever wrote it need not have been us. */
static const char *
plain(const char *id)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t n = strspn(id, chars);

	return n > 0 && n <= NX_KEY_ID_MAX && id[n] == '\0' ? id :
	    "(not an id)";
}

static enum nx_rc
check_ring(const struct nx_ctx *ctx, struct nx_err *err)
{
	const struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_keys_in_use in_use;
	const char *id;
	enum nx_rc rc;

	rc = nx_keys_in_use(&ask, &in_use, err);
	if (rc == NX_SCHEMA_OLD)
		return rc;
	if (rc != NX_OK) {
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, NULL,
		    "keys.not_checked", NX_S("detail", err->detail));
		return NX_OK;
	}
	if ((id = lacking(ctx->app->ring, &in_use)) == NULL)
		return NX_OK;
	return nx_fail(err, NX_KEY_UNKNOWN, "The database holds tokens that"
	    " were sealed with key %s, which is not in NEXUS_KEYS.",
	    plain(id));
}

enum nx_rc
nx_keys_check(const struct nx_app *app, struct nx_err *err)
{
	struct nx_ctx ctx = {
		.app = app,
		.arena = nx_arena_new(NX_ARENA_MAX),
		.deadline = nx_clock_mono() + CHECK_MS,
	};
	enum nx_rc rc;

	if (ctx.arena == NULL)
		return nx_fail(err, NX_NO_MEMORY, "at the start");
	rc = check_ring(&ctx, err);
	nx_arena_free(ctx.arena);
	return rc;
}

static bool
is_in_use(const struct nx_keys_in_use *in_use, const char *id)
{
	for (size_t i = 0; i < in_use->n; i++) {
		if (strcmp(in_use->ids[i], id) == 0)
			return true;
	}
	return false;
}

static void
list_idle(const struct nx_keyring *ring, struct nx_rekeyed *out)
{
	const char *id;

	for (size_t i = 1; (id = nx_keyring_id(ring, i)) != NULL; i++) {
		if (!is_in_use(&out->in_use, id))
			out->may_go[out->nmay_go++] = id;
	}
}

enum nx_rc
nx_rekey(struct nx_ctx *ctx, struct nx_rekeyed *out)
{
	struct nx_store_ask ask;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	do {
		nx_arena_reset(ctx->arena);
		ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
		ask = nx_ctx_store(ctx);
		ask.deadline = ctx->deadline;
		rc = nx_rekey_batch(&ask, &out->rows, &ctx->err);
	} while (rc == NX_OK && !out->rows.finished);
	if (rc == NX_OK)
		rc = nx_keys_in_use(&ask, &out->in_use, &ctx->err);
	if (rc == NX_OK)
		list_idle(ctx->app->ring, out);
	return rc;
}

enum nx_rc
nx_keys_throw_away(struct nx_keyring **out, struct nx_err *err)
{
	struct nx_buf text = NX_BUF_SECRET(NX_RING_TEXT_MAX);
	unsigned char key[NX_KEY_BYTES];
	enum nx_rc rc;

	*out = NULL;
	nx_random(key, sizeof(key));
	nx_buf_adds(&text, "dry-run:");
	nx_base64_add(&text, key, sizeof(key));
	rc = nx_buf_ok(&text) ?
	    nx_keyring_parse(nx_buf_str(&text), out, err) :
	    nx_fail(err, NX_NO_MEMORY, "for a key");
	nx_buf_free(&text);
	return rc;
}
