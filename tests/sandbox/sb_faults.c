#include "sb_faults.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sb_crypto.h"
#include "sb_lock.h"
#include "sb_refusals.h"

enum { RULES_MAX = 64, SHORT_MS = 1500, SHORT_RESET = 2, USUAL_RESET = 900 };

/* What "any" goes through, one at each hit. */
static const struct sb_fault all_kinds[] = {
	{ .kind = SB_FAULT_DROP },
	{ .kind = SB_FAULT_DROP, .work = true },
	{ .kind = SB_FAULT_STATUS, .status = 503 },
	{ .kind = SB_FAULT_STATUS, .status = 503, .work = true },
	{ .kind = SB_FAULT_STATUS, .status = 429 },
	{ .kind = SB_FAULT_GARBAGE, .work = true },
	{ .kind = SB_FAULT_STATUS, .status = 500 },
	{ .kind = SB_FAULT_STATUS, .status = 500, .work = true },
	{ .kind = SB_FAULT_SLOW, .work = true },
	{ .kind = SB_FAULT_STATUS, .status = 504, .work = true },
	{ .kind = SB_FAULT_HANG },
	{ .kind = SB_FAULT_HANG, .work = true },
};

enum { KINDS = sizeof all_kinds / sizeof all_kinds[0] };

struct rule {
	char		path[128];	/* prefix */
	char		method[8];	/* "" for any */
	char		name[24];
	bool		any;		/* another of all_kinds at each hit */
	int64_t		skip;		/* requests to leave alone first */
	int64_t		left;		/* hits to go, -1 without end */
	int64_t		hits;
	double		rate;		/* probability, 0 to 1 */
	struct sb_fault	fault;
};

struct sb_faults {
	pthread_mutex_t	lock;		/* guards rules */
	struct rule	rules[RULES_MAX];
	atomic_int	count;		/* changed under lock only */
	atomic_int	era;		/* how often they were cleared */
};

struct sb_faults *
sb_faults_new(void)
{
	struct sb_faults *f = sb_alloc(1, sizeof *f);

	sb_lock_init(&f->lock);
	return f;
}

void
sb_faults_free(struct sb_faults *f)
{
	free(f);
}

/* A `body` of the rule's own wins. */
static bool
read_refusal(const char *name, struct sb_fault *out)
{
	const struct sb_refusal *r = sb_refusal_find(name);

	if (r == NULL)
		return false;
	out->kind = SB_FAULT_STATUS;
	out->status = r->status;
	if (out->body[0] == '\0')
		sb_copy(out->body, sizeof out->body, r->body);
	return true;
}

static bool
read_kind(const char *name, struct sb_fault *out)
{
	static const struct {
		const char *name;
		enum sb_fault_kind kind;
		bool work;
	} kinds[] = {
		{ "hang", SB_FAULT_HANG, false },
		{ "slow", SB_FAULT_SLOW, true },
		{ "late", SB_FAULT_LATE, true },
		{ "garbage", SB_FAULT_GARBAGE, false },
		{ "drop", SB_FAULT_DROP, false },
		{ "drop_after", SB_FAULT_DROP, true },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, name) == 0) {
			out->kind = kinds[i].kind;
			out->work = kinds[i].work;
			return true;
		}
	if ((name[0] != '4' && name[0] != '5') || strlen(name) != 3 ||
	    strspn(name, "0123456789") != 3)
		return read_refusal(name, out);
	out->kind = SB_FAULT_STATUS;
	out->status = (int)strtol(name, NULL, 10);
	return true;
}

static bool
read_text(struct json_object *value, char *out, size_t size)
{
	if (!json_object_is_type(value, json_type_string) ||
	    (size_t)json_object_get_string_len(value) >= size)
		return false;
	sb_copy(out, size, json_object_get_string(value));
	return true;
}

static bool
read_number(struct json_object *value, int64_t min, int64_t *out)
{
	*out = json_object_get_int64(value);
	return json_object_is_type(value, json_type_int) && *out >= min;
}

static bool
read_rate(struct json_object *value, double *out)
{
	*out = json_object_get_double(value);
	return (json_object_is_type(value, json_type_double) ||
	    json_object_is_type(value, json_type_int)) &&
	    *out >= 0 && *out <= 1;
}

static const char *
read_member(const char *name, struct json_object *value, struct rule *out)
{
	struct sb_fault *fault = &out->fault;

	if (strcmp(name, "path") == 0)
		return read_text(value, out->path, sizeof out->path) &&
		    out->path[0] == '/' ? NULL : "path is not a path";
	if (strcmp(name, "method") == 0)
		return read_text(value, out->method, sizeof out->method) ?
		    NULL : "method is not a method";
	if (strcmp(name, "fault") == 0 || strcmp(name, "work") == 0)
		return NULL;	/* read apart, their order matters */
	if (strcmp(name, "body") == 0)
		return read_text(value, fault->body, sizeof fault->body) ?
		    NULL : "body is not a text under 512 bytes";
	if (strcmp(name, "held") == 0) {
		fault->held = json_object_get_boolean(value);
		return json_object_is_type(value, json_type_boolean) ?
		    NULL : "held is not a boolean";
	}
	if (strcmp(name, "ms") == 0)
		return read_number(value, 0, &fault->ms) ?
		    NULL : "ms is not a number from 0";
	if (strcmp(name, "retry_after") == 0)
		return read_number(value, INT64_MIN, &fault->retry_after) ?
		    NULL : "retry_after is not a number";
	if (strcmp(name, "reset_in") == 0)
		return read_number(value, INT64_MIN, &fault->reset_in) ?
		    NULL : "reset_in is not a number";
	if (strcmp(name, "count") == 0)
		return read_number(value, 1, &out->left) ?
		    NULL : "count is not a number from 1";
	if (strcmp(name, "skip") == 0)
		return read_number(value, 0, &out->skip) ?
		    NULL : "skip is not a number from 0";
	if (strcmp(name, "rate") == 0)
		return read_rate(value, &out->rate) ?
		    NULL : "rate is not between 0 and 1";
	return "unknown member";
}

static const char *
read_rule(struct json_object *o, struct rule *out)
{
	struct json_object *kind, *work;
	const char *bad;

	*out = (struct rule){
		.left = -1, .rate = 1,
		.fault = { .ms = -1, .reset_in = INT64_MAX },
	};
	json_object_object_foreach(o, name, value) {
		bad = read_member(name, value, out);
		if (bad != NULL)
			return bad;
	}
	if (out->path[0] == '\0')
		return "path is missing";
	kind = json_object_object_get(o, "fault");
	if (!read_text(kind, out->name, sizeof out->name))
		return "fault is missing";
	out->any = strcmp(out->name, "any") == 0;
	if (!out->any && !read_kind(out->name, &out->fault))
		return "fault is unknown";
	if (json_object_object_get_ex(o, "work", &work)) {
		if (out->any || !json_object_is_type(work, json_type_boolean))
			return "work is not a boolean, or not for any";
		out->fault.work = json_object_get_boolean(work);
	}
	if (out->fault.reset_in == INT64_MAX)
		out->fault.reset_in = out->any ? SHORT_RESET : USUAL_RESET;
	if (out->fault.ms < 0 && out->any)
		out->fault.ms = SHORT_MS;
	return NULL;
}

const char *
sb_faults_add(struct sb_faults *f, struct json_object *rule)
{
	struct rule read;
	const char *bad = read_rule(rule, &read);
	int n;

	if (bad != NULL)
		return bad;
	sb_lock(&f->lock);
	n = atomic_load(&f->count);
	if (n < RULES_MAX) {
		f->rules[n] = read;
		atomic_store(&f->count, n + 1);
	} else {
		bad = "too many faults; clear them first";
	}
	sb_unlock(&f->lock);
	return bad;
}

void
sb_faults_clear(struct sb_faults *f)
{
	sb_lock(&f->lock);
	atomic_store(&f->count, 0);
	atomic_fetch_add(&f->era, 1);
	sb_unlock(&f->lock);
}

bool
sb_faults_holds(struct sb_faults *f, const struct sb_fault *fault)
{
	return fault->held && fault->era == atomic_load(&f->era);
}

static bool
by_chance(double rate)
{
	uint32_t dice;

	if (rate >= 1)
		return true;
	sb_random(&dice, sizeof dice);
	return dice < rate * UINT32_MAX;
}

/* Lock held. */
static bool
applies(struct rule *r, const char *method, const char *path)
{
	if (r->left == 0 || strncmp(path, r->path, strlen(r->path)) != 0 ||
	    (r->method[0] != '\0' && strcmp(method, r->method) != 0))
		return false;
	if (r->skip > 0) {
		r->skip--;
		return false;
	}
	if (!by_chance(r->rate))
		return false;
	if (r->left > 0)
		r->left--;
	r->hits++;
	return true;
}

/* Lock held, the hit counted. */
static void
suffer(const struct rule *r, struct sb_fault *out)
{
	const struct sb_fault *kind = &all_kinds[(r->hits - 1) % KINDS];

	*out = r->fault;
	if (r->any) {
		out->kind = kind->kind;
		out->status = kind->status;
		out->work = kind->work;
	}
}

void
sb_faults_take(struct sb_faults *f, const char *method, const char *path,
    struct sb_fault *out)
{
	*out = (struct sb_fault){ .kind = SB_NO_FAULT, .work = true };
	if (atomic_load(&f->count) == 0)
		return;
	sb_lock(&f->lock);
	for (int i = 0; i < atomic_load(&f->count); i++)
		if (applies(&f->rules[i], method, path)) {
			suffer(&f->rules[i], out);
			out->era = atomic_load(&f->era);
			break;
		}
	sb_unlock(&f->lock);
}

static struct json_object *
rule_json(const struct rule *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "path", json_object_new_string(r->path));
	if (r->method[0] != '\0')
		json_object_object_add(o, "method",
		    json_object_new_string(r->method));
	json_object_object_add(o, "fault", json_object_new_string(r->name));
	if (!r->any)
		json_object_object_add(o, "work",
		    json_object_new_boolean(r->fault.work));
	if (r->fault.ms >= 0)
		json_object_object_add(o, "ms",
		    json_object_new_int64(r->fault.ms));
	if (r->fault.held)
		json_object_object_add(o, "held",
		    json_object_new_boolean(true));
	json_object_object_add(o, "rate", json_object_new_double(r->rate));
	json_object_object_add(o, "skip", json_object_new_int64(r->skip));
	json_object_object_add(o, "left",
	    r->left < 0 ? NULL : json_object_new_int64(r->left));
	json_object_object_add(o, "hits", json_object_new_int64(r->hits));
	return o;
}

struct json_object *
sb_faults_json(struct sb_faults *f)
{
	struct json_object *list = json_object_new_array();

	sb_lock(&f->lock);
	for (int i = 0; i < atomic_load(&f->count); i++)
		json_object_array_add(list, rule_json(&f->rules[i]));
	sb_unlock(&f->lock);
	return list;
}
