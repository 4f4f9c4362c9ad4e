#include "sb_settings.h"

#include <stdlib.h>
#include <string.h>

#include "sb_lock.h"
#include "sb_scope.h"

struct sb_settings_store {
	pthread_mutex_t		lock;		/* guards now */
	struct sb_settings	now;
	bool			confidential;	/* constant */
};

struct sb_settings_store *
sb_settings_new(bool confidential)
{
	struct sb_settings_store *s = sb_alloc(1, sizeof *s);

	sb_lock_init(&s->lock);
	s->confidential = confidential;
	sb_settings_reset(s);
	return s;
}

void
sb_settings_free(struct sb_settings_store *s)
{
	free(s);
}

void
sb_settings_get(struct sb_settings_store *s, struct sb_settings *out)
{
	sb_lock(&s->lock);
	*out = s->now;
	sb_unlock(&s->lock);
}

void
sb_settings_reset(struct sb_settings_store *s)
{
	sb_lock(&s->lock);
	s->now = (struct sb_settings){
		.access_token_ttl = 7200,
		.code_ttl = 30,
		.confidential = s->confidential,
	};
	sb_unlock(&s->lock);
}

static bool
set_number(struct json_object *value, int64_t max, int64_t *out)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	*out = json_object_get_int64(value);
	return *out >= 0 && *out <= max;
}

static bool
set_flag(struct json_object *value, bool *out)
{
	if (!json_object_is_type(value, json_type_boolean))
		return false;
	*out = json_object_get_boolean(value);
	return true;
}

static bool
set_one(struct sb_settings *s, const char *name, struct json_object *value)
{
	if (strcmp(name, "access_token_ttl") == 0)
		return set_number(value, 1 << 30, &s->access_token_ttl);
	if (strcmp(name, "code_ttl") == 0)
		return set_number(value, 1 << 30, &s->code_ttl);
	if (strcmp(name, "latency_ms") == 0)
		return set_number(value, 60000, &s->latency_ms);
	if (strcmp(name, "omit_refresh_token") == 0)
		return set_flag(value, &s->omit_refresh_token);
	if (strcmp(name, "enforce_limits") == 0)
		return set_flag(value, &s->enforce_limits);
	if (strcmp(name, "confidential") == 0)
		return set_flag(value, &s->confidential);
	if (strcmp(name, "granted_scopes") != 0)
		return false;
	s->granted_scopes = 0;
	return json_object_is_type(value, json_type_null) ||
	    (json_object_is_type(value, json_type_string) &&
	    sb_scope_read(json_object_get_string(value),
	    &s->granted_scopes));
}

const char *
sb_settings_change(struct sb_settings_store *s, struct json_object *change)
{
	struct sb_settings next;
	const char *bad = NULL;

	sb_lock(&s->lock);
	next = s->now;
	json_object_object_foreach(change, name, value) {
		if (bad == NULL && !set_one(&next, name, value))
			bad = name;
	}
	if (bad == NULL)
		s->now = next;
	sb_unlock(&s->lock);
	return bad;
}

struct json_object *
sb_settings_json(struct sb_settings_store *s)
{
	struct json_object *o = json_object_new_object(), *granted = NULL;
	struct sb_settings now;
	struct sb_buf names = { 0 };

	sb_settings_get(s, &now);
	if (now.granted_scopes != 0) {
		sb_scope_write(now.granted_scopes, &names);
		granted = json_object_new_string(names.data);
		sb_buf_free(&names);
	}
	json_object_object_add(o, "access_token_ttl",
	    json_object_new_int64(now.access_token_ttl));
	json_object_object_add(o, "code_ttl",
	    json_object_new_int64(now.code_ttl));
	json_object_object_add(o, "latency_ms",
	    json_object_new_int64(now.latency_ms));
	json_object_object_add(o, "granted_scopes", granted);
	json_object_object_add(o, "omit_refresh_token",
	    json_object_new_boolean(now.omit_refresh_token));
	json_object_object_add(o, "enforce_limits",
	    json_object_new_boolean(now.enforce_limits));
	json_object_object_add(o, "confidential",
	    json_object_new_boolean(now.confidential));
	return o;
}
