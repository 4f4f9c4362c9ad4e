/* test_store_rescue.c - grants that are kept aside and come home. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nx/base/uuid.h"
#include "nx/seal/digest.h"
#include "nx/seal/seal.h"
#include "nx/store/login.h"
#include "nx/store/rescue.h"
#include "store_env.h"

enum { FILE_MAX = NX_SEAL_TEXT_MAX + 1, NOBODY = 65534 };

int __real_fsync(int fd);
int __wrap_fsync(int fd);

static int syncs;		/* how often something was to last */

int
__wrap_fsync(int fd)
{
	syncs++;
	return __real_fsync(fd);
}

/* A state directory, and a pool that leads nowhere. */
struct rescue {
	struct env	*e;
	struct nx_pool	*nowhere;
	struct nx_store	 away;
	char		 dir[64], sub[80];
};

static int
setup(void **state)
{
	struct rescue *r = calloc(1, sizeof(*r));
	void *env = NULL;
	struct nx_err err;

	if (r == NULL || env_open(&env) != 0 ||
	    nx_pool_new("host=127.0.0.1 port=1", 1, &r->nowhere, &err) !=
	    NX_OK)
		return -1;
	r->e = env;
	r->away = (struct nx_store){ r->nowhere, r->e->ring, false };
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/nx-rescue-XXXXXX");
	if (mkdtemp(r->dir) == NULL)
		return -1;
	(void)snprintf(r->sub, sizeof(r->sub), "%s/rescue", r->dir);
	*state = r;
	return 0;
}

/* The name of some file in the rescue directory, with its path. */
static bool
some_file(const struct rescue *r, char out[400])
{
	DIR *d = opendir(r->sub);
	struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		found = e->d_name[0] != '.';
		if (found)
			(void)snprintf(out, 400, "%s/%s", r->sub, e->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return found;
}

static int
teardown(void **state)
{
	struct rescue *r = *state;
	void *env = r->e;
	char path[400];

	while (some_file(r, path) && unlink(path) == 0)
		continue;
	(void)rmdir(r->sub);
	(void)rmdir(r->dir);
	nx_pool_free(r->nowhere);
	free(r);
	return env_close(&env);
}

static void
keep_grant(const struct rescue *r, const char *login)
{
	struct nx_pending p = pending_of(r->e);
	struct nx_err err = { 0 };
	struct nx_rescue aside;

	p.login_hash = login != NULL ? login : p.login_hash;
	if (nx_rescue_open(r->dir, &aside, &err) != NX_OK ||
	    nx_rescue_pending(&aside, r->e->ring, &p, &err) != NX_OK)
		fail_msg("keep: %s", err.detail);
	nx_rescue_close(&aside, false);
}

static enum nx_rc
replay(const struct rescue *r, const struct nx_store *store, int want_saved,
    int want_left)
{
	struct nx_store_ask ask = ask_of(r->e);
	struct nx_err err = { 0 };
	int saved, left;
	enum nx_rc rc;

	ask.store = store;
	rc = nx_rescue_replay(&ask, r->dir, &saved, &left, &err);
	assert_int_equal(saved, want_saved);
	assert_int_equal(left, want_left);
	if (rc != NX_OK)
		assert_true(err.detail[0] != '\0');
	return rc;
}

static size_t
slurp(const char *path, char *out, size_t max)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, out, max - 1);

	(void)close(fd);
	assert_true(n >= 0);
	out[n] = '\0';
	return (size_t)n;
}

static void
lasts_before_anything_rests_on_it(void **state)
{
	struct rescue *r = *state;
	struct nx_pending p = pending_of(r->e);
	struct nx_rescue aside;
	struct nx_err err;

	syncs = 0;
	assert_int_equal(nx_rescue_open(r->dir, &aside, &err), NX_OK);
	assert_true(syncs >= 2);	/* the file and its folder */
	syncs = 0;
	assert_int_equal(nx_rescue_pending(&aside, r->e->ring, &p, &err),
	    NX_OK);
	assert_int_equal(syncs, 1);
	nx_rescue_close(&aside, true);
}

static void
files_are_private_and_sealed(void **state)
{
	struct rescue *r = *state;
	char path[400], text[FILE_MAX];
	struct nx_err err;
	struct stat st;

	assert_int_equal(nx_rescue_check(r->dir, &err), NX_OK);
	keep_grant(r, NULL);
	assert_int_equal(stat(r->sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(some_file(r, path));
	assert_string_equal(path + strlen(path) - 4, ".nx1");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	(void)slurp(path, text, sizeof(text));
	assert_int_equal(strncmp(text, "nx1.k1.", 7), 0);
	assert_null(strstr(text, "access-1"));
}

static void
a_directory_that_will_not_do(void **state)
{
	struct rescue *r = *state;
	struct nx_err err;
	char path[100];
	int fd;

	assert_int_equal(nx_rescue_check("/proc/none", &err), NX_CONFIG);
	assert_non_null(strstr(err.detail, "NEXUS_STATE_DIR"));
	(void)snprintf(path, sizeof(path), "%s/file", r->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(nx_rescue_check(path, &err), NX_CONFIG);
	(void)unlink(path);
	assert_int_equal(symlink("/tmp", r->sub), 0);
	assert_int_equal(nx_rescue_check(r->dir, &err), NX_CONFIG);
	(void)unlink(r->sub);
}

static void
stays_while_the_database_is_away(void **state)
{
	struct rescue *r = *state;

	assert_int_equal(replay(r, &r->away, 0, 0), NX_OK);
	keep_grant(r, NULL);
	keep_grant(r, NULL);
	assert_int_equal(replay(r, &r->away, 0, 2), NX_DB_DOWN);
	assert_int_equal(replay(r, &r->away, 0, 2), NX_DB_DOWN);
}

static void
stays_while_it_does_not_open(void **state)
{
	struct rescue *r = *state;
	struct nx_store other = { r->nowhere, r->e->other_ring, false };
	char path[400], renamed[400], text[FILE_MAX];
	enum nx_rc rc;
	size_t n;

	keep_grant(r, NULL);
	assert_int_equal(replay(r, &other, 0, 1), NX_KEY_UNKNOWN);
	assert_true(some_file(r, path));
	(void)slurp(path, text, sizeof(text));
	n = strlen(text);		/* the record ends there */
	assert_int_equal(truncate(path, (off_t)n), 0);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_DB_DOWN);
	assert_int_equal(truncate(path, (off_t)n - 8), 0);
	rc = replay(r, &r->away, 0, 1);
	assert_true(rc == NX_SEAL_BROKEN || rc == NX_MALFORMED);
	assert_int_equal(truncate(path, 4), 0);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_MALFORMED);
	assert_int_equal(unlink(path), 0);

	keep_grant(r, NULL);		/* under another's name */
	assert_true(some_file(r, path));
	memcpy(renamed, path, sizeof(renamed));
	n = strlen(r->sub) + 1;
	renamed[n] = renamed[n] == 'a' ? 'b' : 'a';
	assert_int_equal(rename(path, renamed), 0);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_SEAL_BROKEN);
	(void)snprintf(path, sizeof(path), "%s/README", r->sub);
	assert_int_equal(rename(renamed, path), 0);	/* not ours at all */
	assert_int_equal(replay(r, &r->away, 0, 0), NX_OK);
}

/* Before X is asked: it is there, as large as it will be, and ours alone. */
static void
is_made_before_it_is_written(void **state)
{
	struct rescue *r = *state;
	struct nx_pending p = pending_of(r->e);
	struct nx_rescue aside;
	struct nx_err err;
	struct stat made, written;
	char path[400];

	assert_int_equal(nx_rescue_open(r->dir, &aside, &err), NX_OK);
	assert_true(some_file(r, path));
	assert_int_equal(stat(path, &made), 0);
	assert_true(made.st_size >= NX_SEAL_TEXT_MAX);
	assert_true(made.st_blocks * 512 >= made.st_size);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_OK);
	assert_int_equal(nx_rescue_pending(&aside, r->e->ring, &p, &err),
	    NX_OK);
	assert_int_equal(stat(path, &written), 0);
	assert_int_equal(written.st_ino, made.st_ino);
	assert_int_equal(written.st_size, made.st_size);
	assert_int_equal(written.st_blocks, made.st_blocks);
	nx_rescue_close(&aside, false);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_DB_DOWN);
}

static void
nothing_in_it_is_nothing_lost(void **state)
{
	struct rescue *r = *state;
	struct nx_rescue aside;
	struct nx_err err;
	char path[400];

	assert_int_equal(nx_rescue_open(r->dir, &aside, &err), NX_OK);
	nx_rescue_close(&aside, false);
	assert_false(some_file(r, path));
	for (off_t size = 0; size <= NX_SEAL_TEXT_MAX;
	    size += NX_SEAL_TEXT_MAX) {
		/* Its writer was killed. */
		assert_int_equal(nx_rescue_open(r->dir, &aside, &err), NX_OK);
		assert_int_equal(ftruncate(aside.fd, size), 0);
		(void)close(aside.fd);
		(void)close(aside.dir);
		assert_int_equal(replay(r, &r->away, 0, 0), NX_OK);
		assert_false(some_file(r, path));
	}
	aside = NX_RESCUE_NONE;
	nx_rescue_close(&aside, true);
}

/* A disk that is full shows before X is asked, and not after. */
static void
a_full_disk_is_met_first(void **state)
{
	struct rescue *r = *state;
	struct rlimit usual, full;
	struct nx_rescue aside;
	struct nx_err err = { 0 };
	char path[400];
	enum nx_rc rc;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	full = usual;
	full.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	rc = nx_rescue_open(r->dir, &aside, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	assert_int_equal(rc, NX_CONFIG);
	assert_non_null(strstr(err.detail, "NEXUS_STATE_DIR"));
	assert_int_equal(aside.fd, -1);
	assert_false(some_file(r, path));
}

/* What root made before is told of, and not passed over in silence. */
static void
another_users_file_is_told(void **state)
{
	struct rescue *r = *state;
	struct nx_store_ask ask = ask_of(r->e);
	struct nx_err err = { 0 };
	char path[400];
	int saved, left;
	enum nx_rc rc;

	ask.store = &r->away;
	keep_grant(r, NULL);
	assert_true(some_file(r, path));
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(r->dir, 0755), 0);
	assert_int_equal(chmod(r->sub, 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = nx_rescue_replay(&ask, r->dir, &saved, &left, &err);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, NX_CONFIG);
	assert_int_equal(left, 1);
	assert_non_null(strstr(err.detail, path + strlen(r->sub) + 1));
}

static void
is_looked_at(void **state)
{
	struct rescue *r = *state;
	struct nx_rescue_state seen;
	struct nx_err err;
	char path[400];

	assert_int_equal(nx_rescue_look(r->dir, &seen, &err), NX_OK);
	assert_int_equal(seen.files, 0);
	assert_false(seen.nearly_full);
	keep_grant(r, NULL);
	keep_grant(r, NULL);
	assert_true(some_file(r, path));
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(r->dir, 0755), 0);
	assert_int_equal(chmod(r->sub, 0777), 0);
	if (geteuid() == 0)		/* the other one is not theirs */
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(nx_rescue_look(r->dir, &seen, &err), NX_OK);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(seen.files, 2);
	assert_int_equal(seen.unreadable, getuid() == 0 ? 2 : 1);
	assert_int_equal(nx_rescue_look("/proc/none", &seen, &err),
	    NX_CONFIG);
	assert_int_equal(nx_rescue_look("/proc/self", &seen, &err),
	    NX_CONFIG);
}

static void
root_makes_them_for_the_directorys_owner(void **state)
{
	struct rescue *r = *state;
	struct stat st;
	char path[400];

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(r->dir, NOBODY, NOBODY), 0);
	keep_grant(r, NULL);
	assert_int_equal(stat(r->sub, &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	assert_true(some_file(r, path));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	assert_int_equal(st.st_gid, NOBODY);
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_DB_DOWN);
	assert_int_equal(seteuid(0), 0);
}

static void
another_is_at_it(void **state)
{
	struct rescue *r = *state;
	char path[400];
	int fd;

	keep_grant(r, NULL);
	assert_true(some_file(r, path));
	fd = open(path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_OK);
	(void)close(fd);
	assert_int_equal(replay(r, &r->away, 0, 1), NX_DB_DOWN);
}

/* What releases wrote that asked for the profile before they kept anything. */
static void
write_old_grant(const struct rescue *r, const char *login)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_buf sealed = NX_BUF(NX_SEAL_TEXT_MAX);
	char uuid[NX_UUID_LEN + 1], path[400];
	struct nx_err err;
	int fd;

	assert_int_equal(nx_rescue_check(r->dir, &err), NX_OK);
	nx_uuid_random(uuid);
	nx_buf_addf(&plain, "{\"v\":1,\"kind\":\"grant\",\"login\":\"%s\","
	    "\"user_id\":\"%s\",\"x_user_id\":\"%s\","
	    "\"username\":\"ada\",\"name\":\"Ada L.\","
	    "\"subscription\":null,\"access_token\":\"access-1\","
	    "\"refresh_token\":\"refresh-1\",\"scopes\":\"tweet.read\","
	    "\"expires_at\":%lld,\"granted_at\":%lld}", login, r->e->user,
	    r->e->x_user, (long long)nx_clock_wall() + 7200,
	    (long long)nx_clock_wall());
	assert_int_equal(nx_seal(r->e->ring, NX_PURPOSE_RESCUE,
	    nx_slice_str(uuid), nx_buf_slice(&plain), &sealed), NX_OK);
	(void)snprintf(path, sizeof(path), "%s/%s.part", r->sub, uuid);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, sealed.p, sealed.n), sealed.n);
	(void)close(fd);
	nx_buf_free(&plain);
	nx_buf_free(&sealed);
}

static void
claim(struct env *e, char hash[NX_SHA256_HEX + 1])
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_login login;
	struct nx_err err;

	nx_sha256_hex(nx_slice_str(e->user), hash);
	assert_int_equal(nx_login_claim(&ask, hash, e->user, "/", &login,
	    &err), NX_OK);
}

static const char *
outcome_of(struct env *e, const char *hash)
{
	return sql(e, "SELECT coalesce(outcome, '') FROM x_logins"
	    " WHERE state_hash = $1", hash, NULL);
}

static void
an_old_grant_comes_home(void **state)
{
	struct rescue *r = *state;
	struct env *e = r->e;
	char hash[NX_SHA256_HEX + 1], path[400];
	struct nx_store_ask ask;
	struct nx_connection c;
	struct nx_err err;

	if (database_url() == NULL)
		skip();
	ask = ask_of(e);
	claim(e, hash);
	for (int i = 0; i < 2; i++) {
		write_old_grant(r, hash);
		assert_int_equal(replay(r, &e->store, 1, 0), NX_OK);
		assert_false(some_file(r, path));
		assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c,
		    &err), NX_OK);
		assert_string_equal(c.access_token, "access-1");
		assert_string_equal(c.name, "Ada L.");
		assert_int_equal(c.version, 1);
		assert_string_equal(outcome_of(e, hash), "connected");
	}
}

static void
a_grant_without_a_name_comes_home(void **state)
{
	static const char count[] = "SELECT count(*) FROM x_pending"
	    " WHERE user_id = $1";
	struct rescue *r = *state;
	struct env *e = r->e;
	struct nx_new_grant g = grant_of(e);
	char hash[NX_SHA256_HEX + 1], id[NX_UUID_LEN + 1];

	if (database_url() == NULL)
		skip();
	claim(e, hash);
	for (int i = 0; i < 2; i++) {
		keep_grant(r, hash);
		assert_int_equal(replay(r, &e->store, 1, 0), NX_OK);
		assert_string_equal(sql(e, count, e->user, NULL), "1");
		assert_string_equal(outcome_of(e, hash), "pending");
	}
	g.login_hash = hash;		/* it becomes a connection */
	g.grant_hash = pending_of(e).grant_hash;
	g.pending_id = e->pending;
	g.pending_version = 1;
	save(e, &g, id);
	assert_string_equal(outcome_of(e, hash), "connected");
	for (int i = 0; i < 2; i++) {	/* its file comes late */
		keep_grant(r, hash);
		assert_int_equal(replay(r, &e->store, 1, 0), NX_OK);
		assert_string_equal(sql(e, count, e->user, NULL), "0");
		(void)sql(e, "DELETE FROM x_logins WHERE state_hash = $1",
		    hash, NULL);
	}
}

static void
an_attempt_whose_process_died_is_over(void **state)
{
	struct rescue *r = *state;
	struct env *e = r->e;
	char hash[NX_SHA256_HEX + 1], other[NX_SHA256_HEX + 1];
	struct nx_store_ask ask;
	struct nx_rescue aside;
	struct nx_login login;
	struct nx_err err;

	if (database_url() == NULL)
		skip();
	ask = ask_of(e);
	claim(e, hash);
	nx_sha256_hex(nx_slice_str(hash), other);
	assert_int_equal(nx_login_claim(&ask, other, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_WAITS);
	assert_int_equal(nx_rescue_open(r->dir, &aside, &err), NX_OK);
	assert_int_equal(nx_rescue_attempt(&aside, e->ring, NULL, hash, &err),
	    NX_OK);
	nx_rescue_close(&aside, false);
	assert_int_equal(replay(r, &e->store, 1, 0), NX_OK);
	assert_string_equal(outcome_of(e, hash), "code_lost");
	assert_int_equal(nx_login_claim(&ask, other, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
}

static void
a_pair_comes_home(void **state)
{
	struct rescue *r = *state;
	struct env *e;
	struct nx_new_grant g;
	struct nx_new_pair pair = {
		.access_token = "access-2", .refresh_token = "refresh-2",
		.expires_at = nx_clock_wall() + 7200,
	};
	char id[NX_UUID_LEN + 1];
	struct nx_store_ask ask;
	struct nx_lease lease;
	struct nx_rescue aside;
	struct nx_err err;

	if (database_url() == NULL)
		skip();
	e = r->e;
	g = grant_of(e);
	ask = ask_of(e);
	save(e, &g, id);
	assert_int_equal(nx_lease_take(&ask, e->user, id, 1, &lease, &err), NX_OK);
	pair.connection_id = id;
	pair.owner = lease.owner;
	pair.version = 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nx_rescue_open(r->dir, &aside, &err),
		    NX_OK);
		assert_int_equal(nx_rescue_pair(&aside, e->ring, &pair,
		    &err), NX_OK);
		/* Its writer is at it. */
		assert_int_equal(replay(r, &e->store, 0, 1), NX_OK);
		nx_rescue_close(&aside, false);
		assert_int_equal(replay(r, &e->store, 1, 0), NX_OK);
	}
	assert_int_equal(nx_rescue_open(r->dir, &aside, &err), NX_OK);
	assert_int_equal(nx_rescue_pair(&aside, e->ring, &pair, &err),
	    NX_OK);
	nx_rescue_close(&aside, true);
	assert_int_equal(replay(r, &e->store, 0, 0), NX_OK);
	assert_int_equal(nx_lease_take(&ask, e->user, id, 2, &lease, &err), NX_OK);
	assert_int_equal(lease.state, NX_LEASE_TAKEN);
	assert_string_equal(lease.connection.access_token, "access-2");
	assert_string_equal(lease.connection.refresh_token, "refresh-2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(files_are_private_and_sealed),
		T(lasts_before_anything_rests_on_it),
		T(a_directory_that_will_not_do),
		T(stays_while_the_database_is_away),
		T(stays_while_it_does_not_open),
		T(is_made_before_it_is_written),
		T(nothing_in_it_is_nothing_lost),
		T(a_full_disk_is_met_first),
		T(another_users_file_is_told),
		T(is_looked_at),
		T(root_makes_them_for_the_directorys_owner),
		T(another_is_at_it),
		T(an_old_grant_comes_home),
		T(a_grant_without_a_name_comes_home),
		T(an_attempt_whose_process_died_is_over),
		T(a_pair_comes_home),
#undef T
	};

	return cmocka_run_group_tests_name("store/rescue", tests, NULL,
	    NULL);
}
