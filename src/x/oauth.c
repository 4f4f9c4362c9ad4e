/* oauth.c - grants of X: ask, spend, renew, revoke. */

#include "nx/x/oauth.h"

#include <strings.h>

#include "call.h"
#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"

enum {
	GRANT_ROOM = NX_STRAYS_MAX * (NX_TOKEN_MAX + 1) +
	    NX_SCOPES_GRANTED_MAX + 1024,
	LIFE_DEFAULT = 7200,		/* seconds; what X documents */
	/* Less cannot be meant: every use would spend a refresh token. */
	LIFE_MIN = 60 + 1,
	LIFE_MAX = 30 * 24 * 3600,
};

/* Append `&name=value`, percent-encoded. */
static void
add_field(struct nx_buf *b, const char *name, const char *value)
{
	if (b->n > 0 && b->p[b->n - 1] != '?')
		nx_buf_addc(b, '&');
	nx_buf_adds(b, name);
	nx_buf_addc(b, '=');
	nx_buf_add_url(b, nx_slice_str(value));
}

void
nx_oauth_authorize_url(const struct nx_conf *conf, const char *client_id,
    const char *scopes, const char *state, const char *challenge,
    struct nx_buf *out)
{
	nx_buf_adds(out, conf->authorize_url);
	if (strchr(conf->authorize_url, '?') == NULL)
		nx_buf_addc(out, '?');
	add_field(out, "response_type", "code");
	add_field(out, "client_id", client_id);
	add_field(out, "redirect_uri", conf->redirect_uri);
	add_field(out, "scope", scopes);
	add_field(out, "state", state);
	add_field(out, "code_challenge", challenge);
	add_field(out, "code_challenge_method", "S256");
}

/*
 * Send a form with `secrets` in it as the kind of client that we are, and
 * judge the answer.
 */
static void
send_form(const struct nx_x *x, enum nx_act act, struct nx_buf *form,
    const char *const *secrets, struct nx_x_answer *answer,
    struct nx_verdict *verdict)
{
	const struct nx_conf *conf = x->conf;
	const bool secret = conf->client_secret != NULL;
	struct nx_http_ask ask = {
		.method = "POST",
		.basic_user = secret ? conf->client_id : NULL,
		.basic_password = conf->client_secret,
		.content_type = "application/x-www-form-urlencoded",
		.secrets = secrets,
		.once = act != NX_ACT_REVOKE,
		.limits.patient_ms = act == NX_ACT_REVOKE ? 0 :
		    x->patient_ms,
	};

	if (!secret)
		add_field(form, "client_id", conf->client_id);
	ask.body = nx_buf_slice(form);
	if (nx_buf_ok(form))
		ask.url = act == NX_ACT_REVOKE ? conf->revoke_url :
		    conf->token_url;
	nx_x_call(x, act, &ask, "the form does not fit", answer, verdict);
}

static bool
is_oauth_token(const char *s)
{
	size_t n = 0;

	for (; s != NULL && s[n] > 0x20 && s[n] < 0x7f; n++)
		continue;
	return n > 0 && n <= NX_TOKEN_MAX && s[n] == '\0';
}

static bool
is_scopes(const char *s)
{
	size_t n = 0;

	for (; s != NULL && s[n] >= 0x20 && s[n] < 0x7f; n++)
		continue;
	return n > 0 && n <= NX_SCOPES_GRANTED_MAX && s[n] == '\0';
}

static int64_t
token_lifetime(struct json_object *body)
{
	int64_t s;

	if (!nx_json_i64(body, "expires_in", &s) || s < LIFE_MIN)
		return LIFE_DEFAULT;
	return s > LIFE_MAX ? LIFE_MAX : s;
}

/* Separated by spaces (RFC 6749 section 3.3), whatever X puts there. */
static const char *
read_scopes(struct json_object *body, struct nx_arena *arena)
{
	const char *said = nx_json_str(body, "scope");
	char *scopes = is_scopes(said) ? nx_arena_str(arena, said) : NULL;

	for (char *s = scopes; s != NULL && *s != '\0'; s++) {
		if (*s == ',')
			*s = ' ';
	}
	return scopes;
}

/* Copy what the answer grants; false when it is not a grant that we can use. */
static bool
read_grant(struct json_object *body, int64_t now, struct nx_arena *arena,
    struct nx_grant *out)
{
	const char *type = nx_json_str(body, "token_type");
	const char *access = nx_json_str(body, "access_token");
	const char *refresh = nx_json_str(body, "refresh_token");

	if ((type != NULL && strcasecmp(type, "bearer") != 0) ||
	    !is_oauth_token(access))
		return false;
	out->access_token = nx_arena_str(arena, access);
	out->refresh_token = is_oauth_token(refresh) ?
	    nx_arena_str(arena, refresh) : NULL;
	out->scopes = read_scopes(body, arena);
	out->expires_at = now + token_lifetime(body);
	return nx_arena_ok(arena);
}

/*
 * The next text of a member `name` in what need not be JSON; empty: no more.
 * A token has no escapes.
 */
static struct nx_slice
next_text(struct nx_slice *in, struct nx_slice name)
{
	const char *end = in->p + in->n, *p = in->p;
	struct nx_slice text = { NULL, 0 };

	while (text.p == NULL && p < end && (p = memmem(p,
	    (size_t)(end - p), name.p, name.n)) != NULL) {
		p += name.n;
		while (p < end && *p != '\0' && strchr(" \t\r\n:", *p))
			p++;
		if (p == end || *p != '"')
			continue;
		text.p = ++p;
		while (p < end && *p > 0x20 && *p < 0x7f && *p != '"')
			p++;
		text.n = p == end ? 0 : (size_t)(p - text.p); /* cut off */
		*in = (struct nx_slice){ p, (size_t)(end - p) };
	}
	return text;
}

/* X has given them, whatever else it says. */
static void
collect_strays(struct nx_slice body, struct nx_arena *arena,
    struct nx_grant *out)
{
	static const struct nx_slice names[] = {
		NX_SLICE("\"access_token\""), NX_SLICE("\"refresh_token\""),
	};

	*out = (struct nx_grant){ 0 };
	for (size_t i = 0; i < 2; i++) {
		struct nx_slice rest = body, text;

		while (out->nstrays < NX_STRAYS_MAX &&
		    (text = next_text(&rest, names[i])).p != NULL) {
			struct nx_stray *s = &out->strays[out->nstrays];

			if (text.n == 0 || text.n > NX_TOKEN_MAX)
				continue;
			s->token = nx_arena_slice(arena, text);
			s->refreshes = i == 1;
			out->nstrays += s->token != NULL;
		}
	}
}

/* What a 2xx grants, and the verdict on it. */
static void
take_grant(const struct nx_x *x, enum nx_act act,
    const struct nx_x_answer *answer, int64_t now, struct nx_grant *out,
    struct nx_verdict *verdict)
{
	struct json_object *body = NULL;

	/* Of two tokens nobody knows which one is meant. */
	if (nx_json_parse_once(answer->http.body, &body) != NX_OK ||
	    !read_grant(body, now, x->arena, out)) {
		collect_strays(answer->http.body, x->arena, out);
		nx_verdict_unreadable(act, verdict);
	} else
		nx_verdict_whole(answer, verdict);
	nx_json_wipe(body);
	nx_http_forget(x->http);
}

static void
ask_grant(const struct nx_x *x, enum nx_act act, struct nx_buf *form,
    const char *const *secrets, struct nx_grant *out,
    struct nx_verdict *verdict)
{
	const int64_t now = nx_clock_wall();	/* before: lifetimes run now */
	struct nx_x_answer answer;

	*out = (struct nx_grant){ 0 };
	/* X grants once: without memory for it nothing is asked. */
	if (!nx_arena_reserve(x->arena, GRANT_ROOM)) {
		*verdict = (struct nx_verdict){ .class = NX_CLASS_RETRY,
		    .x = { .detail = "there is no memory for a grant" } };
		return;
	}
	send_form(x, act, form, secrets, &answer, verdict);
	if (answer.http.status / 100 == 2)
		take_grant(x, act, &answer, now, out, verdict);
	nx_x_called(x, act, verdict);
}

void
nx_oauth_exchange(const struct nx_x *x, const char *code,
    const char *verifier, struct nx_grant *out, struct nx_verdict *verdict)
{
	const char *const secrets[] = { code, verifier, NULL };
	struct nx_buf form = NX_BUF_SECRET(NX_FORM_MAX);

	add_field(&form, "grant_type", "authorization_code");
	add_field(&form, "code", code);
	add_field(&form, "redirect_uri", x->conf->redirect_uri);
	add_field(&form, "code_verifier", verifier);
	ask_grant(x, NX_ACT_CODE, &form, secrets, out, verdict);
	nx_buf_free(&form);
}

void
nx_oauth_refresh(const struct nx_x *x, const char *refresh_token,
    struct nx_grant *out, struct nx_verdict *verdict)
{
	const char *const secrets[] = { refresh_token, NULL };
	struct nx_buf form = NX_BUF_SECRET(NX_FORM_MAX);

	add_field(&form, "grant_type", "refresh_token");
	add_field(&form, "refresh_token", refresh_token);
	ask_grant(x, NX_ACT_REFRESH, &form, secrets, out, verdict);
	nx_buf_free(&form);
}

void
nx_oauth_revoke(const struct nx_x *x, const char *token, const char *hint,
    struct nx_verdict *verdict)
{
	const char *const secrets[] = { token, NULL };
	struct nx_buf form = NX_BUF_SECRET(NX_FORM_MAX);
	struct nx_x_answer answer;

	add_field(&form, "token", token);
	add_field(&form, "token_type_hint", hint);
	send_form(x, NX_ACT_REVOKE, &form, secrets, &answer, verdict);
	nx_x_called(x, NX_ACT_REVOKE, verdict);
	nx_buf_free(&form);
}
