/* units.c - UTF-8 to classified UTF-16, and NFC. */

#include "units.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "class_rows.h"
#include "nx/text/weigh.h"

/* From a code point to its group, its block there, and its cell in that. */
static const uint8_t groups[] = {
	NX_CLASS_GROUPS
};
static const uint16_t blocks[] = {
	NX_CLASS_BLOCKS
};
static const uint8_t cells[] = {
	NX_CLASS_CELLS
};
static const uint32_t values[] = {
	NX_CLASS_VALUES
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
nx_units_copy(const struct nx_units *t, int32_t from, int32_t to,
    struct nx_units *out)
{
	*out = (struct nx_units){ .n = to - from };
	out->u = malloc(((size_t)out->n + 1) * sizeof(*out->u));
	if (out->u == NULL)
		return NX_NO_MEMORY;
	u_memcpy(out->u, t->u + from, out->n);
	return NX_OK;
}

bool
nx_units_is_nfc(const struct nx_units *t)
{
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&ec);

	return U_SUCCESS(ec) &&
	    unorm2_spanQuickCheckYes(nfc, t->u, t->n, &ec) == t->n;
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
	if (nx_units_is_nfc(t))
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

static uint32_t
class_of(UChar32 c)
{
	int block = groups[c >> 10] << 6 | (c >> 4 & 0x3f);

	return values[cells[blocks[block] << 4 | (c & 0xf)]];
}

enum nx_rc
nx_units_classify(struct nx_units *t)
{
	int32_t i;
	UChar32 c;

	t->cls = malloc(((size_t)t->n + 1) * sizeof(*t->cls));
	if (t->cls == NULL)
		return NX_NO_MEMORY;
	for (i = 0; i < t->n; i++) {
		c = t->u[i];
		if (U16_IS_LEAD(c))
			U16_GET(t->u, 0, i, t->n, c);
		t->cls[i] = class_of(c);
	}
	t->cls[t->n] = 0;
	return NX_OK;
}

bool
nx_is_unseen(UChar32 c)
{
	return u_isUWhiteSpace(c) || u_iscntrl(c);
}

bool
nx_units_unseen(const struct nx_units *t, int32_t from, int32_t to)
{
	UChar32 c;

	while (from < to) {
		U16_NEXT(t->u, from, to, c);
		if (!nx_is_unseen(c))
			return false;
	}
	return true;
}

int32_t
nx_units_bytes(const struct nx_units *t, int32_t from, int32_t to)
{
	int32_t n = to - from;

	/* A pair has four bytes: two for each unit. */
	for (; from < to; from++) {
		const UChar u = t->u[from];

		n += (u >= 0x80) + (u >= 0x800 && !U16_IS_SURROGATE(u));
	}
	return n;
}

void
nx_units_free(struct nx_units *t)
{
	free(t->u);
	free(t->cls);
	*t = (struct nx_units){ 0 };
}
