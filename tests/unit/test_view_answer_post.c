/* test_view_answer_post.c - the shape of a post, and what is said about it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/view/answer.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT 1800000000		/* 2027-01-15T08:00:00Z */
#define X_ID "1445880548472328192"
#define PROBLEM(code, said) \
	&(const struct nx_post_error){ .err = { .rc = (code), .detail = said } }
#define DENIED PROBLEM(NX_X_REFUSED, "X answered 403: Not permitted")
#define FULL PROBLEM(NX_X_RATE, "X answered 429: Too Many Requests")
enum { PARTS_MAX = 5, OUT_MAX = 16 * 1024 };

static void
is_json(const struct nx_buf *b, const char *want)
{
	struct json_object *obj;

	assert_true(nx_buf_ok(b));
	assert_string_equal(nx_buf_str(b), want);
	assert_int_equal(nx_json_parse(nx_buf_slice(b), &obj, NULL), NX_OK);
	json_object_put(obj);
}

static struct nx_stored_part two_parts[] = {
	{ .text = { "Hello \"X\"\n", 10 }, .weighted_length = 271,
	  .state = NX_PART_SENT, .post_id = X_ID, .sent_at = AT + 1 },
	{ .text = { "caf\xc3\xa9", 5 }, .weighted_length = 4,
	  .state = NX_PART_SENT, .post_id = "1445880548472328193" },
};

static const struct nx_post_warning old_warning = {
	.sentence = "It holds a link.",
};

static struct nx_published
published(void)
{
	return (struct nx_published){ .post = {
		.id = WEB_OTHER, .connection_id = WEB_USER,
		.username = "alice", .state = NX_POST_STATE_SENT,
		.created_at = AT,
		.warnings = { &old_warning, 1 }, .price = 150,
		.parts = two_parts, .nparts = 1,
	} };
}

static void
writes_a_sent_post(void **state)
{
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(OUT_MAX);

	(void)state;
	p.limits.quarter = (struct nx_window){ true, 200, 199, 1800000900 };
	nx_answer_post(&p, &b);
	is_json(&b, "{\"id\":\"" WEB_OTHER "\",\"etag\":null,"
	    "\"state\":\"sent\",\"reason\":null,\"reason_code\":null,"
	    "\"reason_args\":{},\"can\":[\"delete\"],"
	    "\"connection_id\":\"" WEB_USER "\","
	    "\"post_id\":\"" X_ID "\","
	    "\"url\":\"https://x.com/alice/status/" X_ID "\","
	    "\"status_url\":\"/api/twitter/posts/" WEB_OTHER "\","
	    "\"profile_url\":\"https://x.com/alice\","
	    "\"created_at\":\"2027-01-15T08:00:00Z\","
	    "\"publish_at\":null,\"next_try_at\":null,"
	    "\"parts\":[{\"position\":0,\"text\":\"Hello \\\"X\\\"\\n\","
	    "\"weighted_length\":271,\"media_ids\":[],\"state\":\"sent\","
	    "\"post_id\":\"" X_ID "\","
	    "\"url\":\"https://x.com/alice/status/" X_ID "\","
	    "\"sent_at\":\"2027-01-15T08:00:01Z\",\"error\":null}],"
	    "\"metrics\":null,\"limits\":{\"user_15min\":{\"limit\":200,"
	    "\"remaining\":199,\"reset_at\":\"2027-01-15T08:15:00Z\"}},"
	    "\"cost_usd\":\"0.0150\",\"warnings\":[\"It holds a link.\"],"
	    "\"warning_codes\":[{\"code\":null,\"args\":{}}],"
	    "\"error\":null}");
	nx_buf_free(&b);
}

static void
writes_a_dry_run_with_nulls(void **state)
{
	struct nx_stored_part part = { .text = { "x", 1 },
	    .weighted_length = 1, .state = NX_PART_DRY_RUN };
	struct nx_published p = { .post = { .state = NX_POST_STATE_DRY_RUN,
	    .price = 2000, .parts = &part, .nparts = 1 } };
	struct nx_buf b = NX_BUF(OUT_MAX);

	(void)state;
	nx_answer_post(&p, &b);
	is_json(&b, "{\"id\":null,\"etag\":null,\"state\":\"dry_run\","
	    "\"reason\":null,\"reason_code\":null,\"reason_args\":{},"
	    "\"can\":[],\"connection_id\":null,\"post_id\":null,"
	    "\"url\":null,\"status_url\":null,\"profile_url\":null,"
	    "\"created_at\":null,\"publish_at\":null,\"next_try_at\":null,"
	    "\"parts\":[{\"position\":0,\"text\":\"x\","
	    "\"weighted_length\":1,\"media_ids\":[],\"state\":\"dry_run\","
	    "\"post_id\":null,\"url\":null,\"sent_at\":null,"
	    "\"error\":null}],\"metrics\":null,\"limits\":{},"
	    "\"cost_usd\":\"0.2000\",\"warnings\":[],"
	    "\"warning_codes\":[],\"error\":null}");
	nx_buf_free(&b);
}

/* The body that asks for it, from what the row keeps. */
static void
writes_what_was_asked_for(void **state)
{
	static const struct { const char *source, *options, *want; } cases[] = {
		{ NULL, "{}", "{\"text\":\"Hello \\\"X\\\"\\n\","
		    "\"connection_id\":\"" WEB_USER "\"}" },
		{ "{\"link\": \"https://a.b/\\\"text\\\":\"}",
		    "{\"poll\": {\"options\": [\"a\"]}}",
		    "{\"text\":\"Hello \\\"X\\\"\\n\","
		    "\"link\": \"https://a.b/\\\"text\\\":\","
		    "\"connection_id\":\"" WEB_USER "\","
		    "\"poll\": {\"options\": [\"a\"]}}" },
		{ "{\"text\": \"Hello\", \"on_long\": \"thread\"}",
		    "{\"queue\": true}", "{\"text\": \"Hello\","
		    " \"on_long\": \"thread\",\"connection_id\":\""
		    WEB_USER "\",\"queue\": true}" },
	};
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(OUT_MAX);
	char etag[NX_ETAG_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nx_buf_reset(&b);
		p.post.source = cases[i].source;
		p.post.options = cases[i].options;
		nx_answer_request(&p.post, &b);
		is_json(&b, cases[i].want);
	}
	nx_buf_reset(&b);
	p.post.publish_at = AT;
	nx_answer_post(&p, &b);
	assert_null(strstr(nx_buf_str(&b), "request"));
	p.in_full = true;
	p.post.version = 0x1f;
	nx_buf_reset(&b);
	nx_answer_post(&p, &b);
	assert_non_null(strstr(nx_buf_str(&b), "\"etag\":\"\\\"1f\\\"\""));
	assert_non_null(strstr(nx_buf_str(&b), "\"request\":{\"text\":"));
	assert_non_null(strstr(nx_buf_str(&b), "\"publish_at\":"
	    "\"2027-01-15T08:00:00Z\",\"queue\": true}}"));
	nx_answer_etag(&(struct nx_stored_post){ .version = 0 }, etag);
	assert_string_equal(etag, "");
	nx_buf_free(&b);
}

static void
numbers_the_parts_of_a_thread(void **state)
{
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(OUT_MAX);

	(void)state;
	p.post.nparts = 2;
	p.post.username = NULL;		/* x.com finds the author itself */
	nx_answer_post(&p, &b);
	assert_non_null(strstr(nx_buf_str(&b), "},{\"position\":1,\"text\":"
	    "\"caf\xc3\xa9\",\"weighted_length\":4,\"media_ids\":[],"
	    "\"state\":\"sent\",\"post_id\":\"1445880548472328193\","
	    "\"url\":\"https://x.com/i/status/1445880548472328193\","));
	assert_non_null(strstr(nx_buf_str(&b),
	    "\"post_id\":\"" X_ID "\",\"url\":"));
	nx_buf_free(&b);
}

static void
names_no_address_for_what_is_gone(void **state)
{
	struct nx_stored_part part = two_parts[0];
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(OUT_MAX);

	(void)state;
	p.post.state = NX_POST_STATE_DELETED;
	part.state = NX_PART_DELETED;
	p.post.parts = &part;
	nx_answer_post(&p, &b);
	assert_null(strstr(nx_buf_str(&b), "/status/"));
	assert_non_null(strstr(nx_buf_str(&b), "\"post_id\":\"" X_ID "\""));
	nx_buf_free(&b);
}

/* Nobody is at it any more: what it says of itself is not true. */
static void
shows_a_stranded_post_as_unknown(void **state)
{
	struct nx_stored_part part = two_parts[0];
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(OUT_MAX);
	struct json_object *obj;

	(void)state;
	part.post_id = NULL;
	p.post.state = NX_POST_STATE_SENDING;
	part.state = NX_PART_SENDING;
	p.post.parts = &part;
	p.post.is_stranded = true;
	nx_answer_post(&p, &b);
	assert_null(strstr(nx_buf_str(&b), "sending"));
	assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL), NX_OK);
	assert_string_equal(nx_json_str(obj, "state"), "unknown");
	assert_string_equal(nx_json_str(obj, "remedy"),
	    nx_rc_remedy(NX_OUTCOME_UNKNOWN));
	assert_int_equal(json_object_array_length(nx_json_array(obj,
	    "can")), 2);
	json_object_put(obj);
	nx_buf_free(&b);
}

/* Ours goes behind those of the text. */
static void
warns_when_the_record_is_not_complete(void **state)
{
	static const struct nx_post_warning two[] = { { .sentence = "a]" },
	    { .warning = NX_WARN_CUT } };
	static const struct { size_t n; const char *want, *codes; } cases[] = {
		{ 0, "[\"X has it", "[{\"code\":\"unrecorded\"," },
		{ 1, "[\"a]\",\"X has it", "[{\"code\":null," },
		{ 2, "[\"a]\",\"The text was longer than X allows and was"
		    " cut; the parts show what is sent.\",\"X has it",
		    "[{\"code\":null,\"args\":{}},{\"code\":\"text_cut\","
		    "\"args\":{}},{\"code\":\"unrecorded\",\"args\":{}}]" },
	};
	struct nx_published p = published();

	(void)state;
	p.unrecorded = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_buf b = NX_BUF(OUT_MAX);
		struct json_object *obj;

		p.post.warnings = (struct nx_post_warnings){ two,
		    cases[i].n };
		nx_answer_post(&p, &b);
		assert_non_null(strstr(nx_buf_str(&b), cases[i].want));
		assert_non_null(strstr(nx_buf_str(&b), cases[i].codes));
		assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL),
		    NX_OK);
		json_object_put(obj);
		nx_buf_free(&b);
	}
}

/* One letter for each part's state. */
static enum nx_part_state
state_of(char letter)
{
	switch (letter) {
	case 's':
	case 'k': return NX_PART_SENT;	/* X did not delete it */
	case 'd': return NX_PART_DELETED;
	case 'f': return NX_PART_FAILED;
	case 'u': return NX_PART_UNKNOWN;
	case '>': return NX_PART_SENDING;
	default: return NX_PART_WAITING;
	}
}

struct story {
	const char	*state, *parts;
	enum nx_goal	 goal;
	const struct nx_post_error *error, *part_error;	/* of each f and k */
	int		 tries;
	int64_t		 publish_at, next_try_at;
	const char	*reason, *can;
	const char	*args;		/* of the reason; NULL: whichever */
};

static void
tell(const struct story *s)
{
	struct nx_stored_part parts[PARTS_MAX] = { 0 };
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(OUT_MAX);
	struct json_object *obj;

	p.post.state = nx_post_state_of(s->state);
	p.post.goal = s->goal;
	p.post.error = s->error;
	p.post.tries = s->tries;
	p.post.publish_at = s->publish_at;
	p.post.next_try_at = s->next_try_at;
	p.post.parts = parts;
	p.post.nparts = strlen(s->parts);
	for (size_t i = 0; i < p.post.nparts; i++) {
		parts[i].text = NX_SLICE("x");
		parts[i].state = state_of(s->parts[i]);
		parts[i].error = strchr("fk", s->parts[i]) != NULL ?
		    s->part_error : NULL;
	}
	nx_answer_post(&p, &b);
	assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL), NX_OK);
	if (s->reason == NULL)
		assert_null(nx_json_str(obj, "reason"));
	else
		assert_string_equal(nx_json_str(obj, "reason"), s->reason);
	assert_string_equal(json_object_to_json_string_ext(nx_json_array(obj,
	    "can"), JSON_C_TO_STRING_PLAIN), s->can);
	assert_int_equal(nx_json_str(obj, "reason_code") == NULL,
	    s->reason == NULL);
	if (s->args != NULL)
		assert_string_equal(json_object_to_json_string_ext(
		    nx_json_object(obj, "reason_args"),
		    JSON_C_TO_STRING_PLAIN), s->args);
	json_object_put(obj);
	nx_buf_free(&b);
}

#define BOTH "[\"resume\",\"delete\"]"
#define LOOK_ON " We look it up at X; do not post it again meanwhile."
#define LOOK " We look it up at X, which takes a minute or two; do not post" \
	" it again meanwhile."

static void
says_why_what_is_under_way_is(void **state)
{
	const struct story stories[] = {
		{ "queued", "w", .publish_at = AT, .next_try_at = AT,
		  .reason = "It will be sent at 2027-01-15T08:00:00Z.",
		  .can = "[\"cancel\"]" },
		{ "queued", "w", .publish_at = AT - 9, .next_try_at = AT,
		  .error = FULL, .reason = "X's limit is reached; it is sent"
		  " at 2027-01-15T08:00:00Z.", .can = "[\"cancel\"]" },
		{ "queued", "w", .publish_at = AT - 9, .next_try_at = AT,
		  .error = PROBLEM(NX_X_DOWN, "X answered 503."),
		  .reason = "It could not be sent yet. X answered 503."
		  " The next try is at 2027-01-15T08:00:00Z.",
		  .can = "[\"cancel\"]" },
		{ "queued", "ssw", .publish_at = AT, .reason = "2 of 3 parts"
		  " are on X; the others follow by themselves.",
		  .can = "[\"delete\"]" },
		{ "sending", ">", .reason = "It is being sent.",
		  .can = "[]" },
		{ "sending", "s>w", .reason = "It is being sent. 1 of 3"
		  " parts is on X.", .can = "[]" },
		{ "sending", ">w", .reason = "It is being sent. 0 of 2"
		  " parts are on X.", .can = "[]",
		  .args = "{\"live\":0,\"parts\":2}" },
		{ "unknown", "u", .next_try_at = AT,
		  .reason = "X may or may not have it: the answer was lost."
		  LOOK, .can = BOTH },
		{ "unknown", "ssuw", .next_try_at = AT, .reason = "2 of 4"
		  " parts are on X; part 3 may or may not be: the answer was"
		  " lost." LOOK, .can = BOTH },
		{ "unknown", "u", .next_try_at = AT, .tries = 1,
		  .error = PROBLEM(NX_OUTCOME_UNKNOWN, "Lost."),
		  .reason = "X may or may not have it: the answer was lost."
		  LOOK, .can = BOTH },
		{ "unknown", "u", .next_try_at = AT, .tries = 2,
		  .error = PROBLEM(NX_OUTCOME_UNKNOWN, "Look at it."),
		  .reason = "X may or may not have it: the answer was lost."
		  LOOK_ON " Look at it.", .can = BOTH },
		{ "unknown", "u", .tries = 11,
		  .error = PROBLEM(NX_OUTCOME_UNKNOWN, "Look at it."),
		  .reason = "X may or may not have it: the answer was lost."
		  " Look at it.", .can = BOTH },
		{ "unknown", "u", .next_try_at = AT, .tries = 2,
		  .error = PROBLEM(NX_NEEDS_REAUTH, "@x is no longer"
		  " connected."),
		  .reason = "X may or may not have it: the answer was lost."
		  LOOK_ON " It could not be looked up yet. @x is no longer"
		  " connected. Use Connect X; what was posted before is not"
		  " affected. The next look is at"
		  " 2027-01-15T08:00:00Z.", .can = BOTH,
		  .args = "{\"looks\":1,\"unseen\":1,\"cause\":"
		  "\"needs_reauth\",\"remedy\":\"needs_reauth\",\"next\":"
		  "\"2027-01-15T08:00:00Z\"}" },
		{ "unknown", "u", NX_GOAL_DELETE, .reason = "X may or may not"
		  " have it: the answer was lost. We look it up at X and"
		  " delete what we find.", .can = "[\"resume\"]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		tell(&stories[i]);
}

static void
says_why_what_has_ended_did(void **state)
{
	const struct story stories[] = {
		{ "sent", "ss", .publish_at = AT, .can = "[\"delete\"]" },
		{ "deleted", "dd", NX_GOAL_DELETE, .can = "[]" },
		{ "cancelled", "w", .can = "[]" },
		{ "failed", "f", .error = DENIED, .part_error = DENIED,
		  .reason = "Nothing of it is on X. X answered 403: Not"
		  " permitted.", .can = "[\"resume\"]" },
		{ "failed", "f", .reason = "Nothing of it is on X.",
		  .can = "[\"resume\"]" },
		{ "failed", "fw", .error = PROBLEM(NX_INTERNAL, ""),
		  .reason = "Nothing of"
		  " it is on X.", .can = "[\"resume\"]" },
		{ "partial", "ssfww", .error = DENIED, .part_error = DENIED,
		  .reason = "2 of 5 parts are on X. Part 3 could not be sent."
		  " X answered 403: Not permitted.", .can = BOTH,
		  .args = "{\"part\":3,\"live\":2,\"parts\":5,\"cause\":"
		  "\"x_refused\"}" },
		{ "partial", "sfw", .part_error = FULL, .next_try_at = AT,
		  .reason = "1 of 3 parts is on X. Part 2 could not be sent."
		  " X answered 429: Too Many Requests. It goes on by itself at"
		  " 2027-01-15T08:00:00Z.", .can = BOTH },
		{ "partial", "sdf", .reason = "1 of 3 parts is still on X."
		  " Part 3 could not be sent.", .can = "[\"delete\"]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		tell(&stories[i]);
}

static void
says_how_a_removal_goes(void **state)
{
	const struct story stories[] = {
		{ "sent", "k", .error = DENIED, .part_error = DENIED,
		  .reason = "It could not be deleted; it is still on X."
		  " X answered 403: Not permitted.", .can = "[\"delete\"]" },
		{ "partial", "skd", .error = DENIED, .part_error = DENIED,
		  .reason = "Part 2 could not be deleted; 2 of 3 parts are"
		  " still on X. X answered 403: Not permitted.",
		  .can = "[\"delete\"]" },
		{ "sent", "s", NX_GOAL_DELETE, .next_try_at = AT,
		  .reason = "It is being deleted; it is still on X. The next"
		  " try is at 2027-01-15T08:00:00Z.", .can = "[\"delete\"]" },
		{ "partial", "sdd", NX_GOAL_DELETE, .error = FULL,
		  .next_try_at = AT, .reason = "It is being deleted; 1 of 3"
		  " parts is still on X. X answered 429: Too Many Requests."
		  " The next try is at 2027-01-15T08:00:00Z.",
		  .can = "[\"delete\"]" },
		{ "partial", "sdfw", NX_GOAL_WITHDRAW, .error = FULL,
		  .part_error = DENIED, .reason = "Part 3 could not be sent,"
		  " so the others are deleted again; 1 of 4 parts is still on"
		  " X. X answered 429: Too Many Requests.",
		  .can = "[\"delete\"]" },
		{ "failed", "ddfw", NX_GOAL_WITHDRAW, .part_error = DENIED,
		  .reason = "Part 3 could not be sent, so what was on X was"
		  " deleted again. X answered 403: Not permitted.",
		  .can = "[]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		tell(&stories[i]);
}

static void
lists_a_page(void **state)
{
	struct nx_stored_post two[] = { published().post, published().post };
	struct nx_post_page page = { .posts = two };
	struct nx_buf b = NX_BUF(OUT_MAX);
	struct json_object *obj;

	(void)state;
	nx_answer_posts(&page, &b);
	is_json(&b, "{\"posts\":[],\"next\":null}");
	page.n = 2;
	two[1].id = WEB_USER;
	for (int more = 0; more <= 1; more++) {
		nx_buf_reset(&b);
		page.more = more;
		nx_answer_posts(&page, &b);
		assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL),
		    NX_OK);
		assert_int_equal(json_object_array_length(nx_json_array(obj,
		    "posts")), 2);
		if (more)
			assert_string_equal(nx_json_str(obj, "next"),
			    WEB_USER);
		else
			assert_null(nx_json_str(obj, "next"));
		json_object_put(obj);
	}
	nx_buf_free(&b);
}

/* Long posts make a shorter page, never one that is too large to be sent. */
static void
ends_a_page_of_long_posts_early(void **state)
{
	enum { POSTS = 100, TEXT = 100 * 1024 };
	struct nx_stored_post posts[POSTS];
	struct nx_post_page page = { .posts = posts, .n = POSTS };
	struct nx_buf b = NX_BUF(NX_REPLY_BODY_MAX);
	struct nx_stored_part part = two_parts[0];
	struct json_object *obj;
	char *text = calloc(1, TEXT), ids[POSTS][40];
	size_t n;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', TEXT);
	part.text = (struct nx_slice){ text, TEXT };
	for (int i = 0; i < POSTS; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "post-%d", i);
		posts[i] = published().post;
		posts[i].id = ids[i];
		posts[i].parts = &part;
	}
	nx_answer_posts(&page, &b);
	assert_true(nx_buf_ok(&b));
	assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL), NX_OK);
	n = json_object_array_length(nx_json_array(obj, "posts"));
	assert_in_range(n, 5, POSTS / 2);
	assert_string_equal(nx_json_str(obj, "next"), ids[n - 1]);
	json_object_put(obj);
	nx_buf_free(&b);
	free(text);
}

static void
warns_of_what_was_done(void **state)
{
	static struct nx_part link[] = { { .has_url = true } };
	static struct nx_part second[] = { { .has_url = false },
	    { .has_url = true } };
	static struct nx_part both[] = { { .has_url = true },
	    { .has_url = true } };
	static const struct {
		struct nx_composed made; int n; const char *word;
	} cases[] = {
		{ { link, .count = 1 }, 0, "[]" },
		{ { link, .count = 1, .truncated = true }, 1, "cut" },
		{ { both, .count = 2 }, 1, "thread" },
		{ { link, .count = 1, .has_url = true }, 1, "It holds a"
		    " link, so X charges 0.2000 instead of 0.0150 US dollars"
		    " for it." },
		{ { second, .count = 2, .has_url = true }, 2, "Part 2 holds a"
		    " link, so X charges 0.2000 instead of 0.0150 US dollars"
		    " for it." },
		{ { both, .count = 2, .has_url = true }, 2, "Parts 1, 2 hold"
		    " a link, so X charges 0.2000 instead of 0.0150 US dollars"
		    " for each of them." },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_published p = published();
		struct nx_buf b = NX_BUF(OUT_MAX);
		struct json_object *obj, *list;

		p.post.warnings = nx_answer_warnings(w->ctx.arena,
		    &cases[i].made);
		nx_answer_post(&p, &b);
		assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL),
		    NX_OK);
		list = nx_json_array(obj, "warnings");
		assert_int_equal(json_object_array_length(list), cases[i].n);
		assert_non_null(strstr(json_object_to_json_string_ext(list,
		    JSON_C_TO_STRING_PLAIN), cases[i].word));
		json_object_put(obj);
		nx_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_sent_post),
		cmocka_unit_test(writes_a_dry_run_with_nulls),
		cmocka_unit_test(writes_what_was_asked_for),
		cmocka_unit_test(numbers_the_parts_of_a_thread),
		cmocka_unit_test(names_no_address_for_what_is_gone),
		cmocka_unit_test(shows_a_stranded_post_as_unknown),
		cmocka_unit_test(warns_when_the_record_is_not_complete),
		cmocka_unit_test(says_why_what_is_under_way_is),
		cmocka_unit_test(says_why_what_has_ended_did),
		cmocka_unit_test(says_how_a_removal_goes),
		cmocka_unit_test(lists_a_page),
		cmocka_unit_test(ends_a_page_of_long_posts_early),
		WEB_TEST(warns_of_what_was_done),
	};

	return cmocka_run_group_tests_name("view/answer_post", tests, NULL,
	    NULL);
}
