/*
 * emoji.c - where an emoji sequence ends.
 *
 * The first half is twemoji-parser 11, alternative by alternative, which is
 * what twitter-text counts with.  The second half knows what came later, from
 * ICU and from the shape of sequences, so that it counts as one emoji too.
 */

#include <unicode/uchar.h>
#include <unicode/utf16.h>

#include "nx/base/ascii.h"
#include "units.h"

enum {
	ZWJ = 0x200d, VS16 = 0xfe0f, VS15 = 0xfe0e, KEYCAP = 0x20e3,
	MAN = 0x1f468, WOMAN = 0x1f469, BLACK_FLAG = 0x1f3f4,
	HEART = 0x2764, HANDS = 0x1f91d,
	/* As old as the library, which does not know all they make. */
	EYE = 0x1f441, INFINITY_SIGN = 0x267e,
	REGION_A = 0x1f1e6, REGION_Z = 0x1f1ff,
};

/* The code point at `i`, 0 past the end. */
static inline UChar32
point_at(const struct nx_units *t, int32_t i)
{
	UChar32 c;

	if (i >= t->n)
		return 0;
	U16_GET(t->u, 0, i, t->n, c);
	return c;
}

static bool
is_tone(UChar32 c)
{
	return c >= 0x1f3fb && c <= 0x1f3ff;
}

/* Does `s`, units up to a 0, stand at `i`?  Its length, or 0. */
static int
match_literal(const struct nx_units *t, int32_t i, const UChar *s)
{
	int k;

	for (k = 0; s[k] != 0; k++)
		if (i + k >= t->n || t->u[i + k] != s[k])
			return 0;
	return k;
}

/* ZWJ, then something that a man or woman can be. */
static int
trade_at(const struct nx_units *t, int32_t i)
{
	if (point_at(t, i) != ZWJ || i + 1 >= t->n)
		return 0;
	switch (point_at(t, i + 1)) {
	case 0x2695:
	case 0x2696:
	case 0x2708:
		return point_at(t, i + 2) == VS16 ? 3 : 0;
	default:
		return (t->cls[i + 1] & NX_C_EMOJI_TRADE) != 0 ? 3 : 0;
	}
}

static int
sign_at(const struct nx_units *t, int32_t i)
{
	return point_at(t, i) == ZWJ &&
	    (point_at(t, i + 1) == 0x2640 || point_at(t, i + 1) == 0x2642) &&
	    point_at(t, i + 2) == VS16 ? 3 : 0;
}

/* What a person at `i` is called below, and how many units it takes. */
static char
person_at(const struct nx_units *t, int32_t i, int *len)
{
	UChar32 c = point_at(t, i);

	*len = U16_LENGTH(c);
	switch (c) {
	case MAN:
		return 'M';
	case WOMAN:
		return 'W';
	case 0x1f466:
		return 'B';
	case 0x1f467:
		return 'G';
	case 0x1f48b:
		return 'k';
	case HEART:
		*len = 2;
		return point_at(t, i + 1) == VS16 ? 'h' : '\0';
	default:
		return '\0';
	}
}

/*
 * How many of `s` (see person_at) make a couple or a family: one or two
 * parents, then one or two children; 0 if they make none.
 */
static int
family_of(const char *s)
{
	int n = 1;

	if (s[1] == 'h') {
		n = s[2] == 'k' ? 3 : 2;
		return s[n] == 'M' || (s[n] == 'W' && s[0] == 'W') ? n + 1 : 0;
	}
	if (s[1] == 'W' || (s[1] == 'M' && s[0] == 'M'))
		n++;
	if (s[n] != 'B' && s[n] != 'G')
		return 0;
	n++;
	return s[n] == 'B' || (s[n] == 'G' && s[n - 1] == 'G') ? n + 1 : n;
}

static int
family_at(const struct nx_units *t, int32_t i)
{
	char seen[6] = "";
	int end[5] = { 0 }, n = 0, len;
	int32_t j = i;

	while (n < 4 && (seen[n] = person_at(t, j, &len)) != '\0') {
		j += len;
		end[n++] = (int)(j - i);
		if (point_at(t, j++) != ZWJ)
			break;
	}
	n = n > 1 ? family_of(seen) : 0;
	return n > 0 ? end[n - 1] : 0;
}

/* The other joined sequences that are spelled out. */
static int
joined_at(const struct nx_units *t, int32_t i, UChar32 c)
{
	switch (c) {
	case MAN:
	case WOMAN:
		return family_at(t, i);
	case 0x1f3f3:
		return match_literal(t, i, u"\U0001F3F3\uFE0F\u200D\U0001F308");
	case BLACK_FLAG:
		return match_literal(t, i, u"\U0001F3F4\u200D\u2620\uFE0F");
	case EYE:
		return match_literal(t, i, u"\U0001F441\u200D\U0001F5E8");
	case 0x1f46f:
	case 0x1f93c:
	case 0x1f9de:
	case 0x1f9df:
		return sign_at(t, i + 2) > 0 ? 5 : 0;
	default:
		return 0;
	}
}

/* Is there a flag of these two letters?  A row for each first letter. */
static bool
is_region(UChar32 a, UChar32 b)
{
	static const char *const second[] = {
		"CDEFGILMOQRSTUWXZ", "ABDEFGHIJLMNOQRSTVWYZ",
		"ACDFGHIKLMNOPRUVWXYZ", "EGJKMOZ", "ACEGHRSTU", "IJKMOR",
		"ABDEFGHILMNPQRSTUWY", "KMNRTU", "CDELMNOQRST", "EMOP",
		"EGHIMNPRWYZ", "ABCIKRSTUVY", "ACDEFGHKLMNOPQRSTUVWXYZ",
		"ACEFGILOPRUZ", "M", "AEFGHKLMNRSTWY", "A", "EOSUW",
		"ABCDEGHIJKLMNORSTVXYZ", "ACDFGHJKLMNORTVWZ", "AGMNSYZ",
		"ACEGINU", "FS", "K", "ET", "AMW",
	};
	const char *s;

	if (a < REGION_A || a > REGION_Z || b < REGION_A || b > REGION_Z)
		return false;
	for (s = second[a - REGION_A]; *s != '\0'; s++)
		if (*s - 'A' == b - REGION_A)
			return true;
	return false;
}

static int
flag_at(const struct nx_units *t, int32_t i, UChar32 c)
{
	static const UChar *const lands[] = {
		u"\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E"
		"\U000E0067\U000E007F",
		u"\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063"
		"\U000E0074\U000E007F",
		u"\U0001F3F4\U000E0067\U000E0062\U000E0077\U000E006C"
		"\U000E0073\U000E007F",
	};
	size_t k;

	if (c == BLACK_FLAG)
		for (k = 0; k < sizeof(lands) / sizeof(lands[0]); k++)
			if (match_literal(t, i, lands[k]) > 0)
				return match_literal(t, i, lands[k]);
	return is_region(c, point_at(t, i + 2)) ? 4 : 0;
}

/* Sequences around people: a trade, a sign, a family. */
static int
people_at(const struct nx_units *t, int32_t i, UChar32 c, int w)
{
	UChar32 next = point_at(t, i + w);
	int tone = is_tone(next) ? 2 : 0;
	int n;

	if ((c == MAN || c == WOMAN) &&
	    (n = trade_at(t, i + w + tone)) > 0)
		return w + tone + n;
	/* Golfer and the like come with a sign only after tone or VS16. */
	if ((c == 0x1f3cb || c == 0x1f3cc || c == 0x1f574 || c == 0x1f575 ||
	    c == 0x26f9) && (tone > 0 || next == VS16)) {
		int shown = tone > 0 ? tone : 1;

		if ((n = sign_at(t, i + w + shown)) > 0)
			return w + shown + n;
	}
	if ((t->cls[i] & NX_C_EMOJI_GENDER) != 0 &&
	    (n = sign_at(t, i + w + tone)) > 0)
		return w + tone + n;
	return joined_at(t, i, c);
}

/* twemoji-parser 11's match at `i`, in its own order of preference. */
static int
twemoji_at(const struct nx_units *t, int32_t i, UChar32 c)
{
	int w = U16_LENGTH(c), n;
	UChar32 next = point_at(t, i + w);

	if ((n = people_at(t, i, c, w)) > 0)
		return n;
	if (c == '#' || c == '*' || nx_is_digit(c)) {
		if (next == VS16 && point_at(t, i + 2) == KEYCAP)
			return 3;
		return next == KEYCAP ? 2 : 0;
	}
	if (c == 0xa9 || c == 0xae || c == 0x2122 || c == 0x265f)
		return next == VS16 ? 2 : 0;
	if ((t->cls[i] & NX_C_EMOJI_TEXT) != 0)
		return next == VS16 ? w + 1 : 0;
	if ((t->cls[i] & NX_C_EMOJI_HAND) != 0) {
		if (next == VS15)
			return 0;
		if (next == VS16)
			w++;
		if (is_tone(point_at(t, i + w)))
			w += 2;
		return w > U16_LENGTH(c) ? w : 0;
	}
	if ((t->cls[i] & NX_C_EMOJI_BODY) != 0)
		return is_tone(next) ? w + 2 : 0;
	return flag_at(t, i, c);
}

/* A pictograph that came after ICU's data, in the blocks that still grow. */
static bool
is_unknown(UChar32 c)
{
	return ((c >= 0x1f6d0 && c <= 0x1f6ff) ||
	    (c >= 0x1fa70 && c <= 0x1faff)) &&
	    u_charType(c) == U_UNASSIGNED &&
	    u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC);
}

/* Sequences of Emoji 15.1 that do not end in an arrow to the right. */
static int
emoji_15_1(const struct nx_units *t, int32_t i, UChar32 c)
{
	static const UChar *const list[] = {
		(u"\U0001F9D1\u200D\U0001F9D1\u200D"
		"\U0001F9D2\u200D\U0001F9D2"),
		u"\U0001F9D1\u200D\U0001F9D1\u200D\U0001F9D2",
		u"\U0001F9D1\u200D\U0001F9D2\u200D\U0001F9D2",
		u"\U0001F9D1\u200D\U0001F9D2",
		u"\U0001F642\u200D\u2194\uFE0F",
		u"\U0001F642\u200D\u2195\uFE0F",
		u"\U0001F34B\u200D\U0001F7E9",
		u"\U0001F344\u200D\U0001F7EB",
		u"\u26D3\uFE0F\u200D\U0001F4A5",
		u"\U0001F426\u200D\U0001F525",
	};
	size_t k;
	int n = 0;

	if (c != 0x1f9d1 && c != 0x1f642 && c != 0x1f34b && c != 0x1f344 &&
	    c != 0x26d3 && c != 0x1f426)
		return 0;
	for (k = 0; k < sizeof(list) / sizeof(list[0]) && n == 0; k++)
		n = match_literal(t, i, list[k]);
	return n;
}

/*
 * The longest sequence at `i` that newer data knows.  The work at each place
 * is bounded: more than two pictographs are only joined by a heart or hands.
 */
static int
newer_at(const struct nx_units *t, int32_t i)
{
	enum { ELEMENTS = 4 };
	UProperty kind[ELEMENTS];
	int end[ELEMENTS], most = ELEMENTS, k, n = 0;
	int32_t j = i;
	bool unknown = false;

	for (k = 0; k < most; k++) {
		UChar32 c = point_at(t, j);

		if (k > 0 && !u_hasBinaryProperty(c,
		    UCHAR_EXTENDED_PICTOGRAPHIC))
			break;
		if (k == 1 && !unknown && c != HEART && c != HANDS)
			most = 2;
		unknown = unknown || is_unknown(c);
		j += U16_LENGTH(c);
		kind[k] = k > 0 ? UCHAR_RGI_EMOJI_ZWJ_SEQUENCE :
		    UCHAR_BASIC_EMOJI;
		if (point_at(t, j) == VS16) {
			j++;
		} else if (is_tone(point_at(t, j))) {
			j += 2;
			if (k == 0)
				kind[k] = UCHAR_RGI_EMOJI_MODIFIER_SEQUENCE;
		}
		end[k] = (int)(j - i);
		if (point_at(t, j) != ZWJ || ++j >= t->n) {
			k++;
			break;
		}
	}
	if (unknown)
		return end[k - 1];
	/* A single code point weighs the same either way. */
	while (k-- > 0 && n == 0 && end[k] > U16_LENGTH(point_at(t, i)))
		if (u_stringHasBinaryProperty(t->u + i, end[k], kind[k]))
			n = end[k];
	return n;
}

int
nx_emoji_span(const struct nx_units *t, int32_t i)
{
	UChar32 c = point_at(t, i);
	int w = U16_LENGTH(c), known, newer = 0, arrow;
	UChar32 next;

	/* Hardly any goes on: leave early. */
	next = point_at(t, i + w);
	if (next != ZWJ && next != VS16 && next != KEYCAP && next < 0x1f000)
		return 0;
	known = twemoji_at(t, i, c);
	if (c < 0x80)
		return known;
	if ((next == ZWJ || next == VS16 || is_tone(next)) &&
	    c != EYE && c != INFINITY_SIGN &&
	    u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC)) {
		int later = emoji_15_1(t, i, c);

		newer = newer_at(t, i);
		if (newer < later)
			newer = later;
	}
	if (newer < known)
		newer = known;
	if (newer == 0 && next == ZWJ &&
	    u_hasBinaryProperty(c, UCHAR_EMOJI_PRESENTATION))
		arrow = w;
	else
		arrow = newer;
	if (arrow > 0 && point_at(t, i + arrow) == ZWJ &&
	    point_at(t, i + arrow + 1) == 0x27a1 &&
	    point_at(t, i + arrow + 2) == VS16)
		newer = arrow + 3;
	return newer;
}
