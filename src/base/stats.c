/*
 * stats.c - slots of numbers in a file that all processes of a host share.
 *
 * The file is NX_STATS_SLOTS times the same cells, each a 64-bit number that
 * only grows.  Byte i of it is locked (F_OFD_SETLK) by the process that counts
 * in slot i; the lock ends with its descriptor, however the process ends.
 */

#include "stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/slice.h"

static const uint32_t bounds[] = { NX_STATS_BOUNDS };	/* microseconds */

enum {
	US = 1000000,
	BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
	BUCKETS = BOUNDS + 1,		/* the last has no bound */
	HISTOGRAM = BUCKETS + 1,	/* and the sum, in microseconds */
	LINE = 64 / sizeof(uint64_t),	/* cells of a cache line */
	NAME_SIZE = 32,
};

static const char prefix[] = "stats-";

static const struct nx_stats_row rows[NX_STAT_COUNT] = {
#define NX_STATS_ROW(id, kind, name, unit, help, a, b) \
	{ NX_STATS_##kind, name, unit, help, \
	    { NX_LABEL_##a, NX_LABEL_##b } },
	NX_STATS_LIST(NX_STATS_ROW)
#undef NX_STATS_ROW
};

static const struct { const char *name, *values; } labels[NX_LABEL_COUNT] = {
#define NX_STATS_ROW(id, label, values) { label, values },
	NX_STATS_LABELS(NX_STATS_ROW)
#undef NX_STATS_ROW
};

struct nx_stats {
	int			 fd;	/* holds the slot's lock */
	struct place {
		size_t		 first;		/* cell of a slot */
		size_t		 width;		/* cells of one series */
		unsigned int	 n[2];		/* values of its labels */
	} places[NX_STAT_COUNT];
	size_t			 cells;		/* of a slot */
	_Atomic uint64_t	*all;		/* of every slot */
	_Atomic uint64_t	*own;		/* NULL: no slot was free */
};

struct nx_slice
nx_stats_value(enum nx_label label, unsigned int i)
{
	struct nx_slice rest = nx_slice_str(labels[label].values), value;

	do
		value = nx_slice_cut(&rest, ' ');
	while (i-- > 0);
	return value;
}

static unsigned int
values_of(enum nx_label label)
{
	unsigned int n = 0;

	while (nx_stats_value(label, n).n > 0)
		n++;
	return n == 0 ? 1 : n;		/* NONE: one series */
}

/* FNV-1a; texts end with their NUL. */
static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n-- > 0)
		hash = (hash ^ *p++) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

uint64_t
nx_stats_layout(const struct nx_stats_row *r, size_t n)
{
	const uint32_t slots = NX_STATS_SLOTS;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = hash_bytes(hash, &slots, sizeof(slots));
	hash = hash_bytes(hash, bounds, sizeof(bounds));
	for (; n > 0; n--, r++) {
		const unsigned char kind = (unsigned char)r->kind;

		hash = hash_bytes(hash, &kind, 1);
		hash = hash_text(hash, r->name);
		hash = hash_text(hash, r->unit);
		for (int i = 0; i < 2; i++) {
			hash = hash_text(hash, labels[r->labels[i]].name);
			hash = hash_text(hash, labels[r->labels[i]].values);
		}
	}
	return hash;
}

static void
lay_out(struct nx_stats *s)
{
	size_t at = 0;

	for (int i = 0; i < NX_STAT_COUNT; i++) {
		struct place *p = &s->places[i];

		p->first = at;
		p->width = rows[i].kind == NX_STATS_HISTOGRAM ? HISTOGRAM : 1;
		p->n[0] = values_of(rows[i].labels[0]);
		p->n[1] = values_of(rows[i].labels[1]);
		at += p->width * p->n[0] * p->n[1];
	}
	s->cells = (at + LINE - 1) / LINE * LINE;
}

static size_t
file_size(const struct nx_stats *s)
{
	return NX_STATS_SLOTS * s->cells * sizeof(uint64_t);
}

static bool
lock_bytes(int fd, off_t at, off_t n)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = at, .l_len = n };

	return fcntl(fd, F_OFD_SETLK, &range) == 0;
}

/*
 * All of its blocks are there.  Not asked for again: where a file system
 * cannot allocate, the C library writes zeros, and others count meanwhile.
 */
static bool
allocate_blocks(int fd, size_t size)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) == 0 && st.st_size == (off_t)size &&
	    (size_t)st.st_blocks * 512 >= size)
		return true;
	do
		rc = posix_fallocate(fd, 0, (off_t)size);
	while (rc == EINTR);
	return rc == 0;
}

/* What root makes belongs to whom the directory belongs to. */
static int
open_file(int dir, const char *name)
{
	const int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	struct stat st;

	if (fd >= 0 && geteuid() == 0 && fstat(dir, &st) == 0 &&
	    st.st_uid != 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
	return fd;
}

/* Of another layout, and nobody counts in it any more. */
static void
remove_if_unused(int dir, const char *name)
{
	const int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (lock_bytes(fd, 0, NX_STATS_SLOTS))
		(void)unlinkat(dir, name, 0);
	(void)close(fd);
}

static void
remove_others(int dir, const char *own)
{
	const int fd = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (nx_slice_starts(nx_slice_str(e->d_name), prefix) &&
		    strcmp(e->d_name, own) != 0)
			remove_if_unused(dir, e->d_name);
	}
	(void)closedir(d);
}

static void
claim_slot(struct nx_stats *s)
{
	for (off_t i = 0; s->own == NULL && i < NX_STATS_SLOTS; i++) {
		if (lock_bytes(s->fd, i, 1))
			s->own = s->all + (size_t)i * s->cells;
	}
}

static bool
map_file(struct nx_stats *s, const char *dir)
{
	const int at = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	char name[NAME_SIZE];
	void *p = MAP_FAILED;

	if (at < 0)
		return false;
	(void)snprintf(name, sizeof(name), "%s%016" PRIx64, prefix,
	    nx_stats_layout(rows, NX_STAT_COUNT));
	s->fd = open_file(at, name);
	if (s->fd >= 0 && allocate_blocks(s->fd, file_size(s)))
		p = mmap(NULL, file_size(s), PROT_READ | PROT_WRITE,
		    MAP_SHARED, s->fd, 0);
	if (p != MAP_FAILED) {
		s->all = p;
		claim_slot(s);
		remove_others(at, name);
	}
	(void)close(at);
	return p != MAP_FAILED;
}

struct nx_stats *
nx_stats_open(const char *dir)
{
	struct nx_stats *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->fd = -1;
	lay_out(s);
	if (!map_file(s, dir)) {
		nx_stats_close(s);
		return NULL;
	}
	return s;
}

void
nx_stats_close(struct nx_stats *s)
{
	if (s == NULL)
		return;
	if (s->all != NULL)
		(void)munmap((void *)s->all, file_size(s));
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s);
}

/* The first cell of a series, in a slot. */
static size_t
first_cell(const struct nx_stats *s, enum nx_stat what, unsigned int a,
    unsigned int b)
{
	const struct place *p = &s->places[what];

	assert(a < p->n[0] && b < p->n[1]);
	return p->first + (a * p->n[1] + b) * p->width;
}

static void
add_to_cell(struct nx_stats *s, size_t cell, uint64_t n)
{
	(void)atomic_fetch_add_explicit(&s->own[cell], n,
	    memory_order_relaxed);
}

void
nx_stats_count(struct nx_stats *s, enum nx_stat what, unsigned int a,
    unsigned int b)
{
	if (s != NULL && s->own != NULL)
		add_to_cell(s, first_cell(s, what, a, b), 1);
}

void
nx_stats_time(struct nx_stats *s, enum nx_stat what, unsigned int a,
    int64_t began)
{
	const int64_t gone = nx_clock_us() - began;
	size_t at, bucket = 0;

	if (s == NULL || s->own == NULL || gone < 0)
		return;
	at = first_cell(s, what, a, 0);
	while (bucket < BOUNDS && gone > (int64_t)bounds[bucket])
		bucket++;
	add_to_cell(s, at + bucket, 1);
	add_to_cell(s, at + BUCKETS, (uint64_t)gone);
}

static uint64_t
sum_cell(const struct nx_stats *s, size_t cell)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < NX_STATS_SLOTS; i++)
		sum += atomic_load_explicit(&s->all[i * s->cells + cell],
		    memory_order_relaxed);
	return sum;
}

uint64_t
nx_stats_sum(const struct nx_stats *s, enum nx_stat what, unsigned int a,
    unsigned int b)
{
	size_t at, n;
	uint64_t sum = 0;

	if (s == NULL)
		return 0;
	at = first_cell(s, what, a, b);
	n = rows[what].kind == NX_STATS_HISTOGRAM ? BUCKETS : 1;
	for (size_t i = 0; i < n; i++)
		sum += sum_cell(s, at + i);
	return sum;
}

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
		    labels[r->labels[i]].name, (int)v.n, v.p);
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
	const struct nx_stats_row *r = &rows[what];
	const size_t at = first_cell(s, what, a, 0);
	uint64_t sum = 0;
	char le[32];

	for (size_t i = 0; i < BUCKETS; i++) {
		sum += sum_cell(s, at + i);
		if (i < BOUNDS)
			(void)snprintf(le, sizeof(le), "le=\"%g\"",
			    bounds[i] / (double)US);
		else
			(void)snprintf(le, sizeof(le), "le=\"+Inf\"");
		nx_buf_addf(out, "%s_bucket", name);
		write_labels(r, a, 0, le, out);
		nx_buf_addf(out, " %" PRIu64 "\n", sum);
	}
	nx_buf_addf(out, "%s_sum", name);
	write_labels(r, a, 0, NULL, out);
	nx_buf_addf(out, " %.6f\n", (double)sum_cell(s, at + BUCKETS) / US);
	nx_buf_addf(out, "%s_count", name);
	write_labels(r, a, 0, NULL, out);
	nx_buf_addf(out, " %" PRIu64 "\n", sum);
}

static void
write_metric(const struct nx_stats *s, enum nx_stat what, struct nx_buf *out)
{
	const struct nx_stats_row *r = &rows[what];
	const struct place *p = &s->places[what];
	const bool is_counter = r->kind == NX_STATS_COUNTER;
	char name[80];

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
