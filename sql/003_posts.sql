-- Posts and their parts.  Keys begin with the user.
-- There with: relation x_parts

-- One run at a time, and waiting with no transaction open: an index that is
-- being built would wait for it, and everybody behind both.
SET statement_timeout = 0;
DO $$
BEGIN
	WHILE NOT pg_try_advisory_lock(
	    hashtextextended('nexus-x index', 0)) LOOP
		COMMIT;
		PERFORM pg_sleep(0.2);
	END LOOP;
END $$;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

CREATE TABLE IF NOT EXISTS x_posts (
	id uuid NOT NULL,
	user_id uuid NOT NULL,
	connection_id uuid NOT NULL,
	state text NOT NULL CONSTRAINT x_posts_state CHECK (state IN (
	    'queued', 'sending', 'sent', 'failed', 'partial', 'unknown',
	    'deleted', 'cancelled')),
	idempotency_key text,
	body_hash text NOT NULL,	-- SHA-256 of the request, in hex
	options jsonb NOT NULL DEFAULT '{}',
	warnings jsonb NOT NULL DEFAULT '[]',
	error jsonb,
	price bigint NOT NULL DEFAULT 0,	-- 1/10,000 US dollar
	publish_at timestamptz,
	-- Who is sending it, and until when; past that it is to be settled.
	lease_owner uuid,
	lease_until timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS x_posts_key
	ON x_posts (user_id, idempotency_key)
	WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS x_posts_history
	ON x_posts (user_id, created_at DESC, id DESC);

CREATE TABLE IF NOT EXISTS x_parts (
	user_id uuid NOT NULL,
	post_id uuid NOT NULL,
	position smallint NOT NULL,
	text text NOT NULL,
	weighted_length integer NOT NULL,
	media_ids text[] NOT NULL DEFAULT '{}',
	state text NOT NULL CONSTRAINT x_parts_state CHECK (state IN (
	    'waiting', 'sending', 'sent', 'failed', 'unknown', 'deleted')),
	x_post_id text,
	error jsonb,
	sent_at timestamptz,
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, post_id, position),
	FOREIGN KEY (user_id, post_id)
	    REFERENCES x_posts (user_id, id) ON DELETE CASCADE,
	CONSTRAINT x_parts_sent CHECK (state <> 'sent'
	    OR x_post_id IS NOT NULL)
);

COMMIT;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
