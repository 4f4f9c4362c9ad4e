/*
 * sb_media.h - what was uploaded: how far it is, what its bytes are, and
 * whether a post may show it.  The bytes themselves are not kept, only their
 * number and SHA-256.  Any thread; what comes out is a copy.
 */
#ifndef SB_MEDIA_H
#define SB_MEDIA_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sb_grants.h"

enum sb_kind { SB_NO_KIND, SB_IMAGE, SB_GIF, SB_VIDEO };

/* How the processing of a video or a GIF ends. */
enum sb_fate {
	SB_FATE_GOOD,
	SB_FATE_BAD,		/* failed, with an error */
	SB_FATE_MUTE,		/* failed, without one */
	SB_FATE_STUCK,		/* an error, while it says in_progress */
	SB_FATE_SIZE
};

struct sb_upload {			/* as it is asked for */
	uint64_t	 id;
	const char	*owner;		/* account id */
	const char	*category;
	const char	*type;		/* "" where none was declared */
	int64_t		 total;
	bool		 premium;	/* of the owner: larger videos */
	int64_t		 now;		/* ms */
};

struct sb_medium {
	uint64_t	 id;
	char		 owner[SB_ID_SIZE];
	char		 category[24], type[40];
	enum sb_kind	 kind;
	const char	*found;		/* media type of its bytes, or NULL */
	int64_t		 total, received;
	int		 segments;
	int		 finalized;	/* how often */
	enum sb_fate	 fate;
	int64_t		 ready_at;	/* ms: processing ends */
	int64_t		 usable_at;	/* ms: a post may name it */
	int64_t		 processing_ms;	/* 0: none */
	int64_t		 expires_at;	/* ms */
	uint32_t	 width, height;	/* 0: not read */
	char		 sha256[SB_HEX256_SIZE];	/* once finalized */
	char		 alt_text[4001];
};

/* What is finalized, and how that goes just now. */
struct sb_processing {
	uint64_t	 id;
	const char	*owner;
	int64_t		 now;		/* ms */
	int64_t		 ms;		/* 0: nothing is processed */
	int64_t		 lag_ms;	/* until a ready one can be used */
	int64_t		 ttl;		/* seconds that it can be used */
	enum sb_fate	 fate;
};

struct sb_media;

struct sb_media	*sb_media_new(void);
void	 sb_media_free(struct sb_media *m);
void	 sb_media_reset(struct sb_media *m);

/* NULL, or what X says of it. */
const char *sb_media_begin(struct sb_media *m, const struct sb_upload *up);
/* One that was accepted last is accepted again, and counts once. */
const char *sb_media_append(struct sb_media *m, uint64_t id,
	    const char *owner, int64_t index, const void *data, size_t len);
const char *sb_media_finalize(struct sb_media *m,
	    const struct sb_processing *how, struct sb_medium *out);
/* False: there is none, it is of somebody else, or it has expired. */
bool	 sb_media_get(struct sb_media *m, uint64_t id, const char *owner,
	    int64_t now, struct sb_medium *out);
bool	 sb_media_describe(struct sb_media *m, uint64_t id,
	    const char *owner, int64_t now, const char *alt_text);
/* May a post of theirs show these: each ready, 4 images, or 1 of others? */
bool	 sb_media_attachable(struct sb_media *m, struct json_object *ids,
	    const char *owner, int64_t now);
/* The caller's array: all of them, oldest first. */
struct json_object *sb_media_json(struct sb_media *m);

#endif
