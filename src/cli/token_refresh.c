/* token_refresh.c - one sweep over what is due, then exit. */

#include <stdlib.h>

#include "nx/base/json.h"
#include "nx/cli/command.h"
#include "nx/flow/refresh.h"

enum { WITHIN_DEFAULT = 900, WITHIN_MAX = 7200 };

static enum nx_rc
read_within(struct nx_command *c, int *out)
{
	const char *text = c->args.within;
	char *end;
	long v;

	*out = WITHIN_DEFAULT;
	if (text == NULL)
		return NX_OK;
	v = strtol(text, &end, 10);
	if (end == text || *end != '\0' || v < 0 || v > WITHIN_MAX)
		return nx_fail(&c->ctx.err, NX_USAGE,
		    "--within must be 0 to %d seconds.", WITHIN_MAX);
	*out = (int)v;
	return NX_OK;
}

static void
add_sweep(struct nx_command *c, const struct nx_sweep *total)
{
	struct nx_jw w = { .out = &c->out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_bool(&w, "dry_run", c->args.dry_run);
	nx_jw_i64(&w, "due", total->due);
	nx_jw_i64(&w, "refreshed", total->refreshed);
	nx_jw_i64(&w, "waiting", total->waiting);
	nx_jw_i64(&w, "needs_reauth", total->ended);
	nx_jw_i64(&w, "failed", total->failed);
	nx_jw_close(&w, '}');
}

static enum nx_rc
sweep(struct nx_command *c)
{
	struct nx_sweep total;
	int within;
	enum nx_rc rc = read_within(c, &within);

	if (rc == NX_OK && c->args.user_id != NULL &&
	    !nx_is_uuid(c->args.user_id) && !c->args.dry_run)
		rc = nx_fail(&c->ctx.err, NX_USAGE,
		    "--user_id must be a UUID.");
	if (rc != NX_OK)
		return rc;
	memset(&total, 0, sizeof(total));
	/* A dry run counts what is due where there is a database to ask. */
	if (!c->args.dry_run)
		rc = nx_command_need(c,
		    NX_NEED_KEYS | NX_NEED_X | NX_NEED_DB);
	else if (getenv("DATABASE_URL") != NULL)
		rc = nx_command_need(c, NX_NEED_DB);
	if (rc == NX_OK && c->app.pool != NULL)
		rc = nx_refresh_sweep(&c->ctx, c->args.user_id, within,
		    c->args.dry_run, &total);
	if (rc == NX_OK)
		add_sweep(c, &total);
	if (rc == NX_OK && total.failed > 0)
		return nx_fail(&c->ctx.err, NX_X_DOWN, "%d of %d could not"
		    " be renewed.", total.failed, total.due);
	return rc;
}

static enum nx_rc
rekey(struct nx_command *c)
{
	struct nx_jw w = { .out = &c->out };
	struct nx_rekey done = { .after = "" };
	enum nx_rc rc = NX_OK;

	if (!c->args.dry_run)
		rc = nx_command_need(c, NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_rekey(&c->ctx, &done);
	if (rc != NX_OK)
		return rc;
	nx_jw_open(&w, NULL, '{');
	nx_jw_bool(&w, "dry_run", c->args.dry_run);
	nx_jw_i64(&w, "resealed", done.resealed);
	nx_jw_i64(&w, "unreadable", done.unreadable);
	nx_jw_bool(&w, "older_keys_may_go",
	    done.finished && done.unreadable == 0);
	nx_jw_close(&w, '}');
	return NX_OK;
}

int
nx_token_refresh(int argc, char **argv)
{
	struct nx_command c;
	int exit_status;

	if (nx_command_open(&c, NX_TOKEN_REFRESH, "token_refresh", argc,
	    argv, &exit_status) != NX_OK)
		return exit_status;
	return nx_command_close(&c,
	    c.args.rekey ? rekey(&c) : sweep(&c));
}
