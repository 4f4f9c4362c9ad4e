/* weigh.c - twitter-text's parseTweet, version 3. */

#include "nx/text/weigh.h"

#include <assert.h>
#include <unicode/utf16.h>

#include "scan.h"

enum { SCALE = 100, URL_WEIGHT = 23 * SCALE, EMOJI_WEIGHT = 2 * SCALE };

/* Walk over the NFC units; sets the length, valid and valid_end. */
static void
walk(const struct nx_units *t, const struct nx_hits *urls, int limit,
    struct nx_weight *out)
{
	int32_t i = 0, url = 0, emoji_from = 0;
	int64_t weight = 0;

	out->valid = true;
	while (i < t->n) {
		int32_t next = i;
		int span = 0;

		/* Emoji never overlap each other, but may lie in a URL. */
		while (emoji_from < i) {
			int n = nx_emoji_span(t, emoji_from);

			emoji_from += n > 0 ? n : 1;
		}
		while (url < urls->n && urls->v[url].start < i)
			url++;
		if (emoji_from == i) {
			span = nx_emoji_span(t, i);
			emoji_from += span > 0 ? span : 1;
		}
		if (url < urls->n && urls->v[url].start == i) {
			next += urls->v[url].len;
			weight += URL_WEIGHT;
		} else if (span > 0) {
			next += span;
			weight += EMOJI_WEIGHT;
		} else {
			UChar32 c;

			U16_NEXT(t->u, next, t->n, c);
			weight += nx_units_weight(c);
		}
		i = next;
		out->valid = out->valid && !nx_is_refused(t->u[i - 1]);
		if (out->valid && weight <= (int64_t)limit * SCALE)
			out->valid_end = i - 1;
	}
	out->weighted_length = (int)(weight / SCALE);
}

static enum nx_rc
weigh(struct nx_units *t, int limit, struct nx_weight *out)
{
	struct nx_hits urls = { 0 };
	int32_t n = t->n;
	enum nx_rc rc;

	if ((rc = nx_units_nfc(t)) != NX_OK ||
	    (rc = nx_units_classify(t)) != NX_OK)
		return rc;
	nx_scan_urls(t, &urls);
	if (urls.failed) {
		nx_hits_free(&urls);
		return NX_NO_MEMORY;
	}
	walk(t, &urls, limit, out);
	nx_hits_free(&urls);
	out->valid = out->valid && out->weighted_length > 0 &&
	    out->weighted_length <= limit;
	/* The division is done as parseTweet does it, in floating point. */
	out->permillage = (int)((double)out->weighted_length / limit * 1000);
	out->valid_end += n - t->n;
	out->display_end = n > 0 ? n - 1 : 0;
	return NX_OK;
}

enum nx_rc
nx_weigh(struct nx_slice text, int limit, struct nx_weight *out)
{
	struct nx_units t = { 0 };
	enum nx_rc rc;

	assert(limit >= 1);
	*out = (struct nx_weight){ 0 };
	if ((rc = nx_units_read(text, &t)) != NX_OK)
		return rc;
	rc = weigh(&t, limit, out);
	if (rc != NX_OK)
		*out = (struct nx_weight){ 0 };
	nx_units_free(&t);
	return rc;
}
