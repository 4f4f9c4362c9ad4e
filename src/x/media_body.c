/* media_body.c - a frame around bytes that are read as they are sent. */

#include "media_body.h"

#include <stdio.h>
#include <string.h>

#include "nx/base/base64.h"
#include "nx/base/must.h"
#include "nx/base/random.h"

static void
draw_boundary(char out[NX_BOUNDARY + 1])
{
	unsigned char bytes[NX_BOUNDARY / 2];

	nx_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* RFC 7578.  The member stands before the bytes, as in X's own samples. */
static void
frame_parts(struct nx_media_body *b, const char *field, const char *value)
{
	char boundary[NX_BOUNDARY + 1];

	draw_boundary(boundary);
	(void)snprintf(b->type, sizeof(b->type),
	    "multipart/form-data; boundary=%s", boundary);
	(void)snprintf(b->head, sizeof(b->head), "--%s\r\n"
	    "Content-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n--%s\r\n"
	    "Content-Disposition: form-data; name=\"media\";"
	    " filename=\"media\"\r\n"
	    "Content-Type: application/octet-stream\r\n\r\n", boundary, field,
	    value, boundary);
	(void)snprintf(b->tail, sizeof(b->tail), "\r\n--%s--\r\n", boundary);
}

static void
frame_json(struct nx_media_body *b, const char *field, const char *value,
    bool is_number)
{
	const char *quote = is_number ? "" : "\"";

	(void)snprintf(b->type, sizeof(b->type), "application/json");
	(void)snprintf(b->head, sizeof(b->head), "{\"%s\":%s%s%s,"
	    "\"media\":\"", field, quote, value, quote);
	(void)snprintf(b->tail, sizeof(b->tail), "\"}");
}

/* From `p`, of which `at` bytes were given before. */
static ssize_t
give(struct nx_media_body *b, const char *p, size_t size, size_t at,
    char *to, size_t n)
{
	if (n > size - at)
		n = size - at;
	memcpy(to, p + at, n);
	b->at += (int64_t)n;
	return (ssize_t)n;
}

/* A block of bytes, as long as there are any: base64 has no seams then. */
static bool
encode_block(struct nx_media_body *b)
{
	const int64_t left = b->bytes->n - b->taken;
	const size_t want = left < NX_RAW_BLOCK ? (size_t)left : NX_RAW_BLOCK;
	struct nx_buf out = NX_BUF(sizeof(b->text) + 1);
	char raw[NX_RAW_BLOCK];
	size_t n = 0;

	while (n < want) {
		const ssize_t got = b->bytes->read(b->bytes->ctx, raw + n,
		    want - n);

		if (got <= 0 || (size_t)got > want - n)
			return false;
		n += (size_t)got;
	}
	b->taken += (int64_t)n;
	nx_base64_add(&out, raw, n);
	if (nx_buf_ok(&out))
		memcpy(b->text, out.p, out.n);
	b->text_n = out.n;
	b->text_at = 0;
	n = nx_buf_ok(&out) ? out.n : 0;
	nx_buf_free(&out);
	return n > 0;
}

static ssize_t
give_bytes(struct nx_media_body *b, char *to, size_t n)
{
	ssize_t got;

	if (b->bytes->form == NX_X_JSON) {
		if (b->text_at == b->text_n && !encode_block(b))
			return -1;
		got = give(b, b->text, b->text_n, b->text_at, to, n);
		b->text_at += (size_t)got;
		return got;
	}
	if ((int64_t)n > b->bytes->n - b->taken)
		n = (size_t)(b->bytes->n - b->taken);
	got = b->bytes->read(b->bytes->ctx, to, n);
	if (got <= 0 || (size_t)got > n)
		return -1;
	b->taken += got;
	b->at += got;
	return got;
}

static ssize_t
read_framed(void *ctx, char *to, size_t n)
{
	struct nx_media_body *b = ctx;
	const int64_t tail_at = b->source.n - (int64_t)b->tail_n;

	if (b->at < (int64_t)b->head_n)
		return give(b, b->head, b->head_n, (size_t)b->at, to, n);
	if (b->at < tail_at)
		return give_bytes(b, to, n);
	return give(b, b->tail, b->tail_n, (size_t)(b->at - tail_at), to, n);
}

static bool
rewind_framed(void *ctx)
{
	struct nx_media_body *b = ctx;

	if (b->taken > 0 && !b->bytes->rewind(b->bytes->ctx))
		return false;
	b->at = b->taken = 0;
	b->text_n = b->text_at = 0;
	return true;
}

void
nx_media_body_begin(struct nx_media_body *b, const struct nx_x_bytes *bytes,
    const char *field, const char *value, bool is_number)
{
	const bool is_json = bytes->form == NX_X_JSON;
	const int64_t n = bytes->n;

	b->bytes = bytes;
	b->at = b->taken = 0;
	b->text_n = b->text_at = 0;
	if (is_json)
		frame_json(b, field, value, is_number);
	else
		frame_parts(b, field, value);
	b->head_n = strlen(b->head);
	b->tail_n = strlen(b->tail);
	b->source = (struct nx_http_source){
		.n = (int64_t)(b->head_n + b->tail_n) +
		    (is_json ? (n + 2) / 3 * 4 : n),
		.fd = -1, .read = read_framed, .ctx = b,
		.rewind = bytes->rewind == NULL ? NULL : rewind_framed,
	};
}
