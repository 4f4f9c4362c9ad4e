/*
 * rescue.c - files for grants that the database has not taken yet.
 *
 * DIR/rescue/<uuid>.nx1 holds one JSON object, sealed with the uuid as
 * context, so that a file that was cut or renamed does not open.  It is made
 * as FILE_SIZE zero bytes, and a record overwrites the first of them: it ends
 * at the first zero byte, and a file that begins with one holds nothing.
 * Writer and replayer hold flock() on it.  `.part` is how a file was called
 * before it was whole, when records were written aside; it is as good when it
 * opens.
 *
 *	{"v": 1, "kind": "attempt", "login": hash}	nothing granted yet
 *	{"v": 1, "kind": "pending", <nx_pending>}
 *	{"v": 1, "kind": "pair", <nx_new_pair>}
 *	{"v": 1, "kind": "grant", "login": hash or null, <nx_new_grant>}
 *
 * The last is of versions that asked for the profile before they kept what X
 * had granted; their times are seconds.
 */

#include "nx/store/rescue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/must.h"
#include "nx/base/uuid.h"
#include "nx/seal/seal.h"
#include "nx/store/login.h"

enum {
	RECORD_VERSION = 1,
	NAME_SIZE = NX_UUID_LEN + sizeof(".part"),
	FILE_SIZE = NX_SEAL_TEXT_MAX,	/* room for the largest record */
	MAKE_TRIES = 3,
	US = 1000000,
	FREE_MIN = 16 * 1024 * 1024,	/* bytes: less is nearly full */
	FREE_INODES_MIN = 64,
};

static const char suffix[] = ".nx1";
static const char suffix_part[] = ".part";

static enum nx_rc
no_file(struct nx_err *err, const char *what)
{
	return nx_fail(err, NX_CONFIG, "The rescue directory in"
	    " NEXUS_STATE_DIR: %s: %s.", what, strerror(errno));
}

/* What root makes belongs to whom the directory above belongs to. */
static void
hand_over(int fd, int above)
{
	struct stat st;

	if (geteuid() == 0 && fstat(above, &st) == 0 && st.st_uid != 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
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
		hand_over(fd, up);
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
		return no_file(err, "cannot be opened");
	if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		rc = no_file(err, "cannot be written");
	(void)close(fd);
	return rc;
}

static bool
is_ours(const char *name)
{
	char uuid[NX_UUID_LEN + 1];

	(void)snprintf(uuid, sizeof(uuid), "%.*s", NX_UUID_LEN, name);
	return nx_uuid_valid(uuid) &&
	    (strcmp(name + NX_UUID_LEN, suffix) == 0 ||
	    strcmp(name + NX_UUID_LEN, suffix_part) == 0);
}

/* DIR/rescue to be read through; closed by closedir(). */
static DIR *
read_dir(const char *dir, struct nx_err *err)
{
	int fd = open_dir(dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	enum nx_rc rc = NX_OK;

	if (d == NULL)
		rc = no_file(err, fd < 0 ? "cannot be opened" :
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
	if ((d = read_dir(dir, err)) == NULL)
		return NX_CONFIG;
	while ((e = readdir(d)) != NULL) {
		if (!is_ours(e->d_name))
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
		hand_over(r->fd, r->dir);
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
		rc = no_file(err, "cannot be opened");
	else if (!make_locked(out) || !make_room(out))
		rc = no_file(err, "a file cannot be made");
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

/* Seal the record and write it over what was there. */
static enum nx_rc
keep(struct nx_rescue *r, const struct nx_keyring *ring,
    const struct nx_buf *record, struct nx_err *err)
{
	struct nx_buf sealed = NX_BUF(NX_SEAL_TEXT_MAX);
	enum nx_rc rc = NX_OK;

	assert(r->fd >= 0);
	if (!nx_buf_ok(record) || nx_seal(ring, NX_PURPOSE_RESCUE,
	    nx_slice_str(r->uuid), nx_buf_slice(record), &sealed) != NX_OK)
		rc = nx_fail(err, NX_NO_MEMORY,
		    "The grant could not be sealed.");
	else if (!write_all(r->fd, nx_buf_slice(&sealed)))
		rc = no_file(err, "a file could not be written");
	else {
		r->written = true;	/* it outlives the process */
		if (fsync(r->fd) != 0)
			rc = no_file(err, "a file does not last");
	}
	nx_buf_free(&sealed);
	return rc;
}

static void
record_open(struct nx_jw *w, const char *kind)
{
	nx_jw_open(w, NULL, '{');
	nx_jw_i64(w, "v", RECORD_VERSION);
	nx_jw_str(w, "kind", kind);
}

/* End the record, write it, and let its bytes go. */
static enum nx_rc
record_keep(struct nx_rescue *r, const struct nx_keyring *ring,
    struct nx_jw *w, struct nx_err *err)
{
	enum nx_rc rc;

	nx_jw_close(w, '}');
	rc = keep(r, ring, w->out, err);
	nx_buf_free(w->out);
	return rc;
}

enum nx_rc
nx_rescue_attempt(struct nx_rescue *r, const struct nx_keyring *ring,
    const char *login_hash, struct nx_err *err)
{
	struct nx_buf record = NX_BUF(NX_SEAL_PLAIN_MAX);
	struct nx_jw w = { .out = &record };

	record_open(&w, "attempt");
	nx_jw_str(&w, "login", login_hash);
	return record_keep(r, ring, &w, err);
}

enum nx_rc
nx_rescue_pending(struct nx_rescue *r, const struct nx_keyring *ring,
    const struct nx_pending *p, struct nx_err *err)
{
	struct nx_buf record = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_jw w = { .out = &record };

	record_open(&w, "pending");
	nx_jw_str(&w, "id", p->id);
	nx_jw_str(&w, "user_id", p->user_id);
	nx_jw_str(&w, "login", p->login_hash);
	nx_jw_str(&w, "aim", p->aim);
	nx_jw_bool(&w, "replaces", p->replaces);
	nx_jw_str(&w, "asked", p->asked);
	nx_jw_str(&w, "scopes", p->scopes);
	nx_jw_str(&w, "access_token", p->access_token);
	nx_jw_str(&w, "refresh_token", p->refresh_token);
	nx_jw_i64(&w, "expires_at", p->expires_at);
	nx_jw_i64(&w, "granted_us", p->granted_us);
	nx_jw_i64(&w, "claimed_us", p->claimed_us);
	nx_jw_str(&w, "grant_hash", p->grant_hash);
	nx_jw_i64(&w, "version", p->version);
	return record_keep(r, ring, &w, err);
}

enum nx_rc
nx_rescue_pair(struct nx_rescue *r, const struct nx_keyring *ring,
    const struct nx_new_pair *pair, struct nx_err *err)
{
	struct nx_buf record = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_jw w = { .out = &record };

	record_open(&w, "pair");
	nx_jw_str(&w, "connection", pair->connection_id);
	nx_jw_str(&w, "owner", pair->owner);
	nx_jw_i64(&w, "version", pair->version);
	nx_jw_str(&w, "access_token", pair->access_token);
	nx_jw_str(&w, "refresh_token", pair->refresh_token);
	nx_jw_str(&w, "scopes", pair->scopes);
	nx_jw_i64(&w, "expires_at", pair->expires_at);
	return record_keep(r, ring, &w, err);
}

static enum nx_rc
bad_record(struct nx_err *err)
{
	return nx_fail(err, NX_MALFORMED,
	    "A rescue file opens, but is not of this version.");
}

/* The code was sent, or about to be, when its process died. */
static enum nx_rc
apply_attempt(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	const char *login = nx_json_str(o, "login");

	return login == NULL ? bad_record(err) :
	    nx_login_finish(ask, login, NX_CODE_LOST, err);
}

static enum nx_rc
apply_pending(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	struct nx_pending p = {
		.id = nx_json_str(o, "id"),
		.user_id = nx_json_str(o, "user_id"),
		.login_hash = nx_json_str(o, "login"),
		.aim = nx_json_str(o, "aim"),
		.asked = nx_json_str(o, "asked"),
		.scopes = nx_json_str(o, "scopes"),
		.access_token = nx_json_str(o, "access_token"),
		.refresh_token = nx_json_str(o, "refresh_token"),
		.grant_hash = nx_json_str(o, "grant_hash"),
	};

	if (p.id == NULL || p.user_id == NULL || p.login_hash == NULL ||
	    p.asked == NULL || p.access_token == NULL ||
	    p.grant_hash == NULL ||
	    !nx_json_bool(o, "replaces", &p.replaces) ||
	    !nx_json_i64(o, "expires_at", &p.expires_at) ||
	    !nx_json_i64(o, "granted_us", &p.granted_us) ||
	    !nx_json_i64(o, "claimed_us", &p.claimed_us) ||
	    !nx_json_i64(o, "version", &p.version))
		return bad_record(err);
	return nx_pending_put(ask, &p, err);
}

static enum nx_rc
apply_grant(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	struct nx_new_grant g = {
		.login_hash = nx_json_str(o, "login"),
		.user_id = nx_json_str(o, "user_id"),
		.x_user_id = nx_json_str(o, "x_user_id"),
		.username = nx_json_str(o, "username"),
		.name = nx_json_str(o, "name"),
		.subscription = nx_json_str(o, "subscription"),
		.access_token = nx_json_str(o, "access_token"),
		.refresh_token = nx_json_str(o, "refresh_token"),
		.scopes = nx_json_str(o, "scopes"),
	};
	struct nx_saved saved;
	int64_t claimed;

	if (g.user_id == NULL || g.x_user_id == NULL ||
	    g.access_token == NULL ||
	    !nx_json_i64(o, "expires_at", &g.expires_at) ||
	    !nx_json_i64(o, "granted_at", &claimed))
		return bad_record(err);
	/* It was the claim's time, and rounded. */
	g.granted_us = claimed * US;
	g.claimed_us = (claimed - 1) * US;
	return nx_connection_save(ask, &g, &saved, err);
}

static enum nx_rc
apply_pair(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	struct nx_new_pair pair = {
		.connection_id = nx_json_str(o, "connection"),
		.owner = nx_json_str(o, "owner"),
		.access_token = nx_json_str(o, "access_token"),
		.refresh_token = nx_json_str(o, "refresh_token"),
		.scopes = nx_json_str(o, "scopes"),
	};
	bool saved;

	if (pair.connection_id == NULL || pair.owner == NULL ||
	    pair.access_token == NULL ||
	    !nx_json_i64(o, "version", &pair.version) ||
	    !nx_json_i64(o, "expires_at", &pair.expires_at))
		return bad_record(err);
	/* Not saved: the row has moved on, and this pair is of no use. */
	return nx_lease_save(ask, &pair, &saved, err);
}

static enum nx_rc
apply(const struct nx_store_ask *ask, struct nx_slice record,
    struct nx_err *err)
{
	struct json_object *o = NULL;
	enum nx_rc rc = nx_json_parse(record, &o, err);
	const char *kind = nx_json_str(o, "kind");
	int64_t version = 0;

	if (rc != NX_OK)
		return rc;
	if (!nx_json_i64(o, "v", &version) || version != RECORD_VERSION ||
	    kind == NULL)
		rc = bad_record(err);
	else if (strcmp(kind, "attempt") == 0)
		rc = apply_attempt(ask, o, err);
	else if (strcmp(kind, "pending") == 0)
		rc = apply_pending(ask, o, err);
	else if (strcmp(kind, "grant") == 0)
		rc = apply_grant(ask, o, err);
	else if (strcmp(kind, "pair") == 0)
		rc = apply_pair(ask, o, err);
	else
		rc = bad_record(err);
	nx_json_wipe(o);
	return rc;
}

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
		rc = apply(&own, nx_buf_slice(&record), err);
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
	struct nx_buf sealed = NX_BUF(FILE_SIZE);
	enum fate fate = FATE_SAVED;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink == 0)
		return FATE_GONE;
	if (!read_file(fd, &sealed))
		*rc = no_file(err, "a file cannot be read");
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
	return rc == NX_DB_DOWN || rc == NX_TIMEOUT || rc == NX_BUSY;
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

		if (!is_ours(e->d_name))
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
	DIR *d = read_dir(dir, err);
	enum nx_rc rc;

	*saved = *left = 0;
	if (d == NULL)
		return NX_CONFIG;
	rc = replay_all(ask, d, saved, left, err);
	(void)closedir(d);
	return rc;
}
