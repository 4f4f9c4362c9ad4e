/*
 * gif.c - GIF: a screen, then blocks of sub-blocks, each with its length
 * (GIF89a specification, sections 15 to 27).  A frame is counted when its
 * descriptor passes.
 */

#include "look.h"

enum {
	SCREEN = 13,		/* signature, version, screen descriptor */
	DESCRIPTOR = 9,		/* of a picture, without its introducer */
	TABLE = 0x80,		/* a colour table follows */
	EXTENSION = 0x21, PICTURE = 0x2c, TRAILER = 0x3b,
};

static void on_block(struct nx_media_look *look);

static uint64_t
table_size(unsigned int flags)
{
	return (flags & TABLE) != 0 ? 3U << ((flags & 7) + 1) : 0;
}

static void
on_sub_block(struct nx_media_look *look)
{
	const unsigned int n = look->held[0];

	nx_media_next(look, n, 1, n == 0 ? on_block : on_sub_block);
}

static void
on_picture(struct nx_media_look *look)
{
	const uint32_t width = nx_le16(look->held + 4);
	const uint32_t height = nx_le16(look->held + 6);

	if (width == 0 || height == 0) {
		nx_media_damaged(look);
		return;
	}
	look->facts.frames++;
	/* behind the table: the least code size */
	nx_media_next(look, table_size(look->held[8]) + 1, 1, on_sub_block);
}

static void
on_block(struct nx_media_look *look)
{
	switch (look->held[0]) {
	case EXTENSION:
		nx_media_next(look, 1, 1, on_sub_block);
		break;
	case PICTURE:
		nx_media_next(look, 0, DESCRIPTOR, on_picture);
		break;
	case TRAILER:
		if (look->facts.frames > 0) {
			nx_media_done(look);
			break;
		}
		/* fall through */
	default:
		nx_media_damaged(look);
	}
}

static void
on_screen(struct nx_media_look *look)
{
	look->facts.width = nx_le16(look->held + 6);
	look->facts.height = nx_le16(look->held + 8);
	if (look->facts.width == 0 || look->facts.height == 0)
		nx_media_damaged(look);
	else
		nx_media_next(look, table_size(look->held[10]), 1, on_block);
}

void
nx_gif_begin(struct nx_media_look *look)
{
	nx_media_next(look, 0, SCREEN, on_screen);
}
