/* domain.c - top-level domains and the length of labels. */

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf16.h>

#include "nx/base/maxima.h"
#include "scan.h"
#include "tld_rows.h"

enum { TLD_MAX = 18 };

static const char tlds[][TLD_MAX + 1] = {
	NX_TLD_ASCII
};

static const struct idn {
	int		 n;
	const UChar	*u;
} idns[] = {
	NX_TLD_IDN
};

static int
compare_tld(const void *key, const void *row)
{
	return strcmp(key, row);
}

/* What ends a name: twitter-text's (?=[^0-9a-zA-Z@+-]|$). */
static bool
ends_name(const struct nx_units *t, int32_t i, int32_t end)
{
	return i >= end || !(nx_is_alnum(t->u[i]) || t->u[i] == '@' ||
	    t->u[i] == '+' || t->u[i] == '-');
}

static int
ascii_at(const struct nx_units *t, int32_t i, int32_t end)
{
	char name[TLD_MAX + 1];
	int n = 0;

	while (i + n < end && nx_is_alnum(t->u[i + n])) {
		if (n == TLD_MAX)
			return 0;
		name[n] = (char)(t->u[i + n] | 0x20);
		n++;
	}
	name[n] = '\0';
	return n > 1 && ends_name(t, i + n, end) && bsearch(name, tlds,
	    sizeof(tlds) / sizeof(tlds[0]), sizeof(tlds[0]),
	    compare_tld) != NULL ? n : 0;
}

/* As JavaScript folds case: never across the border of ASCII. */
static UChar
fold_case(UChar c)
{
	UChar32 up = c < 0x80 ? c | 0x20 : u_toupper(c);

	return up < 0x80 && c >= 0x80 ? c : (UChar)up;
}

/* Longest of those that begin with the unit at `i`. */
static int
idn_at(const struct nx_units *t, int32_t i, int32_t end)
{
	int low = 0, high = sizeof(idns) / sizeof(idns[0]), best = 0, k;
	UChar first = fold_case(t->u[i]);

	while (low < high) {
		int mid = (low + high) / 2;

		if (idns[mid].u[0] < first)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < (int)(sizeof(idns) / sizeof(idns[0])) &&
	    idns[low].u[0] == first; low++) {
		for (k = 0; k < idns[low].n && i + k < end; k++)
			if (fold_case(t->u[i + k]) != idns[low].u[k])
				break;
		if (k == idns[low].n && k > best && ends_name(t, i + k, end))
			best = k;
	}
	return best;
}

static int
punycode_at(const struct nx_units *t, int32_t i, int32_t end)
{
	int32_t j = i + 4;

	if (i + 4 >= end || (t->u[i] | 0x20) != 'x' ||
	    (t->u[i + 1] | 0x20) != 'n' || t->u[i + 2] != '-' ||
	    t->u[i + 3] != '-')
		return 0;
	while (j < end && (nx_is_alnum(t->u[j]) || t->u[j] == '-'))
		j++;
	return j > i + 4 ? (int)(j - i) : 0;
}

int
nx_tld_at(const struct nx_units *t, int32_t i, int32_t end)
{
	int n = 0;

	if (i >= end || (t->u[i] < 0x80 && !nx_is_alnum(t->u[i])))
		return 0;
	n = ascii_at(t, i, end);
	if (n == 0)
		n = idn_at(t, i, end);
	return n > 0 ? n : punycode_at(t, i, end);
}

/* RFC 3492 section 6.1. */
static int
adapt_bias(int delta, int points, bool first)
{
	int k = 0;

	delta = first ? delta / 700 : delta / 2;
	delta += delta / points;
	for (; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

/* How many digits RFC 3492's encoder writes for `delta`. */
static int
count_digits(int delta, int bias)
{
	int n = 1, k, t;

	for (k = 36;; k += 36, n++) {
		t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (delta < t)
			return n;
		delta = (delta - t) / (36 - t);
	}
}

/*
 * Length of `xn--` and the encoded form of `n` code points, NX_DOMAIN_LABEL_MAX
 * at the most.
 */
static int
punycode_length(const UChar32 *c, int n)
{
	int basic = 0, done, delta = 0, bias = 72, len, i;
	UChar32 at = 0x80;

	for (i = 0; i < n; i++)
		basic += c[i] < 0x80;
	len = 4 + basic + (basic > 0);
	for (done = basic; done < n; delta++, at++) {
		UChar32 next = 0x7fffffff;

		for (i = 0; i < n; i++)
			if (c[i] >= at && c[i] < next)
				next = c[i];
		delta += (next - at) * (done + 1);
		at = next;
		for (i = 0; i < n; i++) {
			if (c[i] < at)
				delta++;
			if (c[i] != at)
				continue;
			len += count_digits(delta, bias);
			bias = adapt_bias(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return len;
}

bool
nx_label_fits(const UChar *label, int32_t n)
{
	UChar32 c[NX_DOMAIN_LABEL_MAX];
	int32_t i = 0;
	int total = 0, points = 0;
	bool ascii = true;

	/* An ideographic full stop parts a label for punycode.toASCII. */
	while (i <= n) {
		UChar32 point = '.';

		if (i < n)
			U16_NEXT(label, i, n, point);
		else
			i++;
		if (point != '.' && point != 0x3002 && point != 0xff0e &&
		    point != 0xff61) {
			if (points == NX_DOMAIN_LABEL_MAX)
				return false;
			ascii = ascii && point < 0x80;
			c[points++] = point;
			continue;
		}
		total += (ascii ? points : punycode_length(c, points)) +
		    (i <= n);
		points = 0;
		ascii = true;
	}
	return total > 0 && total <= NX_DOMAIN_LABEL_MAX;
}
