/*
 * fuzz_text.c - any bytes through the text room, with its promises checked.
 *
 * The first byte chooses what is asked of nx_compose(), the rest is the text.
 * A limit that is far too small brings seams into all texts.
 * A broken promise aborts.  Built alone with -fsanitize=fuzzer, or into
 * test_text_properties.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "nx/text/compose.h"
#include "text/find.h"
#include "nx/text/weigh.h"

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			abort();					\
		}							\
	} while (0)

enum {
	ARENA_MAX = 64 << 20, LINK = 1, NUMBERING = 2, ON_LONG_SHIFT = 2,
	LIMIT_SHIFT = 6, LIMIT_TINY = 40,
};

static const int limits[] = {
	NX_LIMIT_POST, NX_LIMIT_LONG, LIMIT_TINY, LIMIT_TINY,
};

static const char full[] = "https://nexus.example.com/posts/full-text";

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct found {
	struct nx_entity	*v;
	size_t			 n;
};

static struct found
find(struct nx_slice text, struct nx_arena *arena)
{
	struct found f;

	CHECK(nx_find(text, NX_ENTITY_ALL, arena, &f.v, &f.n) == NX_OK);
	return f;
}

static void
check_entities(struct nx_slice text, struct nx_arena *arena)
{
	struct found f = find(text, arena);
	size_t i;

	for (i = 0; i < f.n; i++) {
		CHECK(f.v[i].start < f.v[i].end && f.v[i].end <= text.n);
		CHECK(f.v[i].start16 < f.v[i].end16);
		CHECK(i == 0 || f.v[i].start >= f.v[i - 1].end);
		CHECK(((unsigned char)text.p[f.v[i].start] & 0xc0) != 0x80);
	}
}

/* The entities of text[at, at + len) are those that `part` begins with. */
static void
check_same_entities(struct nx_slice text, size_t at, size_t len,
    struct nx_slice part, struct nx_arena *arena)
{
	struct found whole = find(text, arena), own = find(part, arena);
	size_t i = 0, k = 0;
	int cashtags = 0;

	while (k < whole.n && whole.v[k].start < at)
		k++;
	for (; k < whole.n && whole.v[k].start < at + len; i++, k++) {
		CHECK(i < own.n && own.v[i].kind == whole.v[k].kind);
		CHECK(own.v[i].start + at == whole.v[k].start);
		CHECK(own.v[i].end + at == whole.v[k].end);
	}
	CHECK(i == own.n || own.v[i].start >= len);
	for (i = 0; i < own.n; i++)
		cashtags += own.v[i].kind == NX_ENTITY_CASHTAG;
	CHECK(cashtags <= 1);
}

static bool
is_cluster_border(struct nx_slice text, size_t byte)
{
	UErrorCode ec = U_ZERO_ERROR;
	UChar *u = malloc((text.n + 1) * sizeof(*u));
	UBreakIterator *it;
	int32_t n, at;
	bool is;

	CHECK(u != NULL);
	u_strFromUTF8(u, (int32_t)text.n + 1, &n, text.p, (int32_t)text.n,
	    &ec);
	u_strFromUTF8(NULL, 0, &at, text.p, (int32_t)byte, &ec);
	ec = U_ZERO_ERROR;
	it = ubrk_open(UBRK_CHARACTER, "en", u, n, &ec);
	CHECK(U_SUCCESS(ec));
	is = ubrk_isBoundary(it, at);
	ubrk_close(it);
	free(u);
	return is;
}

/* Past white space that is not the base of a mark. */
static size_t
skip_blank(struct nx_slice text, size_t at)
{
	int32_t i = (int32_t)at, start;
	UChar32 c;

	while ((start = i) < (int32_t)text.n) {
		U8_NEXT(text.p, i, (int32_t)text.n, c);
		if (!u_isUWhiteSpace(c) || (i < (int32_t)text.n &&
		    (unsigned char)text.p[i] >= 0xc0 &&
		    !is_cluster_border(text, (size_t)i)))
			break;
	}
	return (size_t)start;
}

static enum nx_rc
compose(const struct nx_compose_ask *ask, struct nx_slice bytes,
    struct nx_arena *arena, struct nx_composed *out, struct nx_err *err)
{
	struct nx_text *text;
	enum nx_rc rc = nx_text_read(bytes, &text, err);

	*out = (struct nx_composed){ 0 };
	if (rc == NX_OK)
		rc = nx_compose(ask, text, arena, out, err);
	nx_text_free(text);
	return rc;
}

/* One part by itself: within the limit, and left alone when cut again. */
static void
check_part(const struct nx_part *part, int limit, struct nx_arena *arena)
{
	struct nx_compose_ask ask = { .limit = limit, .on_long = NX_REJECT };
	struct nx_composed again;
	struct found own = find(part->text, arena);
	struct nx_weight w;
	bool has_url = false;
	size_t i;

	CHECK(part->text.p[part->text.n] == '\0');
	CHECK(nx_weigh(part->text, limit, &w) == NX_OK && w.valid);
	CHECK(w.weighted_length == part->weighted_length);
	for (i = 0; i < own.n; i++)
		has_url = has_url || own.v[i].kind == NX_ENTITY_URL;
	CHECK(part->has_url == has_url);
	CHECK(skip_blank(part->text, 0) < part->text.n);
	CHECK(compose(&ask, part->text, arena, &again, NULL) == NX_OK);
	CHECK(again.count == 1 && !again.truncated);
	CHECK(nx_slice_eq(again.parts[0].text, part->text));
}

/* What stands behind the text of a part. */
static int
suffix_of(const struct nx_compose_ask *ask, const struct nx_composed *c,
    size_t i, char *out, size_t max)
{
	if (c->truncated)
		return snprintf(out, max, "...%s%s", ask->link.n > 0 ? " " :
		    "", ask->link.n > 0 ? full : "");
	if (ask->numbering && c->count > 1)
		return snprintf(out, max, " (%zu/%zu)", i + 1, c->count);
	return 0;
}

/* Only what does not fit is changed, and no part begins or ends blank. */
static void
check_changed(struct nx_slice text, int limit, struct nx_slice part)
{
	struct nx_weight w;
	UChar32 c;
	int32_t i = (int32_t)part.n;

	CHECK(nx_weigh(text, limit, &w) == NX_OK && !w.valid);
	CHECK(skip_blank(part, 0) == 0);
	U8_PREV(part.p, 0, i, c);
	CHECK(!u_isUWhiteSpace(c));
}

static void
check_parts(const struct nx_compose_ask *ask, struct nx_slice text,
    const struct nx_composed *c, struct nx_arena *arena)
{
	size_t i, k, at = 0;
	bool has_url = false;
	char suffix[400];

	for (i = 0; i < c->count; i++) {
		struct nx_slice part = c->parts[i].text;
		int n = suffix_of(ask, c, i, suffix, sizeof(suffix));

		check_part(&c->parts[i], ask->limit, arena);
		has_url = has_url || c->parts[i].has_url;
		for (k = 0; k < i; k++)
			CHECK(!nx_slice_eq(part, c->parts[k].text));
		CHECK(part.n > (size_t)n);
		part.n -= (size_t)n;
		CHECK(n == 0 || memcmp(part.p + part.n, suffix,
		    (size_t)n) == 0);
		if (part.n < text.n) {
			at = skip_blank(text, at);
			check_changed(text, ask->limit, part);
		}
		CHECK(part.n <= text.n - at);
		CHECK(memcmp(part.p, text.p + at, part.n) == 0);
		check_same_entities(text, at, part.n, c->parts[i].text,
		    arena);
		CHECK(is_cluster_border(text, at + part.n));
		at += part.n;
	}
	CHECK(c->has_url == has_url);
	CHECK(c->truncated || skip_blank(text, at) == text.n);
}

static void
check_compose(struct nx_slice text, unsigned int options,
    struct nx_arena *arena)
{
	struct nx_compose_ask ask = {
		.limit = limits[options >> LIMIT_SHIFT],
		.on_long = (enum nx_on_long)((options >> ON_LONG_SHIFT) % 3),
		.link = nx_slice_str((options & LINK) != 0 ? full : NULL),
		.numbering = (options & NUMBERING) != 0,
	};
	struct nx_composed c;
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc = compose(&ask, text, arena, &c, &err);

	CHECK(rc != NX_NO_MEMORY && rc != NX_TOO_BIG);
	if (rc == NX_OK) {
		CHECK(c.count >= 1 && c.count <= NX_PARTS_MAX);
		CHECK(!c.truncated || ask.on_long == NX_TRUNCATE);
		CHECK(c.count == 1 || ask.on_long == NX_THREAD);
		check_parts(&ask, text, &c, arena);
	} else {
		CHECK(err.rc == rc && err.detail[0] != '\0' && c.count == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_arena *arena = nx_arena_new(ARENA_MAX);
	struct nx_slice text = { (const char *)data + 1, n - 1 };
	struct nx_weight w;

	CHECK(arena != NULL);
	if (n > 0 && nx_weigh(text, NX_LIMIT_POST, &w) == NX_OK) {
		CHECK(w.weighted_length >= 0 && w.display_end >= 0);
		CHECK(!w.valid || w.weighted_length <= NX_LIMIT_POST);
		check_entities(text, arena);
	}
	if (n > 0)
		check_compose(text, data[0], arena);
	nx_arena_free(arena);
	return 0;
}
