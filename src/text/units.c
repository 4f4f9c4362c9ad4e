/* units.c - UTF-8 to classified UTF-16, and NFC. */

#include "units.h"

#include <stdlib.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "class_rows.h"
#include "nx/text/weigh.h"

struct row {
	UChar32		first, last;
	uint32_t	cls;
};

static const struct row rows[] = {
	NX_CLASS_ROWS
};

/* The same for the first code points, which most texts are made of. */
static const uint32_t latin[] = {
	NX_CLASS_LATIN
};

/* Where the rows of each 256 code points begin. */
static const uint16_t blocks[] = {
	NX_CLASS_BLOCKS
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
	LATIN = sizeof(latin) / sizeof(latin[0]),
	BLOCKS = sizeof(blocks) / sizeof(blocks[0]) - 1,
};

enum nx_rc
nx_units_read(struct nx_slice text, struct nx_units *out)
{
	UErrorCode ec = U_ZERO_ERROR;
	int32_t n = 0;

	*out = (struct nx_units){ 0 };
	if (text.n > NX_TEXT_BYTES_MAX)
		return NX_TOO_BIG;
	out->u = malloc((text.n + 1) * sizeof(*out->u));
	if (out->u == NULL)
		return NX_NO_MEMORY;
	if (text.n > 0)
		u_strFromUTF8(out->u, (int32_t)text.n + 1, &n, text.p,
		    (int32_t)text.n, &ec);
	if (U_FAILURE(ec)) {
		nx_units_free(out);
		return NX_INVALID;
	}
	out->n = n;
	return NX_OK;
}

enum nx_rc
nx_units_nfc(struct nx_units *t)
{
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&ec);
	UChar *u = NULL;
	int32_t n, max;

	if (U_FAILURE(ec))
		return NX_NO_MEMORY;
	if (unorm2_spanQuickCheckYes(nfc, t->u, t->n, &ec) == t->n)
		return NX_OK;
	if (nx_units_order(t) != NX_OK)
		return NX_NO_MEMORY;
	/* NFC never makes a unit more than three (UAX #15, section 9). */
	max = t->n * 3;
	u = malloc((size_t)max * sizeof(*u));
	if (u == NULL)
		return NX_NO_MEMORY;
	n = unorm2_normalize(nfc, t->u, t->n, u, max, &ec);
	if (U_FAILURE(ec)) {
		free(u);
		return NX_NO_MEMORY;
	}
	free(t->u);
	t->u = u;
	t->n = n;
	return NX_OK;
}

/* The row that holds `c`, or the one that would come before it. */
static int
row_find(UChar32 c)
{
	int block = c >> 8;
	int low = block < BLOCKS ? blocks[block] : blocks[BLOCKS];
	int high = block < BLOCKS ? blocks[block + 1] : ROWS - 1;

	while (low < high) {
		int mid = (low + high + 1) / 2;

		if (rows[mid].first <= c)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

enum nx_rc
nx_units_classify(struct nx_units *t)
{
	int32_t i;
	int at = 0;

	t->cls = malloc(((size_t)t->n + 1) * sizeof(*t->cls));
	if (t->cls == NULL)
		return NX_NO_MEMORY;
	for (i = 0; i < t->n; i++) {
		const uint32_t usual = NX_CLASS_USUAL;
		UChar32 c;

		if (t->u[i] < LATIN) {
			t->cls[i] = latin[t->u[i]];
			continue;
		}
		/* A pair begins with the usual unit flags, then its own. */
		if (U16_IS_TRAIL(t->u[i])) {
			t->cls[i] = usual;
			continue;
		}
		U16_GET(t->u, 0, i, t->n, c);
		/* Neighbours in a text are mostly neighbours in the table. */
		if (c < rows[at].first ||
		    (at + 1 < ROWS && c >= rows[at + 1].first))
			at = row_find(c);
		t->cls[i] = c >= rows[at].first && c <= rows[at].last ?
		    rows[at].cls : U_IS_BMP(c) ? usual : 0;
		if (!U_IS_BMP(c))
			t->cls[i] |= usual;
	}
	t->cls[t->n] = 0;
	return NX_OK;
}

void
nx_units_free(struct nx_units *t)
{
	free(t->u);
	free(t->cls);
	*t = (struct nx_units){ 0 };
}
