/* timeline.c - ask X what an account has posted, in the names it knows. */

#include "nx/x/timeline.h"

#include "call.h"
#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/x/id.h"
#include "timeline_page.h"

enum {
	PAGE = 100,
	SHORT_PAGE = 10,	/* of the longest posts this many fit */
	COPIES = 2,		/* of an answer's bytes, for what is kept */
};

enum names {
	NEW_NAMES,
	OLD_NAMES,	/* of before 2.167 */
	NO_NAMES,	/* nothing that a server could refuse */
};

/* How it is asked for. */
struct manner {
	bool	old_first;
	int	turn;		/* the first names, the others, none */
	bool	settled;	/* by the page before: fields are as they are */
	int	page;
};

static enum names
names_of(const struct manner *how)
{
	return how->turn == 2 ? NO_NAMES :
	    how->old_first != (how->turn == 1) ? OLD_NAMES : NEW_NAMES;
}

/*
 * What a post answers to is a field in the old names; in the new ones it is an
 * expansion, which brings other posts along and bills them.
 */
static struct manner
first_manner(const struct nx_timeline_ask *ask)
{
	struct manner how = { .page = PAGE, .old_first = ask->parents };

	how.settled = ask->page != NULL && ask->old_names != NULL;
	if (how.settled)
		how.old_first = *ask->old_names;
	return how;
}

static const char *
field_query(enum names names, bool parents)
{
	switch (names) {
	case NEW_NAMES:
		return parents ? "&post.fields=created_at,entities,note_post"
		    "&expansions=referenced_posts" :
		    "&post.fields=created_at,entities,note_post";
	case OLD_NAMES:
		return parents ? "&tweet.fields=created_at,entities,"
		    "note_tweet,referenced_tweets" :
		    "&tweet.fields=created_at,entities,note_tweet";
	case NO_NAMES:
		break;
	}
	return "";
}

static struct nx_x_answer
ask_page(const struct nx_x *x, const char *token,
    const struct nx_timeline_ask *ask, const struct manner *how,
    struct nx_verdict *verdict)
{
	struct nx_buf url = NX_BUF(NX_TIMELINE_URL_MAX);
	struct nx_http_ask request = { .method = "GET", .bearer = token };
	struct nx_x_answer answer;
	const enum names names = names_of(how);
	char start[NX_RFC3339_MAX];

	nx_buf_addf(&url, "%s" NX_X_TIMELINE "?max_results=%d%s",
	    x->conf->api_url, ask->x_user_id, how->page,
	    field_query(names, ask->parents));
	if (ask->since_id != NULL)
		nx_buf_addf(&url, "&since_id=%s", ask->since_id);
	if (ask->start > 0 && names != NO_NAMES) {
		nx_clock_text(ask->start, start);
		nx_buf_adds(&url, "&start_time=");
		nx_buf_add_url(&url, nx_slice_str(start));
	}
	if (ask->page != NULL) {
		nx_buf_adds(&url, "&pagination_token=");
		nx_buf_add_url(&url, nx_slice_str(ask->page));
	}
	if (nx_buf_ok(&url) && nx_x_id_is_good(ask->x_user_id) &&
	    (ask->since_id == NULL || nx_x_id_is_good(ask->since_id)))
		request.url = nx_buf_str(&url);
	nx_x_call(x, NX_ACT_READ, &request, "the address does not fit",
	    &answer, verdict);
	nx_buf_free(&url);
	return answer;
}

static bool
is_too_long(const struct nx_x *x, const struct nx_http_answer *answer)
{
	return answer->error == NX_HTTP_TOO_LONG ||
	    !nx_arena_has(x->arena, COPIES * answer->body.n);
}

/* An answer that does not fit may in shorter pages; true: that is tried. */
static bool
shortens_page(struct manner *how)
{
	const bool was_long = how->page == PAGE;

	how->page = SHORT_PAGE;
	return was_long;
}

/* Names that X may not know are worth others; true: those are tried. */
static bool
changes_names(struct manner *how, const struct nx_verdict *verdict, int status,
    bool bare)
{
	const bool other = verdict->class == NX_CLASS_DONE ?
	    bare && how->turn == 0 && !how->settled :
	    status == 400 && how->turn < 2;

	how->turn += other;
	return other;
}

/* One try; false: it is worth another in the changed manner. */
static bool
try_page(const struct nx_x *x, const char *access_token,
    const struct nx_timeline_ask *ask, struct manner *how,
    struct nx_timeline *out, struct nx_verdict *verdict)
{
	struct nx_x_answer answer = ask_page(x, access_token, ask, how,
	    verdict);
	bool bare = false, again;

	*out = (struct nx_timeline){ .windows = answer.windows };
	if (is_too_long(x, &answer.http)) {
		nx_verdict_unreadable(NX_ACT_READ, verdict);
		again = shortens_page(how);
	} else {
		if (verdict->class == NX_CLASS_DONE)
			verdict->class = nx_timeline_page(answer.http.body,
			    x->arena, out, &bare);
		again = changes_names(how, verdict, answer.http.status, bare);
	}
	nx_x_called(x, NX_ACT_READ, verdict);
	return !again;
}

/* Do what start_time does, for servers that know nothing of it. */
static void
end_at(int64_t start, struct nx_timeline *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->entries[i].created_at == 0 ||
		    out->entries[i].created_at >= start)
			return;
	if (out->n > 0)
		out->next = NULL;
}

void
nx_timeline_read(const struct nx_x *x, const char *access_token,
    const struct nx_timeline_ask *ask, struct nx_timeline *out,
    struct nx_verdict *verdict)
{
	struct manner how = first_manner(ask);

	*out = (struct nx_timeline){ 0 };
	if (nx_endpoint_is_closed(x->endpoints, NX_ENDPOINT_TIMELINE,
	    nx_clock_wall(), verdict))
		return;
	while (!try_page(x, access_token, ask, &how, out, verdict))
		continue;
	nx_endpoint_heard(x->endpoints, NX_ENDPOINT_TIMELINE, verdict,
	    nx_clock_wall());
	if (verdict->class != NX_CLASS_DONE) {
		*out = (struct nx_timeline){ 0 };
		return;
	}
	end_at(ask->start, out);
	if (ask->old_names != NULL)
		*ask->old_names = names_of(&how) == OLD_NAMES;
}
