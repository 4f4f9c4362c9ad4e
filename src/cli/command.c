/* command.c - what all commands have in common. */

#include "nx/cli/command.h"

#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/base/uuid.h"
#include "nx/base/version.h"
#include "complain.h"
#include "nx/flow/view/answer.h"

static void
print_problem(const struct nx_err *err, const char *request_id)
{
	struct nx_buf json = NX_BUF(NX_CLI_OUT_MAX);
	struct nx_err dated = *err;

	nx_err_date(&dated, nx_clock_wall());
	nx_answer_problem(&dated, request_id, &json);
	nx_complain(nx_buf_str(&json));
	nx_buf_free(&json);
}

enum nx_rc
nx_command_open(struct nx_command *c, enum nx_program program,
    const char *name, int argc, char **argv, int *exit_status)
{
	enum nx_rc rc;

	memset(c, 0, sizeof(*c));
	c->out = (struct nx_buf)NX_BUF(NX_CLI_OUT_MAX);
	nx_uuid_random(c->request_id);
	c->ctx.app = &c->app;
	c->ctx.request_id = c->request_id;
	c->ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
	if ((c->ctx.arena = nx_arena_new(NX_ARENA_MAX)) == NULL ||
	    nx_app_process_start() != NX_OK)
		rc = nx_fail(&c->ctx.err, NX_NO_MEMORY, "at the start");
	else
		rc = nx_args_parse(program, argc, argv, c->ctx.arena,
		    &c->args, &c->ctx.err);
	if (rc != NX_OK) {
		*exit_status = nx_command_close(c, rc);
		return rc;
	}
	if (!c->args.help && !c->args.version)
		return NX_OK;
	if (c->args.help) {
		(void)printf("Usage: %s [OPTION]...\n\n", name);
		nx_args_help(program, stdout);
	} else
		(void)printf("%s %s\n", name, NX_VERSION);
	*exit_status = nx_command_close(c, NX_OK);
	return NX_USAGE;
}

enum nx_rc
nx_command_need(struct nx_command *c, unsigned int need)
{
	struct nx_buf problems = NX_BUF(NX_PROBLEMS_MAX);
	enum nx_rc rc;

	rc = nx_app_open(&c->app, need, nx_conf_getenv, NULL, &problems);
	if (rc == NX_OK && (need & NX_NEED_DB) != 0)
		nx_app_count(&c->app);
	if (rc == NX_OK && (need & NX_NEED_X) != 0 &&
	    (c->ctx.http = nx_app_http_x(&c->app)) == NULL)
		rc = NX_NO_MEMORY;
	if (rc != NX_OK) {
		while (problems.n > 0 && problems.p[problems.n - 1] == '\n')
			problems.p[--problems.n] = '\0';
		(void)nx_fail(&c->ctx.err, rc, "%s", nx_buf_str(&problems));
		if (problems.n >= sizeof(c->ctx.err.detail))
			nx_complain(nx_buf_str(&problems));
	}
	nx_buf_free(&problems);
	return rc;
}

enum nx_rc
nx_command_need_x(struct nx_command *c, unsigned int need)
{
	enum nx_rc rc;

	if ((c->drain = nx_drain_new()) == NULL)
		return nx_fail(&c->ctx.err, NX_NO_MEMORY, "at the start");
	rc = nx_command_need(c, need | NX_NEED_X);
	if (rc == NX_OK && !nx_drain_watch(c->drain, c->app.patient))
		rc = nx_fail(&c->ctx.err, NX_NO_MEMORY, "at the start");
	return rc;
}

int
nx_command_close(struct nx_command *c, enum nx_rc rc)
{
	int status;

	if (rc == NX_OK && !nx_buf_ok(&c->out))
		rc = nx_fail(&c->ctx.err, NX_NO_MEMORY,
		    "The result is too large.");
	status = nx_rc_exit(rc);
	if (rc != NX_OK) {
		if (c->ctx.err.rc != rc)
			(void)nx_fail(&c->ctx.err, rc, "%s",
			    nx_rc_title(rc));
		print_problem(&c->ctx.err, c->request_id);
	} else if (c->failed) {
		status = 1;
		if (c->problem != NULL)
			print_problem(&c->problem->err,
			    c->problem->request_id);
	}
	if ((c->out.n > 0 && printf("%s\n", nx_buf_str(&c->out)) < 0) ||
	    fflush(stdout) != 0)
		status = 1;
	nx_drain_free(c->drain);
	nx_app_http_free(c->ctx.http);
	nx_app_close(&c->app);
	nx_arena_free(c->ctx.arena);
	nx_buf_free(&c->out);
	nx_app_process_stop();
	return status;
}
