/*
 * sb_clock.h - wall-clock time in milliseconds since 1970, and its text.
 */
#ifndef SB_CLOCK_H
#define SB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { SB_TIME_SIZE = 32 };

int64_t	sb_clock_now(void);
/* "2026-08-22T10:00:00.000Z" */
void	sb_clock_text(int64_t ms, char out[SB_TIME_SIZE]);
/* Reads YYYY-MM-DDTHH:mm:ss[.mmm]Z; false if it is not that. */
bool	sb_clock_read(const char *text, int64_t *out);

#endif
