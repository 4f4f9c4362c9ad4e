/*
 * media_body.h - bytes as the body of an upload: multipart, or base64 within
 * JSON.  Pure: it reads what it is given.
 */
#ifndef NX_SRC_X_MEDIA_BODY_H
#define NX_SRC_X_MEDIA_BODY_H

#include "media.h"

enum {
	NX_BOUNDARY = 32,		/* hexadecimal digits */
	NX_RAW_BLOCK = 3 * 1024,	/* bytes that are encoded at once */
};

/*
 * `head`, the bytes (as base64 in JSON), `tail`.  The boundary is drawn for
 * each body: nobody can put it into a file.  `source` is what libcurl reads;
 * the body must stay where it is meanwhile.
 */
struct nx_media_body {
	const struct nx_x_bytes	*bytes;
	struct nx_http_source	 source;
	char			 head[400], tail[100], type[100];
	size_t			 head_n, tail_n;
	int64_t			 at;	/* of the body, given so far */
	int64_t			 taken;	/* of the bytes, read so far */
	char			 text[4 * NX_RAW_BLOCK / 3];	/* encoded, */
	size_t			 text_n, text_at;	/* and given of it */
};

/*
 * `field`: the member beside the bytes, a text for X in both forms;
 * `is_number`: JSON has no quotes around it.
 */
void	nx_media_body_begin(struct nx_media_body *body,
	    const struct nx_x_bytes *bytes, const char *field,
	    const char *value, bool is_number);

#endif
