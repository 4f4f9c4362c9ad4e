/*
 * text-speed.c - how fast texts are weighed and composed.
 *
 * `./dev bench` runs it.  Speed is shown, never judged: status 1 means that
 * something did not work, not that it was slow.
 *
 *	text-speed		the worst of the hostile texts
 *	text-speed all		every one of them
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "nx/base/buf.h"
#include "nx/text/compose.h"
#include "text/find.h"
#include "nx/text/weigh.h"

enum {
	CHARACTERS = 25000,
	LONG_TIMES = 4,		/* a Premium author's text is this much longer */
	BYTES_MAX = 4 * 1024 * 1024,
	ARENA_MAX = 64 * 1024 * 1024,
	ROUNDS = 9,
	BUDGET_MS = 300,	/* for the rounds of one text */
	SHOWN = 8,
};

static const double promised_ms = 5;

struct sample {
	const char	*name;
	const char	*first;		/* once, before the rest */
	const char	*again;		/* over and over */
};

/* A number follows each round of these, so that no two parts are equal. */
static const struct sample usual[] = {
	{ "English", "", "We shipped the new release today, and it's faster"
	    " than the last one. Thanks to @maria_b and everyone who tried"
	    " it! Read how at https://example.com/blog/2026/11?ref=x #release"
	    "\n\nNo. " },
	{ "Japanese", "", "今日は新しいバージョンを公開しました。"
	    "とても速くなっています！詳しくはこちら"
	    " https://example.jp/ニュース をご覧ください。#新着 " },
	{ "Emoji", "", "So good 🎉🎉 👩‍👩‍👧‍👦 "
	    "👍🏽 🇯🇵🇫🇷 ❤️ 1️⃣ thanks 🙏 " },
	{ "Thai", "", "สวัสดีครับวันนี้อากาศดีมาก"
	    "เราไปเที่ยวทะเลกัน " },
	{ "Arabic", "", "مرحبا بكم في موقعنا الجديد، اقرأ المزيد على"
	    " example.com واشترك معنا. " },
	{ "mixed", "", "Read this: example.com/a_(b)?c=d by @x 中文和emoji 😀"
	    " café naïve #tag 한국어 e\u0301te\u0301. " },
};

static const struct sample hostile[] = {
	{ "@a@a", "", "@a" }, { "@a/a@", "", "@a/a" }, { "RT@a", "", "RT@a" },
	{ "a@a.", "", "a@a." }, { "#a#a", "", "#a" }, { "#1#1", "", "#1" },
	{ "# a", "#", "1" }, { "$a $a", "", "$a " }, { "$a.b", "", "$a.b" },
	{ "a.a.", "", "a." }, { "a.a...com", "", "a.a_.a-a." },
	{ "com.com.", "", "com." }, { "dots", "", "." }, { "hyphens", "a", "-" },
	{ "a_a_.com", "", "a_.com" }, { "xn--a.", "", "xn--a." },
	{ "a.co,", "", "a.co," }, { "a.co ", "", "a.co " },
	{ "http://http://", "", "http://" }, { "http://a.co", "",
	    "http://a.co" }, { "t.co/a", "", "https://t.co/a1 " },
	{ "((((", "", "(" }, { "a.co/((((", "http://a.co/", "(" },
	{ "a.co/(a(a", "http://a.co/", "(a" }, { "a.co/(a)(", "",
	    "a.co/(a)(" }, { "a.co/((a)a)", "a.co/", "((a)a)" },
	{ "a.co/,,,", "", "a.co/,,," }, { "a.co?!?!", "", "a.co?!" },
	{ "a.co:1", "a.co:", "1" }, { "中a.co", "", "中a.co" },
	{ "a.co中", "", "a.co中" }, { "中.中.", "", "中." },
	{ "中中.com", "", "中中中中中中中.com" },
	{ "one CJK label", ".com", "中" }, { "。。。", "", "。" },
	{ "a。a。", "", "a。" }, { "one word", "", "a" },
	{ "one CJK run", "", "中" }, { "Thai run", "", "กขคงจฉ" },
	{ "Khmer run", "", "កខគឃងច" }, { "Burmese run", "", "မြန်မာ" },
	{ "spaces", "a", " " }, { "a b", "", "a " }, { "lines", "", "a\n" },
	{ "sentences", "", "A. " }, { "\"\"\"", "", "a\"" },
	{ "))))", "", ")" }, { "marks on one letter", "a", "\u0301" },
	{ "marks on letters", "", "e\u0301" },
	{ "marks out of order", "a", "\u0301\u0316" },
	{ "marks that grow", "", "\u0344" }, { "notes that grow", "",
	    "\U0001d160" }, { "jamo", "", "\u1100\u1161" },
	{ "leading jamo", "", "\u1100" }, { "flags", "", "🇦" },
	{ "flag pairs", "", "🇯🇵" }, { "ZWJ chain", "", "👩\u200d" },
	{ "families", "", "👩‍👩‍👧‍👦" }, { "hearts and ZWJ", "", "❤\ufe0f\u200d" },
	{ "ZWJ alone", "", "\u200d" }, { "VS16", "a", "\ufe0f" },
	{ "keycaps", "", "1️⃣" }, { "tones", "👍", "🏽" },
	{ "tag flags", "🏴", "\U000e0067" }, { "marks of direction", "",
	    "\u200f\u202e" }, { "&amp;", "", "&amp;" },
};

enum kind { PLAIN, WEIGH, FIND, COMPOSE };

struct op {
	const char	*name;
	enum kind	 kind;
	int		 times;		/* CHARACTERS in the text */
	int		 limit;
	enum nx_on_long	 on_long;
	bool		 numbering;
};

static const struct op ops[] = {
	{ "decode+NFC", PLAIN, 1, 0, NX_REJECT, false },
	{ "weigh", WEIGH, 1, NX_LIMIT_LONG, NX_REJECT, false },
	{ "find", FIND, 1, 0, NX_REJECT, false },
	{ "truncate", COMPOSE, 1, NX_LIMIT_POST, NX_TRUNCATE, false },
	{ "thread", COMPOSE, 1, NX_LIMIT_POST, NX_THREAD, false },
	{ "numbered", COMPOSE, 1, NX_LIMIT_POST, NX_THREAD, true },
	{ "long cut", COMPOSE, LONG_TIMES, NX_LIMIT_LONG, NX_TRUNCATE, false },
	{ "long thread", COMPOSE, LONG_TIMES, NX_LIMIT_LONG, NX_THREAD,
	    false },
};

enum {
	OPS = sizeof(ops) / sizeof(ops[0]),
	USUAL = sizeof(usual) / sizeof(usual[0]),
	HOSTILE = sizeof(hostile) / sizeof(hostile[0]),
};

/* What one text took, in milliseconds for CHARACTERS; `bytes` of as many. */
struct row {
	const struct sample	*sample;
	size_t			 bytes;
	double			 ms[OPS];
	double			 worst;	/* of all but decode+NFC */
	double			 share;	/* decode+NFC of weigh */
};

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "text-speed: %s: %s\n", what, why);
	exit(1);
}

static double
now_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		die("clock_gettime", "no CPU clock");
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The first `count` characters of `b`, or fewer. */
static size_t
cut(const struct nx_buf *b, int count)
{
	int32_t i = 0;

	while (count-- > 0 && i < (int32_t)b->n)
		U8_FWD_1(b->p, i, (int32_t)b->n);
	return (size_t)i;
}

static void
make(const struct sample *s, bool numbered, int count, struct nx_buf *out)
{
	size_t least = (size_t)count * 4;
	int i;

	nx_buf_reset(out);
	nx_buf_adds(out, s->first);
	for (i = 1; out->n < least && nx_buf_ok(out); i++) {
		nx_buf_adds(out, s->again);
		if (numbered)
			nx_buf_addf(out, "%d ", i);
	}
	if (!nx_buf_ok(out))
		die(s->name, "the text does not fit");
	out->n = cut(out, count);
}

static enum nx_rc
plain(struct nx_slice text)
{
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&ec);
	size_t max = text.n * 3 + 1;
	UChar *u = malloc((text.n + 1) * sizeof(*u));
	UChar *v = malloc(max * sizeof(*v));
	int32_t n = 0;

	if (u != NULL && v != NULL) {
		u_strFromUTF8(u, (int32_t)text.n + 1, &n, text.p,
		    (int32_t)text.n, &ec);
		(void)unorm2_normalize(nfc, u, n, v, (int32_t)max, &ec);
	} else {
		ec = U_MEMORY_ALLOCATION_ERROR;
	}
	free(u);
	free(v);
	return U_SUCCESS(ec) ? NX_OK : NX_NO_MEMORY;
}

static enum nx_rc
perform(const struct op *op, struct nx_slice text, struct nx_arena *arena)
{
	const struct nx_compose_ask ask = {
		.limit = op->limit, .on_long = op->on_long,
		.numbering = op->numbering,
	};
	struct nx_composed composed;
	struct nx_entity *found;
	struct nx_weight weight;
	struct nx_text *whole;
	enum nx_rc rc;
	size_t n;

	switch (op->kind) {
	case PLAIN:
		return plain(text);
	case WEIGH:
		return nx_weigh(text, op->limit, &weight);
	case FIND:
		return nx_find(text, NX_ENTITY_ALL, arena, &found, &n);
	default:
		rc = nx_text_read(text, &whole, NULL);
		if (rc == NX_OK)
			rc = nx_compose(&ask, whole, arena, &composed, NULL);
		nx_text_free(whole);
		return rc;
	}
}

/* A hostile text may well be one that no post can be made of. */
static bool
is_expected(enum nx_rc rc, bool is_hostile)
{
	return rc == NX_OK || (is_hostile && (rc == NX_TEXT_TOO_LONG ||
	    rc == NX_TEXT_EMPTY || rc == NX_INVALID));
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(const double *v, int n)
{
	double sorted[ROUNDS];

	memcpy(sorted, v, (size_t)n * sizeof(*v));
	qsort(sorted, (size_t)n, sizeof(*sorted), by_value);
	return sorted[n / 2];
}

static double
took(const struct op *op, const struct sample *s, bool is_hostile,
    const struct nx_buf *text, struct nx_arena *arena)
{
	const struct nx_slice part = { text->p,
	    cut(text, CHARACTERS * op->times) };
	double start = now_ms(), end;
	enum nx_rc rc = perform(op, part, arena);

	end = now_ms();
	if (!is_expected(rc, is_hostile))
		die(s->name, nx_rc_code(rc));
	nx_arena_reset(arena);
	return (end - start) / op->times;
}

/* All in turn, then all again: so that what disturbs one disturbs each. */
static struct row
measure(const struct sample *s, bool is_hostile, int budget,
    struct nx_arena *arena)
{
	struct nx_buf text = NX_BUF(BYTES_MAX);
	double ms[OPS][ROUNDS], share[ROUNDS], until;
	struct row row = { .sample = s };
	int n = 0, i;

	make(s, !is_hostile, CHARACTERS * LONG_TIMES, &text);
	row.bytes = cut(&text, CHARACTERS);
	until = now_ms() + budget;
	do {
		for (i = 0; i < OPS; i++)
			ms[i][n] = took(&ops[i], s, is_hostile, &text, arena);
		share[n] = ms[0][n] / ms[1][n];
	} while (++n < ROUNDS && now_ms() < until);
	for (i = 0; i < OPS; i++) {
		row.ms[i] = median(ms[i], n);
		if (ops[i].kind != PLAIN && row.ms[i] > row.worst)
			row.worst = row.ms[i];
	}
	row.share = median(share, n);
	nx_buf_free(&text);
	return row;
}

static int
by_worst(const void *a, const void *b)
{
	double x = ((const struct row *)a)->worst;
	double y = ((const struct row *)b)->worst;

	return (x < y) - (x > y);
}

static void
head(const char *title, const char *last)
{
	int i;

	printf("\n%s\n  %-20s", title, "");
	for (i = 0; i < OPS; i++)
		printf("%12s", ops[i].name);
	printf("%s\n", last);
}

static void
show_usual(struct nx_arena *arena)
{
	double share[USUAL];
	int i, k;

	head("Texts of 25,000 characters, MB/s (medians; posts of 280, long"
	    " ones of 25,000)", "   weigh / decode+NFC");
	for (i = 0; i < USUAL; i++) {
		struct row row = measure(&usual[i], false, BUDGET_MS,
		    arena);

		printf("  %-20s", usual[i].name);
		for (k = 0; k < OPS; k++)
			printf("%12.1f", (double)row.bytes / 1e3 / row.ms[k]);
		printf("%21.2f\n", row.share);
		share[i] = row.share;
	}
	printf("  weigh does %.2f of what a plain decoding and NFC do\n",
	    median(share, USUAL));
}

static void
show_hostile(struct nx_arena *arena, int shown)
{
	struct row rows[HOSTILE];
	double worst[OPS] = { 0 };
	int i, k;

	for (i = 0; i < HOSTILE; i++)
		rows[i] = measure(&hostile[i], true, 0, arena);
	qsort(rows, HOSTILE, sizeof(rows[0]), by_worst);
	/* Once tells which are the worst; what is shown is measured well. */
	for (i = 0; i < shown; i++)
		rows[i] = measure(rows[i].sample, true, BUDGET_MS, arena);
	qsort(rows, (size_t)shown, sizeof(rows[0]), by_worst);
	head("Hostile texts, ms of CPU for 25,000 characters, the worst"
	    " first", "");
	for (i = 0; i < shown; i++) {
		printf("  %-20s", rows[i].sample->name);
		for (k = 0; k < OPS; k++) {
			printf("%12.2f", rows[i].ms[k]);
			if (rows[i].ms[k] > worst[k])
				worst[k] = rows[i].ms[k];
		}
		printf("\n");
	}
	printf("  the worst of %d as a share of the %.0f ms promised:\n"
	    "  %-20s", HOSTILE, promised_ms, "");
	for (k = 0; k < OPS; k++)
		printf("%12.2f", worst[k] / promised_ms);
	printf("\n");
}

int
main(int argc, char **argv)
{
	struct nx_arena *arena = nx_arena_new(ARENA_MAX);
	bool every = argc > 1 && strcmp(argv[1], "all") == 0;

	if (arena == NULL)
		die("arena", "out of memory");
	show_usual(arena);
	show_hostile(arena, every ? HOSTILE : SHOWN);
	nx_arena_free(arena);
	return 0;
}
