/*
 * sb_canaries.h - every secret the sandbox gave out or saw (codes, tokens,
 * verifiers), the last 100,000, so that a test can look for them in logs.
 * Any thread.
 */
#ifndef SB_CANARIES_H
#define SB_CANARIES_H

#include <json.h>

struct sb_canaries;

struct sb_canaries *sb_canaries_new(void);
void	 sb_canaries_free(struct sb_canaries *c);
void	 sb_canaries_add(struct sb_canaries *c, const char *secret);
void	 sb_canaries_reset(struct sb_canaries *c);
/* The caller's array of strings, oldest first. */
struct json_object *sb_canaries_json(struct sb_canaries *c);

#endif
