/*
 * test_text_properties.c - what compose promises, over random texts and the
 * fuzzer's seeds.  The promises themselves are in tests/fuzz/fuzz_text.c.
 */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef NX_SRCDIR
#define NX_SRCDIR "."
#endif

enum { TEXT_MAX = 1 << 16, TEXTS = 3000 };

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint32_t
next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static const char *const words[] = {
	"a", "word", "longer", "sentence.", "What?", "Yes!", "\n", "\n\n",
	"  ", "\t", "https://example.com/path?q=1", "example.com", "t.co/ab",
	"http://example.com/(a)", "@name", "@name/list", "#tag", "#日本",
	"$AAPL", "$B", "日本語の文です。", "「はい」", "。", "中文",
	"ภาษาไทยไม่มีเว้นวรรค", "مرحبا بالعالم", "한국어", "👍🏽",
	"👨‍👩‍👧‍👦", "🇯🇵", "😀", "1️⃣", "e\xcc\x81", "\xcc\x81", "-", "_",
	".", ",", "...", "(", ")", "@", "#", "$", "＠", "/", "www.",
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	"com", "foo.comfoo", "RT", "\xe2\x80\x8d", "\xef\xb8\x8f", "\r\n",
	"\xe3\x80\x80", "\xe2\x80\xae", "\xef\xac\xac", "(1/2)",
	"a.co.co", ".com", "m", "x@a.com", "$A.B", "#a", "@a/b", "٣.١٤",
	"Dr.", "e.g.", "3.14", "U.S.", "\"Yes.\"", "(No!)", "हिन्दी।", "🇯",
	"🏴\xf3\xa0\x81\xa7", "1️⃣", "\xe2\x80\xa9", "\xe0\xa5\x98",
};

/*
 * A text of some words, now and then with none or many spaces between, or
 * many times the same.
 */
static size_t
make(uint32_t *seed, uint8_t *out)
{
	size_t count = next(seed) % 8 == 0 ? 600 : next(seed) % 90, n = 1;
	uint32_t spaced = next(seed) % 3, few = next(seed) % 5;
	uint32_t base = next(seed), k;

	out[0] = (uint8_t)next(seed);
	while (count-- > 0 && n < TEXT_MAX - 100) {
		const char *w;

		k = few == 0 ? base + next(seed) % 2 : next(seed);
		w = words[k % (sizeof(words) / sizeof(words[0]))];
		memcpy(out + n, w, strlen(w));
		n += strlen(w);
		if (spaced > 0 && (spaced > 1 || next(seed) % 2 == 0))
			out[n++] = ' ';
	}
	return n;
}

static void
holds_for_random_texts(void **state)
{
	uint8_t *data = malloc(TEXT_MAX);
	uint32_t seed = 20261122;
	int i;

	(void)state;
	assert_non_null(data);
	for (i = 0; i < TEXTS; i++)
		LLVMFuzzerTestOneInput(data, make(&seed, data));
	free(data);
}

static void
holds_for_seeds(void **state)
{
	static const char dir[] = NX_SRCDIR "/tests/fuzz/seeds/text";
	uint8_t *data = malloc(TEXT_MAX);
	DIR *d = opendir(dir);
	struct dirent *e;
	int seen = 0;

	(void)state;
	assert_non_null(data);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char path[600];
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		assert_non_null(f = fopen(path, "rb"));
		LLVMFuzzerTestOneInput(data, fread(data, 1, TEXT_MAX, f));
		fclose(f);
		seen++;
	}
	assert_true(seen > 0);
	closedir(d);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_for_random_texts),
		cmocka_unit_test(holds_for_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
