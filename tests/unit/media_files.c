/* media_files.c - see media_files.h. */

#include <string.h>

#include "media_files.h"

static void
add_be(struct nx_buf *out, uint64_t v, int bytes)
{
	while (bytes-- > 0)
		nx_buf_addc(out, (char)(v >> 8 * bytes & 255));
}

static void
add_le(struct nx_buf *out, uint64_t v, int bytes)
{
	for (; bytes-- > 0; v >>= 8)
		nx_buf_addc(out, (char)(v & 255));
}

static void
add(struct nx_buf *out, struct nx_slice s)
{
	nx_buf_add(out, s.p, s.n);
}

static void
add_zeros(struct nx_buf *out, int n)
{
	while (n-- > 0)
		nx_buf_addc(out, '\0');
}

struct order {
	struct nx_buf	*out;
	bool		 little;
};

static void
num(const struct order *o, uint32_t v, int bytes)
{
	if (o->little)
		add_le(o->out, v, bytes);
	else
		add_be(o->out, v, bytes);
}

static void
entry(const struct order *o, int tag, int type, uint32_t count, uint32_t v)
{
	num(o, (uint32_t)tag, 2);
	num(o, (uint32_t)type, 2);
	num(o, count, 4);
	if (type == 3 && count == 1) {
		num(o, v, 2);
		num(o, 0, 2);
	} else
		num(o, v, 4);
}

/* "N" in an entry, as bytes. */
static void
letter_entry(const struct order *o, int tag, char letter)
{
	num(o, (uint32_t)tag, 2);
	num(o, 2, 2);
	num(o, 2, 4);
	nx_buf_addc(o->out, letter);
	add_zeros(o->out, 3);
}

static void
gps_directory(const struct order *o, bool position, uint32_t values)
{
	num(o, position ? 5 : 1, 2);
	entry(o, 0, 1, 4, 0x02030000);
	if (position) {
		letter_entry(o, 1, 'N');
		entry(o, 2, 5, 3, values);
		letter_entry(o, 3, 'W');
		entry(o, 4, 5, 3, values + 24);
	}
	num(o, 0, 4);
}

static void
gps_values(const struct order *o)
{
	for (int i = 0; i < 2; i++) {
		num(o, EXIF_DEGREES, 4);
		num(o, 1, 4);
		num(o, 30, 4);
		num(o, 1, 4);
		num(o, EXIF_SECONDS, 4);
		num(o, 100, 4);
	}
}

static void
first_directory(const struct order *o, unsigned int what, uint32_t gps)
{
	const bool has_gps = (what & (EXIF_GPS | EXIF_VERSION)) != 0;
	const bool turned = (what & EXIF_TURNED) != 0;

	num(o, 1U + turned + has_gps + 1U, 2);
	entry(o, 0x0100, 3, 1, 640);
	if (turned)
		entry(o, 0x0112, 3, 1, 6);
	if (has_gps)
		entry(o, 0x8825, 4, 1, gps);
	entry(o, 0x9999, 3, 1, 77);
	num(o, 0, 4);
}

void
file_exif(struct nx_buf *out, unsigned int what)
{
	const struct order o = { out, (what & EXIF_LITTLE) != 0 };
	const bool position = (what & EXIF_GPS) != 0;
	const bool has_gps = position || (what & EXIF_VERSION) != 0;
	const uint32_t n = 2U + ((what & EXIF_TURNED) != 0) + has_gps;
	const uint32_t first = 2 + 12 * n + 4;
	const uint32_t gps = 2 + 12 * (position ? 5 : 1) + 4;
	const bool before = has_gps && (what & EXIF_GPS_FIRST) != 0;

	if ((what & EXIF_NAMED) != 0)
		nx_buf_add(out, "Exif\0", 6);
	nx_buf_adds(out, o.little ? "II" : "MM");
	num(&o, 42, 2);
	num(&o, before ? 8 + gps + 48 : 8, 4);
	if (before) {
		gps_directory(&o, position, 8 + gps);
		gps_values(&o);
		first_directory(&o, what, 8);
		return;
	}
	first_directory(&o, what, 8 + first);
	if (has_gps)
		gps_directory(&o, position, 8 + first + gps);
	if (position)
		gps_values(&o);
}

void
file_xmp(struct nx_buf *out, const char *position)
{
	nx_buf_addf(out, "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
	    "<rdf:Description exif:GPSLatitude=\"%s\" dc:title=\"kept\">"
	    "<exif:GPSLongitude>%s</exif:GPSLongitude>"
	    "</rdf:Description></x:xmpmeta>", position, position);
}

static uint32_t
crc(const char *p, size_t n)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		c ^= (unsigned char)p[i];
		for (int bit = 0; bit < 8; bit++)
			c = (c & 1) != 0 ? c >> 1 ^ 0xedb88320 : c >> 1;
	}
	return ~c;
}

static void
chunk(struct nx_buf *out, const char *name, struct nx_slice data)
{
	size_t at;

	add_be(out, data.n, 4);
	at = out->n;
	nx_buf_adds(out, name);
	add(out, data);
	add_be(out, crc(out->p + at, out->n - at), 4);
}

static void
words_chunk(struct nx_buf *out, struct nx_slice xmp)
{
	struct nx_buf text = NX_BUF(FILE_MAX);

	nx_buf_add(&text, "XML:com.adobe.xmp\0\0\0\0", 22);
	add(&text, xmp);
	chunk(out, "iTXt", nx_buf_slice(&text));
	nx_buf_free(&text);
}

void
file_png(struct nx_buf *out, const struct png *png)
{
	/* zlib: nothing, and its checksum */
	static const char none[] = "\x78\x9c\x03\x00\x00\x00\x00\x01";
	struct nx_buf head = NX_BUF(100);

	nx_buf_add(out, "\x89PNG\r\n\x1a\n", 8);
	add_be(&head, png->width, 4);
	add_be(&head, png->height, 4);
	nx_buf_add(&head, "\x08\x00\x00\x00\x00", 5);
	chunk(out, "IHDR", nx_buf_slice(&head));
	if (png->moving)
		chunk(out, "acTL", NX_SLICE("\0\0\0\2\0\0\0\0"));
	if (png->exif.n > 0)
		chunk(out, "eXIf", png->exif);
	if (png->xmp.n > 0)
		words_chunk(out, png->xmp);
	if (!png->no_data)
		chunk(out, "IDAT", NX_SLICE(none));
	chunk(out, "IEND", NX_SLICE(""));
	nx_buf_free(&head);
}

static void
segment(struct nx_buf *out, int code, struct nx_slice data)
{
	add_be(out, 0xff00U | (unsigned int)code, 2);
	add_be(out, data.n + 2, 2);
	add(out, data);
}

static void
words_segment(struct nx_buf *out, struct nx_slice name, struct nx_slice data)
{
	struct nx_buf all = NX_BUF(FILE_MAX);

	add(&all, name);
	add(&all, data);
	segment(out, 0xe1, nx_buf_slice(&all));
	nx_buf_free(&all);
}

void
file_jpeg(struct nx_buf *out, const struct jpeg *jpeg)
{
	struct nx_buf head = NX_BUF(100);

	nx_buf_add(out, "\xff\xd8", 2);
	segment(out, 0xe0, NX_SLICE("JFIF\0\1\1\0\0\1\0\1\0\0"));
	if (jpeg->exif.n > 0)
		words_segment(out, NX_SLICE("Exif\0\0"), jpeg->exif);
	if (jpeg->xmp.n > 0)
		words_segment(out, NX_SLICE("http://ns.adobe.com/xap/1.0/\0"),
		    jpeg->xmp);
	segment(out, 0xdb, NX_SLICE("\0table\xff\xd9of quantization"));
	nx_buf_addc(&head, 8);
	add_be(&head, jpeg->height, 2);
	add_be(&head, jpeg->width, 2);
	nx_buf_add(&head, "\1\1\x11\0", 4);
	segment(out, jpeg->progressive ? 0xc2 : 0xc0, nx_buf_slice(&head));
	for (int i = 0; i <= (int)jpeg->progressive; i++) {
		nx_buf_add(out, "\xff\xff", 2);	/* two to fill */
		segment(out, 0xc4, NX_SLICE("\0huffman"));
		segment(out, 0xda, NX_SLICE("\1\1\0\0\x3f\0"));
		nx_buf_add(out, "data\xff\0data\xff\xd0" "data", 16);
	}
	nx_buf_add(out, "\xff\xd9", 2);
	nx_buf_free(&head);
}

void
file_gif(struct nx_buf *out, uint16_t width, uint16_t height, int frames)
{
	nx_buf_adds(out, "GIF89a");
	add_le(out, width, 2);
	add_le(out, height, 2);
	nx_buf_add(out, "\x80\0\0", 3);
	nx_buf_add(out, "\0\0\0\xff\xff\xff", 6);
	nx_buf_add(out, "!\xff\x0bNETSCAPE2.0\3\1\0\0\0", 19);
	for (int i = 0; i < frames; i++) {
		nx_buf_add(out, "!\xf9\4\0\x0a\0\0\0", 8);
		nx_buf_add(out, ",\0\0\0\0", 5);
		add_le(out, 1, 2);
		add_le(out, 1, 2);
		if (i % 2 == 0)
			nx_buf_add(out, "\0", 1);
		else
			nx_buf_add(out, "\x80table!", 7);
		nx_buf_add(out, "\2\2D\1\0", 5);
	}
	nx_buf_addc(out, ';');
}

static void
riff_chunk(struct nx_buf *out, const char *name, struct nx_slice data)
{
	nx_buf_adds(out, name);
	add_le(out, data.n, 4);
	add(out, data);
	if (data.n % 2 != 0)
		nx_buf_addc(out, '\0');
}

static void
lossy_chunk(struct nx_buf *out, uint32_t width, uint32_t height)
{
	struct nx_buf data = NX_BUF(100);

	nx_buf_add(&data, "\x10\0\0\x9d\x01\x2a", 6);
	add_le(&data, width, 2);
	add_le(&data, height, 2);
	nx_buf_adds(&data, "and so on");
	riff_chunk(out, "VP8 ", nx_buf_slice(&data));
	nx_buf_free(&data);
}

static void
lossless_chunk(struct nx_buf *out, uint32_t width, uint32_t height)
{
	struct nx_buf data = NX_BUF(100);

	nx_buf_addc(&data, 0x2f);
	add_le(&data, (width - 1) | (height - 1) << 14, 4);
	nx_buf_adds(&data, "and so on");
	riff_chunk(out, "VP8L", nx_buf_slice(&data));
	nx_buf_free(&data);
}

static void
extended_chunk(struct nx_buf *out, bool moving, uint32_t width,
    uint32_t height)
{
	struct nx_buf data = NX_BUF(100);

	nx_buf_addc(&data, moving ? 0x02 : 0x0c);
	add_zeros(&data, 3);
	add_le(&data, width - 1, 3);
	add_le(&data, height - 1, 3);
	riff_chunk(out, "VP8X", nx_buf_slice(&data));
	nx_buf_free(&data);
}

void
file_webp(struct nx_buf *out, enum webp kind, uint32_t width,
    uint32_t height, struct nx_slice exif, struct nx_slice xmp)
{
	struct nx_buf in = NX_BUF(FILE_MAX);

	nx_buf_adds(&in, "WEBP");
	if (kind >= WEBP_EXTENDED)
		extended_chunk(&in, kind == WEBP_MOVING, width, height);
	if (kind == WEBP_MOVING) {
		riff_chunk(&in, "ANIM", NX_SLICE("\0\0\0\0\0\0"));
		riff_chunk(&in, "ANMF", NX_SLICE("a frame"));
	} else if (kind == WEBP_LOSSLESS)
		lossless_chunk(&in, width, height);
	else
		lossy_chunk(&in, width, height);
	if (exif.n > 0)
		riff_chunk(&in, "EXIF", exif);
	if (xmp.n > 0)
		riff_chunk(&in, "XMP ", xmp);
	nx_buf_adds(out, "RIFF");
	add_le(out, in.n, 4);
	add(out, nx_buf_slice(&in));
	nx_buf_free(&in);
}

static void
box(struct nx_buf *out, const char *name, struct nx_buf *in, bool large)
{
	add_be(out, large ? 1 : in->n + 8, 4);
	nx_buf_adds(out, name);
	if (large)
		add_be(out, in->n + 16, 8);
	add(out, nx_buf_slice(in));
	nx_buf_free(in);
}

/* mvhd and mdhd begin alike. */
static void
times_box(struct nx_buf *out, const char *name, const struct mp4 *m,
    uint32_t scale)
{
	const uint64_t duration = (uint64_t)m->duration_ms * scale / 1000;
	const int n = m->large ? 8 : 4;
	struct nx_buf in = NX_BUF(1000);

	add_be(&in, m->large ? 0x01000000 : 0, 4);
	add_zeros(&in, 2 * n);
	add_be(&in, scale, 4);
	add_be(&in, duration, n);
	add_zeros(&in, 80);
	box(out, name, &in, false);
}

static void
tkhd_box(struct nx_buf *out, const struct mp4 *m, bool shown)
{
	struct nx_buf in = NX_BUF(1000);

	add_be(&in, m->large ? 0x01000007 : 7, 4);
	add_zeros(&in, m->large ? 84 : 72);
	add_be(&in, shown ? (uint64_t)m->width << 16 : 0, 4);
	add_be(&in, shown ? (uint64_t)m->height << 16 : 0, 4);
	box(out, "tkhd", &in, false);
}

static void
stbl_box(struct nx_buf *out, const struct mp4 *m, const char *codec,
    uint32_t samples)
{
	struct nx_buf in = NX_BUF(2000), stsd = NX_BUF(1000),
	    stsz = NX_BUF(1000);

	add_be(&stsd, 0, 4);
	add_be(&stsd, 1, 4);
	add_be(&stsd, 86, 4);
	nx_buf_adds(&stsd, codec);
	add_zeros(&stsd, 24);
	add_be(&stsd, m->width, 2);
	add_be(&stsd, m->height, 2);
	add_zeros(&stsd, 50);
	box(&in, "stsd", &stsd, false);
	add_be(&stsz, 0, 4);
	add_be(&stsz, 99, 4);
	add_be(&stsz, samples, 4);
	box(&in, "stsz", &stsz, m->large);
	box(out, "stbl", &in, false);
}

static void
trak_box(struct nx_buf *out, const struct mp4 *m, const char *handler,
    const char *codec, uint32_t samples)
{
	struct nx_buf in = NX_BUF(4000), mdia = NX_BUF(4000),
	    minf = NX_BUF(4000), hdlr = NX_BUF(200), other = NX_BUF(200);

	tkhd_box(&in, m, handler[0] == 'v');
	times_box(&mdia, "mdhd", m, 12800);
	add_zeros(&hdlr, 8);
	nx_buf_adds(&hdlr, handler);
	add_zeros(&hdlr, 13);
	box(&mdia, "hdlr", &hdlr, false);
	nx_buf_adds(&other, "a QuickTime hdlr: alis");
	box(&minf, "hdlr", &other, false);
	stbl_box(&minf, m, codec, samples);
	box(&mdia, "minf", &minf, m->large);
	box(&in, "mdia", &mdia, false);
	box(out, "trak", &in, false);
}

static void
moov_box(struct nx_buf *out, const struct mp4 *m)
{
	struct nx_buf in = NX_BUF(20000), udta = NX_BUF(200);

	times_box(&in, "mvhd", m, 600);
	trak_box(&in, m, "soun", "mp4a", m->samples * 2);
	if (!m->no_video)
		trak_box(&in, m, "vide", m->codec, m->samples);
	add_zeros(&udta, 4);
	box(&in, "udta", &udta, false);
	add_zeros(&in, 4);		/* as QuickTime ends lists */
	box(out, "moov", &in, m->large);
}

static void
mdat_box(struct nx_buf *out, const struct mp4 *m)
{
	struct nx_buf in = NX_BUF(20000);

	for (int i = 0; i < 999; i++)
		nx_buf_addc(&in, (char)(i * 7));
	if (m->open_end) {
		add_be(out, 0, 4);
		nx_buf_adds(out, "mdat");
		add(out, nx_buf_slice(&in));
		nx_buf_free(&in);
	} else
		box(out, "mdat", &in, m->large);
}

void
file_mp4(struct nx_buf *out, const struct mp4 *m)
{
	struct nx_buf in = NX_BUF(1000), none = NX_BUF(1);

	if (m->brands != NULL) {
		nx_buf_adds(&in, m->brands);
		box(out, "ftyp", &in, false);
	} else
		box(out, "wide", &none, false);
	if (!m->behind && !m->no_moov)
		moov_box(out, m);
	mdat_box(out, m);
	if (m->behind && !m->no_moov)
		moov_box(out, m);
}
