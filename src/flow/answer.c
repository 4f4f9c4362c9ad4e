/* answer.c - the JSON shapes of the contract. */

#include "nx/flow/answer.h"

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/flow/scopes.h"
#include "nx/x/price.h"

enum { URL_MAX = 200, WARNINGS_MAX = 4096, REMEDY_MAX = 4096 };

void
nx_answer_problem(const struct nx_err *err, const char *request_id,
    struct nx_buf *out)
{
	const char *code = nx_rc_code(err->rc);
	struct nx_buf remedy = NX_BUF(REMEDY_MAX);
	struct nx_jw w = { .out = out };
	char type[128];

	(void)snprintf(type, sizeof(type), "urn:nexus-x:error:%s", code);
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "type", type);
	nx_jw_str(&w, "title", nx_rc_title(err->rc));
	nx_jw_i64(&w, "status", nx_rc_status(err->rc));
	nx_jw_str(&w, "detail", err->detail);
	nx_jw_str(&w, "code", code);
	nx_buf_adds(&remedy, nx_rc_remedy(err->rc));
	if (err->connect_url != NULL)
		nx_buf_addf(&remedy, " The way there is %s",
		    err->connect_url);
	nx_jw_str(&w, "remedy", nx_buf_str(&remedy));
	if (err->connect_url != NULL)
		nx_jw_str(&w, "connect_url", err->connect_url);
	nx_buf_free(&remedy);
	nx_jw_str(&w, "request_id", request_id);
	if (err->retry_after > 0)
		nx_jw_i64(&w, "retry_after", err->retry_after);
	if (err->x.status != 0) {
		nx_jw_open(&w, "x", '{');
		nx_jw_i64(&w, "status", err->x.status);
		nx_jw_str(&w, "type", err->x.type);
		nx_jw_str(&w, "title", err->x.title);
		nx_jw_str(&w, "detail", err->x.detail);
		nx_jw_close(&w, '}');
	}
	nx_jw_close(&w, '}');
}

static void
add_scopes(struct nx_jw *w, const char *key, const char *scopes)
{
	struct nx_slice rest = nx_slice_str(scopes);

	nx_jw_open(w, key, '[');
	while (rest.n > 0) {
		struct nx_slice one = nx_slice_cut(&rest, ' ');

		if (one.n > 0)
			nx_jw_slice(w, NULL, one);
	}
	nx_jw_close(w, ']');
}

static void
add_connection(struct nx_jw *w, const struct nx_conf *conf,
    struct nx_arena *arena, const struct nx_connection *c)
{
	const char *scopes = c->scopes == NULL ? "" : c->scopes;
	const char *missing = nx_scopes_missing(arena, conf->scopes, scopes);
	bool connected = strcmp(c->status, "connected") == 0;
	char url[URL_MAX];

	(void)snprintf(url, sizeof(url), "https://x.com/%s", c->username);
	nx_jw_open(w, NULL, '{');
	nx_jw_str(w, "id", c->id);
	nx_jw_str(w, "user_id", c->user_id);
	nx_jw_str(w, "platform", "twitter");
	nx_jw_str(w, "platform_user_id", c->x_user_id);
	nx_jw_str(w, "username", c->username);
	nx_jw_str(w, "name", c->name);
	nx_jw_str(w, "profile_url", url);
	nx_jw_str(w, "status", c->status);
	nx_jw_str(w, "status_reason", c->status_reason);
	add_scopes(w, "scopes", scopes);
	add_scopes(w, "missing_scopes",
	    missing == NULL || !connected ? "" : missing);
	nx_jw_bool(w, "can_post",
	    connected && nx_scopes_have(scopes, "tweet.write"));
	nx_jw_bool(w, "renews_itself", connected && c->has_refresh_token &&
	    !c->refresh_refused);
	nx_jw_time(w, "connected_at", c->connected_at);
	nx_jw_time(w, "token_expires_at", c->token_expires_at);
	nx_jw_time(w, "last_success_at", c->last_success_at);
	nx_jw_close(w, '}');
}

void
nx_answer_connection(const struct nx_conf *conf, struct nx_arena *arena,
    const struct nx_connection *c, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	add_connection(&w, conf, arena, c);
}

void
nx_answer_connections(const struct nx_conf *conf, struct nx_arena *arena,
    const struct nx_connection *list, size_t n, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_open(&w, "connections", '[');
	for (size_t i = 0; i < n; i++)
		add_connection(&w, conf, arena, &list[i]);
	nx_jw_close(&w, ']');
	nx_jw_close(&w, '}');
}

/* NULL when the part has no id at X. */
static const char *
part_url(const struct nx_stored_post *post, const struct nx_stored_part *part,
    char out[URL_MAX])
{
	if (part->post_id == NULL)
		return NULL;
	(void)snprintf(out, URL_MAX, "https://x.com/%s/status/%s",
	    post->username == NULL ? "i" : post->username, part->post_id);
	return out;
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
	char url[URL_MAX];

	nx_jw_open(w, "parts", '[');
	for (size_t i = 0; i < post->nparts; i++) {
		const struct nx_stored_part *part = &post->parts[i];

		nx_jw_open(w, NULL, '{');
		nx_jw_i64(w, "position", (int64_t)i);
		nx_jw_slice(w, "text", part->text);
		nx_jw_i64(w, "weighted_length", part->weighted_length);
		nx_jw_open(w, "media_ids", '[');
		nx_jw_close(w, ']');
		nx_jw_str(w, "state", part->state);
		nx_jw_str(w, "post_id", part->post_id);
		nx_jw_str(w, "url", part_url(post, part, url));
		nx_jw_close(w, '}');
	}
	nx_jw_close(w, ']');
}

/* Those of the text are stored as a JSON array; ours goes behind them. */
static void
add_warnings(struct nx_jw *w, const struct nx_published *p)
{
	struct nx_slice stored = nx_slice_str(p->post.warnings);

	stored = nx_slice_trim(stored, "[] ");
	nx_jw_open(w, "warnings", '[');
	nx_buf_slice_add(w->out, stored);
	w->comma = stored.n > 0;
	if (p->unrecorded)
		nx_jw_str(w, NULL, "X has it, but our record of it could not"
		    " be completed: do not send it again.");
	nx_jw_close(w, ']');
}

void
nx_answer_post(const struct nx_published *p, struct nx_buf *out)
{
	const struct nx_stored_post *post = &p->post;
	const struct nx_stored_part *first = post->parts;
	struct nx_jw w = { .out = out };
	char price[NX_PRICE_TEXT], url[URL_MAX];

	nx_price_text(post->price, price);
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "id", post->id);
	nx_jw_str(&w, "state", post->state);
	nx_jw_str(&w, "connection_id", post->connection_id);
	nx_jw_str(&w, "post_id", post->nparts == 0 ? NULL : first->post_id);
	nx_jw_str(&w, "url", post->nparts == 0 ? NULL :
	    part_url(post, first, url));
	add_parts(&w, post);
	nx_jw_null(&w, "metrics");
	nx_jw_open(&w, "limits", '{');
	add_window(&w, "user_15min", &p->limits.quarter);
	add_window(&w, "user_24h", &p->limits.user_day);
	add_window(&w, "app_24h", &p->limits.app_day);
	nx_jw_close(&w, '}');
	nx_jw_str(&w, "cost_usd", price);
	add_warnings(&w, p);
	if (post->error != NULL)
		nx_jw_raw(&w, "error", post->error);
	if (strcmp(post->state, "unknown") == 0)
		nx_jw_str(&w, "remedy", nx_rc_remedy(NX_OUTCOME_UNKNOWN));
	nx_jw_close(&w, '}');
}

const char *
nx_answer_warnings(struct nx_arena *arena, const struct nx_composed *made)
{
	struct nx_buf json = NX_BUF(WARNINGS_MAX);
	struct nx_jw w = { .out = &json };
	const char *text;

	nx_jw_open(&w, NULL, '[');
	if (made->truncated)
		nx_jw_str(&w, NULL, "The text was longer than X allows and"
		    " was cut; the parts show what is sent.");
	if (made->count > 1)
		nx_jw_str(&w, NULL, "The text was split into a thread; each"
		    " part is charged on its own.");
	if (made->has_url)
		nx_jw_str(&w, NULL, "It holds a link, so X charges 0.2000"
		    " instead of 0.0150 US dollars for it.");
	nx_jw_close(&w, ']');
	text = nx_arena_slice(arena, nx_buf_slice(&json));
	nx_buf_free(&json);
	return text;
}
