/*
 * post_words.h - codes and their arguments as columns keep them: the errors of
 * x_posts and x_parts, and the warnings of x_posts.
 */
#ifndef NX_SRC_STORE_POST_WORDS_H
#define NX_SRC_STORE_POST_WORDS_H

#include "nx/store/post.h"

/* As a JSON object in the arena; NULL for none, and where memory lacks. */
const char	*nx_post_error_text(struct nx_arena *arena,
		    const struct nx_post_error *error);

/*
 * Read one, in the arena; NULL for none.  Rows that older versions wrote have
 * the whole problem, whose code and detail are what counts; a code that is not
 * known is INTERNAL.
 */
const struct nx_post_error	*nx_post_error_read(struct nx_arena *arena,
				    const char *text);

/*
 * Warnings as a JSON array in the arena; NULL where memory lacks.  Sentences
 * that older versions wrote in their place are read, and kept, as they are.
 */
const char	*nx_post_warnings_text(struct nx_arena *arena,
		    struct nx_post_warnings warnings);
struct nx_post_warnings	nx_post_warnings_read(struct nx_arena *arena,
			    const char *text);

#endif
