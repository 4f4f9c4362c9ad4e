/* problem.c - an error as problem+json (RFC 9457). */

#include "problem.h"

#include "nx/base/words.h"

void
nx_remedy_add(struct nx_buf *out, const struct nx_err *err)
{
	nx_buf_adds(out, nx_rc_remedy(err->rc));
	if (err->connect_url != NULL)
		nx_buf_addf(out, " The way there is %s", err->connect_url);
}

/* Why, for those who act on it; of some arguments all errors may have one. */
static void
write_reason(struct nx_jw *w, const struct nx_err *err)
{
	static const char *const members[] = { "member", "limit",
	    "weighted_length" };
	struct nx_kv args[NX_ERR_ARGS + 1];

	if (err->reason == NX_WHY_NONE)
		return;
	nx_jw_str(w, "reason_code", nx_reason_code(err->reason));
	nx_err_args(err, args);
	nx_words_args(w, "reason_args", args);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct nx_kv *arg = nx_kv_find(args, members[i]);

		if (arg != NULL && arg->is_num)
			nx_jw_i64(w, members[i], arg->num);
		else if (arg != NULL)
			nx_jw_str(w, members[i], arg->str);
	}
}

static void
add_x(struct nx_jw *w, const struct nx_err_x *x)
{
	if (x->status == 0)
		return;
	nx_jw_open(w, "x", '{');
	nx_jw_i64(w, "status", x->status);
	nx_jw_str(w, "type", x->type);
	nx_jw_str(w, "title", x->title);
	nx_jw_str(w, "detail", x->detail);
	nx_jw_close(w, '}');
}

void
nx_answer_problem_open(struct nx_jw *w, const char *key,
    const struct nx_err *err, const char *request_id)
{
	const char *code = nx_rc_code(err->rc);
	struct nx_buf remedy = NX_BUF(NX_REMEDY_MAX);
	char type[128];

	(void)snprintf(type, sizeof(type), "urn:nexus-x:error:%s", code);
	nx_remedy_add(&remedy, err);
	nx_jw_open(w, key, '{');
	nx_jw_str(w, "type", type);
	nx_jw_str(w, "title", nx_rc_title(err->rc));
	nx_jw_i64(w, "status", nx_rc_status(err->rc));
	nx_jw_str(w, "detail", err->detail);
	nx_jw_str(w, "code", code);
	nx_jw_str(w, "remedy", nx_buf_str(&remedy));
	if (err->connect_url != NULL)
		nx_jw_str(w, "connect_url", err->connect_url);
	nx_jw_str(w, "request_id", request_id);
	write_reason(w, err);
	if (err->post_id != NULL)
		nx_jw_str(w, "id", err->post_id);
	if (err->retry_after > 0)
		nx_jw_i64(w, "retry_after", err->retry_after);
	if (err->retry_at > 0)
		nx_jw_time(w, "retry_at", err->retry_at);
	add_x(w, &err->x);
	nx_buf_free(&remedy);
}

void
nx_answer_problem(const struct nx_err *err, const char *request_id,
    struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	nx_answer_problem_open(&w, NULL, err, request_id);
	nx_jw_close(&w, '}');
}
