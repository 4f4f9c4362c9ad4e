/* test_media_verdict.c - what X takes, and what is said about the rest. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/verdict.h"
#include "media_files.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MB INT64_C(1048576)
#define PLAIN { .total = -1, .most = INT64_MAX }

static struct nx_media_facts
facts_of(const struct nx_buf *file)
{
	struct nx_media_look *look = nx_media_look_new(false);
	struct nx_media_facts facts;

	nx_media_take(look, nx_buf_slice(file));
	nx_media_end(look);
	facts = *nx_media_facts(look);
	nx_media_look_free(look);
	return facts;
}

/* Facts, what is known beside them, and what is said. */
static const struct {
	struct nx_media_facts	 facts;
	struct nx_media_terms	 terms;
	enum nx_rc		 rc;
	enum nx_reason		 reason;
	const char		*detail;
} cases[] = {
#define FILE_OF(t, w, h, how) .type = NX_MEDIA_##t, .typed = true, \
	.whole = NX_MEDIA_##how, .bytes = 1000, .width = w, .height = h
#define PICTURE(t, w, h) FILE_OF(t, w, h, WHOLE)
#define CODED(w, h, ms, rate, four) PICTURE(MP4, w, h), .has_moov = true, \
	.has_video = true, .codec = four, .duration_ms = ms, \
	.frames_per_1000_s = rate
#define VIDEO(w, h, ms, rate) CODED(w, h, ms, rate, "avc1")
{ { PICTURE(PNG, 4, 4) }, PLAIN, NX_OK, 0, "" },
{ { PICTURE(JPEG, 8192, 8192) }, PLAIN, NX_OK, 0, "" },
{ { PICTURE(PNG, 3, 4) }, PLAIN, NX_MEDIA_LIMIT, NX_WHY_MEDIA_SIZE,
  "The PNG picture measures 3x4; X takes from 4x4 to 8192x8192." },
{ { PICTURE(WEBP, 65535, 65535) }, PLAIN, NX_MEDIA_LIMIT, NX_WHY_MEDIA_SIZE,
  "The WebP picture measures 65535x65535; X takes from 4x4 to 8192x8192." },
/* sizes, as seen and as announced */
{ { PICTURE(PNG, 9, 9) }, { .total = 5 * MB, .most = INT64_MAX }, NX_OK, 0,
  "" },
{ { PICTURE(PNG, 9, 9) }, { .total = 5 * MB + 1, .most = INT64_MAX },
  NX_MEDIA_LIMIT, NX_WHY_MEDIA_BYTES,
  "The PNG file has 5242881 bytes; 5242880 are taken." },
{ { .type = NX_MEDIA_JPEG, .typed = true, .bytes = 5 * MB + 1 }, PLAIN,
  NX_MEDIA_LIMIT, NX_WHY_MEDIA_BYTES,
  "The JPEG file has 5242881 bytes; 5242880 are taken." },
{ { PICTURE(PNG, 9, 9) }, { .total = 1000, .most = 999 }, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_BYTES, "The PNG file has 1000 bytes; 999 are taken." },
{ { .type = NX_MEDIA_MP4, .typed = true, .bytes = 64 },
  { .total = 8192 * MB + 1, .most = INT64_MAX }, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_BYTES,
  "The MP4 file has 8589934593 bytes; 8589934592 are taken." },
{ { .type = NX_MEDIA_MP4, .typed = true, .bytes = 64 },
  { .total = 8192 * MB + 1, .most = INT64_MAX, .subscription = "Premium" },
  NX_OK, 0, "" },
/* a GIF's */
{ { PICTURE(GIF, 1280, 1080), .frames = 217 }, PLAIN, NX_OK, 0, "" },
{ { PICTURE(GIF, 1280, 1080), .frames = 218 }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_PIXELS, "The GIF has 301363200 pixels in all its frames; X"
  " takes 300000000." },
{ { PICTURE(GIF, 900, 900), .frames = 350 }, PLAIN, NX_OK, 0, "" },
{ { PICTURE(GIF, 900, 900), .frames = 351 }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_FRAMES, "The GIF has more than 350 frames." },
{ { .type = NX_MEDIA_GIF, .typed = true, .width = 9, .height = 9,
  .frames = 351 }, PLAIN, NX_MEDIA_LIMIT, NX_WHY_MEDIA_FRAMES,
  "The GIF has more than 350 frames." },
{ { PICTURE(GIF, 1281, 720), .frames = 1 }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_SIZE, "The GIF picture measures 1281x720; X takes from 4x4 to"
  " 1280x1080." },
{ { PICTURE(GIF, 65535, 65535) }, PLAIN, NX_MEDIA_LIMIT, NX_WHY_MEDIA_SIZE,
  "The GIF picture measures 65535x65535; X takes from 4x4 to 1280x1080." },
/* a video's */
{ { VIDEO(1280, 720, 60000, 30000) }, PLAIN, NX_OK, 0, "" },
{ { VIDEO(3024, 1964, 60000, 60000) }, PLAIN, NX_OK, 0, "" },
{ { VIDEO(300, 100, 60000, 59940) }, PLAIN, NX_OK, 0, "" },
{ { VIDEO(301, 100, 60000, 30000) }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_RATIO, "The video measures 301x100; X takes from 1:3 to 3:1." },
{ { VIDEO(100, 301, 60000, 30000) }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_RATIO, "The video measures 100x301; X takes from 1:3 to 3:1." },
{ { VIDEO(100, 100, 60000, 61000) }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_RATE, "The video has 61 frames a second; X takes 60." },
{ { VIDEO(100, 100, 1200000, 30000) }, PLAIN, NX_OK, 0, "" },
{ { VIDEO(100, 100, 1200001, 30000) }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_LONG,
  "The video lasts 1201 seconds; X takes 1200 from this account." },
{ { VIDEO(100, 100, 7500000, 30000) }, { .total = -1, .most = INT64_MAX,
  .subscription = "PremiumPlus" }, NX_OK, 0, "" },
{ { VIDEO(100, 100, 7500001, 30000) }, { .total = -1, .most = INT64_MAX,
  .subscription = "PremiumPlus" }, NX_MEDIA_LIMIT, NX_WHY_MEDIA_LONG,
  "The video lasts 7501 seconds; X takes 7500 from this account." },
{ { VIDEO(100, 100, 499, 30000) }, PLAIN, NX_MEDIA_LIMIT,
  NX_WHY_MEDIA_SHORT,
  "The video lasts 499 ms; X takes none that is shorter than 500 ms." },
{ { VIDEO(100, 100, 0, 0) }, PLAIN, NX_OK, 0, "" },
{ { CODED(100, 100, 9999, 30000, "hvc1") }, PLAIN, NX_MEDIA_TYPE,
  NX_WHY_MEDIA_CODEC, "The video is coded as hvc1; X takes H.264 (avc1)." },
{ { PICTURE(MOV, 0, 0) }, PLAIN, NX_MEDIA_BROKEN, NX_WHY_MEDIA_NO_VIDEO,
  "There is no video in the MOV file, or no index of it." },
{ { PICTURE(MP4, 0, 0), .has_moov = true }, PLAIN, NX_MEDIA_BROKEN,
  NX_WHY_MEDIA_NO_VIDEO,
  "There is no video in the MP4 file, or no index of it." },
/* under way: nothing is said before it is known */
{ { .bytes = 10 }, PLAIN, NX_OK, 0, "" },
{ { .type = NX_MEDIA_MP4, .typed = true, .bytes = 900 }, PLAIN, NX_OK, 0,
  "" },
{ { .type = NX_MEDIA_PNG, .typed = true, .bytes = 9 }, PLAIN, NX_OK, 0, "" },
/* types */
{ { .typed = true, .whole = NX_MEDIA_CUT_SHORT }, PLAIN, NX_MEDIA_BROKEN,
  NX_WHY_MEDIA_EMPTY, "The file is empty." },
{ { .typed = true, .bytes = 9, .whole = NX_MEDIA_CUT_SHORT }, PLAIN,
  NX_MEDIA_TYPE, NX_WHY_MEDIA_STRANGE, "The file is none of the kinds that"
  " are known: X takes JPEG, PNG, WebP, GIF, MP4 and MOV." },
{ { .type = NX_MEDIA_HEIC, .typed = true, .bytes = 64 }, PLAIN,
  NX_MEDIA_TYPE, NX_WHY_MEDIA_CONVERT,
  "X does not take HEIC: convert it to JPEG." },
{ { .type = NX_MEDIA_WEBP_MOVING, .typed = true, .bytes = 64 }, PLAIN,
  NX_MEDIA_TYPE, NX_WHY_MEDIA_CONVERT,
  "X does not take animated WebP: convert it to GIF or MP4." },
{ { PICTURE(PNG, 9, 9) }, { .total = -1, .most = INT64_MAX,
  .declared = { "image/jpeg; q=1", 15 } }, NX_MEDIA_TYPE,
  NX_WHY_MEDIA_DECLARED,
  "The file is PNG, but was declared as image/jpeg; q=1." },
{ { PICTURE(PNG, 9, 9) }, { .total = -1, .most = INT64_MAX,
  .declared = { "te\xff\nxt", 6 } }, NX_MEDIA_TYPE, NX_WHY_MEDIA_DECLARED,
  "The file is PNG, but was declared as te??xt." },
/* whole or not */
{ { FILE_OF(PNG, 9, 9, CUT_SHORT) }, PLAIN,
  NX_MEDIA_BROKEN, NX_WHY_MEDIA_CUT_SHORT,
  "The PNG file ends before it is complete." },
{ { FILE_OF(GIF, 9, 9, DAMAGED), .damaged_at = 77 },
  PLAIN, NX_MEDIA_BROKEN, NX_WHY_MEDIA_DAMAGED,
  "The GIF file is damaged at byte 77." },
{ { PICTURE(PNG, 9, 9), .location = true, .location_kept = true }, PLAIN,
  NX_MEDIA_BROKEN, NX_WHY_MEDIA_LOCATION_KEPT,
  "Where the picture was taken could not be cut out of it." },
{ { PICTURE(PNG, 9, 9), .location = true }, PLAIN, NX_OK, 0, "" },
};

static void
says_what_x_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_err err = { .rc = NX_OK };
		enum nx_rc rc = nx_media_check(&cases[i].facts,
		    &cases[i].terms, &err);

		if (rc != cases[i].rc)
			print_error("case %zu: %s\n", i, err.detail);
		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(err.reason, cases[i].reason);
		assert_string_equal(err.detail, cases[i].detail);
	}
}

/* The bombs: a hundred bytes that claim 65535 pixels each way. */
static void
refuses_bombs_by_their_first_bytes(void **state)
{
	struct nx_media_terms terms = PLAIN;
	struct nx_buf file = NX_BUF(FILE_MAX);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct nx_media_look *look = nx_media_look_new(false);
		struct nx_err err;

		nx_buf_reset(&file);
		if (i == 0)
			file_png(&file, &(struct png){ .width = 65535,
			    .height = 65535 });
		else if (i == 1)
			file_gif(&file, 65535, 65535, 1);
		else
			file_jpeg(&file, &(struct jpeg){ .width = 65535,
			    .height = 65535 });
		nx_media_take(look, nx_slice_head(nx_buf_slice(&file),
		    file.n < 100 ? 64 : 100));
		assert_int_equal(nx_media_check(nx_media_facts(look), &terms,
		    &err), NX_MEDIA_LIMIT);
		assert_int_equal(err.reason, NX_WHY_MEDIA_SIZE);
		nx_media_look_free(look);
	}
	nx_buf_free(&file);
}

static void
believes_no_name(void **state)
{
	static const struct {
		enum nx_media_type	 type;
		const char		*declared;
		bool			 fits;
	} declared[] = {
		{ NX_MEDIA_PNG, "", true }, { NX_MEDIA_PNG, "image/png", true },
		{ NX_MEDIA_PNG, "IMAGE/PNG; charset=x", true },
		{ NX_MEDIA_PNG, "application/octet-stream", true },
		{ NX_MEDIA_PNG, "image/jpeg", false },
		{ NX_MEDIA_PNG, "image/pngx", false },
		{ NX_MEDIA_JPEG, "image/jpg", true },
		{ NX_MEDIA_JPEG, "image/pjpeg", true },
		{ NX_MEDIA_GIF, "image/jpg", false },
		{ NX_MEDIA_MP4, "video/quicktime", true },
		{ NX_MEDIA_MOV, "video/mp4", true },
		{ NX_MEDIA_MOV, "video/webm", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(declared); i++)
		assert_int_equal(nx_media_fits(declared[i].type,
		    nx_slice_str(declared[i].declared)), declared[i].fits);
}

static void
each_type_is_taken_or_can_be_made_so(void **state)
{
	(void)state;
	for (int t = NX_MEDIA_UNKNOWN; t < NX_MEDIA_TYPE_COUNT; t++) {
		const enum nx_media_kind kind = nx_media_kind_of(t);

		assert_string_not_equal(nx_media_name(t), "");
		assert_int_equal(kind == NX_MEDIA_KIND_NONE,
		    nx_media_convert_to(t)[0] != '\0');
		assert_int_equal(kind == NX_MEDIA_KIND_NONE,
		    nx_media_category(kind) == NULL);
	}
	assert_string_equal(nx_media_category(nx_media_kind_of(NX_MEDIA_GIF)),
	    "tweet_gif");
	assert_string_equal(nx_media_category(nx_media_kind_of(NX_MEDIA_MOV)),
	    "tweet_video");
	assert_string_equal(nx_media_category(nx_media_kind_of(
	    NX_MEDIA_WEBP)), "tweet_image");
}

static void
warns(void **state)
{
	static const struct {
		struct nx_media_facts	 facts;
		enum nx_warning		 want[3];
		size_t			 n;
	} warned[] = {
		{ { PICTURE(PNG, 9, 9) }, { 0 }, 0 },
		{ { PICTURE(PNG, 9, 9), .location = true },
		    { NX_WARN_MEDIA_LOCATION }, 1 },
		{ { PICTURE(MP4, 0, 0) }, { NX_WARN_MEDIA_UNSEEN }, 1 },
		{ { VIDEO(1280, 1024, 1, 1) }, { 0 }, 0 },
		{ { VIDEO(1024, 1280, 1, 1) }, { 0 }, 0 },
		{ { VIDEO(1920, 1080, 1, 1) }, { NX_WARN_MEDIA_LARGE }, 1 },
		{ { VIDEO(1080, 1080, 1, 1) }, { NX_WARN_MEDIA_LARGE }, 1 },
	};
	enum nx_warning out[NX_MEDIA_WARNINGS];

	(void)state;
	for (size_t i = 0; i < COUNT(warned); i++) {
		assert_int_equal(nx_media_warn(&warned[i].facts, out),
		    warned[i].n);
		for (size_t k = 0; k < warned[i].n; k++)
			assert_int_equal(out[k], warned[i].want[k]);
	}
}

/* From the bytes to the verdict. */
static void
a_real_file_passes(void **state)
{
	struct nx_buf file = NX_BUF(FILE_MAX);
	struct nx_media_facts facts;
	struct nx_media_terms terms = PLAIN;
	struct nx_err err;

	(void)state;
	file_mp4(&file, &(struct mp4){ .brands = "mp420000", .codec = "avc1",
	    .width = 1280, .height = 832, .samples = 1200,
	    .duration_ms = 10000 });
	facts = facts_of(&file);
	assert_int_equal(nx_media_check(&facts, &terms, &err),
	    NX_MEDIA_LIMIT);
	assert_string_equal(err.detail,
	    "The video has 120 frames a second; X takes 60.");
	nx_buf_free(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_x_takes),
		cmocka_unit_test(refuses_bombs_by_their_first_bytes),
		cmocka_unit_test(believes_no_name),
		cmocka_unit_test(each_type_is_taken_or_can_be_made_so),
		cmocka_unit_test(warns),
		cmocka_unit_test(a_real_file_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
