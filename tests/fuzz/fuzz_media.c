/*
 * fuzz_media.c - any bytes as a picture or a video.
 *
 * However they are divided, the same is seen; what is cut is as long as it
 * was, and tells no place any more; a verdict that refuses says why.  The
 * first byte says how they are divided.
 */

#include "fuzz.h"
#include "media/media.h"
#include "media/verdict.h"

enum { ROOM = 4096 };

static struct nx_media_facts
facts_of(struct nx_slice in, size_t step)
{
	struct nx_media_look *look = nx_media_look_new(false);
	struct nx_media_facts facts;

	CHECK(look != NULL);
	for (size_t n; in.n > 0; in = nx_slice_tail(in, n)) {
		n = step < in.n ? step : in.n;
		nx_media_take(look, nx_slice_head(in, n));
	}
	nx_media_end(look);
	facts = *nx_media_facts(look);
	nx_media_look_free(look);
	return facts;
}

static void
check_same(const struct nx_media_facts *a, const struct nx_media_facts *b)
{
	CHECK(a->type == b->type && a->typed == b->typed);
	CHECK(a->whole == b->whole && a->damaged_at == b->damaged_at);
	CHECK(a->bytes == b->bytes);
	CHECK(a->width == b->width && a->height == b->height);
	CHECK(a->frames == b->frames);
	CHECK(a->has_moov == b->has_moov && a->has_video == b->has_video);
	CHECK(a->duration_ms == b->duration_ms);
	CHECK(a->frames_per_1000_s == b->frames_per_1000_s);
	CHECK(strcmp(a->codec, b->codec) == 0);
	CHECK(strcmp(a->audio, b->audio) == 0);
}

static void
drain(struct nx_media_look *look, struct nx_slice in, size_t room,
    struct nx_buf *out)
{
	char space[ROOM];
	size_t n;

	do {
		n = nx_media_cut(look, &in, space, room);
		CHECK(n <= room);
		nx_buf_add(out, space, n);
	} while (n > 0 || in.n > 0);
}

static struct nx_media_facts
cut(struct nx_slice in, size_t step, struct nx_buf *out)
{
	struct nx_media_look *look = nx_media_look_new(true);
	struct nx_media_facts facts;

	CHECK(look != NULL);
	for (size_t n; in.n > 0; in = nx_slice_tail(in, n)) {
		n = step < in.n ? step : in.n;
		drain(look, nx_slice_head(in, n), step < ROOM ? step : ROOM,
		    out);
	}
	nx_media_end(look);
	drain(look, (struct nx_slice){ NULL, 0 }, ROOM, out);
	facts = *nx_media_facts(look);
	nx_media_look_free(look);
	return facts;
}

static void
check_verdict(const struct nx_media_facts *facts)
{
	const struct nx_media_terms terms = { .total = facts->bytes,
	    .most = INT64_MAX, .declared = NX_SLICE("image/jpeg") };
	struct nx_err err = { .rc = NX_OK };
	enum nx_warning warnings[NX_MEDIA_WARNINGS];
	enum nx_rc rc = nx_media_check(facts, &terms, &err);

	if (rc != NX_OK)
		fuzz_check_err(rc, &err);
	else
		CHECK(facts->whole == NX_MEDIA_WHOLE && facts->width > 0);
	CHECK(nx_media_warn(facts, warnings) <= NX_MEDIA_WARNINGS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_slice in = { (const char *)data, n };
	const unsigned int how = fuzz_byte(&in);
	const size_t step = how == 0 ? 1 : how * how;
	struct nx_buf out = NX_BUF(n + 1);
	struct nx_media_facts whole = facts_of(in, in.n + 1), again;

	CHECK(whole.typed && whole.whole != NX_MEDIA_GOES_ON);
	CHECK(whole.bytes == (int64_t)in.n);
	CHECK(whole.damaged_at >= 0 && whole.damaged_at <= whole.bytes);
	CHECK(whole.orientation >= 0 && whole.orientation <= 8);
	again = facts_of(in, step);
	check_same(&whole, &again);
	CHECK(whole.location == again.location);
	CHECK(whole.orientation == again.orientation);
	check_verdict(&whole);
	again = cut(in, step, &out);
	check_same(&whole, &again);
	CHECK(again.location == whole.location);
	CHECK(nx_buf_ok(&out) && out.n == in.n);
	if (!again.location)
		CHECK(in.n == 0 || memcmp(out.p, in.p, in.n) == 0);
	whole = facts_of(nx_buf_slice(&out), step);
	check_same(&whole, &again);
	CHECK(!whole.location || again.location_kept);
	nx_buf_free(&out);
	return 0;
}
