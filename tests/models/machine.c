/*
 * machine.c - the post's state machine, out of its tables, as others read it:
 * `doc` is docs/state-machine.md, `pml` what the model (posts.pml) includes.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "nx/store/post_machine.h"
#include "store/machine_rows.h"

static const struct rule {
	const char	*event, *goal, *where, *cond;
	const char	*part, *post, *to, *next, *key, *lease;
} rules[] = {
#define NX_ONE(event, goal, where, cond, part, post, to, next, key, lease) \
	{ #event, #goal, #where, #cond, #part, #post, #to, #next, #key, \
	    #lease },
	NX_POST_RULES(NX_ONE)
#undef NX_ONE
};

static const struct event { const char *name, *phase, *text; } events[] = {
#define NX_ONE(name, phase, text) { #name, #phase, text },
	NX_POST_EVENTS(NX_ONE)
#undef NX_ONE
};

struct name { const char *id, *name, *meaning; };
#define NX_ONE(name, text, meaning) { #name, text, meaning },
static const struct name states[] = { NX_POST_STATES(NX_ONE) };
static const struct name parts[] = { NX_PART_STATES(NX_ONE) };
static const struct name goals[] = { NX_GOALS(NX_ONE) };
#undef NX_ONE

static const struct claim { const char *who, *cond, *from, *to; } claims[] = {
#define NX_ONE(cond, from, to) { "due", #cond, #from, #to },
	NX_CLAIM_DUE(NX_ONE)
#undef NX_ONE
#define NX_ONE(cond, from, to) { "open", #cond, #from, #to },
	NX_CLAIM_OPEN(NX_ONE)
#undef NX_ONE
#define NX_ONE(cond, from, to) { "resume", #cond, #from, #to },
	NX_CLAIM_RESUME(NX_ONE)
#undef NX_ONE
#define NX_ONE(cond, from, to) { "send now", #cond, #from, #to },
	NX_CLAIM_SEND(NX_ONE)
#undef NX_ONE
#define NX_ONE(cond, from, to) { "remove", #cond, #from, #to },
	NX_CLAIM_REMOVE(NX_ONE)
#undef NX_ONE
};

static const struct view { const char *cond, *post; } views[] = {
#define NX_ONE(cond, post) { #cond, #post },
	NX_PARTS_SAY(NX_ONE)
#undef NX_ONE
};

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static bool
is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

static const struct name *
name_in(const struct name *list, int n, const char *id)
{
	for (int i = 0; i < n; i++) {
		if (is(list[i].id, id))
			return &list[i];
	}
	return NULL;
}

/* As SQL and JSON have it; what is none is a word of the table. */
static const char *
state_name(const char *id)
{
	const struct name *n = name_in(states, COUNT(states), id);

	return n == NULL ? "as it was" : n->name;
}

static const char *
part_name(const char *id)
{
	const struct name *n = name_in(parts, COUNT(parts), id);

	return n == NULL ? "as it was" : n->name;
}

static const char *
goal_name(const char *id)
{
	const struct name *n = name_in(goals, COUNT(goals), id);

	return n != NULL ? n->name : is(id, "ANY") ? "any" : "as it was";
}

static const struct event *
event_of(const struct rule *rule)
{
	int i = 0;

	while (!is(events[i].name, rule->event))
		i++;
	return &events[i];
}

/* An arrow's labels, each once. */
struct arrow { char text[400]; };
static struct arrow arrows[COUNT(states)][COUNT(states)];

static void
draw(const char *from, const char *to, const char *label)
{
	char *text, quoted[64];

	if (is(to, "SAME") || is(from, to))
		return;
	text = arrows[name_in(states, COUNT(states), from) - states]
	    [name_in(states, COUNT(states), to) - states].text;
	(void)snprintf(quoted, sizeof(quoted), "%s,", label);
	if (strstr(text, quoted) == NULL)
		(void)snprintf(text + strlen(text), sizeof(arrows[0][0]) -
		    strlen(text), "%s%s", *text == '\0' ? "" : " ", quoted);
}

static void
draw_rule(const struct rule *rule)
{
	const char *phase = event_of(rule)->phase;

	if (is(phase, "SENT") || is(phase, "EITHER"))
		draw("SENDING", rule->post, rule->event);
	if (is(phase, "FOUND") || is(phase, "EITHER"))
		draw("UNKNOWN", rule->post, rule->event);
	if (is(phase, "REMOVED")) {
		draw("PARTIAL", rule->post, rule->event);
		if (!is(rule->event, "EMPTY"))
			draw("SENT", rule->post, rule->event);
	}
}

static void
print_diagram(void)
{
	for (int i = 0; i < COUNT(rules); i++)
		draw_rule(&rules[i]);
	for (int i = 0; i < COUNT(claims); i++)
		draw(claims[i].from, claims[i].to, claims[i].who);
	printf("```mermaid\nstateDiagram-v2\n"
	    "    [*] --> sending: asked for\n"
	    "    sending --> queued: asked for later, and accepted\n");
	for (int from = 0; from < COUNT(states); from++) {
		for (int to = 0; to < COUNT(states); to++) {
			char *text = arrows[from][to].text;

			if (*text == '\0')
				continue;
			text[strlen(text) - 1] = '\0';
			printf("    %s --> %s: %s\n", states[from].name,
			    states[to].name, text);
		}
	}
	printf("    cancelled --> [*]\n    deleted --> [*]\n```\n\n");
}

static void
print_names(const char *what, const struct name *list, int n)
{
	printf("| %s | |\n|---|---|\n", what);
	for (int i = 0; i < n; i++)
		printf("| `%s` | %s |\n", list[i].name, list[i].meaning);
	printf("\n");
}

static void
print_rules(void)
{
	static const char *const when[][2] = {
		{ "FIRST", "first part" }, { "LATER", "later part" },
		{ "LAST", "nothing follows" }, { "MORE", "more follows" },
		{ "ATTENDED", "somebody waits" },
		{ "WITHDRAWS", "on_partial: delete" },
		{ "DECIDED", "X said no to it" },
		{ "ANY", "" }, { "ALWAYS", "" },
	};

	printf("| event | goal | part | if | part becomes | post becomes |"
	    " goal becomes | next try | key | lease | notice |\n"
	    "|---|---|---|---|---|---|---|---|---|---|---|\n");
	for (int i = 0; i < COUNT(rules); i++) {
		const struct rule *r = &rules[i];
		const char *where = "", *cond = "";

		for (int k = 0; k < COUNT(when); k++) {
			where = is(when[k][0], r->where) ? when[k][1] : where;
			cond = is(when[k][0], r->cond) ? when[k][1] : cond;
		}
		printf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |",
		    r->event, goal_name(r->goal), where, cond,
		    part_name(r->part), state_name(r->post),
		    goal_name(r->to), r->next, r->key, r->lease);
		if (!is(r->post, "SAME") &&
		    nx_post_rests(nx_post_state_of(state_name(r->post))))
			printf(" `post.%s`", state_name(r->post));
		printf(" |\n");
	}
	printf("\n");
}

static void
print_events(void)
{
	printf("| event | while it is | what has happened |\n|---|---|---|\n");
	for (int i = 0; i < COUNT(events); i++)
		printf("| %s | %s | %s |\n", events[i].name,
		    is(events[i].phase, "SENT") ? "sent" :
		    is(events[i].phase, "FOUND") ? "looked up" :
		    is(events[i].phase, "REMOVED") ? "deleted" :
		    "sent, looked up", events[i].text);
	printf("\n");
}

static void
print_claims(void)
{
	static const char *const when[][2] = {
		{ "SEND", "its goal is send" },
		{ "REMOVE", "its goal is another" },
		{ "NEW", "it was never accepted" },
		{ "LIVE", "a part is sent" }, { "IDLE", "no part is sent" },
		{ "DOUBT", "a part is sending or unknown" },
		{ "WHOLE", "all parts are sent" },
		{ "GONE", "a part was deleted" },
		{ "WITHDRAW", "its goal is withdraw" },
		{ "DELETE", "its goal is delete" }, { "ALWAYS", "" },
	};

	printf("| who | takes | if | it becomes |\n|---|---|---|---|\n");
	for (int i = 0; i < COUNT(claims); i++) {
		int k = 0;

		while (!is(when[k][0], claims[i].cond))
			k++;
		printf("| %s | %s | %s | %s |\n", claims[i].who,
		    state_name(claims[i].from), when[k][1],
		    state_name(claims[i].to));
	}
	printf("\nWhere that leaves nothing to send or to look for, its parts"
	    " say what it is; the first line\nthat is true counts.\n\n"
	    "| if | it is |\n|---|---|\n");
	for (int i = 0; i < COUNT(views); i++) {
		int k = 0;

		while (!is(when[k][0], views[i].cond))
			k++;
		printf("| %s | %s |\n", *when[k][1] == '\0' ? "else" :
		    when[k][1], state_name(views[i].post));
	}
}

static void
print_doc(void)
{
	printf("# The states of a post\n\n"
	    "Made from `src/store/machine_rows.h` by `./dev model doc`;"
	    " `make check` compares.\n"
	    "What is a soft failure, what a hard one, and how long one waits"
	    " stands at the head of\n`src/flow/publish/trouble.c`.\n\n");
	print_diagram();
	print_names("a post is", states, COUNT(states));
	print_names("a part is", parts, COUNT(parts));
	print_names("its goal is", goals, COUNT(goals));
	printf("## What becomes of a post when something has become of a"
	    " part\n\n"
	    "The first line that fits counts. Next try: NEVER by itself, NOW,"
	    " LOOK in seconds, WAIT as\nlong as the trouble lasts. Key: kept"
	    " with the post, or RELEASED, so that the same request\nbegins"
	    " anew. Lease: HELD where more follows. A notice is written when"
	    " the state is another,\nand nobody was waiting for it.\n\n");
	print_rules();
	print_events();
	printf("## What becomes of it when somebody takes its lease\n\n"
	    "`due` and `open` are the worker's: what has its time, and what"
	    " nobody knows the outcome of.\nThe others are its owner's.\n\n");
	print_claims();
}

/*
 * One row as a guarded command of Promela, whose `else` leads to the next.  It
 * reads ngoal and nst, the post's goal and state as the process knows them.
 */
static void
print_row(const struct rule *r)
{
	printf("	:: true");
	if (!is(r->goal, "ANY"))
		printf(" && ngoal == G_%s", r->goal);
	if (!is(r->where, "ANY"))
		printf(" && M_%s", r->where);
	if (!is(r->cond, "ALWAYS"))
		printf(" && M_%s", r->cond);
	printf(" ->\n		nps = %s; nst = ", is(r->part, "SAME") ? "NONE" :
	    r->part);
	printf(is(r->post, "SAME") ? "nst" : "%s", r->post);
	if (!is(r->to, "SAME"))
		printf("; ngoal = G_%s", r->to);
	printf("; ndue = %d; relk = %d; keeps = %d\n",
	    !is(r->next, "NEVER"), is(r->key, "RELEASED"),
	    is(r->lease, "HELD"));
}

/* The rows of an event, tried in order. */
static void
print_steps(const char *event)
{
	int n = 0;

	printf("inline t_%s() {\n", event);
	for (int i = 0; i < COUNT(rules); i++) {
		if (!is(rules[i].event, event))
			continue;
		printf("	if\n");
		print_row(&rules[i]);
		printf("	:: else ->\n");
		n++;
	}
	printf("	assert(false)");
	while (n-- > 0)
		printf(" fi");
	printf("\n}\n");
}

/* Claim `who`: IN_WHO(q), whether it takes post q; c_who(), what p becomes. */
static void
print_claim(const char *who, const char *name)
{
	int n = 0;

	printf("#define IN_%s(q) (false", name);
	for (int i = 0; i < COUNT(claims); i++) {
		if (is(claims[i].who, who))
			printf(" || (post[q].st == %s && C_%s(q))",
			    claims[i].from, claims[i].cond);
	}
	printf(")\ninline c_%s() {\n", name);
	for (int i = 0; i < COUNT(claims); i++) {
		if (!is(claims[i].who, who))
			continue;
		printf("	if :: post[p].st == %s && C_%s(p) -> post[p].st"
		    " = %s :: else ->\n", claims[i].from, claims[i].cond,
		    claims[i].to);
		n++;
	}
	printf("	skip");
	while (n-- > 0)
		printf(" fi");
	printf("\n}\n");
}

static void
print_claims_pml(void)
{
	static const char *const names[][2] = { { "due", "DUE" },
	    { "open", "OPEN" }, { "resume", "RESUME" },
	    { "remove", "REMOVE" } };

	for (int i = 0; i < COUNT(names); i++)
		print_claim(names[i][0], names[i][1]);
	printf("inline c_PARTS() {\n");
	for (int i = 0; i < COUNT(views); i++)
		printf("	if :: C_%s(p) -> post[p].st = %s :: else ->\n",
		    views[i].cond, views[i].post);
	printf("	skip");
	for (int i = 0; i < COUNT(views); i++)
		printf(" fi");
	printf("\n}\n");
}

static void
print_pml(void)
{
	printf("/* Made from src/store/machine_rows.h. */\n#define NONE 0\n");
	for (int i = 0; i < COUNT(states); i++)
		printf("#define %s %d\n", states[i].id, i + 1);
	for (int i = 0, n = COUNT(states); i < COUNT(parts); i++) {
		if (name_in(states, COUNT(states), parts[i].id) == NULL)
			printf("#define %s %d\n", parts[i].id, ++n);
	}
	for (int i = 0; i < COUNT(goals); i++)
		printf("#define G_%s %d\n", goals[i].id, i);
	for (int i = 0; i < COUNT(events); i++)
		print_steps(events[i].name);
	print_claims_pml();
}

int
main(int argc, char **argv)
{
	if (argc == 2 && is(argv[1], "doc"))
		print_doc();
	else if (argc == 2 && is(argv[1], "pml"))
		print_pml();
	else {
		fprintf(stderr, "usage: machine doc|pml\n");
		return 64;
	}
	return 0;
}
