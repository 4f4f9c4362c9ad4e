/* look.c - bytes come, steps are called. */

#include "look.h"

#include <stdlib.h>
#include <string.h>

#include "nx/base/must.h"

struct nx_media_look *
nx_media_look_new(bool cut_location)
{
	struct nx_media_look *look = malloc(sizeof(*look));

	if (look == NULL)
		return NULL;
	/* Not `held`: what is not touched costs no memory. */
	memset(look, 0, offsetof(struct nx_media_look, held));
	look->cuts = cut_location;
	look->until = -1;
	return look;
}

void
nx_media_look_free(struct nx_media_look *look)
{
	free(look);
}

const struct nx_media_facts *
nx_media_facts(const struct nx_media_look *look)
{
	return &look->facts;
}

static nx_media_step *
first_step(enum nx_media_type type)
{
	switch (type) {
	case NX_MEDIA_PNG:
		return nx_png_begin;
	case NX_MEDIA_JPEG:
		return nx_jpeg_begin;
	case NX_MEDIA_GIF:
		return nx_gif_begin;
	case NX_MEDIA_WEBP:
		return nx_webp_begin;
	case NX_MEDIA_MP4:
		return nx_mp4_begin;
	default:
		return NULL;
	}
}

/* Its format then reads these bytes from their start. */
static void
sniff(struct nx_media_look *look)
{
	const enum nx_media_type type = nx_media_type_of(look->first,
	    look->first_n);
	nx_media_step *begin = first_step(type);

	look->sniffed = true;
	look->again = (struct nx_slice){ (const char *)look->first,
	    look->first_n };
	look->facts.type = type;
	look->facts.typed = type != NX_MEDIA_MP4;
	if (begin != NULL)
		begin(look);
}

/* From the front of `in` to `to`, which may be NULL. */
static size_t
emit(struct nx_media_look *look, struct nx_slice *in, size_t n, char *to)
{
	if (to != NULL)
		memcpy(to, in->p, n);
	*in = nx_slice_tail(*in, n);
	look->facts.bytes += (int64_t)n;
	return n;
}

/* How many of these bytes are passed over before any is held. */
static size_t
count_passing(struct nx_media_look *look, const char *p, size_t n)
{
	const char *at;

	if (look->step == NULL)
		return n;
	if (look->pass > 0) {
		if (look->pass < n)
			n = (size_t)look->pass;
		look->pass -= n;
		return n;
	}
	if (look->until < 0)
		return 0;
	at = memchr(p, look->until, n);
	if (at == NULL)
		return n;
	look->until = -1;
	return (size_t)(at - p);
}

/* Fill `to` with the front of `in`, as far as `want`. */
static void
hold(unsigned char *to, size_t *n, size_t want, struct nx_slice *in)
{
	const size_t more = want - *n < in->n ? want - *n : in->n;

	if (more > 0)
		memcpy(to + *n, in->p, more);
	*n += more;
	*in = nx_slice_tail(*in, more);
}

static void
take_step(struct nx_media_look *look, struct nx_slice *in)
{
	assert(look->want > 0 && look->want <= sizeof(look->held));
	hold(look->held, &look->n, look->want, in);
	if (look->n == look->want) {
		look->leaving = look->n;
		look->step(look);
	}
}

static size_t
emit_held(struct nx_media_look *look, char *to, size_t room)
{
	struct nx_slice held = { (const char *)look->held + look->n -
	    look->leaving, look->leaving };
	const size_t n = emit(look, &held, room < held.n ? room : held.n, to);

	look->leaving -= n;
	if (look->leaving == 0)
		look->n = 0;
	return n;
}

/* No more comes, and nothing is left but what no step was called with. */
static void
conclude(struct nx_media_look *look)
{
	if (look->facts.whole == NX_MEDIA_GOES_ON)
		look->facts.whole = look->open_end && look->seen_data &&
		    look->pass == 0 && look->n == 0 ? NX_MEDIA_WHOLE :
		    NX_MEDIA_CUT_SHORT;
	look->leaving = look->n;
	nx_media_next(look, 0, 0, NULL);
	look->facts.typed = true;
}

/* The bytes to be looked at next: the first ones come again. */
static struct nx_slice *
source(struct nx_media_look *look, struct nx_slice *in)
{
	if (!look->sniffed) {
		hold(look->first, &look->first_n, sizeof(look->first), in);
		if (look->first_n == sizeof(look->first) || look->ended)
			sniff(look);
	}
	return look->again.n > 0 ? &look->again : in;
}

static size_t
advance(struct nx_media_look *look, struct nx_slice *in, char *to,
    size_t room)
{
	size_t out = 0, n;

	while (out < room) {
		char *at = to == NULL ? NULL : to + out;
		struct nx_slice *from;

		if (look->leaving > 0) {
			out += emit_held(look, at, room - out);
			continue;
		}
		from = source(look, in);
		if (from->n == 0 && !(look->ended && look->n > 0))
			break;
		if (from->n == 0) {
			conclude(look);
			continue;
		}
		n = count_passing(look, from->p, from->n < room - out ?
		    from->n : room - out);
		if (n > 0)
			out += emit(look, from, n, at);
		else
			take_step(look, from);
	}
	if (out < room && look->ended)
		conclude(look);
	return out;
}

void
nx_media_take(struct nx_media_look *look, struct nx_slice bytes)
{
	assert(!look->cuts && !look->ended);
	(void)advance(look, &bytes, NULL, SIZE_MAX);
}

size_t
nx_media_cut(struct nx_media_look *look, struct nx_slice *in, char *to,
    size_t room)
{
	assert(room > 0 && (!look->ended || in->n == 0));
	return advance(look, in, to, room);
}

void
nx_media_end(struct nx_media_look *look)
{
	struct nx_slice none = nx_slice_str("");

	look->ended = true;
	if (!look->cuts)
		(void)advance(look, &none, NULL, SIZE_MAX);
}
