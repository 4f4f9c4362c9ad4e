/*
 * sb_storage.h - the objects of Supabase Storage, each with its way to
 * misbehave.  Any thread; what comes out is a copy.
 */
#ifndef SB_STORAGE_H
#define SB_STORAGE_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sb_buf.h"

enum { SB_OBJECT_NAME_SIZE = 200, SB_URL_SIZE = 400 };

struct sb_object {
	char	 name[SB_OBJECT_NAME_SIZE];	/* bucket/path */
	char	 type[60];
	int64_t	 size;			/* bytes */
	int	 version;		/* in its ETag */
	bool	 no_ranges;		/* answers with all of it */
	bool	 changes;		/* another ETag at each request */
	int64_t	 lie;			/* added to its Content-Length */
	int	 status;		/* in place of an answer; 0: none */
	char	 redirect[SB_URL_SIZE];	/* where to; "": nowhere */
};

struct sb_storage;

struct sb_storage *sb_storage_new(void);
void	 sb_storage_free(struct sb_storage *s);
void	 sb_storage_reset(struct sb_storage *s);
/*
 * Puts an object in, in place of an older one: name, type, `data` in base64
 * and, where it is longer, `size`: bytes that are made by a rule.  NULL, or
 * what is wrong with it.
 */
const char *sb_storage_put(struct sb_storage *s, struct json_object *o);
/* Counts a request of it.  False: there is none. */
bool	 sb_storage_get(struct sb_storage *s, const char *name,
	    struct sb_object *out);
/* Appends `n` bytes of it from `from` on. */
void	 sb_storage_read(struct sb_storage *s, const char *name,
	    int64_t from, int64_t n, struct sb_buf *out);

#endif
