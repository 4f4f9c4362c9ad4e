#include "sb_buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
sb_alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		abort();
	return p;
}

void *
sb_realloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (p == NULL)
		abort();
	return p;
}

char *
sb_strdup(const char *text)
{
	size_t len = strlen(text);
	char *copy = sb_alloc(len + 1, 1);

	memcpy(copy, text, len);
	return copy;
}

void
sb_copy(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(out, text, len);
	out[len] = '\0';
}

static void
reserve(struct sb_buf *b, size_t more)
{
	size_t need = b->len + more + 1;

	if (need <= b->cap)
		return;
	if (need < b->cap * 2)
		need = b->cap * 2;
	if (need < 256)
		need = 256;
	b->data = sb_realloc(b->data, need, 1);
	b->cap = need;
}

void
sb_buf_add(struct sb_buf *b, const char *text, size_t len)
{
	reserve(b, len);
	memcpy(b->data + b->len, text, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
sb_buf_puts(struct sb_buf *b, const char *text)
{
	sb_buf_add(b, text, strlen(text));
}

void
sb_buf_printf(struct sb_buf *b, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		abort();
	sb_buf_add(b, text, (size_t)len);
	free(text);
}

static void
add_escaped(struct sb_buf *b, char c, int quotes)
{
	if (c == '&')
		sb_buf_puts(b, "&amp;");
	else if (c == '<')
		sb_buf_puts(b, "&lt;");
	else if (c == '>')
		sb_buf_puts(b, "&gt;");
	else if (quotes && c == '"')
		sb_buf_puts(b, "&quot;");
	else if (quotes && c == '\'')
		sb_buf_puts(b, "&#39;");
	else
		sb_buf_add(b, &c, 1);
}

void
sb_buf_html(struct sb_buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		add_escaped(b, *text, 1);
}

void
sb_buf_entities(struct sb_buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		add_escaped(b, text[i], 0);
}

void
sb_buf_urlencode(struct sb_buf *b, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			sb_buf_add(b, text, 1);
		else
			sb_buf_printf(b, "%%%02X", (unsigned char)*text);
	}
}

void
sb_buf_reset(struct sb_buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
sb_buf_free(struct sb_buf *b)
{
	free(b->data);
	*b = (struct sb_buf){ 0 };
}
