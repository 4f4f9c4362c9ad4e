/*
 * sb_refusals.h - X's ways to say no, by name, in its own words.
 */
#ifndef SB_REFUSALS_H
#define SB_REFUSALS_H

struct sb_refusal {
	const char	*name;
	int		 status;
	const char	*body;
};

/* NULL when there is none of that name. */
const struct sb_refusal *sb_refusal_find(const char *name);

#endif
