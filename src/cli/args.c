/* args.c - one table of options for all programs, parsed by getopt_long. */

#include "nx/cli/args.h"

#include <getopt.h>
#include <stdlib.h>

#include "nx/base/conf.h"

/* A secret does not stay in the process title. */
enum kind { TEXT, SECRET, FLAG, LIST };

enum { ALL = NX_TWITTER_FLOW | NX_TOKEN_REFRESH | NX_FCGI | NX_WORKER |
    NX_MIGRATE };

static const struct option_row {
	const char	*name;		/* with `-` */
	const char	*value;		/* as the help names it; NULL: a flag */
	const char	*text;
	enum kind	 kind;
	unsigned int	 programs;
	size_t		 offset;
} rows[] = {
#define AT(field) offsetof(struct nx_args, field)
	{ "action", "ACTION", "initiate, callback, post, posts, resume,"
	    " delete, status, disconnect or measure", TEXT, NX_TWITTER_FLOW,
	    AT(action) },
	{ "user-id", "ID", "Nexus user (a UUID; any text in a dry run)",
	    TEXT, NX_TWITTER_FLOW | NX_TOKEN_REFRESH, AT(user_id) },
	{ "return-to", "PATH", "initiate: where the callback returns to",
	    TEXT, NX_TWITTER_FLOW, AT(return_to) },
	{ "code", "CODE", "callback: the code from X's redirect",
	    SECRET, NX_TWITTER_FLOW, AT(code) },
	{ "state", "STATE", "callback: the state from X's redirect",
	    SECRET, NX_TWITTER_FLOW, AT(state) },
	{ "flow", "SEALED", "callback: the flow that initiate printed",
	    SECRET, NX_TWITTER_FLOW, AT(flow) },
	{ "content", "TEXT", "post: the text", TEXT, NX_TWITTER_FLOW,
	    AT(content) },
	{ "on-long", "HOW", "post: truncate, thread or reject", TEXT,
	    NX_TWITTER_FLOW, AT(on_long) },
	{ "link", "URL", "post: ends a text that was cut", TEXT,
	    NX_TWITTER_FLOW, AT(link) },
	{ "media", "FILE", "post: a picture or video, up to four times",
	    LIST, NX_TWITTER_FLOW, AT(media) },
	{ "numbering", NULL, "post: each part of a thread ends with its"
	    " number", FLAG, NX_TWITTER_FLOW, AT(numbering) },
	{ "on-partial", "HOW", "post: keep or delete what is live of a thread"
	    " that breaks", TEXT, NX_TWITTER_FLOW, AT(on_partial) },
	{ "publish-at", "TIME", "post: when the worker sends it (RFC 3339)",
	    TEXT, NX_TWITTER_FLOW, AT(publish_at) },
	{ "idempotency-key", "KEY", "post: the same key posts once", TEXT,
	    NX_TWITTER_FLOW, AT(idempotency_key) },
	{ "connection-id", "ID", "which X account, when there are several",
	    TEXT, NX_TWITTER_FLOW, AT(connection_id) },
	{ "post-id", "ID", "resume, delete: which post, by its id here", TEXT,
	    NX_TWITTER_FLOW, AT(post_id) },
	{ "limit", "N", "posts: how many, 1 to 100 (default 20)", TEXT,
	    NX_TWITTER_FLOW, AT(limit) },
	{ "before", "ID", "posts: the page behind this one, as `next` gave it",
	    TEXT, NX_TWITTER_FLOW, AT(before) },
	{ "view", "upcoming", "posts: what is queued, soonest first", TEXT,
	    NX_TWITTER_FLOW, AT(view) },
	{ "replace", NULL, "initiate: the account that X says takes the place"
	    " of connection-id", FLAG, NX_TWITTER_FLOW, AT(replace) },
	{ "scopes", "LIST", "initiate: ask for these in place of"
	    " TWITTER_SCOPES", TEXT, NX_TWITTER_FLOW, AT(scopes) },
	{ "within", "SECONDS", "what ends within this time is due"
	    " (default 900)", TEXT, NX_TOKEN_REFRESH, AT(within) },
	{ "rekey", NULL, "seal all tokens with the first key of NEXUS_KEYS",
	    FLAG, NX_TOKEN_REFRESH, AT(rekey) },
	{ "dir", "DIR", "where the files NNN_name.sql are (default: as"
	    " installed)", TEXT, NX_MIGRATE, AT(dir) },
	{ "wait", "SECONDS", "apply, contract: for locks, in all (default 60)",
	    TEXT, NX_MIGRATE, AT(wait) },
	{ "expand", NULL, "apply: programs of the version before will use a"
	    " new database too, until contract", FLAG, NX_MIGRATE,
	    AT(expand) },
	{ "again", "NNN", "apply: this file once more (004 after roles or"
	    " columns were added)", TEXT, NX_MIGRATE, AT(again) },
	{ "from", "NNN", "lock-times: the first file to look at (default: what"
	    " is pending, or the newest)", TEXT, NX_MIGRATE, AT(from) },
	{ "rows", "N", "lock-times: posts in the tables (default 100000)",
	    TEXT, NX_MIGRATE, AT(rows) },
	{ "limit", "MS", "lock-times: nobody may wait longer (default 200);"
	    " what a killed run left (database nx_lock_times_PID) goes with"
	    " the next",
	    TEXT, NX_MIGRATE, AT(limit) },
	{ "list", NULL, "check: print what is there instead", FLAG,
	    NX_MIGRATE, AT(list) },
	{ "dry-run", NULL, "show what would be done, do nothing", FLAG,
	    NX_TWITTER_FLOW | NX_TOKEN_REFRESH, AT(dry_run) },
	{ "check-config", NULL, "say what is wrong with the environment",
	    FLAG, NX_FCGI | NX_WORKER, AT(check_config) },
	{ "help", NULL, "this text", FLAG, ALL, AT(help) },
	{ "version", NULL, "the version", FLAG, ALL, AT(version) },
#undef AT
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* `--user_id=x_y` becomes `--user-id=x_y`. */
static char *
with_dashes(const char *arg, struct nx_arena *arena)
{
	char *copy = nx_arena_str(arena, arg);

	if (copy == NULL || strncmp(copy, "--", 2) != 0)
		return copy;
	for (char *c = copy; *c != '\0' && *c != '='; c++) {
		if (*c == '_')
			*c = '-';
	}
	return copy;
}

static enum nx_rc
refuse_unknown(const char *arg, struct nx_err *err)
{
	int n = (int)strcspn(arg, "=");

	return nx_fail(err, NX_USAGE, "%.*s is not an option, or its value"
	    " is missing.", n > 60 ? 60 : n, arg);
}

/* The option that `arg` begins, when it is one that takes a value. */
static const struct option_row *
option_with_value(enum nx_program program, const char *arg)
{
	size_t n = strcspn(arg, "=");

	if (n < 3 || strncmp(arg, "--", 2) != 0)
		return NULL;
	for (int i = 0; i < ROWS; i++) {
		if ((rows[i].programs & (unsigned int)program) != 0 &&
		    rows[i].kind != FLAG &&
		    strncmp(rows[i].name, arg + 2, n - 2) == 0)
			return &rows[i];
	}
	return NULL;
}

static void
hide_secret(char *text)
{
	memset(text, 'x', strlen(text));
}

/*
 * Copy the arguments in the form that getopt knows, and hide secrets in the
 * originals.  NULL and USAGE in `err` for a short option; NULL when the arena
 * is full.
 */
static char **
normalise_args(enum nx_program program, int argc, char **argv,
    struct nx_arena *arena, struct nx_err *err)
{
	char **copy = nx_arena_alloc(arena,
	    ((size_t)argc + 1) * sizeof(*copy));
	const struct option_row *open = NULL;	/* its value comes next */

	for (int i = 0; copy != NULL && i < argc; i++) {
		const struct option_row *row = NULL;

		copy[i] = open != NULL ? nx_arena_str(arena, argv[i]) :
		    with_dashes(argv[i], arena);
		if (copy[i] == NULL)
			return NULL;
		if (open == NULL && i > 0 && copy[i][0] == '-' &&
		    copy[i][1] != '-') {
			(void)refuse_unknown(copy[i], err);
			return NULL;
		}
		if (open == NULL)
			row = option_with_value(program, copy[i]);
		else if (open->kind == SECRET)
			hide_secret(argv[i]);
		open = NULL;
		if (row == NULL)
			continue;
		if (strchr(copy[i], '=') == NULL)
			open = row;
		else if (row->kind == SECRET)
			hide_secret(strchr(argv[i], '=') + 1);
	}
	return copy;
}

static int
long_options(enum nx_program program, struct option out[ROWS + 1])
{
	int n = 0;

	for (int i = 0; i < ROWS; i++) {
		if ((rows[i].programs & (unsigned int)program) == 0)
			continue;
		out[n++] = (struct option){ rows[i].name,
		    rows[i].kind == FLAG ? no_argument : required_argument,
		    NULL, 256 + i };
	}
	out[n] = (struct option){ 0 };
	return n;
}

static enum nx_rc
take_value(const struct option_row *row, const char *value, struct nx_args *out,
    struct nx_err *err)
{
	void *field = (char *)out + row->offset;

	switch (row->kind) {
	case FLAG:
		*(bool *)field = true;
		break;
	case TEXT:
	case SECRET:
		if (*(const char **)field != NULL)
			return nx_fail(err, NX_USAGE, "--%s is there twice.",
			    row->name);
		*(const char **)field = value;
		break;
	case LIST:
		if (out->nmedia == NX_MEDIA_ARGS_MAX)
			return nx_fail(err, NX_USAGE, "--%s may be given %d"
			    " times.", row->name, NX_MEDIA_ARGS_MAX);
		((const char **)field)[out->nmedia++] = value;
		break;
	}
	return NX_OK;
}

enum nx_rc
nx_args_parse(enum nx_program program, int argc, char **argv,
    struct nx_arena *arena, struct nx_args *out, struct nx_err *err)
{
	struct option options[ROWS + 1];
	char **copy;
	enum nx_rc rc;
	int c;

	memset(out, 0, sizeof(*out));
	memset(err, 0, sizeof(*err));
	(void)long_options(program, options);
	copy = normalise_args(program, argc, argv, arena, err);
	if (!nx_arena_ok(arena))
		return nx_fail(err, NX_NO_MEMORY, "while reading options");
	if (copy == NULL)
		return err->rc;
	opterr = 0;
	optind = 0;		/* glibc: begin afresh */
	while ((c = getopt_long(argc, copy, "", options, NULL)) != -1) {
		if (c < 256)
			return refuse_unknown(copy[optind - 1], err);
		rc = take_value(&rows[c - 256], optarg, out, err);
		if (rc != NX_OK)
			return rc;
	}
	if (program == NX_MIGRATE && optind < argc)
		out->action = copy[optind++];
	if (optind < argc)
		return refuse_unknown(copy[optind], err);
	return NX_OK;
}

bool
nx_args_number(const char *text, int least, int most, int *out)
{
	char *end;
	const long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < least || n > most)
		return false;
	*out = (int)n;
	return true;
}

void
nx_args_help(enum nx_program program, FILE *out)
{
	(void)fprintf(out, "Options:\n");
	for (int i = 0; i < ROWS; i++) {
		if ((rows[i].programs & (unsigned int)program) == 0)
			continue;
		(void)fprintf(out, "  --%s%s%s\n      %s\n", rows[i].name,
		    rows[i].value == NULL ? "" : "=",
		    rows[i].value == NULL ? "" : rows[i].value, rows[i].text);
	}
	(void)fprintf(out, "\nEnvironment:\n");
	nx_conf_help(out);
}
