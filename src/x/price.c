/* price.c - amounts of money as text. */

#include "nx/x/price.h"

#include <stdio.h>

enum { UNITS = 10000 };

void
nx_price_text(long price, char out[NX_PRICE_TEXT])
{
	/* Negation in unsigned arithmetic: LONG_MIN has no positive twin. */
	unsigned long size = price < 0 ? 0UL - (unsigned long)price :
	    (unsigned long)price;

	(void)snprintf(out, NX_PRICE_TEXT, "%s%lu.%04lu",
	    price < 0 ? "-" : "", size / UNITS, size % UNITS);
}
