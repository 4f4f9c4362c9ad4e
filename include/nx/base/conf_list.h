/*
 * conf_list.h - rows: field, variable, type, default, low, high, need, text.
 *
 * STR, SECRET (never told), URL (https; http on loopback), PATH, PLAN and LEVEL
 * are texts, and low and high count their bytes; of INT (an int, which needs a
 * default) and MONEY (a decimal, kept as text) they bound the value.  A
 * variable that is empty is unset.  Need: the NX_NEED_ of the programs that do
 * not start without it, or 0.
 */
#ifndef NX_BASE_CONF_LIST_H
#define NX_BASE_CONF_LIST_H

#define NX_CONF_LIST(X) \
X(client_id, "TWITTER_CLIENT_ID", STR, NULL, 1, 200, NX_NEED_X, \
  "OAuth 2.0 client id of the X app.") \
X(client_secret, "TWITTER_CLIENT_SECRET", SECRET, NULL, 1, 200, 0, \
  "Client secret of a confidential X app; unset for a public one.") \
X(redirect_uri, "TWITTER_REDIRECT_URI", URL, NULL, 1, 500, NX_NEED_X, \
  "https://.../api/auth/twitter/callback, exactly as registered at X.") \
X(scopes, "TWITTER_SCOPES", STR, \
  "tweet.read tweet.write users.read media.write offline.access", 1, 500, 0, \
  "Scopes that are asked for at connect, separated by spaces.") \
X(authorize_url, "TWITTER_AUTHORIZE_URL", URL, \
  "https://x.com/i/oauth2/authorize", 1, 500, 0, \
  "Page where a person allows access.") \
X(api_url, "TWITTER_API_URL", URL, "https://api.x.com", 1, 500, 0, \
  "Base of every API call.") \
X(token_url, "TWITTER_TOKEN_URL", URL, NULL, 1, 500, 0, \
  "Token endpoint; default {TWITTER_API_URL}/2/oauth2/token.") \
X(revoke_url, "TWITTER_REVOKE_URL", URL, NULL, 1, 500, 0, \
  "Revocation endpoint; default {TWITTER_API_URL}/2/oauth2/revoke.") \
X(ca_file, "TWITTER_CA_FILE", PATH, NULL, 1, 1000, 0, \
  "PEM file of the CA to trust for X; default: the system's CAs.") \
X(plan, "TWITTER_PLAN", PLAN, "payg", 1, 20, 0, \
  "X plan: free, basic, pro, payg or enterprise.") \
X(budget, "TWITTER_MONTHLY_BUDGET_USD", MONEY, NULL, 0, 10000000, 0, \
  "Kept for a limit on the month's spend: nothing reads it yet.") \
X(database_url, "DATABASE_URL", SECRET, NULL, 1, 2000, NX_NEED_DB, \
  "libpq URI or conninfo; several hosts are allowed.") \
X(jwt_secret, "SUPABASE_JWT_SECRET", SECRET, NULL, 16, 500, 0, \
  "HS256 secret of the Supabase project.") \
X(supabase_url, "SUPABASE_URL", URL, NULL, 1, 500, 0, \
  "Project URL: its JWKS is fetched, tokens must be of {URL}/auth/v1.") \
X(jwks_file, "SUPABASE_JWKS_FILE", PATH, NULL, 1, 1000, 0, \
  "File with the project's JWKS, in place of the one at SUPABASE_URL.") \
X(oauth_clients, "NEXUS_OAUTH_CLIENTS", STR, NULL, 1, 4000, 0, \
  "Client ids of third-party apps, separated by commas, that may act for" \
  " their users with tokens of Supabase's OAuth server.") \
X(keys, "NEXUS_KEYS", SECRET, NULL, 1, 4000, NX_NEED_KEYS, \
  "Key ring id:base64-of-32-bytes[,id:...]; the first seals, all open.") \
X(origin, "NEXUS_ORIGIN", URL, NULL, 1, 300, 0, \
  "Public origin of the site; default: that of TWITTER_REDIRECT_URI.") \
X(dashboard_path, "NEXUS_DASHBOARD_PATH", STR, "/dashboard", 1, 200, 0, \
  "Where the callback returns to.") \
X(threads, "NEXUS_THREADS", INT, "32", 1, 1024, 0, \
  "Worker threads of each process.") \
X(db_pool, "NEXUS_DB_POOL", INT, "8", 1, 256, 0, \
  "Database connections of each process, at the most.") \
X(late_outcomes, "NEXUS_DB_LATE_OUTCOMES", INT, "0", 0, 1, 0, \
  "1: that a post was sent is committed without waiting for the disk; what" \
  " a crash of the database takes of it is looked up at X.") \
X(state_dir, "NEXUS_STATE_DIR", PATH, "/var/lib/nexus-x", 1, 1000, 0, \
  "Directory for grants that the database could not take, and counters.") \
X(retention_days, "NEXUS_RETENTION_DAYS", INT, "0", 0, 36500, 0, \
  "Posts are deleted so many days after they ended, 60 at least; 0: never.") \
X(webhook_url, "NEXUS_WEBHOOK_URL", URL, NULL, 1, 500, 0, \
  "Where signed notices of connection and post events go.") \
X(webhook_secret, "NEXUS_WEBHOOK_SECRET", SECRET, NULL, 16, 500, 0, \
  "Secret that signs the notices.") \
X(log_level, "NEXUS_LOG_LEVEL", LEVEL, "info", 1, 10, 0, \
  "error, warn, info or debug.")

#endif
