/* media_files.h - pictures and videos, made as they are needed. */
#ifndef MEDIA_FILES_H
#define MEDIA_FILES_H

#include "nx/base/buf.h"

enum { FILE_MAX = 1 << 20 };

/* What is in an Exif block: bits. */
enum {
	EXIF_LITTLE = 1,	/* byte order */
	EXIF_GPS = 2,		/* a directory with a position */
	EXIF_VERSION = 4,	/* one with its version alone */
	EXIF_TURNED = 8,	/* orientation 6 */
	EXIF_GPS_FIRST = 16,	/* its directory stands before the first */
	EXIF_NAMED = 32,	/* "Exif\0\0" in front */
};

/* The position as it is stored: 51 degrees, 30 minutes, 1234/100 seconds. */
enum { EXIF_DEGREES = 51, EXIF_SECONDS = 1234 };

void	file_exif(struct nx_buf *out, unsigned int what);
/* XMP with exif:GPSLatitude as an attribute, and GPSLongitude as an element. */
void	file_xmp(struct nx_buf *out, const char *position);

/* Each is a whole file. */
struct png {
	uint32_t	 width, height;
	bool		 moving, no_data;
	struct nx_slice	 exif, xmp;
};
void	file_png(struct nx_buf *out, const struct png *png);

struct jpeg {
	uint16_t	 width, height;
	bool		 progressive;
	struct nx_slice	 exif, xmp;
};
void	file_jpeg(struct nx_buf *out, const struct jpeg *jpeg);

void	file_gif(struct nx_buf *out, uint16_t width, uint16_t height,
	    int frames);

enum webp { WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED, WEBP_MOVING };
void	file_webp(struct nx_buf *out, enum webp kind, uint32_t width,
	    uint32_t height, struct nx_slice exif, struct nx_slice xmp);

struct mp4 {
	const char	*brands;	/* major, "0000", others; NULL: no ftyp */
	const char	*codec;
	uint32_t	 width, height;
	uint32_t	 samples, duration_ms;
	bool		 behind;	/* moov comes after mdat */
	bool		 large;		/* 64-bit sizes and times */
	bool		 open_end;	/* mdat without a size, last */
	bool		 no_moov, no_video;
};
void	file_mp4(struct nx_buf *out, const struct mp4 *mp4);

#endif
