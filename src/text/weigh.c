/* weigh.c - twitter-text's parseTweet, version 3. */

#include "nx/text/weigh.h"

#include <unicode/utf16.h>

#include "nx/base/must.h"
#include "scan.h"
#include "weigh.h"

/* Where a walk over NFC units has come to. */
struct balance {
	const struct nx_units	*t;
	const struct nx_hits	*urls;
	int32_t			 i, url, emoji_from;
	int64_t			 weight;
};

/* Walk past a URL, an emoji or a code point. */
static void
weigh_next(struct balance *w)
{
	const struct nx_units *t = w->t;
	const struct nx_hits *urls = w->urls;
	int span = 0;
	UChar32 c;

	/* Emoji never overlap each other, but may lie in a URL. */
	while (w->emoji_from < w->i) {
		int n = nx_emoji_at(t, w->emoji_from);

		w->emoji_from += n > 0 ? n : 1;
	}
	while (w->url < urls->n && urls->v[w->url].start < w->i)
		w->url++;
	if (w->emoji_from == w->i) {
		span = nx_emoji_at(t, w->i);
		w->emoji_from += span > 0 ? span : 1;
	}
	if (w->url < urls->n && urls->v[w->url].start == w->i) {
		w->i += urls->v[w->url].len;
		w->weight += NX_WEIGHT_URL;
	} else if (span > 0) {
		w->i += span;
		w->weight += NX_WEIGHT_EMOJI;
	} else {
		U16_NEXT(t->u, w->i, t->n, c);
		w->weight += nx_weight_of(c);
	}
}

int64_t
nx_units_weigh(const struct nx_units *t, const struct nx_hits *urls,
    int32_t *before)
{
	struct balance w = { .t = t, .urls = urls };
	int32_t i = 0;

	if (before != NULL)
		before[0] = 0;
	while (w.i < t->n) {
		weigh_next(&w);
		while (before != NULL && i < w.i)
			before[++i] = (int32_t)w.weight;
	}
	return w.weight;
}

/* The URLs of units, which become their classified NFC. */
static enum nx_rc
scan_nfc(struct nx_units *t, struct nx_hits *urls)
{
	enum nx_rc rc;

	if ((rc = nx_units_nfc(t)) != NX_OK ||
	    (rc = nx_units_classify(t)) != NX_OK)
		return rc;
	nx_scan_urls(t, urls);
	return urls->failed ? NX_NO_MEMORY : NX_OK;
}

enum nx_rc
nx_units_weigh_any(struct nx_units *t, int64_t *out)
{
	struct nx_hits urls = { 0 };
	enum nx_rc rc = scan_nfc(t, &urls);

	*out = rc == NX_OK ? nx_units_weigh(t, &urls, NULL) : 0;
	nx_hits_free(&urls);
	return rc;
}

/* Sets the length, valid and valid_end. */
static void
measure_text(const struct nx_units *t, const struct nx_hits *urls, int limit,
    struct nx_weight *out)
{
	struct balance w = { .t = t, .urls = urls };

	out->valid = true;
	while (w.i < t->n) {
		weigh_next(&w);
		out->valid = out->valid && !nx_is_refused(t->u[w.i - 1]);
		if (out->valid &&
		    w.weight <= (int64_t)limit * NX_WEIGHT_SCALE)
			out->valid_end = w.i - 1;
	}
	out->weighted_length = (int)(w.weight / NX_WEIGHT_SCALE);
	out->valid = out->valid && out->weighted_length > 0 &&
	    out->weighted_length <= limit;
	/* The division is done as parseTweet does it, in floating point. */
	out->permillage = (int)((double)out->weighted_length / limit * 1000);
}

enum nx_rc
nx_weigh(struct nx_slice text, int limit, struct nx_weight *out)
{
	struct nx_units t = { 0 };
	struct nx_hits urls = { 0 };
	enum nx_rc rc;
	int32_t n;

	assert(limit >= 1);
	*out = (struct nx_weight){ 0 };
	if ((rc = nx_units_read(text, &t)) != NX_OK)
		return rc;
	n = t.n;
	if ((rc = scan_nfc(&t, &urls)) == NX_OK) {
		measure_text(&t, &urls, limit, out);
		out->valid_end += n - t.n;
		out->display_end = n > 0 ? n - 1 : 0;
	}
	nx_hits_free(&urls);
	nx_units_free(&t);
	return rc;
}
