/*
 * sb_buf.h - growing text for the answers of the sandbox.
 *
 * A buffer belongs to one thread.  Start it as { 0 }; sb_buf_free() ends it.
 * Out of memory ends the process: a stand-in that cannot allocate proves
 * nothing to the test that runs it.
 */
#ifndef SB_BUF_H
#define SB_BUF_H

#include <stddef.h>

struct sb_buf {
	char	*data;		/* NUL-terminated as soon as it is not NULL */
	size_t	 len;		/* bytes, without the NUL */
	size_t	 cap;
};

/* calloc, realloc, strdup that never return NULL; free() what they return. */
void	*sb_alloc(size_t n, size_t size);
void	*sb_realloc(void *p, size_t n, size_t size);
char	*sb_strdup(const char *text);

/* Copy text into out[size], cut where it does not fit, always terminated. */
void	 sb_copy(char *out, size_t size, const char *text);

void	 sb_buf_add(struct sb_buf *b, const char *text, size_t len);
void	 sb_buf_puts(struct sb_buf *b, const char *text);
__attribute__((format(printf, 2, 3)))
void	 sb_buf_printf(struct sb_buf *b, const char *format, ...);
/* Text as HTML content or attribute value: & < > " ' escaped. */
void	 sb_buf_html(struct sb_buf *b, const char *text);
/* Text as X escapes a post: & < > only. */
void	 sb_buf_entities(struct sb_buf *b, const char *text, size_t len);
/* Percent-encoded as RFC 3986 asks of a query value. */
void	 sb_buf_urlencode(struct sb_buf *b, const char *text);
/* Empty it, keeping the memory. */
void	 sb_buf_reset(struct sb_buf *b);
void	 sb_buf_free(struct sb_buf *b);

#endif
