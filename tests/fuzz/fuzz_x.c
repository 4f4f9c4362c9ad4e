/*
 * fuzz_x.c - any answer of X to each of our questions.
 *
 * The first bytes choose the question, the status, and how the call ended;
 * the rest is the body, after an empty line what a second answer holds.
 * http.c is replaced.  Whatever comes: one class with honest words, a
 * create without an id is never done, and what is taken from an answer is
 * within its bounds.
 */

#include <string.h>

#include "fuzz.h"
#include "nx/base/clock.h"
#include "nx/x/id.h"
#include "nx/x/posts.h"
#include "nx/x/timeline.h"
#include "nx/x/users.h"
#include "x/media.h"

enum { ARENA_MAX = 8 << 20, ASKED_MAX = 6, A_MONTH = 31 * 24 * 3600 };

static const int statuses[] = { 200, 201, 204, 299, 302, 400, 401, 402, 403,
    404, 409, 413, 418, 429, 500, 503 };

static const struct nx_conf conf = {
	.client_id = "client", .redirect_uri = "https://nexus.example/cb",
	.authorize_url = "https://x.com/i/oauth2/authorize",
	.api_url = "https://api.x.com",
	.token_url = "https://api.x.com/2/oauth2/token",
	.revoke_url = "https://api.x.com/2/oauth2/revoke",
};

/* What X says next. */
static struct {
	struct nx_http_answer	 answer;
	struct nx_slice		 more;		/* the next body */
	int			 asked;
	bool			 forgotten;	/* what was said last */
} script;

void	__wrap_nx_http_do(struct nx_http *http,
	    const struct nx_http_ask *ask, struct nx_http_answer *out);

void
__wrap_nx_http_do(struct nx_http *http, const struct nx_http_ask *ask,
    struct nx_http_answer *out)
{
	(void)http;
	CHECK(ask->url != NULL && strncmp(ask->url, "https://", 8) == 0);
	for (const char *p = ask->url; *p != '\0'; p++)
		CHECK(*p > 0x20 && *p < 0x7f);
	CHECK(++script.asked <= ASKED_MAX);
	script.forgotten = false;
	*out = script.answer;
	if (script.more.p != NULL) {
		script.answer.status = 200;
		script.answer.body = script.more;
		script.more.p = NULL;
	}
}

/* The answer's memory is wiped: from then on nothing may be read there. */
void	__wrap_nx_http_forget(struct nx_http *http);

void
__wrap_nx_http_forget(struct nx_http *http)
{
	(void)http;
	script.forgotten = true;
}

static void
check_words(const struct nx_err_x *x)
{
	CHECK(memchr(x->type, '\0', sizeof(x->type)) != NULL);
	CHECK(memchr(x->title, '\0', sizeof(x->title)) != NULL);
	CHECK(memchr(x->detail, '\0', sizeof(x->detail)) != NULL);
	CHECK(fuzz_is_text(x->type, strlen(x->type)));
	CHECK(fuzz_is_text(x->title, strlen(x->title)));
	CHECK(fuzz_is_text(x->detail, strlen(x->detail)));
}

static void
check_verdict(enum nx_act act, const struct nx_verdict *v)
{
	const int64_t now = nx_clock_wall();
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc;

	CHECK((unsigned int)v->class < NX_CLASS_COUNT);
	CHECK(nx_class_name(v->class) != NULL);
	check_words(&v->x);
	CHECK(v->retry_at == 0 || v->retry_at <= now + A_MONTH);
	if (v->class == NX_CLASS_DONE) {
		CHECK(script.answer.outcome == NX_HTTP_ANSWERED);
		return;
	}
	rc = nx_verdict_fail(act, v, now, &err);
	CHECK(rc != NX_OK && rc == err.rc && err.detail[0] != '\0');
	CHECK(fuzz_is_text(err.detail, strlen(err.detail)));
	CHECK(err.retry_after >= 0 && err.retry_after <= A_MONTH);
	check_words(&err.x);
}

static bool
is_visible(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s < 0x20 || *s >= 0x7f)
			return false;
	}
	return true;
}

static void
check_grant(const struct nx_x *x, enum nx_act act)
{
	const int64_t now = nx_clock_wall();
	struct nx_verdict v;
	struct nx_grant g;

	if (act == NX_ACT_CODE)
		nx_oauth_exchange(x, "code", "verifier", &g, &v);
	else
		nx_oauth_refresh(x, "refresh-token", &g, &v);
	check_verdict(act, &v);
	/* The request leaves once, whatever the answer. */
	CHECK(script.asked == 1);
	if (v.class != NX_CLASS_DONE)
		return;
	CHECK(script.forgotten);
	CHECK(g.access_token != NULL && g.access_token[0] != '\0');
	CHECK(is_visible(g.access_token));
	CHECK(g.refresh_token == NULL || (g.refresh_token[0] != '\0' &&
	    is_visible(g.refresh_token)));
	CHECK(g.scopes == NULL || is_visible(g.scopes));
	CHECK(g.expires_at > now && g.expires_at <= now + A_MONTH);
}

static void
check_user(const struct nx_x *x)
{
	struct nx_x_user u;
	struct nx_verdict v;

	nx_users_me(x, "access-token", &u, &v);
	check_verdict(NX_ACT_READ, &v);
	if (v.class != NX_CLASS_DONE) {
		CHECK(u.id == NULL && u.username == NULL);
		return;
	}
	CHECK(nx_x_id_is_good(u.id) && u.username != NULL);
	CHECK(u.username[0] != '\0' && is_visible(u.username));
	CHECK(u.name == NULL || fuzz_is_text(u.name, strlen(u.name)));
}

static void
check_timeline(const struct nx_x *x)
{
	const struct nx_timeline_ask ask = { .x_user_id = "2244994945" };
	struct nx_timeline t;
	struct nx_verdict v;

	nx_timeline_read(x, "access-token", &ask, &t, &v);
	check_verdict(NX_ACT_READ, &v);
	if (v.class != NX_CLASS_DONE) {
		CHECK(t.n == 0 && t.next == NULL && !t.complete);
		return;
	}
	CHECK(t.next == NULL || t.next[0] != '\0');
	for (size_t i = 0; i < t.n; i++) {
		const struct nx_x_entry *e = &t.entries[i];

		CHECK(nx_x_id_is_good(e->id));
		CHECK(fuzz_is_text(e->text.p, e->text.n));
		CHECK(e->reply_to == NULL || e->reply_to[0] != '\0');
		for (size_t k = 0; k < e->nlinks; k++)
			CHECK(e->links[k].shown != NULL);
	}
}

static void
check_create(const struct nx_x *x)
{
	const struct nx_x_post post = { .text = NX_SLICE("Hello") };
	struct nx_x_posted out;
	struct nx_verdict v;

	nx_x_post_create(x, "access-token", &post, &out, &v);
	check_verdict(NX_ACT_CREATE, &v);
	CHECK(script.asked == 1);
	CHECK((v.class == NX_CLASS_DONE) == (out.id != NULL));
	CHECK(out.id == NULL || nx_x_id_is_good(out.id));
}

static void
check_medium(const struct nx_x *x)
{
	struct nx_x_medium m;
	struct nx_verdict v;

	nx_x_media_status(x, "access-token", "123", &m, &v);
	check_verdict(NX_ACT_UPLOAD, &v);
	CHECK(script.asked == 1);
	CHECK(v.class != NX_CLASS_DONE ||
	    nx_x_hitch_of(&v) == NX_X_NO_HITCH);
	CHECK((v.class == NX_CLASS_DONE) == (m.id != NULL));
	if (m.id == NULL)
		return;
	CHECK(nx_x_id_is_good(m.id) && m.expires_in >= 0);
	CHECK(m.check_after >= 1 && m.percent >= -1 && m.percent <= 100);
	CHECK(m.why == NULL || fuzz_is_text(m.why, strlen(m.why)));
	CHECK(m.processing == NX_X_FAILED || m.why == NULL);
}

static void
check_rest(const struct nx_x *x, enum nx_act act)
{
	struct nx_verdict v;

	if (act == NX_ACT_DELETE)
		nx_x_post_delete(x, "access-token", "123", &v);
	else
		nx_oauth_revoke(x, "refresh-token", "refresh_token", &v);
	check_verdict(act, &v);
}

static void
set_script(struct nx_slice in)
{
	const unsigned int how = fuzz_byte(&in), wait = fuzz_byte(&in);
	const char *next;

	memset(&script, 0, sizeof(script));
	if (how >= 0xf0) {
		script.answer.outcome = how % 2 == 0 ? NX_HTTP_LOST :
		    NX_HTTP_NOT_SENT;
		memcpy(script.answer.why, "it went away", 13);
		return;
	}
	script.answer.outcome = NX_HTTP_ANSWERED;
	script.answer.status = statuses[how % 16];
	script.answer.retry_after = (int)wait * 300;
	next = in.n == 0 ? NULL : memmem(in.p, in.n, "\n\n", 2);
	if (next != NULL) {
		script.more.p = next + 2;
		script.more.n = in.n - (size_t)(next - in.p) - 2;
		in.n = (size_t)(next - in.p);
	}
	script.answer.body = in;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_slice in = { (const char *)data, n };
	const enum nx_act act = (enum nx_act)(fuzz_byte(&in) % 8);
	const struct nx_x x = { .conf = &conf,
	    .arena = nx_arena_new(ARENA_MAX),
	    .deadline = nx_clock_mono() + 60000 };

	CHECK(x.arena != NULL);
	set_script(in);
	if (act == NX_ACT_CODE || act == NX_ACT_REFRESH)
		check_grant(&x, act);
	else if (act == NX_ACT_READ)
		check_timeline(&x);
	else if (act == NX_ACT_CREATE)
		check_create(&x);
	else if (act == NX_ACT_DELETE || act == NX_ACT_REVOKE)
		check_rest(&x, act);
	else if (act == NX_ACT_UPLOAD)
		check_medium(&x);
	else
		check_user(&x);
	nx_arena_free(x.arena);
	return 0;
}
