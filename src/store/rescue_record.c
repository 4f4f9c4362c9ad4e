/*
 * rescue_record.c - what stands in a rescue file.
 *
 * One JSON object, sealed with the file's uuid as context, so that a file that
 * was cut or renamed does not open.
 *
 *	{"v": 1, "kind": "attempt", "user_id", "login": hash}	nothing granted
 *	{"v": 1, "kind": "pending", <nx_pending>}
 *	{"v": 1, "kind": "pair", <nx_new_pair>}
 *	{"v": 1, "kind": "grant", "login": hash or null, <nx_new_grant>}
 *
 * The last is of versions that asked for the profile before they kept what X
 * had granted; their times are seconds.  Older attempts and pairs do not say
 * whose they are.
 */

#include "rescue_file.h"

#include "nx/base/json.h"
#include "nx/seal/seal.h"
#include "nx/store/login.h"

enum { RECORD_VERSION = 1, US = 1000000 };

static enum nx_rc
write_sealed(struct nx_rescue *r, const struct nx_keyring *ring,
    const struct nx_buf *record, struct nx_err *err)
{
	struct nx_buf sealed = NX_BUF(NX_SEAL_TEXT_MAX);
	enum nx_rc rc;

	if (!nx_buf_ok(record) || nx_seal(ring, NX_PURPOSE_RESCUE,
	    nx_slice_str(r->uuid), nx_buf_slice(record), &sealed) != NX_OK)
		rc = nx_fail(err, NX_NO_MEMORY,
		    "The grant could not be sealed.");
	else
		rc = nx_rescue_write(r, nx_buf_slice(&sealed), err);
	nx_buf_free(&sealed);
	return rc;
}

static void
record_open(struct nx_jw *w, const char *kind)
{
	nx_jw_open(w, NULL, '{');
	nx_jw_i64(w, "v", RECORD_VERSION);
	nx_jw_str(w, "kind", kind);
}

/* End the record, write it, and let its bytes go. */
static enum nx_rc
record_keep(struct nx_rescue *r, const struct nx_keyring *ring,
    struct nx_jw *w, struct nx_err *err)
{
	enum nx_rc rc;

	nx_jw_close(w, '}');
	rc = write_sealed(r, ring, w->out, err);
	nx_buf_free(w->out);
	return rc;
}

enum nx_rc
nx_rescue_attempt(struct nx_rescue *r, const struct nx_keyring *ring,
    const char *user_id, const char *login_hash, struct nx_err *err)
{
	struct nx_buf record = NX_BUF(NX_SEAL_PLAIN_MAX);
	struct nx_jw w = { .out = &record };

	record_open(&w, "attempt");
	nx_jw_str(&w, "user_id", user_id);
	nx_jw_str(&w, "login", login_hash);
	return record_keep(r, ring, &w, err);
}

enum nx_rc
nx_rescue_pending(struct nx_rescue *r, const struct nx_keyring *ring,
    const struct nx_pending *p, struct nx_err *err)
{
	struct nx_buf record = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_jw w = { .out = &record };

	record_open(&w, "pending");
	nx_jw_str(&w, "id", p->id);
	nx_jw_str(&w, "user_id", p->user_id);
	nx_jw_str(&w, "login", p->login_hash);
	nx_jw_str(&w, "aim", p->aim);
	nx_jw_bool(&w, "replaces", p->replaces);
	nx_jw_str(&w, "asked", p->asked);
	nx_jw_str(&w, "scopes", p->scopes);
	nx_jw_str(&w, "access_token", p->access_token);
	nx_jw_str(&w, "refresh_token", p->refresh_token);
	nx_jw_i64(&w, "expires_at", p->expires_at);
	nx_jw_i64(&w, "granted_us", p->granted_us);
	nx_jw_i64(&w, "claimed_us", p->claimed_us);
	nx_jw_str(&w, "grant_hash", p->grant_hash);
	nx_jw_i64(&w, "version", p->version);
	return record_keep(r, ring, &w, err);
}

enum nx_rc
nx_rescue_pair(struct nx_rescue *r, const struct nx_keyring *ring,
    const struct nx_new_pair *pair, struct nx_err *err)
{
	struct nx_buf record = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_jw w = { .out = &record };

	record_open(&w, "pair");
	nx_jw_str(&w, "user_id", pair->user_id);
	nx_jw_str(&w, "connection", pair->connection_id);
	nx_jw_str(&w, "owner", pair->owner);
	nx_jw_i64(&w, "version", pair->version);
	nx_jw_str(&w, "access_token", pair->access_token);
	nx_jw_str(&w, "refresh_token", pair->refresh_token);
	nx_jw_str(&w, "scopes", pair->scopes);
	nx_jw_i64(&w, "expires_at", pair->expires_at);
	return record_keep(r, ring, &w, err);
}

static enum nx_rc
bad_record(struct nx_err *err)
{
	return nx_fail(err, NX_MALFORMED,
	    "A rescue file opens, but is not of this version.");
}

/* The code was sent, or about to be, when its process died. */
static enum nx_rc
apply_attempt(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	const char *login = nx_json_str(o, "login");

	return login == NULL ? bad_record(err) :
	    nx_login_finish(ask, nx_json_str(o, "user_id"), login,
	    NX_CODE_LOST, err);
}

static enum nx_rc
apply_pending(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	struct nx_pending p = {
		.id = nx_json_str(o, "id"),
		.user_id = nx_json_str(o, "user_id"),
		.login_hash = nx_json_str(o, "login"),
		.aim = nx_json_str(o, "aim"),
		.asked = nx_json_str(o, "asked"),
		.scopes = nx_json_str(o, "scopes"),
		.access_token = nx_json_str(o, "access_token"),
		.refresh_token = nx_json_str(o, "refresh_token"),
		.grant_hash = nx_json_str(o, "grant_hash"),
	};

	if (p.id == NULL || p.user_id == NULL || p.login_hash == NULL ||
	    p.asked == NULL || p.access_token == NULL ||
	    p.grant_hash == NULL ||
	    !nx_json_bool(o, "replaces", &p.replaces) ||
	    !nx_json_i64(o, "expires_at", &p.expires_at) ||
	    !nx_json_i64(o, "granted_us", &p.granted_us) ||
	    !nx_json_i64(o, "claimed_us", &p.claimed_us) ||
	    !nx_json_i64(o, "version", &p.version))
		return bad_record(err);
	return nx_pending_put(ask, &p, err);
}

static enum nx_rc
apply_grant(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	struct nx_new_grant g = {
		.login_hash = nx_json_str(o, "login"),
		.user_id = nx_json_str(o, "user_id"),
		.x_user_id = nx_json_str(o, "x_user_id"),
		.username = nx_json_str(o, "username"),
		.name = nx_json_str(o, "name"),
		.subscription = nx_json_str(o, "subscription"),
		.access_token = nx_json_str(o, "access_token"),
		.refresh_token = nx_json_str(o, "refresh_token"),
		.scopes = nx_json_str(o, "scopes"),
	};
	struct nx_saved saved;
	int64_t claimed;

	if (g.user_id == NULL || g.x_user_id == NULL ||
	    g.access_token == NULL ||
	    !nx_json_i64(o, "expires_at", &g.expires_at) ||
	    !nx_json_i64(o, "granted_at", &claimed))
		return bad_record(err);
	/* It was the claim's time, and rounded. */
	g.granted_us = claimed * US;
	g.claimed_us = (claimed - 1) * US;
	return nx_connection_save(ask, &g, &saved, err);
}

static enum nx_rc
apply_pair(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	struct nx_new_pair pair = {
		.user_id = nx_json_str(o, "user_id"),
		.connection_id = nx_json_str(o, "connection"),
		.owner = nx_json_str(o, "owner"),
		.access_token = nx_json_str(o, "access_token"),
		.refresh_token = nx_json_str(o, "refresh_token"),
		.scopes = nx_json_str(o, "scopes"),
	};
	bool saved;

	if (pair.connection_id == NULL || pair.owner == NULL ||
	    pair.access_token == NULL ||
	    !nx_json_i64(o, "version", &pair.version) ||
	    !nx_json_i64(o, "expires_at", &pair.expires_at))
		return bad_record(err);
	/* Not saved: the row has moved on, and this pair is of no use. */
	return nx_lease_save(ask, &pair, &saved, err);
}

static const struct {
	const char	*kind;
	enum nx_rc	(*apply)(const struct nx_store_ask *ask,
			    struct json_object *o, struct nx_err *err);
} kinds[] = {
	{ "attempt", apply_attempt },
	{ "pending", apply_pending },
	{ "pair", apply_pair },
	{ "grant", apply_grant },
};

static enum nx_rc
apply_kind(const struct nx_store_ask *ask, struct json_object *o,
    struct nx_err *err)
{
	const char *kind = nx_json_str(o, "kind");
	int64_t version = 0;

	if (!nx_json_i64(o, "v", &version) || version != RECORD_VERSION ||
	    kind == NULL)
		return bad_record(err);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].apply(ask, o, err);
	}
	return bad_record(err);
}

enum nx_rc
nx_rescue_apply(const struct nx_store_ask *ask, struct nx_slice record,
    struct nx_err *err)
{
	struct json_object *o = NULL;
	enum nx_rc rc = nx_json_parse(record, &o, err);

	if (rc == NX_OK)
		rc = apply_kind(ask, o, err);
	nx_json_wipe(o);
	return rc;
}
