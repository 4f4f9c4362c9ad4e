/* test_base_log.c - one event, one line, whatever is in it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nx/base/log.h"

struct pipe_log {
	struct nx_log	 log;
	int		 read_end;
	char		 text[8192];
};

static struct pipe_log
open_log(enum nx_log_level level)
{
	struct pipe_log p = { .log.level = level };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	p.read_end = ends[0];
	p.log.fd = ends[1];
	return p;
}

/* All that was logged, without the time, which has 20 characters. */
static const char *
logged(struct pipe_log *p)
{
	ssize_t n;

	(void)close(p->log.fd);
	n = read(p->read_end, p->text, sizeof(p->text) - 1);
	assert_true(n >= 0);
	(void)close(p->read_end);
	p->text[n] = '\0';
	if (n == 0)
		return p->text;
	assert_true(n > 21);
	assert_int_equal(p->text[19], 'Z');
	assert_int_equal(p->text[n - 1], '\n');
	assert_ptr_equal(strchr(p->text, '\n'), p->text + n - 1);
	return p->text + 21;
}

static void
writes_one_line(void **state)
{
	struct pipe_log p = open_log(NX_LOG_INFO);

	(void)state;
	nx_log(&p.log, NX_LOG_WARN, "req-1", "post_sent", NX_S("user", "u1"),
	    NX_I("ms", -12), NX_S("absent", NULL), NX_S("text", "a b"));
	assert_string_equal(logged(&p),
	    "warn req-1 post_sent user=u1 ms=-12 text=\"a b\"\n");
}

static void
cannot_be_forged(void **state)
{
	struct pipe_log p = open_log(NX_LOG_INFO);

	(void)state;
	nx_log(&p.log, NX_LOG_ERROR, NULL, "e",
	    NX_S("a", "x\n2026 info y z=1"), NX_S("b", "\"q\\"),
	    NX_S("c", "k=v"), NX_S("d", ""), NX_S("f", "\x1b[0m\x7f\r"));
	assert_string_equal(logged(&p), "error - e a=\"x\\x0a2026 info y z=1\""
	    " b=\"\\\"q\\\\\" c=\"k=v\" d=\"\" f=\"\\x1b[0m\\x7f\\x0d\"\n");
}

static void
cuts_values_and_lines(void **state)
{
	struct pipe_log p = open_log(NX_LOG_INFO);
	static char value[1001];
	const char *text;

	(void)state;
	memset(value, 'v', 1000);
	nx_log(&p.log, NX_LOG_INFO, "r", "e", NX_S("k", value), NX_I("n", 7));
	text = logged(&p);
	assert_int_equal(strspn(text + strlen("info r e k="), "v"), 200);
	assert_non_null(strstr(text, " n=7\n"));
}

/* Escapes make a value of 200 bytes into one of 800. */
static void
ends_a_line_that_is_too_long(void **state)
{
	struct pipe_log p = open_log(NX_LOG_INFO);
	static char value[201];

	(void)state;
	memset(value, '\x01', 200);
	nx_log(&p.log, NX_LOG_INFO, "r", "e", NX_S("a", value),
	    NX_S("b", value), NX_S("c", value), NX_S("d", value),
	    NX_S("e", value), NX_S("f", value));
	assert_in_range(strlen(logged(&p)), 3900, 4000);
}

static void
keeps_to_its_level_and_errno(void **state)
{
	struct pipe_log p = open_log(NX_LOG_WARN);
	struct nx_log nowhere = { .level = NX_LOG_DEBUG, .fd = -1 };

	(void)state;
	nx_log(&p.log, NX_LOG_INFO, "r", "e", NX_I("n", 1));
	assert_string_equal(logged(&p), "");
	errno = 77;
	nx_log(&nowhere, NX_LOG_DEBUG, "r", "e", NX_I("n", 1));
	assert_int_equal(errno, 77);
}

/* What a text and an event at each level become when fd 2 is `p`. */
static const char *
told(struct pipe_log *p, const char *stream)
{
	const int own = dup(STDERR_FILENO);
	struct nx_log log;
	ssize_t n;

	assert_int_equal(dup2(p->log.fd, STDERR_FILENO), STDERR_FILENO);
	log = nx_log_stderr(stream);
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	(void)close(own);
	assert_int_equal(log.fd, STDERR_FILENO);
	assert_int_equal(log.level, NX_LOG_INFO);
	log.fd = p->log.fd;
	nx_log_text(&log, NX_LOG_ERROR, "a\n\nb");
	nx_log_text(&log, NX_LOG_WARN, "c\n");
	nx_log_text(&log, NX_LOG_INFO, "");
	nx_log_text(&log, NX_LOG_DEBUG, "d");
	nx_log(&log, NX_LOG_ERROR, "r", "e", NX_I("n", 1));
	(void)close(p->log.fd);
	n = read(p->read_end, p->text, sizeof(p->text) - 1);
	assert_true(n > 0);
	(void)close(p->read_end);
	p->text[n] = '\0';
	return p->text;
}

static void
begins_with_priorities_in_the_journal_alone(void **state)
{
	struct pipe_log p = open_log(NX_LOG_DEBUG);
	char stream[64], other[64];
	struct stat st;
	const char *text;

	(void)state;
	assert_int_equal(fstat(p.log.fd, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju",
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	(void)snprintf(other, sizeof(other), "%ju:%ju",
	    (uintmax_t)st.st_dev + 1, (uintmax_t)st.st_ino);
	text = told(&p, stream);
	assert_ptr_equal(strstr(text, "<3>a\n<3>\n<3>b\n<4>c\n<7>d\n<3>2"),
	    text);
	for (int i = 0; i < 3; i++) {
		p = open_log(NX_LOG_DEBUG);
		text = told(&p, (const char *[]){ other, "", NULL }[i]);
		assert_ptr_equal(strstr(text, "a\n\nb\nc\nd\n2"), text);
	}
}

static void
knows_its_levels(void **state)
{
	enum nx_log_level level;

	(void)state;
	assert_true(nx_log_level_parse("error", &level) &&
	    level == NX_LOG_ERROR);
	assert_true(nx_log_level_parse("debug", &level) &&
	    level == NX_LOG_DEBUG);
	assert_false(nx_log_level_parse("DEBUG", &level));
	assert_false(nx_log_level_parse("", &level));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line),
		cmocka_unit_test(cannot_be_forged),
		cmocka_unit_test(cuts_values_and_lines),
		cmocka_unit_test(ends_a_line_that_is_too_long),
		cmocka_unit_test(keeps_to_its_level_and_errno),
		cmocka_unit_test(begins_with_priorities_in_the_journal_alone),
		cmocka_unit_test(knows_its_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
