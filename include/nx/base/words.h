/*
 * words.h - sentences for codes and their arguments.  The one place where
 * English is made of what the rest of the program passes on; programs get the
 * same codes, arguments and sentences as JSON (catalogue.h).  Pure.
 */
#ifndef NX_BASE_WORDS_H
#define NX_BASE_WORDS_H

#include "nx/base/buf.h"

struct nx_jw;

enum nx_warning {
#define NX_WARNING_ENUM(name, code, sentence, page) NX_WARN_##name,
	NX_WARNING_LIST(NX_WARNING_ENUM)
#undef NX_WARNING_ENUM
	NX_WARNING_COUNT
};

/* Rows of the tables.  The text is static. */
const char	*nx_reason_code(enum nx_reason reason);
const char	*nx_reason_sentence(enum nx_reason reason);
const char	*nx_warning_code(enum nx_warning warning);
const char	*nx_warning_sentence(enum nx_warning warning);

/* The row of a code that was stored or sent; false: there is none. */
bool	nx_reason_find(const char *code, enum nx_reason *out);
bool	nx_warning_find(const char *code, enum nx_warning *out);

/* The one of that name, or NULL. */
const struct nx_kv	*nx_kv_find(const struct nx_kv *pairs,
			    const char *key);

/*
 * Append a sentence (words_list.h says how it is written) with its arguments.
 * One that is missing is said as "?".
 */
void	nx_words_add(struct nx_buf *out, const char *sentence,
	    const struct nx_kv *args);

/*
 * A member that is not known is refused: UNKNOWN_MEMBER for `reason`, with the
 * beginning of the name that was sent, behind `inside`.
 */
enum nx_rc	nx_fail_member(struct nx_err *err, enum nx_reason reason,
		    const char *inside, const char *name);

/* An object of the arguments, without texts that are NULL. */
void	nx_words_args(struct nx_jw *w, const char *key,
	    const struct nx_kv *args);

/*
 * Members of an error, as answers have them and rows keep them: `reason_code`
 * and `reason_args`, where there is a reason; `x`, where X was the cause.
 */
void	nx_words_reason(struct nx_jw *w, const struct nx_err *err);
void	nx_words_x(struct nx_jw *w, const struct nx_err_x *x);

#endif
