/*
 * rescue_replay.c - bring home what the files of this host hold.
 *
 * Any process may do so at any time: each file is locked, and one whose writer
 * is at work is left to it.
 */

#include "rescue_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nx/base/maxima.h"
#include "nx/seal/seal.h"

/* As far as the first zero byte. */
static bool
read_file(int fd, struct nx_buf *out)
{
	char chunk[4096];
	size_t used;
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		used = strnlen(chunk, (size_t)n);
		nx_buf_add(out, chunk, used);
	} while (n < 0 || (n > 0 && used == (size_t)n));
	return nx_buf_ok(out);
}

/* Open what the file holds and bring it home. */
static enum nx_rc
replay_record(const struct nx_store_ask *ask, const char *name,
    struct nx_slice sealed, struct nx_err *err)
{
	struct nx_buf record = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	const struct nx_slice uuid = { name, NX_UUID_LEN };
	struct nx_store_ask own = *ask;
	enum nx_rc rc;

	rc = nx_unseal(ask->store->ring, NX_PURPOSE_RESCUE, uuid, sealed,
	    &record);
	if (rc != NX_OK)
		rc = nx_fail(err, rc, "The rescue file %s does not open with"
		    " any key on the ring (it names key %.*s).", name,
		    (int)nx_sealed_key_id(sealed).n,
		    nx_sealed_key_id(sealed).p);
	else if ((own.arena = nx_arena_new(NX_RESCUE_ARENA_MAX)) == NULL)
		rc = nx_fail(err, NX_NO_MEMORY, "before a replay");
	else {
		rc = nx_rescue_apply(&own, nx_buf_slice(&record), err);
		nx_arena_free(own.arena);
	}
	nx_buf_free(&record);
	return rc;
}

/* What became of one file. */
enum fate { FATE_SAVED, FATE_LEFT, FATE_GONE };

/* The file is locked, and nobody writes it any more. */
static enum fate
replay_open(const struct nx_store_ask *ask, int fd, const char *name,
    enum nx_rc *rc, struct nx_err *err)
{
	struct nx_buf sealed = NX_BUF(NX_SEAL_TEXT_MAX);
	enum fate fate = FATE_SAVED;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink == 0)
		return FATE_GONE;
	if (!read_file(fd, &sealed))
		*rc = nx_rescue_fail(err, "a file cannot be read");
	else if (sealed.n == 0)
		fate = FATE_GONE;	/* X had given nothing yet */
	else
		*rc = replay_record(ask, name, nx_buf_slice(&sealed), err);
	nx_buf_free(&sealed);
	return *rc == NX_OK ? fate : FATE_LEFT;
}

static enum fate
replay_one(const struct nx_store_ask *ask, int dirfd, const char *name,
    enum nx_rc *rc, struct nx_err *err)
{
	enum fate fate = FATE_LEFT;
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return FATE_GONE;
	if (fd < 0) {
		*rc = nx_fail(err, NX_CONFIG, "The rescue file %s cannot be"
		    " opened (%s): it must belong to the user that the"
		    " service runs as.", name, strerror(errno));
		return FATE_LEFT;
	}
	/* Else another process is at it. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		fate = replay_open(ask, fd, name, rc, err);
		if (fate != FATE_LEFT && unlinkat(dirfd, name, 0) != 0)
			fate = errno == ENOENT ? FATE_GONE : FATE_LEFT;
	}
	(void)close(fd);
	return fate;
}

/* Is there any point in trying the next file now? */
static bool
database_is_away(enum nx_rc rc)
{
	return nx_store_unknown(rc) || rc == NX_BUSY || rc == NX_SCHEMA_OLD;
}

static enum nx_rc
replay_all(const struct nx_store_ask *ask, DIR *d, int *saved, int *left,
    struct nx_err *err)
{
	enum nx_rc worst = NX_OK;
	struct dirent *e;

	while ((e = readdir(d)) != NULL) {
		struct nx_err why = { 0 };
		enum nx_rc rc = NX_OK;
		enum fate fate;

		if (!nx_rescue_is_ours(e->d_name))
			continue;
		fate = database_is_away(worst) ? FATE_LEFT :
		    replay_one(ask, dirfd(d), e->d_name, &rc, &why);
		*saved += fate == FATE_SAVED;
		*left += fate == FATE_LEFT;
		if (rc == NX_OK)
			continue;
		worst = rc;
		if (err != NULL)
			*err = why;
	}
	if (*saved > 0)
		(void)fsync(dirfd(d));
	return worst;
}

enum nx_rc
nx_rescue_replay(const struct nx_store_ask *ask, const char *dir, int *saved,
    int *left, struct nx_err *err)
{
	DIR *d = nx_rescue_dir(dir, err);
	enum nx_rc rc;

	*saved = *left = 0;
	if (d == NULL)
		return NX_CONFIG;
	rc = replay_all(ask, d, saved, left, err);
	(void)closedir(d);
	return rc;
}
