#include "sb_settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sb_lock.h"
#include "sb_media.h"
#include "sb_scope.h"

enum { SECONDS_MAX = 1 << 30 };

static const struct {
	const char	*name;
	size_t		 at;
	int64_t		 min, max;
} numbers[] = {
#define ROW(name, min, max)	\
	{ #name, offsetof(struct sb_settings, name), min, max }
	ROW(access_token_ttl, 0, SECONDS_MAX),
	ROW(code_ttl, 0, SECONDS_MAX),
	ROW(latency_ms, 0, 60000),
	ROW(reply_lag_ms, 0, 600000),
	ROW(read_lag_ms, 0, 86400000),
	ROW(create_limit, 0, SECONDS_MAX),
	ROW(window_s, 1, SECONDS_MAX),
	ROW(media_body_max, 0, 1 << 30),
	ROW(media_processing_ms, 0, 3600000),
	ROW(media_lag_ms, 0, 3600000),
	ROW(media_ttl, -1, SECONDS_MAX),
	ROW(media_fate, 0, SB_FATE_SIZE - 1),
#undef ROW
};

static const struct {
	const char	*name;
	size_t		 at;
} flags[] = {
#define ROW(name)	{ #name, offsetof(struct sb_settings, name) }
	ROW(omit_refresh_token),
	ROW(enforce_limits),
	ROW(confidential),
	ROW(enterprise),
	ROW(tco),
	ROW(old_names),
	ROW(media_json_only),
#undef ROW
};

enum {
	NUMBERS = sizeof numbers / sizeof numbers[0],
	FLAGS = sizeof flags / sizeof flags[0]
};

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
		.create_limit = 100,
		.window_s = 900,
		.media_body_max = 8 * 1024 * 1024,
		.media_ttl = 86400,
		.tco = true,
		.confidential = s->confidential,
	};
	sb_unlock(&s->lock);
}

static int64_t *
number_of(struct sb_settings *s, int i)
{
	return (void *)((char *)s + numbers[i].at);
}

static bool *
flag_of(struct sb_settings *s, int i)
{
	return (void *)((char *)s + flags[i].at);
}

static bool
set_one(struct sb_settings *s, const char *name, struct json_object *value)
{
	int64_t n = json_object_get_int64(value);

	for (int i = 0; i < NUMBERS; i++)
		if (strcmp(name, numbers[i].name) == 0) {
			*number_of(s, i) = n;
			return json_object_is_type(value, json_type_int) &&
			    n >= numbers[i].min && n <= numbers[i].max;
		}
	for (int i = 0; i < FLAGS; i++)
		if (strcmp(name, flags[i].name) == 0) {
			*flag_of(s, i) = json_object_get_boolean(value);
			return json_object_is_type(value, json_type_boolean);
		}
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
	json_object_object_add(o, "granted_scopes", granted);
	for (int i = 0; i < NUMBERS; i++)
		json_object_object_add(o, numbers[i].name,
		    json_object_new_int64(*number_of(&now, i)));
	for (int i = 0; i < FLAGS; i++)
		json_object_object_add(o, flags[i].name,
		    json_object_new_boolean(*flag_of(&now, i)));
	return o;
}
