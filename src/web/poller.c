/*
 * poller.c - epoll, and a list of the connections that wait.
 *
 * Those that wait for their next request are one-shot: told of once, they are
 * their taker's, and nothing more is said of them.  Of a request that has come
 * in part each further piece is told (edge), since what has come stays unread.
 *
 * Lock: `mutex` guards the list, its counts, `draining` and `watched`;
 * epoll_ctl(2) and shutdown(2) happen under it, nothing that waits.
 */

#include "poller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"

enum {
	SILENT_MS = 10000,		/* nginx sends at once what it has */
	LINGER_MS = 200,		/* nginx closes at once, too */
	NO_DESCRIPTOR_PAUSE_MS = 10,
	NEXT_REQUEST = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
	NEXT_PIECE = EPOLLIN | EPOLLRDHUP,	/* and EPOLLET */
	GONE = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
};

struct nx_poller {
	int		 listener;
	int		 epoll;
	int		 end;		/* eventfd: there is no more */
	pthread_mutex_t	 mutex;
	pthread_cond_t	 fewer;		/* connections than before */
	struct nx_conn	*first, *last;	/* listed: silent longest first */
	int		 idle;		/* of these, between two requests */
	int		 begun;		/* the others, and who is accepted */
	bool		 draining;
	bool		 watched;	/* the listener: once more, if not */
};

static bool
watch(const struct nx_poller *p, int fd, uint32_t events, void *what)
{
	struct epoll_event e = { .events = events, .data.ptr = what };

	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

/*
 * Lock held.  Behind all others that are woken for the next connection: so each
 * process has its share of them.
 */
static bool
watch_listener(struct nx_poller *p)
{
	(void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, p->listener, NULL);
	p->watched = watch(p, p->listener, EPOLLIN | EPOLLEXCLUSIVE,
	    &p->listener);
	return p->watched;
}

struct nx_poller *
nx_poller_new(int listener)
{
	struct nx_poller *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->listener = listener;
	nx_mutex_init(&p->mutex);
	nx_cond_init(&p->fewer);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->epoll < 0 || p->end < 0 || !watch(p, p->end, EPOLLIN,
	    &p->end) || !watch_listener(p)) {
		nx_poller_free(p);
		return NULL;
	}
	return p;
}

void
nx_poller_free(struct nx_poller *p)
{
	if (p == NULL)
		return;
	while (p->first != NULL) {
		struct nx_conn *c = p->first;

		p->first = nx_conn_waiting(c)->next;
		nx_conn_close(c);
	}
	if (p->end >= 0)
		(void)close(p->end);
	if (p->epoll >= 0)
		(void)close(p->epoll);
	nx_cond_destroy(&p->fewer);
	nx_mutex_destroy(&p->mutex);
	free(p);
}

/* Lock held. */
static int *
kind_count(struct nx_poller *p, const struct nx_waiting *w)
{
	return w->idle ? &p->idle : &p->begun;
}

/* Lock held. */
static void
list_conn(struct nx_poller *p, struct nx_conn *c, bool idle)
{
	struct nx_waiting *w = nx_conn_waiting(c);

	w->since = nx_clock_mono();
	w->fd = nx_conn_fd(c);
	w->lent = false;
	w->idle = idle;
	w->next = NULL;
	w->prev = p->last;
	if (p->last == NULL)
		p->first = c;
	else
		nx_conn_waiting(p->last)->next = c;
	p->last = c;
	(*kind_count(p, w))++;
}

/* Lock held. */
static void
unlist_conn(struct nx_poller *p, struct nx_conn *c)
{
	struct nx_waiting *w = nx_conn_waiting(c);

	if (w->prev == NULL)
		p->first = w->next;
	else
		nx_conn_waiting(w->prev)->next = w->next;
	if (w->next == NULL)
		p->last = w->prev;
	else
		nx_conn_waiting(w->next)->prev = w->prev;
	(*kind_count(p, w))--;
	if (p->draining)
		nx_cond_broadcast(&p->fewer);
}

/* The kernel says nothing more of it. */
static void
leave_edge(const struct nx_poller *p, struct nx_conn *c)
{
	struct nx_waiting *w = nx_conn_waiting(c);

	if (w->edge) {
		(void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, nx_conn_fd(c), NULL);
		w->edge = w->polled = false;
	}
}

/* Its taker's now. */
static void
take_conn(struct nx_poller *p, struct nx_conn *c)
{
	leave_edge(p, c);
	nx_lock(&p->mutex);
	unlist_conn(p, c);
	nx_unlock(&p->mutex);
}

/*
 * Lock held, so that who is told of it before we have come back meets all
 * that was written here (note_arrival()).
 */
static bool
poll_conn(const struct nx_poller *p, struct nx_conn *c, uint32_t events)
{
	struct nx_waiting *w = nx_conn_waiting(c);
	struct epoll_event e = { .events = events, .data.ptr = c };
	const int how = w->polled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	w->polled = true;
	return epoll_ctl(p->epoll, how, nx_conn_fd(c), &e) == 0;
}

/* Something has come: what was idle has begun, and now has its own 10 s. */
static void
note_arrival(struct nx_poller *p, struct nx_conn *c)
{
	nx_lock(&p->mutex);
	if (nx_conn_waiting(c)->idle) {
		unlist_conn(p, c);
		list_conn(p, c, false);
	}
	nx_unlock(&p->mutex);
}

static void
await_rest(struct nx_poller *p, struct nx_conn *c)
{
	struct nx_waiting *w = nx_conn_waiting(c);
	bool polled;

	if (w->edge)
		return;
	w->edge = true;
	nx_lock(&p->mutex);
	polled = poll_conn(p, c, NEXT_PIECE | EPOLLET);
	nx_unlock(&p->mutex);
	if (!polled) {
		take_conn(p, c);
		nx_conn_close(c);
	}
}

/*
 * Too large to be looked through: a thread reads it, and may have to wait for
 * it.  It stays in the list by a descriptor of the list's own, since libfcgi
 * closes the other one as it likes.
 */
static bool
lend_conn(struct nx_poller *p, struct nx_conn *c)
{
	struct nx_waiting *w = nx_conn_waiting(c);
	const int fd = fcntl(nx_conn_fd(c), F_DUPFD_CLOEXEC, 0);

	if (fd < 0) {
		take_conn(p, c);
		nx_conn_close(c);
		return false;
	}
	leave_edge(p, c);
	nx_lock(&p->mutex);
	unlist_conn(p, c);
	list_conn(p, c, false);		/* its 10 s are for being read */
	w->fd = fd;
	w->lent = true;
	nx_unlock(&p->mutex);
	return true;
}

void
nx_poller_read(struct nx_poller *p, struct nx_conn *c)
{
	const int fd = nx_conn_waiting(c)->fd;

	nx_lock(&p->mutex);
	unlist_conn(p, c);
	nx_unlock(&p->mutex);
	(void)close(fd);
}

/* What came of one; true where there is a request for the caller. */
static bool
look_at(struct nx_poller *p, struct nx_conn *c, uint32_t events, bool *whole)
{
	enum nx_records have = NX_RECORDS_FOREIGN;

	note_arrival(p, c);
	if ((events & GONE) == 0)
		have = nx_conn_look(c);
	*whole = have == NX_RECORDS_WHOLE;
	switch (have) {
	case NX_RECORDS_WHOLE:
		take_conn(p, c);
		return true;
	case NX_RECORDS_LARGE:
		return lend_conn(p, c);
	case NX_RECORDS_PART:
		await_rest(p, c);
		return false;
	case NX_RECORDS_FOREIGN:
		break;
	}
	take_conn(p, c);
	nx_conn_close(c);
	return false;
}

/* A drain waits for what is just being accepted. */
static bool
begin_accept(struct nx_poller *p)
{
	bool may;

	nx_lock(&p->mutex);
	may = !p->draining;
	p->begun += may;
	nx_unlock(&p->mutex);
	return may;
}

static void
end_accept(struct nx_poller *p, struct nx_conn *c)
{
	nx_lock(&p->mutex);
	p->begun--;
	if (c != NULL)
		list_conn(p, c, false);
	if (p->draining)
		nx_cond_broadcast(&p->fewer);
	else if (c != NULL)
		(void)watch_listener(p);
	nx_unlock(&p->mutex);
}

/*
 * NULL: another process was first, or no descriptor is left; the pause must
 * not hand the seat on, hence poll().
 */
static struct nx_conn *
accept_conn(struct nx_poller *p)
{
	struct nx_conn *c = NULL;
	int fd;

	if (!begin_accept(p))
		return NULL;
	fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		c = nx_conn_open(fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
	    errno == ENOBUFS)
		(void)poll(NULL, 0, NO_DESCRIPTOR_PAUSE_MS);
	end_accept(p, c);
	return c;
}

struct nx_conn *
nx_poller_next(struct nx_poller *p, bool *whole)
{
	struct epoll_event e;

	for (;;) {
		struct nx_conn *c;

		if (epoll_wait(p->epoll, &e, 1, -1) <= 0)
			continue;
		if (e.data.ptr == &p->end)
			return NULL;
		if (e.data.ptr == &p->listener) {
			c = accept_conn(p);
			e.events = 0;
		} else
			c = e.data.ptr;
		if (c != NULL && look_at(p, c, e.events, whole))
			return c;
	}
}

void
nx_poller_keep(struct nx_poller *p, struct nx_conn *c)
{
	bool kept = false;

	nx_lock(&p->mutex);
	if (!p->draining) {
		list_conn(p, c, true);
		kept = poll_conn(p, c, NEXT_REQUEST);
		if (!kept)
			unlist_conn(p, c);
	}
	nx_unlock(&p->mutex);
	if (!kept)
		nx_conn_close(c);
}

/* Nothing has come that waits for a thread. */
static bool
says_nothing(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* Lock held.  What is all there waits for us, and not for its peer. */
static bool
waits_for_peer(const struct nx_conn *c, const struct nx_waiting *w)
{
	if (w->idle)
		return says_nothing(w->fd);
	return w->lent || nx_conn_look(c) == NX_RECORDS_PART;
}

void
nx_poller_end_silent(struct nx_poller *p)
{
	const int64_t before = nx_clock_mono() - SILENT_MS;

	nx_lock(&p->mutex);
	for (struct nx_conn *c = p->first; c != NULL;) {
		const struct nx_waiting *w = nx_conn_waiting(c);

		if (w->since > before)
			break;
		if (waits_for_peer(c, w))
			(void)shutdown(w->fd, SHUT_RDWR);
		c = w->next;
	}
	if (!p->watched && !p->draining)
		(void)watch_listener(p);
	nx_unlock(&p->mutex);
}

/*
 * Lock held.  nginx sees our end, and closes; what it may have sent just then
 * it sends again over another connection, since only what may be sent twice
 * goes over kept ones.
 */
static void
say_goodbye(struct nx_poller *p)
{
	for (struct nx_conn *c = p->first; c != NULL;) {
		const struct nx_waiting *w = nx_conn_waiting(c);

		if (w->idle && says_nothing(w->fd))
			(void)shutdown(w->fd, SHUT_WR);
		c = w->next;
	}
}

void
nx_poller_drain(struct nx_poller *p, int64_t deadline)
{
	const int64_t linger = nx_clock_mono() + LINGER_MS;

	nx_lock(&p->mutex);
	p->draining = true;
	(void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, p->listener, NULL);
	say_goodbye(p);
	while (p->begun + p->idle > 0) {
		const int64_t until = p->begun > 0 ? deadline : linger;

		if (nx_clock_left(until) == 0)
			break;
		(void)nx_cond_wait_until(&p->fewer, &p->mutex, until);
	}
	nx_unlock(&p->mutex);
	(void)eventfd_write(p->end, 1);
}
