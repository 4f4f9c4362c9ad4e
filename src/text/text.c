/* text.c - one reading of a text, for all that is asked of it. */

#include "text.h"

#include <stdlib.h>

#include "nx/text/weigh.h"
#include "scan.h"
#include "weigh.h"

static enum nx_rc
weigh_text(struct nx_text *text)
{
	const struct nx_units *t = &text->units;
	struct nx_units nfc;
	enum nx_rc rc;

	if (nx_units_is_nfc(t)) {
		text->before = malloc(((size_t)t->n + 1) *
		    sizeof(*text->before));
		if (text->before == NULL)
			return NX_NO_MEMORY;
		text->weight = nx_units_weigh(t, &text->hits, text->before);
		return NX_OK;
	}
	if ((rc = nx_units_copy(t, 0, t->n, &nfc)) != NX_OK)
		return rc;
	rc = nx_units_weigh_any(&nfc, &text->weight);
	nx_units_free(&nfc);
	return rc;
}

static enum nx_rc
read_bytes(struct nx_slice bytes, struct nx_text *text)
{
	enum nx_rc rc;

	text->bytes = bytes;
	if ((rc = nx_units_read(bytes, &text->units)) != NX_OK ||
	    (rc = nx_units_classify(&text->units)) != NX_OK)
		return rc;
	nx_scan_urls(&text->units, &text->hits);
	if ((rc = weigh_text(text)) != NX_OK)
		return rc;
	nx_scan_rest(&text->units, NX_ENTITY_ALL, &text->hits);
	return text->hits.failed ? NX_NO_MEMORY : NX_OK;
}

enum nx_rc
nx_text_read(struct nx_slice bytes, struct nx_text **out, struct nx_err *err)
{
	struct nx_text *text = calloc(1, sizeof(*text));
	enum nx_rc rc = text == NULL ? NX_NO_MEMORY : read_bytes(bytes, text);

	*out = text;
	if (rc == NX_OK)
		return NX_OK;
	nx_text_free(text);
	*out = NULL;
	if (rc == NX_TOO_BIG)
		return nx_fail_for(err, rc, NX_WHY_TEXT_BYTES,
		    NX_S("member", "text"),
		    NX_I("bytes", (int64_t)bytes.n),
		    NX_I("limit", NX_TEXT_BYTES_MAX));
	if (rc == NX_INVALID)
		return nx_fail_for(err, rc, NX_WHY_TEXT_NOT_UTF8,
		    NX_S("member", "text"));
	return nx_fail(err, rc, "There is no memory for the text.");
}

void
nx_text_free(struct nx_text *text)
{
	if (text == NULL)
		return;
	nx_hits_free(&text->hits);
	nx_units_free(&text->units);
	free(text->before);
	free(text);
}

int
nx_text_weighted_length(const struct nx_text *text)
{
	return (int)(text->weight / NX_WEIGHT_SCALE);
}
