/* test_x_media.c - uploads, and what X says of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/base64.h"
#include "x/media.h"
#include "x_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A file of `n` bytes that gives `step` of them at a time. */
struct file {
	size_t	 n, at, step;
	int	 rewinds;
	bool	 breaks;	/* in its middle */
};

static char
byte_of(size_t at)
{
	return (char)(at * 31 + at / 251);
}

static ssize_t
file_read(void *ctx, char *to, size_t n)
{
	struct file *f = ctx;

	if (f->breaks && f->at >= f->n / 2)
		return -1;
	if (n > f->step)
		n = f->step;
	if (n > f->n - f->at)
		n = f->n - f->at;
	for (size_t i = 0; i < n; i++)
		to[i] = byte_of(f->at++);
	return (ssize_t)n;
}

static bool
file_rewind(void *ctx)
{
	struct file *f = ctx;

	f->at = 0;
	f->rewinds++;
	return true;
}

static struct nx_x_bytes
bytes_of(struct file *f, enum nx_x_form form)
{
	return (struct nx_x_bytes){ form, (int64_t)f->n, file_read,
	    file_rewind, f };
}

static const char answered[] = "{\"data\":{\"id\":\"1880028106020515840\","
    "\"media_key\":\"13_1880028106020515840\",\"size\":7,"
    "\"expires_after_secs\":86400}}";

/* What multipart's head and tail say, with the boundary that was drawn. */
static void
check_parts(const struct xs_seen *seen, const char *field,
    const char *value, size_t n)
{
	char boundary[40] = "", head[400], tail[60];
	size_t head_n;

	assert_int_equal(sscanf(seen->type,
	    "multipart/form-data; boundary=%39s", boundary), 1);
	assert_int_equal(strlen(boundary), 32);
	head_n = (size_t)snprintf(head, sizeof(head), "--%s\r\n"
	    "Content-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n--%s\r\n"
	    "Content-Disposition: form-data; name=\"media\"; filename=\"media\""
	    "\r\nContent-Type: application/octet-stream\r\n\r\n", boundary,
	    field, value, boundary);
	(void)snprintf(tail, sizeof(tail), "\r\n--%s--\r\n", boundary);
	assert_memory_equal(seen->body, head, head_n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(seen->body[head_n + i], byte_of(i));
	assert_string_equal(seen->body + head_n + n, tail);
	assert_int_equal(seen->body_n, head_n + n + strlen(tail));
}

static void
sends_a_picture_in_one_request(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_medium out;
	struct nx_verdict v;
	struct xs_seen seen;

	for (size_t step = 1; step < 4000; step = step * 7 + 1) {
		struct file file = { .n = 3000, .step = step };
		struct nx_x_bytes bytes = bytes_of(&file, NX_X_MULTIPART);

		xs_answer(f->server, 200, "", answered);
		nx_x_media_upload(&f->x, "tok", "tweet_image",
		    &bytes, &out, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_string_equal(out.id, "1880028106020515840");
		assert_string_equal(out.key, "13_1880028106020515840");
		assert_int_equal(out.expires_in, 86400);
		assert_int_equal(out.processing, NX_X_READY);
		seen = xs_seen(f->server);
		assert_string_equal(seen.method, "POST");
		assert_string_equal(seen.path, "/2/media/upload");
		assert_string_equal(seen.auth, "Bearer tok");
		assert_null(strcasestr(seen.head, "Transfer-Encoding"));
		assert_string_equal(seen.expect, "");
		check_parts(&seen, "media_category", "tweet_image", 3000);
	}
}

/* base64 within JSON, at every end of its groups and blocks. */
static void
sends_json_where_it_must(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 1000, 2499, 2500 };
	struct x_fixture *f = *state;
	struct nx_verdict v;

	xs_answer(f->server, 204, "", "");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct file file = { .n = sizes[i], .step = 7 };
		struct nx_x_bytes bytes = bytes_of(&file, NX_X_JSON);
		struct nx_buf raw = NX_BUF(4000), want = NX_BUF(6000);
		struct xs_seen seen;

		for (size_t k = 0; k < sizes[i]; k++)
			nx_buf_addc(&raw, byte_of(k));
		nx_buf_adds(&want, "{\"segment_index\":17,\"media\":\"");
		nx_base64_add(&want, raw.p, raw.n);
		nx_buf_adds(&want, "\"}");
		nx_x_media_append(&f->x, "tok", "99", 17, &bytes, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		seen = xs_seen(f->server);
		assert_string_equal(seen.type, "application/json");
		assert_string_equal(seen.path, "/2/media/upload/99/append");
		assert_string_equal(seen.body, nx_buf_str(&want));
		nx_buf_free(&raw);
		nx_buf_free(&want);
	}
}

/* More than libcurl's buffer and a block: lengths are exact to the byte. */
static void
says_how_long_it_is(void **state)
{
	static const size_t sizes[] = { 3071, 3072, 3073, 16384, 100000 };
	struct x_fixture *f = *state;
	struct nx_verdict v;

	xs_answer(f->server, 200, "", "{\"data\":{\"expires_at\":1}}");
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		const size_t n = sizes[i / 2];
		struct file file = { .n = n, .step = 5000 };
		struct nx_x_bytes bytes = bytes_of(&file, i % 2 == 0 ?
		    NX_X_MULTIPART : NX_X_JSON);

		nx_x_media_append(&f->x, "tok", "99", 0, &bytes, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_int_equal(file.at, n);
		assert_true(xs_seen(f->server).body_n > (i % 2 == 0 ? n :
		    (n + 2) / 3 * 4));
	}
}

static void
sends_a_segment_with_its_index(void **state)
{
	static const struct { int status; const char *body; } said[] = {
		{ 200, "{\"data\":{\"expires_at\":1790000000}}" },
		{ 200, "" }, { 202, "" }, { 204, "" }, { 200, "{}" },
	};
	struct x_fixture *f = *state;
	struct nx_verdict v;
	struct xs_seen seen;

	for (size_t i = 0; i < COUNT(said); i++) {
		struct file file = { .n = 500, .step = 100 };
		struct nx_x_bytes bytes = bytes_of(&file, NX_X_MULTIPART);

		xs_answer(f->server, said[i].status, "", said[i].body);
		nx_x_media_append(&f->x, "tok", "18", 999, &bytes, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		seen = xs_seen(f->server);
		assert_string_equal(seen.path, "/2/media/upload/18/append");
		check_parts(&seen, "segment_index", "999", 500);
	}
}

static void
asks_as_x_wants_to_be_asked(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_medium out;
	struct nx_verdict v;
	struct xs_seen seen;

	xs_answer(f->server, 200, "", answered);
	nx_x_media_initialize(&f->x, "tok", &(struct nx_x_file){
	    "tweet_video", "video/mp4", 17179869184 }, &out, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	seen = xs_seen(f->server);
	assert_string_equal(seen.path, "/2/media/upload/initialize");
	assert_string_equal(seen.type, "application/json");
	assert_string_equal(seen.body, "{\"media_type\":\"video/mp4\","
	    "\"total_bytes\":17179869184,\"media_category\":\"tweet_video\"}");

	nx_x_media_finalize(&f->x, "tok", "18", &out, &v);
	seen = xs_seen(f->server);
	assert_string_equal(seen.path, "/2/media/upload/18/finalize");
	assert_string_equal(seen.body, "{}");
	assert_string_equal(seen.type, "application/json");

	nx_x_media_status(&f->x, "tok", "18", &out, &v);
	seen = xs_seen(f->server);
	assert_string_equal(seen.method, "GET");
	assert_string_equal(seen.path,
	    "/2/media/upload?command=STATUS&media_id=18");

	xs_answer(f->server, 200, "", "{\"data\":{\"id\":\"18\"}}");
	nx_x_media_describe(&f->x, "tok", "18", "a \"tree\"", &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	seen = xs_seen(f->server);
	assert_string_equal(seen.path, "/2/media/metadata");
	assert_string_equal(seen.body, "{\"id\":\"18\",\"metadata\":"
	    "{\"alt_text\":{\"text\":\"a \\\"tree\\\"\"}}}");
}

static void
reads_how_far_processing_is(void **state)
{
#define INFO(s) "{\"data\":{\"id\":\"18\",\"processing_info\":{" s "}}}"
	static const struct {
		const char		*body;
		enum nx_x_processing	 processing;
		int			 check_after, percent;
		const char		*why;
	} cases[] = {
		{ "{\"data\":{\"id\":18}}", NX_X_READY, 5, -1, NULL },
		{ INFO("\"state\":\"pending\",\"check_after_secs\":3"),
		    NX_X_PROCESSING, 3, -1, NULL },
		{ INFO("\"state\":\"in_progress\",\"progress_percent\":\"40\""),
		    NX_X_PROCESSING, 5, 40, NULL },
		{ INFO("\"state\":\"in_progress\",\"check_after_secs\":0,"
		    "\"progress_percent\":101"), NX_X_PROCESSING, 5, -1, NULL },
		{ INFO("\"state\":\"in_progress\",\"check_after_secs\":99999"),
		    NX_X_PROCESSING, 600, -1, NULL },
		{ INFO("\"state\":\"succeeded\",\"progress_percent\":100"),
		    NX_X_READY, 5, -1, NULL },
		{ INFO("\"state\":\"failed\""), NX_X_FAILED, 5, -1, NULL },
		{ INFO("\"state\":\"failed\",\"error\":{\"code\":3,\"name\":"
		    "\"UnsupportedMedia\",\"message\":\"Duration\"}"),
		    NX_X_FAILED, 5, -1, "Duration" },
		{ INFO("\"state\":\"failed\",\"error\":{\"name\":"
		    "\"InvalidMedia\"}"), NX_X_FAILED, 5, -1, "InvalidMedia" },
		{ INFO("\"state\":\"in_progress\",\"progress_percent\":99,"
		    "\"error\":{\"code\":1,\"message\":\"file is invalid\"}"),
		    NX_X_FAILED, 5, 99, "file is invalid" },
		{ INFO("\"state\":\"new\""), NX_X_PROCESSING, 5, -1, NULL },
	};
	struct x_fixture *f = *state;
	struct nx_x_medium out;
	struct nx_verdict v;

	for (size_t i = 0; i < COUNT(cases); i++) {
		xs_answer(f->server, 200, "", cases[i].body);
		nx_x_media_status(&f->x, "tok", "18", &out, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_string_equal(out.id, "18");
		assert_int_equal(out.processing, cases[i].processing);
		assert_int_equal(out.check_after, cases[i].check_after);
		assert_int_equal(out.percent, cases[i].percent);
		if (cases[i].why == NULL)
			assert_null(out.why);
		else
			assert_string_equal(out.why, cases[i].why);
	}
}

/* Nothing was posted: what is not understood may be asked again. */
static void
an_answer_without_an_id_is_none(void **state)
{
	static const char *const bodies[] = { "", "{}", "[]", "{\"data\":{}}",
	    "{\"data\":{\"id\":\"x\"}}", "{\"data\":{\"id\":\"0\"}}",
	    "{\"data\":{\"id\":\"12345678901234567890\"}}", "<html>" };
	struct x_fixture *f = *state;
	struct nx_x_medium out;
	struct nx_verdict v;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		xs_answer(f->server, 200, "", bodies[i]);
		nx_x_media_finalize(&f->x, "tok", "18", &out, &v);
		assert_int_equal(v.class, NX_CLASS_RETRY);
		assert_null(out.id);
	}
	xs_answer(f->server, 200, "", answered);
	nx_x_media_finalize(&f->x, "tok", "18/../19", &out, &v);
	assert_int_equal(v.class, NX_CLASS_RETRY);
	assert_int_equal(v.x.status, 0);
}

#define SAID(s) "{\"errors\":[{\"message\":\"" s "\"}],\"title\":" \
	"\"Invalid Request\",\"detail\":\"One or more\",\"type\":" \
	"\"https://api.x.com/2/problems/invalid-request\"}"

static void
tells_what_stands_in_the_way(void **state)
{
	static const struct {
		int		 status;
		const char	*body;
		enum nx_class	 class;
		enum nx_x_hitch	 hitch;
		enum nx_rc	 rc;
	} cases[] = {
		{ 413, "", NX_CLASS_REFUSED, NX_X_TOO_LARGE, NX_X_REFUSED },
		{ 431, "", NX_CLASS_REFUSED, NX_X_TOO_LARGE, NX_X_REFUSED },
		{ 400, SAID("Requests with bodies must have content-type of"
		    " application/json."), NX_CLASS_REFUSED, NX_X_JSON_ONLY,
		    NX_X_REFUSED },
		{ 400, SAID("Segments do not add up to provided total file"
		    " size."), NX_CLASS_REFUSED, NX_X_INCOMPLETE,
		    NX_X_REFUSED },
		{ 400, SAID("BadRequest: Not found"), NX_CLASS_REFUSED,
		    NX_X_NO_ID, NX_X_REFUSED },
		{ 400, SAID("media type unrecognized."), NX_CLASS_REFUSED,
		    NX_X_BAD_FILE, NX_X_REFUSED },
		{ 400, SAID("Image file size must be <= 5242880 bytes"),
		    NX_CLASS_REFUSED, NX_X_BAD_FILE, NX_X_REFUSED },
		{ 400, SAID("Request body must be a JSON object."),
		    NX_CLASS_REFUSED, NX_X_NO_HITCH, NX_X_REFUSED },
		{ 404, "{\"title\":\"Not Found Error\",\"type\":\"https://"
		    "api.x.com/2/problems/resource-not-found\"}",
		    NX_CLASS_REFUSED, NX_X_NO_ID, NX_X_REFUSED },
		{ 404, "<html>", NX_CLASS_RETRY, NX_X_NO_HITCH, NX_X_DOWN },
		{ 403, "{\"title\":\"Forbidden\",\"type\":\"about:blank\","
		    "\"status\":403,\"detail\":\"Forbidden\"}",
		    NX_CLASS_REFUSED, NX_X_NO_SCOPE, NX_X_REFUSED },
		{ 403, "{\"detail\":\"Your account is suspended\"}",
		    NX_CLASS_ACCOUNT, NX_X_NO_HITCH, NX_X_ACCOUNT },
		{ 401, "", NX_CLASS_TOKEN, NX_X_NO_HITCH, NX_X_TOKEN },
		{ 402, "", NX_CLASS_MONEY, NX_X_NO_HITCH, NX_X_MONEY },
		{ 429, "", NX_CLASS_RATE, NX_X_NO_HITCH, NX_X_RATE },
		{ 500, "<html>", NX_CLASS_RETRY, NX_X_NO_HITCH, NX_X_DOWN },
		{ 503, "", NX_CLASS_RETRY, NX_X_NO_HITCH, NX_X_DOWN },
	};
	struct x_fixture *f = *state;
	struct nx_verdict v;
	struct nx_err err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct file file = { .n = 50, .step = 50 };
		struct nx_x_bytes bytes = bytes_of(&file, NX_X_MULTIPART);

		xs_answer(f->server, cases[i].status, "", cases[i].body);
		nx_x_media_append(&f->x, "tok", "18", 0, &bytes, &v);
		assert_int_equal(v.class, cases[i].class);
		assert_int_equal(nx_x_hitch_of(&v), cases[i].hitch);
		assert_int_equal(nx_verdict_fail(NX_ACT_SEGMENT, &v, 0,
		    &err), cases[i].rc);
	}
}

/* A source that ends too early: the request is broken off, not completed. */
static void
a_source_that_breaks_sends_nothing_whole(void **state)
{
	struct x_fixture *f = *state;
	struct nx_verdict v;

	for (int form = NX_X_MULTIPART; form <= NX_X_JSON; form++) {
		struct file file = { .n = 100000, .step = 999,
		    .breaks = true };
		struct nx_x_bytes bytes = bytes_of(&file, (enum nx_x_form)form);
		const int before = xs_seen(f->server).requests;

		nx_x_media_append(&f->x, "tok", "18", 0, &bytes, &v);
		assert_int_equal(v.class, NX_CLASS_RETRY);
		assert_int_equal(v.x.status, 0);
		assert_int_equal(xs_seen(f->server).requests, before);
	}
}

/* A connection that ended while it was kept is replaced, where one can. */
static void
begins_again_on_a_new_connection(void **state)
{
	struct x_fixture *f = *state;
	struct file file = { .n = 2000, .step = 999 };
	struct nx_x_bytes bytes = bytes_of(&file, NX_X_MULTIPART);
	struct nx_verdict v;
	struct xs_seen seen;

	for (int how = 0; how < XS_CUTS; how++) {
		xs_cut(f->server, how, 200, "{}");
		nx_x_media_append(&f->x, "tok", "18", 0, &bytes, &v);
		file.at = 0;
		xs_answer(f->server, 200, "", "{}");
		nx_x_media_append(&f->x, "tok", "18", 0, &bytes, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		seen = xs_seen(f->server);
		check_parts(&seen, "segment_index", "0", 2000);
		file.at = 0;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		X_TEST(sends_a_picture_in_one_request),
		X_TEST(sends_json_where_it_must),
		X_TEST(says_how_long_it_is),
		X_TEST(sends_a_segment_with_its_index),
		X_TEST(asks_as_x_wants_to_be_asked),
		X_TEST(reads_how_far_processing_is),
		X_TEST(an_answer_without_an_id_is_none),
		X_TEST(tells_what_stands_in_the_way),
		X_TEST(a_source_that_breaks_sends_nothing_whole),
		X_TEST(begins_again_on_a_new_connection),
	};

	return cmocka_run_group_tests(tests, x_begin, x_end);
}
