/*
 * kept.c - the connection that a handle keeps: may a request go over it, and
 * when it ended under one, had the server heard of that?
 */

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "nx/base/clock.h"

enum { NONE = -1 };

/* What TCP has of a connection; zeroes where it does not say. */
static struct nx_http_tally
read_tally(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return (struct nx_http_tally){ 0, 0 };
	return (struct nx_http_tally){ info.tcpi_bytes_acked,
	    info.tcpi_bytes_received };
}

/*
 * Nothing has come over the kept connection since its last answer.  What has
 * is its end, as a server tells it that restarts; libcurl takes the farewell
 * of TLS for a sign of life, sends into the void, and gives up for good when
 * that has happened to a handle a few times.
 */
static bool
is_quiet(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static bool
is_recent(const struct nx_http *http)
{
	const struct nx_http_ask *ask = http->ask;

	return !ask->once || (ask->idle_ms > 0 &&
	    nx_clock_mono() - http->used_at <= ask->idle_ms);
}

bool
nx_http_kept_will_do(struct nx_http *http)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	http->kept = NONE;
	if (curl_easy_getinfo(http->easy, CURLINFO_ACTIVESOCKET, &fd) !=
	    CURLE_OK || fd == CURL_SOCKET_BAD)
		return false;	/* none is kept */
	if (http->ask->fresh || !is_recent(http) || !is_quiet(fd))
		return false;
	http->kept = fd;
	http->before = read_tally(fd);
	return true;
}

/*
 * The server said farewell before it had any of the request: each segment of
 * TCP says how far the other side has been received (RFC 9293 section 3.4),
 * so that a farewell which confirms nothing was sent before the first byte
 * was there, and whoever has said it carries out nothing more.
 */
static bool
was_unheard(const struct nx_http *http, int fd)
{
	const struct nx_http_tally now = read_tally(fd);

	return now.acked > 0 && now.acked == http->before.acked &&
	    now.received > http->before.received;
}

int
nx_http_on_close(void *arg, curl_socket_t fd)
{
	struct nx_http *http = arg;

	if (fd == http->kept) {
		http->unheard = http->leaving && !http->answering &&
		    was_unheard(http, fd);
		http->kept = NONE;
	}
	return close(fd);
}
