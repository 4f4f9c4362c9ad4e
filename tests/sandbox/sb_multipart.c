#include "sb_multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70 };		/* RFC 2046, section 5.1.1 */

struct cursor {
	const char	*at;
	size_t		 left;
};

static bool
eat(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if (c->left < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	c->left -= len;
	return true;
}

/* "--" and the boundary, as the content type names it. */
static bool
read_boundary(const struct sb_request *req, char out[BOUNDARY_MAX + 3])
{
	const char *type = sb_request_param(req, "CONTENT_TYPE");
	const char *at = type == NULL ? NULL : strstr(type, "boundary=");
	size_t len;

	if (at == NULL || !sb_request_is(req, "multipart/form-data"))
		return false;
	at += strlen("boundary=");
	at += *at == '"';
	len = strcspn(at, "\"; \t");
	snprintf(out, BOUNDARY_MAX + 3, "--%.*s", (int)len, at);
	return len >= 1 && len <= BOUNDARY_MAX;
}

/* One line of a part's head, without its end. */
static bool
read_line(struct cursor *c, char *out, size_t size)
{
	const char *end = memmem(c->at, c->left, "\r\n", 2);
	size_t len = end == NULL ? size : (size_t)(end - c->at);

	if (len >= size)
		return false;
	memcpy(out, c->at, len);
	out[len] = '\0';
	c->at += len + 2;
	c->left -= len + 2;
	return true;
}

static bool
read_name(const char *line, char out[SB_PART_NAME_SIZE])
{
	static const char begins[] = "Content-Disposition: form-data; name=\"";
	size_t len;

	if (strncasecmp(line, begins, sizeof begins - 1) != 0)
		return false;
	line += sizeof begins - 1;
	len = strcspn(line, "\"");
	if (len == 0 || len >= SB_PART_NAME_SIZE || line[len] != '"')
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	return true;
}

static bool
read_head(struct cursor *c, char name[SB_PART_NAME_SIZE])
{
	char line[300];

	name[0] = '\0';
	while (read_line(c, line, sizeof line)) {
		if (line[0] == '\0')
			return name[0] != '\0';
		if (strncasecmp(line, "Content-Disposition:", 20) == 0 &&
		    (name[0] != '\0' || !read_name(line, name)))
			return false;
	}
	return false;
}

/* Behind a boundary; the data ends before the next one. */
static const char *
read_part(struct cursor *c, const char *boundary, struct sb_parts *out)
{
	struct sb_part *part = &out->parts[out->count];
	char between[BOUNDARY_MAX + 5];
	const char *end;

	if (out->count == SB_PARTS_MAX)
		return "there are too many parts";
	if (!read_head(c, part->name))
		return "a part has no sound head";
	if (sb_multipart_get(out, part->name) != NULL)
		return "a part is there twice";
	snprintf(between, sizeof between, "\r\n%s", boundary);
	end = memmem(c->at, c->left, between, strlen(between));
	if (end == NULL)
		return "a part does not end";
	part->data = c->at;
	part->len = (size_t)(end - c->at);
	out->count++;
	c->left -= part->len + strlen(between);
	c->at = end + strlen(between);
	return NULL;
}

const char *
sb_multipart_read(const struct sb_request *req, struct sb_parts *out)
{
	struct cursor c = { req->body.data, req->body.len };
	char boundary[BOUNDARY_MAX + 3];
	const char *wrong;

	*out = (struct sb_parts){ .count = 0 };
	if (!read_boundary(req, boundary))
		return "the content type names no boundary";
	if (!eat(&c, boundary))
		return "it does not begin with the boundary";
	while (!eat(&c, "--")) {
		if (!eat(&c, "\r\n"))
			return "a boundary is not the end of its line";
		wrong = read_part(&c, boundary, out);
		if (wrong != NULL)
			return wrong;
	}
	if (!eat(&c, "\r\n") && c.left > 0)
		return "something follows the last boundary";
	return c.left == 0 ? NULL : "something follows the last boundary";
}

const struct sb_part *
sb_multipart_get(const struct sb_parts *parts, const char *name)
{
	for (size_t i = 0; i < parts->count; i++)
		if (strcmp(parts->parts[i].name, name) == 0)
			return &parts->parts[i];
	return NULL;
}
