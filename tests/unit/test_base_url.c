/* test_base_url.c - origins, local paths, query strings. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/url.h"

static void
knows_safe_urls(void **state)
{
	static const char *const good[] = { "https://x.com/a?b#c",
	    "https://x.com", "HTTPS://x.com:8443/", "http://127.0.0.1:80/x",
	    "http://127.9.9.9", "http://localhost:3000", "http://[::1]:80/",
	    "http://[::1]", "http://LOCALHOST", "http://127.255.255.255:1",
	    "https://x.com:65535", "https://[2001:db8::1]:443/" };
	static const char *const bad[] = { "", "x.com", "ftp://x.com",
	    "http://x.com", "http://localhost.evil.example",
	    "http://127.0.0.1.evil.example", "http://127.evil.example",
	    "http://128.0.0.1", "http://10.0.0.1", "http://[::2]",
	    "http://[::1].evil.example", "https://", "https:///path",
	    "https://:443", "https://user@x.com", "http://a:b@127.0.0.1",
	    "http://127.0.0.1@evil.example", "https://x.com\\@evil.example",
	    "https://x .com", "https://x.com/\n", "https://x.com/\xc3\xa4",
	    "javascript://x", "//x.com", "https:/x.com",
	    "http://localhostx", "http://127.0.0.999/", "http://127.0.0.256",
	    "http://127.0.0.1:80:90/", "http://127.0.0.1:", "http://127.0.0.1:0",
	    "http://127.0.0.1:65536", "http://127.0.0.1:8x", "http://127.0.0",
	    "http://127.1", "http://127.0.0.1.", "http://127.0.0.01",
	    "http://127.0.0.0x1", "http://127.0.0.1.1", "http://127...1",
	    "http://[::1]80", "http://[::1]:80:90", "http://[::1",
	    "https://x.com:80:90/", "https://x.com:", "https://x.com:99999",
	    "https://[::1" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!nx_url_is_safe(nx_slice_str(good[i])))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (nx_url_is_safe(nx_slice_str(bad[i])))
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(nx_url_is_safe(NX_SLICE("https://x.com\0.evil")));
}

static void
finds_hosts(void **state)
{
	static const char *const cases[][2] = {
		{ "https://proj.supabase.co", "proj.supabase.co" },
		{ "https://proj.supabase.co:8443/x", "proj.supabase.co" },
		{ "http://localhost:54321", "localhost" },
		{ "HTTP://LOCALHOST:1?a", "LOCALHOST" },
		{ "http://127.0.0.1:54321/", "127.0.0.1" },
		{ "http://[::1]:54321#x", "[::1]" }, { "https://x", "x" },
		{ "https://u@x.com", "" }, { "https://u:1@x.com", "" },
		{ "https://x.com:1:2", "" }, { "https://[::1", "" },
		{ "https://", "" }, { "https://:1", "" }, { "ftp://x", "" },
		{ "/x", "" }, { "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slice host = nx_url_host(nx_slice_str(cases[i][0]));

		if (!nx_slice_is(host, cases[i][1]))
			fail_msg("%s: %.*s", cases[i][0], (int)host.n,
			    host.p);
	}
	assert_true(nx_url_is_loopback(NX_SLICE("https://localhost:1/x")));
	assert_false(nx_url_is_loopback(NX_SLICE("https://nexus.example")));
	assert_false(nx_url_is_loopback(NX_SLICE("")));
}

static void
decodes_texts(void **state)
{
	struct nx_buf b = NX_BUF(10);

	(void)state;
	assert_int_equal(nx_url_decode(NX_SLICE("a%20+%7B%c3%a4"), &b),
	    NX_OK);
	assert_string_equal(nx_buf_str(&b), "a +{\xc3\xa4");
	nx_buf_free(&b);
	assert_int_equal(nx_url_decode(NX_SLICE("a%2"), &b), NX_MALFORMED);
	nx_buf_free(&b);
	assert_int_equal(nx_url_decode(NX_SLICE("a%00"), &b), NX_MALFORMED);
	nx_buf_free(&b);
	assert_int_equal(nx_url_decode(NX_SLICE("12345678901"), &b),
	    NX_TOO_BIG);
	nx_buf_free(&b);
}

static void
finds_origins(void **state)
{
	static const char *const cases[][2] = {
		{ "https://x.com/a", "https://x.com" },
		{ "https://x.com?a", "https://x.com" },
		{ "https://x.com#a", "https://x.com" },
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
		{ "/a", "" }, { "", "" }, { "ftp://x", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(nx_slice_is(nx_url_origin(
		    nx_slice_str(cases[i][0])), cases[i][1]));
}

static void
knows_local_paths(void **state)
{
	static const char *const good[] = { "/", "/a", "/dashboard?x=1#y",
	    "/a//b", "/a/%2f", "/%41", "/?u=https://evil.example", "/a:b" };
	static const char *const bad[] = { "", "a", "//evil.example",
	    "///evil.example", "/\\evil.example", "\\\\evil.example",
	    "/%2f/evil.example", "/%2Fevil.example", "/%5cevil.example",
	    "/%5Cevil.example", "/%09/evil.example", "/%0d%0aX:y",
	    "/%00/evil", "/%zz", "/\t/evil.example", "/\n//evil.example",
	    "https://evil.example", "javascript:alert(1)", " /a", "/a b",
	    "/a\\b", "/a\r\nX: y", "/\xc3\xa4", "./a", "@evil.example",
	    ".evil.example" };
	static char longest[1001];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!nx_url_is_local_path(nx_slice_str(good[i])))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (nx_url_is_local_path(nx_slice_str(bad[i])))
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(nx_url_is_local_path(NX_SLICE("/a\0b")));
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	assert_true(nx_url_is_local_path((struct nx_slice){ longest, 1000 }));
	assert_false(nx_url_is_local_path((struct nx_slice){ longest,
	    1001 }));
}

static void
reads_queries(void **state)
{
	static const struct {
		const char *query, *want;
		enum nx_rc rc;
	} cases[] = {
		{ "code=abc", "abc", NX_OK },
		{ "a=1&code=abc&b=2", "abc", NX_OK },
		{ "code=a%20b+c%2B%C3%a4", "a b c+\xc3\xa4", NX_OK },
		{ "code=a=b", "a=b", NX_OK },
		{ "code=", "", NX_OK },
		{ "code", "", NX_OK },
		{ "&&code=x&", "x", NX_OK },
		{ "", "", NX_NOT_FOUND },
		{ "Code=x", "", NX_NOT_FOUND },
		{ "xcode=x&codex=y&=z", "", NX_NOT_FOUND },
		{ "code=x&code=y", "", NX_MALFORMED },
		{ "code=x&code", "", NX_MALFORMED },
		{ "code=%", "", NX_MALFORMED },
		{ "code=%4", "", NX_MALFORMED },
		{ "code=%4g", "", NX_MALFORMED },
		{ "code=%00", "", NX_MALFORMED },
		{ "code=12345678901", "", NX_TOO_BIG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf b = NX_BUF(10);

		assert_int_equal(nx_url_query(nx_slice_str(cases[i].query),
		    "code", &b), cases[i].rc);
		if (cases[i].rc == NX_OK)
			assert_string_equal(nx_buf_str(&b), cases[i].want);
		nx_buf_free(&b);
	}
}

static void
adds_to_queries(void **state)
{
	static const char *const cases[][2] = {
		{ "/a", "/a?x=1%262" }, { "/a?b=c", "/a?b=c&x=1%262" },
		{ "/a#f", "/a?x=1%262#f" }, { "/a?b#f", "/a?b&x=1%262#f" },
		{ "/a#f?g", "/a?x=1%262#f?g" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf b = NX_BUF(100);

		nx_url_add_query(&b, nx_slice_str(cases[i][0]), "x", "1&2");
		assert_string_equal(nx_buf_str(&b), cases[i][1]);
		nx_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_safe_urls),
		cmocka_unit_test(finds_hosts),
		cmocka_unit_test(decodes_texts),
		cmocka_unit_test(finds_origins),
		cmocka_unit_test(knows_local_paths),
		cmocka_unit_test(reads_queries),
		cmocka_unit_test(adds_to_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
