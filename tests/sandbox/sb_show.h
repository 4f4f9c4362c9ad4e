/*
 * sb_show.h - a text as X shows it: NFC, trimmed, every URL a t.co link, & < >
 * escaped; a long one cut, with the whole beside it.  Constant once made; any
 * thread.
 */
#ifndef SB_SHOW_H
#define SB_SHOW_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sb_text.h"

struct sb_entity {
	enum sb_mark_kind kind;
	size_t	 start, end;		/* code points of the shown text */
	char	*text;			/* URL as shown; no @ # $ */
	char	*expanded;		/* of a URL: with a scheme; else NULL */
};

struct sb_shown {
	char			*text;
	struct sb_entity	*entities;	/* ascending */
	size_t			 count;
	struct sb_shown		*brief;	/* of a text over 280, else NULL */
};

/*
 * Shows the text of post id; free it with sb_shown_free().  Without rewrite
 * it is shown as X's own simulator does: as it was written.
 */
struct sb_shown *sb_show(const struct sb_text *t, uint64_t id, bool rewrite);
/* The link to its media, which X puts behind a text; once for each post. */
void	 sb_shown_media(struct sb_shown *s, const char *handle, uint64_t id);
/* NULL is fine. */
void	 sb_shown_free(struct sb_shown *s);
/* The caller's object; NULL when there are none. */
struct json_object *sb_shown_entities(const struct sb_shown *s);

#endif
