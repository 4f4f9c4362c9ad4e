/*
 * ascii.h - what kind of character a byte, a UTF-16 unit or a code point is.
 *
 * Only ASCII counts, whatever the locale; a negative char is none of it.  Pure.
 */
#ifndef NX_BASE_ASCII_H
#define NX_BASE_ASCII_H

#include <stdbool.h>

static inline bool
nx_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool
nx_is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
nx_is_alnum(int c)
{
	return nx_is_digit(c) || nx_is_letter(c);
}

static inline int
nx_to_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* What a hexadecimal digit stands for; -1: it is none. */
static inline int
nx_hex_digit(int c)
{
	if (nx_is_digit(c))
		return c - '0';
	c = nx_to_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
