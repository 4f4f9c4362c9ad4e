/*
 * test_web_poller.c - which connections are handed out, and which wait, by a
 * listening socket of our own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/threads.h"
#include "web/poller.h"

#define BEGIN	"\1\1\0\1\0\10\0\0" "\0\1\1\0\0\0\0\0"	/* FCGI_KEEP_CONN */
#define PARAMS	"\1\4\0\1\0\4\0\0" "\1\1Ab"
#define PARAMS0	"\1\4\0\1\0\0\0\0"
#define STDIN0	"\1\5\0\1\0\0\0\0"
#define REQUEST	BEGIN PARAMS PARAMS0 STDIN0

enum {
	SOON_MS = 20000,
	A_WHILE_MS = 400,
	SILENT_MS = 10000,		/* as in poller.c */
	TEST_SECONDS = 60,		/* who waits for ever has failed */
};

int64_t __real_nx_clock_mono(void);
int64_t __wrap_nx_clock_mono(void);
int __real_epoll_ctl(int epoll, int how, int fd, struct epoll_event *e);
int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *e);

static int64_t ahead;			/* of the clock, ms */
static bool no_memory;			/* to watch the listening socket */

int64_t
__wrap_nx_clock_mono(void)
{
	return __real_nx_clock_mono() + ahead;
}

int
__wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *e)
{
	if (no_memory && how == EPOLL_CTL_ADD &&
	    (e->events & EPOLLEXCLUSIVE) != 0) {
		errno = ENOMEM;
		return -1;
	}
	return __real_epoll_ctl(epoll, how, fd, e);
}

struct door {
	struct sockaddr_un	 address;
	int			 listener;
	struct nx_poller	*poller;
};

static void
open_door(struct door *d)
{
	*d = (struct door){ .address.sun_family = AF_UNIX };
	/* An abstract name, which ends with its socket. */
	(void)snprintf(d->address.sun_path + 1,
	    sizeof(d->address.sun_path) - 1, "nx-poller-%d", (int)getpid());
	d->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(d->listener, (struct sockaddr *)&d->address,
	    sizeof(d->address)), 0);
	assert_int_equal(listen(d->listener, 8), 0);
	d->poller = nx_poller_new(d->listener);
	assert_non_null(d->poller);
}

static void
close_door(struct door *d)
{
	nx_poller_free(d->poller);
	(void)close(d->listener);
}

static int
enter(const struct door *d)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&d->address,
	    sizeof(d->address)), 0);
	return fd;
}

static void
send_bytes(int fd, const char *p, size_t n)
{
	assert_int_equal(write(fd, p, n), n);
}

/* Read it, answer, and say whether it may bring another. */
static bool
serve(struct nx_conn *c)
{
	char piece[64];

	assert_true(nx_conn_next(c));
	while (nx_conn_pull(c, piece, sizeof(piece)) > 0)
		continue;
	nx_conn_write(c, nx_slice_str("Status: 204\r\n\r\n"));
	return nx_conn_end(c);
}

/* Silent ones and parts are passed over; a kept one comes again. */
static void
hands_out_what_is_whole(void **state)
{
	struct door d;
	struct nx_conn *c, *again;
	char answer[256];
	int silent, half, whole;
	bool all;

	(void)state;
	open_door(&d);
	silent = enter(&d);
	half = enter(&d);
	send_bytes(half, REQUEST, sizeof(REQUEST) - 2);
	whole = enter(&d);
	send_bytes(whole, REQUEST, sizeof(REQUEST) - 1);
	for (int i = 0; i < 3; i++) {
		c = nx_poller_next(d.poller, &all);
		assert_non_null(c);
		assert_true(all);
		assert_true(serve(c));
		assert_true(read(whole, answer, sizeof(answer)) > 0);
		nx_poller_keep(d.poller, c);
		send_bytes(whole, REQUEST, sizeof(REQUEST) - 1);
	}
	c = nx_poller_next(d.poller, &all);
	send_bytes(half, "", 1);
	again = nx_poller_next(d.poller, &all);
	assert_true(all);
	assert_ptr_not_equal(c, again);
	assert_true(serve(again));
	nx_conn_close(again);
	nx_conn_close(c);
	(void)close(silent);
	(void)close(half);
	(void)close(whole);
	close_door(&d);
}

/* Byte by byte: handed out with the last one. */
static void
waits_for_each_piece(void **state)
{
	struct door d;
	struct nx_conn *c;
	int slow;
	bool all;

	(void)state;
	open_door(&d);
	for (size_t cut = 1; cut < sizeof(REQUEST) - 1; cut++) {
		const int other = enter(&d);

		slow = enter(&d);
		send_bytes(slow, REQUEST, cut);
		send_bytes(other, REQUEST, sizeof(REQUEST) - 1);
		c = nx_poller_next(d.poller, &all);	/* the other one */
		assert_true(serve(c));
		nx_conn_close(c);
		send_bytes(slow, &REQUEST[cut], sizeof(REQUEST) - 1 - cut);
		c = nx_poller_next(d.poller, &all);
		assert_true(all);
		assert_true(serve(c));
		nx_conn_close(c);
		(void)close(slow);
		(void)close(other);
	}
	close_door(&d);
}

/* What does not fit the window is a thread's to read, and may be given up. */
static void
lends_what_is_large(void **state)
{
	static const char large[] = BEGIN "\1\4\0\1\177\377\0\0" "\1\1Ab";
	struct door d;
	struct nx_conn *c;
	int fd;
	bool all = true;

	(void)state;
	open_door(&d);
	fd = enter(&d);
	send_bytes(fd, large, sizeof(large) - 1);
	c = nx_poller_next(d.poller, &all);
	assert_non_null(c);
	assert_false(all);
	(void)close(fd);
	if (nx_conn_next(c))
		assert_false(nx_conn_params_ended(c));
	nx_poller_read(d.poller, c);
	nx_conn_close(c);
	close_door(&d);
}

static bool
is_ended(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Another one comes whole, is answered, and so all before it is looked at. */
static void
pass_others(const struct door *d)
{
	const int fd = enter(d);
	struct nx_conn *c;
	bool all;

	send_bytes(fd, REQUEST, sizeof(REQUEST) - 1);
	c = nx_poller_next(d->poller, &all);
	assert_non_null(c);
	assert_true(all);
	assert_true(serve(c));
	nx_conn_close(c);
	(void)close(fd);
}

static void
pass_time(const struct door *d, int ms)
{
	ahead += ms;
	nx_poller_end_silent(d->poller);
}

/* Its time begins with the request, however long it was idle before. */
static void
gives_each_request_its_time(void **state)
{
	struct door d;
	struct nx_conn *c;
	char answer[256];
	int fd;
	bool all;

	(void)state;
	open_door(&d);
	fd = enter(&d);
	send_bytes(fd, REQUEST, sizeof(REQUEST) - 1);
	c = nx_poller_next(d.poller, &all);
	assert_true(serve(c));
	assert_true(read(fd, answer, sizeof(answer)) > 0);
	nx_poller_keep(d.poller, c);
	pass_time(&d, SILENT_MS - 1000);
	send_bytes(fd, REQUEST, 20);
	pass_others(&d);
	pass_time(&d, 2000);
	assert_false(is_ended(fd));
	pass_time(&d, SILENT_MS);
	assert_true(is_ended(fd));
	(void)close(fd);
	close_door(&d);
}

/* What is all there may wait for a thread as long as it has to. */
static void
ends_none_that_waits_for_us(void **state)
{
	static const char long_params[] = BEGIN "\1\4\0\1\177\377\0\0";
	struct door d;
	struct nx_conn *c;
	int whole, large;
	bool all;

	(void)state;
	open_door(&d);
	whole = enter(&d);
	send_bytes(whole, REQUEST, 20);
	large = enter(&d);
	send_bytes(large, BEGIN, 8);
	pass_others(&d);
	pass_others(&d);		/* past what the first ones left, too */
	send_bytes(whole, &REQUEST[20], sizeof(REQUEST) - 1 - 20);
	send_bytes(large, &long_params[8], sizeof(long_params) - 1 - 8);
	pass_time(&d, SILENT_MS + 1000);
	assert_false(is_ended(whole));
	assert_false(is_ended(large));
	c = nx_poller_next(d.poller, &all);
	assert_true(all);
	assert_true(serve(c));
	nx_conn_close(c);
	c = nx_poller_next(d.poller, &all);
	assert_false(all);
	pass_time(&d, 1000);
	assert_false(is_ended(large));
	pass_time(&d, SILENT_MS);
	assert_true(is_ended(large));
	nx_poller_read(d.poller, c);
	nx_conn_close(c);
	(void)close(whole);
	(void)close(large);
	close_door(&d);
}

/* Without memory for it the listening socket is watched later, not never. */
static void
watches_the_listener_again(void **state)
{
	struct door d;

	(void)state;
	open_door(&d);
	no_memory = true;
	pass_others(&d);
	pass_time(&d, 0);
	no_memory = false;
	pass_time(&d, 0);
	pass_others(&d);
	close_door(&d);
}

static void
run_drain(void *poller, int index)
{
	(void)index;
	nx_poller_drain(poller, nx_clock_mono() + SOON_MS);
}

/* What has begun is waited for, what is idle is closed, nothing is accepted. */
static void
drains(void **state)
{
	struct nx_threads *drain = nx_threads_new(1);
	struct door d;
	struct nx_conn *c;
	char answer[256];
	int idle, half, late;
	bool all;

	(void)state;
	open_door(&d);
	idle = enter(&d);
	send_bytes(idle, REQUEST, sizeof(REQUEST) - 1);
	c = nx_poller_next(d.poller, &all);
	assert_true(serve(c));
	assert_true(read(idle, answer, sizeof(answer)) > 0);
	nx_poller_keep(d.poller, c);
	half = enter(&d);
	send_bytes(half, REQUEST, 20);
	late = enter(&d);
	send_bytes(late, REQUEST, sizeof(REQUEST) - 1);
	c = nx_poller_next(d.poller, &all);	/* past the half one */
	assert_non_null(drain);
	assert_int_equal(nx_threads_start(drain, "drain", 1, run_drain,
	    d.poller), 1);
	assert_int_equal(read(idle, answer, sizeof(answer)), 0);
	(void)close(idle);
	assert_non_null(nx_threads_join_until(drain, nx_clock_mono() +
	    A_WHILE_MS));			/* for the half one */
	assert_true(serve(c));
	nx_poller_keep(d.poller, c);		/* closed, since it drains */
	while (read(late, answer, sizeof(answer)) > 0)
		continue;
	send_bytes(half, &REQUEST[20], sizeof(REQUEST) - 1 - 20);
	c = nx_poller_next(d.poller, &all);
	assert_non_null(c);
	assert_true(serve(c));
	nx_conn_close(c);
	assert_null(nx_poller_next(d.poller, &all));
	nx_threads_free(drain);
	(void)close(half);
	(void)close(late);
	close_door(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_what_is_whole),
		cmocka_unit_test(waits_for_each_piece),
		cmocka_unit_test(lends_what_is_large),
		cmocka_unit_test(gives_each_request_its_time),
		cmocka_unit_test(ends_none_that_waits_for_us),
		cmocka_unit_test(watches_the_listener_again),
		cmocka_unit_test(drains),
	};

	(void)alarm(TEST_SECONDS);
	if (!nx_conn_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
