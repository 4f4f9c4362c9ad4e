/*
 * uuid.h - UUIDs as text (RFC 9562 section 4).  Any thread.
 *
 * Ours are in lower case, as PostgreSQL prints them; others may write them
 * in upper case as well.
 */
#ifndef NX_BASE_UUID_H
#define NX_BASE_UUID_H

#include <stdbool.h>

enum { NX_UUID_LEN = 36 };

/* The nil UUID (section 5.9), which is before all others. */
#define NX_UUID_NIL "00000000-0000-0000-0000-000000000000"

/* A random one (version 4) in lower case, NUL-terminated. */
void	nx_uuid_random(char out[NX_UUID_LEN + 1]);

/* Is the whole text one, of any version and in any case?  NULL is none. */
bool	nx_uuid_valid(const char *text);

/* The same one, in whatever case? */
bool	nx_uuid_same(const char *a, const char *b);

/*
 * Copy it in lower case, NUL-terminated.  False, and `out` is empty, when the
 * text is none.
 */
bool	nx_uuid_lower(const char *text, char out[NX_UUID_LEN + 1]);

#endif
