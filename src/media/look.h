/*
 * look.h - how a look works, for the files of this room.
 *
 * A look is one step after another.  A step says how many bytes are passed
 * over first (`pass`, or all up to the next `until`), and how many it wants to
 * see at once (`want`); with these in `held` it is called, and says what comes
 * next.  What it changes in `held` is what nx_media_cut() passes on.
 */
#ifndef NX_SRC_MEDIA_LOOK_H
#define NX_SRC_MEDIA_LOOK_H

#include "media.h"

enum {
	NX_MEDIA_HELD_MAX = 65536,	/* a JPEG segment has at most 65,533;
					 * a PNG chunk its CRC too */
	NX_MEDIA_DEPTH_MAX = 5,		/* boxes: moov/trak/mdia/minf/stbl */
	NX_MEDIA_MAGIC = 64,		/* bytes that tell the type */
};

typedef void nx_media_step(struct nx_media_look *look);

/* The track of an MP4 that is being read. */
struct nx_media_track {
	uint32_t	 width, height;
	uint32_t	 scale;		/* units a second */
	uint64_t	 duration;	/* in them */
	uint32_t	 samples;
	char		 handler[5];
	char		 codec[5];
};

struct nx_media_look {
	struct nx_media_facts	 facts;
	bool			 cuts;		/* it edits what it finds */
	bool			 ended;
	bool			 sniffed;	/* `first` has told the type */
	size_t			 first_n;
	struct nx_slice		 again;		/* what of `first` the steps
						 * have yet to see */
	bool			 tail;		/* behind a whole picture, */
	bool			 inside;	/* and in another one */
	bool			 open_end;	/* it may end anywhere */

	nx_media_step		*step;	/* NULL: passes all */
	uint64_t		 pass;
	int			 until;		/* a byte's value; -1: none */
	size_t			 want;
	size_t			 n;		/* bytes in `held` */
	size_t			 leaving;	/* of them, the last, still to
						 * go on */

	/* of the formats, whichever it is */
	uint64_t		 left;		/* of what chunks are in */
	uint64_t		 rest;		/* of it, behind `held` */
	uint32_t		 chunk;		/* its name */
	bool			 seen_size, seen_data;
	int			 depth;		/* of boxes, and their ends */
	uint64_t		 ends[NX_MEDIA_DEPTH_MAX];
	uint32_t		 boxes[NX_MEDIA_DEPTH_MAX];
	struct nx_media_track	 track;

	unsigned char		 first[NX_MEDIA_MAGIC];
	unsigned char		 held[NX_MEDIA_HELD_MAX];
};

#define NX_FOUR(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | \
	(uint32_t)(d))

static inline uint32_t
nx_be16(const unsigned char *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t
nx_be32(const unsigned char *p)
{
	return nx_be16(p) << 16 | nx_be16(p + 2);
}

static inline uint64_t
nx_be64(const unsigned char *p)
{
	return (uint64_t)nx_be32(p) << 32 | nx_be32(p + 4);
}

static inline uint32_t
nx_le16(const unsigned char *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t
nx_le24(const unsigned char *p)
{
	return (uint32_t)p[2] << 16 | nx_le16(p);
}

static inline uint32_t
nx_le32(const unsigned char *p)
{
	return nx_le16(p + 2) << 16 | nx_le16(p);
}

/* Next: pass `pass` bytes, then call `step` with `want` more, 1 at least. */
static inline void
nx_media_next(struct nx_media_look *look, uint64_t pass, size_t want,
    nx_media_step *step)
{
	look->pass = pass;
	look->want = want;
	look->step = step;
}

/* Two ends, after which all that is left is passed over. */
static inline void
nx_media_done(struct nx_media_look *look)
{
	look->facts.whole = NX_MEDIA_WHOLE;
	nx_media_next(look, 0, 0, NULL);
}

static inline void
nx_media_damaged(struct nx_media_look *look)
{
	look->facts.whole = NX_MEDIA_DAMAGED;
	look->facts.damaged_at = look->facts.bytes;
	nx_media_next(look, 0, 0, NULL);
}

/* The first steps of the formats, behind the bytes that told the type. */
void	nx_png_begin(struct nx_media_look *look);
void	nx_jpeg_begin(struct nx_media_look *look);
void	nx_gif_begin(struct nx_media_look *look);
void	nx_webp_begin(struct nx_media_look *look);
void	nx_mp4_begin(struct nx_media_look *look);

/*
 * What the first NX_MEDIA_MAGIC bytes (or all there are) say; of ISO media
 * files MP4, whatever it is.
 */
enum nx_media_type	nx_media_type_of(const unsigned char *p, size_t n);

/*
 * Exif's TIFF structure, and XMP: note orientation and location, and take the
 * location out where the look cuts.  True: bytes were changed.
 */
bool	nx_exif_read(struct nx_media_look *look, unsigned char *p, size_t n);
bool	nx_xmp_read(struct nx_media_look *look, unsigned char *p, size_t n);

/* A block of either that is too long to be held: it may hold one. */
static inline void
nx_media_unheld(struct nx_media_look *look)
{
	look->facts.location = true;
	look->facts.location_kept = look->cuts;
}

#endif
