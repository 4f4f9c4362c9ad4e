/*
 * conn.c - a connection from nginx, with libfcgi as its parser.
 *
 * The traps of libfcgi that this file is shaped by: it would wait for ever on
 * a silent peer (so: time limits on the descriptor), it mixes accepting with
 * signals and leaks (so: it is handed what was accepted), and it reports
 * success for parameters that break off (so: FCGX_GetError).
 */

#include "conn.h"

#include <fcgiapp.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PEER_SECONDS = 10 };		/* nginx sends and reads at once */

struct nx_conn {
	FCGX_Request	fcgi;
	bool		in_request;	/* FCGX_Finish_r() is due */
};

bool
nx_conn_start(void)
{
	/* How long it waits for nginx to close: 2 s unless told, in ms. */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 0);
	return FCGX_Init() == 0;
}

static void
set_timeouts(int fd)
{
	const struct timeval t = { .tv_sec = PEER_SECONDS };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* A listening socket of -1: libfcgi never accepts. */
struct nx_conn *
nx_conn_open(int fd)
{
	struct nx_conn *c = calloc(1, sizeof(*c));

	if (c == NULL || FCGX_InitRequest(&c->fcgi, -1, 0) != 0) {
		(void)close(fd);
		free(c);
		return NULL;
	}
	set_timeouts(fd);
	c->fcgi.ipcFd = fd;
	return c;
}

void
nx_conn_close(struct nx_conn *c)
{
	if (c == NULL)
		return;
	if (c->in_request)
		FCGX_Finish_r(&c->fcgi);	/* closes it, too */
	else if (c->fcgi.ipcFd >= 0)
		(void)close(c->fcgi.ipcFd);
	free(c);
}

/*
 * With keepConnection 1 the implicit Finish of FCGX_Accept_r leaves the
 * descriptor that it is handed; with 0 the one at the end closes it.
 */
bool
nx_conn_next(struct nx_conn *c)
{
	c->fcgi.keepConnection = 1;
	if (FCGX_Accept_r(&c->fcgi) < 0)
		return false;		/* libfcgi has closed it */
	c->fcgi.keepConnection = 0;
	c->in_request = true;
	return true;
}

char **
nx_conn_params(const struct nx_conn *c)
{
	return c->fcgi.envp;
}

bool
nx_conn_params_ended(const struct nx_conn *c)
{
	return FCGX_GetError(c->fcgi.in) == 0;
}

size_t
nx_conn_pull(void *conn, char *to, size_t room)
{
	struct nx_conn *c = conn;
	const int max = room > INT_MAX ? INT_MAX : (int)room;
	const int n = FCGX_GetStr(to, max, c->fcgi.in);

	return n > 0 ? (size_t)n : 0;
}

bool
nx_conn_is_abandoned(const struct nx_conn *c)
{
	struct pollfd p = { .fd = c->fcgi.ipcFd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

void
nx_conn_write(struct nx_conn *c, struct nx_slice answer)
{
	(void)FCGX_PutStr(answer.p, (int)answer.n, c->fcgi.out);
}
