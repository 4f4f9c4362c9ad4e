/*
 * same.c - two texts side by side.
 *
 * Both are brought into the form in which X stores them.  Then one walk goes
 * through both: where the shown one has a t.co link, the sent one must have
 * what it stands for, and otherwise byte must equal byte.
 */

#include "nx/text/same.h"

#include <stdlib.h>

#include "find.h"
#include "nx/base/maxima.h"
#include "nx/text/weigh.h"
#include "same_url.h"
#include "stored.h"

struct comparison {
	struct nx_slice		  sent;		/* as X stores it */
	const struct nx_link	 *given;
	size_t			  ngiven;
	struct nx_arena		 *arena;	/* NULL: nothing found yet */
	struct nx_entity	 *urls;		/* of `sent`, in order */
	size_t			  nurls;
	const struct nx_link	**links;	/* in order of `shown` */
	size_t			  nlinks;
};

static int
order_of(struct nx_slice a, struct nx_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int
by_shown(const void *a, const void *b)
{
	const struct nx_link *const *x = a, *const *y = b;

	return order_of((*x)->shown, (*y)->shown);
}

/* Once for all readings: the URLs of `sent`, the links in order. */
static enum nx_rc
find_links(struct comparison *c)
{
	if (c->arena != NULL)
		return NX_OK;
	c->arena = nx_arena_new(NX_ENTITIES_ARENA_MAX);
	if (c->arena == NULL)
		return NX_NO_MEMORY;
	c->links = nx_arena_alloc(c->arena, (c->ngiven + 1) *
	    sizeof(*c->links));
	if (c->links == NULL)
		return NX_NO_MEMORY;
	for (size_t i = 0; i < c->ngiven; i++)
		if (c->given[i].shown.n > 0)
			c->links[c->nlinks++] = &c->given[i];
	qsort(c->links, c->nlinks, sizeof(*c->links), by_shown);
	return nx_find(c->sent, NX_ENTITY_URL, c->arena, &c->urls, &c->nurls);
}

/* The t.co link that `s` begins with; empty: none. */
static struct nx_slice
tco_of(struct nx_slice s)
{
	struct nx_slice slug = s;
	size_t n = 0;

	if (!nx_slice_cut_prefix_nocase(&slug, "https://t.co/") &&
	    !nx_slice_cut_prefix_nocase(&slug, "http://t.co/"))
		return nx_slice_head(s, 0);
	while (n < slug.n && nx_is_alnum(slug.p[n]))
		n++;
	return nx_slice_head(s, n > 0 ? s.n - slug.n + n : 0);
}

static bool
begins_with(struct nx_slice s, struct nx_slice with)
{
	return s.n >= with.n && nx_slice_eq(nx_slice_head(s, with.n), with);
}

/*
 * What is known of the link; it is cut where a known one ends, since letters
 * may follow directly.
 */
static const struct nx_link *
find_link(const struct comparison *c, struct nx_slice *tco)
{
	size_t low = 0, high = c->nlinks;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (order_of(c->links[mid]->shown, *tco) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || !begins_with(*tco, c->links[low - 1]->shown))
		return NULL;
	tco->n = c->links[low - 1]->shown.n;
	return c->links[low - 1]->meant.n == 0 ? NULL : c->links[low - 1];
}

/*
 * How much of `sent` stands for `meant`.  Where X sees a link and we do not
 * (its list of domains is newer than ours) it is as long as what X says, less
 * what X may have added; `rest` is then what must follow.
 */
static size_t
written_length(struct nx_slice sent, size_t url, struct nx_slice meant,
    struct nx_slice rest)
{
	size_t scheme = meant.n > 7 && nx_slice_starts_nocase(meant, "http") ?
	    7 + ((meant.p[4] | 0x20) == 's') : 0;
	const size_t lengths[] = { url, meant.n, meant.n - scheme,
	    meant.n - 1, meant.n - scheme - 1 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t n = lengths[i];

		if (n == 0 || n > sent.n || (n != url && n < sent.n &&
		    (rest.n == 0 || rest.p[0] != sent.p[n])))
			continue;
		if (nx_text_url_is_same(nx_slice_head(sent, n), meant))
			return n;
	}
	return 0;
}

/* Blanks and one link that X put there, or that nobody knows. */
static bool
is_added(const struct comparison *c, struct nx_slice tail)
{
	const struct nx_link *link;
	struct nx_slice tco;

	while (tail.n > 0 && (tail.p[0] == ' ' || tail.p[0] == '\n'))
		tail = nx_slice_tail(tail, 1);
	tco = tco_of(tail);
	if (tco.n == 0)
		return false;
	link = find_link(c, &tco);
	return tco.n == tail.n &&
	    (link == NULL || nx_text_url_is_added(link->meant));
}

/*
 * Pass one t.co link of `shown` and what it stands for in `sent`; DIFFERENT
 * when it cannot be passed.
 */
static enum nx_likeness
pass_link(const struct comparison *c, size_t url, struct nx_slice *sent,
    struct nx_slice *shown)
{
	struct nx_slice tco = tco_of(*shown);
	enum nx_likeness like = NX_SAME;
	const struct nx_link *link;
	size_t n;

	if (tco.n == 0)
		return NX_DIFFERENT;
	if (url > 0 && begins_with(*shown, nx_slice_head(*sent, url))) {
		*sent = nx_slice_tail(*sent, url);
		*shown = nx_slice_tail(*shown, url);
		return NX_SAME;
	}
	link = find_link(c, &tco);
	n = link == NULL ? url : written_length(*sent, url, link->meant,
	    nx_slice_tail(*shown, tco.n));
	if (n == 0) {
		like = NX_ALIKE;
		n = url;
	}
	if (n == 0)
		return NX_DIFFERENT;
	*sent = nx_slice_tail(*sent, n);
	*shown = nx_slice_tail(*shown, tco.n);
	return like;
}

static enum nx_likeness
compare_bytes(const struct comparison *c, struct nx_slice shown)
{
	struct nx_slice sent = c->sent;
	enum nx_likeness all = NX_SAME, one;
	size_t u = 0;

	while (shown.n > 0) {
		size_t at = c->sent.n - sent.n, url = 0;

		while (u < c->nurls && c->urls[u].start < at)
			u++;
		if (u < c->nurls && c->urls[u].start == at)
			url = c->urls[u].end - at;
		one = pass_link(c, url, &sent, &shown);
		if (one != NX_DIFFERENT) {
			all = one < all ? one : all;
			continue;
		}
		if (sent.n == 0 || sent.p[0] != shown.p[0])
			break;
		sent = nx_slice_tail(sent, 1);
		shown = nx_slice_tail(shown, 1);
	}
	return sent.n == 0 && (shown.n == 0 || is_added(c, shown)) ? all :
	    NX_DIFFERENT;
}

/* One reading of `shown`: some servers write HTML entities, some do not. */
static enum nx_rc
compare_as(struct comparison *c, struct nx_slice shown, bool html,
    enum nx_likeness *out)
{
	struct nx_buf text = NX_BUF(NX_STORED_MAX);
	enum nx_rc rc = nx_stored(shown, html, &text);

	*out = NX_DIFFERENT;
	if (rc == NX_OK && nx_slice_eq(c->sent, nx_buf_slice(&text)))
		*out = NX_SAME;
	else if (rc == NX_OK && (rc = find_links(c)) == NX_OK)
		*out = compare_bytes(c, nx_buf_slice(&text));
	nx_buf_free(&text);
	return rc;
}

/* Without the mention that `s` begins with, if it does. */
static bool
cut_mention(struct nx_slice *s)
{
	struct nx_slice rest = nx_slice_trim(*s, " \n");
	size_t n = 1;

	if (rest.n == 0 || rest.p[0] != '@')
		return false;
	while (n < rest.n && n <= NX_SCREEN_NAME_MAX &&
	    (nx_is_alnum(rest.p[n]) || rest.p[n] == '_'))
		n++;
	if (n == 1 || (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\n'))
		return false;
	*s = nx_slice_tail(rest, n);
	return true;
}

/* `shown` without as many mentions as it begins with more than `sent`. */
static struct nx_slice
cut_mentions(struct nx_slice sent, struct nx_slice shown)
{
	struct nx_slice ahead = shown;

	while (cut_mention(&sent))
		(void)cut_mention(&ahead);
	while (cut_mention(&ahead))
		(void)cut_mention(&shown);
	return shown;
}

enum nx_rc
nx_text_compare(struct nx_slice sent, struct nx_slice shown,
    const struct nx_link *links, size_t nlinks, bool is_reply,
    enum nx_likeness *out)
{
	struct nx_buf text = NX_BUF(NX_STORED_MAX);
	struct comparison c = { .given = links, .ngiven = nlinks };
	enum nx_likeness plain = NX_DIFFERENT;
	enum nx_rc rc = nx_stored(sent, false, &text);

	*out = NX_DIFFERENT;
	if (is_reply)
		shown = cut_mentions(sent, shown);
	c.sent = nx_buf_slice(&text);
	if (rc == NX_OK)
		rc = compare_as(&c, shown, true, out);
	if (rc == NX_OK && *out != NX_SAME && shown.n > 0 &&
	    memchr(shown.p, '&', shown.n) != NULL)
		rc = compare_as(&c, shown, false, &plain);
	if (plain > *out)
		*out = plain;
	nx_arena_free(c.arena);
	nx_buf_free(&text);
	return rc;
}
