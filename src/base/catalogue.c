/* catalogue.c - the tables of words as JSON. */

#include "nx/base/catalogue.h"

#include "nx/base/json.h"

static void
open_table(struct nx_jw *w, const char *name)
{
	if (w->comma)
		nx_buf_adds(w->out, ",\n");
	w->comma = false;
	nx_jw_open(w, name, '{');
	nx_buf_addc(w->out, '\n');
}

static void
close_table(struct nx_jw *w)
{
	nx_buf_addc(w->out, '\n');
	nx_jw_close(w, '}');
}

static void
open_row(struct nx_jw *w, const char *code)
{
	if (w->comma)
		nx_buf_adds(w->out, ",\n");
	w->comma = false;
	nx_jw_open(w, code, '{');
}

static void
write_words(struct nx_jw *w, const char *key, const char *words)
{
	if (words != NULL)
		nx_jw_str(w, key, words);
}

static void
write_errors(struct nx_jw *w)
{
	open_table(w, "errors");
	for (int rc = NX_OK + 1; rc < NX_RC_COUNT; rc++) {
		open_row(w, nx_rc_code(rc));
		nx_jw_i64(w, "status", nx_rc_status(rc));
		nx_jw_str(w, "title", nx_rc_title(rc));
		nx_jw_str(w, "remedy", nx_rc_remedy(rc));
		nx_jw_close(w, '}');
	}
	close_table(w);
}

static void
write_reasons(struct nx_jw *w)
{
	static const struct {
		const char *code, *sentence, *page, *remedy;
	} rows[] = {
#define NX_REASON_ROW(name, code, sentence, page, remedy) \
		{ code, sentence, page, remedy },
		NX_REASON_LIST(NX_REASON_ROW)
#undef NX_REASON_ROW
	};

	open_table(w, "reasons");
	for (int i = NX_WHY_NONE + 1; i < NX_REASON_COUNT; i++) {
		open_row(w, rows[i].code);
		nx_jw_str(w, "sentence", rows[i].sentence);
		write_words(w, "page", rows[i].page);
		write_words(w, "remedy", rows[i].remedy);
		nx_jw_close(w, '}');
	}
	close_table(w);
}

static void
write_warnings(struct nx_jw *w)
{
	static const struct { const char *code, *sentence, *page; } rows[] = {
#define NX_WARNING_ROW(name, code, sentence, page) { code, sentence, page },
		NX_WARNING_LIST(NX_WARNING_ROW)
#undef NX_WARNING_ROW
	};

	open_table(w, "warnings");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_row(w, rows[i].code);
		nx_jw_str(w, "sentence", rows[i].sentence);
		write_words(w, "page", rows[i].page);
		nx_jw_close(w, '}');
	}
	close_table(w);
}

static void
write_page(struct nx_jw *w)
{
	static const struct {
		const char *code; bool told; const char *title, *remedy;
	} rows[] = {
#define NX_PAGE_ROW(code, told, title, remedy) { code, told, title, remedy },
		NX_PAGE_LIST(NX_PAGE_ROW)
#undef NX_PAGE_ROW
	};

	open_table(w, "page");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_row(w, rows[i].code);
		nx_jw_bool(w, "told", rows[i].told);
		write_words(w, "title", rows[i].title);
		write_words(w, "remedy", rows[i].remedy);
		nx_jw_close(w, '}');
	}
	close_table(w);
}

static void
write_returns(struct nx_jw *w)
{
	static const struct {
		const char *code, *title, *detail, *remedy;
	} rows[] = {
#define NX_RETURN_ROW(code, title, detail, remedy) \
		{ code, title, detail, remedy },
		NX_RETURN_LIST(NX_RETURN_ROW)
#undef NX_RETURN_ROW
	};

	open_table(w, "returns");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_row(w, rows[i].code);
		nx_jw_str(w, "title", rows[i].title);
		nx_jw_str(w, "detail", rows[i].detail);
		nx_jw_str(w, "remedy", rows[i].remedy);
		nx_jw_close(w, '}');
	}
	close_table(w);
}

void
nx_catalogue(struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	nx_jw_open(&w, NULL, '{');
	nx_buf_addc(out, '\n');
	write_errors(&w);
	write_reasons(&w);
	write_warnings(&w);
	write_page(&w);
	write_returns(&w);
	nx_jw_close(&w, '}');
	nx_buf_addc(out, '\n');
}
