/*
 * compose.c - cuts a text that is too long, or divides it into a thread.
 *
 * A text that fits is left alone.  Of another all places are listed where it
 * may be cut (cut.c), and from each end of a piece the best next one is
 * searched (search.c), so that what X sees in the pieces is what it would
 * have seen in the whole (piece.c).
 */

#include "nx/text/compose.h"

#include <stdio.h>
#include <unicode/utf16.h>

#include "draft.h"
#include "link.h"
#include "weigh.h"

static enum nx_rc
refuse_character(UChar32 c, struct nx_err *err)
{
	char name[sizeof("U+10FFFF")];

	(void)snprintf(name, sizeof(name), "U+%04X", (unsigned int)c);
	return nx_fail_for(err, NX_TEXT_INVALID, NX_WHY_TEXT_CHARACTER,
	    NX_S("member", "text"), NX_S("character", name));
}

/* Set apart what is no text at all, before anything is composed. */
static enum nx_rc
check_text(const struct nx_text *text, struct nx_err *err)
{
	const struct nx_units *t = &text->units;
	UChar32 c;

	for (int32_t i = 0; i < t->n; ) {
		U16_NEXT(t->u, i, t->n, c);
		if (nx_is_refused(c))
			return refuse_character(c, err);
	}
	return !nx_units_unseen(t, 0, t->n) ? NX_OK : nx_fail_for(err,
	    NX_TEXT_EMPTY, NX_WHY_TEXT_BLANK, NX_S("member", "text"));
}

/* The next piece of a thread from place `from` on. */
static bool
next_piece(struct nx_draft *d, int32_t from, int total, struct nx_piece *out)
{
	const struct nx_cut *v = d->cuts.v;
	char number[NX_PART_NUMBER_MAX];
	int64_t room;
	int32_t max;

	nx_ending_number(d->ask, d->count + 1, total, number);
	room = ((int64_t)d->ask->limit - (int64_t)strlen(number)) *
	    NX_WEIGHT_SCALE;
	max = nx_search_cashtag(d, from, nx_search_reach(d, from, room));
	*out = (struct nx_piece){ .from = &v[from], .to = &v[max] };
	if (max == d->end && max > from && (d->ask->numbering ||
	    !nx_piece_is_repeated(d, out->from, out->to)) &&
	    nx_piece_passes(d, out, number))
		return true;
	return d->rc == NX_OK && nx_search_end(d, out, max, number);
}

static enum nx_rc
refuse_length(struct nx_err *err)
{
	return nx_fail_for(err, NX_TEXT_TOO_LONG, NX_WHY_TEXT_PARTS,
	    NX_S("member", "text"), NX_I("limit", NX_PARTS_MAX));
}

static enum nx_rc
explain_no_piece(const struct nx_draft *d, struct nx_err *err)
{
	return d->rc != NX_OK ? d->rc : nx_fail_for(err,
	    NX_TEXT_TOO_LONG, d->ask->numbering ? NX_WHY_TEXT_NO_PLACE :
	    NX_WHY_TEXT_ALIKE, NX_S("member", "text"),
	    NX_I("part", d->count));
}

/* Divide the text, with numbers of `digits` digits in all. */
static enum nx_rc
divide_text(struct nx_draft *d, int digits, struct nx_err *err)
{
	static const int widest[] = { 0, 9, 99, 999 };
	int32_t from = nx_skip_blank(d, 0);

	nx_search_begin(d);
	for (nx_pieces_clear(d); from < d->end; nx_piece_take(d)) {
		struct nx_piece *piece = &d->pieces[d->count];

		if (d->count == NX_PARTS_MAX)
			return refuse_length(err);
		if (!next_piece(d, from, widest[digits], piece))
			return explain_no_piece(d, err);
		from = nx_skip_blank(d, (int32_t)(piece->to - d->cuts.v));
	}
	return d->cuts.complete ? NX_OK : refuse_length(err);
}

static int
digits_of(int64_t n)
{
	return n < 10 ? 1 : n < 100 ? 2 : 3;
}

static enum nx_rc
make_thread(struct nx_draft *d, struct nx_arena *arena,
    struct nx_composed *out, struct nx_err *err)
{
	const int64_t least = d->cuts.v[d->end].weight / NX_WEIGHT_SCALE /
	    d->ask->limit;
	int digits = digits_of(least);
	enum nx_rc rc;

	/* How long the numbers are depends on how many parts there are. */
	while ((rc = divide_text(d, digits, err)) == NX_OK &&
	    d->ask->numbering && digits_of(d->count) > digits)
		digits++;
	return rc != NX_OK ? rc : nx_parts_thread(d, arena, out);
}

static enum nx_rc
cut_short(struct nx_draft *d, struct nx_arena *arena,
    struct nx_composed *out, struct nx_err *err)
{
	const int32_t from = nx_skip_blank(d, 0);
	struct nx_piece piece = { .from = &d->cuts.v[from] };
	const char *ending;
	int32_t max;
	int length;
	enum nx_rc rc;

	rc = nx_ending_cut(d->ask, arena, &ending, &length, err);
	if (rc != NX_OK)
		return rc;
	max = nx_search_reach(d, from, (int64_t)(d->ask->limit - length) *
	    NX_WEIGHT_SCALE);
	nx_search_begin(d);
	if (!nx_search_end(d, &piece, max, ending))
		return d->rc != NX_OK ? d->rc : nx_fail_for(err,
		    NX_TEXT_TOO_LONG, NX_WHY_TEXT_UNCUT,
		    NX_S("member", "text"));
	out->truncated = true;
	return nx_parts_single(d, &piece, ending, arena, out, err);
}

/* The whole without white space at its ends, if that fits. */
static bool
trimmed_fits(struct nx_draft *d, struct nx_piece *out)
{
	struct nx_units t;
	int64_t weight = 0;

	*out = (struct nx_piece){ .from = &d->cuts.v[nx_skip_blank(d, 0)],
	    .to = &d->cuts.v[d->end] };
	if (!d->cuts.complete)
		return false;
	d->rc = nx_units_copy(&d->text->units, out->from->unit,
	    out->to->unit, &t);
	if (d->rc == NX_OK)
		d->rc = nx_units_weigh_any(&t, &weight);
	nx_units_free(&t);
	out->weighted_length = (int)(weight / NX_WEIGHT_SCALE);
	return d->rc == NX_OK && out->weighted_length <= d->ask->limit;
}

/* What is behind this cannot stand alone. */
static int32_t
last_seen(const struct nx_draft *d)
{
	const struct nx_units *t = &d->text->units;
	int32_t i = d->cuts.v[d->end].unit, at;
	UChar32 c;

	while ((at = i) > 0) {
		U16_PREV(t->u, 0, i, c);
		if (!nx_is_unseen(c))
			break;
	}
	return at;
}

/* List the places up to where all of it may reach. */
static enum nx_rc
list_places(struct nx_draft *d)
{
	const int64_t most = (int64_t)d->ask->limit * NX_WEIGHT_SCALE *
	    (nx_draft_is_thread(d) ? NX_PARTS_MAX : 1);
	const enum nx_rc rc = nx_cuts_list(d->text, most, &d->cuts);

	if (rc != NX_OK)
		return rc;
	d->end = d->cuts.n;
	while (d->end > 0 && d->cuts.v[d->end - 1].blank)
		d->end--;
	d->seen = last_seen(d);
	return NX_OK;
}

/* Make what fits out of a text that does not. */
static enum nx_rc
make_fit(struct nx_draft *d, struct nx_arena *arena, struct nx_composed *out,
    struct nx_err *err)
{
	struct nx_piece piece;
	enum nx_rc rc;

	if ((rc = list_places(d)) != NX_OK)
		return rc;
	if (trimmed_fits(d, &piece))
		return nx_parts_single(d, &piece, "", arena, out, err);
	if (d->rc != NX_OK)
		return d->rc;
	if (d->ask->on_long == NX_REJECT)
		return nx_fail_for(err, NX_TEXT_TOO_LONG, NX_WHY_TEXT_LENGTH,
		    NX_S("member", "text"), NX_I("weighted_length",
		    nx_text_weighted_length(d->text)),
		    NX_I("limit", d->ask->limit));
	return nx_draft_is_thread(d) ? make_thread(d, arena, out, err) :
	    cut_short(d, arena, out, err);
}

static enum nx_rc
compose_text(struct nx_draft *d, struct nx_arena *arena,
    struct nx_composed *out, struct nx_err *err)
{
	const struct nx_text *text = d->text;
	const struct nx_cut start = { 0 };
	const struct nx_cut end = { .byte = (int32_t)text->bytes.n,
	    .unit = text->units.n };
	enum nx_rc rc;

	if ((rc = check_text(text, err)) != NX_OK ||
	    (rc = nx_link_check(d->ask->link, arena, err)) != NX_OK)
		return rc;
	if (text->weight <= (int64_t)d->ask->limit * NX_WEIGHT_SCALE)
		return nx_parts_single(d, &(struct nx_piece){ &start, &end,
		    nx_text_weighted_length(text), NX_NO_PIECE }, "", arena,
		    out, err);
	return make_fit(d, arena, out, err);
}

enum nx_rc
nx_compose(const struct nx_compose_ask *ask, const struct nx_text *text,
    struct nx_arena *arena, struct nx_composed *out, struct nx_err *err)
{
	struct nx_draft d = {
		.ask = ask,
		.text = text,
		.tried = NX_BUF(text->bytes.n + ask->link.n +
		    NX_PART_NUMBER_MAX),
	};
	enum nx_rc rc;

	*out = (struct nx_composed){ 0 };
	rc = compose_text(&d, arena, out, err);
	nx_cuts_free(&d.cuts);
	nx_buf_free(&d.tried);
	nx_hits_free(&d.hits);
	if (rc == NX_NO_MEMORY)
		(void)nx_fail(err, rc, "There is no memory for the text.");
	if (rc != NX_OK)
		*out = (struct nx_composed){ 0 };
	return rc;
}
