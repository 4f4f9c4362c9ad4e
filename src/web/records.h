/*
 * records.h - has a request come to its end?  Told from the heads of its
 * records alone (FastCGI specification, section 3.3): libfcgi parses it, but
 * would wait for what is not there.  Pure.
 */
#ifndef NX_SRC_WEB_RECORDS_H
#define NX_SRC_WEB_RECORDS_H

#include <stddef.h>

enum nx_records {
	NX_RECORDS_WHOLE,	/* reading it will not wait */
	NX_RECORDS_PART,	/* more is to come */
	NX_RECORDS_LARGE,	/* its end is not among the first `max` bytes */
	NX_RECORDS_FOREIGN,	/* it is not what a web server sends */
};

/*
 * Of the first `n` bytes that came, of which no more than `max` are looked at.
 * Begin, parameters and their end, body and its end, all with one request id:
 * anything else is FOREIGN, management records with it.
 */
enum nx_records	nx_records_look(const unsigned char *p, size_t n, size_t max);

#endif
