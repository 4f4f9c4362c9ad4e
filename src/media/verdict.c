/* verdict.c - X's limits, and whether a file keeps them. */

#include "verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	RATE_MAX = 60,			/* frames a second, on average; */
	RATE_SLACK = 500,		/* in thousandths: 59.94 is 60 */
	DURATION_MIN_MS = 500,
	RATIO = 3,			/* from 1:3 to 3:1 */
	LARGE_WIDTH = 1280, LARGE_HEIGHT = 1024,
};

#define MB	INT64_C(1048576)	/* X: "must be <= 5242880 bytes" */
#define GB	(1024 * MB)

static const struct nx_media_limits images = {
	.bytes = 5 * MB, .least = 4, .width = 8192, .height = 8192,
};
static const struct nx_media_limits gifs = {
	.bytes = 15 * MB, .least = 4, .width = 1280, .height = 1080,
	.frames = 350, .pixels = 300000000,
};
static const struct nx_media_limits videos = {
	.bytes = 8 * GB, .seconds = 20 * 60,
};
static const struct nx_media_limits premium_videos = {
	.bytes = 16 * GB, .seconds = 125 * 60,
};

static bool
is_premium(const char *subscription)
{
	return nx_str_is(subscription, "Premium") ||
	    nx_str_is(subscription, "PremiumPlus");
}

const struct nx_media_limits *
nx_media_limits_of(enum nx_media_kind kind, const char *subscription)
{
	return kind == NX_MEDIA_KIND_IMAGE ? &images :
	    kind == NX_MEDIA_KIND_GIF ? &gifs :
	    is_premium(subscription) ? &premium_videos : &videos;
}

struct text {
	char	s[40];
};

static struct text
size_text(uint32_t width, uint32_t height)
{
	struct text t;

	(void)snprintf(t.s, sizeof(t.s), "%" PRIu32 "x%" PRIu32, width,
	    height);
	return t;
}

/* What somebody sent, cut where it does not fit. */
static struct text
plain_text(struct nx_slice said)
{
	struct text t = { "" };

	for (size_t i = 0; i < said.n && i + 1 < sizeof(t.s); i++)
		t.s[i] = said.p[i] >= 0x20 && said.p[i] < 0x7f ?
		    said.p[i] : '?';
	return t;
}

static enum nx_rc
check_type(const struct nx_media_facts *facts,
    const struct nx_media_terms *terms, struct nx_err *err)
{
	struct text declared;

	if (facts->bytes == 0 && facts->whole == NX_MEDIA_CUT_SHORT)
		return nx_fail_for(err, NX_MEDIA_BROKEN, NX_WHY_MEDIA_EMPTY,
		    { 0 });
	if (!facts->typed)
		return NX_OK;
	if (facts->type == NX_MEDIA_UNKNOWN)
		return nx_fail_for(err, NX_MEDIA_TYPE, NX_WHY_MEDIA_STRANGE,
		    { 0 });
	if (nx_media_kind_of(facts->type) == NX_MEDIA_KIND_NONE)
		return nx_fail_for(err, NX_MEDIA_TYPE, NX_WHY_MEDIA_CONVERT,
		    NX_S("type", nx_media_name(facts->type)),
		    NX_S("convert_to", nx_media_convert_to(facts->type)));
	if (nx_media_fits(facts->type, terms->declared))
		return NX_OK;
	declared = plain_text(terms->declared);
	return nx_fail_for(err, NX_MEDIA_TYPE, NX_WHY_MEDIA_DECLARED,
	    NX_S("type", nx_media_name(facts->type)),
	    NX_S("declared", declared.s));
}

static enum nx_rc
check_bytes(const struct nx_media_facts *facts,
    const struct nx_media_terms *terms, int64_t limit, struct nx_err *err)
{
	const int64_t bytes = facts->bytes > terms->total ? facts->bytes :
	    terms->total;
	const int64_t most = terms->most < limit ? terms->most : limit;

	if (bytes <= most)
		return NX_OK;
	return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_BYTES,
	    NX_S("type", nx_media_name(facts->type)), NX_I("bytes", bytes),
	    NX_I("limit", most));
}

static enum nx_rc
check_size(const struct nx_media_facts *facts,
    const struct nx_media_limits *limits, struct nx_err *err)
{
	if (facts->width == 0 || limits->width == 0 ||
	    (facts->width >= limits->least && facts->width <= limits->width &&
	    facts->height >= limits->least &&
	    facts->height <= limits->height))
		return NX_OK;
	return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_SIZE,
	    NX_S("type", nx_media_name(facts->type)),
	    NX_S("size", size_text(facts->width, facts->height).s),
	    NX_S("least", size_text(limits->least, limits->least).s),
	    NX_S("most", size_text(limits->width, limits->height).s));
}

static enum nx_rc
check_frames(const struct nx_media_facts *facts,
    const struct nx_media_limits *limits, struct nx_err *err)
{
	int64_t pixels;

	if (limits->frames == 0)
		return NX_OK;
	if (facts->frames > limits->frames)
		return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_FRAMES,
		    NX_I("limit", limits->frames));
	pixels = (int64_t)facts->width * facts->height * facts->frames;
	if (pixels > limits->pixels)
		return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_PIXELS,
		    NX_I("pixels", pixels), NX_I("limit", limits->pixels));
	return NX_OK;
}

static enum nx_rc
check_coding(const struct nx_media_facts *facts, struct nx_err *err)
{
	const uint64_t width = facts->width, height = facts->height;

	if (strcmp(facts->codec, "avc1") != 0 &&
	    strcmp(facts->codec, "avc3") != 0)
		return nx_fail_for(err, NX_MEDIA_TYPE, NX_WHY_MEDIA_CODEC,
		    NX_S("codec", facts->codec));
	if (width * RATIO < height || height * RATIO < width)
		return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_RATIO,
		    NX_S("size", size_text(facts->width, facts->height).s));
	if (facts->frames_per_1000_s > RATE_MAX * 1000 + RATE_SLACK)
		return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_RATE,
		    NX_I("rate", (facts->frames_per_1000_s + 500) / 1000),
		    NX_I("limit", RATE_MAX));
	return NX_OK;
}

/* 0: not known, as where the film comes in fragments. */
static enum nx_rc
check_duration(int64_t ms, int64_t seconds, struct nx_err *err)
{
	if (ms > seconds * 1000)
		return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_LONG,
		    NX_I("seconds", (ms + 999) / 1000),
		    NX_I("limit", seconds));
	if (ms > 0 && ms < DURATION_MIN_MS)
		return nx_fail_for(err, NX_MEDIA_LIMIT, NX_WHY_MEDIA_SHORT,
		    NX_I("milliseconds", ms), NX_I("least", DURATION_MIN_MS));
	return NX_OK;
}

static enum nx_rc
check_video(const struct nx_media_facts *facts,
    const struct nx_media_limits *limits, struct nx_err *err)
{
	enum nx_rc rc;

	if (limits->seconds == 0)
		return NX_OK;
	if (facts->has_moov ? !facts->has_video :
	    facts->whole == NX_MEDIA_WHOLE)
		return nx_fail_for(err, NX_MEDIA_BROKEN,
		    NX_WHY_MEDIA_NO_VIDEO,
		    NX_S("type", nx_media_name(facts->type)));
	if (!facts->has_moov)
		return NX_OK;
	if ((rc = check_coding(facts, err)) != NX_OK)
		return rc;
	return check_duration(facts->duration_ms, limits->seconds, err);
}

static enum nx_rc
check_whole(const struct nx_media_facts *facts, struct nx_err *err)
{
	if (facts->whole == NX_MEDIA_CUT_SHORT)
		return nx_fail_for(err, NX_MEDIA_BROKEN,
		    NX_WHY_MEDIA_CUT_SHORT,
		    NX_S("type", nx_media_name(facts->type)));
	if (facts->whole == NX_MEDIA_DAMAGED)
		return nx_fail_for(err, NX_MEDIA_BROKEN,
		    NX_WHY_MEDIA_DAMAGED,
		    NX_S("type", nx_media_name(facts->type)),
		    NX_I("at", facts->damaged_at));
	if (facts->location_kept)
		return nx_fail_for(err, NX_MEDIA_BROKEN,
		    NX_WHY_MEDIA_LOCATION_KEPT, { 0 });
	return NX_OK;
}

enum nx_rc
nx_media_check(const struct nx_media_facts *facts,
    const struct nx_media_terms *terms, struct nx_err *err)
{
	const struct nx_media_limits *limits;
	enum nx_rc rc;

	if ((rc = check_type(facts, terms, err)) != NX_OK || !facts->typed)
		return rc;
	limits = nx_media_limits_of(nx_media_kind_of(facts->type),
	    terms->subscription);
	if ((rc = check_bytes(facts, terms, limits->bytes, err)) != NX_OK ||
	    (rc = check_size(facts, limits, err)) != NX_OK ||
	    (rc = check_frames(facts, limits, err)) != NX_OK ||
	    (rc = check_whole(facts, err)) != NX_OK)
		return rc;
	return check_video(facts, limits, err);
}

size_t
nx_media_warn(const struct nx_media_facts *facts,
    enum nx_warning out[NX_MEDIA_WARNINGS])
{
	const bool is_video = nx_media_kind_of(facts->type) ==
	    NX_MEDIA_KIND_VIDEO;
	size_t n = 0;

	if (facts->location)
		out[n++] = NX_WARN_MEDIA_LOCATION;
	if (is_video && !facts->has_moov)
		out[n++] = NX_WARN_MEDIA_UNSEEN;
	if (is_video && (facts->width > LARGE_WIDTH ||
	    facts->height > LARGE_HEIGHT) &&
	    (facts->height > LARGE_WIDTH || facts->width > LARGE_HEIGHT))
		out[n++] = NX_WARN_MEDIA_LARGE;
	return n;
}
