/*
 * exif.c - where a picture was taken, as Exif and XMP tell it, and which way
 * up it is.
 *
 * Exif is a TIFF: a header, then directories of 12-byte entries that point to
 * one another by offsets from the header (TIFF 6.0, section 2; Exif 2.32,
 * section 4.6).  The first directory points to that of GPS.
 */

#include <string.h>

#include "look.h"

enum {
	HEADER = 8, ENTRY = 12, COUNT = 2, NEXT = 4,
	INLINE = 4,		/* values up to so many bytes stand in it */
	ORIENTATION = 0x0112, GPS = 0x8825,
	SHORT = 3,
	PREFIX = 6,		/* "Exif\0\0", which some write into WebP */
	GPS_MAX = 4,		/* looks at directories of it: there is one, and
				 * thousands would take minutes */
};

struct tiff {
	unsigned char	*p;
	size_t		 n;
	bool		 little;
};

static uint32_t
read16(const struct tiff *t, size_t at)
{
	return t->little ? nx_le16(t->p + at) : nx_be16(t->p + at);
}

static uint32_t
read32(const struct tiff *t, size_t at)
{
	return t->little ? nx_le32(t->p + at) : nx_be32(t->p + at);
}

static bool
read_header(struct tiff *t)
{
	if (t->n > PREFIX && memcmp(t->p, "Exif\0", PREFIX) == 0)
		t->p += PREFIX, t->n -= PREFIX;
	if (t->n < HEADER)
		return false;
	t->little = t->p[0] == 'I';
	return (memcmp(t->p, "II", 2) == 0 || memcmp(t->p, "MM", 2) == 0) &&
	    read16(t, 2) == 42;
}

/* How many entries of the directory at `at` are there; 0: it is not. */
static size_t
count_entries(const struct tiff *t, size_t at)
{
	size_t n;

	if (at < HEADER || at + COUNT > t->n)
		return 0;
	n = read16(t, at);
	return n < (t->n - at - COUNT) / ENTRY ? n :
	    (t->n - at - COUNT) / ENTRY;
}

static size_t
entry_at(size_t directory, size_t i)
{
	return directory + COUNT + i * ENTRY;
}

/* Bytes of the value of an entry; types of TIFF and Exif, 1 to 13. */
static uint64_t
value_size(const struct tiff *t, size_t entry)
{
	static const unsigned char sizes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
	    8, 4, 8, 4 };
	const uint32_t type = read16(t, entry + 2);

	return type >= sizeof(sizes) ? 0 :
	    (uint64_t)sizes[type] * read32(t, entry + 4);
}

/* Overwrite what an entry points to, within the block. */
static void
wipe_value(struct tiff *t, size_t entry)
{
	const uint64_t size = value_size(t, entry);
	const size_t at = read32(t, entry + 8);

	if (size > INLINE && at >= HEADER && at < t->n)
		memset(t->p + at, 0, size < t->n - at ? (size_t)size :
		    t->n - at);
}

/* An entry of the version alone says nothing of a place. */
static bool
has_position(const struct tiff *t, size_t directory)
{
	const size_t n = count_entries(t, directory);

	for (size_t i = 0; i < n; i++) {
		if (read16(t, entry_at(directory, i)) != 0)
			return true;
	}
	return false;
}

static void
wipe_directory(struct tiff *t, size_t directory)
{
	const size_t n = count_entries(t, directory);

	for (size_t i = 0; i < n; i++)
		wipe_value(t, entry_at(directory, i));
	if (n > 0)
		memset(t->p + directory, 0, COUNT + n * ENTRY);
}

/* Entry `i` of `n` leaves: the others, and the next directory, move up. */
static void
remove_entry(struct tiff *t, size_t directory, size_t i, size_t n)
{
	const size_t from = entry_at(directory, i + 1);
	size_t end = entry_at(directory, n);

	if (end + NEXT <= t->n)
		end += NEXT;
	memmove(t->p + from - ENTRY, t->p + from, end - from);
	memset(t->p + end - ENTRY, 0, ENTRY);
	t->p[directory + (t->little ? 0 : 1)] = (unsigned char)((n - 1) & 255);
	t->p[directory + (t->little ? 1 : 0)] = (unsigned char)((n - 1) >> 8);
}

static void
read_orientation(struct nx_media_look *look, const struct tiff *t,
    size_t entry)
{
	const uint32_t value = read16(t, entry + 8);

	if (read16(t, entry + 2) == SHORT && value >= 1 && value <= 8 &&
	    look->facts.orientation == 0 && !look->tail)
		look->facts.orientation = (int)value;
}

/* True: it was taken out. */
static bool
read_gps(struct nx_media_look *look, struct tiff *t, size_t directory,
    size_t i)
{
	const size_t n = count_entries(t, directory);
	const size_t gps = read32(t, entry_at(directory, i) + 8);

	if (!has_position(t, gps))
		return false;
	look->facts.location = true;
	if (!look->cuts)
		return false;
	wipe_directory(t, gps);
	remove_entry(t, directory, i, n);
	return true;
}

bool
nx_exif_read(struct nx_media_look *look, unsigned char *p, size_t n)
{
	struct tiff t = { .p = p, .n = n };
	bool changed = false;
	size_t first;
	int looks = 0;

	if (!read_header(&t))
		return false;
	first = read32(&t, 4);
	for (size_t i = 0; i < count_entries(&t, first);) {
		const uint32_t tag = read16(&t, entry_at(first, i));
		bool removed = false;

		if (tag == ORIENTATION)
			read_orientation(look, &t, entry_at(first, i));
		else if (tag == GPS && looks++ == GPS_MAX) {
			nx_media_unheld(look);
			break;
		} else if (tag == GPS)
			removed = read_gps(look, &t, first, i);
		changed |= removed;
		i = removed ? 0 : i + 1;	/* directories may overlap */
	}
	return changed;
}

static size_t
skip_space(const unsigned char *p, size_t at, size_t n)
{
	while (at < n && (p[at] == ' ' || (p[at] >= '\t' && p[at] <= '\r')))
		at++;
	return at;
}

/* From `at` on, behind the name: where its value begins, and what ends it. */
static size_t
find_value(const unsigned char *p, size_t at, size_t n, unsigned char *ends)
{
	at = skip_space(p, at, n);
	if (at < n && p[at] == '=') {
		at = skip_space(p, at + 1, n);
		*ends = at < n ? p[at] : '\0';
		return at + 1;
	}
	*ends = at < n && p[at] == '>' ? '<' : '\0';
	return at + 1;
}

/*
 * exif:GPS... as an attribute, ="value", or as an element, >value<.  Its value
 * becomes white space.
 */
bool
nx_xmp_read(struct nx_media_look *look, unsigned char *p, size_t n)
{
	static const char name[] = "exif:GPS";
	const size_t len = sizeof(name) - 1;
	const unsigned char *found;
	bool changed = false;
	size_t at = 0;
	unsigned char ends;

	/* Where nothing is cut, one place says it all. */
	while ((look->cuts || !look->facts.location) &&
	    (found = memmem(p + at, n - at, name, len)) != NULL) {
		at = (size_t)(found - p) + len;
		while (at < n && nx_is_alnum(p[at]))
			at++;
		for (size_t i = find_value(p, at, n, &ends); ends != '\0' &&
		    i < n && p[i] != ends; i++) {
			look->facts.location |= p[i] != ' ';
			changed |= look->cuts && p[i] != ' ';
			if (look->cuts)
				p[i] = ' ';
		}
	}
	return changed;
}
