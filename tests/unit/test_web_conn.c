/*
 * test_web_conn.c - a connection from nginx, written record by record (FastCGI
 * specification, sections 3.3 and 5).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nx/base/buf.h"
#include "web/body.h"
#include "web/conn.h"

enum { BEGIN = 1, PARAMS = 4, STDIN = 5, STDOUT = 6, MINE = 0, THEIRS = 1 };

static void
record(int fd, int type, const char *p, size_t n)
{
	const unsigned char head[8] = { 1, (unsigned char)type, 0, 1,
	    (unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	if (n > 0)
		assert_int_equal(write(fd, p, n), n);
}

/* A request up to its parameters: A=b and C=d. */
static void
begin(int fd)
{
	record(fd, BEGIN, "\0\1\0\0\0\0\0\0", 8);
	record(fd, PARAMS, "\1\1Ab\1\1Cd", 8);
}

/* Both ends; `fd[MINE]` belongs to the connection. */
static struct nx_conn *
conn(int fd[2])
{
	struct nx_conn *c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	c = nx_conn_open(fd[MINE]);
	assert_non_null(c);
	return c;
}

/* What nginx reads until we close; the text of the first STDOUT record. */
static struct nx_slice
answer(int fd, char *space, size_t room)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, space + n, room - n)) > 0)
		n += (size_t)got;
	assert_int_equal(got, 0);		/* closed, not reset */
	if (n < 8 || space[1] != STDOUT)
		return (struct nx_slice){ NULL, 0 };
	return (struct nx_slice){ space + 8, (size_t)((unsigned char)space[4]
	    << 8 | (unsigned char)space[5]) };
}

static void
carries_a_request(void **state)
{
	int fd[2];
	struct nx_conn *c = conn(fd);
	struct nx_body body = { .pull = nx_conn_pull, .source = c,
	    .length = 10 };
	struct nx_err err;
	char piece[4], space[400];
	char text[16] = "";
	size_t n;

	(void)state;
	begin(fd[THEIRS]);
	record(fd[THEIRS], PARAMS, NULL, 0);
	record(fd[THEIRS], STDIN, "0123456", 7);
	record(fd[THEIRS], STDIN, "789", 3);
	record(fd[THEIRS], STDIN, NULL, 0);
	assert_true(nx_conn_next(c));
	assert_true(nx_conn_params_ended(c));
	/* The first one is libfcgi's own, FCGI_ROLE. */
	assert_string_equal(nx_conn_params(c)[1], "A=b");
	assert_string_equal(nx_conn_params(c)[2], "C=d");
	assert_null(nx_conn_params(c)[3]);
	do {
		assert_int_equal(nx_body_read(&body, piece, sizeof(piece), &n,
		    &err), NX_OK);
		(void)strncat(text, piece, n);
	} while (n > 0);
	assert_string_equal(text, "0123456789");
	assert_false(nx_conn_is_abandoned(c));
	nx_conn_write(c, nx_slice_str("Status: 204\r\n\r\n"));
	assert_int_equal(shutdown(fd[THEIRS], SHUT_WR), 0);
	nx_conn_close(c);
	assert_true(nx_slice_is(answer(fd[THEIRS], space, sizeof(space)),
	    "Status: 204\r\n\r\n"));
	(void)close(fd[THEIRS]);
}

/* libfcgi calls it a success: an environment cut short, without the end. */
static void
tells_of_parameters_that_break_off(void **state)
{
	int fd[2];
	struct nx_conn *c = conn(fd);

	(void)state;
	begin(fd[THEIRS]);
	assert_int_equal(shutdown(fd[THEIRS], SHUT_WR), 0);
	assert_true(nx_conn_next(c));
	assert_false(nx_conn_params_ended(c));
	nx_conn_close(c);
	(void)close(fd[THEIRS]);
}

static void
sees_who_has_gone(void **state)
{
	int fd[2];
	struct nx_conn *c = conn(fd);
	char piece[8];

	(void)state;
	begin(fd[THEIRS]);
	record(fd[THEIRS], PARAMS, NULL, 0);
	record(fd[THEIRS], STDIN, NULL, 0);
	assert_true(nx_conn_next(c));
	assert_int_equal(nx_conn_pull(c, piece, sizeof(piece)), 0);
	assert_false(nx_conn_is_abandoned(c));
	(void)close(fd[THEIRS]);
	assert_true(nx_conn_is_abandoned(c));
	nx_conn_close(c);
}

/* Nothing, or nothing of the protocol: the descriptor is closed, once. */
static void
closes_what_carries_no_request(void **state)
{
	static const char *const sent[] = { "", "GET / HTTP/1.1\r\n\r\n" };
	char space[400];
	int fd[2];

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct nx_conn *c = conn(fd);

		assert_int_equal(write(fd[THEIRS], sent[i], strlen(sent[i])),
		    strlen(sent[i]));
		assert_int_equal(shutdown(fd[THEIRS], SHUT_WR), 0);
		assert_false(nx_conn_next(c));
		nx_conn_close(c);
		(void)recv(fd[THEIRS], space, sizeof(space), 0);
		(void)close(fd[THEIRS]);
		assert_int_equal(close(fd[MINE]), -1);
	}
	nx_conn_close(conn(fd));		/* before any request */
	assert_int_equal(read(fd[THEIRS], space, sizeof(space)), 0);
	(void)close(fd[THEIRS]);
	assert_int_equal(close(fd[MINE]), -1);
	nx_conn_close(NULL);
}

/* Two requests on one connection, each read to its end. */
static void
is_kept_when_nginx_asks(void **state)
{
	int fd[2];
	struct nx_conn *c = conn(fd);
	char piece[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		record(fd[THEIRS], BEGIN, "\0\1\1\0\0\0\0\0", 8);
		record(fd[THEIRS], PARAMS, "\1\1Ab", 4);
		record(fd[THEIRS], PARAMS, NULL, 0);
		assert_int_equal(nx_conn_look(c), NX_RECORDS_PART);
		record(fd[THEIRS], STDIN, NULL, 0);
		assert_int_equal(nx_conn_look(c), NX_RECORDS_WHOLE);
		assert_true(nx_conn_next(c));
		assert_int_equal(nx_conn_pull(c, piece, sizeof(piece)), 0);
		assert_true(nx_conn_end(c));
		assert_int_equal(nx_conn_look(c), NX_RECORDS_PART);
	}
	nx_conn_close(c);
	(void)close(fd[THEIRS]);
}

/* What is left would be parsed as the next request, whatever it says. */
static void
is_not_kept_with_a_rest(void **state)
{
	int fd[2];
	struct nx_conn *c = conn(fd);
	char piece[4];

	(void)state;
	record(fd[THEIRS], BEGIN, "\0\1\1\0\0\0\0\0", 8);
	record(fd[THEIRS], PARAMS, NULL, 0);
	record(fd[THEIRS], STDIN, "0123", 4);
	record(fd[THEIRS], STDIN, NULL, 0);
	assert_true(nx_conn_next(c));
	/* All that was announced, but not the end. */
	assert_int_equal(nx_conn_pull(c, piece, sizeof(piece)), 4);
	assert_int_equal(shutdown(fd[THEIRS], SHUT_WR), 0);
	assert_false(nx_conn_end(c));
	nx_conn_close(c);
	assert_int_equal(close(fd[MINE]), -1);
	(void)close(fd[THEIRS]);
}

/* nginx does not ask for it where what it sends may be sent but once. */
static void
is_not_kept_unasked(void **state)
{
	int fd[2];
	struct nx_conn *c = conn(fd);
	char piece[16], space[400];

	(void)state;
	begin(fd[THEIRS]);
	record(fd[THEIRS], PARAMS, NULL, 0);
	record(fd[THEIRS], STDIN, NULL, 0);
	assert_true(nx_conn_next(c));
	assert_int_equal(nx_conn_pull(c, piece, sizeof(piece)), 0);
	nx_conn_write(c, nx_slice_str("Status: 204\r\n\r\n"));
	assert_false(nx_conn_end(c));
	nx_conn_close(c);
	assert_true(nx_slice_is(answer(fd[THEIRS], space, sizeof(space)),
	    "Status: 204\r\n\r\n"));
	(void)close(fd[THEIRS]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_a_request),
		cmocka_unit_test(tells_of_parameters_that_break_off),
		cmocka_unit_test(sees_who_has_gone),
		cmocka_unit_test(closes_what_carries_no_request),
		cmocka_unit_test(is_kept_when_nginx_asks),
		cmocka_unit_test(is_not_kept_with_a_rest),
		cmocka_unit_test(is_not_kept_unasked),
	};

	if (!nx_conn_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
