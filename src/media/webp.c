/* webp.c - WebP: RIFF chunks, each padded to an even length (RFC 9649). */

#include "look.h"

enum {
	RIFF = 12, HEADER = 8,
	SIZE = 10,		/* bytes of a first chunk that hold the size */
	ANIMATION = 0x02,	/* flag of VP8X */
};

static void on_riff_chunk(struct nx_media_look *look);

/* `left` counts what is left of the RIFF chunk, behind the next `pass`. */
static void
next_riff_chunk(struct nx_media_look *look, uint64_t pass)
{
	if (look->left >= HEADER) {
		nx_media_next(look, pass, HEADER, on_riff_chunk);
		return;
	}
	/* what is too short for a chunk is padding: RFC 9649, section 2.3 */
	if (!look->seen_size || !look->seen_data)
		nx_media_damaged(look);
	else if (pass + look->left > 0)
		nx_media_next(look, pass + look->left - 1, 1, nx_media_done);
	else
		nx_media_done(look);
}

static bool
read_size(struct nx_media_look *look, const unsigned char *p)
{
	struct nx_media_facts *facts = &look->facts;

	switch (look->chunk) {
	case NX_FOUR('V', 'P', '8', ' '):	/* RFC 6386, section 9.1 */
		facts->width = nx_le16(p + 6) & 0x3fff;
		facts->height = nx_le16(p + 8) & 0x3fff;
		return (p[0] & 1) == 0 && p[3] == 0x9d && p[4] == 0x01 &&
		    p[5] == 0x2a && facts->width > 0 && facts->height > 0;
	case NX_FOUR('V', 'P', '8', 'L'):	/* RFC 9649, section 3.4 */
		facts->width = (nx_le32(p + 1) & 0x3fff) + 1;
		facts->height = (nx_le32(p + 1) >> 14 & 0x3fff) + 1;
		return p[0] == 0x2f;
	default:				/* VP8X, section 2.7 */
		facts->width = nx_le24(p + 4) + 1;
		facts->height = nx_le24(p + 7) + 1;
		if ((p[0] & ANIMATION) != 0)
			facts->type = NX_MEDIA_WEBP_MOVING;
		return true;
	}
}

static void
on_size(struct nx_media_look *look)
{
	look->seen_size = true;
	if (read_size(look, look->held))
		next_riff_chunk(look, look->rest);
	else
		nx_media_damaged(look);
}

static void
on_riff_words(struct nx_media_look *look)
{
	if (look->chunk == NX_FOUR('X', 'M', 'P', ' '))
		(void)nx_xmp_read(look, look->held, look->n);
	else
		(void)nx_exif_read(look, look->held, look->n);
	next_riff_chunk(look, 0);
}

static void
read_riff_words(struct nx_media_look *look, uint64_t padded)
{
	if (padded == 0 || padded > NX_MEDIA_HELD_MAX) {
		if (padded > 0)
			nx_media_unheld(look);
		next_riff_chunk(look, padded);
	} else
		nx_media_next(look, 0, (size_t)padded, on_riff_words);
}

static bool
is_picture(uint32_t chunk)
{
	return chunk == NX_FOUR('V', 'P', '8', ' ') ||
	    chunk == NX_FOUR('V', 'P', '8', 'L');
}

/* The first one says how large the picture is. */
static void
read_first(struct nx_media_look *look, uint64_t padded)
{
	if (padded < SIZE || (!is_picture(look->chunk) &&
	    look->chunk != NX_FOUR('V', 'P', '8', 'X'))) {
		nx_media_damaged(look);
		return;
	}
	look->rest = padded - SIZE;
	nx_media_next(look, 0, SIZE, on_size);
}

static void
on_riff_chunk(struct nx_media_look *look)
{
	const uint64_t length = nx_le32(look->held + 4);
	uint64_t padded = length + (length & 1);

	look->chunk = nx_be32(look->held);
	look->left -= HEADER;
	if (length > look->left) {
		nx_media_damaged(look);
		return;
	}
	if (padded > look->left)
		padded = length;	/* some leave out the last padding */
	look->left -= padded;
	look->seen_data |= is_picture(look->chunk);
	if (!look->seen_size) {
		read_first(look, padded);
		return;
	}
	switch (look->chunk) {
	case NX_FOUR('A', 'N', 'I', 'M'):
	case NX_FOUR('A', 'N', 'M', 'F'):
		look->facts.type = NX_MEDIA_WEBP_MOVING;
		look->seen_data = true;
		break;
	case NX_FOUR('E', 'X', 'I', 'F'):
	case NX_FOUR('X', 'M', 'P', ' '):
		read_riff_words(look, padded);
		return;
	default:
		break;
	}
	next_riff_chunk(look, padded);
}

static void
on_riff(struct nx_media_look *look)
{
	const uint32_t size = nx_le32(look->held + 4);

	if (size < 4 + HEADER) {
		nx_media_damaged(look);
		return;
	}
	look->left = size - 4;		/* "WEBP" is in it */
	next_riff_chunk(look, 0);
}

void
nx_webp_begin(struct nx_media_look *look)
{
	nx_media_next(look, 0, RIFF, on_riff);
}
