/*
 * jpeg.c - JPEG: segments that begin with 0xff and a code, and behind the
 * header of a scan its data, in which 0xff is followed by 0 or a restart
 * (ITU-T T.81, annex B).
 *
 * Telephones hang further pictures behind the first one, each with an Exif of
 * its own: there the same steps go on, for the location alone.
 */

#include <string.h>

#include "look.h"

enum {
	SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1, TEM = 0x01,
	RST0 = 0xd0, RST7 = 0xd7,
	FRAME = 8,		/* bytes of a frame's header that are read */
	LENGTH = 2,		/* a length counts itself */
};

static void on_mark(struct nx_media_look *look);
static void on_code(struct nx_media_look *look);

/* Up to the next 0xff, and what is behind it. */
static void
seek(struct nx_media_look *look)
{
	look->until = 0xff;
	nx_media_next(look, 0, 1, on_mark);
}

static void
fail(struct nx_media_look *look)
{
	look->inside = false;
	if (look->tail)
		seek(look);
	else
		nx_media_damaged(look);
}

/* SOFn, but not DHT, JPG and DAC, which have codes among them. */
static bool
is_frame(unsigned int code)
{
	return code >= 0xc0 && code <= 0xcf && code != 0xc4 &&
	    code != 0xc8 && code != 0xcc;
}

/* Precision, height, width, number of components (B.2.2). */
static void
on_frame(struct nx_media_look *look)
{
	const unsigned char *p = look->held;

	if (!look->tail) {
		look->facts.height = nx_be16(p + 1);
		look->facts.width = nx_be16(p + 3);
	}
	look->seen_size = true;
	/* a height that comes later (DNL) nobody writes, and few read */
	if (nx_be16(p + 1) == 0 || nx_be16(p + 3) == 0 || p[5] == 0)
		fail(look);
	else
		nx_media_next(look, look->rest, 1, on_mark);
}

static void
on_app_words(struct nx_media_look *look)
{
	static const char exif[] = "Exif\0";	/* and a NUL */

	if (look->n > sizeof(exif) &&
	    memcmp(look->held, exif, sizeof(exif)) == 0)
		(void)nx_exif_read(look, look->held + sizeof(exif),
		    look->n - sizeof(exif));
	else
		(void)nx_xmp_read(look, look->held, look->n);
	nx_media_next(look, 0, 1, on_mark);
}

static void
on_scan(struct nx_media_look *look)
{
	const uint32_t length = nx_be16(look->held);

	look->seen_data = true;
	look->until = 0xff;
	nx_media_next(look, length - LENGTH, 1, on_mark);
}

static void
on_length(struct nx_media_look *look)
{
	const uint32_t length = nx_be16(look->held);
	const uint32_t n = length - LENGTH;

	if (length < LENGTH || (is_frame(look->chunk) && n < FRAME - LENGTH) ||
	    (look->chunk == SOS && !look->seen_size)) {
		fail(look);
	} else if (look->chunk == SOS) {
		on_scan(look);
	} else if (is_frame(look->chunk)) {
		look->rest = n - (FRAME - LENGTH);
		nx_media_next(look, 0, FRAME - LENGTH, on_frame);
	} else if (look->chunk == APP1 && n > 0) {
		nx_media_next(look, 0, n, on_app_words);
	} else
		nx_media_next(look, n, 1, on_mark);
}

static void
on_picture_end(struct nx_media_look *look)
{
	if (!look->seen_data) {
		fail(look);
		return;
	}
	look->facts.whole = NX_MEDIA_WHOLE;
	look->tail = true;
	look->inside = false;
	seek(look);
}

static void
on_start(struct nx_media_look *look)
{
	look->inside = true;
	look->seen_size = look->seen_data = false;
	nx_media_next(look, 0, 1, on_mark);
}

/* Behind 0xff: in the data of a scan some codes do not end it. */
static void
on_code(struct nx_media_look *look)
{
	const unsigned int code = look->held[0];
	const bool is_data = code == 0 || (code >= RST0 && code <= RST7);

	look->chunk = code;
	if (code == 0xff)		/* any number of them may stand here */
		nx_media_next(look, 0, 1, on_code);
	else if (code == SOI && !look->inside)
		on_start(look);
	else if (!look->inside || (is_data && look->seen_data))
		seek(look);
	else if (code == TEM)
		nx_media_next(look, 0, 1, on_mark);
	else if (code == EOI)
		on_picture_end(look);
	else if (code < 0xc0 || is_data || code == SOI)
		fail(look);
	else
		nx_media_next(look, 0, LENGTH, on_length);
}

static void
on_mark(struct nx_media_look *look)
{
	if (look->held[0] == 0xff)
		nx_media_next(look, 0, 1, on_code);
	else
		fail(look);
}

void
nx_jpeg_begin(struct nx_media_look *look)
{
	nx_media_next(look, 0, 1, on_mark);
}
