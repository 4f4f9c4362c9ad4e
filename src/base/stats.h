/*
 * stats.h - the inside of stats: stats.c has the table and counts,
 * stats_file.c maps the file, stats_text.c writes what it holds.
 */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stdatomic.h>

#include "nx/base/stats.h"

enum nx_stats_kind { NX_STATS_COUNTER, NX_STATS_HISTOGRAM };

struct nx_stats_row {
	enum nx_stats_kind	 kind;
	const char		*name, *unit, *help;
	enum nx_label		 labels[2];
};

extern const struct nx_stats_row nx_stats_rows[NX_STAT_COUNT];
extern const char *const nx_stats_label_names[NX_LABEL_COUNT];

/* A histogram's cells: one for each bucket, then the sum in microseconds. */
extern const uint32_t nx_stats_bounds[];
enum {
	NX_STATS_NBOUNDS = sizeof((uint32_t[]){ NX_STATS_BOUNDS }) /
	    sizeof(uint32_t),
	NX_STATS_NBUCKETS,	/* the last one has no bound */
};

struct nx_stats {
	int			 fd;	/* holds the slot's lock */
	struct nx_stats_place {
		size_t		 first;		/* cell of a slot */
		size_t		 width;		/* cells of one series */
		unsigned int	 n[2];		/* values of its labels */
	} places[NX_STAT_COUNT];
	size_t			 cells;		/* of a slot */
	_Atomic uint64_t	*all;		/* of every slot */
	_Atomic uint64_t	*own;		/* NULL: no slot was free */
};

/* The number of a layout: rows, their labels, and how slots are laid out. */
uint64_t	nx_stats_layout(const struct nx_stats_row *rows, size_t n);

/*
 * Map the layout's file in `dir` and claim a slot; false when it cannot be
 * mapped.  Undone by nx_stats_unmap(), after a failure as well.
 */
NX_MUST_USE bool	nx_stats_map(struct nx_stats *s, const char *dir,
			    uint64_t layout);
void			nx_stats_unmap(struct nx_stats *s);

/* The first cell of a series, in a slot; the sum of a cell over all slots. */
size_t		nx_stats_cell(const struct nx_stats *s, enum nx_stat what,
		    unsigned int a, unsigned int b);
uint64_t	nx_stats_cell_sum(const struct nx_stats *s, size_t cell);

#endif
