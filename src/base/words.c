/* words.c - sentences for codes and their arguments. */

#include "nx/base/words.h"

#include <inttypes.h>
#include <stdio.h>

#include "nx/base/json.h"
#include "nx/base/must.h"

enum {
	DETAIL_MAX = 4 * sizeof(((struct nx_err *)0)->detail),
	NAME_SHOWN = 60,
	MEMBER_MAX = 80,
};

struct row {
	const char	*code, *sentence;
};

static const struct row reasons[NX_REASON_COUNT] = {
#define NX_REASON_ROW(name, code, sentence, page, remedy) \
	[NX_WHY_##name] = { code, sentence },
	NX_REASON_LIST(NX_REASON_ROW)
#undef NX_REASON_ROW
};

static const struct row warnings[NX_WARNING_COUNT] = {
#define NX_WARNING_ROW(name, code, sentence, page) \
	[NX_WARN_##name] = { code, sentence },
	NX_WARNING_LIST(NX_WARNING_ROW)
#undef NX_WARNING_ROW
};

const char *
nx_reason_code(enum nx_reason reason)
{
	assert((unsigned int)reason < NX_REASON_COUNT);
	return reasons[reason].code;
}

const char *
nx_reason_sentence(enum nx_reason reason)
{
	assert((unsigned int)reason < NX_REASON_COUNT);
	return reasons[reason].sentence;
}

const char *
nx_warning_code(enum nx_warning warning)
{
	assert((unsigned int)warning < NX_WARNING_COUNT);
	return warnings[warning].code;
}

const char *
nx_warning_sentence(enum nx_warning warning)
{
	assert((unsigned int)warning < NX_WARNING_COUNT);
	return warnings[warning].sentence;
}

/* `n` where there is none. */
static int
row_of(const struct row *rows, int n, const char *code)
{
	int i = 0;

	while (i < n && strcmp(rows[i].code, code) != 0)
		i++;
	return i;
}

bool
nx_reason_find(const char *code, enum nx_reason *out)
{
	const int i = row_of(reasons, NX_REASON_COUNT, code);

	*out = i < NX_REASON_COUNT ? (enum nx_reason)i : NX_WHY_NONE;
	return i < NX_REASON_COUNT;
}

bool
nx_warning_find(const char *code, enum nx_warning *out)
{
	const int i = row_of(warnings, NX_WARNING_COUNT, code);

	*out = i < NX_WARNING_COUNT ? (enum nx_warning)i : 0;
	return i < NX_WARNING_COUNT;
}

static const struct nx_kv *
find_slice(const struct nx_kv *pairs, struct nx_slice key)
{
	for (; pairs != NULL && pairs->key != NULL; pairs++) {
		if (nx_slice_is(key, pairs->key))
			return pairs;
	}
	return NULL;
}

const struct nx_kv *
nx_kv_find(const struct nx_kv *pairs, const char *key)
{
	return find_slice(pairs, nx_slice_str(key));
}

static bool
arg_is_absent(const struct nx_kv *arg)
{
	return arg == NULL || (arg->is_num ? arg->num == 0 :
	    arg->str == NULL);
}

/* What stands between braces: a name, or name|one|many. */
static void
add_arg(struct nx_buf *out, struct nx_slice inside, const struct nx_kv *args)
{
	const struct nx_kv *arg = find_slice(args,
	    nx_slice_cut(&inside, '|'));

	if (inside.n > 0) {
		struct nx_slice one = nx_slice_cut(&inside, '|');

		nx_buf_slice_add(out, arg != NULL && arg->num == 1 ? one :
		    inside);
	} else if (arg != NULL && arg->is_num)
		nx_buf_addf(out, "%" PRId64, arg->num);
	else
		nx_buf_adds(out, arg != NULL && arg->str != NULL ? arg->str :
		    "?");
}

void
nx_words_add(struct nx_buf *out, const char *sentence,
    const struct nx_kv *args)
{
	struct nx_slice rest = nx_slice_str(sentence);

	while (rest.n > 0) {
		const char c = rest.p[0];

		rest.p++;
		rest.n--;
		if (c == '{')
			add_arg(out, nx_slice_cut(&rest, '}'), args);
		else if (c == '[' && arg_is_absent(find_slice(args,
		    nx_slice_cut(&rest, ':'))))
			(void)nx_slice_cut(&rest, ']');
		else if (c != '[' && c != ']')
			nx_buf_addc(out, c);
	}
}

void
nx_words_args(struct nx_jw *w, const char *key, const struct nx_kv *args)
{
	nx_jw_open(w, key, '{');
	for (; args != NULL && args->key != NULL; args++) {
		if (args->is_num)	/* 0 as well: it is said */
			nx_jw_i64(w, args->key, args->num);
		else if (args->str != NULL)
			nx_jw_str(w, args->key, args->str);
	}
	nx_jw_close(w, '}');
}

void
nx_words_reason(struct nx_jw *w, const struct nx_err *err)
{
	struct nx_kv args[NX_ERR_ARGS + 1];

	if (err->reason == NX_WHY_NONE)
		return;
	nx_err_args(err, args);
	nx_jw_str(w, "reason_code", nx_reason_code(err->reason));
	nx_words_args(w, "reason_args", args);
}

void
nx_words_x(struct nx_jw *w, const struct nx_err_x *x)
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

enum nx_rc
nx_fail_member(struct nx_err *err, enum nx_reason reason, const char *inside,
    const char *name)
{
	char member[MEMBER_MAX];

	(void)snprintf(member, sizeof(member), "%s%.*s", inside, NAME_SHOWN,
	    name);
	return nx_fail_for(err, NX_UNKNOWN_MEMBER, reason,
	    NX_S("member", member));
}

struct nx_err *
nx_err_explain(struct nx_err *err, enum nx_reason reason,
    const struct nx_kv *args)
{
	struct nx_buf text = NX_BUF(DETAIL_MAX);
	struct nx_err made;	/* the arguments may quote the one of `err` */

	if (err == NULL)
		return NULL;
	nx_words_add(&text, nx_reason_sentence(reason), args);
	(void)nx_err_describe(&made, "%s", nx_buf_str(&text));
	nx_buf_free(&text);
	made.reason = reason;
	nx_err_set_args(&made, args);
	*err = made;
	return err;
}
