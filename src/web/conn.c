/*
 * conn.c - a connection from nginx, with libfcgi as its parser.
 *
 * The traps of libfcgi that this file is shaped by: it would wait for ever on
 * a silent peer (so: time limits on the descriptor), it mixes accepting with
 * signals and leaks (so: it is handed what was accepted), and it reports
 * success for parameters that break off (so: FCGX_GetError).
 */

#include "conn.h"

#include <errno.h>
#include <fcgiapp.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "nx/base/wait.h"

enum {
	PEER_SECONDS = 10,		/* nginx sends and reads at once */
	LOOK_MAX = 8192,		/* what libfcgi reads at once, too */
};

struct nx_conn {
	FCGX_Request		fcgi;
	struct nx_waiting	waiting;
	bool			in_request;	/* FCGX_Finish_r() is due */
	bool			keep;		/* nginx asked for it */
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

/*
 * Finish, and tell whether the descriptor is still ours.  libfcgi would wait
 * for nginx to close it.  That is right only where something is left unread:
 * closed over that, nginx would find a reset in the place of its answer.
 */
static bool
finish_request(struct nx_conn *c)
{
	c->in_request = false;
	c->fcgi.keepConnection = FCGX_HasSeenEOF(c->fcgi.in) != 0 &&
	    FCGX_GetError(c->fcgi.in) == 0;
	if (!c->fcgi.keepConnection)
		nx_wait_begin();
	FCGX_Finish_r(&c->fcgi);
	return c->fcgi.ipcFd >= 0;
}

bool
nx_conn_end(struct nx_conn *c)
{
	return finish_request(c) && c->keep;
}

void
nx_conn_close(struct nx_conn *c)
{
	if (c == NULL)
		return;
	if (c->in_request)
		(void)finish_request(c);
	if (c->fcgi.ipcFd >= 0)
		(void)close(c->fcgi.ipcFd);
	free(c);
}

int
nx_conn_fd(const struct nx_conn *c)
{
	return c->fcgi.ipcFd;
}

struct nx_waiting *
nx_conn_waiting(struct nx_conn *c)
{
	return &c->waiting;
}

enum nx_records
nx_conn_look(const struct nx_conn *c)
{
	unsigned char head[LOOK_MAX];
	const ssize_t n = recv(c->fcgi.ipcFd, head, sizeof(head),
	    MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		return nx_records_look(head, (size_t)n, sizeof(head));
	return n < 0 && (errno == EAGAIN || errno == EINTR) ?
	    NX_RECORDS_PART : NX_RECORDS_FOREIGN;
}

/*
 * With keepConnection 1 the implicit Finish of FCGX_Accept_r leaves the
 * descriptor that it is handed.
 */
bool
nx_conn_next(struct nx_conn *c)
{
	c->fcgi.keepConnection = 1;
	if (FCGX_Accept_r(&c->fcgi) < 0)
		return false;		/* libfcgi has closed it */
	c->keep = c->fcgi.keepConnection != 0;
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
