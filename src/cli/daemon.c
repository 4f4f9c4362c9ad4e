/* daemon.c - start a long-running program, or say why it cannot start. */

#include "nx/cli/daemon.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include "nx/base/maxima.h"
#include "nx/base/version.h"
#include "complain.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/keys.h"

static void
complain_of(const struct nx_daemon *d, const struct nx_err *err, enum nx_rc rc)
{
	struct nx_buf text = NX_BUF(NX_PROBLEMS_MAX);

	nx_buf_addf(&text, "%s: %s %s", d->name, err->detail,
	    nx_rc_remedy(rc));
	nx_complain(nx_buf_str(&text));
	nx_buf_free(&text);
}

static enum nx_rc
open_app(const struct nx_daemon *d, struct nx_app *app)
{
	struct nx_buf problems = NX_BUF(NX_PROBLEMS_MAX);
	struct nx_buf text = NX_BUF(NX_PROBLEMS_MAX);
	struct nx_err err = { 0 };
	enum nx_rc rc;

	rc = nx_app_open(app, d->need, nx_conf_getenv, NULL, &problems);
	if (nx_keep_check(app, &err) != NX_OK) {
		nx_buf_addf(&problems, "NEXUS_STATE_DIR: %s\n", err.detail);
		rc = rc == NX_OK ? NX_CONFIG : rc;
	}
	if (rc == NX_OK)
		nx_app_count(app);
	if (problems.n > 0) {
		nx_buf_addf(&text, "%s cannot start:\n%s", d->name,
		    nx_buf_str(&problems));
		nx_complain(nx_buf_str(&text));
	}
	nx_buf_free(&text);
	nx_buf_free(&problems);
	return rc;
}

static enum nx_rc
run_daemon(const struct nx_daemon *d, const struct nx_args *args)
{
	struct nx_err err = { 0 };
	struct nx_app app;
	enum nx_rc rc = open_app(d, &app);

	if (rc == NX_OK && args->check_config)
		(void)printf("The configuration is usable.\n");
	else if (rc == NX_OK && ((rc = nx_keys_check(&app, &err)) != NX_OK ||
	    (rc = d->run(&app, &err)) != NX_OK))
		complain_of(d, &err, rc);
	nx_app_close(&app);
	return rc;
}

static void
set_limits(const struct nx_daemon *d)
{
	const struct rlimit no_core = { 0, 0 };

	/* A core would hold tokens. */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)mallopt(M_ARENA_MAX, d->malloc_arenas);
	/* Without fast bins there is nothing to consolidate each time. */
	(void)mallopt(M_MXFAST, 0);
	(void)signal(SIGHUP, SIG_IGN);	/* nothing is read again */
}

int
nx_daemon(const struct nx_daemon *d, int argc, char **argv)
{
	struct nx_arena *arena = nx_arena_new(NX_DAEMON_ARENA_MAX);
	struct nx_args args = { 0 };
	struct nx_err err = { 0 };
	enum nx_rc rc = NX_NO_MEMORY;

	set_limits(d);
	if (arena != NULL)
		rc = nx_args_parse(d->program, argc, argv, arena, &args,
		    &err);
	if (rc != NX_OK)
		complain_of(d, &err, rc);
	else if (args.help) {
		(void)printf("Usage: %s [OPTION]...\n\n", d->name);
		nx_args_help(d->program, stdout);
	} else if (args.version)
		(void)printf("%s %s\n", d->name, NX_VERSION);
	else if ((rc = nx_app_process_start()) == NX_OK) {
		rc = run_daemon(d, &args);
		nx_app_process_stop();
	}
	nx_arena_free(arena);
	return nx_rc_exit(rc);
}
