/*
 * stats_file.c - the file that all processes of a host share.
 *
 * It is NX_STATS_SLOTS times the same cells, each a 64-bit number that only
 * grows.  Byte i of it is locked (F_OFD_SETLK) by the process that counts in
 * slot i; the lock ends with its descriptor, however the process ends.
 */

#include "stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nx/base/owner.h"

enum { NAME_SIZE = 32 };

static const char prefix[] = "stats-";

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

static int
open_stats_file(int dir, const char *name)
{
	const int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC, 0600);

	if (fd >= 0)
		nx_owner_follow(fd, dir);
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
		if (strncmp(e->d_name, prefix, sizeof(prefix) - 1) == 0 &&
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

bool
nx_stats_map(struct nx_stats *s, const char *dir, uint64_t layout)
{
	const int at = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	char name[NAME_SIZE];
	void *p = MAP_FAILED;

	if (at < 0)
		return false;
	(void)snprintf(name, sizeof(name), "%s%016" PRIx64, prefix, layout);
	s->fd = open_stats_file(at, name);
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

void
nx_stats_unmap(struct nx_stats *s)
{
	if (s->all != NULL)
		(void)munmap((void *)s->all, file_size(s));
	if (s->fd >= 0)
		(void)close(s->fd);
}
