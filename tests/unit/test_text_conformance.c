/*
 * test_text_conformance.c - twitter-text's own conformance files.
 *
 * They are read from the directory NX_CONFORMANCE (default
 * ../shared/conformance beside the source tree) and skipped where absent.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include <cmocka.h>

#include "nx/base/arena.h"
#include "nx/base/utf8.h"
#include "text/find.h"
#include "nx/text/weigh.h"

#ifndef NX_SRCDIR
#define NX_SRCDIR "."
#endif

enum { ARENA_MAX = 1 << 22 };

static yaml_node_t *
member(yaml_document_t *doc, yaml_node_t *map, const char *name)
{
	yaml_node_pair_t *p = map->data.mapping.pairs.start;

	assert_int_equal(map->type, YAML_MAPPING_NODE);
	for (; p < map->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(doc, p->key);

		if (strcmp((char *)key->data.scalar.value, name) == 0)
			return yaml_document_get_node(doc, p->value);
	}
	return NULL;
}

static yaml_node_t *
item(yaml_document_t *doc, yaml_node_t *list, size_t i)
{
	yaml_node_item_t *at = list->data.sequence.items.start + i;

	return at < list->data.sequence.items.top ?
	    yaml_document_get_node(doc, *at) : NULL;
}

static struct nx_slice
scalar(yaml_node_t *node)
{
	assert_int_equal(node->type, YAML_SCALAR_NODE);
	return (struct nx_slice){ (char *)node->data.scalar.value,
	    node->data.scalar.length };
}

static struct nx_slice
string(yaml_document_t *doc, yaml_node_t *map, const char *name)
{
	yaml_node_t *node = member(doc, map, name);

	return node == NULL ? (struct nx_slice){ NULL, 0 } : scalar(node);
}

static long
number(yaml_document_t *doc, yaml_node_t *map, const char *name)
{
	return strtol(string(doc, map, name).p, NULL, 10);
}

/* False: the file is not there. */
static bool
load(const char *name, yaml_document_t *doc)
{
	const char *dir = getenv("NX_CONFORMANCE");
	yaml_parser_t parser;
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir :
	    NX_SRCDIR "/../shared/conformance", name);
	if ((f = fopen(path, "rb")) == NULL)
		return false;
	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_file(&parser, f);
	if (!yaml_parser_load(&parser, doc))
		fail_msg("%s: line %zu: %s", path, parser.problem_mark.line,
		    parser.problem);
	yaml_parser_delete(&parser);
	fclose(f);
	return true;
}

static bool
has_text(yaml_document_t *doc, yaml_node_t *section, struct nx_slice text)
{
	yaml_node_t *t;
	size_t i;

	for (i = 0; (t = item(doc, section, i)) != NULL; i++)
		if (nx_slice_eq(string(doc, t, "text"), text))
			return true;
	return false;
}

/*
 * `later` (may be NULL) overrules: WeightedTweetsCounterTest is version 2's,
 * which does not know emoji sequences, and repeats most of version 3's texts.
 */
static int
weigh_section(yaml_document_t *doc, yaml_node_t *tests, const char *name,
    const char *later)
{
	yaml_node_t *section = member(doc, tests, name), *t;
	yaml_node_t *other = later == NULL ? NULL : member(doc, tests, later);
	int n = 0;

	assert_non_null(section);
	for (; (t = item(doc, section, (size_t)n)) != NULL; n++) {
		yaml_node_t *want = member(doc, t, "expected");
		struct nx_weight w;

		if (other != NULL && has_text(doc, other,
		    string(doc, t, "text")))
			continue;
		assert_int_equal(nx_weigh(string(doc, t, "text"),
		    NX_LIMIT_POST, &w), NX_OK);
		if (w.weighted_length != number(doc, want, "weightedLength") ||
		    w.valid != nx_slice_is(string(doc, want, "valid"),
		    "true") ||
		    w.permillage != number(doc, want, "permillage") ||
		    w.valid_start != number(doc, want, "validRangeStart") ||
		    w.valid_end != number(doc, want, "validRangeEnd") ||
		    w.display_start !=
		    number(doc, want, "displayRangeStart") ||
		    w.display_end != number(doc, want, "displayRangeEnd"))
			fail_msg("%s: %s: %d %d %d [%d %d]", name,
			    string(doc, t, "description").p,
			    w.weighted_length, w.valid, w.permillage,
			    w.valid_end, w.display_end);
	}
	return n;
}

static void
weighs(void **state)
{
	yaml_document_t doc;
	yaml_node_t *tests;
	int n = 0;

	(void)state;
	if (!load("twitter-text-validate.yml", &doc))
		skip();
	tests = member(&doc, yaml_document_get_root_node(&doc), "tests");
	n += weigh_section(&doc, tests, "WeightedTweetsCounterTest",
	    "WeightedTweetsWithDiscountedEmojiCounterTest");
	n += weigh_section(&doc, tests,
	    "WeightedTweetsWithDiscountedEmojiCounterTest", NULL);
	n += weigh_section(&doc, tests, "UnicodeDirectionalMarkerCounterTest",
	    NULL);
	assert_true(n > 40);
	yaml_document_delete(&doc);
}

/* Code points up to byte `n`: what the files count in. */
/* One expected entity: a scalar, or a mapping with its text and indices. */
static bool
is_expected(yaml_document_t *doc, yaml_node_t *want, struct nx_slice text,
    const struct nx_entity *e, size_t sign)
{
	static const char *const names[] = { "url", "screen_name", "hashtag",
	    "cashtag" };
	struct nx_slice got = { text.p + e->start + sign,
	    e->end - e->start - sign }, name;
	yaml_node_t *at;
	size_t i;

	if (want->type == YAML_SCALAR_NODE)
		return nx_slice_eq(scalar(want), got);
	for (i = 0; i < 4; i++) {
		name = string(doc, want, names[i]);
		if (name.p != NULL && (name.n > got.n ||
		    memcmp(name.p, got.p, name.n) != 0))
			return false;
	}
	at = member(doc, want, "indices");
	return nx_utf8_count(nx_slice_head(text, e->start)) ==
	    strtoul(scalar(item(doc, at, 0)).p, NULL, 10) &&
	    nx_utf8_count(nx_slice_head(text, e->end)) ==
	    strtoul(scalar(item(doc, at, 1)).p, NULL, 10);
}

static int
find_section(yaml_document_t *doc, yaml_node_t *tests, const char *name,
    enum nx_entity_kind kind)
{
	yaml_node_t *section = member(doc, tests, name), *t, *want;
	struct nx_arena *arena = nx_arena_new(ARENA_MAX);
	struct nx_entity *found;
	size_t count, k, m;
	int n = 0;

	assert_non_null(section);
	for (; (t = item(doc, section, (size_t)n)) != NULL; n++) {
		yaml_node_t *list = member(doc, t, "expected");
		struct nx_slice text = string(doc, t, "text");
		const char *about = string(doc, t, "description").p;

		assert_int_equal(nx_find(text, kind, arena, &found, &count),
		    NX_OK);
		for (k = m = 0; k < count; k++) {
			size_t sign = kind == NX_ENTITY_URL ? 0 :
			    (unsigned char)text.p[found[k].start] < 0x80 ?
			    1 : 3;

			/* "mentions" leaves lists out */
			if (strncmp(name, "mentions_or", 11) != 0 &&
			    kind == NX_ENTITY_MENTION &&
			    memchr(text.p + found[k].start, '/',
			    found[k].end - found[k].start) != NULL)
				continue;
			want = item(doc, list, m++);
			if (want == NULL || !is_expected(doc, want, text,
			    &found[k], sign))
				fail_msg("%s: %s: got %.*s", name, about,
				    (int)(found[k].end - found[k].start),
				    text.p + found[k].start);
		}
		if (item(doc, list, m) != NULL)
			fail_msg("%s: %s: too few", name, about);
	}
	nx_arena_free(arena);
	return n;
}

static void
finds(void **state)
{
	static const struct {
		const char		*name;
		enum nx_entity_kind	 kind;
	} sections[] = {
		{ "urls", NX_ENTITY_URL },
		{ "urls_with_indices", NX_ENTITY_URL },
		{ "urls_with_directional_markers", NX_ENTITY_URL },
		{ "tco_urls_with_params", NX_ENTITY_URL },
		{ "mentions", NX_ENTITY_MENTION },
		{ "mentions_with_indices", NX_ENTITY_MENTION },
		{ "mentions_or_lists_with_indices", NX_ENTITY_MENTION },
		{ "hashtags", NX_ENTITY_HASHTAG },
		{ "hashtags_from_astral", NX_ENTITY_HASHTAG },
		{ "hashtags_with_indices", NX_ENTITY_HASHTAG },
		{ "cashtags", NX_ENTITY_CASHTAG },
		{ "cashtags_with_indices", NX_ENTITY_CASHTAG },
	};
	yaml_document_t doc;
	yaml_node_t *tests;
	size_t i;

	(void)state;
	if (!load("twitter-text-extract.yml", &doc))
		skip();
	tests = member(&doc, yaml_document_get_root_node(&doc), "tests");
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		assert_true(find_section(&doc, tests, sections[i].name,
		    sections[i].kind) > 0);
	yaml_document_delete(&doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weighs),
		cmocka_unit_test(finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
