/*
 * price.h - what X charges for a write, pay-per-use (X's documentation:
 * getting-started/pricing, as of 2026-08).  Pure.
 */
#ifndef NX_X_PRICE_H
#define NX_X_PRICE_H

#include <stdbool.h>

/* All prices are in ten-thousandths of a US dollar. */
enum {
	NX_PRICE_POST = 150,
	NX_PRICE_POST_WITH_URL = 2000,
};

static inline int
nx_price_post(bool has_url)
{
	return has_url ? NX_PRICE_POST_WITH_URL : NX_PRICE_POST;
}

/* As US dollars with four decimals: 150 -> "0.0150". */
enum { NX_PRICE_TEXT = 24 };
void	nx_price_text(long price, char out[NX_PRICE_TEXT]);

#endif
