/*
 * stats.h - counters and histograms of all processes of a host.
 *
 * They live in a file of the state directory, stats-<layout>, that every
 * process maps: one slot for each, claimed with a lock that ends with it.
 * Whoever claims a slot next counts on from where it stands, so that nothing
 * that was counted is lost with a process.  Counting costs an atomic addition
 * and never fails: who cannot open the file, or finds no slot, counts nothing.
 *
 * One struct nx_stats for the process.  Any thread; NULL is fine everywhere.
 */
#ifndef NX_BASE_STATS_H
#define NX_BASE_STATS_H

#include <stdint.h>

#include "nx/base/buf.h"
#include "nx/base/stats_list.h"

enum nx_stat {
#define NX_STATS_ENUM(id, kind, name, unit, help, a, b) NX_STAT_##id,
	NX_STATS_LIST(NX_STATS_ENUM)
#undef NX_STATS_ENUM
	NX_STAT_COUNT
};

enum nx_label {
#define NX_STATS_ENUM(id, label, values) NX_LABEL_##id,
	NX_STATS_LABELS(NX_STATS_ENUM)
#undef NX_STATS_ENUM
	NX_LABEL_COUNT
};

/* The values of labels that count by no other enum, in the table's order. */
enum nx_stats_run { NX_STATS_RUN_DONE, NX_STATS_RUN_FAILED };
enum nx_stats_wait { NX_STATS_WAIT_SERVED, NX_STATS_WAIT_TIMED_OUT };
enum nx_stats_task {
	NX_STATS_TASK_DONE, NX_STATS_TASK_LEFT, NX_STATS_TASK_REFUSED,
};

enum { NX_STATS_SLOTS = 64 };	/* processes of a host that count */

struct nx_stats;

/*
 * Map the file in `dir`, which is made (0600, of the directory's owner) but
 * not the directory.  Its space is allocated first, so that a full disk is
 * met here and not by a signal.  Files of other layouts that no process uses
 * are removed.  NULL when anything fails: nothing is counted then.
 */
struct nx_stats	*nx_stats_open(const char *dir);
void		 nx_stats_close(struct nx_stats *stats);

/* Count one, with the values of its labels (0 where it has none). */
void	nx_stats_count(struct nx_stats *stats, enum nx_stat what,
	    unsigned int a, unsigned int b);

/* Note how long it took since `began` (nx_clock_us()). */
void	nx_stats_time(struct nx_stats *stats, enum nx_stat what,
	    unsigned int a, int64_t began);

/* The sum over all slots; of a histogram, how many were noted. */
uint64_t	nx_stats_sum(const struct nx_stats *stats, enum nx_stat what,
		    unsigned int a, unsigned int b);

/* Everything, as Prometheus reads it (text exposition format 0.0.4). */
void	nx_stats_text(const struct nx_stats *stats, struct nx_buf *out);

/* Value `i` of a label; empty: there are no more.  Static text. */
struct nx_slice	nx_stats_value(enum nx_label label, unsigned int i);

#endif
