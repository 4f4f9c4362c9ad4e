/*
 * sb_scope.h - X's OAuth 2.0 scopes as a set of bits.  Pure.
 */
#ifndef SB_SCOPE_H
#define SB_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "sb_buf.h"

#define SB_SCOPE_TWEET_READ	(UINT64_C(1) << 0)
#define SB_SCOPE_TWEET_WRITE	(UINT64_C(1) << 1)
#define SB_SCOPE_USERS_READ	(UINT64_C(1) << 2)
#define SB_SCOPE_MEDIA_WRITE	(UINT64_C(1) << 3)
#define SB_SCOPE_OFFLINE	(UINT64_C(1) << 4)

/* Reads a list separated by spaces; false if empty or a name is not X's. */
bool	 sb_scope_read(const char *text, uint64_t *out);
/* Appends the names, separated by one space. */
void	 sb_scope_write(uint64_t scopes, struct sb_buf *out);
/* What the i-th scope lets an app do, in words; NULL past the last one. */
const char *sb_scope_words(int i, uint64_t *bit);

#endif
