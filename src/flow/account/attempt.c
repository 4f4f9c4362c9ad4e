/* attempt.c - an attempt to connect, on its way out to X. */

#include "attempt.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "nx/base/url.h"
#include "nx/base/uuid.h"
#include "nx/seal/seal.h"
#include "nx/x/oauth.h"
#include "nx/x/scopes.h"

/*
 * Its lines, sealed: version, expiry, state, verifier, user, connection,
 * 1 to replace it, scopes, return.  Absent things are empty.  Version 1 had no
 * connection, no replace and no scopes; one that is under way still opens.
 */
static const char version_2[] = "2", version_1[] = "1";

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static enum nx_rc
seal_attempt(const struct nx_keyring *ring, const struct nx_attempt *a,
    struct nx_buf *out, struct nx_err *err)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_ATTEMPT_MAX);
	const char *lines[] = { a->state, a->verifier, a->user_id,
	    or_empty(a->connection_id), a->replace ? "1" : "",
	    or_empty(a->scopes), a->return_to };
	enum nx_rc rc;

	nx_buf_addf(&plain, "%s\n%lld", version_2,
	    (long long)a->expires);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		nx_buf_addc(&plain, '\n');
		nx_buf_adds(&plain, lines[i]);
	}
	if (!nx_buf_ok(&plain))
		rc = NX_NO_MEMORY;
	else
		rc = nx_seal(ring, NX_PURPOSE_ATTEMPT, NX_SLICE(""),
		    nx_buf_slice(&plain), out);
	nx_buf_free(&plain);
	return rc == NX_OK ? NX_OK :
	    nx_fail(err, rc, "The attempt could not be sealed.");
}

/* The next line, in the arena; NULL for an empty one. */
static const char *
line(struct nx_arena *arena, struct nx_slice *rest)
{
	struct nx_slice one = nx_slice_cut(rest, '\n');

	return one.n == 0 ? NULL : nx_arena_slice(arena, one);
}

static enum nx_rc
read_attempt(struct nx_slice rest, struct nx_arena *arena,
    struct nx_attempt *out)
{
	struct nx_slice version = nx_slice_cut(&rest, '\n');
	const char *expires;

	if (!nx_slice_is(version, version_2) &&
	    !nx_slice_is(version, version_1))
		return NX_MALFORMED;
	expires = line(arena, &rest);
	out->state = line(arena, &rest);
	out->verifier = line(arena, &rest);
	out->user_id = line(arena, &rest);
	if (nx_slice_is(version, version_2)) {
		out->connection_id = line(arena, &rest);
		out->replace = line(arena, &rest) != NULL;
		out->scopes = line(arena, &rest);
	}
	out->return_to = nx_arena_slice(arena, rest);
	if (!nx_arena_ok(arena))
		return NX_NO_MEMORY;
	if (expires == NULL || out->state == NULL || out->verifier == NULL ||
	    out->user_id == NULL || out->return_to == NULL)
		return NX_MALFORMED;
	out->expires = strtoll(expires, NULL, 10);
	return NX_OK;
}

enum nx_rc
nx_attempt_open(const struct nx_keyring *ring, const char *sealed,
    struct nx_arena *arena, struct nx_attempt *out)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_ATTEMPT_MAX);
	enum nx_rc rc;

	rc = nx_unseal(ring, NX_PURPOSE_ATTEMPT, NX_SLICE(""),
	    nx_slice_str(sealed), &plain);
	if (rc == NX_OK)
		rc = read_attempt(nx_buf_slice(&plain), arena, out);
	nx_buf_free(&plain);
	return rc;
}

static enum nx_rc
check_ask(const struct nx_attempt_ask *ask, struct nx_err *err)
{
	if (ask->return_to != NULL &&
	    !nx_url_is_local_path(nx_slice_str(ask->return_to)))
		return nx_fail(err, NX_RETURN_TO,
		    "return_to must be a path on this site.");
	if (ask->connection_id != NULL && !nx_uuid_valid(ask->connection_id))
		return nx_fail(err, NX_INVALID,
		    "connection_id must be a UUID.");
	if (ask->replace && ask->connection_id == NULL)
		return nx_fail(err, NX_INVALID, "replace needs the"
		    " connection_id that is to be replaced.");
	return ask->scopes == NULL ? NX_OK :
	    nx_scopes_check(ask->scopes, err);
}

enum nx_rc
nx_attempt_begin(const struct nx_conf *conf, const struct nx_keyring *ring,
    const struct nx_attempt_ask *ask, struct nx_attempt_start *out,
    struct nx_err *err)
{
	char verifier[NX_PKCE_LEN + 1], challenge[NX_PKCE_LEN + 1];
	struct nx_attempt attempt = {
		.expires = ask->now + NX_ATTEMPT_SECONDS,
		.state = out->state,
		.verifier = verifier,
		.user_id = ask->user_id,
		.return_to = ask->return_to == NULL ? conf->dashboard_path :
		    ask->return_to,
		.connection_id = ask->connection_id,
		.scopes = ask->scopes,
		.replace = ask->replace,
	};
	enum nx_rc rc;

	out->authorize_url = (struct nx_buf)NX_BUF(4096);
	out->sealed = (struct nx_buf)NX_BUF(NX_ATTEMPT_MAX);
	if ((rc = check_ask(ask, err)) != NX_OK)
		return rc;
	nx_pkce_verifier(out->state);
	nx_pkce_verifier(verifier);
	nx_pkce_challenge(nx_slice_str(verifier), challenge);
	nx_oauth_authorize_url(conf, conf->client_id,
	    ask->scopes == NULL ? conf->scopes : ask->scopes, out->state,
	    challenge, &out->authorize_url);
	rc = seal_attempt(ring, &attempt, &out->sealed, err);
	OPENSSL_cleanse(verifier, sizeof(verifier));
	if (rc == NX_OK && !nx_buf_ok(&out->authorize_url))
		rc = nx_fail(err, NX_TOO_BIG,
		    "The authorize URL would be too long.");
	return rc;
}

void
nx_attempt_start_free(struct nx_attempt_start *s)
{
	nx_buf_free(&s->authorize_url);
	nx_buf_free(&s->sealed);
}

int64_t
nx_attempt_expires(const struct nx_keyring *ring, struct nx_slice sealed)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_ATTEMPT_MAX);
	struct nx_slice rest;
	int64_t expires = 0;

	if (nx_unseal(ring, NX_PURPOSE_ATTEMPT, NX_SLICE(""), sealed,
	    &plain) == NX_OK) {
		rest = nx_buf_slice(&plain);
		(void)nx_slice_cut(&rest, '\n');
		expires = strtoll(rest.p == NULL ? "0" : rest.p, NULL, 10);
	}
	nx_buf_free(&plain);
	return expires;
}
