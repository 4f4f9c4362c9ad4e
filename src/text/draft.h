/*
 * draft.h - a text that is too long, on its way to posts.
 *
 * compose.c decides what is made of it and divides it into pieces; search.c
 * finds where a piece best ends; piece.c says whether X takes it as it is
 * meant; endings.c has what is put behind it; parts.c hands it over.  Private
 * to the text room.
 */
#ifndef NX_TEXT_DRAFT_H
#define NX_TEXT_DRAFT_H

#include "cut.h"
#include "nx/base/buf.h"
#include "nx/base/maxima.h"
#include "nx/text/compose.h"
#include "text.h"

enum {
	NX_LENGTH_SLOTS = 512,	/* pieces are told apart by length first */
	NX_NO_PIECE = -1,
};

struct nx_piece {
	const struct nx_cut	*from, *to;
	int			 weighted_length;	/* with its suffix */
	int			 before;	/* the last one of such a
						   length, or NX_NO_PIECE */
};

struct nx_draft {
	const struct nx_compose_ask	*ask;
	const struct nx_text		*text;
	struct nx_cuts			 cuts;
	int32_t				 end;	/* last place to be reached */
	int32_t				 seen;	/* units up to the last that is
						   to be seen */
	int64_t				 units_left;	/* to be looked at */
	struct nx_buf			 tried;	/* the piece being looked at */
	struct nx_hits			 hits;	/* and what is in it */
	struct nx_piece			 pieces[NX_PARTS_MAX];
	int				 count;
	int				 last[NX_LENGTH_SLOTS];	/* piece of as
						   many bytes, modulo */
	enum nx_rc			 rc;	/* why looking stopped */
};

static inline bool
nx_draft_is_thread(const struct nx_draft *d)
{
	return d->ask->on_long == NX_THREAD;
}

/* search.c: each for places of d->cuts. */

/* The first place from `i` on that white space does not follow. */
int32_t	nx_skip_blank(const struct nx_draft *d, int32_t i);

/* The last place whose distance from `from` is within `weight`. */
int32_t	nx_search_reach(const struct nx_draft *d, int32_t from,
	    int64_t weight);

/*
 * The last place up to `to` with which a piece from `from` on has one cashtag
 * at the most (X's rule).
 */
int32_t	nx_search_cashtag(const struct nx_draft *d, int32_t from, int32_t to);

/* Begin to count what is looked at: a text that needs more is hostile. */
void	nx_search_begin(struct nx_draft *d);

/*
 * End `piece` at the best place up to `max`; it gets `suffix`.  False when
 * there is none, or d->rc tells why looking stopped.
 */
bool	nx_search_end(struct nx_draft *d, struct nx_piece *piece, int32_t max,
	    const char *suffix);

/* piece.c */

/* The text between two places, as it was written. */
struct nx_slice	nx_piece_text(const struct nx_draft *d,
		    const struct nx_cut *from, const struct nx_cut *to);

/* How many entities of a kind the whole text has in a piece of it. */
int	nx_piece_entities(const struct nx_draft *d,
	    const struct nx_piece *piece, enum nx_entity_kind kind);

/*
 * Is `piece` with `suffix` one that X will take and see as it is meant?  Its
 * weighted length is then set.  False as well when d->rc is not OK.
 */
bool	nx_piece_passes(struct nx_draft *d, struct nx_piece *piece,
	    const char *suffix);

/* Does ending `piece` here leave alone what stands before and after? */
bool	nx_piece_leaves_whole(struct nx_draft *d,
	    const struct nx_piece *piece);

/* Is that text a piece already?  X takes no post twice. */
bool	nx_piece_is_repeated(const struct nx_draft *d,
	    const struct nx_cut *from, const struct nx_cut *to);

/* Forget all pieces; take the one that stands at d->count. */
void	nx_pieces_clear(struct nx_draft *d);
void	nx_piece_take(struct nx_draft *d);

/* endings.c */

/* ` (2/5)` where parts are numbered, else nothing. */
void	nx_ending_number(const struct nx_compose_ask *ask, int position,
	    int total, char out[NX_PART_NUMBER_MAX]);

/*
 * `...` and the link, if there is one, in the arena, and its weighted length.
 * TEXT_TOO_LONG when it leaves no room, NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_ending_cut(const struct nx_compose_ask *ask,
			    struct nx_arena *arena, const char **out,
			    int *length, struct nx_err *err);

/* parts.c */

/*
 * Hand over one piece with its suffix, which X takes with one cashtag at the
 * most (INVALID), or all pieces of a thread.  NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_parts_single(const struct nx_draft *d,
			    const struct nx_piece *piece, const char *suffix,
			    struct nx_arena *arena, struct nx_composed *out,
			    struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_parts_thread(const struct nx_draft *d,
			    struct nx_arena *arena, struct nx_composed *out);

#endif
