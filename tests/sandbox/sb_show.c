#include "sb_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sb_crypto.h"

enum { SLUG_SIZE = 11, DISPLAY_MAX = 26 };

struct writing {
	const struct sb_text	*t;
	uint64_t		 id;
	bool			 rewrite;
	struct sb_buf		 out;
	size_t			 points;	/* code points in out */
};

/* Ten letters and digits that the same post and URL always give. */
static void
slug_of(uint64_t id, const char *url, char out[SLUG_SIZE])
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	struct sb_buf text = { 0 };
	uint64_t n;

	sb_buf_printf(&text, "%" PRIu64 "/%s", id, url);
	n = sb_number_of(text.data);
	for (int i = 0; i < SLUG_SIZE - 1; i++, n /= 62)
		out[i] = set[n % 62];
	out[SLUG_SIZE - 1] = '\0';
	sb_buf_free(&text);
}

static char *
slice(const struct sb_text *t, size_t from, size_t to)
{
	char *copy = sb_alloc(to - from + 1, 1);

	memcpy(copy, t->utf8 + from, to - from);
	return copy;
}

/* Moves the count of code points on to the end of what was written. */
static void
count(struct writing *w, size_t from)
{
	for (size_t i = from; i < w->out.len; i++)
		w->points += ((unsigned char)w->out.data[i] & 0xc0) != 0x80;
}

static void
write_plain(struct writing *w, size_t from, size_t to)
{
	size_t before = w->out.len;

	if (w->rewrite)
		sb_buf_entities(&w->out, w->t->utf8 + from, to - from);
	else
		sb_buf_add(&w->out, w->t->utf8 + from, to - from);
	count(w, before);
}

static bool
has_scheme(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 ||
	    strncasecmp(url, "https://", 8) == 0;
}

static void
write_url(struct writing *w, const struct sb_mark *m, struct sb_entity *out)
{
	char *url = slice(w->t, m->start, m->end), slug[SLUG_SIZE];
	struct sb_buf shown = { 0 }, whole = { 0 };
	size_t before = w->out.len;

	slug_of(w->id, url, slug);
	if (w->rewrite)
		sb_buf_printf(&shown, "https://t.co/%s", slug);
	else
		sb_buf_puts(&shown, url);
	sb_buf_printf(&whole, "%s%s", has_scheme(url) ? "" : "http://", url);
	sb_buf_puts(&w->out, shown.data);
	count(w, before);
	out->text = shown.data;
	out->expanded = whole.data;
	free(url);
}

static void
write_mark(struct writing *w, const struct sb_mark *m, struct sb_entity *out)
{
	/* The sign is one byte, or three where it is fullwidth. */
	size_t sign = (unsigned char)w->t->utf8[m->start] > 127 ? 3 : 1;

	*out = (struct sb_entity){ .kind = m->kind, .start = w->points };
	if (m->kind == SB_URL) {
		write_url(w, m, out);
	} else {
		out->text = slice(w->t, m->start + sign, m->end);
		write_plain(w, m->start, m->end);
	}
	out->end = w->points;
}

/* Shows the bytes from..to; a mark that does not fit ends it. */
static struct sb_shown *
show(struct writing *w, size_t from, size_t to)
{
	struct sb_shown *s = sb_alloc(1, sizeof *s);
	const struct sb_text *t = w->t;

	/* one more than marks: sb_shown_media() */
	s->entities = sb_alloc(t->mark_count + 1, sizeof *s->entities);
	sb_buf_puts(&w->out, "");
	for (size_t i = 0; i < t->mark_count && t->marks[i].start < to; i++) {
		const struct sb_mark *m = &t->marks[i];

		if (m->end > to) {
			to = m->start;
			break;
		}
		write_plain(w, from, m->start);
		write_mark(w, m, &s->entities[s->count++]);
		from = m->end;
	}
	write_plain(w, from, to);
	s->text = w->out.data;
	return s;
}

struct sb_shown *
sb_show(const struct sb_text *t, uint64_t id, bool rewrite)
{
	struct writing whole = { .t = t, .id = id, .rewrite = rewrite };
	struct writing brief = whole;
	size_t from = rewrite ? t->from : 0, to = rewrite ? t->to : t->len;
	struct sb_shown *s = show(&whole, from, to);

	if (rewrite && t->brief < to)
		s->brief = show(&brief, from, t->brief);
	return s;
}

/* Code points. */
static size_t
points_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void
sb_shown_media(struct sb_shown *s, const char *handle, uint64_t id)
{
	struct sb_entity *e = &s->entities[s->count++];
	struct sb_buf text = { 0 }, expanded = { 0 }, link = { 0 };
	char slug[SLUG_SIZE];

	slug_of(id, "media", slug);
	sb_buf_printf(&link, "https://t.co/%s", slug);
	sb_buf_printf(&text, "%s%s%s", s->text, s->text[0] == '\0' ? "" : " ",
	    link.data);
	sb_buf_printf(&expanded, "https://x.com/%s/status/%" PRIu64
	    "/photo/1", handle, id);
	*e = (struct sb_entity){ .kind = SB_URL, .text = link.data,
	    .expanded = expanded.data, .end = points_of(text.data) };
	e->start = e->end - points_of(link.data);
	free(s->text);
	s->text = text.data;
	if (s->brief != NULL)
		sb_shown_media(s->brief, handle, id);
}

void
sb_shown_free(struct sb_shown *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->entities[i].text);
		free(s->entities[i].expanded);
	}
	sb_shown_free(s->brief);
	free(s->entities);
	free(s->text);
	free(s);
}

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

/* Host and path without "www.", cut at 26 characters. */
static void
add_display(struct json_object *o, const char *expanded)
{
	const char *url = strstr(expanded, "//") + 2, *end;
	struct sb_buf text = { 0 };
	size_t n = 0;

	if (strncasecmp(url, "www.", 4) == 0)
		url += 4;
	for (end = url; *end != '\0'; end++)
		if (((unsigned char)*end & 0xc0) != 0x80 && ++n > DISPLAY_MAX)
			break;
	sb_buf_add(&text, url, (size_t)(end - url));
	if (*end != '\0')
		sb_buf_puts(&text, "\u2026");
	add_string(o, "display_url", text.data);
	sb_buf_free(&text);
}

static struct json_object *
entity_json(const struct sb_entity *e)
{
	static const char *const names[] = { [SB_URL] = "url",
	    [SB_MENTION] = "username", [SB_HASHTAG] = "tag",
	    [SB_CASHTAG] = "tag" };
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "start",
	    json_object_new_int64((int64_t)e->start));
	json_object_object_add(o, "end",
	    json_object_new_int64((int64_t)e->end));
	add_string(o, names[e->kind], e->text);
	if (e->expanded != NULL) {
		add_string(o, "expanded_url", e->expanded);
		add_display(o, e->expanded);
	}
	return o;
}

struct json_object *
sb_shown_entities(const struct sb_shown *s)
{
	static const char *const names[] = { [SB_URL] = "urls",
	    [SB_MENTION] = "mentions", [SB_HASHTAG] = "hashtags",
	    [SB_CASHTAG] = "cashtags" };
	struct json_object *o = NULL, *list;

	for (size_t i = 0; i < s->count; i++) {
		const char *name = names[s->entities[i].kind];

		if (o == NULL)
			o = json_object_new_object();
		if (!json_object_object_get_ex(o, name, &list)) {
			list = json_object_new_array();
			json_object_object_add(o, name, list);
		}
		json_object_array_add(list, entity_json(&s->entities[i]));
	}
	return o;
}
