/*
 * park.h - the SQL by which tokens go to x_revocations (revocation.h).
 *
 * What a statement moves there stays sealed for the row and column that it
 * comes from; what this program has in hand is sealed for its new row
 * (nx_revocation_seal()).  For half a minute it is its maker's to tell X.
 */
#ifndef NX_SRC_STORE_PARK_H
#define NX_SRC_STORE_PARK_H

#define NX_PARK_WAIT	"now() + interval '30 s'"

/* What rows `c` of platform_connections hold; WHERE may follow. */
#define NX_PARK_HELD(from)						\
	"INSERT INTO x_revocations (id, user_id, connection_id,"	\
	" platform_user_id, hint, token, next_try_at, sealed_id,"	\
	" sealed_column)"						\
	" SELECT gen_random_uuid(), c.user_id, c.id,"			\
	"  c.platform_user_id, t.hint, t.token, " NX_PARK_WAIT ","	\
	"  c.id, t.hint"						\
	" FROM " from							\
	" CROSS JOIN LATERAL (VALUES ('refresh_token', c.refresh_token)," \
	"  ('access_token', c.access_token)) AS t (hint, token)"	\
	" WHERE t.token IS NOT NULL"

/* What rows `gone` of x_pending held, under `as` as their connection_id. */
#define NX_PARK_GONE(as)						\
	"INSERT INTO x_revocations (id, user_id, connection_id, hint,"	\
	" token, next_try_at, sealed_id, sealed_column)"		\
	" SELECT gen_random_uuid(), g.user_id, " as ", t.hint, t.token,"\
	"  " NX_PARK_WAIT ", g.id, 'pending_' || t.hint"		\
	" FROM gone g, LATERAL (VALUES"					\
	"  ('refresh_token', g.refresh_token),"				\
	"  ('access_token', g.access_token)) AS t (hint, token)"	\
	" WHERE t.token IS NOT NULL"

/* The end of those rows is the end of their attempts. */
#define NX_TELL_GONE(user, outcome)					\
	"told AS (UPDATE x_logins l SET outcome = " outcome " FROM gone" \
	"  WHERE l.user_id = " user " AND l.state_hash = gone.state_hash" \
	"  AND l.outcome IS DISTINCT FROM 'connected')"

/* A pair in hand, as two parameters each: id and sealed token. */
#define NX_PARK_INTO							\
	"INSERT INTO x_revocations (id, user_id, connection_id,"	\
	" platform_user_id, hint, token, next_try_at)"
#define NX_PARK_PAIR(rid, refresh, aid, access)				\
	"(VALUES (" rid "::uuid, 'refresh_token', " refresh "::text),"	\
	"  (" aid "::uuid, 'access_token', " access "::text))"		\
	" AS p (id, hint, token)"

#endif
