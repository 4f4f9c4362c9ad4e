/* stats_text.c - all that was counted, as Prometheus reads it. */

#include "stats.h"

#include <inttypes.h>
#include <stdio.h>

enum { US = 1000000, METRIC_NAME_SIZE = 80 };

/* `{a="x",b="y",more}`, or nothing when there is nothing in it. */
static void
write_labels(const struct nx_stats_row *r, unsigned int a, unsigned int b,
    const char *more, struct nx_buf *out)
{
	const unsigned int values[2] = { a, b };
	const char *lead = "{";

	for (int i = 0; i < 2; i++) {
		const struct nx_slice v = nx_stats_value(r->labels[i],
		    values[i]);

		if (v.n == 0)
			continue;
		nx_buf_addf(out, "%s%s=\"%.*s\"", lead,
		    nx_stats_label_names[r->labels[i]], (int)v.n, v.p);
		lead = ",";
	}
	if (more != NULL)
		nx_buf_addf(out, "%s%s", lead, more);
	if (more != NULL || *lead == ',')
		nx_buf_addc(out, '}');
}

static void
write_histogram(const struct nx_stats *s, enum nx_stat what, unsigned int a,
    const char *name, struct nx_buf *out)
{
	const struct nx_stats_row *r = &nx_stats_rows[what];
	const size_t at = nx_stats_cell(s, what, a, 0);
	uint64_t sum = 0;
	char le[32];

	for (size_t i = 0; i < NX_STATS_NBUCKETS; i++) {
		sum += nx_stats_cell_sum(s, at + i);
		if (i < NX_STATS_NBOUNDS)
			(void)snprintf(le, sizeof(le), "le=\"%g\"",
			    nx_stats_bounds[i] / (double)US);
		else
			(void)snprintf(le, sizeof(le), "le=\"+Inf\"");
		nx_buf_addf(out, "%s_bucket", name);
		write_labels(r, a, 0, le, out);
		nx_buf_addf(out, " %" PRIu64 "\n", sum);
	}
	nx_buf_addf(out, "%s_sum", name);
	write_labels(r, a, 0, NULL, out);
	nx_buf_addf(out, " %.6f\n", (double)nx_stats_cell_sum(s,
	    at + NX_STATS_NBUCKETS) / US);
	nx_buf_addf(out, "%s_count", name);
	write_labels(r, a, 0, NULL, out);
	nx_buf_addf(out, " %" PRIu64 "\n", sum);
}

static void
write_metric(const struct nx_stats *s, enum nx_stat what, struct nx_buf *out)
{
	const struct nx_stats_row *r = &nx_stats_rows[what];
	const struct nx_stats_place *p = &s->places[what];
	const bool is_counter = r->kind == NX_STATS_COUNTER;
	char name[METRIC_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "nexus_x_%s%s%s%s", r->name,
	    *r->unit != '\0' ? "_" : "", r->unit,
	    is_counter ? "_total" : "");
	nx_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, r->help, name,
	    is_counter ? "counter" : "histogram");
	for (unsigned int i = 0; i < p->n[0] * p->n[1]; i++) {
		const unsigned int a = i / p->n[1], b = i % p->n[1];

		if (!is_counter) {
			write_histogram(s, what, a, name, out);
			continue;
		}
		nx_buf_adds(out, name);
		write_labels(r, a, b, NULL, out);
		nx_buf_addf(out, " %" PRIu64 "\n",
		    nx_stats_sum(s, what, a, b));
	}
}

void
nx_stats_text(const struct nx_stats *s, struct nx_buf *out)
{
	for (int i = 0; s != NULL && i < NX_STAT_COUNT; i++)
		write_metric(s, (enum nx_stat)i, out);
}
