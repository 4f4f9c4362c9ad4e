/*
 * maxima.h - how much is taken, kept and written at the most.
 *
 * One list, so that a figure is chosen once and can be looked up: what it
 * bounds, in bytes unless said otherwise, and where it comes from.  What has
 * no source is ours: far above what is usual, far below what hurts.  Not here:
 * times and tries, which are policy and stand with what waits; steps that
 * keep an algorithm linear; sizes of arrays that hold one known format.
 */
#ifndef NX_BASE_MAXIMA_H
#define NX_BASE_MAXIMA_H

/* Of a request. */
enum {
	NX_BODY_MAX = 256 * 1024,	/* read whole; client_max_body_size in
					   nginx/snippets is the same */
	NX_BODY_DRAIN_MAX = 4 * NX_BODY_MAX,	/* of one that nobody wants */
	NX_COOKIES_MAX = 32 * 1024 - 16,	/* all together: what nginx lets
				through; how it fits the rest is reckoned up in
				nginx/snippets/nexus-x-limits.conf */
	NX_COOKIE_CHUNKS_MAX = 16,	/* of a session: Supabase's have 3,180
					   bytes each */
	NX_PROJECT_REF_MAX = 64,	/* of a Supabase project's name */
	NX_REQUEST_ID_MAX = 64,
	NX_QUERY_VALUE_MAX = 8192,
	NX_LOCAL_PATH_MAX = 1000,	/* return_to */
	NX_IDEMPOTENCY_KEY_MAX = 200,	/* docs/contract.md section 6 */
	NX_POSTS_PAGE_MAX = 100,	/* posts of a page; `limit` */
};

/* Of a caller's token and the keys that it is checked with. */
enum {
	NX_JWT_MAX = 16 * 1024,
	NX_JWKS_MAX = 64 * 1024,
	NX_JWKS_URL_MAX = 600,		/* SUPABASE_URL and a path of ours */
	NX_JWT_KEYS_MAX = 32,		/* public keys that are kept */
	NX_KID_MAX = 128,
	NX_RSA_BYTES_MAX = 1024,	/* of a modulus: 8,192 bits */
	NX_RSA_E_BYTES_MAX = 8,
};

/* Of attempts to connect. */
enum {
	NX_ATTEMPT_MAX = 3000,		/* sealed: browsers keep 4,096 bytes of
					   a cookie (RFC 6265 section 6.1) */
	NX_ATTEMPTS_MAX = 5,		/* of one browser, outstanding */
	NX_ATTEMPTS_BYTES_MAX = 6 * 1024,	/* of these, as they are sent */
	NX_ATTEMPTS_SEEN_MAX = 40,	/* cookies that are looked at */
	NX_STATE_MAX = 500,		/* X's own limit for `state` */
	NX_CODE_MAX = 2048,
	NX_CONNECT_URL_MAX = 3000,	/* that a person can follow */
	NX_LOCATION_MAX = 4096,		/* of a redirect */
	NX_SCOPES_ASKED_MAX = 500,
};

/* Of a post's text; NX_LIMIT_* (weigh.h) is what X counts. */
enum {
	NX_TEXT_BYTES_MAX = 1 << 20,	/* longer texts are not looked at */
	NX_PARTS_MAX = 250,		/* parts of a thread */
	NX_PART_NUMBER_MAX = 32,	/* ` (250/250)` and a NUL */
	NX_STORED_MAX = 9 * NX_TEXT_BYTES_MAX,	/* NFC and UTF-8: 3 by 3 */
	NX_POLL_MAX = 4,		/* options: X's rule */
	NX_POLL_OPTION_MAX = 25,	/* code points of one: X's rule */
	NX_POLL_MINUTES_MAX = 7 * 24 * 60,	/* X's rule */
	NX_OPTIONS_TEXT_MAX = 8192,	/* four poll options, each byte
					   escaped */
	NX_HASHED_OPTIONS_MAX = 16384,	/* all of a request but its text */
	NX_SOURCE_MAX = 6 * NX_TEXT_BYTES_MAX + 16384,	/* text and options,
							   all escaped */
	NX_REQUEST_TEXT_MAX = 8 * 1024 * 1024,	/* the same, as a body */
};

/* Of what twitter-text finds in it; UTF-16 units, and its own rules. */
enum {
	NX_TEXT_URL_MAX = 4096,		/* with its protocol */
	NX_TCO_SLUG_MAX = 40,
	NX_SCREEN_NAME_MAX = 20,
	NX_LIST_NAME_MAX = 25,
	NX_CASHTAG_MAX = 6,
	NX_DOMAIN_LABEL_MAX = 63,	/* bytes in ASCII (RFC 1035) */
	NX_HOST_MAX = 256,		/* bytes: 253 (RFC 1035) and more */
};

/* Of what X says and is told. */
enum {
	NX_HTTP_BODY_MAX = 1024 * 1024,	/* of an answer in memory */
	NX_HTTP_HEADERS_MAX = 4,	/* further ones of a request; a count */
	NX_AUTHORIZATION_MAX = 8 * 1024,
	NX_FORM_MAX = 16 * 1024,
	NX_TOKEN_MAX = 4096,		/* X's have some 100 */
	NX_STRAYS_MAX = 4,		/* tokens beside a grant; a count */
	NX_SCOPES_GRANTED_MAX = 2000,
	NX_X_ID_MAX = 19,		/* digits of a 64-bit number */
	NX_USERNAME_MAX = 50,		/* X gives 15 */
	NX_DISPLAY_NAME_MAX = 400,	/* 50 characters of up to 8 bytes */
	NX_X_URL_MAX = 128,		/* x.com, a name, an id and a NUL */
	NX_TIMELINE_URL_MAX = 2048,
	NX_POST_JSON_MAX = 256 * 1024,	/* a post of 25,000, all escaped */
};

/* Of what is answered, told and logged. */
enum {
	NX_REPLY_HEAD_MAX = 28 * 1024,	/* below nginx's fastcgi_buffer_size */
	NX_REPLY_BODY_MAX = 4 * 1024 * 1024,
	NX_POSTS_PAGE_BYTES_MAX = 1024 * 1024,	/* a page ends behind it */
	NX_CATALOGUE_MAX = 128 * 1024,
	NX_REMEDY_MAX = 4096,
	NX_WARNING_MAX = 4096,
	NX_REASON_MAX = 8192,
	NX_WEBHOOK_SIGNED_MAX = 16 * 1024,
	NX_WEBHOOK_WHY_MAX = 200,
	NX_LOG_LINE_MAX = 4000,		/* below PIPE_BUF: written whole */
	NX_LOG_VALUE_MAX = 200,
	NX_LOG_TEXT_MAX = 64 * 1024,	/* several lines, before they are cut */
	NX_PROBLEMS_MAX = 16 * 1024,	/* what keeps a program from starting */
	NX_CLI_OUT_MAX = 8 * 1024 * 1024,
	NX_CLI_LINE_MAX = 1 << 20,	/* --measure's input */
	NX_MEDIA_ARGS_MAX = 4,		/* --media; X's rule */
};

/* Of the database and what is sealed in it. */
enum {
	NX_DB_HOSTS_MAX = 16,		/* in DATABASE_URL; a count */
	NX_DB_OPTIONS_MAX = 64,		/* of a host: libpq knows fewer */
	NX_DB_WORD_MAX = 40,		/* of a name in it that is told */
	NX_PARAMS_MAX = 20,		/* of a statement; a count */
	NX_PIPELINE_MAX = 12,		/* statements of one round trip */
	NX_STMTS_MAX = 64,		/* prepared ones of a connection:
					   Supavisor ends who keeps 100 */
	NX_PARTS_JSON_MAX = 1024 * 1024,	/* of a post, as a parameter */
	NX_STORED_ERROR_MAX = 8192,	/* a struct nx_err, each byte escaped */
	NX_KEYRING_MAX = 16,		/* keys of NEXUS_KEYS */
	NX_KEY_ID_MAX = 16,
	NX_KEYS_IN_USE_MAX = 64,	/* ids that sealed values name */
	NX_RING_TEXT_MAX = 128,
	NX_SEAL_PLAIN_MAX = 16 * 1024,	/* that one value may hold */
	NX_MIGRATIONS_MAX = 200,	/* files below sql/ */
	NX_CONTRACTS_MAX = 40,		/* files below sql/contract/ */
	NX_MIGRATION_FILE_MAX = 1 << 20,
	NX_MIGRATION_LIST_MAX = 1 << 20,
	NX_MIGRATION_TEXT_MAX = 16 * 1024,
	NX_MIGRATE_PROBLEMS_MAX = 256 * 1024,
};

/* Memory of an arena (arena.h), and of what is parsed. */
enum {
	NX_ARENA_MAX = 2 * 1024 * 1024,	/* a request or command */
	NX_CONF_ARENA_MAX = 64 * 1024,	/* the configuration */
	NX_DAEMON_ARENA_MAX = 4096,	/* a daemon's arguments */
	NX_POOL_ARENA_MAX = 256 * 1024,	/* the database's addresses */
	NX_RESCUE_ARENA_MAX = 256 * 1024,	/* one rescue file */
	NX_ENTITIES_ARENA_MAX = 64 * NX_TEXT_BYTES_MAX,	/* of a text */
	NX_JSON_TEXT_MAX = 0x3fffffff,	/* json-c counts in int */
	NX_TIME_TEXT_MAX = 64,		/* RFC 3339 with many decimals */
};

#endif
