-- What the peer on Node keeps.
CREATE TABLE connections (
	user_id       uuid PRIMARY KEY,
	x_user_id     text NOT NULL,
	access_token  text NOT NULL,
	refresh_token text NOT NULL,
	expires_at    timestamptz NOT NULL
);
CREATE TABLE posts (
	id         uuid PRIMARY KEY,
	user_id    uuid NOT NULL REFERENCES connections,
	text       text NOT NULL,
	state      text NOT NULL CHECK (state IN ('sending', 'sent', 'failed')),
	post_id    text,
	created_at timestamptz NOT NULL DEFAULT now(),
	sent_at    timestamptz
);
CREATE INDEX posts_of_user ON posts (user_id, created_at DESC);
CREATE TABLE idempotency_keys (
	user_id    uuid NOT NULL,
	key        text NOT NULL,
	body_hash  text NOT NULL,
	post_id    uuid NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, key)
);
