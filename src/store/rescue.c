/*
 * rescue.c - the files for grants that the database has not taken yet.
 *
 * DIR/rescue/<uuid>.nx1 is made as FILE_SIZE zero bytes, and a record
 * overwrites the first of them: it ends at the first zero byte, and a file
 * that begins with one holds nothing.  Writer and replayer hold flock() on it.
 * `.part` is how a file was called before it was whole, when records were
 * written aside; it is as good when it opens.
 */

#include "rescue_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "nx/base/must.h"
#include "nx/base/owner.h"
#include "nx/seal/seal.h"

enum {
	NAME_SIZE = NX_UUID_LEN + sizeof(".part"),
	FILE_SIZE = NX_SEAL_TEXT_MAX,	/* room for the largest record */
	MAKE_TRIES = 3,
	FREE_MIN = 16 * 1024 * 1024,	/* bytes: less is nearly full */
	FREE_INODES_MIN = 64,
};

static const char suffix[] = ".nx1";
static const char suffix_part[] = ".part";

enum nx_rc
nx_rescue_fail(struct nx_err *err, const char *what)
{
	return nx_fail(err, NX_CONFIG, "The rescue directory in"
	    " NEXUS_STATE_DIR: %s: %s.", what, strerror(errno));
}

/* Open DIR/rescue, made where it is missing; -1 with errno. */
static int
open_dir(const char *dir)
{
	const int flags = O_DIRECTORY | O_RDONLY | O_CLOEXEC;
	bool made;
	int up, fd;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return -1;
	if ((up = open(dir, flags)) < 0)
		return -1;
	made = mkdirat(up, "rescue", 0700) == 0;
	if (!made && errno != EEXIST)
		fd = -1;
	else
		fd = openat(up, "rescue", flags | O_NOFOLLOW);
	if (fd >= 0 && made) {
		nx_owner_follow(fd, up);
		(void)fsync(up);
	}
	(void)close(up);
	return fd;
}

enum nx_rc
nx_rescue_check(const char *dir, struct nx_err *err)
{
	enum nx_rc rc = NX_OK;
	int fd = open_dir(dir);

	if (fd < 0)
		return nx_rescue_fail(err, "cannot be opened");
	if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		rc = nx_rescue_fail(err, "cannot be written");
	(void)close(fd);
	return rc;
}

bool
nx_rescue_is_ours(const char *name)
{
	char uuid[NX_UUID_LEN + 1];

	(void)snprintf(uuid, sizeof(uuid), "%.*s", NX_UUID_LEN, name);
	return nx_uuid_valid(uuid) &&
	    (strcmp(name + NX_UUID_LEN, suffix) == 0 ||
	    strcmp(name + NX_UUID_LEN, suffix_part) == 0);
}

DIR *
nx_rescue_dir(const char *dir, struct nx_err *err)
{
	int fd = open_dir(dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	enum nx_rc rc = NX_OK;

	if (d == NULL)
		rc = nx_rescue_fail(err, fd < 0 ? "cannot be opened" :
		    "cannot be read");
	if (rc != NX_OK && fd >= 0)
		(void)close(fd);
	return d;
}

/* Some file systems make their inodes as they need them, and say 0. */
static bool
is_nearly_full(int fd)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 &&
	    (fs.f_bavail * fs.f_frsize < FREE_MIN ||
	    (fs.f_files > 0 && fs.f_favail < FREE_INODES_MIN));
}

enum nx_rc
nx_rescue_look(const char *dir, struct nx_rescue_state *out,
    struct nx_err *err)
{
	enum nx_rc rc = nx_rescue_check(dir, err);
	struct dirent *e;
	DIR *d;

	memset(out, 0, sizeof(*out));
	if (rc != NX_OK)
		return rc;
	if ((d = nx_rescue_dir(dir, err)) == NULL)
		return NX_CONFIG;
	while ((e = readdir(d)) != NULL) {
		if (!nx_rescue_is_ours(e->d_name))
			continue;
		out->files++;
		out->unreadable += faccessat(dirfd(d), e->d_name, R_OK,
		    AT_EACCESS) != 0 && errno != ENOENT;
	}
	out->nearly_full = is_nearly_full(dirfd(d));
	(void)closedir(d);
	return NX_OK;
}

static void
name_of(const struct nx_rescue *r, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s%s", r->uuid, suffix);
}

/*
 * Make the file and lock it.  A replay that came in between has found nothing
 * in it and has removed it: then its name is gone, and another is tried.
 */
static bool
make_locked(struct nx_rescue *r)
{
	char name[NAME_SIZE];
	struct stat st;

	for (int i = 0; i < MAKE_TRIES; i++) {
		nx_uuid_random(r->uuid);
		name_of(r, name);
		r->fd = openat(r->dir, name, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (r->fd < 0)
			return false;
		nx_owner_follow(r->fd, r->dir);
		if (flock(r->fd, LOCK_EX) == 0 && fstat(r->fd, &st) == 0 &&
		    st.st_nlink == 1)
			return true;
		(void)close(r->fd);
		r->fd = -1;
	}
	errno = EAGAIN;
	return false;
}

/* Give it its size, so that a full disk is met now and not later. */
static bool
make_room(const struct nx_rescue *r)
{
	int rc;

	do
		rc = posix_fallocate(r->fd, 0, FILE_SIZE);
	while (rc == EINTR);
	errno = rc;
	return rc == 0 && fsync(r->fd) == 0 && fsync(r->dir) == 0;
}

enum nx_rc
nx_rescue_open(const char *dir, struct nx_rescue *out, struct nx_err *err)
{
	enum nx_rc rc = NX_OK;

	*out = NX_RESCUE_NONE;
	if ((out->dir = open_dir(dir)) < 0)
		rc = nx_rescue_fail(err, "cannot be opened");
	else if (!make_locked(out) || !make_room(out))
		rc = nx_rescue_fail(err, "a file cannot be made");
	if (rc != NX_OK)
		nx_rescue_close(out, false);
	return rc;
}

static bool
write_all(int fd, struct nx_slice s)
{
	off_t at = 0;

	while (s.n > 0) {
		ssize_t n = pwrite(fd, s.p, s.n, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s.p += n;
		s.n -= (size_t)n;
		at += n;
	}
	return true;
}

void
nx_rescue_close(struct nx_rescue *r, bool saved)
{
	char name[NAME_SIZE];

	name_of(r, name);
	if (r->fd >= 0 && (saved || !r->written))
		(void)unlinkat(r->dir, name, 0);
	if (r->fd >= 0)
		(void)close(r->fd);
	if (r->dir >= 0)
		(void)close(r->dir);
	*r = NX_RESCUE_NONE;
}

enum nx_rc
nx_rescue_write(struct nx_rescue *r, struct nx_slice sealed,
    struct nx_err *err)
{
	assert(r->fd >= 0);
	if (!write_all(r->fd, sealed))
		return nx_rescue_fail(err, "a file could not be written");
	r->written = true;		/* it outlives the process */
	return fsync(r->fd) == 0 ? NX_OK :
	    nx_rescue_fail(err, "a file does not last");
}
