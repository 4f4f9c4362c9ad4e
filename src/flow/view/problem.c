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

/* Arguments that all errors may have are members of their own as well. */
static void
write_members(struct nx_jw *w, const struct nx_err *err)
{
	static const char *const members[] = { "member", "limit",
	    "weighted_length" };
	struct nx_kv args[NX_ERR_ARGS + 1];

	nx_err_args(err, args);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct nx_kv *arg = nx_kv_find(args, members[i]);

		if (arg != NULL && arg->is_num)
			nx_jw_i64(w, members[i], arg->num);
		else if (arg != NULL)
			nx_jw_str(w, members[i], arg->str);
	}
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
	nx_words_reason(w, err);
	write_members(w, err);
	if (err->post_id != NULL)
		nx_jw_str(w, "id", err->post_id);
	if (err->retry_after > 0)
		nx_jw_i64(w, "retry_after", err->retry_after);
	if (err->retry_at > 0)
		nx_jw_time(w, "retry_at", err->retry_at);
	nx_words_x(w, &err->x);
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
