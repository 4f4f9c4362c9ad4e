/* test_base_stats.c - counters that several processes share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stats.h"
#include "nx/base/clock.h"
#include "nx/base/log.h"

enum { THREADS = 4, ROUNDS = 20000, TEXT_MAX = 1024 * 1024 };

struct fixture {
	char		 dir[40];
	struct nx_stats	*stats;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/nx-test-stats-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->stats = nx_stats_open(f->dir);
	assert_non_null(f->stats);
	*state = f;
	return 0;
}

/* How many files there are; the last one's path, and gone if asked for. */
static int
files(const char *dir, char path[300], bool remove)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, 300, "%s/%s", dir, e->d_name);
		if (remove)
			assert_int_equal(unlink(path), 0);
		n++;
	}
	(void)closedir(d);
	return n;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char path[300];

	nx_stats_close(f->stats);
	(void)files(f->dir, path, true);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static uint64_t
lines(const struct nx_stats *s, unsigned int level)
{
	return nx_stats_sum(s, NX_STAT_LOG_LINES, level, 0);
}

static void
count_line(struct nx_stats *s)
{
	nx_stats_count(s, NX_STAT_LOG_LINES, 1, 0);
}

static bool
has(const struct nx_buf *text, const char *line)
{
	const char *at = strstr(nx_buf_str(text), line);

	return at != NULL && (at == text->p || at[-1] == '\n');
}

static void
tells_what_was_counted(void **state)
{
	static const char *const lines_of_it[] = {
		"# HELP nexus_x_requests_total Requests that were answered.\n",
		"# TYPE nexus_x_requests_total counter\n",
		"nexus_x_requests_total{route=\"post\",status=\"2xx\"} 2\n",
		"nexus_x_requests_total{route=\"none\",status=\"4xx\"} 1\n",
		"nexus_x_requests_total{route=\"post\",status=\"5xx\"} 0\n",
		"# TYPE nexus_x_sql_seconds histogram\n",
		"nexus_x_sql_seconds_bucket{outcome=\"done\",le=\"0.0005\"} 1"
		    "\n",
		"nexus_x_sql_seconds_bucket{outcome=\"done\",le=\"0.001\"} 1\n",
		"nexus_x_sql_seconds_bucket{outcome=\"done\",le=\"120\"} 2\n",
		"nexus_x_sql_seconds_bucket{outcome=\"done\",le=\"+Inf\"} 3\n",
		"nexus_x_sql_seconds_count{outcome=\"done\"} 3\n",
		"nexus_x_sql_seconds_count{outcome=\"failed\"} 0\n",
		"nexus_x_log_lines_total{level=\"warn\"} 0\n",
	};
	struct fixture *f = *state;
	struct nx_buf text = NX_BUF(TEXT_MAX);
	const int64_t now = nx_clock_us();

	nx_stats_count(f->stats, NX_STAT_REQUESTS, 4, 0);
	nx_stats_count(f->stats, NX_STAT_REQUESTS, 4, 0);
	nx_stats_count(f->stats, NX_STAT_REQUESTS, 12, 2);
	nx_stats_time(f->stats, NX_STAT_SQL, NX_STATS_RUN_DONE,
	    nx_clock_us());
	nx_stats_time(f->stats, NX_STAT_SQL, NX_STATS_RUN_DONE,
	    now - 60000000);
	nx_stats_time(f->stats, NX_STAT_SQL, NX_STATS_RUN_DONE,
	    now - 500000000);
	/* A time that has not begun took none. */
	nx_stats_time(f->stats, NX_STAT_SQL, NX_STATS_RUN_DONE,
	    now + 60000000);
	nx_stats_text(f->stats, &text);
	assert_true(nx_buf_ok(&text));
	for (size_t i = 0; i < sizeof(lines_of_it) / sizeof(lines_of_it[0]);
	    i++) {
		if (!has(&text, lines_of_it[i]))
			fail_msg("%s is not in\n%s", lines_of_it[i],
			    nx_buf_str(&text));
	}
	assert_non_null(strstr(nx_buf_str(&text),
	    "nexus_x_sql_seconds_sum{outcome=\"done\"} 560."));
	nx_buf_free(&text);
}

static void
lines_of_a_log_are_counted(void **state)
{
	struct fixture *f = *state;
	const struct nx_log log = { .level = NX_LOG_WARN, .stats = f->stats,
	    .fd = open("/dev/null", O_WRONLY) };

	assert_true(log.fd >= 0);
	nx_log(&log, NX_LOG_ERROR, NULL, "event", NX_S("key", "value"));
	nx_log(&log, NX_LOG_WARN, NULL, "event", NX_S("key", "value"));
	nx_log(&log, NX_LOG_INFO, NULL, "not written", NX_I("key", 1));
	assert_int_equal(lines(f->stats, NX_LOG_ERROR), 1);
	assert_int_equal(lines(f->stats, NX_LOG_WARN), 1);
	assert_int_equal(lines(f->stats, NX_LOG_INFO), 0);
	(void)close(log.fd);
}

static void *
count_many(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		count_line(arg);
	return NULL;
}

static void
threads_lose_nothing(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    count_many, f->stats), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(lines(f->stats, 1), THREADS * ROUNDS);
}

/* A process that counts, says so, and waits to be killed. */
static pid_t
start_process(const char *dir)
{
	char byte;
	int told[2];
	pid_t child;

	assert_int_equal(pipe(told), 0);
	if ((child = fork()) == 0) {
		struct nx_stats *s = nx_stats_open(dir);

		for (int i = 0; i < 5; i++)
			count_line(s);
		(void)!write(told[1], "x", 1);
		for (;;)
			(void)pause();
	}
	assert_true(child > 0);
	assert_int_equal(read(told[0], &byte, 1), 1);
	(void)close(told[0]);
	(void)close(told[1]);
	return child;
}

static void
end_process(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* The slot of who was killed is the next one's, and so is its count. */
static void
what_a_killed_process_has_counted_stays(void **state)
{
	struct fixture *f = *state;
	struct nx_stats *others[NX_STATS_SLOTS];
	pid_t child = start_process(f->dir);

	count_line(f->stats);
	assert_int_equal(lines(f->stats, 1), 6);
	end_process(child);
	assert_int_equal(lines(f->stats, 1), 6);

	/* Every slot is claimed again; one process too many only reads. */
	for (int i = 0; i < NX_STATS_SLOTS; i++) {
		others[i] = nx_stats_open(f->dir);
		count_line(others[i]);
	}
	assert_int_equal(lines(f->stats, 1), 6 + NX_STATS_SLOTS - 1);
	assert_int_equal(lines(others[NX_STATS_SLOTS - 1], 1),
	    6 + NX_STATS_SLOTS - 1);
	for (int i = 0; i < NX_STATS_SLOTS; i++)
		nx_stats_close(others[i]);
}

static void
another_layout_is_another_file(void **state)
{
	static const struct nx_stats_row as_it_is = { NX_STATS_COUNTER, "a",
	    "", "", { NX_LABEL_ROUTE, NX_LABEL_NONE } };
	struct nx_stats_row rows[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		rows[i] = as_it_is;
	rows[0].help = "a text for people only";
	rows[1].kind = NX_STATS_HISTOGRAM;
	rows[2].name = "b";
	rows[3].unit = "seconds";
	rows[4].labels[0] = NX_LABEL_LEVEL;
	rows[5].labels[1] = NX_LABEL_LEVEL;
	assert_true(nx_stats_layout(&rows[0], 1) ==
	    nx_stats_layout(&as_it_is, 1));
	for (int i = 1; i < 6; i++)
		assert_false(nx_stats_layout(&rows[i], 1) ==
		    nx_stats_layout(&as_it_is, 1));
	assert_false(nx_stats_layout(&rows[0], 2) ==
	    nx_stats_layout(&rows[0], 1));
}

/* What an older version has left goes, but not while that one counts. */
static void
files_of_others_go_when_nobody_counts_in_them(void **state)
{
	struct fixture *f = *state;
	struct flock slot = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = 3, .l_len = 1 };
	char path[300], used[100];
	struct nx_stats *s;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/stats-1", f->dir);
	(void)snprintf(used, sizeof(used), "%s/stats-2", f->dir);
	assert_int_equal(close(creat(path, 0600)), 0);
	assert_true((fd = open(used, O_RDWR | O_CREAT, 0600)) >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &slot), 0);
	s = nx_stats_open(f->dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(used, F_OK), 0);
	assert_int_equal(files(f->dir, path, false), 2);
	nx_stats_close(s);
	(void)close(fd);
}

static void
who_cannot_write_counts_nothing(void **state)
{
	struct fixture *f = *state;
	struct nx_buf text = NX_BUF(TEXT_MAX);
	char path[300], no_dir[64];
	struct nx_stats *s;

	(void)snprintf(no_dir, sizeof(no_dir), "%s/none", f->dir);
	assert_null(nx_stats_open(no_dir));
	assert_null(nx_stats_open("/proc/self"));
	assert_int_equal(files(f->dir, path, false), 1);
	if (geteuid() != 0) {		/* root may do anything */
		assert_int_equal(chmod(path, 0400), 0);
		assert_null(nx_stats_open(f->dir));
		assert_int_equal(chmod(path, 0600), 0);
	}
	s = NULL;
	count_line(s);
	nx_stats_time(s, NX_STAT_REQUEST, 0, nx_clock_us());
	assert_int_equal(lines(s, 1), 0);
	nx_stats_text(s, &text);
	assert_int_equal(text.n, 0);
	nx_stats_close(s);
}

/* A file may not grow, as on a disk that is full: nobody dies of it. */
static int
count_on_a_full_disk(const char *dir)
{
	const struct rlimit little = { 4096, 4096 };
	struct nx_stats *s;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &little) != 0)
		return 2;
	s = nx_stats_open(dir);
	count_line(s);
	return s == NULL ? 0 : 1;
}

static void
a_full_disk_is_met_at_the_start(void **state)
{
	struct fixture *f = *state;
	char path[300];
	int status;
	pid_t child;

	nx_stats_close(f->stats);
	(void)files(f->dir, path, true);
	if ((child = fork()) == 0)
		_exit(count_on_a_full_disk(f->dir));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Once there is room the file is completed. */
	f->stats = nx_stats_open(f->dir);
	count_line(f->stats);
	assert_int_equal(lines(f->stats, 1), 1);
}

static void
its_file_is_private(void **state)
{
	struct fixture *f = *state;
	char path[300];
	struct stat st;

	assert_int_equal(files(f->dir, path, false), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_blocks * 512 >= st.st_size);
	assert_true(st.st_size < 1024 * 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_was_counted),
		TEST(lines_of_a_log_are_counted),
		TEST(threads_lose_nothing),
		TEST(what_a_killed_process_has_counted_stays),
		TEST(another_layout_is_another_file),
		TEST(files_of_others_go_when_nobody_counts_in_them),
		TEST(who_cannot_write_counts_nothing),
		TEST(a_full_disk_is_met_at_the_start),
		TEST(its_file_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
