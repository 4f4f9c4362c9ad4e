/* parts.c - pieces become the texts of posts. */

#include "draft.h"

/* Put a piece and its suffix into the arena. */
static enum nx_rc
write_part(const struct nx_draft *d, const struct nx_piece *piece,
    const char *suffix, struct nx_arena *arena, struct nx_part *out)
{
	const struct nx_slice text = nx_piece_text(d, piece->from, piece->to);
	const size_t n = text.n + strlen(suffix);
	const bool has_link = d->ask->on_long == NX_TRUNCATE &&
	    *suffix != '\0' && d->ask->link.n > 0;
	char *p = nx_arena_alloc(arena, n + 1);

	if (p == NULL)
		return NX_NO_MEMORY;
	memcpy(p, text.p, text.n);
	memcpy(p + text.n, suffix, n - text.n + 1);
	*out = (struct nx_part){
		.text = { p, n },
		.weighted_length = piece->weighted_length,
		.has_url = has_link ||
		    nx_piece_entities(d, piece, NX_ENTITY_URL) > 0,
	};
	return NX_OK;
}

enum nx_rc
nx_parts_single(const struct nx_draft *d, const struct nx_piece *piece,
    const char *suffix, struct nx_arena *arena, struct nx_composed *out,
    struct nx_err *err)
{
	const int cashtags = nx_piece_entities(d, piece, NX_ENTITY_CASHTAG);
	enum nx_rc rc;

	if (cashtags > 1)
		return nx_fail_for(err, NX_INVALID, NX_WHY_TEXT_CASHTAGS,
		    NX_S("member", "text"), NX_I("count", cashtags),
		    NX_I("limit", 1));
	out->parts = nx_arena_alloc(arena, sizeof(*out->parts));
	if (out->parts == NULL)
		return NX_NO_MEMORY;
	rc = write_part(d, piece, suffix, arena, &out->parts[0]);
	out->count = 1;
	out->has_url = out->parts[0].has_url;
	return rc;
}

enum nx_rc
nx_parts_thread(const struct nx_draft *d, struct nx_arena *arena,
    struct nx_composed *out)
{
	char number[NX_PART_NUMBER_MAX];
	enum nx_rc rc = NX_OK;

	out->parts = nx_arena_alloc(arena,
	    (size_t)d->count * sizeof(*out->parts));
	if (out->parts == NULL)
		return NX_NO_MEMORY;
	for (int i = 0; rc == NX_OK && i < d->count; i++) {
		nx_ending_number(d->ask, i + 1, d->count, number);
		rc = write_part(d, &d->pieces[i], number, arena,
		    &out->parts[i]);
		out->has_url |= out->parts[i].has_url;
	}
	out->count = (size_t)d->count;
	return rc;
}
