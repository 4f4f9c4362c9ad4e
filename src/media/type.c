/* type.c - what the first bytes of a file say it is. */

#include <string.h>

#include "look.h"

static const struct {
	const char		*name, *mime, *to;
	enum nx_media_kind	 kind;
} types[NX_MEDIA_TYPE_COUNT] = {
#define NX_MEDIA_TYPE_ROW(name, text, mime, kind, to) \
	[NX_MEDIA_##name] = { text, mime, to, NX_MEDIA_KIND_##kind },
	NX_MEDIA_TYPES(NX_MEDIA_TYPE_ROW)
#undef NX_MEDIA_TYPE_ROW
};

static const char *const categories[] = {
	[NX_MEDIA_KIND_IMAGE] = "tweet_image",
	[NX_MEDIA_KIND_GIF] = "tweet_gif",
	[NX_MEDIA_KIND_VIDEO] = "tweet_video",
};

const char *
nx_media_name(enum nx_media_type type)
{
	return types[type].name;
}

const char *
nx_media_mime(enum nx_media_type type)
{
	return types[type].mime;
}

const char *
nx_media_convert_to(enum nx_media_type type)
{
	return types[type].to;
}

enum nx_media_kind
nx_media_kind_of(enum nx_media_type type)
{
	return types[type].kind;
}

const char *
nx_media_category(enum nx_media_kind kind)
{
	return categories[kind];
}

bool
nx_media_fits(enum nx_media_type type, struct nx_slice declared)
{
	static const struct { const char *said, *meant; } also[] = {
		{ "image/jpg", "image/jpeg" },
		{ "image/pjpeg", "image/jpeg" },
		{ "image/x-png", "image/png" },
		{ "image/apng", "image/png" },
		{ "video/x-m4v", "video/mp4" },
		{ "video/quicktime", "video/mp4" },	/* they share a */
		{ "video/mp4", "video/quicktime" },	/* container */
	};
	struct nx_slice said = nx_slice_trim(nx_slice_cut(&declared, ';'),
	    " \t");

	if (said.n == 0 || nx_slice_is_nocase(said,
	    "application/octet-stream") ||
	    nx_slice_is_nocase(said, types[type].mime))
		return true;
	for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
		if (nx_slice_is_nocase(said, also[i].said) &&
		    strcmp(also[i].meant, types[type].mime) == 0)
			return true;
	}
	return false;
}

/* Bytes at a place; "?" stands for any. */
static const struct magic {
	const char		*bytes;
	size_t			 at, n;
	enum nx_media_type	 type;
} magics[] = {
#define MAGIC(at, bytes, type)	{ bytes, at, sizeof(bytes) - 1, type }
	MAGIC(0, "\x89PNG\r\n\x1a\n", NX_MEDIA_PNG),
	MAGIC(0, "\xff\xd8\xff", NX_MEDIA_JPEG),
	MAGIC(0, "GIF87a", NX_MEDIA_GIF),
	MAGIC(0, "GIF89a", NX_MEDIA_GIF),
	MAGIC(0, "RIFF????WEBP", NX_MEDIA_WEBP),
	MAGIC(4, "ftyp", NX_MEDIA_MP4),
	MAGIC(4, "moov", NX_MEDIA_MP4),		/* old MOV has no ftyp */
	MAGIC(4, "mdat", NX_MEDIA_MP4),
	MAGIC(4, "wide", NX_MEDIA_MP4),
	MAGIC(4, "pnot", NX_MEDIA_MP4),
	MAGIC(0, "II*\0", NX_MEDIA_TIFF),
	MAGIC(0, "MM\0*", NX_MEDIA_TIFF),
	MAGIC(0, "BM????\0\0\0\0", NX_MEDIA_BMP),
	MAGIC(0, "%PDF-", NX_MEDIA_PDF),
	MAGIC(0, "PK\3\4", NX_MEDIA_ZIP),
	MAGIC(0, "PK\5\6", NX_MEDIA_ZIP),
	MAGIC(0, "\x1a\x45\xdf\xa3", NX_MEDIA_WEBM),
#undef MAGIC
};

static bool
is_magic(const struct magic *m, const unsigned char *p, size_t n)
{
	if (n < m->at + m->n)
		return false;
	for (size_t i = 0; i < m->n; i++) {
		if (m->bytes[i] != '?' &&
		    (unsigned char)m->bytes[i] != p[m->at + i])
			return false;
	}
	return true;
}

/* Mark-up begins with `<` behind white space and a byte-order mark. */
static enum nx_media_type
type_of_text(struct nx_slice s)
{
	(void)nx_slice_cut_prefix(&s, "\xef\xbb\xbf");
	while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL && s.p[0] != '\0')
		s = nx_slice_tail(s, 1);
	if (!nx_slice_starts(s, "<"))
		return NX_MEDIA_UNKNOWN;
	return nx_slice_starts_nocase(s, "<svg") ||
	    nx_slice_starts_nocase(s, "<?xml") ||
	    nx_slice_starts_nocase(s, "<!doctype svg") ? NX_MEDIA_SVG :
	    NX_MEDIA_HTML;
}

enum nx_media_type
nx_media_type_of(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (is_magic(&magics[i], p, n))
			return magics[i].type;
	}
	return type_of_text((struct nx_slice){ (const char *)p, n });
}
