/* nexus-x-fcgi - the FastCGI responder; its listening socket is fd 0. */

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include "nx/base/version.h"
#include "nx/cli/args.h"
#include "nx/flow/keys.h"
#include "nx/store/rescue.h"
#include "nx/web/serve.h"

enum { PROBLEMS_MAX = 16 * 1024, MALLOC_ARENAS = 8 };

static const unsigned int need =
    NX_NEED_X | NX_NEED_DB | NX_NEED_KEYS | NX_NEED_CALLERS;

/* Everything that must be right before the first request is taken. */
static enum nx_rc
prepare(struct nx_app *app)
{
	struct nx_buf problems = NX_BUF(PROBLEMS_MAX);
	struct nx_err err = { 0 };
	enum nx_rc rc;

	rc = nx_app_open(app, need, nx_conf_getenv, NULL, &problems);
	if (nx_rescue_check(app->conf.state_dir, &err) != NX_OK) {
		nx_buf_addf(&problems, "NEXUS_STATE_DIR: %s\n", err.detail);
		rc = rc == NX_OK ? NX_CONFIG : rc;
	}
	if (problems.n > 0)
		(void)fprintf(stderr, "nexus-x-fcgi cannot start:\n%s",
		    nx_buf_str(&problems));
	nx_buf_free(&problems);
	return rc;
}

static enum nx_rc
run(const struct nx_args *args)
{
	struct nx_err err = { 0 };
	struct nx_app app;
	enum nx_rc rc = prepare(&app);

	if (rc == NX_OK && args->check_config)
		(void)printf("The configuration is usable.\n");
	else if (rc == NX_OK) {
		rc = nx_keys_check(&app, &err);
		if (rc == NX_OK)
			rc = nx_serve(&app, &err);
		if (rc != NX_OK)
			(void)fprintf(stderr, "nexus-x-fcgi: %s %s\n",
			    err.detail, nx_rc_remedy(rc));
	}
	nx_app_close(&app);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	struct nx_arena *arena = nx_arena_new(4096);
	struct nx_args args = { 0 };
	struct nx_err err = { 0 };
	enum nx_rc rc = NX_NO_MEMORY;

	/* A core would hold tokens. */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	/* Few arenas hold less memory; fewer still make the threads wait. */
	(void)mallopt(M_ARENA_MAX, MALLOC_ARENAS);
	/* Without fast bins there is nothing to consolidate each time. */
	(void)mallopt(M_MXFAST, 0);
	(void)signal(SIGHUP, SIG_IGN);	/* nothing is read again */
	if (arena != NULL)
		rc = nx_args_parse(NX_FCGI, argc, argv, arena, &args, &err);
	if (rc != NX_OK)
		(void)fprintf(stderr, "nexus-x-fcgi: %s %s\n", err.detail,
		    nx_rc_remedy(rc));
	else if (args.help)
		nx_args_help(NX_FCGI, stdout);
	else if (args.version)
		(void)printf("nexus-x-fcgi %s\n", NX_VERSION);
	else if ((rc = nx_process_start()) == NX_OK) {
		rc = run(&args);
		nx_process_stop();
	}
	nx_arena_free(arena);
	return nx_rc_exit(rc);
}
