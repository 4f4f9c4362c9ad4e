/*
 * png.c - PNG: a signature, then chunks of length, name, data and CRC
 * (W3C PNG, 3rd edition, section 5).
 */

#include <string.h>

#include "look.h"

enum {
	SIGNATURE = 8, HEADER = 8, CRC = 4,
	CHUNK_MAX = 0x7fffffff,		/* section 5.3 */
};

static const char xmp[] = "XML:com.adobe.xmp";	/* and its NUL */

static void on_png_chunk(struct nx_media_look *look);

static void
next_png_chunk(struct nx_media_look *look, uint64_t pass)
{
	nx_media_next(look, pass, HEADER, on_png_chunk);
}

/* Of the chunk's name and data (annex D). */
static uint32_t
crc_of(uint32_t name, const unsigned char *p, size_t n)
{
	const unsigned char head[] = { (unsigned char)(name >> 24),
	    (unsigned char)(name >> 16), (unsigned char)(name >> 8),
	    (unsigned char)name };
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < sizeof(head) + n; i++) {
		crc ^= i < sizeof(head) ? head[i] : p[i - sizeof(head)];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void
on_ihdr(struct nx_media_look *look)
{
	struct nx_media_facts *facts = &look->facts;

	facts->width = nx_be32(look->held);
	facts->height = nx_be32(look->held + 4);
	if (facts->width == 0 || facts->width > CHUNK_MAX ||
	    facts->height == 0 || facts->height > CHUNK_MAX) {
		nx_media_damaged(look);
		return;
	}
	look->seen_size = true;
	next_png_chunk(look, CRC);
}

/* eXIf, or iTXt with XMP: held with its CRC. */
static void
on_png_words(struct nx_media_look *look)
{
	unsigned char *p = look->held;
	const size_t n = look->n - CRC;
	uint32_t crc;
	bool changed;

	changed = look->chunk == NX_FOUR('e', 'X', 'I', 'f') ?
	    nx_exif_read(look, p, n) : n > sizeof(xmp) &&
	    memcmp(p, xmp, sizeof(xmp)) == 0 && nx_xmp_read(look, p, n);
	if (changed) {
		crc = crc_of(look->chunk, p, n);
		for (int i = 0; i < CRC; i++)
			p[n + (size_t)i] = (unsigned char)(crc >>
			    (24 - 8 * i));
	}
	next_png_chunk(look, 0);
}

static void
on_png_end(struct nx_media_look *look)
{
	if (look->seen_data)
		nx_media_done(look);
	else
		nx_media_damaged(look);
}

/* The beginning of one that is too long to be held. */
static void
on_long_words(struct nx_media_look *look)
{
	if (look->chunk == NX_FOUR('e', 'X', 'I', 'f') ||
	    memcmp(look->held, xmp, sizeof(xmp)) == 0)
		nx_media_unheld(look);
	next_png_chunk(look, look->rest);
}

static void
read_png_words(struct nx_media_look *look, uint32_t length)
{
	if (length <= NX_MEDIA_HELD_MAX - CRC) {
		nx_media_next(look, 0, length + CRC, on_png_words);
		return;
	}
	look->rest = (uint64_t)length + CRC - sizeof(xmp);
	nx_media_next(look, 0, sizeof(xmp), on_long_words);
}

static void
on_png_chunk(struct nx_media_look *look)
{
	const uint32_t length = nx_be32(look->held);

	look->chunk = nx_be32(look->held + 4);
	if (length > CHUNK_MAX || (!look->seen_size &&
	    (look->chunk != NX_FOUR('I', 'H', 'D', 'R') || length != 13))) {
		nx_media_damaged(look);
		return;
	}
	switch (look->chunk) {
	case NX_FOUR('I', 'H', 'D', 'R'):
		nx_media_next(look, 0, 13, on_ihdr);
		return;
	case NX_FOUR('a', 'c', 'T', 'L'):
		look->facts.type = NX_MEDIA_APNG;
		break;
	case NX_FOUR('I', 'D', 'A', 'T'):
		look->seen_data = true;
		break;
	case NX_FOUR('I', 'E', 'N', 'D'):
		nx_media_next(look, length, CRC, on_png_end);
		return;
	case NX_FOUR('e', 'X', 'I', 'f'):
	case NX_FOUR('i', 'T', 'X', 't'):
		read_png_words(look, length);
		return;
	default:
		break;
	}
	next_png_chunk(look, (uint64_t)length + CRC);
}

void
nx_png_begin(struct nx_media_look *look)
{
	next_png_chunk(look, SIGNATURE);
}
