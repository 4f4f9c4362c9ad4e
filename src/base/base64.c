/* base64.c - RFC 4648. */

#include "nx/base/base64.h"

#include <openssl/crypto.h>

enum { STEP = 256 };	/* a multiple of 4 */

static const char std_abc[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_abc[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode_groups(struct nx_buf *out, const unsigned char *p, size_t n,
    const char *abc, bool pad)
{
	char text[STEP];	/* to add four characters at a time is slow */
	size_t used = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i < 3 ? n - i : 3;
		unsigned int v = (unsigned int)p[i] << 16;
		char *q = text + used;

		v |= left > 1 ? (unsigned int)p[i + 1] << 8 : 0;
		v |= left > 2 ? p[i + 2] : 0;
		for (int k = 0; k < 4; k++)
			q[k] = abc[v >> (18 - 6 * k) & 63];
		if (left < 3)
			q[3] = '=';
		if (left < 2)
			q[2] = '=';
		used += pad ? 4 : left + 1;
		if (used > STEP - 4) {
			nx_buf_add(out, text, used);
			used = 0;
		}
	}
	nx_buf_add(out, text, used);
	if (out->secret)
		OPENSSL_cleanse(text, sizeof(text));
}

void
nx_base64url_add(struct nx_buf *out, const void *p, size_t n)
{
	encode_groups(out, p, n, url_abc, false);
}

void
nx_base64_add(struct nx_buf *out, const void *p, size_t n)
{
	encode_groups(out, p, n, std_abc, true);
}

/* What a character stands for in either alphabet; -1: in neither. */
static const signed char values[128] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

/* Cut the padding; false when it does not belong there. */
static bool
strip_padding(struct nx_slice *in)
{
	size_t whole = in->n, pad = 0;

	while (pad < 2 && in->n > 0 && in->p[in->n - 1] == '=')
		in->n--, pad++;
	return in->n % 4 != 1 && (pad == 0 || whole % 4 == 0);
}

enum nx_rc
nx_base64_decode(struct nx_slice in, struct nx_buf *out)
{
	const size_t before = out->n;
	char bytes[STEP];
	size_t used = 0;
	unsigned int v = 0;
	int bits = 0;
	enum nx_rc rc = NX_MALFORMED;

	if (!strip_padding(&in))
		return NX_MALFORMED;
	if (out->failed ||
	    in.n / 4 * 3 + in.n % 4 * 3 / 4 > out->max - before)
		return NX_TOO_BIG;
	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];
		int six = c < sizeof(values) ? values[c] : -1;

		if (six < 0)
			goto out;
		v = (v << 6 | (unsigned int)six) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[used++] = (char)(v >> bits & 0xff);
		}
		if (used == STEP) {
			nx_buf_add(out, bytes, used);
			used = 0;
		}
	}
	if ((v & ((1U << bits) - 1)) != 0)
		goto out;
	nx_buf_add(out, bytes, used);
	rc = nx_buf_ok(out) ? NX_OK : NX_NO_MEMORY;
out:
	if (rc == NX_MALFORMED && out->p != NULL) {
		out->n = before;
		out->p[before] = '\0';
	}
	if (out->secret)
		OPENSSL_cleanse(bytes, sizeof(bytes));
	return rc;
}
