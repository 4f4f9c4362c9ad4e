#include "sb_journal.h"

#include <stdlib.h>
#include <string.h>

#include "sb_lock.h"

enum { KEPT = 2048, SHOWN = 200 };

struct line {
	char	method[8];
	char	path[128];
	char	keys[256];		/* names in the query, by commas */
	char	user_agent[128];
	char	authorization[16];	/* the scheme alone */
	char	content_type[96];
	char	accept[64];
	char	protocol[16];
};

struct sb_journal {
	pthread_mutex_t	lock;		/* guards the rest */
	size_t		next;
	size_t		count;
	struct line	ring[KEPT];
};

struct sb_journal *
sb_journal_new(void)
{
	struct sb_journal *j = sb_alloc(1, sizeof *j);

	sb_lock_init(&j->lock);
	return j;
}

void
sb_journal_free(struct sb_journal *j)
{
	free(j);
}

/* Cut and foreign bytes must not make the answer invalid UTF-8. */
static void
copy_plain(char *out, size_t size, const char *text)
{
	sb_copy(out, size, text);
	for (; *out != '\0'; out++)
		if (*out < ' ' || *out > '~')
			*out = '?';
}

static void
copy_param(const struct sb_request *req, const char *name, char *out,
    size_t size)
{
	const char *value = sb_request_param(req, name);

	copy_plain(out, size, value == NULL ? "" : value);
}

static void
copy_keys(const char *query, char *out, size_t size)
{
	struct sb_form form;
	struct sb_buf keys = { 0 };

	sb_form_read(query, strlen(query), &form);
	for (size_t i = 0; i < form.count; i++)
		sb_buf_printf(&keys, "%s%s", i == 0 ? "" : ",",
		    form.pairs[i].name);
	copy_plain(out, size, keys.data == NULL ? "" : keys.data);
	sb_buf_free(&keys);
	sb_form_free(&form);
}

void
sb_journal_add(struct sb_journal *j, const struct sb_request *req)
{
	struct line line;
	size_t scheme;

	copy_plain(line.method, sizeof line.method, req->method);
	copy_plain(line.path, sizeof line.path, req->path);
	copy_keys(req->query, line.keys, sizeof line.keys);
	copy_param(req, "HTTP_USER_AGENT", line.user_agent,
	    sizeof line.user_agent);
	copy_param(req, "HTTP_AUTHORIZATION", line.authorization,
	    sizeof line.authorization);
	scheme = strcspn(line.authorization, " ");
	/* Without a space the whole value may be a secret. */
	line.authorization[line.authorization[scheme] == ' ' ? scheme : 0] =
	    '\0';
	copy_param(req, "CONTENT_TYPE", line.content_type,
	    sizeof line.content_type);
	copy_param(req, "HTTP_ACCEPT", line.accept, sizeof line.accept);
	copy_param(req, "SERVER_PROTOCOL", line.protocol,
	    sizeof line.protocol);
	sb_lock(&j->lock);
	j->ring[j->next] = line;
	j->next = (j->next + 1) % KEPT;
	if (j->count < KEPT)
		j->count++;
	sb_unlock(&j->lock);
}

void
sb_journal_reset(struct sb_journal *j)
{
	sb_lock(&j->lock);
	j->count = 0;
	sb_unlock(&j->lock);
}

static struct json_object *
line_json(const struct line *l)
{
	struct json_object *o = json_object_new_object();
	const struct { const char *name, *value; } members[] = {
		{ "method", l->method },
		{ "path", l->path },
		{ "query_keys", l->keys },
		{ "user_agent", l->user_agent },
		{ "authorization", l->authorization },
		{ "content_type", l->content_type },
		{ "accept", l->accept },
		{ "protocol", l->protocol },
	};

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		json_object_object_add(o, members[i].name,
		    json_object_new_string(members[i].value));
	return o;
}

struct json_object *
sb_journal_json(struct sb_journal *j, const char *prefix)
{
	struct json_object *list = json_object_new_array();
	size_t matching = 0, skip, at;

	sb_lock(&j->lock);
	for (size_t i = 0; i < j->count; i++) {
		at = (j->next + KEPT - j->count + i) % KEPT;
		matching += strncmp(j->ring[at].path, prefix,
		    strlen(prefix)) == 0;
	}
	skip = matching > SHOWN ? matching - SHOWN : 0;
	for (size_t i = 0; i < j->count; i++) {
		at = (j->next + KEPT - j->count + i) % KEPT;
		if (strncmp(j->ring[at].path, prefix, strlen(prefix)) != 0)
			continue;
		if (skip > 0)
			skip--;
		else
			json_object_array_add(list, line_json(&j->ring[at]));
	}
	sb_unlock(&j->lock);
	return list;
}
