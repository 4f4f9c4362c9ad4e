/* kv.h - a value with a name, for the log and for sentences.  Pure. */
#ifndef NX_BASE_KV_H
#define NX_BASE_KV_H

#include <stdint.h>

/* One pair; a NULL key ends a list.  A NULL text counts as absent. */
struct nx_kv {
	const char	*key;
	const char	*str;
	int64_t		 num;
	int		 is_num;
};

#define NX_S(k, v)	((struct nx_kv){ .key = (k), .str = (v) })
#define NX_I(k, v)	((struct nx_kv){ .key = (k), .num = (v), .is_num = 1 })

#endif
