/*
 * same.c - two texts side by side.
 *
 * Both are brought into the form in which X stores them.  Then one walk goes
 * through both: where the shown one has a t.co link, the sent one must have
 * what it stands for, and otherwise byte must equal byte.
 */

#include "nx/text/same.h"

#include <stdlib.h>
#include <strings.h>

#include "find.h"
#include "nx/text/weigh.h"
#include "same_url.h"
#include "stored.h"

enum {
	STORED_MAX = 9 * NX_TEXT_BYTES_MAX,	/* NFC and UTF-8: 3 by 3 */
	ARENA_MAX = 64 * NX_TEXT_BYTES_MAX,	/* of entities */
	NAME_MAX_LEN = 20,
};

struct walk {
	struct nx_slice		 sent, shown;
	const struct nx_entity	*urls;		/* of `sent`, in order */
	size_t			 nurls;
	const struct nx_link	**links;	/* in order of `shown` */
	size_t			 nlinks;
};

static int
compare(struct nx_slice a, struct nx_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int
by_shown(const void *a, const void *b)
{
	const struct nx_link *const *x = a, *const *y = b;

	return compare((*x)->shown, (*y)->shown);
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
begins(struct nx_slice s, struct nx_slice with)
{
	return s.n >= with.n && nx_slice_eq(nx_slice_head(s, with.n), with);
}

/*
 * What is known of the link; it is cut where a known one ends, since letters
 * may follow directly.
 */
static const struct nx_link *
known(const struct walk *w, struct nx_slice *tco)
{
	size_t low = 0, high = w->nlinks;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (compare(w->links[mid]->shown, *tco) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || !begins(*tco, w->links[low - 1]->shown))
		return NULL;
	tco->n = w->links[low - 1]->shown.n;
	return w->links[low - 1]->meant.n == 0 ? NULL : w->links[low - 1];
}

/*
 * How much of `sent` stands for `meant`.  Where X sees a link and we do not
 * (its list of domains is newer than ours) it is as long as what X says, less
 * what X may have added; `rest` is then what must follow.
 */
static size_t
written(struct nx_slice sent, size_t url, struct nx_slice meant,
    struct nx_slice rest)
{
	size_t scheme = meant.n > 7 && strncasecmp(meant.p, "http", 4) == 0 ?
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
is_added(const struct walk *w, struct nx_slice tail)
{
	const struct nx_link *link;
	struct nx_slice tco;

	while (tail.n > 0 && (tail.p[0] == ' ' || tail.p[0] == '\n'))
		tail = nx_slice_tail(tail, 1);
	tco = tco_of(tail);
	if (tco.n == 0)
		return false;
	link = known(w, &tco);
	return tco.n == tail.n &&
	    (link == NULL || nx_text_url_is_added(link->meant));
}

/*
 * Pass one t.co link of `shown` and what it stands for in `sent`; DIFFERENT
 * when it cannot be passed.
 */
static enum nx_likeness
pass_link(const struct walk *w, size_t url, struct nx_slice *sent,
    struct nx_slice *shown)
{
	struct nx_slice tco = tco_of(*shown);
	enum nx_likeness like = NX_SAME;
	const struct nx_link *link;
	size_t n;

	if (tco.n == 0)
		return NX_DIFFERENT;
	if (url > 0 && begins(*shown, nx_slice_head(*sent, url))) {
		*sent = nx_slice_tail(*sent, url);
		*shown = nx_slice_tail(*shown, url);
		return NX_SAME;
	}
	link = known(w, &tco);
	n = link == NULL ? url : written(*sent, url, link->meant,
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
walk_both(const struct walk *w)
{
	struct nx_slice sent = w->sent, shown = w->shown;
	enum nx_likeness all = NX_SAME, one;
	size_t u = 0;

	while (shown.n > 0) {
		size_t at = w->sent.n - sent.n, url = 0;

		while (u < w->nurls && w->urls[u].start < at)
			u++;
		if (u < w->nurls && w->urls[u].start == at)
			url = w->urls[u].end - at;
		one = pass_link(w, url, &sent, &shown);
		if (one != NX_DIFFERENT) {
			all = one < all ? one : all;
			continue;
		}
		if (sent.n == 0 || sent.p[0] != shown.p[0])
			break;
		sent = nx_slice_tail(sent, 1);
		shown = nx_slice_tail(shown, 1);
	}
	return sent.n == 0 && (shown.n == 0 || is_added(w, shown)) ? all :
	    NX_DIFFERENT;
}

static enum nx_rc
walk(struct nx_slice sent, struct nx_slice shown,
    const struct nx_link *links, size_t nlinks, enum nx_likeness *out)
{
	struct nx_arena *arena = nx_arena_new(ARENA_MAX);
	struct walk w = { .sent = sent, .shown = shown };
	struct nx_entity *urls;
	enum nx_rc rc = NX_NO_MEMORY;

	w.links = calloc(nlinks + 1, sizeof(*w.links));
	if (arena == NULL || w.links == NULL)
		goto out;
	rc = nx_find(sent, NX_ENTITY_URL, arena, &urls, &w.nurls);
	if (rc != NX_OK)
		goto out;
	w.urls = urls;
	for (size_t i = 0; i < nlinks; i++)
		if (links[i].shown.n > 0)
			w.links[w.nlinks++] = &links[i];
	qsort(w.links, w.nlinks, sizeof(*w.links), by_shown);
	*out = walk_both(&w);
out:
	free(w.links);
	nx_arena_free(arena);
	return rc;
}

/* One reading of `shown`: some servers write HTML entities, some do not. */
static enum nx_rc
read_as(struct nx_slice sent, struct nx_slice shown, bool html,
    const struct nx_link *links, size_t nlinks, enum nx_likeness *out)
{
	struct nx_buf text = NX_BUF(STORED_MAX);
	enum nx_rc rc = nx_stored(shown, html, &text);

	*out = NX_DIFFERENT;
	if (rc == NX_OK && nx_slice_eq(sent, nx_buf_slice(&text)))
		*out = NX_SAME;
	else if (rc == NX_OK)
		rc = walk(sent, nx_buf_slice(&text), links, nlinks, out);
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
	while (n < rest.n && n <= NAME_MAX_LEN &&
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
	struct nx_buf text = NX_BUF(STORED_MAX);
	enum nx_likeness plain = NX_DIFFERENT;
	enum nx_rc rc = nx_stored(sent, false, &text);

	*out = NX_DIFFERENT;
	if (is_reply)
		shown = cut_mentions(sent, shown);
	if (rc == NX_OK)
		rc = read_as(nx_buf_slice(&text), shown, true, links, nlinks,
		    out);
	if (rc == NX_OK && *out != NX_SAME && shown.n > 0 &&
	    memchr(shown.p, '&', shown.n) != NULL)
		rc = read_as(nx_buf_slice(&text), shown, false, links, nlinks,
		    &plain);
	if (plain > *out)
		*out = plain;
	nx_buf_free(&text);
	return rc;
}
