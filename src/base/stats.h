/* stats.h - what a row of the table is, for stats.c and its test. */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include "nx/base/stats.h"

enum nx_stats_kind { NX_STATS_COUNTER, NX_STATS_HISTOGRAM };

struct nx_stats_row {
	enum nx_stats_kind	 kind;
	const char		*name, *unit, *help;
	enum nx_label		 labels[2];
};

/* The number of a layout: rows, their labels, and how slots are laid out. */
uint64_t	nx_stats_layout(const struct nx_stats_row *rows, size_t n);

#endif
