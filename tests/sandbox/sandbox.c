/*
 * sandbox.c - nexus-x-sandbox: a strict stand-in for X and for Supabase's
 * sign-in, for tests and demonstrations.  A FastCGI responder with its
 * listening socket on fd 0; see README.md.
 *
 * One process, many threads, for a fault may hold its thread a minute.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "sb_routes.h"

enum {
	STACK_SIZE = 256 * 1024,
	SANITIZED_STACK_SIZE = 1024 * 1024,
	IO_SECONDS = 10,
	ACCEPT_TICK_US = 300000,
	DRAIN_SECONDS = 25
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const size_t stack_size = SANITIZED_STACK_SIZE;
#else
static const size_t stack_size = STACK_SIZE;
#endif

static void
set_timeouts(int fd)
{
	const struct timeval t = { .tv_sec = IO_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static void
handle(struct sb_app *app, FCGX_Request *r)
{
	struct sb_reply reply = { 0 };
	struct sb_request req;
	int refused = sb_request_read(r, &req);

	if (refused != 0)
		sb_reply_text(&reply, refused, "text/plain", "refused\n");
	else
		sb_serve(app, &req, &reply);
	if (reply.drop) {
		/* Without a word, so that nginx sees a broken connection. */
		shutdown(r->ipcFd, SHUT_RDWR);
		FCGX_Free(r, 1);
	} else {
		sb_reply_send(&reply, r);
		/* Set for the adoption only: nginx keeps no connection. */
		r->keepConnection = 0;
		FCGX_Finish_r(r);
	}
	sb_request_free(&req);
	sb_reply_free(&reply);
}

static void *
serve(void *arg)
{
	struct sb_app *app = arg;
	FCGX_Request r;
	int fd;

	while (!atomic_load(&app->stopping)) {
		fd = accept4(0, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(10000);
			continue;	/* EAGAIN is the tick of the listener */
		}
		set_timeouts(fd);
		/*
		 * libfcgi parses but does not accept: with keepConnection
		 * set it takes the connection it is given, and without a
		 * listener it cannot block in accept.
		 */
		FCGX_InitRequest(&r, -1, 0);
		r.ipcFd = fd;
		r.keepConnection = 1;
		if (FCGX_Accept_r(&r) >= 0)
			handle(app, &r);
	}
	return NULL;
}

static void
app_start(struct sb_app *app, const struct sb_conf *conf)
{
	*app = (struct sb_app){
		.conf = conf,
		.canaries = sb_canaries_new(),
		.counts = sb_counts_new(),
		.faults = sb_faults_new(),
		.grants = sb_grants_new(),
		.journal = sb_journal_new(),
		.keys = sb_keys_new(conf->jwt_secret),
		.limits = sb_limits_new(),
		.media = sb_media_new(),
		.posts = sb_posts_new(),
		.sessions = sb_sessions_new(),
		.settings = sb_settings_new(conf->client_secret != NULL),
		.storage = sb_storage_new(),
	};
}

static void
app_end(struct sb_app *app)
{
	sb_canaries_free(app->canaries);
	sb_counts_free(app->counts);
	sb_faults_free(app->faults);
	sb_grants_free(app->grants);
	sb_journal_free(app->journal);
	sb_keys_free(app->keys);
	sb_limits_free(app->limits);
	sb_media_free(app->media);
	sb_posts_free(app->posts);
	sb_sessions_free(app->sessions);
	sb_settings_free(app->settings);
	sb_storage_free(app->storage);
}

/* The signals that end the process, blocked here and in every thread. */
static sigset_t
block_signals(void)
{
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGUSR1);
	sigaddset(&ending, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &ending, NULL) != 0)
		abort();
	signal(SIGPIPE, SIG_IGN);
	return ending;
}

/* How many of the threads could be started. */
static int
start_threads(struct sb_app *app, pthread_t *threads, int n)
{
	pthread_attr_t attr;
	int started = 0;

	if (pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setstacksize(&attr, stack_size) != 0)
		abort();
	while (started < n &&
	    pthread_create(&threads[started], &attr, serve, app) == 0)
		started++;
	pthread_attr_destroy(&attr);
	return started;
}

int
main(void)
{
	const struct timeval tick = { .tv_usec = ACCEPT_TICK_US };
	struct sb_conf conf;
	struct sb_app app;
	pthread_t *threads;
	sigset_t ending;
	int n, signal_number;

	if (!sb_conf_read(&conf))
		return EX_CONFIG;
	mallopt(M_ARENA_MAX, 4);
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 0);
	if (FCGX_Init() != 0 || setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &tick,
	    sizeof tick) != 0) {
		fprintf(stderr, "nexus-x-sandbox: fd 0 is not a listening "
		    "socket; start it with spawn-fcgi\n");
		return EX_USAGE;
	}
	ending = block_signals();
	app_start(&app, &conf);
	threads = sb_alloc((size_t)conf.threads, sizeof *threads);
	n = start_threads(&app, threads, conf.threads);
	if (n < conf.threads)
		fprintf(stderr, "nexus-x-sandbox: %d of %d threads\n", n,
		    conf.threads);
	sigwait(&ending, &signal_number);
	atomic_store(&app.stopping, true);
	alarm(DRAIN_SECONDS);	/* ends a drain that does not end */
	while (n > 0)
		pthread_join(threads[--n], NULL);
	free(threads);
	app_end(&app);
	return 0;
}
