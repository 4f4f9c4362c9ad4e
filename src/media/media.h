/*
 * media.h - what a file is, told by its bytes as they stream past.
 *
 * Names and declared types are not believed.  A look has no memory but its
 * own (some 64 KiB, as long as the longest segment that is read as a whole),
 * and any way to divide the bytes gives the same facts.  It decodes no
 * picture: it follows the structure that leads from one length to the next.
 * One look is of one thread.  Pure.
 *
 * Formats: PNG (W3C PNG 3rd edition), JPEG (ITU-T T.81, Exif 2.32), GIF89a,
 * WebP (RFC 9649), MP4 and MOV (ISO/IEC 14496-12, QuickTime File Format).
 */
#ifndef NX_SRC_MEDIA_MEDIA_H
#define NX_SRC_MEDIA_MEDIA_H

#include "nx/base/slice.h"

/* Type, its name, its media type, X's kind of it, what to convert it to. */
#define NX_MEDIA_TYPES(X) \
	X(UNKNOWN, "unknown", "", NONE, "JPEG, PNG, WebP, GIF, MP4 or MOV") \
	X(PNG, "PNG", "image/png", IMAGE, "") \
	X(JPEG, "JPEG", "image/jpeg", IMAGE, "") \
	X(WEBP, "WebP", "image/webp", IMAGE, "") \
	X(GIF, "GIF", "image/gif", GIF, "") \
	X(MP4, "MP4", "video/mp4", VIDEO, "") \
	X(MOV, "MOV", "video/quicktime", VIDEO, "") \
	X(APNG, "animated PNG", "image/png", NONE, "GIF or MP4") \
	X(WEBP_MOVING, "animated WebP", "image/webp", NONE, "GIF or MP4") \
	X(HEIC, "HEIC", "image/heic", NONE, "JPEG") \
	X(AVIF, "AVIF", "image/avif", NONE, "JPEG or PNG") \
	X(TIFF, "TIFF", "image/tiff", NONE, "JPEG or PNG") \
	X(BMP, "BMP", "image/bmp", NONE, "PNG") \
	X(SVG, "SVG", "image/svg+xml", NONE, "PNG") \
	X(PDF, "PDF", "application/pdf", NONE, "a PNG of each page") \
	X(HTML, "HTML", "text/html", NONE, "a picture, or give the address" \
	    " of the file itself") \
	X(ZIP, "ZIP", "application/zip", NONE, "the files that are in it") \
	X(WEBM, "WebM or Matroska", "video/webm", NONE, "MP4")

enum nx_media_type {
#define NX_MEDIA_TYPE_ENUM(name, text, mime, kind, to) NX_MEDIA_##name,
	NX_MEDIA_TYPES(NX_MEDIA_TYPE_ENUM)
#undef NX_MEDIA_TYPE_ENUM
	NX_MEDIA_TYPE_COUNT
};

/* X's kinds, each with its category and limits. */
enum nx_media_kind {
	NX_MEDIA_KIND_NONE,	/* X does not take it */
	NX_MEDIA_KIND_IMAGE,
	NX_MEDIA_KIND_GIF,
	NX_MEDIA_KIND_VIDEO,
};

enum nx_media_whole {
	NX_MEDIA_GOES_ON,	/* the bytes so far are sound; more must come */
	NX_MEDIA_WHOLE,		/* what its format asks for is there */
	NX_MEDIA_CUT_SHORT,	/* no more came, and some is missing */
	NX_MEDIA_DAMAGED,	/* it breaks its format */
};

/* What has been seen so far; what has not is 0. */
struct nx_media_facts {
	enum nx_media_type	 type;
	bool			 typed;	/* it is known, or UNKNOWN */
	enum nx_media_whole	 whole;
	int64_t			 bytes;	/* of the file, so far */
	int64_t			 damaged_at;	/* which byte */
	uint32_t		 width, height;	/* pixels, as stored */
	int			 orientation;	/* of Exif, 1 to 8 */
	bool			 location;	/* where it was taken, */
	bool			 location_kept;	/* which was not cut out */
	int64_t			 frames;	/* of a GIF, so far */
	bool			 has_video;	/* a track of pictures, of a
						 * moov that was seen whole */
	bool			 has_moov;
	int64_t			 duration_ms;	/* of the film */
	int64_t			 frames_per_1000_s;	/* on average */
	char			 codec[5], audio[5];	/* their four letters */
};

const char		*nx_media_name(enum nx_media_type type);
const char		*nx_media_mime(enum nx_media_type type);
const char		*nx_media_convert_to(enum nx_media_type type);
enum nx_media_kind	 nx_media_kind_of(enum nx_media_type type);

/* X's media_category; NULL of NONE. */
const char		*nx_media_category(enum nx_media_kind kind);

/*
 * Does a declared media type (with or without parameters) leave room for
 * `type`?  None, application/octet-stream and the usual misspellings do.
 */
bool	nx_media_fits(enum nx_media_type type, struct nx_slice declared);

/* From the heap: it is large. */
struct nx_media_look;

/*
 * A look at a new file.  With `cut_location` the bytes that nx_media_cut()
 * passes on say no longer where a picture was taken.  NULL: no memory.
 */
__attribute__((warn_unused_result))
struct nx_media_look	*nx_media_look_new(bool cut_location);
void			 nx_media_look_free(struct nx_media_look *look);

/* What has been seen; it lives as long as the look. */
const struct nx_media_facts	*nx_media_facts(
				    const struct nx_media_look *look);

/* The next bytes of the file, of a look that cuts nothing. */
void	nx_media_take(struct nx_media_look *look, struct nx_slice bytes);

/* There are no more. */
void	nx_media_end(struct nx_media_look *look);

/*
 * The same as nx_media_take() for somebody who passes the file on: takes from
 * the front of `in` what there is room for, and writes to `to`, which has
 * `room` bytes (1 at least), what may go on.  Returns the number written.  It
 * is called until `in` is empty and it returns 0: what has to be read as a
 * whole is held back until it is there.  After nx_media_end() the rest comes
 * with an empty `in`, and the facts stand when that returns 0.  In all as many
 * bytes come out as went in: a position is overwritten in its place, so that
 * lengths and offsets, which X is told before the first byte, stay what they
 * were.
 *
 * Overwritten are the GPS directory of Exif (JPEG, PNG, WebP) with what it
 * points to, and the values of exif:GPS… in XMP.  What is too long to be held
 * (JPEG has no such) stays, and so does the GPS of an Exif that has it many
 * times: `location_kept` says so, and the file must not go out.  Not looked
 * into: makers' notes, thumbnails, text that PNG has compressed, what is
 * written into the picture itself.
 */
size_t	nx_media_cut(struct nx_media_look *look, struct nx_slice *in,
	    char *to, size_t room);

#endif
