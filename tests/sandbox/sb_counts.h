/*
 * sb_counts.h - what really happened, for GET /sandbox/counts.  Any thread.
 */
#ifndef SB_COUNTS_H
#define SB_COUNTS_H

#include <json.h>

#define SB_COUNT_LIST(X)	\
	X(POSTS_CREATED, "posts_created")	\
	X(POSTS_DELETED, "posts_deleted")	\
	X(CODES_EXCHANGED, "codes_exchanged")	\
	X(REFRESHES_GRANTED, "refreshes_granted")	\
	X(REFRESHES_REFUSED, "refreshes_refused")	\
	X(REVOKED, "revoked")	\
	X(UPLOADS, "uploads")	\
	X(MEDIA_BYTES, "media_bytes")	\
	X(MEDIA_PRICE, "media_price")

enum sb_count {
#define X(name, text) SB_##name,
	SB_COUNT_LIST(X)
#undef X
	SB_COUNT_SIZE
};

struct sb_counts;

struct sb_counts *sb_counts_new(void);
void	 sb_counts_free(struct sb_counts *c);
void	 sb_counts_add(struct sb_counts *c, enum sb_count which, long n);
void	 sb_counts_reset(struct sb_counts *c);
/* The caller's object, with posts_live derived from the other two. */
struct json_object *sb_counts_json(struct sb_counts *c);

#endif
