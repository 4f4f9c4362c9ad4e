/*
 * verdict.h - does X take such a file?  Its limits in one table, and what is
 * said where one is broken.  Pure.
 *
 * Sources: docs.x.com media/introduction and media/quickstart/best-practices
 * (2026-08 to 2026-10).  The least and the most of a picture is what X answers
 * (code 324), as in https://github.com/DocNow/diffengine/issues/18.
 */
#ifndef NX_SRC_MEDIA_VERDICT_H
#define NX_SRC_MEDIA_VERDICT_H

#include "media.h"
#include "nx/base/err.h"
#include "nx/base/words.h"

/* 0: X names no such limit. */
struct nx_media_limits {
	int64_t		 bytes;
	uint32_t	 least;			/* of width and height */
	uint32_t	 width, height;		/* at the most */
	int64_t		 frames;
	int64_t		 pixels;		/* of all frames */
	int64_t		 seconds;		/* of a video */
};

/* The row of a kind that X takes, for `subscription` (NULL: not known). */
const struct nx_media_limits	*nx_media_limits_of(enum nx_media_kind kind,
				    const char *subscription);

/* What is known beside the bytes. */
struct nx_media_terms {
	struct nx_slice	 declared;	/* media type; empty: none */
	int64_t		 total;		/* bytes of the file; -1: not known */
	int64_t		 most;		/* that this site takes */
	const char	*subscription;	/* of the X account; NULL: not known */
};

/*
 * What the facts say so far.  OK is not the last word before the file has
 * ended; a refusal is.  MEDIA_TYPE, MEDIA_LIMIT, MEDIA_BROKEN, each with its
 * reason.
 */
NX_MUST_USE enum nx_rc	nx_media_check(const struct nx_media_facts *facts,
			    const struct nx_media_terms *terms,
			    struct nx_err *err);

/*
 * What the owner of a file that is taken should know, so far: MEDIA_LOCATION,
 * MEDIA_UNSEEN, MEDIA_LARGE.  Returns how many of `out` are set.
 */
enum { NX_MEDIA_WARNINGS = 3 };
size_t	nx_media_warn(const struct nx_media_facts *facts,
	    enum nx_warning out[NX_MEDIA_WARNINGS]);

#endif
