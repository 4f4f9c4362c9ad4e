/* err_list.h - the table behind err.h: name, code, status, exit, texts. */
#ifndef NX_BASE_ERR_LIST_H
#define NX_BASE_ERR_LIST_H

#define NX_ERR_LIST(X) \
X(OK, "ok", 200, 0, "Done", "") \
/* what the caller sent */ \
X(MALFORMED, "malformed", 400, 1, "The request cannot be read", \
  "Correct the request as the detail says and send it again.") \
X(NOT_JSON, "not_json", 400, 1, "The body is not valid JSON", \
  "Send one JSON object in UTF-8, each member once, nested at most 32 deep.") \
X(NOT_JSON_TYPE, "content_type", 415, 1, "The body is of another type", \
  "Send the header Content-Type: application/json.") \
X(BODY_LENGTH, "body_length", 400, 1, \
  "The body is not as long as its Content-Length", \
  "Send exactly Content-Length bytes.") \
X(TOO_BIG, "too_big", 413, 1, "The request is too big", \
  "Send a smaller body.") \
X(HEADERS, "headers_too_large", 431, 1, \
  "The browser sends more cookies than this site can take", \
  "Delete this site's cookies in the browser and sign in again. If it" \
  " happens each time, the site's owner has to keep less in the users'" \
  " metadata: Supabase puts all of it into the cookie.") \
X(AHEAD, "not_ahead", 403, 1, "This address is not fetched ahead", \
  "Open it when it is meant; nothing was started.") \
X(INVALID, "invalid", 422, 1, "A value is not acceptable", \
  "Correct the member that the detail names.") \
X(UNKNOWN_MEMBER, "unknown_member", 422, 1, "A member is not known", \
  "Remove the member that the detail names, or correct its name.") \
X(TEXT_EMPTY, "text_empty", 422, 1, "There is nothing to post", \
  "Give some text that is not only white space.") \
X(TEXT_INVALID, "text_invalid", 422, 1, \
  "The text holds a character that X refuses", \
  "Remove U+FFFE, U+FEFF and U+FFFF from the text.") \
X(TEXT_TOO_LONG, "text_too_long", 422, 1, \
  "The text is longer than X allows", \
  "Shorten it as the detail tells (a link counts 23 characters)," \
  " or choose another on_long.") \
X(MEDIA_TYPE, "media_type", 415, 1, "X does not take such files", \
  "Convert it to JPEG, PNG, WebP, GIF, MP4 or MOV and choose it again.") \
X(MEDIA_LIMIT, "media_limit", 413, 1, \
  "The file is over a limit of X or of this site", \
  "Make it smaller or shorter, then choose it again.") \
X(MEDIA_BROKEN, "media_broken", 422, 1, "The file is not whole", \
  "Save or download it again, then choose it again.") \
X(NOT_FOUND, "not_found", 404, 1, "There is nothing here", \
  "Check the address; the routes are listed in the README.") \
X(METHOD, "method_not_allowed", 405, 1, "The method does not fit the route", \
  "Use a method that the Allow header names.") \
X(RETURN_TO, "return_to", 400, 1, "return_to points away from this site", \
  "Give a path on this site, such as /dashboard.") \
/* who is calling */ \
X(UNAUTHENTICATED, "unauthenticated", 401, 1, "Nobody is signed in", \
  "Sign in to Nexus, or send Authorization: Bearer with a valid token.") \
X(COOKIE, "sign_in_cookie", 401, 1, "The sign-in cookie is of no use", \
  "Sign in at the dashboard: that clears the cookies it can see. If this" \
  " comes again, delete this site's cookies in the browser first.") \
X(TOKEN_EXPIRED, "session_expired", 401, 1, "The sign-in has expired", \
  "Sign in to Nexus again, or refresh the session and repeat the request.") \
X(FORBIDDEN, "forbidden", 403, 1, "You may not act for this user", \
  "Name no other user; only the service role may.") \
X(APP_STRANGER, "app_not_allowed", 403, 1, \
  "This app may not act for its users here", \
  "Sign in to Nexus itself. The operator can let the app act by naming its" \
  " client id in NEXUS_OAUTH_CLIENTS.") \
X(CROSS_SITE, "cross_site", 403, 1, "The request came from another site", \
  "Send it from the Nexus site, or authenticate with a Bearer token.") \
/* what /readyz finds */ \
X(NOT_READY, "not_ready", 503, 75, "This process is not ready", \
  "Mend what the member checks names; until then send no traffic here.") \
X(SCHEMA_OLD, "schema_old", 503, 75, "The database is not up to date", \
  "The site's owner has to run nexus-x-migrate apply. Nothing was lost:" \
  " try again then.") \
/* what nexus-x-migrate finds */ \
X(SCHEMA_BUSY, "schema_busy", 503, 75, "The database is in use", \
  "Run it again when the long transactions have ended: what was applied" \
  " stays, and nobody was held up.") \
X(SCHEMA_WRONG, "schema_wrong", 500, 1, \
  "The database does not fit the files", \
  "The command nexus-x-migrate check names all that differs.") \
/* connecting */ \
X(STATE_MISSING, "state_missing", 400, 1, "The answer carries no state", \
  "Start again with Connect X.") \
X(STATE_UNKNOWN, "state_unknown", 400, 1, \
  "This browser did not start this attempt", \
  "Start again with Connect X, in the browser that you are signed in with.") \
X(STATE_BROKEN, "state_broken", 400, 1, \
  "The attempt's cookie was damaged or does not belong to it", \
  "Start again with Connect X.") \
X(STATE_KEY, "state_key_retired", 400, 1, \
  "The attempt was sealed with a key that is no longer in use", \
  "Start again with Connect X.") \
X(STATE_EXPIRED, "state_expired", 400, 1, \
  "The attempt took longer than ten minutes", \
  "Start again with Connect X.") \
X(STATE_USER, "state_user", 400, 1, \
  "Another user started this attempt", \
  "Sign in as the user who started it, or start again with Connect X.") \
X(CODE_MISSING, "code_missing", 400, 1, "The answer carries no code", \
  "Start again with Connect X.") \
X(DENIED, "access_denied", 403, 1, "Access was not allowed at X", \
  "Nothing was connected. Use Connect X again and choose Allow.") \
X(X_AUTHORIZE, "authorize_error", 502, 1, \
  "X ended the attempt with an error", \
  "Start again with Connect X; if it happens again, see the detail.") \
X(CODE_REFUSED, "code_refused", 400, 1, \
  "X did not accept the code", \
  "Codes live for 30 seconds and work once. Start again with Connect X.") \
X(CODE_LOST, "code_lost", 502, 75, \
  "X's answer to the code did not arrive", \
  "Nothing was connected. Start again with Connect X.") \
X(OTHER_ACCOUNT, "other_account", 409, 1, \
  "Another X account than the one to be renewed was chosen", \
  "Sign in at x.com with the account to be renewed and reconnect it, or" \
  " start again with replace=1 to use the new account in its place.") \
X(SAVE_DEFERRED, "save_deferred", 503, 75, \
  "X allowed access; saving it is delayed", \
  "The grant is kept safely and the account appears on its own" \
  " when the database is back. Do not connect again.") \
/* the connection */ \
X(NOT_CONNECTED, "not_connected", 409, 1, "No X account is connected", \
  "Connect an X account first.") \
X(CONNECTION_UNKNOWN, "connection_unknown", 404, 1, \
  "There is no such connection", \
  "Use an id from GET /api/twitter/connections.") \
X(CONNECTION_CHOICE, "connection_choice", 409, 1, \
  "Several X accounts are connected", \
  "Name one of the ids in the detail as connection_id.") \
X(NEEDS_REAUTH, "needs_reauth", 409, 1, \
  "The X account must be connected again", \
  "Use Connect X; what was posted before is not affected.") \
X(SCOPE_MISSING, "scope_missing", 403, 1, \
  "The connection lacks a permission", \
  "Connect the account again and allow everything that is asked for.") \
X(REFRESH_BUSY, "refresh_busy", 503, 75, \
  "The access to X is being renewed", \
  "Try again in a few seconds; nothing was posted.") \
/* publishing */ \
X(DUPLICATE, "duplicate_text", 409, 1, \
  "X has this text from this account already", \
  "Change the text; X refuses the same text twice.") \
X(KEY_REUSED, "idempotency_key_reused", 409, 1, \
  "This Idempotency-Key was used with another body", \
  "Use a new key for a new post.") \
X(KEY_BUSY, "idempotency_key_busy", 409, 75, \
  "The first request with this Idempotency-Key is still under way", \
  "Wait as long as Retry-After says, then repeat it.") \
X(NOT_OFFERED, "not_offered", 422, 1, \
  "This version does not offer what was asked for", \
  "Leave out the member that the detail names.") \
X(QUOTE_REFUSED, "quote_not_allowed", 422, 1, \
  "X does not let this app quote posts", \
  "Leave out quote_tweet_id, or write about the post without quoting it;" \
  " X took quotes away from self-serve apps in April 2026.") \
X(POST_UNKNOWN, "post_unknown", 404, 1, "There is no such post", \
  "Use an id from GET /api/twitter/posts.") \
X(POST_BUSY, "post_busy", 409, 75, "The post is being worked on", \
  "Wait as long as Retry-After says, then look at it again.") \
X(POST_BEGUN, "post_begun", 409, 1, "The post is not queued any more", \
  "Look at its state; what can still be done with it is in can.") \
X(POST_CHANGED, "post_changed", 412, 1, \
  "Somebody has changed the post meanwhile", \
  "Read it again, and repeat the change with its new ETag.") \
X(NOT_RESUMABLE, "not_resumable", 409, 1, \
  "There is nothing to go on with", \
  "Look at the post's state; publish the text as a new post.") \
X(NOT_DELETED, "not_deleted", 409, 1, "X did not delete it", \
  "Delete it on x.com, or try again later.") \
X(X_REFUSED, "x_refused", 422, 1, "X refused the request", \
  "Read what X says in the detail, and change the post.") \
X(X_AUTOMATED, "x_automated", 422, 1, \
  "X takes this post for an automated one", \
  "X's staff ask not to send the same text again unchanged: change it," \
  " or post it by hand on x.com.") \
X(REPLY_REFUSED, "reply_not_allowed", 422, 1, \
  "X does not let this account answer or quote that post", \
  "X lets apps answer and quote only posts whose author has mentioned the" \
  " account, and its own: answer on x.com, or leave reply_to out.") \
X(REPLY_UNSEEN, "reply_target_missing", 422, 1, \
  "X does not show this account the post that is answered", \
  "Check its id: it may be deleted, protected, or only a moment old.") \
X(X_ACCOUNT, "x_account", 409, 1, \
  "X does not let this account do that", \
  "Open x.com with this account and settle what X asks for.") \
X(NOT_IN_PLAN, "not_in_plan", 403, 1, \
  "The X app's plan does not include this", \
  "The operator can add it to the X app's plan; publishing goes on.") \
X(OUTCOME_UNKNOWN, "outcome_unknown", 502, 75, \
  "X may or may not have carried this out", \
  "Do not post it again: it is looked up at X, and its state will tell.") \
X(NOT_LOOKED_UP, "not_looked_up", 502, 75, \
  "X does not show what the account has posted", \
  "Look at the account on x.com; do not post it again before.") \
X(NOT_SENT, "not_sent", 503, 75, "X does not have it", \
  "It may be sent again: resume it, or repeat the request.") \
/* X as a whole */ \
X(X_RATE, "rate_limited", 429, 75, "X's rate limit is reached", \
  "Wait as long as Retry-After says; nothing was sent or lost.") \
X(X_MONEY, "x_credits", 402, 75, \
  "The X app has no credits or has reached its cap", \
  "The operator must add credits or raise the cap at X.") \
X(X_OPERATOR, "x_operator", 502, 1, \
  "X does not accept this service's own credentials", \
  "The operator must check the X app: client id, secret," \
  " permissions and redirect URI.") \
X(X_DOWN, "x_unavailable", 503, 75, "X does not answer properly", \
  "Try again in a minute; nothing was lost.") \
X(X_TOKEN, "x_token", 409, 1, "X does not accept the access token", \
  "Connect the account again if this happens once more.") \
/* this service */ \
X(DB_DOWN, "database_unavailable", 503, 75, \
  "The database cannot be reached", \
  "Try again in a few seconds; nothing was lost.") \
X(BUSY, "busy", 503, 75, "All workers are occupied", \
  "Try again after the seconds in Retry-After.") \
X(TIMEOUT, "timeout", 503, 75, "The request took too long", \
  "Try again in a few seconds.") \
X(NO_MEMORY, "out_of_memory", 503, 75, "There is not enough memory", \
  "Try again in a few seconds; the operator should look at the host.") \
X(CONFIG, "configuration", 500, 78, "The configuration is not usable", \
  "Correct the variables that the detail names; --help lists them.") \
X(USAGE, "usage", 400, 64, "The command line is not usable", \
  "Run it with --help.") \
X(KEY_UNKNOWN, "key_unknown", 500, 78, \
  "A value was sealed with a key that is not on the ring", \
  "Put the key with the id in the detail back into NEXUS_KEYS.") \
X(SEAL_BROKEN, "seal_broken", 500, 1, \
  "A sealed value does not open", \
  "Connect the account again; the stored value was changed or moved.") \
X(INTERNAL, "internal", 500, 1, "The service made a mistake", \
  "Tell the operator the request_id.")

#endif
