/*
 * nothing-fcgi.c - the least that a threaded libfcgi program can do: accept,
 * parse, answer 302 to a fixed place.  `./dev bench` measures against it.
 */

#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };

static void *
serve(void *unused)
{
	static const char answer[] = "Status: 302\r\n"
	    "Location: https://x.com/i/oauth2/authorize\r\n\r\n";
	char chunk[4096];

	(void)unused;
	for (;;) {
		int fd = accept4(0, NULL, NULL, SOCK_CLOEXEC);
		FCGX_Request r;

		if (fd < 0 || FCGX_InitRequest(&r, -1, 0) != 0)
			continue;
		r.ipcFd = fd;
		r.keepConnection = 1;
		if (FCGX_Accept_r(&r) < 0)
			continue;
		r.keepConnection = 0;
		while (FCGX_GetStr(chunk, sizeof(chunk), r.in) > 0)
			continue;
		(void)FCGX_PutStr(answer, sizeof(answer) - 1, r.out);
		FCGX_Finish_r(&r);
	}
	return NULL;
}

int
main(void)
{
	const char *text = getenv("NEXUS_THREADS");
	long n = text == NULL ? 32 : strtol(text, NULL, 10);
	pthread_t thread;

	(void)FCGX_Init();
	/* libfcgi would take both for a wish to stop at the next request. */
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGUSR1, SIG_DFL);
	for (long i = 1; i < n && i < THREADS_MAX; i++)
		(void)pthread_create(&thread, NULL, serve, NULL);
	(void)serve(NULL);
	return 0;
}
