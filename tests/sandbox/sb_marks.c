#include "sb_marks.h"

#include <stdbool.h>
#include <string.h>
#include <unicode/uchar.h>

enum { HANDLE_MAX = 20, CASHTAG_MAX = 6, CASHTAG_TAIL_MAX = 2 };

static bool
in(int32_t c, const char *set)
{
	return c > 0 && c < 128 && strchr(set, c) != NULL;
}

static bool
is_alpha(int32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
in_handle(int32_t c)
{
	return is_alpha(c) || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_accented(int32_t c)
{
	return (c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) ||
	    (c >= 0x1e00 && c <= 0x1eff);
}

static bool
is_at(int32_t c)
{
	return c == '@' || c == 0xff20;
}

static bool
is_hash(int32_t c)
{
	return c == '#' || c == 0xff03;
}

/* cp[at] comes behind "RT", itself at a border, perhaps with a colon. */
static bool
after_rt(const int32_t *cp, size_t at)
{
	size_t end = at > 0 && cp[at - 1] == ':' ? at - 1 : at;

	return end >= 2 && (cp[end - 1] == 'T' || cp[end - 1] == 't') &&
	    (cp[end - 2] == 'R' || cp[end - 2] == 'r') &&
	    (end == 2 || !(in_handle(cp[end - 3]) ||
	    in(cp[end - 3], "+-.!#$%&*@") || is_at(cp[end - 3])));
}

static size_t
mention_at(const int32_t *cp, size_t n, size_t at)
{
	size_t end = at + 1;

	if (!is_at(cp[at]))
		return 0;
	if (at > 0 && (in_handle(cp[at - 1]) || is_at(cp[at - 1]) ||
	    in(cp[at - 1], "!#$%&*")) && !after_rt(cp, at))
		return 0;
	while (end < n && end - at <= HANDLE_MAX && in_handle(cp[end]))
		end++;
	if (end == at + 1)
		return 0;
	if (end < n && (is_at(cp[end]) || is_accented(cp[end])))
		return 0;
	if (end + 2 < n && cp[end] == ':' && cp[end + 1] == '/' &&
	    cp[end + 2] == '/')
		return 0;
	return end - at;
}

static bool
in_hashtag(int32_t c)
{
	const uint32_t kinds = U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK;

	if (c >= 0xfe00 && c <= 0xfe0f)
		return false;		/* marks, but only of emoji */
	return c == '_' || c == 0x200c || c == 0x200d || c == 0xb7 ||
	    c == 0x30fb || (U_MASK(u_charType(c)) & kinds) != 0;
}

static size_t
hashtag_at(const int32_t *cp, size_t n, size_t at)
{
	bool letter = false;
	size_t end = at + 1;

	if (!is_hash(cp[at]) ||
	    (at > 0 && (in_hashtag(cp[at - 1]) || cp[at - 1] == '&')))
		return 0;
	if (end < n && cp[end] == 0x20e3)
		return 0;		/* the key, an emoji */
	for (; end < n && in_hashtag(cp[end]); end++)
		letter |= (U_MASK(u_charType(cp[end])) &
		    (U_GC_L_MASK | U_GC_M_MASK)) != 0;
	if (!letter || (end < n && is_hash(cp[end])))
		return 0;
	if (end + 2 < n && cp[end] == ':' && cp[end + 1] == '/' &&
	    cp[end + 2] == '/')
		return 0;
	return end - at;
}

static size_t
letters(const int32_t *cp, size_t n, size_t at)
{
	size_t end = at;

	while (end < n && is_alpha(cp[end]))
		end++;
	return end - at;
}

/* "$" and 1-6 letters, perhaps "." or "_" and 1-2 more, standing alone. */
static size_t
cashtag_at(const int32_t *cp, size_t n, size_t at)
{
	size_t len = letters(cp, n, at + 1), end = at + 1 + len, tail;

	if (cp[at] != '$' || (at > 0 && !u_isUWhiteSpace(cp[at - 1])))
		return 0;
	if (len < 1 || len > CASHTAG_MAX)
		return 0;
	if (end < n && (cp[end] == '.' || cp[end] == '_')) {
		tail = letters(cp, n, end + 1);
		if (tail >= 1 && tail <= CASHTAG_TAIL_MAX)
			end += tail + 1;
	}
	return end == n || u_isUWhiteSpace(cp[end]) || u_ispunct(cp[end]) ?
	    end - at : 0;
}

size_t
sb_mark_at(const int32_t *cp, size_t n, size_t at, enum sb_mark_kind *kind)
{
	size_t (*const find[])(const int32_t *, size_t, size_t) = {
		[SB_MENTION] = mention_at,
		[SB_HASHTAG] = hashtag_at,
		[SB_CASHTAG] = cashtag_at,
	};
	size_t len;

	for (int k = SB_MENTION; k <= SB_CASHTAG; k++) {
		len = find[k](cp, n, at);
		if (len > 0) {
			*kind = (enum sb_mark_kind)k;
			return len;
		}
	}
	return 0;
}
