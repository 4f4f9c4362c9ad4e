/* reply.c - build an answer. */

#include "reply.h"

#include "nx/base/clock.h"
#include "nx/flow/view/answer.h"

enum { RETRY_USUAL = 2 };	/* seconds, where nobody knows better */

void
nx_reply_header(struct nx_reply *r, const char *name, const char *value)
{
	if (strpbrk(value, "\r\n") != NULL)
		return;
	nx_buf_adds(&r->head, name);
	nx_buf_adds(&r->head, ": ");
	nx_buf_adds(&r->head, value);
	nx_buf_adds(&r->head, "\r\n");
}

void
nx_reply_json(struct nx_reply *r, int status)
{
	r->status = status;
	nx_reply_header(r, "Content-Type", "application/json");
}

void
nx_reply_redirect(struct nx_reply *r, const char *location)
{
	r->status = 302;
	nx_reply_header(r, "Location", location);
}

/* What both kinds of error have in common. */
static void
begin_error(struct nx_reply *r, const struct nx_err *err)
{
	char seconds[16];

	r->status = nx_rc_status(err->rc);
	nx_buf_reset(&r->body);
	if (r->status == 401)
		nx_reply_header(r, "WWW-Authenticate", "Bearer");
	if (err->retry_after > 0 || r->status == 503) {
		(void)snprintf(seconds, sizeof(seconds), "%d",
		    err->retry_after > 0 ? err->retry_after : RETRY_USUAL);
		nx_reply_header(r, "Retry-After", seconds);
	}
}

void
nx_reply_problem_open(struct nx_reply *r, const struct nx_request *request,
    const struct nx_err *err, struct nx_jw *w)
{
	struct nx_err dated = *err;

	nx_err_date(&dated, nx_clock_wall());
	begin_error(r, err);
	nx_reply_header(r, "Content-Type", "application/problem+json");
	*w = (struct nx_jw){ .out = &r->body };
	nx_answer_problem_open(w, NULL, &dated, request->id);
}

void
nx_reply_problem(struct nx_reply *r, const struct nx_request *request,
    const struct nx_err *err)
{
	struct nx_jw w;

	nx_reply_problem_open(r, request, err, &w);
	nx_jw_close(&w, '}');
}

static void
add_html(struct nx_buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			nx_buf_adds(out, "&lt;");
		else if (*text == '>')
			nx_buf_adds(out, "&gt;");
		else if (*text == '&')
			nx_buf_adds(out, "&amp;");
		else if (*text == '"')
			nx_buf_adds(out, "&quot;");
		else
			nx_buf_addc(out, *text);
	}
}

/* The page of a trouble that passes loads itself again: dashboard/wait.js. */
static void
add_head(struct nx_buf *b, const char *title, int wait)
{
	nx_buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\""
	    " content=\"width=device-width, initial-scale=1\">"
	    "<meta name=\"color-scheme\" content=\"light dark\"><title>");
	add_html(b, title);
	nx_buf_adds(b, "</title>\n"
	    "<link rel=\"stylesheet\" href=\"/dashboard/app.css\">");
	if (wait > 0)
		nx_buf_addf(b, "<noscript><meta http-equiv=\"refresh\""
		    " content=\"%d\"></noscript><script type=\"module\""
		    " src=\"/dashboard/wait.js\"></script>", wait);
	nx_buf_adds(b, "</head>\n<body><main class=\"wrap\">"
	    "<div class=\"card card-narrow page\"><h1 class=\"big\">");
	add_html(b, title);
}

static void
add_wait(struct nx_buf *b, int wait)
{
	if (wait > 0)
		nx_buf_addf(b, "<p class=\"retry\" data-wait=\"%d\">"
		    "<span class=\"retry-when\" aria-hidden=\"true\">"
		    "This page tries again by itself.</span></p>\n", wait);
}

void
nx_reply_page(struct nx_reply *r, const struct nx_conf *conf,
    const struct nx_request *request, const struct nx_err *err)
{
	struct nx_buf *b = &r->body;
	int wait = 0;

	begin_error(r, err);
	if (r->status == 503 || r->status == 429)
		wait = err->retry_after > 0 ? err->retry_after : RETRY_USUAL;
	nx_reply_header(r, "Content-Type", "text/html; charset=utf-8");
	nx_reply_header(r, "Content-Security-Policy", "default-src 'none';"
	    " script-src 'self'; style-src 'self'; base-uri 'none';"
	    " form-action 'self'; frame-ancestors 'none'");
	add_head(b, nx_rc_title(err->rc), wait);
	nx_buf_adds(b, "</h1>\n<p>");
	add_html(b, err->detail);
	nx_buf_adds(b, "</p>\n<p><strong>");
	add_html(b, nx_rc_remedy(err->rc));
	nx_buf_adds(b, "</strong></p>\n");
	add_wait(b, wait);
	nx_buf_adds(b, "<p><a href=\"");
	add_html(b, conf->dashboard_path);
	nx_buf_adds(b, "\">Back to the dashboard</a></p>\n<p><small>Code ");
	add_html(b, nx_rc_code(err->rc));
	nx_buf_adds(b, ", request ");
	add_html(b, request->id);
	nx_buf_adds(b, "</small></p></div></main></body></html>\n");
}

void
nx_reply_write(const struct nx_reply *r, const struct nx_request *request,
    struct nx_buf *out)
{
	if (!nx_buf_ok(&r->head) || !nx_buf_ok(&r->body)) {
		nx_buf_addf(out, "Status: 500\r\nX-Request-Id: %s\r\n"
		    "Cache-Control: no-store\r\n"
		    "Content-Type: application/problem+json\r\n\r\n",
		    request->id);
		nx_answer_problem(&(struct nx_err){ .rc = NX_INTERNAL,
		    .detail = "The answer is too large to be sent." },
		    request->id, out);
		return;
	}
	nx_buf_addf(out, "Status: %d\r\nX-Request-Id: ", r->status);
	nx_buf_adds(out, request->id);
	nx_buf_adds(out, "\r\nCache-Control: no-store\r\n");
	nx_buf_slice_add(out, nx_buf_slice(&r->head));
	nx_buf_adds(out, "\r\n");
	nx_buf_slice_add(out, nx_buf_slice(&r->body));
}

void
nx_reply_reset(struct nx_reply *r)
{
	r->status = 200;
	nx_buf_recycle(&r->head);
	nx_buf_recycle(&r->body);
}

void
nx_reply_free(struct nx_reply *r)
{
	nx_buf_free(&r->head);
	nx_buf_free(&r->body);
}
