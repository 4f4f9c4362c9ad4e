/* test_cli_args.c - the command lines of docs/contract.md section 9. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "nx/cli/args.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
enum { ARGS_MAX = 24 };

struct line {
	struct nx_arena	*arena;
	struct nx_args	 args;
	struct nx_err	 err;
};

static int
set_up(void **state)
{
	struct line *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->arena = nx_arena_new(64 * 1024);
	assert_non_null(l->arena);
	*state = l;
	return 0;
}

static int
tear_down(void **state)
{
	struct line *l = *state;

	nx_arena_free(l->arena);
	free(l);
	return 0;
}

/* `words` ends with NULL; the program's name is put before them. */
static enum nx_rc
parse(struct line *l, enum nx_program program, const char *const *words)
{
	char *argv[ARGS_MAX + 2];
	int argc = 0;

	argv[argc++] = nx_arena_str(l->arena, "program");
	for (; *words != NULL; words++) {
		assert_true(argc <= ARGS_MAX);
		argv[argc++] = nx_arena_str(l->arena, *words);
	}
	argv[argc] = NULL;
	memset(&l->err, 0, sizeof(l->err));
	return nx_args_parse(program, argc, argv, l->arena, &l->args,
	    &l->err);
}

static void
reads_every_option(void **state)
{
	static const char *const words[] = { "--action=post",
	    "--user_id=test", "--return_to=/x", "--code=c", "--state=s",
	    "--flow=f", "--content=Hello X", "--on_long=thread",
	    "--link=https://l", "--media=a.png", "--media=b.png",
	    "--idempotency_key=k", "--connection_id=id", "--numbering",
	    "--publish_at=t", "--on_partial=keep", "--post_id=p",
	    "--limit=7", "--before=b", "--view=v", "--dry-run", NULL };
	struct line *l = *state;
	const struct nx_args *a = &l->args;

	assert_int_equal(parse(l, NX_TWITTER_FLOW, words), NX_OK);
	assert_string_equal(a->action, "post");
	assert_string_equal(a->user_id, "test");
	assert_string_equal(a->return_to, "/x");
	assert_string_equal(a->code, "c");
	assert_string_equal(a->state, "s");
	assert_string_equal(a->flow, "f");
	assert_string_equal(a->content, "Hello X");
	assert_string_equal(a->on_long, "thread");
	assert_string_equal(a->link, "https://l");
	assert_int_equal(a->nmedia, 2);
	assert_string_equal(a->media[0], "a.png");
	assert_string_equal(a->media[1], "b.png");
	assert_string_equal(a->idempotency_key, "k");
	assert_string_equal(a->connection_id, "id");
	assert_string_equal(a->publish_at, "t");
	assert_string_equal(a->on_partial, "keep");
	assert_string_equal(a->post_id, "p");
	assert_string_equal(a->limit, "7");
	assert_string_equal(a->before, "b");
	assert_string_equal(a->view, "v");
	assert_true(a->numbering && a->dry_run);
	assert_false(a->rekey || a->help || a->version || a->check_config);
}

static void
reads_nothing_as_nothing(void **state)
{
	static const char *const none[] = { NULL };
	static const struct nx_args zero;
	struct line *l = *state;

	assert_int_equal(parse(l, NX_TWITTER_FLOW, none), NX_OK);
	assert_memory_equal(&l->args, &zero, sizeof(zero));
}

static void
takes_dashes_for_underscores(void **state)
{
	static const char *const spellings[][4] = {
		{ "--user_id=a_b-c", "--dry_run", NULL },
		{ "--user-id=a_b-c", "--dry-run", NULL },
		{ "--user_id", "a_b-c", "--dry-run", NULL },
		{ "--dry_run", "--user-id", "a_b-c", NULL },
	};
	struct line *l = *state;

	for (size_t i = 0; i < COUNT(spellings); i++) {
		assert_int_equal(parse(l, NX_TWITTER_FLOW, spellings[i]),
		    NX_OK);
		assert_string_equal(l->args.user_id, "a_b-c");
		assert_true(l->args.dry_run);
	}
}

/* A text, a state or a flow is never changed, whatever it looks like. */
static void
leaves_values_alone(void **state)
{
	static const char *const values[] = { "", " ", "-", "--", "-x",
	    "--a_b", "--dry_run", "--user_id=x_y", "a=b_c", "=", "_",
	    "--content", "\xc3\xa9_\xc3\xa9", "line\nline", "--_-_=_" };
	struct line *l = *state;

	for (size_t i = 0; i < COUNT(values); i++) {
		const char *const apart[] = { "--content", values[i], NULL };
		const char *const joined[] = { nx_arena_printf(l->arena,
		    "--content=%s", values[i]), NULL };
		const char *const after[] = { "--media", values[i],
		    "--user_id", values[i], NULL };

		assert_int_equal(parse(l, NX_TWITTER_FLOW, apart), NX_OK);
		assert_string_equal(l->args.content, values[i]);
		assert_false(l->args.dry_run);
		assert_int_equal(parse(l, NX_TWITTER_FLOW, joined), NX_OK);
		assert_string_equal(l->args.content, values[i]);
		assert_int_equal(parse(l, NX_TWITTER_FLOW, after), NX_OK);
		assert_string_equal(l->args.media[0], values[i]);
		assert_string_equal(l->args.user_id, values[i]);
	}
}

static void
refuses_and_names_what_is_wrong(void **state)
{
	static const struct {
		const char *words[4], *named;
	} cases[] = {
		{ { "--bogus", NULL }, "--bogus" },
		{ { "--bogus=SECRET", NULL }, "--bogus" },
		{ { "--action=post", "--bogus_1", NULL }, "--bogus-1" },
		{ { "stray", NULL }, "stray" },
		{ { "--action=post", "stray", NULL }, "stray" },
		{ { "stray", "--action=post", NULL }, "stray" },
		{ { "stray", "--bogus", NULL }, "--bogus" },
		{ { "--", "--action=post", NULL }, "--action" },
		{ { "-x", NULL }, "-x" }, { { "-abc", NULL }, "-abc" },
		{ { "-action=post", NULL }, "-action" },
		{ { "--action=post", "-h", NULL }, "-h" },
		{ { "--content", NULL }, "--content" },
		{ { "--dry-run", "--user_id", NULL }, "--user-id" },
		{ { "--dry-run=yes", NULL }, "--dry-run" },
		{ { "--action=post", "--action=post", NULL }, "--action" },
		{ { "--user_id=a", "--user-id", "b", NULL }, "--user-id" },
		{ { "--rekey", NULL }, "--rekey" },
		{ { "--within=5", NULL }, "--within" },
		{ { "--check-config", NULL }, "--check-config" },
		{ { "--con=x", NULL }, "--con" },	/* of two */
	};
	struct line *l = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(parse(l, NX_TWITTER_FLOW, cases[i].words),
		    NX_USAGE);
		assert_int_equal(l->err.rc, NX_USAGE);
		assert_memory_equal(l->err.detail, cases[i].named,
		    strlen(cases[i].named));
		assert_null(strstr(l->err.detail, "SECRET"));
	}
}

static void
takes_four_media(void **state)
{
	static const char *const five[] = { "--media=1", "--media=2",
	    "--media=3", "--media=4", "--media=5", NULL };
	struct line *l = *state;

	assert_int_equal(parse(l, NX_TWITTER_FLOW, five), NX_USAGE);
	assert_non_null(strstr(l->err.detail, "--media"));
	assert_int_equal(parse(l, NX_TWITTER_FLOW, five + 1), NX_OK);
	assert_int_equal(l->args.nmedia, 4);
	assert_string_equal(l->args.media[3], "5");
}

static void
lets_flags_stand_twice(void **state)
{
	static const char *const words[] = { "--dry-run", "--dry_run", NULL };
	struct line *l = *state;

	assert_int_equal(parse(l, NX_TWITTER_FLOW, words), NX_OK);
	assert_true(l->args.dry_run);
}

static void
gives_each_program_its_own(void **state)
{
	static const struct {
		enum nx_program program; const char *word; enum nx_rc rc;
	} cases[] = {
		{ NX_TOKEN_REFRESH, "--user_id=a", NX_OK },
		{ NX_TOKEN_REFRESH, "--within=60", NX_OK },
		{ NX_TOKEN_REFRESH, "--rekey", NX_OK },
		{ NX_TOKEN_REFRESH, "--dry-run", NX_OK },
		{ NX_TOKEN_REFRESH, "--help", NX_OK },
		{ NX_TOKEN_REFRESH, "--version", NX_OK },
		{ NX_TOKEN_REFRESH, "--action=post", NX_USAGE },
		{ NX_TOKEN_REFRESH, "--content=x", NX_USAGE },
		{ NX_TOKEN_REFRESH, "--post-id=x", NX_USAGE },
		{ NX_TOKEN_REFRESH, "--check-config", NX_USAGE },
		{ NX_FCGI, "--check-config", NX_OK },
		{ NX_FCGI, "--check_config", NX_OK },
		{ NX_FCGI, "--help", NX_OK }, { NX_FCGI, "--version", NX_OK },
		{ NX_FCGI, "--dry-run", NX_USAGE },
		{ NX_FCGI, "--user_id=a", NX_USAGE },
	};
	struct line *l = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const words[] = { cases[i].word, NULL };

		assert_int_equal(parse(l, cases[i].program, words),
		    cases[i].rc);
	}
}

/* Every option that a program takes is in its help, and no other. */
static void
explains_itself(void **state)
{
	static const struct {
		enum nx_program program; const char *has, *lacks;
	} cases[] = {
		{ NX_TWITTER_FLOW, "  --content=TEXT\n", "--rekey" },
		{ NX_TOKEN_REFRESH, "  --within=SECONDS\n", "--content" },
		{ NX_FCGI, "  --check-config\n", "--user-id" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&text, &n);

		assert_non_null(out);
		nx_args_help(cases[i].program, out);
		assert_int_equal(fclose(out), 0);
		assert_non_null(strstr(text, cases[i].has));
		assert_null(strstr(text, cases[i].lacks));
		assert_non_null(strstr(text, "TWITTER_CLIENT_ID"));
		assert_non_null(strstr(text, "NEXUS_KEYS"));
		free(text);
	}
}

static void
maps_errors_to_exit_statuses(void **state)
{
	static const struct { enum nx_rc rc; int status; } cases[] = {
		{ NX_OK, 0 }, { NX_INVALID, 1 }, { NX_DENIED, 1 },
		{ NX_DUPLICATE, 1 }, { NX_INTERNAL, 1 }, { NX_USAGE, 64 },
		{ NX_DB_DOWN, 75 }, { NX_BUSY, 75 }, { NX_X_RATE, 75 },
		{ NX_OUTCOME_UNKNOWN, 75 }, { NX_CONFIG, 78 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(nx_rc_exit(cases[i].rc), cases[i].status);
	for (int rc = 0; rc < NX_RC_COUNT; rc++) {
		int s = nx_rc_exit((enum nx_rc)rc);

		assert_true(s == 1 || s == 64 || s == 75 || s == 78 ||
		    (s == 0 && rc == NX_OK));
	}
}

#define ARGS_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ARGS_TEST(reads_every_option),
		ARGS_TEST(reads_nothing_as_nothing),
		ARGS_TEST(takes_dashes_for_underscores),
		ARGS_TEST(leaves_values_alone),
		ARGS_TEST(refuses_and_names_what_is_wrong),
		ARGS_TEST(takes_four_media),
		ARGS_TEST(lets_flags_stand_twice),
		ARGS_TEST(gives_each_program_its_own),
		cmocka_unit_test(explains_itself),
		cmocka_unit_test(maps_errors_to_exit_statuses),
	};

	return cmocka_run_group_tests_name("cli/args", tests, NULL, NULL);
}
