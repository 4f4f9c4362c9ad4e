/*
 * sb_table.h - a hash table from text to a pointer.
 *
 * It has no lock of its own: whoever owns a table guards it.  A key is
 * borrowed and must live, unchanged, as long as its entry; keep it inside the
 * value.
 */
#ifndef SB_TABLE_H
#define SB_TABLE_H

#include <stddef.h>

struct sb_table;

struct sb_table	*sb_table_new(void);
/* Frees the table; calls drop (may be NULL) with each value. NULL is fine. */
void	 sb_table_free(struct sb_table *t, void (*drop)(void *value));
/* NULL when the key is absent. */
void	*sb_table_get(const struct sb_table *t, const char *key);
/* Adds the key, or replaces key and value of the entry that has it. */
void	 sb_table_put(struct sb_table *t, const char *key, void *value);
/* Takes the entry out and returns its value, or NULL. */
void	*sb_table_remove(struct sb_table *t, const char *key);
/* Calls visit with each value, in no order; it must not change the table. */
void	 sb_table_each(const struct sb_table *t,
	    void (*visit)(void *value, void *arg), void *arg);
size_t	 sb_table_count(const struct sb_table *t);

#endif
