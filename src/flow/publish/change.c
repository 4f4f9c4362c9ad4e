/*
 * change.c - change a post that is queued: merge what is new into what was
 * asked for, prepare that as if it were posted anew, and put it in the place
 * of the old.
 */

#include "nx/flow/publish/change.h"

#include <json-c/json.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/uuid.h"
#include "nx/flow/view/answer.h"
#include "nx/flow/account/scope.h"
#include "nx/flow/publish/posts.h"
#include "nx/flow/publish/when.h"
#include "nx/store/post_change.h"
#include "prepare.h"

enum {
	TRIES = 3,
};

static bool
names_member(struct json_object *obj, const char *member)
{
	return json_object_object_get_ex(obj, member, NULL);
}

enum nx_rc
nx_change_user(struct nx_ctx *ctx, struct nx_slice body,
    const char **user_id)
{
	struct json_object *patch;
	const char *named;
	enum nx_rc rc = nx_json_parse(body, &patch, &ctx->err);

	*user_id = NULL;
	if (rc != NX_OK)
		return rc;
	named = nx_json_str(patch, "user_id");
	if (names_member(patch, "user_id") && named == NULL)
		rc = nx_fail_for(&ctx->err, NX_INVALID, NX_WHY_NOT_EXPECTED,
		    NX_S("member", "user_id"), NX_S("expected", "a UUID"));
	else if (named != NULL &&
	    (*user_id = nx_arena_str(ctx->arena, named)) == NULL)
		rc = nx_fail(&ctx->err, NX_NO_MEMORY, "while reading");
	json_object_put(patch);
	return rc;
}

/* Does a header If-Match name this entity tag?  A proxy may weaken ours. */
static bool
is_named(const char *if_match, const char *etag)
{
	struct nx_slice rest = nx_slice_str(if_match);

	while (rest.n > 0) {
		struct nx_slice one = nx_slice_trim(nx_slice_cut(&rest, ','),
		    " \t");

		if (one.n > 2 && one.p[0] == 'W' && one.p[1] == '/')
			one.p += 2, one.n -= 2;
		if (nx_slice_is(one, etag) || nx_slice_is(one, "*"))
			return true;
	}
	return false;
}

/* One change on its way. */
struct edit {
	const struct nx_change_ask	*what;
	struct json_object		*patch;	/* its body */
	struct nx_stored_post		 old, made;
	struct nx_publish_ask		 ask;	/* what `made` is made from */
	bool				 keeps_place;
};

/* An older version kept nothing of a thread but its parts. */
static bool
is_only_parts(const struct nx_stored_post *post)
{
	return post->nparts > 1 && post->source == NULL;
}

/* May this post, as it is now, be changed by this caller? */
static enum nx_rc
permit_change(struct nx_ctx *ctx, const struct nx_stored_post *post,
    const char *if_match)
{
	char etag[NX_ETAG_MAX];

	if (!nx_post_waits(post))
		return nx_fail_for(&ctx->err, NX_POST_BEGUN,
		    post->state == NX_POST_STATE_QUEUED ? NX_WHY_POST_BEGINS :
		    NX_WHY_POST_IS, NX_S("id", post->id), NX_S("state",
		    nx_post_state_name(nx_shown_state(post))));
	nx_answer_etag(post, etag);
	return if_match == NULL || is_named(if_match, etag) ? NX_OK :
	    nx_fail(&ctx->err, NX_POST_CHANGED, "If-Match does not name"
	    " the post's ETag.");
}

/* What was asked for, with what is new in its place. */
static enum nx_rc
merge_patch(struct nx_ctx *ctx, struct edit *e)
{
	struct nx_buf text = NX_BUF(NX_REQUEST_TEXT_MAX);
	struct json_object *whole;
	bool good = true;
	enum nx_rc rc;

	nx_answer_request(&e->old, &text);
	rc = nx_json_parse(nx_buf_slice(&text), &whole, &ctx->err);
	nx_buf_free(&text);
	if (rc != NX_OK)
		return rc;
	if (is_only_parts(&e->old))
		good = json_object_object_add(whole, "text",
		    json_object_new_string_len(e->old.parts[0].text.p,
		    (int)e->old.parts[0].text.n)) == 0;
	/* What waits since then keeps its place; the time has passed. */
	if (e->old.publish_at <= nx_clock_wall())
		json_object_object_del(whole, "publish_at");
	json_object_object_foreach(e->patch, member, value) {
		good = json_object_object_add(whole, member,
		    json_object_get(value)) == 0 && good;
	}
	rc = good ? nx_publish_read(ctx, whole, &e->ask) :
	    nx_fail(&ctx->err, NX_NO_MEMORY, "while reading the body");
	json_object_put(whole);
	e->ask.user_id = e->what->user_id;
	return rc;
}

/* The account must be there, be the user's and be allowed to post. */
static enum nx_rc
check_author(struct nx_ctx *ctx, const struct nx_publish_ask *ask)
{
	struct nx_store_ask store = nx_ctx_store(ctx);
	struct nx_connection author;
	enum nx_rc rc = nx_connection_pick(&store, ask->user_id,
	    ask->connection_id, &author, &ctx->err);

	return rc != NX_OK ? rc :
	    nx_scope_need(ctx, &author, "tweet.write");
}

/*
 * Of a thread that an older version has stored only the parts are known: as
 * long as nothing about its text changes, they stay.
 */
static enum nx_rc
keep_parts(struct nx_ctx *ctx, struct edit *e)
{
	if (names_member(e->patch, "on_long") ||
	    names_member(e->patch, "link") ||
	    names_member(e->patch, "numbering"))
		return nx_fail(&ctx->err, NX_INVALID, "text must be given as"
		    " well: only the parts of this post were kept.");
	e->made.parts = e->old.parts;
	e->made.nparts = e->old.nparts;
	e->made.price = e->old.price;
	e->made.warnings = e->old.warnings;
	e->made.source = NULL;
	return NX_OK;
}

/* The post as it would be stored anew. */
static enum nx_rc
make_changed(struct nx_ctx *ctx, struct edit *e)
{
	const char *const before = e->old.connection_id;
	enum nx_rc rc = merge_patch(ctx, e);

	memset(&e->made, 0, sizeof(e->made));
	if (rc != NX_OK || (rc = check_author(ctx, &e->ask)) != NX_OK ||
	    (e->ask.publish_at != 0 &&
	    (rc = nx_when_check(e->ask.publish_at, nx_clock_wall(),
	    &ctx->err)) != NX_OK) ||
	    (rc = nx_publish_prepare(ctx, &e->ask, &e->made)) != NX_OK)
		return rc;
	e->keeps_place = !names_member(e->patch, "publish_at") &&
	    nx_uuid_same(e->ask.connection_id, before);
	if (is_only_parts(&e->old) && !names_member(e->patch, "text"))
		rc = keep_parts(ctx, e);
	e->made.connection_id = e->ask.connection_id;
	e->made.state = NX_POST_STATE_DRY_RUN;
	return rc;
}

static enum nx_rc
put_changed(struct nx_ctx *ctx, const struct edit *e,
    struct nx_stored_post *out, bool *changed)
{
	struct nx_store_ask store = nx_ctx_store(ctx);
	char hash[NX_SHA256_HEX + 1], lease[NX_UUID_LEN + 1];
	const struct nx_post_change change = {
		.id = e->old.id,
		.user_id = e->old.user_id,
		.version = e->old.version,
		.connection_id = e->ask.connection_id,
		.old_connection_id = e->old.connection_id,
		.body_hash = hash,
		.options = e->made.options,
		.warnings = e->made.warnings,
		.source = e->made.source,
		.lease = lease,
		.price = e->made.price,
		.publish_at = e->made.publish_at,
		.keeps_place = e->keeps_place,
		.parts = e->made.parts,
		.nparts = e->made.nparts,
	};
	enum nx_rc rc = nx_publish_hash(ctx, &e->ask, e->made.options, hash);

	if (rc != NX_OK)
		return rc;
	nx_uuid_random(lease);
	rc = nx_post_change(&store, &change, out, changed, &ctx->err);
	out->source = e->made.source;
	return rc;
}

/* One try; `*changed` is false when somebody was at it in between. */
static enum nx_rc
change_once(struct nx_ctx *ctx, struct edit *e, struct nx_published *out,
    bool *changed)
{
	struct nx_store_ask store = nx_ctx_store(ctx);
	enum nx_rc rc = nx_post_get(&store, e->what->user_id, e->what->id,
	    &e->old, &ctx->err);

	*changed = false;
	if (rc != NX_OK ||
	    (rc = permit_change(ctx, &e->old, e->what->if_match)) != NX_OK ||
	    (rc = make_changed(ctx, e)) != NX_OK)
		return rc;
	out->in_full = true;
	if (!e->ask.dry_run)
		return put_changed(ctx, e, &out->post, changed);
	out->post = e->made;
	*changed = true;
	return NX_OK;
}

enum nx_rc
nx_posts_change(struct nx_ctx *ctx, const struct nx_change_ask *ask,
    struct nx_published *out)
{
	struct edit e = { .what = ask };
	bool changed = false;
	enum nx_rc rc = nx_json_parse(ask->body, &e.patch, &ctx->err);

	memset(out, 0, sizeof(*out));
	for (int i = 0; rc == NX_OK && !changed && i < TRIES; i++)
		rc = change_once(ctx, &e, out, &changed);
	json_object_put(e.patch);
	if (rc == NX_OK && !changed)
		return nx_fail_for(&ctx->err, NX_POST_BUSY,
		    NX_WHY_POST_CHANGING, NX_S("id", ask->id));
	if (rc != NX_OK || e.ask.dry_run || e.keeps_place ||
	    e.made.publish_at != 0)
		return rc;
	rc = nx_posts_send_now(ctx, ask->user_id, ask->id, out);
	ctx->err.post_id = rc == NX_OK ? NULL : out->post.id;
	return rc;
}
