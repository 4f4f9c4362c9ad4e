/* strict.h - base64url as RFC 7515 has it: one text for one value. */
#ifndef NX_SRC_SEAL_STRICT_H
#define NX_SRC_SEAL_STRICT_H

#include "nx/base/base64.h"

/*
 * nx_base64_decode() for the URL-safe alphabet without padding alone, so
 * that nobody can spell a value that we accept in a second way.
 */
NX_MUST_USE static inline enum nx_rc
base64url_strict(struct nx_slice in, struct nx_buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '+' || in.p[i] == '/' || in.p[i] == '=')
			return NX_MALFORMED;
	}
	return nx_base64_decode(in, out);
}

#endif
