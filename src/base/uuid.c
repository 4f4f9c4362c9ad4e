/* uuid.c - make, check and compare UUIDs as text. */

#include "nx/base/uuid.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "nx/base/random.h"

void
nx_uuid_random(char out[NX_UUID_LEN + 1])
{
	unsigned char b[16];

	nx_random(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, NX_UUID_LEN + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool
nx_uuid_valid(const char *text)
{
	char lower[NX_UUID_LEN + 1];

	return nx_uuid_lower(text, lower);
}

bool
nx_uuid_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* The digit in lower case; NUL when it is none. */
static char
lower_hex(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
		return c;
	return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : '\0';
}

bool
nx_uuid_lower(const char *text, char out[NX_UUID_LEN + 1])
{
	bool valid = text != NULL &&
	    strnlen(text, NX_UUID_LEN + 1) == NX_UUID_LEN;

	for (int i = 0; valid && i < NX_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		out[i] = dash ? text[i] : lower_hex(text[i]);
		valid = dash ? text[i] == '-' : out[i] != '\0';
	}
	out[valid ? NX_UUID_LEN : 0] = '\0';
	return valid;
}
