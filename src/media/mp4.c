/*
 * mp4.c - MP4 and MOV: boxes of length and name, some with boxes in them
 * (ISO/IEC 14496-12, sections 4.2 and 8).  Only the way down to the tracks is
 * followed; `moov` may stand in front, or behind all pictures.
 */

#include <string.h>

#include "look.h"
#include "nx/base/must.h"

enum {
	HEADER = 8, LARGE = 8,	/* a 64-bit size behind the name */
	FTYP_MAX = 4096,
	TIMES_0 = 20, TIMES_1 = 32,	/* of mvhd, mdhd, by version */
	TKHD_0 = 84, TKHD_1 = 96,
};

#define MOOV NX_FOUR('m', 'o', 'o', 'v')
#define TRAK NX_FOUR('t', 'r', 'a', 'k')
#define MDIA NX_FOUR('m', 'd', 'i', 'a')
#define MINF NX_FOUR('m', 'i', 'n', 'f')
#define STBL NX_FOUR('s', 't', 'b', 'l')
#define FTYP NX_FOUR('f', 't', 'y', 'p')
#define MDAT NX_FOUR('m', 'd', 'a', 't')

static void on_box(struct nx_media_look *look);

/* What does a brand make of a file?  UNKNOWN: nothing. */
static enum nx_media_type
type_of_brand(const unsigned char *p)
{
	static const struct {
		char			name[5];
		enum nx_media_type	type;
	} brands[] = {
		{ "avif", NX_MEDIA_AVIF }, { "avis", NX_MEDIA_AVIF },
		{ "heic", NX_MEDIA_HEIC }, { "heix", NX_MEDIA_HEIC },
		{ "heim", NX_MEDIA_HEIC }, { "heis", NX_MEDIA_HEIC },
		{ "hevc", NX_MEDIA_HEIC }, { "hevx", NX_MEDIA_HEIC },
		{ "mif1", NX_MEDIA_HEIC }, { "msf1", NX_MEDIA_HEIC },
		{ "qt  ", NX_MEDIA_MOV },
		{ "isom", NX_MEDIA_MP4 }, { "iso2", NX_MEDIA_MP4 },
		{ "iso3", NX_MEDIA_MP4 }, { "iso4", NX_MEDIA_MP4 },
		{ "iso5", NX_MEDIA_MP4 }, { "iso6", NX_MEDIA_MP4 },
		{ "iso8", NX_MEDIA_MP4 }, { "iso9", NX_MEDIA_MP4 },
		{ "mp41", NX_MEDIA_MP4 }, { "mp42", NX_MEDIA_MP4 },
		{ "avc1", NX_MEDIA_MP4 }, { "dash", NX_MEDIA_MP4 },
		{ "M4V ", NX_MEDIA_MP4 }, { "M4VH", NX_MEDIA_MP4 },
		{ "M4VP", NX_MEDIA_MP4 }, { "MSNV", NX_MEDIA_MP4 },
		{ "f4v ", NX_MEDIA_MP4 },
	};

	for (size_t i = 0; i < sizeof(brands) / sizeof(brands[0]); i++) {
		if (memcmp(p, brands[i].name, 4) == 0)
			return brands[i].type;
	}
	return NX_MEDIA_UNKNOWN;
}

/*
 * The major brand, the version, what else it fits.  A picture's brand decides
 * wherever it stands, AVIF's before HEIC's: both are mif1, too.
 */
static enum nx_media_type
type_of_brands(const unsigned char *p, size_t n)
{
	enum nx_media_type type = NX_MEDIA_UNKNOWN;

	for (size_t at = 0; at + 4 <= n; at += at == 0 ? 8 : 4) {
		const enum nx_media_type other = type_of_brand(p + at);

		if (other == NX_MEDIA_AVIF ||
		    (other == NX_MEDIA_HEIC && type != NX_MEDIA_AVIF) ||
		    type == NX_MEDIA_UNKNOWN)
			type = other;
	}
	return type;
}

static uint32_t
parent_box(const struct nx_media_look *look)
{
	return look->depth == 0 ? 0 : look->boxes[look->depth - 1];
}

static double
ratio(double a, double b)
{
	const double r = b > 0 ? a / b : 0;

	return r < 1e15 ? r : 1e15;
}

static void
keep_track(struct nx_media_look *look)
{
	const struct nx_media_track *t = &look->track;
	struct nx_media_facts *facts = &look->facts;

	if (strcmp(t->handler, "soun") == 0 && facts->audio[0] == '\0')
		memcpy(facts->audio, t->codec, sizeof(t->codec));
	if (strcmp(t->handler, "vide") != 0 || facts->codec[0] != '\0')
		return;
	memcpy(facts->codec, t->codec, sizeof(t->codec));
	facts->width = t->width;
	facts->height = t->height;
	facts->frames_per_1000_s = (int64_t)ratio(1000.0 * t->samples *
	    t->scale, (double)t->duration);
}

/* Behind the box that ended here, and those that end with it. */
static void
leave_box(struct nx_media_look *look)
{
	const uint32_t name = look->boxes[--look->depth];

	if (name == TRAK)
		keep_track(look);
	if (name == MOOV) {
		look->facts.has_moov = true;
		look->facts.has_video = look->facts.codec[0] != '\0';
	}
}

static void
next_box(struct nx_media_look *look, uint64_t pass)
{
	uint64_t at = (uint64_t)look->facts.bytes + look->n + pass;

	while (look->depth > 0 && look->ends[look->depth - 1] < at + HEADER) {
		if (look->ends[look->depth - 1] < at) {
			nx_media_damaged(look);
			return;
		}
		/* too little for a box: QuickTime ends some lists with 0 */
		pass += look->ends[look->depth - 1] - at;
		at = look->ends[look->depth - 1];
		leave_box(look);
	}
	look->open_end = look->depth == 0;
	nx_media_next(look, pass, HEADER, on_box);
}

/* Behind `held`, which begins the box's content. */
static void
pass_rest(struct nx_media_look *look)
{
	next_box(look, look->rest - look->n);
}

static void
on_ftyp(struct nx_media_look *look)
{
	look->facts.type = type_of_brands(look->held, look->n);
	look->facts.typed = true;
	if (nx_media_kind_of(look->facts.type) == NX_MEDIA_KIND_VIDEO)
		pass_rest(look);
	else
		nx_media_next(look, 0, 0, NULL);
}

/* Time scale and duration, of mvhd and mdhd; false: it is too short. */
static bool
read_times(const struct nx_media_look *look, uint32_t *scale,
    uint64_t *duration)
{
	const unsigned char *p = look->held;
	const bool large = p[0] == 1;

	if (large && look->n < TIMES_1)
		return false;
	*scale = nx_be32(p + (large ? 20 : 12));
	*duration = large ? nx_be64(p + 24) : nx_be32(p + 16);
	if (*duration == (large ? UINT64_MAX : UINT32_MAX))
		*duration = 0;		/* "not known" */
	return true;
}

static bool
read_mvhd(struct nx_media_look *look)
{
	uint32_t scale;
	uint64_t duration;

	if (!read_times(look, &scale, &duration))
		return false;
	look->facts.duration_ms = (int64_t)ratio(1000.0 * (double)duration,
	    scale);
	return true;
}

static bool
read_mdhd(struct nx_media_look *look)
{
	return read_times(look, &look->track.scale, &look->track.duration);
}

/* The size as it is shown, 16.16. */
static bool
read_tkhd(struct nx_media_look *look)
{
	const size_t end = look->held[0] == 1 ? TKHD_1 : TKHD_0;

	if (look->n < end)
		return false;
	look->track.width = nx_be32(look->held + end - 8) >> 16;
	look->track.height = nx_be32(look->held + end - 4) >> 16;
	return true;
}

static void
copy_four(char to[5], const unsigned char *p)
{
	for (int i = 0; i < 4; i++)
		to[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
	to[4] = '\0';
}

static bool
read_hdlr(struct nx_media_look *look)
{
	copy_four(look->track.handler, look->held + 8);
	return true;
}

/* The first description: its name and, of pictures, their size. */
static bool
read_stsd(struct nx_media_look *look)
{
	const unsigned char *p = look->held;

	if (nx_be32(p + 4) == 0)
		return true;
	copy_four(look->track.codec, p + 12);
	if (look->n >= 44 && look->track.width == 0)
		look->track.width = nx_be16(p + 40);
	if (look->n >= 44 && look->track.height == 0)
		look->track.height = nx_be16(p + 42);
	return true;
}

static bool
read_stsz(struct nx_media_look *look)
{
	look->track.samples = nx_be32(look->held + 8);
	return true;
}

/* Boxes that are read: by whom, how many bytes at least and at most. */
static const struct leaf {
	uint32_t	 name, parent;
	uint16_t	 least, most;
	bool		(*read)(struct nx_media_look *look);
} leaves[] = {
	{ NX_FOUR('m', 'v', 'h', 'd'), MOOV, TIMES_0, TIMES_1, read_mvhd },
	{ NX_FOUR('t', 'k', 'h', 'd'), TRAK, TKHD_0, TKHD_1, read_tkhd },
	{ NX_FOUR('m', 'd', 'h', 'd'), MDIA, TIMES_0, TIMES_1, read_mdhd },
	{ NX_FOUR('h', 'd', 'l', 'r'), MDIA, 12, 12, read_hdlr },
	{ NX_FOUR('s', 't', 's', 'd'), STBL, 16, 44, read_stsd },
	{ NX_FOUR('s', 't', 's', 'z'), STBL, 12, 12, read_stsz },
	{ NX_FOUR('s', 't', 'z', '2'), STBL, 12, 12, read_stsz },
};

static const struct { uint32_t name, parent; } containers[] = {
	{ MOOV, 0 }, { TRAK, MOOV }, { MDIA, TRAK }, { MINF, MDIA },
	{ STBL, MINF },
};

static const struct leaf *
leaf_of(uint32_t name, uint32_t parent)
{
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		if (leaves[i].name == name && leaves[i].parent == parent)
			return &leaves[i];
	}
	return NULL;
}

static void
on_leaf(struct nx_media_look *look)
{
	const struct leaf *leaf = leaf_of(look->chunk, parent_box(look));

	assert(leaf != NULL);		/* or it would not have been held */
	if (leaf->read(look))
		pass_rest(look);
	else
		nx_media_damaged(look);
}

static bool
is_container(uint32_t name, uint32_t parent)
{
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]);
	    i++) {
		if (containers[i].name == name &&
		    containers[i].parent == parent)
			return true;
	}
	return false;
}

static void
enter_box(struct nx_media_look *look, uint64_t end)
{
	if (look->chunk == TRAK)
		look->track = (struct nx_media_track){ 0 };
	look->boxes[look->depth] = look->chunk;
	look->ends[look->depth++] = end;
	next_box(look, 0);
}

/* What to do with a box of `size` bytes of content, behind `held`. */
static void
read_content(struct nx_media_look *look, uint64_t size)
{
	const uint64_t end = (uint64_t)look->facts.bytes + look->n + size;
	const uint32_t parent = parent_box(look);
	const struct leaf *leaf = leaf_of(look->chunk, parent);

	look->rest = size;
	look->seen_data |= look->chunk == MDAT && look->depth == 0;
	if (size > INT64_MAX / 2 ||
	    (look->depth > 0 && end > look->ends[look->depth - 1]) ||
	    (leaf != NULL && size < leaf->least))
		nx_media_damaged(look);
	else if (leaf != NULL)
		nx_media_next(look, 0, size < leaf->most ? (size_t)size :
		    leaf->most, on_leaf);
	else if (look->chunk == FTYP && !look->facts.typed) {
		if (size < 8 || size > FTYP_MAX)
			nx_media_damaged(look);
		else
			nx_media_next(look, 0, (size_t)size, on_ftyp);
	} else if (is_container(look->chunk, parent) &&
	    !(look->chunk == MOOV && look->facts.has_moov))
		enter_box(look, end);
	else
		next_box(look, size);
}

static void
on_large(struct nx_media_look *look)
{
	const uint64_t size = nx_be64(look->held);

	if (size < HEADER + LARGE)
		nx_media_damaged(look);
	else
		read_content(look, size - HEADER - LARGE);
}

/* Some programs leave rubbish behind a file that is whole. */
static void
end_or_fail(struct nx_media_look *look)
{
	if (look->depth == 0 && look->facts.has_moov && look->seen_data)
		nx_media_done(look);
	else
		nx_media_damaged(look);
}

static bool
is_box_name(const unsigned char *p)
{
	for (int i = 0; i < 4; i++) {
		if ((p[i] < 0x20 || p[i] > 0x7e) && p[i] != 0xa9)
			return false;
	}
	return true;
}

static void
on_box(struct nx_media_look *look)
{
	const uint32_t size = nx_be32(look->held);

	look->chunk = nx_be32(look->held + 4);
	look->open_end = false;
	if (look->chunk != FTYP && !look->facts.typed) {
		look->facts.type = NX_MEDIA_MOV;
		look->facts.typed = true;
	}
	if (!is_box_name(look->held + 4) || (size > 1 && size < HEADER) ||
	    (size == 0 && look->depth > 0))
		end_or_fail(look);
	else if (size == 1)
		nx_media_next(look, 0, LARGE, on_large);
	else if (size > 0)
		read_content(look, size - HEADER);
	else {
		/* to the end of the file (section 4.2) */
		look->seen_data |= look->chunk == MDAT;
		look->open_end = true;
		nx_media_next(look, 0, 0, NULL);
	}
}

void
nx_mp4_begin(struct nx_media_look *look)
{
	next_box(look, 0);
}
