-- The lines of what programs of the version before have queued.  A row at a
-- time, so that nobody waits for one behind another, and not on the disk: what
-- is lost is done again.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET synchronous_commit = off;
DO $$
DECLARE
	line record;
BEGIN
	FOR line IN SELECT DISTINCT ON (connection_id, user_id)
	    user_id, connection_id, id, next_try_at FROM x_posts
	    WHERE state = 'queued' AND publish_at IS NOT NULL
	    AND accepted AND goal = 'send'
	    ORDER BY connection_id, user_id, publish_at, created_at, id LOOP
		-- May be too early, never too late: somebody may have set it
		-- since that was read.
		INSERT INTO x_lines AS l (user_id, connection_id, post_id,
		    head_at, next_at)
		VALUES (line.user_id, line.connection_id, line.id,
		    line.next_try_at, line.next_try_at)
		ON CONFLICT (user_id, connection_id) DO UPDATE SET
		    post_id = excluded.post_id, head_at = excluded.head_at,
		    next_at = least(l.next_at, excluded.next_at);
		COMMIT;
	END LOOP;
END $$;
RESET synchronous_commit;
RESET statement_timeout;
RESET lock_timeout;
