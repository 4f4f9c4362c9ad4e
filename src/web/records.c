/* records.c - the heads of FastCGI records. */

#include "records.h"

enum {
	HEAD = 8,		/* bytes: version, type, id, length, padding */
	VERSION = 1,
	BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5,
};

struct record {
	int	version, type;
	size_t	id, length, padding;
};

static struct record
read_head(const unsigned char *p)
{
	return (struct record){
		.version = p[0],
		.type = p[1],
		.id = (size_t)p[2] << 8 | p[3],
		.length = (size_t)p[4] << 8 | p[5],
		.padding = p[6],
	};
}

enum nx_records
nx_records_look(const unsigned char *p, size_t n, size_t max)
{
	int expected = BEGIN_REQUEST;
	size_t id = 0, at = 0;

	while (at + HEAD <= n) {
		const struct record r = read_head(p + at);

		if (at == 0)
			id = r.id;
		if (r.version != VERSION || r.type != expected || r.id != id ||
		    id == 0)
			return NX_RECORDS_FOREIGN;
		if (expected == STDIN && r.length == 0)
			return NX_RECORDS_WHOLE;
		if (expected == BEGIN_REQUEST)
			expected = PARAMS;
		else if (r.length == 0)
			expected = STDIN;
		at += HEAD + r.length + r.padding;
	}
	return at + HEAD > max ? NX_RECORDS_LARGE : NX_RECORDS_PART;
}
