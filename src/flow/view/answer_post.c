/* answer_post.c - the one JSON shape of a post, wherever it is shown. */

#include "nx/flow/view/answer.h"

#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/x/link.h"
#include "nx/x/price.h"
#include "problem.h"
#include "reason.h"
#include "shown.h"

#define STATUS_PATH "/api/twitter/posts/"

static const char *
part_state(const struct nx_stored_post *post,
    const struct nx_stored_part *part)
{
	return nx_part_state_name(post->is_stranded &&
	    part->state == NX_PART_SENDING ? NX_PART_UNKNOWN : part->state);
}

/* NULL when the part is not at X. */
static const char *
part_url(const struct nx_stored_post *post, const struct nx_stored_part *part,
    char out[NX_X_URL_MAX])
{
	if (part->post_id == NULL || part->state == NX_PART_DELETED)
		return NULL;
	nx_x_post_url(post->username, part->post_id, out);
	return out;
}

static void
add_error(struct nx_jw *w, const struct nx_post_error *error)
{
	if (error == NULL) {
		nx_jw_null(w, "error");
		return;
	}
	nx_answer_problem_open(w, "error", &error->err, error->request_id);
	nx_jw_close(w, '}');
}

static void
add_window(struct nx_jw *w, const char *key, const struct nx_window *window)
{
	if (!window->known)
		return;
	nx_jw_open(w, key, '{');
	nx_jw_i64(w, "limit", window->limit);
	nx_jw_i64(w, "remaining", window->remaining);
	nx_jw_time(w, "reset_at", window->reset);
	nx_jw_close(w, '}');
}

static void
add_parts(struct nx_jw *w, const struct nx_stored_post *post)
{
	char url[NX_X_URL_MAX];

	nx_jw_open(w, "parts", '[');
	for (size_t i = 0; i < post->nparts; i++) {
		const struct nx_stored_part *part = &post->parts[i];

		nx_jw_open(w, NULL, '{');
		nx_jw_i64(w, "position", (int64_t)i);
		nx_jw_slice(w, "text", part->text);
		nx_jw_i64(w, "weighted_length", part->weighted_length);
		nx_jw_open(w, "media_ids", '[');
		nx_jw_close(w, ']');
		nx_jw_str(w, "state", part_state(post, part));
		nx_jw_str(w, "post_id", part->post_id);
		nx_jw_str(w, "url", part_url(post, part, url));
		nx_jw_time(w, "sent_at", part->sent_at);
		add_error(w, part->error);
		nx_jw_close(w, '}');
	}
	nx_jw_close(w, ']');
}

static void
add_warning(struct nx_jw *w, const struct nx_post_warning *one)
{
	struct nx_buf text = NX_BUF(NX_WARNING_MAX);

	if (one->sentence != NULL)
		nx_buf_adds(&text, one->sentence);
	else
		nx_words_add(&text, nx_warning_sentence(one->warning),
		    one->args);
	nx_jw_slice(w, NULL, nx_buf_slice(&text));
	nx_buf_free(&text);
}

/* As sentences, and in the same order as codes with their arguments. */
static void
add_warnings(struct nx_jw *w, const struct nx_published *p)
{
	static const struct nx_post_warning unrecorded = {
		.warning = NX_WARN_UNRECORDED,
	};
	const struct nx_post_warnings all = p->post.warnings;

	nx_jw_open(w, "warnings", '[');
	for (size_t i = 0; i < all.n; i++)
		add_warning(w, &all.all[i]);
	if (p->unrecorded)
		add_warning(w, &unrecorded);
	nx_jw_close(w, ']');
	nx_jw_open(w, "warning_codes", '[');
	for (size_t i = 0; i < all.n + p->unrecorded; i++) {
		const struct nx_post_warning *one = i < all.n ? &all.all[i] :
		    &unrecorded;

		nx_jw_open(w, NULL, '{');
		nx_jw_str(w, "code", one->sentence != NULL ? NULL :
		    nx_warning_code(one->warning));
		nx_words_args(w, "args", one->args);
		nx_jw_close(w, '}');
	}
	nx_jw_close(w, ']');
}

static void
add_reason(struct nx_jw *w, const struct nx_stored_post *post)
{
	struct nx_buf text = NX_BUF(NX_REASON_MAX);
	struct nx_why why;

	nx_why(post, &why);
	nx_why_text(&why, &text);
	nx_jw_str(w, "reason", text.n == 0 ? NULL : nx_buf_str(&text));
	nx_jw_str(w, "reason_code", why.reason == NX_WHY_NONE ? NULL :
	    nx_reason_code(why.reason));
	nx_words_args(w, "reason_args", why.args);
	nx_buf_free(&text);
}

static void
add_can(struct nx_jw *w, const struct nx_stored_post *post)
{
	static const struct { unsigned int what; const char *name; } all[] = {
		{ NX_CAN_RESUME, "resume" }, { NX_CAN_DELETE, "delete" },
		{ NX_CAN_CANCEL, "cancel" },
	};
	const unsigned int can = post->id == NULL ? 0 : nx_shown_can(post);

	nx_jw_open(w, "can", '[');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if ((can & all[i].what) != 0)
			nx_jw_str(w, NULL, all[i].name);
	}
	nx_jw_close(w, ']');
}

/* Where to look: at our record of it, and at X. */
static void
add_places(struct nx_jw *w, const struct nx_stored_post *post)
{
	const struct nx_stored_part *first = post->parts;
	char url[NX_X_URL_MAX], path[sizeof(STATUS_PATH) + NX_UUID_LEN];

	nx_jw_str(w, "post_id", post->nparts == 0 ? NULL : first->post_id);
	nx_jw_str(w, "url", post->nparts == 0 ? NULL :
	    part_url(post, first, url));
	(void)snprintf(path, sizeof(path), STATUS_PATH "%s",
	    post->id == NULL ? "" : post->id);
	nx_jw_str(w, "status_url", post->id == NULL ? NULL : path);
	if (post->username != NULL)
		nx_x_profile_url(post->username, url);
	nx_jw_str(w, "profile_url", post->username == NULL ? NULL : url);
}

static void
add_limits(struct nx_jw *w, const struct nx_windows *limits)
{
	nx_jw_open(w, "limits", '{');
	add_window(w, "user_15min", &limits->quarter);
	add_window(w, "user_24h", &limits->user_day);
	add_window(w, "app_24h", &limits->app_day);
	nx_jw_close(w, '}');
}

/* The members of an object that is JSON text already. */
static void
add_members(struct nx_jw *w, const char *object)
{
	struct nx_slice s = nx_slice_str(object);

	if (s.n <= sizeof("{}") - 1)
		return;
	if (w->comma)
		nx_buf_addc(w->out, ',');
	nx_buf_slice_add(w->out, (struct nx_slice){ s.p + 1, s.n - 2 });
	w->comma = true;
}

static void
add_request(struct nx_jw *w, const char *key,
    const struct nx_stored_post *post)
{
	const char *source = post->source;

	nx_jw_open(w, key, '{');
	/* Quotes within a string are escaped: this is the member. */
	if ((source == NULL || strstr(source, "\"text\":") == NULL) &&
	    post->nparts == 1)
		nx_jw_slice(w, "text", post->parts[0].text);
	add_members(w, source);
	nx_jw_str(w, "connection_id", post->connection_id);
	if (post->publish_at != 0)
		nx_jw_time(w, "publish_at", post->publish_at);
	add_members(w, post->options);
	nx_jw_close(w, '}');
}

void
nx_answer_request(const struct nx_stored_post *post, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	add_request(&w, NULL, post);
}

void
nx_answer_etag(const struct nx_stored_post *post, char out[NX_ETAG_MAX])
{
	*out = '\0';
	if (post->version != 0)
		(void)snprintf(out, NX_ETAG_MAX, "\"%llx\"",
		    (unsigned long long)post->version);
}

static void
add_post(struct nx_jw *w, const struct nx_published *p)
{
	const struct nx_stored_post *post = &p->post;
	const enum nx_post_state state = nx_shown_state(post);
	char price[NX_PRICE_TEXT], etag[NX_ETAG_MAX];

	nx_answer_etag(post, etag);
	nx_price_text(post->price, price);
	nx_jw_open(w, NULL, '{');
	nx_jw_str(w, "id", post->id);
	nx_jw_str(w, "etag", *etag == '\0' ? NULL : etag);
	nx_jw_str(w, "state", nx_post_state_name(state));
	add_reason(w, post);
	add_can(w, post);
	nx_jw_str(w, "connection_id", post->connection_id);
	add_places(w, post);
	nx_jw_time(w, "created_at", post->created_at);
	nx_jw_time(w, "publish_at", post->publish_at);
	nx_jw_time(w, "next_try_at", post->next_try_at);
	add_parts(w, post);
	nx_jw_null(w, "metrics");
	add_limits(w, &p->limits);
	nx_jw_str(w, "cost_usd", price);
	add_warnings(w, p);
	add_error(w, post->error);
	if (state == NX_POST_STATE_UNKNOWN)
		nx_jw_str(w, "remedy", nx_rc_remedy(NX_OUTCOME_UNKNOWN));
	if (p->in_full)
		add_request(w, "request", post);
	nx_jw_close(w, '}');
}

void
nx_answer_post(const struct nx_published *p, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	add_post(&w, p);
}

void
nx_answer_posts(const struct nx_post_page *page, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };
	size_t i = 0;

	nx_jw_open(&w, NULL, '{');
	nx_jw_open(&w, "posts", '[');
	while (i < page->n && out->n <= NX_POSTS_PAGE_BYTES_MAX)
		add_post(&w, &(struct nx_published){
		    .post = page->posts[i++] });
	nx_jw_close(&w, ']');
	nx_jw_str(&w, "next", i > 0 && (i < page->n || page->more) ?
	    page->posts[i - 1].id : NULL);
	nx_jw_close(&w, '}');
}
