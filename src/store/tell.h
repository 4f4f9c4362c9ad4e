/*
 * tell.h - the SQL by which Nexus is told of a change of a connection, in the
 * statement that makes it: a row for the webhook, and NOTIFY on nexus_x.
 * Before the tables are contracted a trigger does both (sql/006_notices.sql).
 *
 * `changed` has the connections as they are now, and as they were before in
 * was_status and was_reason.  What is no news is not told.
 */
#ifndef NX_SRC_STORE_TELL_H
#define NX_SRC_STORE_TELL_H

/* Connection $2 of user $1, which the transaction has locked, before it. */
#define NX_TELL_WAS							\
	"was AS (SELECT status AS was_status, status_reason AS was_reason" \
	" FROM platform_connections WHERE user_id = $1 AND id = $2)"

#define NX_TELL_COLUMNS(c)						\
	c ".user_id, " c ".id, " c ".platform_user_id, "		\
	c ".platform_username"

/* What an UPDATE of `c` FROM was returns as `changed`. */
#define NX_TELL_CHANGED							\
	" RETURNING " NX_TELL_COLUMNS("c") ", c.status, c.status_reason," \
	" was_status, was_reason"

/* Read while the row is locked, so it orders the notices of one. */
#define NX_TELL_AT							\
	"to_char(clock_timestamp() AT TIME ZONE 'UTC',"			\
	" 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

/* The cuts keep the payload below NOTIFY's 8000 bytes. */
#define NX_TELL								\
	"told AS ("							\
	" INSERT INTO x_notices (user_id, connection_id, event, body)"	\
	" SELECT n.user_id, n.id, n.event, jsonb_build_object("		\
	"  'event', n.event, 'connection_id', n.id,"			\
	"  'user_id', n.user_id,"					\
	"  'platform_user_id', left(n.platform_user_id, 64),"		\
	"  'username', left(n.platform_username, 64),"			\
	"  'status', n.status, 'reason', left(n.status_reason, 500),"	\
	"  'at', " NX_TELL_AT ")"					\
	/* It works until its access token ends, and no longer. */	\
	" FROM (SELECT *, 'connection.' || CASE"			\
	"  WHEN status = 'connected' AND status_reason IS NOT NULL"	\
	"  THEN 'needs_reauth' ELSE status END AS event FROM changed) n" \
	" WHERE (SELECT contracted FROM x_app)"				\
	"  AND (n.status IS DISTINCT FROM n.was_status"			\
	"   OR n.status = 'connected'"					\
	"   AND n.status_reason IS DISTINCT FROM n.was_reason)"		\
	" RETURNING body)"

/*
 * How many NOTIFYs that made.  None where tables are spread over nodes: only
 * the user's would hear it, and what it is in could not be committed on two.
 */
#define NX_TOLD								\
	"(SELECT count(pg_notify('nexus_x', body::text)) FROM told"	\
	" WHERE (SELECT spread FROM x_app) IS NOT TRUE)"

#endif
