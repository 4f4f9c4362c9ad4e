/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one LLVMFuzzerTestOneInput() that feeds any bytes to one part
 * of the product and aborts when a promise of that part is broken.  It is
 * linked with libFuzzer by `./dev test fuzz`, and with replay.c, which tries
 * its seeds and what is near them, by `make check`.
 */
#ifndef NX_TESTS_FUZZ_H
#define NX_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "nx/base/arena.h"
#include "nx/base/json.h"

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			abort();					\
		}							\
	} while (0)

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The next byte of the input; 0 once it is used up. */
static inline unsigned int
fuzz_byte(struct nx_slice *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return (unsigned char)*in->p++;
}

/* The next line, without its end, as a C string of the arena's. */
static inline const char *
fuzz_line(struct nx_slice *in, struct nx_arena *arena)
{
	struct nx_slice line = nx_slice_cut(in, '\n');
	const char *text = nx_arena_slice(arena, line.p == NULL ?
	    NX_SLICE("") : line);

	CHECK(text != NULL);
	return text;
}

/* Well-formed UTF-8 (RFC 3629) without a NUL? */
static inline bool
fuzz_is_text(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0;

	while (i < n) {
		unsigned int c = p[i], more = c < 0x80 ? 0 : c < 0xe0 ? 1 :
		    c < 0xf0 ? 2 : 3;

		if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 ||
		    more >= n - i)
			return false;
		for (unsigned int k = 1; k <= more; k++) {
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
		}
		if ((c == 0xe0 && p[i + 1] < 0xa0) ||
		    (c == 0xed && p[i + 1] > 0x9f) ||
		    (c == 0xf0 && p[i + 1] < 0x90) ||
		    (c == 0xf4 && p[i + 1] > 0x8f))
			return false;
		i += more + 1;
	}
	return true;
}

/* A failure says why, in text that can be shown. */
static inline void
fuzz_check_err(enum nx_rc rc, const struct nx_err *err)
{
	CHECK(rc != NX_OK && rc != NX_NO_MEMORY && rc != NX_INTERNAL);
	CHECK(err->rc == rc && err->detail[0] != '\0');
	CHECK(fuzz_is_text(err->detail, strlen(err->detail)));
}

/* What we write is JSON that we would take ourselves. */
static inline void
fuzz_check_json(const struct nx_buf *json)
{
	struct json_object *obj;
	struct nx_err err = { 0 };

	CHECK(nx_buf_ok(json));
	if (nx_json_parse(nx_buf_slice(json), &obj, &err) != NX_OK) {
		(void)fprintf(stderr, "%s: %s\n", err.detail,
		    nx_buf_str(json));
		abort();
	}
	json_object_put(obj);
}

#endif
