/* schema_list.h - long statements about the schema as a whole. */
#ifndef NX_STORE_SCHEMA_LIST_H
#define NX_STORE_SCHEMA_LIST_H

/* Lines for nx_migrator_list(). */
extern const char nx_schema_list[];

/* Makes pg_temp.fill(rows integer) for nx_migrator_fill(). */
extern const char nx_schema_fill[];

#endif
