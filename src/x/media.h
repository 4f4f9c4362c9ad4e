/*
 * media.h - pictures and videos for X (POST /2/media/upload and what is below
 * it, POST /2/media/metadata; X's documentation: media/quickstart).
 *
 * One call, one request: which segment comes next, what is sent again and
 * when X is asked for its processing is decided by whoever calls.  Nothing is
 * posted by an upload, so an answer that was lost is RETRY: a segment may be
 * sent again with its index.  No bytes are copied but those in libcurl's
 * buffer (as JSON, a few thousand more).
 */
#ifndef NX_SRC_X_MEDIA_H
#define NX_SRC_X_MEDIA_H

#include "nx/x/oauth.h"

/* How bytes travel. */
enum nx_x_form {
	NX_X_MULTIPART,
	NX_X_JSON,	/* in base64, a third longer: X has refused multipart
			 * for days (2025-05-30) */
};

/*
 * Bytes to be sent, `n` of them: `read` as in nx_http_source, from their
 * start.  `rewind` NULL: they cannot be read again, and a request that has
 * begun to read them is not sent again.
 */
struct nx_x_bytes {
	enum nx_x_form	 form;
	int64_t		 n;
	ssize_t		(*read)(void *ctx, char *to, size_t n);
	bool		(*rewind)(void *ctx);
	void		*ctx;
};

/* A file that is announced. */
struct nx_x_file {
	const char	*category;	/* media_category */
	const char	*type;		/* media type, as its bytes say */
	int64_t		 total;		/* bytes */
};

enum nx_x_processing {
	NX_X_READY,		/* it can be attached, if not at once */
	NX_X_PROCESSING,	/* ask again after check_after */
	NX_X_FAILED,		/* `why` has X's words */
};

/* X's answer.  Texts live in the arena that was given. */
struct nx_x_medium {
	const char		*id;		/* 1 to 19 digits */
	const char		*key;		/* media_key; NULL: not said */
	int64_t			 expires_in;	/* seconds; 0: not said */
	enum nx_x_processing	 processing;
	int			 check_after;	/* seconds, 1 at least */
	int			 percent;	/* -1: not said */
	const char		*why;		/* NULL: no word */
};

/* What stands in the way, beside the verdict's class: what helps differs. */
enum nx_x_hitch {
	NX_X_NO_HITCH,
	NX_X_TOO_LARGE,		/* 413, or 431 as X has it, too: smaller
				 * segments, from the start */
	NX_X_JSON_ONLY,		/* multipart is refused: send it as JSON */
	NX_X_INCOMPLETE,	/* segments do not add up: once more from the
				 * start */
	NX_X_NO_ID,		/* unknown, expired, or never processed */
	NX_X_NO_SCOPE,		/* media.write is missing */
	NX_X_BAD_FILE,		/* X does not take these bytes */
};

/* What the verdict of a call below says besides.  Pure. */
enum nx_x_hitch	nx_x_hitch_of(const struct nx_verdict *verdict);

/*
 * All of a picture in one request.  `out` is filled when the verdict is DONE,
 * here and below.
 */
void	nx_x_media_upload(const struct nx_x *x, const char *access_token,
	    const char *category, const struct nx_x_bytes *bytes,
	    struct nx_x_medium *out,
	    struct nx_verdict *verdict);

void	nx_x_media_initialize(const struct nx_x *x, const char *access_token,
	    const struct nx_x_file *file, struct nx_x_medium *out,
	    struct nx_verdict *verdict);

/* One segment, counted from 0. */
void	nx_x_media_append(const struct nx_x *x, const char *access_token,
	    const char *id, int index, const struct nx_x_bytes *bytes,
	    struct nx_verdict *verdict);

void	nx_x_media_finalize(const struct nx_x *x, const char *access_token,
	    const char *id, struct nx_x_medium *out,
	    struct nx_verdict *verdict);

/* Only of what was processing: of others X says that there is none. */
void	nx_x_media_status(const struct nx_x *x, const char *access_token,
	    const char *id, struct nx_x_medium *out,
	    struct nx_verdict *verdict);

/* Give it an alt text, before it is posted. */
void	nx_x_media_describe(const struct nx_x *x, const char *access_token,
	    const char *id, const char *alt_text, struct nx_verdict *verdict);

#endif
