/*
 * order.c - the canonical order of marks (Unicode, section 3.11).
 *
 * ICU sorts the marks behind a letter by moving each to its place, which a
 * hostile text makes quadratic.  A long run is put in order here, by counting,
 * before it is normalised.
 */

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "units.h"

enum {
	LONG_RUN = 64,		/* units; shorter ones are ICU's */
	CLASSES = 256,
	POINT_MAX = 8,		/* units that one mark stands for */
	GROWS = 3,		/* by which marks do, at the most */
};

struct mark {
	UChar32	point : 24;
	uint8_t	class;
};

/* Marks in the order they have, and how many are of each class. */
struct marks {
	struct mark	*v;
	int32_t		 n;
	int32_t		 of_class[CLASSES];
};

/* Does it, or what it stands for, begin with a mark that has an order? */
static bool
is_mark(UChar32 c)
{
	return c >= 0x300 &&
	    u_getIntPropertyValue(c, UCHAR_LEAD_CANONICAL_COMBINING_CLASS) > 0;
}

/* Where the marks from `from` on end, or more than `most` units of them. */
static int32_t
end_of_run(const struct nx_units *t, int32_t from, int32_t most)
{
	int32_t end = from, next = from;
	UChar32 c;

	while (next < t->n && next - from <= most) {
		U16_NEXT(t->u, next, t->n, c);
		if (!is_mark(c))
			break;
		end = next;
	}
	return end;
}

/* What `c` stands for, as units; how many those are. */
static int32_t
take_apart(const UNormalizer2 *nfd, UChar32 c, UChar out[POINT_MAX])
{
	UErrorCode ec = U_ZERO_ERROR;
	int32_t n = unorm2_getDecomposition(nfd, c, out, POINT_MAX, &ec);

	if (n < 0 || U_FAILURE(ec)) {
		n = 0;
		U16_APPEND_UNSAFE(out, n, c);
	}
	return n;
}

static void
decompose_run(const UNormalizer2 *nfd, const struct nx_units *t, int32_t from,
    int32_t to, struct marks *out)
{
	UChar units[POINT_MAX];

	out->n = 0;
	memset(out->of_class, 0, sizeof(out->of_class));
	while (from < to) {
		int32_t i = 0, n;
		UChar32 c;

		U16_NEXT(t->u, from, to, c);
		n = take_apart(nfd, c, units);
		while (i < n) {
			struct mark *m = &out->v[out->n++];

			U16_NEXT(units, i, n, c);
			m->point = c & 0x1fffff;
			m->class = unorm2_getCombiningClass(nfd, c);
			out->of_class[m->class]++;
		}
	}
}

/* Those of one class keep the order they have among each other. */
static void
order_marks(const struct marks *m, UChar32 *sorted)
{
	int32_t at[CLASSES], sum = 0;

	for (int class = 0; class < CLASSES; class++) {
		at[class] = sum;
		sum += m->of_class[class];
	}
	for (int32_t i = 0; i < m->n; i++)
		sorted[at[m->v[i].class]++] = m->v[i].point;
}

/* Copy all to `u`, long runs in order; returns how many units. */
static int32_t
copy_in_order(const UNormalizer2 *nfd, const struct nx_units *t,
    struct marks *marks, UChar32 *sorted, UChar *u)
{
	int32_t i = 0, n = 0;

	while (i < t->n) {
		int32_t end = end_of_run(t, i, t->n);

		if (end - i <= LONG_RUN) {
			end += end == i;
			u_memcpy(u + n, t->u + i, end - i);
			n += end - i;
		} else {
			decompose_run(nfd, t, i, end, marks);
			order_marks(marks, sorted);
			for (int32_t k = 0; k < marks->n; k++)
				U16_APPEND_UNSAFE(u, n, sorted[k]);
		}
		i = end;
	}
	return n;
}

static bool
has_long_run(const struct nx_units *t)
{
	for (int32_t i = 0; i < t->n; ) {
		int32_t end = end_of_run(t, i, LONG_RUN);

		if (end - i > LONG_RUN)
			return true;
		i = end + (end == i);
	}
	return false;
}

enum nx_rc
nx_units_order(struct nx_units *t)
{
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&ec);
	size_t room = (size_t)t->n * GROWS;
	struct marks marks = { .n = 0 };
	UChar32 *sorted;
	UChar *u;
	bool done;

	if (U_FAILURE(ec) || !has_long_run(t))
		return NX_OK;
	u = malloc(room * sizeof(*u));
	marks.v = malloc(room * sizeof(*marks.v));
	sorted = malloc(room * sizeof(*sorted));
	done = u != NULL && marks.v != NULL && sorted != NULL;
	if (done) {
		t->n = copy_in_order(nfd, t, &marks, sorted, u);
		free(t->u);
		t->u = u;
	} else
		free(u);
	free(marks.v);
	free(sorted);
	return done ? NX_OK : NX_NO_MEMORY;
}
