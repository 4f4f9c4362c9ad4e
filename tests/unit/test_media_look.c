/* test_media_look.c - files, told by their bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/media.h"
#include "media_files.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const size_t steps[] = { 1, 2, 3, 7, 61, 64, 1000, FILE_MAX };

/* All of it, `step` bytes at a time. */
static struct nx_media_facts
facts_of(struct nx_slice file, size_t step)
{
	struct nx_media_look *look = nx_media_look_new(false);
	struct nx_media_facts facts;

	assert_non_null(look);
	while (file.n > 0) {
		const size_t n = step < file.n ? step : file.n;

		nx_media_take(look, nx_slice_head(file, n));
		file = nx_slice_tail(file, n);
	}
	nx_media_end(look);
	facts = *nx_media_facts(look);
	nx_media_look_free(look);
	return facts;
}

static void
drain(struct nx_media_look *look, struct nx_slice in, size_t room,
    struct nx_buf *out)
{
	char space[1000];
	size_t n;

	do {
		n = nx_media_cut(look, &in, space, room < sizeof(space) ?
		    room : sizeof(space));
		nx_buf_add(out, space, n);
	} while (n > 0 || in.n > 0);
}

/* What comes out when the location is cut. */
static struct nx_media_facts
cut_out(struct nx_slice file, size_t step, struct nx_buf *out)
{
	struct nx_media_look *look = nx_media_look_new(true);
	struct nx_media_facts facts;

	assert_non_null(look);
	while (file.n > 0) {
		const size_t n = step < file.n ? step : file.n;

		drain(look, nx_slice_head(file, n), step, out);
		file = nx_slice_tail(file, n);
	}
	nx_media_end(look);
	drain(look, (struct nx_slice){ NULL, 0 }, step, out);
	facts = *nx_media_facts(look);
	nx_media_look_free(look);
	return facts;
}

static void
same_facts(const struct nx_media_facts *a, const struct nx_media_facts *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->typed, b->typed);
	assert_int_equal(a->whole, b->whole);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->damaged_at, b->damaged_at);
	assert_int_equal(a->width, b->width);
	assert_int_equal(a->height, b->height);
	assert_int_equal(a->orientation, b->orientation);
	assert_int_equal(a->location, b->location);
	assert_int_equal(a->frames, b->frames);
	assert_int_equal(a->has_moov, b->has_moov);
	assert_int_equal(a->has_video, b->has_video);
	assert_int_equal(a->duration_ms, b->duration_ms);
	assert_int_equal(a->frames_per_1000_s, b->frames_per_1000_s);
	assert_string_equal(a->codec, b->codec);
	assert_string_equal(a->audio, b->audio);
}

/* The same however it is divided. */
static struct nx_media_facts
look_at(const struct nx_buf *file)
{
	struct nx_media_facts whole = facts_of(nx_buf_slice(file), FILE_MAX);

	assert_true(nx_buf_ok(file));
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct nx_media_facts part = facts_of(nx_buf_slice(file),
		    steps[i]);

		same_facts(&whole, &part);
	}
	assert_true(whole.typed);
	assert_int_equal(whole.bytes, file->n);
	return whole;
}

/* Each kind of file that X takes, with all that may be in it. */
struct sample {
	void			(*make)(struct nx_buf *out, unsigned int how);
	unsigned int		 how;
	enum nx_media_type	 type;
	bool			 has_location;
};

static struct nx_slice
made(void (*make)(struct nx_buf *, unsigned int), struct nx_buf *out,
    unsigned int what)
{
	nx_buf_reset(out);
	make(out, what);
	return nx_buf_slice(out);
}

static void
make_xmp(struct nx_buf *out, unsigned int what)
{
	(void)what;
	file_xmp(out, "51,30.1234N");
}

static void
make_png(struct nx_buf *out, unsigned int how)
{
	struct nx_buf exif = NX_BUF(1000), xmp = NX_BUF(1000);

	file_png(out, &(struct png){ .width = 640, .height = 480,
	    .exif = how == 0 ? NX_SLICE("") : made(file_exif, &exif, how),
	    .xmp = how == 0 ? NX_SLICE("") : made(make_xmp, &xmp, 0) });
	nx_buf_free(&exif);
	nx_buf_free(&xmp);
}

static void
make_jpeg(struct nx_buf *out, unsigned int how)
{
	struct nx_buf exif = NX_BUF(1000), xmp = NX_BUF(1000);

	file_jpeg(out, &(struct jpeg){ .width = 640, .height = 480,
	    .progressive = how % 2 != 0,
	    .exif = how == 0 ? NX_SLICE("") : made(file_exif, &exif, how),
	    .xmp = how == 0 ? NX_SLICE("") : made(make_xmp, &xmp, 0) });
	nx_buf_free(&exif);
	nx_buf_free(&xmp);
}

/* A telephone's: another picture, with its own Exif, behind the first. */
static void
make_two_jpegs(struct nx_buf *out, unsigned int how)
{
	make_jpeg(out, 0);
	nx_buf_add(out, "rubbish \xff\xe1\xff\xff between", 21);
	make_jpeg(out, how);
	nx_buf_adds(out, "rubbish behind");
}

static void
make_webp(struct nx_buf *out, unsigned int how)
{
	struct nx_buf exif = NX_BUF(1000), xmp = NX_BUF(1000);
	const bool plain = how < WEBP_EXTENDED;

	file_webp(out, plain ? (enum webp)how : WEBP_EXTENDED, 640, 480,
	    plain ? NX_SLICE("") : made(file_exif, &exif, how),
	    plain ? NX_SLICE("") : made(make_xmp, &xmp, 0));
	nx_buf_free(&exif);
	nx_buf_free(&xmp);
}

static void
make_gif(struct nx_buf *out, unsigned int how)
{
	file_gif(out, 640, 480, (int)how);
}

enum { BEHIND = 1, LARGE = 2, OLD = 4, QUICKTIME = 8 };

static void
make_mp4(struct nx_buf *out, unsigned int how)
{
	file_mp4(out, &(struct mp4){ .brands = (how & OLD) != 0 ? NULL :
	    (how & QUICKTIME) != 0 ? "qt  0000qt  " :
	    "isom0000isomiso2avc1mp41", .codec = "avc1", .width = 640,
	    .height = 480, .samples = 60, .duration_ms = 2000,
	    .behind = (how & BEHIND) != 0, .large = (how & LARGE) != 0 });
}

#define FULL (EXIF_GPS | EXIF_TURNED)
static const struct sample samples[] = {
	{ make_png, 0, NX_MEDIA_PNG, false },
	{ make_png, FULL, NX_MEDIA_PNG, true },
	{ make_png, FULL | EXIF_LITTLE | EXIF_GPS_FIRST, NX_MEDIA_PNG, true },
	{ make_jpeg, 0, NX_MEDIA_JPEG, false },
	{ make_jpeg, FULL, NX_MEDIA_JPEG, true },
	{ make_jpeg, FULL | EXIF_LITTLE, NX_MEDIA_JPEG, true },
	{ make_jpeg, FULL | EXIF_GPS_FIRST, NX_MEDIA_JPEG, true },
	{ make_webp, WEBP_LOSSY, NX_MEDIA_WEBP, false },
	{ make_webp, WEBP_LOSSLESS, NX_MEDIA_WEBP, false },
	{ make_webp, FULL, NX_MEDIA_WEBP, true },
	{ make_webp, FULL | EXIF_LITTLE | EXIF_NAMED, NX_MEDIA_WEBP, true },
	{ make_gif, 1, NX_MEDIA_GIF, false },
	{ make_gif, 17, NX_MEDIA_GIF, false },
	{ make_mp4, 0, NX_MEDIA_MP4, false },
	{ make_mp4, BEHIND, NX_MEDIA_MP4, false },
	{ make_mp4, LARGE, NX_MEDIA_MP4, false },
	{ make_mp4, QUICKTIME | BEHIND, NX_MEDIA_MOV, false },
	{ make_mp4, OLD, NX_MEDIA_MOV, false },
};

static void
sees_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct nx_buf file = NX_BUF(FILE_MAX);
		struct nx_media_facts facts;

		samples[i].make(&file, samples[i].how);
		facts = look_at(&file);
		assert_int_equal(facts.type, samples[i].type);
		assert_int_equal(facts.whole, NX_MEDIA_WHOLE);
		assert_int_equal(facts.width, 640);
		assert_int_equal(facts.height, 480);
		assert_int_equal(facts.location, samples[i].has_location);
		assert_int_equal(facts.orientation,
		    samples[i].has_location ? 6 : 0);
		nx_buf_free(&file);
	}
}

static void
sees_frames(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX);
	struct nx_media_facts facts;

	(void)state;
	file_gif(&file, 7, 9, 351);
	facts = look_at(&file);
	assert_int_equal(facts.frames, 351);
	nx_buf_free(&file);
}

static void
sees_how_a_video_is_coded(void **state)
{
	for (unsigned int how = 0; how <= (BEHIND | LARGE | OLD); how++) {
		struct nx_buf file = NX_BUF(FILE_MAX);
		struct nx_media_facts facts;

		(void)state;
		make_mp4(&file, how);
		facts = look_at(&file);
		assert_true(facts.has_moov);
		assert_true(facts.has_video);
		assert_string_equal(facts.codec, "avc1");
		assert_string_equal(facts.audio, "mp4a");
		assert_int_equal(facts.duration_ms, 2000);
		assert_int_equal(facts.frames_per_1000_s, 30000);
		nx_buf_free(&file);
	}
}

/* Before its index has come, nothing of a video is told. */
static void
says_what_it_has_not_seen(void **state)
{
	struct nx_media_look *look = nx_media_look_new(false);
	struct nx_buf file = NX_BUF(FILE_MAX);

	(void)state;
	make_mp4(&file, BEHIND);
	nx_media_take(look, nx_slice_head(nx_buf_slice(&file), 900));
	assert_true(nx_media_facts(look)->typed);
	assert_false(nx_media_facts(look)->has_moov);
	assert_int_equal(nx_media_facts(look)->width, 0);
	assert_int_equal(nx_media_facts(look)->whole, NX_MEDIA_GOES_ON);
	nx_media_take(look, nx_slice_tail(nx_buf_slice(&file), 900));
	assert_true(nx_media_facts(look)->has_moov);
	assert_int_equal(nx_media_facts(look)->width, 640);
	nx_media_look_free(look);
	nx_buf_free(&file);
}

static void
takes_what_runs_to_the_end(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX);
	struct mp4 m = { .brands = "mp420000", .codec = "hvc1", .width = 1,
	    .height = 1, .samples = 1, .duration_ms = 1000,
	    .open_end = true };
	struct nx_media_facts facts;

	(void)state;
	file_mp4(&file, &m);
	facts = look_at(&file);
	assert_int_equal(facts.whole, NX_MEDIA_WHOLE);
	assert_string_equal(facts.codec, "hvc1");
	nx_buf_free(&file);
}

/* A video without its pictures, or without its index, is not whole. */
static bool
is_complete(const struct nx_media_facts *facts)
{
	return facts->whole == NX_MEDIA_WHOLE &&
	    (nx_media_kind_of(facts->type) != NX_MEDIA_KIND_VIDEO ||
	    facts->has_video);
}

static void
sees_what_is_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct nx_buf file = NX_BUF(FILE_MAX);

		samples[i].make(&file, samples[i].how);
		for (size_t n = 0; n < file.n; n++) {
			struct nx_media_facts facts = facts_of(
			    nx_slice_head(nx_buf_slice(&file), n), 50);

			assert_false(is_complete(&facts));
			assert_int_not_equal(facts.whole, NX_MEDIA_DAMAGED);
			assert_int_equal(facts.bytes, n);
		}
		nx_buf_free(&file);
	}
}

static bool
holds(struct nx_slice s, const char *what, size_t n)
{
	return memmem(s.p, s.n, what, n) != NULL;
}

/* The seconds of the position, as Exif and XMP have them. */
static bool
tells_the_place(struct nx_slice s)
{
	return holds(s, "\0\0\x04\xd2", 4) || holds(s, "\xd2\x04\0\0", 4) ||
	    holds(s, "51,30", 5);
}

static void
cuts_the_location(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct nx_buf file = NX_BUF(FILE_MAX);
		struct nx_media_facts facts;

		samples[i].make(&file, samples[i].how);
		assert_int_equal(tells_the_place(nx_buf_slice(&file)),
		    samples[i].has_location);
		for (size_t k = 0; k < COUNT(steps); k++) {
			struct nx_buf out = NX_BUF(FILE_MAX);

			facts = cut_out(nx_buf_slice(&file), steps[k], &out);
			assert_int_equal(out.n, file.n);
			assert_int_equal(facts.location,
			    samples[i].has_location);
			assert_false(facts.location_kept);
			assert_false(tells_the_place(nx_buf_slice(&out)));
			if (!samples[i].has_location)
				assert_memory_equal(out.p, file.p, file.n);
			facts.location = false;
			same_facts(&facts, &(struct nx_media_facts[]){
			    look_at(&out) }[0]);
			nx_buf_free(&out);
		}
		nx_buf_free(&file);
	}
}

/* What is beside the position stays: other entries, other words, the rest. */
static void
cuts_nothing_else(void **state)
{
	struct nx_buf was = NX_BUF(FILE_MAX), is = NX_BUF(FILE_MAX),
	    out = NX_BUF(FILE_MAX);
	struct nx_buf exif = NX_BUF(1000), xmp = NX_BUF(1000);

	(void)state;
	file_exif(&exif, EXIF_GPS | EXIF_TURNED);
	file_jpeg(&was, &(struct jpeg){ .width = 9, .height = 9,
	    .exif = nx_buf_slice(&exif) });
	(void)cut_out(nx_buf_slice(&was), 100, &out);
	/* one without it, as long by zeros */
	nx_buf_reset(&exif);
	file_exif(&exif, EXIF_TURNED);
	for (int i = 12 + 2 + 5 * 12 + 4 + 48; i > 0; i--)
		nx_buf_addc(&exif, '\0');
	file_jpeg(&is, &(struct jpeg){ .width = 9, .height = 9,
	    .exif = nx_buf_slice(&exif) });
	assert_int_equal(out.n, is.n);
	assert_memory_equal(out.p, is.p, is.n);

	nx_buf_reset(&was);
	nx_buf_reset(&is);
	nx_buf_reset(&out);
	file_xmp(&xmp, "51,30.1234N");
	file_webp(&was, WEBP_EXTENDED, 9, 9, NX_SLICE(""),
	    nx_buf_slice(&xmp));
	(void)cut_out(nx_buf_slice(&was), 100, &out);
	nx_buf_reset(&xmp);
	file_xmp(&xmp, "           ");
	file_webp(&is, WEBP_EXTENDED, 9, 9, NX_SLICE(""),
	    nx_buf_slice(&xmp));
	assert_int_equal(out.n, is.n);
	assert_memory_equal(out.p, is.p, is.n);
	nx_buf_free(&was);
	nx_buf_free(&is);
	nx_buf_free(&out);
	nx_buf_free(&exif);
	nx_buf_free(&xmp);
}

static void
cuts_behind_the_first_picture(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX), out = NX_BUF(FILE_MAX);
	struct nx_media_facts facts;

	(void)state;
	make_two_jpegs(&file, EXIF_GPS | EXIF_TURNED);
	facts = look_at(&file);
	assert_int_equal(facts.whole, NX_MEDIA_WHOLE);
	assert_true(facts.location);
	assert_int_equal(facts.orientation, 0);	/* of the first one */
	(void)cut_out(nx_buf_slice(&file), 100, &out);
	assert_int_equal(out.n, file.n);
	assert_false(tells_the_place(nx_buf_slice(&out)));
	nx_buf_free(&file);
	nx_buf_free(&out);
}

/* A GPS directory that holds its version alone tells no place. */
static void
a_version_is_no_place(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX), exif = NX_BUF(1000);

	(void)state;
	file_exif(&exif, EXIF_VERSION | EXIF_TURNED);
	file_jpeg(&file, &(struct jpeg){ .width = 9, .height = 9,
	    .exif = nx_buf_slice(&exif) });
	assert_false(look_at(&file).location);
	nx_buf_free(&file);
	nx_buf_free(&exif);
}

/* What is too long to be looked through is not passed off as clean. */
static void
says_what_it_could_not_cut(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX), exif = NX_BUF(FILE_MAX),
	    out = NX_BUF(FILE_MAX);
	struct nx_media_facts facts;

	(void)state;
	file_exif(&exif, EXIF_GPS);
	while (exif.n < 70000)
		nx_buf_addc(&exif, 'x');
	file_png(&file, &(struct png){ .width = 9, .height = 9,
	    .exif = nx_buf_slice(&exif) });
	facts = cut_out(nx_buf_slice(&file), 5000, &out);
	assert_true(facts.location_kept);
	assert_int_equal(facts.whole, NX_MEDIA_WHOLE);
	assert_int_equal(out.n, file.n);
	assert_memory_equal(out.p, file.p, file.n);
	assert_true(look_at(&file).location);
	nx_buf_free(&file);
	nx_buf_free(&exif);
	nx_buf_free(&out);
}

/* XMP over 64 KiB, as editors write it that keep a history in it. */
static void
says_that_long_words_stay(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX), xmp = NX_BUF(FILE_MAX),
	    out = NX_BUF(FILE_MAX);

	(void)state;
	while (xmp.n < 70000)
		nx_buf_addc(&xmp, ' ');
	file_xmp(&xmp, "51,30.1234N");
	file_png(&file, &(struct png){ .width = 9, .height = 9,
	    .xmp = nx_buf_slice(&xmp) });
	assert_true(cut_out(nx_buf_slice(&file), 5000, &out).location_kept);
	assert_true(look_at(&file).location);
	/* a comment as long is no XMP */
	memcpy(memmem(file.p, file.n, "adobe", 5), "abode", 5);
	nx_buf_reset(&out);
	assert_false(cut_out(nx_buf_slice(&file), 5000, &out).location_kept);
	assert_false(look_at(&file).location);
	assert_int_equal(look_at(&file).whole, NX_MEDIA_WHOLE);
	nx_buf_free(&file);
	nx_buf_free(&xmp);
	nx_buf_free(&out);
}

/*
 * Directories of GPS without end: each look at one, and each that is taken
 * out, would be a walk over all.
 */
static void
gives_up_on_many_places(void **state)
{
	static const char none[] = "\0\0\0\0\0\0\0\0\0\0\0\0";
	static const char gps[] = "\x25\x88\4\0\1\0\0\0";
	enum { ENTRIES = 1500, AT = 8 + 2 + 12 * ENTRIES + 4 };
	struct nx_buf file = NX_BUF(FILE_MAX), exif = NX_BUF(FILE_MAX),
	    out = NX_BUF(FILE_MAX);

	(void)state;
	nx_buf_add(&exif, "II*\0\x08\0\0\0\xdc\x05", 10);
	for (int i = 0; i < ENTRIES; i++) {
		const int at = i % 2 == 0 ? AT : AT + 2 + 12 * ENTRIES +
		    14 * (i / 2);

		nx_buf_add(&exif, gps, 8);
		nx_buf_addc(&exif, (char)(at & 255));
		nx_buf_addc(&exif, (char)(at >> 8));
		nx_buf_add(&exif, "\0", 2);
	}
	nx_buf_add(&exif, "\0\0\0\0\xdc\x05", 6);
	for (int i = 0; i < ENTRIES; i++)
		nx_buf_add(&exif, none, 12);
	for (int i = 0; i < ENTRIES / 2; i++) {
		nx_buf_add(&exif, "\1\0\1\0", 4);
		nx_buf_add(&exif, none, 10);
	}
	file_jpeg(&file, &(struct jpeg){ .width = 9, .height = 9,
	    .exif = nx_buf_slice(&exif) });
	assert_true(cut_out(nx_buf_slice(&file), 5000, &out).location_kept);
	assert_true(look_at(&file).location);
	nx_buf_free(&file);
	nx_buf_free(&exif);
	nx_buf_free(&out);
}

/* White space around the sign is XML as well. */
static void
cuts_what_stands_apart(void **state)
{
	static const char *const positions[] = {
		"exif:GPSLatitude = \"51,30.1234N\"",
		"exif:GPSLatitude\n=\t'51,30.1234N'",
		"<exif:GPSLatitude >51,30.1234N</exif:GPSLatitude>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(positions); i++) {
		struct nx_buf file = NX_BUF(FILE_MAX), out = NX_BUF(FILE_MAX);

		file_webp(&file, WEBP_EXTENDED, 9, 9, NX_SLICE(""),
		    nx_slice_str(positions[i]));
		assert_true(look_at(&file).location);
		(void)cut_out(nx_buf_slice(&file), 100, &out);
		assert_int_equal(out.n, file.n);
		assert_false(tells_the_place(nx_buf_slice(&out)));
		nx_buf_free(&file);
		nx_buf_free(&out);
	}
}

/* The file ends, as its length says, behind a chunk of odd length. */
static void
misses_no_padding(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX);

	(void)state;
	for (int words = 0; words < 2; words++) {
		nx_buf_reset(&file);
		file_webp(&file, words ? WEBP_EXTENDED : WEBP_LOSSY, 9, 9,
		    NX_SLICE(""), words ? NX_SLICE("odd") : NX_SLICE(""));
		file.n--;
		file.p[4]--;
		assert_int_equal(look_at(&file).whole, NX_MEDIA_WHOLE);
		file.n--;
		assert_int_equal(look_at(&file).whole, NX_MEDIA_CUT_SHORT);
	}
	nx_buf_free(&file);
}

#define BYTES(s) { s, sizeof(s) - 1 }
#define FTYP(brands) "\0\0\0\x1c" "ftyp" brands "....................."

static void
knows_others_by_name(void **state)
{
	static const struct {
		struct nx_slice		 bytes;
		enum nx_media_type	 type;
	} cases[] = {
		{ BYTES(""), NX_MEDIA_UNKNOWN },
		{ BYTES("plain words"), NX_MEDIA_UNKNOWN },
		{ BYTES("\0\0\0\0\0\0\0\0\0\0"), NX_MEDIA_UNKNOWN },
		{ BYTES("%PDF-1.7\n"), NX_MEDIA_PDF },
		{ BYTES("PK\3\4rest"), NX_MEDIA_ZIP },
		{ BYTES("PK\5\6rest"), NX_MEDIA_ZIP },
		{ BYTES("II*\0rest"), NX_MEDIA_TIFF },
		{ BYTES("MM\0*rest"), NX_MEDIA_TIFF },
		{ BYTES("BM1234\0\0\0\0rest"), NX_MEDIA_BMP },
		{ BYTES("BMW is no picture"), NX_MEDIA_UNKNOWN },
		{ BYTES("\x1a\x45\xdf\xa3rest"), NX_MEDIA_WEBM },
		{ BYTES("<svg xmlns='http://www.w3.org/2000/svg'/>"),
		    NX_MEDIA_SVG },
		{ BYTES("\xef\xbb\xbf\r\n <?xml version='1.0'?><svg/>"),
		    NX_MEDIA_SVG },
		{ BYTES("<!DOCTYPE html><title>x</title>"), NX_MEDIA_HTML },
		{ BYTES("\n<HTML>"), NX_MEDIA_HTML },
		{ BYTES(FTYP("heic0000mif1heic")), NX_MEDIA_HEIC },
		{ BYTES(FTYP("mif10000heicmif1")), NX_MEDIA_HEIC },
		{ BYTES(FTYP("avif0000mif1avif")), NX_MEDIA_AVIF },
		{ BYTES(FTYP("mif10000mif1avif")), NX_MEDIA_AVIF },
		{ BYTES(FTYP("M4A 0000M4A crx ")), NX_MEDIA_UNKNOWN },
		{ BYTES("\x89PNG\r\n"), NX_MEDIA_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step < 100; step += 7)
			assert_int_equal(facts_of(cases[i].bytes, step).type,
			    cases[i].type);
	}
}

static void
knows_what_moves(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX);

	(void)state;
	file_png(&file, &(struct png){ .width = 9, .height = 9,
	    .moving = true });
	assert_int_equal(look_at(&file).type, NX_MEDIA_APNG);
	nx_buf_reset(&file);
	file_webp(&file, WEBP_MOVING, 9, 9, NX_SLICE(""), NX_SLICE(""));
	assert_int_equal(look_at(&file).type, NX_MEDIA_WEBP_MOVING);
	nx_buf_free(&file);
}

/* Files that break their format, and ones that name any size they like. */
static void
sees_damage(void **state)
{
	static const struct nx_slice cases[] = {
		BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT0123456789abc0123"),
		BYTES("\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR0123456789abc"),
		BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0\0\0\0\1....."
		    "0123"),
		BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1....."
		    "0123\0\0\0\0IEND0123"),
		BYTES("\xff\xd8\xff\xd9"),
		BYTES("\xff\xd8\xff\xe0\0\1"),
		BYTES("\xff\xd8\xff\xe0\0\2no"),
		BYTES("\xff\xd8\xff\x01\xff\x00"),
		BYTES("\xff\xd8\xff\xda\0\2"),
		BYTES("\xff\xd8\xff\xc0\0\7\x08\0\0\0\0\1"),
		BYTES("\xff\xd8\xff\xc0\0\x08\x08\0\0\0\1\1"),
		BYTES("\xff\xd8\xff\xd8"),
		BYTES("GIF89a\0\0\1\0\0\0\0"),
		BYTES("GIF89a\1\0\1\0\0\0\0;"),
		BYTES("GIF89a\1\0\1\0\0\0\0?"),
		BYTES("GIF89a\1\0\1\0\0\0\0,\0\0\0\0\0\0\1\0\0"),
		BYTES("RIFF\4\0\0\0WEBP"),
		BYTES("RIFF\x20\0\0\0WEBPVP8 \xff\0\0\0"),
		BYTES("RIFF\x20\0\0\0WEBPICCP\x0a\0\0\0" "0123456789"),
		BYTES("RIFF\x20\0\0\0WEBPVP8L\x0a\0\0\0" "0123456789"),
		BYTES("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		BYTES("\0\0\0\4ftyp"),
		BYTES("\0\0\0\x0c" "ftypisom"),
		BYTES("\0\0\0\1ftyp\0\0\0\0\0\0\0\x0f"),
		BYTES("\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff"),
		BYTES("\0\0\0\x10moov\0\0\0\x10trak"),
		BYTES("\0\0\0\x10moov\0\0\0\0trak"),
		BYTES("\0\0\0\x14moov\0\0\0\x0cmvhd...."),
		BYTES("\0\0\0\x08wide\0\0\0\x08\1\2\3\4"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_media_facts one = facts_of(cases[i], 1);
		struct nx_media_facts all = facts_of(cases[i], FILE_MAX);

		assert_int_equal(one.whole, NX_MEDIA_DAMAGED);
		assert_true(one.damaged_at <= (int64_t)cases[i].n);
		same_facts(&one, &all);
	}
}

/* What a command of the shell says, from the end that is returned. */
static FILE *
say_it(const char *command, pid_t *child)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*child = fork();
	assert_true(*child >= 0);
	if (*child == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	return fdopen(ends[0], "r");
}

/* The first line that a command says; "" when there is none. */
static const char *
said(const char *dir, const char *command)
{
	static char line[400];
	char whole[1000];
	pid_t child;
	FILE *out;

	(void)snprintf(whole, sizeof(whole), "cd %s && %s 2>/dev/null", dir,
	    command);
	out = say_it(whole, &child);
	assert_non_null(out);
	if (fgets(line, sizeof(line), out) == NULL)
		line[0] = '\0';
	while (fgetc(out) != EOF)
		;
	(void)fclose(out);
	assert_int_equal(waitpid(child, NULL, 0), child);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void
read_file(const char *dir, const char *name, struct nx_buf *out)
{
	char path[200], chunk[4096];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	nx_buf_reset(out);
	f = fopen(path, "rb");
	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		nx_buf_add(out, chunk, n);
	(void)fclose(f);
}

static void
write_file(const char *dir, const char *name, const struct nx_buf *in)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(in->p, 1, in->n, f), in->n);
	assert_int_equal(fclose(f), 0);
}

/* They take seconds, so they are asked for (CONTRIBUTING.md). */
static bool
has_programs(void)
{
	return getenv("NX_MEDIA_TOOLS") != NULL &&
	    said("/", "command -v ffmpeg")[0] != '\0' &&
	    said("/", "command -v exiftool")[0] != '\0';
}

#define DRAW "ffmpeg -v error -threads 1 -f lavfi " \
	"-i testsrc=size=320x240:rate=30:duration=1 -threads 1 "
#define PLACE "exiftool -q -overwrite_original -Orientation#=6 " \
	"-EXIF:GPSLatitude=51.5 -EXIF:GPSLatitudeRef=N " \
	"-EXIF:GPSLongitude=7.25 -EXIF:GPSLongitudeRef=E " \
	"-XMP-exif:GPSLatitude=51.5 -XMP-dc:Title=kept "

/* Files as common programs write them, read as exiftool reads them. */
static void
agrees_about_pictures(void **state)
{
	static const struct { const char *name, *make; } pictures[] = {
		{ "a.png", DRAW "-frames:v 1 a.png; " PLACE "a.png" },
		{ "a.jpg", DRAW "-frames:v 1 a.jpg; " PLACE "a.jpg" },
		{ "a.webp", DRAW "-frames:v 1 -c:v libwebp a.webp; " PLACE
		    "a.webp" },
	};
	char dir[] = "/tmp/nx-media-XXXXXX", ask[200];
	struct nx_buf file = NX_BUF(8 * FILE_MAX), out = NX_BUF(8 * FILE_MAX);

	(void)state;
	if (!has_programs())
		skip();
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(pictures); i++) {
		const char *name = pictures[i].name;
		struct nx_media_facts facts;

		(void)said(dir, pictures[i].make);
		(void)snprintf(ask, sizeof(ask), "exiftool -n -s3 -p "
		    "'$ImageWidth $ImageHeight $GPSLatitude' %s", name);
		assert_string_equal(said(dir, ask), "320 240 51.5");
		read_file(dir, name, &file);
		nx_buf_reset(&out);
		facts = cut_out(nx_buf_slice(&file), 1000, &out);
		assert_int_equal(facts.whole, NX_MEDIA_WHOLE);
		assert_int_equal(facts.width, 320);
		assert_int_equal(facts.height, 240);
		assert_int_equal(facts.orientation, 6);
		assert_true(facts.location);
		write_file(dir, name, &out);
		(void)snprintf(ask, sizeof(ask), "exiftool -s -G -a %s | grep"
		    " -ci 'gps.*[1-9]'", name);
		assert_string_equal(said(dir, ask), "0");
		(void)snprintf(ask, sizeof(ask), "exiftool -n -s3 -p "
		    "'$ImageWidth $Orientation $Title' %s", name);
		assert_string_equal(said(dir, ask), "320 6 kept");
		(void)snprintf(ask, sizeof(ask), "exiftool -s3 -Warning "
		    "-Error %s", name);
		assert_string_equal(said(dir, ask), "");
		(void)snprintf(ask, sizeof(ask), "ffmpeg -v error -i %s -f"
		    " null - 2>&1", name);
		assert_string_equal(said(dir, ask), "");
	}
	(void)snprintf(ask, sizeof(ask), "rm -rf %s", dir);
	(void)said("/", ask);
	nx_buf_free(&file);
	nx_buf_free(&out);
}

static void
agrees_about_films(void **state)
{
	static const struct {
		const char		*make;
		enum nx_media_type	 type;
		int64_t			 frames, rate;
		const char		*codec;
	} films[] = {
		{ DRAW "-c:v libx264 -pix_fmt yuv420p -f mp4 a",
		    NX_MEDIA_MP4, 0, 30000, "avc1" },
		{ DRAW "-c:v libx264 -r 60 -movflags +faststart -f mp4 a",
		    NX_MEDIA_MP4, 0, 60000, "avc1" },
		{ DRAW "-c:v mpeg4 -f mov a", NX_MEDIA_MOV, 0, 30000,
		    "mp4v" },
		{ DRAW "-frames:v 17 -f gif a", NX_MEDIA_GIF, 17, 0, "" },
		{ DRAW "-f webm -c:v libvpx a", NX_MEDIA_WEBM, 0, 0, "" },
		{ DRAW "-f apng a", NX_MEDIA_APNG, 0, 0, "" },
		{ DRAW "-f webp -c:v libwebp a", NX_MEDIA_WEBP_MOVING, 0, 0,
		    "" },
	};
	char dir[] = "/tmp/nx-media-XXXXXX", ask[200];
	struct nx_buf file = NX_BUF(8 * FILE_MAX);

	(void)state;
	if (!has_programs())
		skip();
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(films); i++) {
		struct nx_media_facts facts;

		(void)said(dir, films[i].make);
		read_file(dir, "a", &file);
		facts = look_at(&file);
		assert_int_equal(facts.type, films[i].type);
		assert_int_equal(facts.frames, films[i].frames);
		assert_int_equal(facts.frames_per_1000_s, films[i].rate);
		assert_string_equal(facts.codec, films[i].codec);
		if (nx_media_kind_of(facts.type) == NX_MEDIA_KIND_VIDEO) {
			assert_int_equal(facts.whole, NX_MEDIA_WHOLE);
			assert_int_equal(facts.width, 320);
			assert_int_equal(facts.duration_ms, 1000);
		}
		(void)said(dir, "rm a");
	}
	(void)snprintf(ask, sizeof(ask), "rm -rf %s", dir);
	(void)said("/", ask);
	nx_buf_free(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_each_kind),
		cmocka_unit_test(sees_frames),
		cmocka_unit_test(sees_how_a_video_is_coded),
		cmocka_unit_test(says_what_it_has_not_seen),
		cmocka_unit_test(takes_what_runs_to_the_end),
		cmocka_unit_test(sees_what_is_cut_short),
		cmocka_unit_test(cuts_the_location),
		cmocka_unit_test(cuts_nothing_else),
		cmocka_unit_test(cuts_behind_the_first_picture),
		cmocka_unit_test(a_version_is_no_place),
		cmocka_unit_test(says_what_it_could_not_cut),
		cmocka_unit_test(says_that_long_words_stay),
		cmocka_unit_test(gives_up_on_many_places),
		cmocka_unit_test(cuts_what_stands_apart),
		cmocka_unit_test(misses_no_padding),
		cmocka_unit_test(knows_others_by_name),
		cmocka_unit_test(knows_what_moves),
		cmocka_unit_test(sees_damage),
		cmocka_unit_test(agrees_about_pictures),
		cmocka_unit_test(agrees_about_films),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
