/*
 * sb_text.h - a post's text as X measures it (twitter-text, version 3).
 * Written apart from the product's own counter on purpose.  Pure.
 */
#ifndef SB_TEXT_H
#define SB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sb_marks.h"

enum { SB_WEIGHT_MAX = 280 };

struct sb_mark {
	enum sb_mark_kind kind;
	size_t	start, end;		/* bytes in utf8, end is past it */
};

struct sb_text {
	char		*utf8;		/* NFC, terminated */
	size_t		 len;		/* bytes */
	size_t		 from, to;	/* bytes, white space at the ends off */
	size_t		 brief;		/* byte; from..brief weighs <= 280 */
	struct sb_mark	*marks;		/* ascending, none in another */
	size_t		 mark_count;
	long		 weight;	/* of all of it */
	int		 cashtags;
	bool		 forbidden;	/* holds U+FFFE, U+FEFF or U+FFFF */
	bool		 blank;		/* nothing but white space */
};

/* False, with nothing to free, when the bytes are not UTF-8. */
bool	sb_text_read(const char *text, size_t len, struct sb_text *out);
void	sb_text_free(struct sb_text *t);
/* The text @mentions the handle, in any case of letters. */
bool	sb_text_mentions(const char *text, const char *handle);

#endif
