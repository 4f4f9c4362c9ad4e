/*
 * crowd.h - rows by the ten thousand, for the tests of growth.
 *
 * The n-th user has the n-th connection (their ids are hashes of n); `hub` is
 * one user with one connection that has it all.  Every statement makes the
 * rows from $1 on, $1 not among them, to $2.
 */
#ifndef NX_TEST_GROWTH_CROWD_H
#define NX_TEST_GROWTH_CROWD_H

#define HUB "'00000000-0000-4000-8000-000000000001'::uuid"
#define HUB_ID "00000000-0000-4000-8000-000000000001"
#define USER_N "md5('user ' || n)::uuid"
#define CONNECTION_N "md5('connection ' || n)::uuid"
#define POST_N "md5('post ' || n)::uuid"
/* The hub has every second one; of the others none is open. */
#define IS_HUBS(a, b) "CASE WHEN n % 2 = 0 THEN " a " ELSE " b " END"
#define HUB_USER IS_HUBS(HUB, USER_N)
#define HUB_CONNECTION IS_HUBS(HUB, CONNECTION_N)
#define EACH " FROM generate_series($1::bigint + 1, $2::bigint) AS n"

/* Connections, all of whose tokens end at `ends`. */
#define CONNECTIONS(ends)						\
	"INSERT INTO platform_connections (id, user_id, platform,"	\
	" platform_user_id, platform_username, access_token,"		\
	" refresh_token, token_expires_at, scopes, status) SELECT "	\
	CONNECTION_N ", " USER_N ", 'twitter', n, 'ada', 'k1:a', 'k1:r',"	\
	" " ends ", '{}', 'connected'" EACH

/* Their grants, all due, with `lease_until` and `retry_at`. */
#define GRANTS(lease, retry)						\
	"INSERT INTO x_grants (user_id, connection_id, token_version,"	\
	" due_at, lease_owner, lease_until, retry_at) SELECT "		\
	USER_N ", " CONNECTION_N ", 1, now(), "				\
	"CASE WHEN " lease " IS NOT NULL THEN " POST_N " END, " lease ", "	\
	retry EACH

/* Posts of `user` by `connection`; `more` sets what else matters. */
#define POSTS(user, connection, state, more_columns, more)		\
	"INSERT INTO x_posts (id, user_id, connection_id, state,"	\
	" body_hash, created_at" more_columns ") SELECT " POST_N ", "	\
	user ", " connection ", " state ", md5(n::text),"		\
	" now() - interval '2 days' + n * interval '1 ms'" more EACH
#define QUEUED(user, connection, state, due)				\
	POSTS(user, connection, state, ", publish_at, next_try_at",	\
	    ", " due ", " due)
#define PARTS(user, state)						\
	"INSERT INTO x_parts (user_id, post_id, position, text,"	\
	" weighted_length, state, attempts) SELECT " user ", " POST_N	\
	", 0, 'part ' || n, 6, " state ", 0" EACH

/* The n-th account's line, whose head is the n-th post; the hub's. */
#define LINES(due)							\
	"INSERT INTO x_lines (user_id, connection_id, post_id, head_at,"	\
	" next_at) SELECT " USER_N ", " CONNECTION_N ", " POST_N ", " due	\
	", " due EACH
#define HUB_LINE							\
	"INSERT INTO x_lines (user_id, connection_id, next_at) SELECT "	\
	HUB ", " HUB ", now() WHERE $1 < $2 ON CONFLICT (user_id,"	\
	" connection_id) DO UPDATE SET next_at = now()"

#endif
