/*
 * test_cli_run.c - the command lines as a whole, where they need neither a
 * database nor X: what they print, and the status they end with.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nx/base/json.h"
#include "nx/cli/command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEY "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define UUID "6f1c1d2e-0000-4000-8000-00000000abcd"
enum { TEXT_MAX = 16 * 1024, ARGS_MAX = 10 };

struct outcome {
	int	status;
	char	out[TEXT_MAX], err[TEXT_MAX];
};

static void
swap(int fd, int with, int *kept)
{
	*kept = dup(fd);
	assert_true(*kept >= 0 && dup2(with, fd) == fd);
}

static void
give_back(int fd, int kept)
{
	assert_int_equal(dup2(kept, fd), fd);
	(void)close(kept);
}

static void
read_all(FILE *file, char out[TEXT_MAX])
{
	size_t n;

	rewind(file);
	n = fread(out, 1, TEXT_MAX - 1, file);
	out[n] = '\0';
	(void)fclose(file);
}

/* In this process, with `input` on stdin; a line that ends with NULL. */
static struct outcome
run(int (*program)(int, char **), const char *input, const char *const *line)
{
	static struct outcome o;
	FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
	char *argv[ARGS_MAX + 1] = { NULL };
	int argc = 0, kept[3];

	for (; line[argc] != NULL; argc++)
		argv[argc] = strdup(line[argc]);
	assert_true(in != NULL && out != NULL && err != NULL);
	assert_true(fputs(input, in) >= 0);
	rewind(in);
	(void)fflush(stdout);
	swap(0, fileno(in), &kept[0]);
	swap(1, fileno(out), &kept[1]);
	swap(2, fileno(err), &kept[2]);
	clearerr(stdin);
	o.status = program(argc, argv);
	(void)fflush(stdout);
	give_back(0, kept[0]);
	give_back(1, kept[1]);
	give_back(2, kept[2]);
	read_all(out, o.out);
	read_all(err, o.err);
	(void)fclose(in);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return o;
}

#define FLOW(...) run(nx_twitter_flow, "", \
	(const char *const[]){ "twitter_flow", __VA_ARGS__, NULL })
#define REFRESH(...) run(nx_token_refresh, "", \
	(const char *const[]){ "token_refresh", __VA_ARGS__, NULL })

static struct json_object *
object(const char *text)
{
	struct json_object *obj;
	const char *end = strchr(text, '\n');

	assert_non_null(end);
	assert_string_equal(end, "\n");		/* one line */
	assert_int_equal(nx_json_parse((struct nx_slice){ text,
	    (size_t)(end - text) }, &obj, NULL), NX_OK);
	return obj;
}

/* Refused: nothing on stdout, a problem on stderr, the right status. */
static void
refuses(struct outcome o, int status, const char *code, const char *word)
{
	struct json_object *obj = object(o.err);

	assert_int_equal(o.status, status);
	assert_string_equal(o.out, "");
	assert_string_equal(nx_json_str(obj, "code"), code);
	assert_non_null(nx_json_str(obj, "remedy"));
	assert_non_null(strstr(nx_json_str(obj, "detail"), word));
	json_object_put(obj);
}

static int
nothing_set(void **state)
{
	(void)state;
	return clearenv();
}

static int
usual_set(void **state)
{
	(void)state;
	return clearenv() | setenv("TWITTER_CLIENT_ID", "client-1", 1) |
	    setenv("TWITTER_REDIRECT_URI", "https://n.example/cb", 1) |
	    setenv("NEXUS_KEYS", KEY, 1);
}

static void
initiates_with_nothing_set(void **state)
{
	struct outcome o = FLOW("--action=initiate", "--dry-run");
	struct json_object *obj = object(o.out);

	(void)state;
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err, "");
	assert_non_null(strstr(nx_json_str(obj, "authorize_url"),
	    "https://x.com/i/oauth2/authorize?response_type=code&"
	    "client_id=CLIENT_ID&redirect_uri=REDIRECT_URI&"));
	assert_int_equal(strlen(nx_json_str(obj, "state")), 43);
	assert_memory_equal(nx_json_str(obj, "flow"), "nx1.", 4);
	assert_int_equal(json_object_array_length(nx_json_array(obj,
	    "warnings")), 3);
	json_object_put(obj);
}

static void
posts_with_nothing_set(void **state)
{
	struct outcome o = FLOW("--action=post", "--user_id=test",
	    "--content=Hello X", "--dry-run");
	struct json_object *obj = object(o.out), *part;

	(void)state;
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err, "");
	assert_string_equal(nx_json_str(obj, "state"), "dry_run");
	assert_null(nx_json_str(obj, "id"));
	part = json_object_array_get_idx(nx_json_array(obj, "parts"), 0);
	assert_string_equal(nx_json_str(part, "text"), "Hello X");
	assert_string_equal(nx_json_str(obj, "cost_usd"), "0.0150");
	json_object_put(obj);
}

static void
runs_the_other_actions_dry(void **state)
{
	struct outcome o;

	(void)state;
	o = FLOW("--action=status", "--user_id=test", "--dry-run");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "{\"connections\":[],\"pending\":0}\n");
	o = FLOW("--action=disconnect", "--user-id=test", "--dry_run");
	assert_int_equal(o.status, 0);
	o = FLOW("--action=posts", "--user_id=test", "--limit=100",
	    "--dry-run");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "{\"posts\":[],\"next\":null}\n");
	o = FLOW("--action=resume", "--user_id=test", "--post_id=" UUID,
	    "--dry-run");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "{\"state\":\"dry_run\"}\n");
	o = FLOW("--action=delete", "--user_id=test", "--post_id=" UUID,
	    "--dry-run");
	assert_int_equal(o.status, 0);
	o = REFRESH("--dry-run");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "{\"dry_run\":true,\"due\":0,"
	    "\"refreshed\":0,\"waiting\":0,\"ending\":0,"
	    "\"needs_reauth\":0,\"failed\":0,\"unreadable\":0,"
	    "\"stopped\":false,\"outage\":false}\n");
	o = REFRESH("--rekey", "--dry-run");
	assert_int_equal(o.status, 0);
}

static void
refuses_wrong_lines(void **state)
{
	static const struct { const char *words[5], *word; } cases[] = {
		{ { NULL }, "--action" },
		{ { "--action=fly", NULL }, "fly" },
		{ { "--action=", NULL }, "--action" },
		{ { "--action=initiate", NULL }, "--user_id" },
		{ { "--action=initiate", "--user_id=test", NULL }, "UUID" },
		{ { "--action=post", "--dry-run", NULL }, "--user_id" },
		{ { "--action=post", "--user_id=t", "--dry-run", NULL },
		  "--content" },
		{ { "--action=post", "--user_id=t", "--content=x", NULL },
		  "UUID" },
		{ { "--action=post", "--user_id=" UUID, "--content=x",
		    "--connection_id=7", NULL }, "--connection_id" },
		{ { "--action=disconnect", "--user_id=" UUID,
		    "--connection_id=7", NULL }, "--connection_id" },
		{ { "--action=post", "--user_id=t", "--content=x",
		    "--on_long=wrap", NULL }, "UUID" },
		{ { "--action=status", NULL }, "--user_id" },
		{ { "--action=posts", NULL }, "--user_id" },
		{ { "--action=posts", "--user_id=" UUID, "--limit=0", NULL },
		  "--limit" },
		{ { "--action=posts", "--user_id=" UUID, "--limit=101",
		    NULL }, "--limit" },
		{ { "--action=posts", "--user_id=" UUID, "--limit=ten",
		    NULL }, "--limit" },
		{ { "--action=posts", "--user_id=" UUID, "--before=7",
		    NULL }, "--before" },
		{ { "--action=resume", "--user_id=" UUID, NULL },
		  "--post_id" },
		{ { "--action=delete", "--user_id=" UUID, "--post_id=7",
		    NULL }, "--post_id" },
		{ { "--action=delete", "--post_id=" UUID, NULL },
		  "--user_id" },
		{ { "--action=callback", "--dry-run", NULL }, "--code" },
		{ { "--action=callback", "--code=c", NULL }, "--state" },
		{ { "--action=callback", "--code=c", "--state=s", NULL },
		  "--flow" },
		{ { "--bogus", NULL }, "--bogus" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		refuses(FLOW(cases[i].words[0], cases[i].words[1],
		    cases[i].words[2], cases[i].words[3], cases[i].words[4]),
		    64, "usage", cases[i].word);
	refuses(FLOW("--action=post", "--user_id=t", "--content=x",
	    "--on_long=wrap", "--dry-run"), 64, "usage", "--on_long");
	refuses(FLOW("--action=post", "--user_id=t", "--content=x",
	    "--on_partial=hide", "--dry-run"), 64, "usage", "--on_partial");
	refuses(FLOW("--action=post", "--user_id=t", "--content=x",
	    "--publish_at=tomorrow", "--dry-run"), 64, "usage",
	    "--publish_at must be a time");
	refuses(FLOW("--action=post", "--user_id=t", "--content=x",
	    "--publish_at=9999-01-01T00:00:00Z", "--dry-run"), 64, "usage",
	    "--publish_at is more than a year ahead");
	refuses(REFRESH("--within=-1"), 64, "usage", "--within");
	refuses(REFRESH("--within=7201"), 64, "usage", "--within");
	refuses(REFRESH("--within=1m"), 64, "usage", "--within");
	refuses(REFRESH("--user_id=test"), 64, "usage", "--user_id");
}

static void
names_every_missing_variable(void **state)
{
	static const char *const names[] = { "TWITTER_CLIENT_ID",
	    "TWITTER_REDIRECT_URI", "DATABASE_URL", "NEXUS_KEYS" };
	struct outcome o = FLOW("--action=post", "--user_id=" UUID,
	    "--content=x");

	(void)state;
	assert_int_equal(o.status, 78);
	assert_string_equal(o.out, "");
	for (size_t i = 0; i < COUNT(names); i++)
		assert_non_null(strstr(o.err, names[i]));
	o = REFRESH("--within=60");
	assert_int_equal(o.status, 78);
}

static void
refuses_texts_as_the_web_does(void **state)
{
	(void)state;
	refuses(FLOW("--action=post", "--user_id=t", "--content=",
	    "--dry-run"), 1, "text_empty", "");
	refuses(FLOW("--action=post", "--user_id=t", "--content=\xff",
	    "--dry-run"), 1, "invalid", "");
	refuses(FLOW("--action=post", "--user_id=t", "--content=x",
	    "--media=a.png", "--dry-run"), 1, "not_offered", "--media");
	refuses(FLOW("--action=post", "--user_id=t", "--content=x",
	    "--publish_at=2020-01-01T00:00:00Z", "--dry-run"), 1, "invalid",
	    "publish_at is in the past");
}

/* The limit is not the same for everyone, so the detail alone names it. */
static void
refuses_long_texts(void **state)
{
	static char content[251 * 300] = "--content=";
	const size_t n = strlen(content);
	struct outcome o;

	(void)state;
	for (size_t i = n; i < sizeof(content) - 1; i++)
		content[i] = i % 20 == 0 ? ' ' : (char)('a' + i % 19);
	o = FLOW("--action=post", "--user_id=t", content,
	    "--on_long=thread", "--dry-run");
	refuses(o, 1, "text_too_long", "of more than 250 posts");
	assert_null(strstr(o.err, " 280"));
	content[n + 300] = '\0';
	o = FLOW("--action=post", "--user_id=t", content,
	    "--on_long=reject", "--dry-run");
	refuses(o, 1, "text_too_long", "300 of 280");
	assert_null(strstr(strstr(o.err, "\"remedy\""), " 280"));
}

static void
numbers_a_thread(void **state)
{
	char content[1200] = "--content=";
	struct outcome o;
	struct json_object *obj, *part;
	size_t n = strlen(content);

	(void)state;
	for (int i = 0; i < 100; i++, n = strlen(content))
		(void)snprintf(content + n, sizeof(content) - n, "word %d ",
		    i);
	o = FLOW("--action=post", "--user_id=test", content,
	    "--on_long=thread", "--numbering", "--on_partial=delete",
	    "--dry-run");
	assert_int_equal(o.status, 0);
	obj = object(o.out);
	part = json_object_array_get_idx(nx_json_array(obj, "parts"), 1);
	assert_non_null(strstr(nx_json_str(part, "text"), " (2/"));
	json_object_put(obj);
}

static void
helps(void **state)
{
	struct outcome o = FLOW("--help");

	(void)state;
	assert_int_equal(o.status, 0);
	assert_memory_equal(o.out, "Usage: twitter_flow", 19);
	o = REFRESH("--version");
	assert_int_equal(o.status, 0);
	assert_memory_equal(o.out, "token_refresh ", 14);
}

/* What initiate prints is what callback takes. */
static void
comes_back_dry(void **state)
{
	struct outcome o = FLOW("--action=initiate", "--user_id=" UUID,
	    "--return_to=/here", "--dry-run");
	struct json_object *obj = object(o.out), *back;
	char code[] = "--code=c", s[100], f[2000];

	(void)state;
	assert_int_equal(json_object_array_length(nx_json_array(obj,
	    "warnings")), 0);
	(void)snprintf(s, sizeof(s), "--state=%s", nx_json_str(obj, "state"));
	(void)snprintf(f, sizeof(f), "--flow=%s", nx_json_str(obj, "flow"));
	o = FLOW("--action=callback", code, s, f, "--dry-run");
	assert_int_equal(o.status, 0);
	back = object(o.out);
	assert_string_equal(nx_json_str(back, "state"), "dry_run");
	assert_string_equal(nx_json_str(back, "return_to"), "/here");
	json_object_put(back);
	json_object_put(obj);
	s[9] = s[9] == 'A' ? 'B' : 'A';
	refuses(FLOW("--action=callback", code, s, f, "--dry-run"), 1,
	    "state_broken", "");
	refuses(FLOW("--action=callback", code, s, "--flow=x", "--dry-run"),
	    1, "state_broken", "");
	refuses(FLOW("--action=initiate", "--user_id=" UUID,
	    "--return_to=//evil", "--dry-run"), 1, "return_to", "");
}

static void
measures_line_by_line(void **state)
{
	static const char *const line[] = { "twitter_flow",
	    "--action=measure", NULL };
	struct outcome o = run(nx_twitter_flow, "{\"text\":\"a\"}\n\n"
	    "{\"text\":\"bc\"}", line);

	(void)state;
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "{\"weighted_length\":1,\"valid\":true,"
	    "\"permillage\":3,\"valid_range\":[0,0],\"display_range\":[0,0]}"
	    "\n{\"weighted_length\":2,\"valid\":true,\"permillage\":7,"
	    "\"valid_range\":[0,1],\"display_range\":[0,1]}\n");
	o = run(nx_twitter_flow, "", line);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "");
	o = run(nx_twitter_flow, "{\"txt\":\"a\"}\n", line);
	refuses(o, 1, "unknown_member", "txt");
}

#define BARE(name) \
	cmocka_unit_test_setup_teardown(name, nothing_set, NULL)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BARE(initiates_with_nothing_set),
		BARE(posts_with_nothing_set),
		BARE(runs_the_other_actions_dry),
		BARE(refuses_wrong_lines),
		BARE(names_every_missing_variable),
		BARE(refuses_texts_as_the_web_does),
		BARE(refuses_long_texts),
		BARE(numbers_a_thread),
		BARE(helps),
		cmocka_unit_test_setup_teardown(comes_back_dry, usual_set,
		    NULL),
		BARE(measures_line_by_line),
	};

	return cmocka_run_group_tests_name("cli/run", tests, NULL, NULL);
}
