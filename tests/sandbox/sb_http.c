#include "sb_http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *
sb_request_param(const struct sb_request *req, const char *name)
{
	const char *value = FCGX_GetParam(name, req->env);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

int
sb_request_count(const struct sb_request *req, const char *name)
{
	size_t len = strlen(name);
	int n = 0;

	for (char **e = req->env; e != NULL && *e != NULL; e++)
		n += strncmp(*e, name, len) == 0 && (*e)[len] == '=';
	return n;
}

bool
sb_request_is(const struct sb_request *req, const char *type)
{
	const char *value = sb_request_param(req, "CONTENT_TYPE");
	size_t len = strlen(type);

	if (value == NULL || strncasecmp(value, type, len) != 0)
		return false;
	value += len;
	value += strspn(value, " \t");
	return *value == '\0' || *value == ';';
}

bool
sb_request_cookie(const struct sb_request *req, const char *name, char *out,
    size_t size)
{
	size_t len = strlen(name);

	for (char **e = req->env; e != NULL && *e != NULL; e++) {
		const char *at = *e, *end;

		if (strncmp(at, "HTTP_COOKIE=", 12) != 0)
			continue;
		for (at += 12; *at != '\0'; at = end + strspn(end, "; ")) {
			end = at + strcspn(at, ";");
			if (strncmp(at, name, len) != 0 || at[len] != '=')
				continue;
			at += len + 1;
			if ((size_t)(end - at) >= size)
				return false;
			memcpy(out, at, (size_t)(end - at));
			out[end - at] = '\0';
			return true;
		}
	}
	return false;
}

/* Everything is read, also what is too much: libfcgi needs STDIN's end. */
static int
read_body(FCGX_Request *r, struct sb_request *req)
{
	const char *length = sb_request_param(req, "CONTENT_LENGTH");
	long long expect = length == NULL ? 0 : strtoll(length, NULL, 10);
	const long long max = strncmp(req->path, "/2/media/", 9) == 0 ?
	    SB_UPLOAD_MAX : SB_BODY_MAX;
	long long got = 0;
	char chunk[8192];
	int n;

	while ((n = FCGX_GetStr(chunk, sizeof chunk, r->in)) > 0) {
		got += n;
		if (got <= max)
			sb_buf_add(&req->body, chunk, (size_t)n);
		else if (got > 4 * SB_UPLOAD_MAX)
			return 413;
	}
	sb_buf_puts(&req->body, "");
	if (got > max)
		return 413;
	return FCGX_GetError(r->in) != 0 || got != expect ? 400 : 0;
}

int
sb_request_read(FCGX_Request *r, struct sb_request *out)
{
	const char *mark;

	*out = (struct sb_request){ .env = r->envp, .fd = r->ipcFd };
	if (FCGX_GetError(r->in) != 0)
		return 400;
	out->method = sb_request_param(out, "REQUEST_METHOD");
	out->uri = sb_request_param(out, "REQUEST_URI");
	if (out->uri == NULL)
		out->uri = sb_request_param(out, "DOCUMENT_URI");
	if (out->method == NULL || out->uri == NULL)
		return 400;
	mark = strchr(out->uri, '?');
	if (mark != NULL) {
		out->path = sb_alloc((size_t)(mark - out->uri) + 1, 1);
		memcpy(out->path, out->uri, (size_t)(mark - out->uri));
		out->query = mark + 1;
	} else {
		out->path = sb_strdup(out->uri);
		out->query = sb_request_param(out, "QUERY_STRING");
		if (out->query == NULL)
			out->query = "";
	}
	return read_body(r, out);
}

void
sb_request_free(struct sb_request *req)
{
	free(req->path);
	sb_buf_free(&req->body);
}

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place; false at a broken escape or a NUL. */
static bool
decode(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		int high, low;

		if (*text != '%') {
			*to++ = *text == '+' ? ' ' : *text;
			continue;
		}
		high = hex_of(text[1]);
		low = high < 0 ? -1 : hex_of(text[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to++ = (char)(high << 4 | low);
		text += 2;
	}
	*to = '\0';
	return true;
}

bool
sb_form_read(const char *text, size_t len, struct sb_form *out)
{
	size_t room = 1;
	bool ok = memchr(text, '\0', len) == NULL;
	char *at;

	*out = (struct sb_form){ 0 };
	for (size_t i = 0; i < len; i++)
		room += text[i] == '&';
	out->memory = sb_alloc(len + 1, 1);
	out->pairs = sb_alloc(room, sizeof *out->pairs);
	memcpy(out->memory, text, len);
	for (at = out->memory; at != NULL && ok;) {
		char *next = strchr(at, '&'), *value;

		if (next != NULL)
			*next++ = '\0';
		value = strchr(at, '=');
		if (value != NULL)
			*value++ = '\0';
		else
			value = at + strlen(at);
		if (*at != '\0' || *value != '\0') {
			ok = decode(at) && decode(value);
			out->pairs[out->count].name = at;
			out->pairs[out->count++].value = value;
		}
		at = next;
	}
	return ok;
}

void
sb_form_free(struct sb_form *form)
{
	free(form->pairs);
	free(form->memory);
	*form = (struct sb_form){ 0 };
}

const char *
sb_form_get(const struct sb_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->pairs[i].name, name) == 0)
			return form->pairs[i].value;
	return NULL;
}

const char *
sb_form_repeated(const struct sb_form *form)
{
	for (size_t i = 0; i < form->count; i++)
		for (size_t k = i + 1; k < form->count; k++)
			if (strcmp(form->pairs[i].name,
			    form->pairs[k].name) == 0)
				return form->pairs[i].name;
	return NULL;
}

void
sb_reply_header(struct sb_reply *reply, const char *format, ...)
{
	char line[4096];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof line ||
	    strpbrk(line, "\r\n") != NULL)
		abort();	/* every value was bounded and encoded before */
	sb_buf_printf(&reply->head, "%s\r\n", line);
}

void
sb_reply_text(struct sb_reply *reply, int status, const char *type,
    const char *body)
{
	reply->status = status;
	sb_reply_header(reply, "Content-Type: %s", type);
	sb_buf_puts(&reply->body, body);
}

void
sb_reply_json(struct sb_reply *reply, int status, struct json_object *body)
{
	const char *text = json_object_to_json_string_ext(body,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	sb_reply_text(reply, status, "application/json; charset=utf-8", text);
	json_object_put(body);
}

static const char *
reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 201: return "Created";
	case 204: return "No Content";
	case 206: return "Partial Content";
	case 302: return "Found";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 402: return "Payment Required";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 416: return "Range Not Satisfiable";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	default: return "Other";
	}
}

void
sb_reply_send(struct sb_reply *reply, FCGX_Request *r)
{
	struct sb_buf whole = { 0 };

	sb_buf_printf(&whole, "Status: %d %s\r\n", reply->status,
	    reason(reply->status));
	sb_buf_add(&whole, reply->head.data == NULL ? "" : reply->head.data,
	    reply->head.len);
	sb_buf_puts(&whole, "\r\n");
	if (reply->body.len > 0)
		sb_buf_add(&whole, reply->body.data, reply->body.len);
	FCGX_PutStr(whole.data, (int)whole.len, r->out);
	sb_buf_free(&whole);
}

void
sb_reply_reset(struct sb_reply *reply)
{
	sb_buf_reset(&reply->head);
	sb_buf_reset(&reply->body);
	reply->status = 0;
	reply->drop = false;
}

void
sb_reply_free(struct sb_reply *reply)
{
	sb_buf_free(&reply->head);
	sb_buf_free(&reply->body);
}
