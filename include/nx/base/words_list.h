/*
 * words_list.h - what is said in English about what codes tell: one table for
 * problem+json, the reasons of a post, its warnings, and the page.
 *
 * In a sentence {name} stands for an argument, {name|one|many} for one of two
 * words by its number, and [name:words] for words that are said where there is
 * such an argument, and it is not 0 (words.h).
 */
#ifndef NX_BASE_WORDS_LIST_H
#define NX_BASE_WORDS_LIST_H

#define NX_WORDS_LIVE \
	"{live} of {parts} parts {live|is|are}[deleted: still] on X"
/* What stood in the way, and what helps. */
#define NX_WORDS_CAUSE "[cause: {cause}][remedy: {remedy}]"
#define NX_WORDS_LOOK \
	"[looks: We look it up at X][first:, which takes a minute or two]" \
	"[looks:; do not post it again meanwhile.]" \
	"[removing: We look it up at X and delete what we find.]" \
	"[unseen: It could not be looked up yet.]" NX_WORDS_CAUSE \
	"[next: The next look is at {next}.]"

#define NX_WORDS_LINKS \
	"{count|Part|Parts} {positions} {count|holds|hold} a link, so X" \
	" charges {price_usd} instead of {usual_usd}"

/* Why a connection has ended or will end: what its status_reason says. */
#define NX_WORDS_DISCONNECTED "Disconnected by its owner."
#define NX_WORDS_SUPERSEDED \
	"This X account was connected by another Nexus user, which ended" \
	" this connection at X."
#define NX_WORDS_NO_REFRESH \
	"X gave no right to renew the access (offline.access)."
#define NX_WORDS_REFUSED \
	"X no longer renews this connection: it was ended at X, or used" \
	" elsewhere."
#define NX_WORDS_REFUSED_SUSPECT \
	"X no longer renews this connection: X's answer to an earlier" \
	" renewal was lost on its way."
#define NX_WORDS_WORKS_UNTIL \
	"{reason} It works until {time} UTC: reconnect it before."

/* What a person at the page can do, and what it is about. */
#define NX_AT_OPERATOR \
	"Tell the person who runs this site; nothing you can change here" \
	" will help."
#define NX_AT_AGAIN "Choose “Connect X” to try again."
#define NX_AT_ALL NX_AT_AGAIN " Leave every permission on."
#define NX_AT_LATER \
	"Wait a few minutes, then choose “Connect X” again."
#define NX_AT_SOON "Wait a few seconds, then try again."
#define NX_AT_RELOAD "Load this page again, then try once more."
#define NX_AT_UNSEEN \
	"Take out what cannot be seen: it may have come along when the" \
	" text was pasted."
#define NX_AT_OURS "This site is not set up correctly"
#define NX_AT_LOST "This attempt could not be matched"
#define NX_AT_BUSY "Too busy just now"
#define NX_AT_WRONG "Something went wrong on our side"
#define NX_AT_PAUSED "X has paused this site"
#define NX_AT_OTHER_TIME "Choose another time."
#define NX_AT_ONE_ADDRESS \
	"Give the whole address of one page, and nothing else."

/*
 * Reasons: name, code, the sentence; then what the page says instead and the
 * remedy it gives, where those differ from the sentence and the error's own.
 */
#define NX_REASON_LIST(X) \
X(NONE, "", "", NULL, NULL) \
/* why a post is as it is */ \
X(DUE, "due", "[at:It will be sent at {at}.]", NULL, NULL) \
X(LIMITED, "limited", \
  "[at:X's limit is reached; it is sent at {at}.]", NULL, NULL) \
X(PUT_OFF, "put_off", "It could not be sent yet." NX_WORDS_CAUSE \
  "[at: The next try is at {at}.]", NULL, NULL) \
X(REST_FOLLOWS, "rest_follows", \
  NX_WORDS_LIVE "; the others follow by themselves.", NULL, NULL) \
X(SENDING, "sending", "It is being sent.", NULL, NULL) \
X(SENDING_PARTS, "sending_parts", \
  "It is being sent. " NX_WORDS_LIVE ".", NULL, NULL) \
X(UNKNOWN, "unknown", "X may or may not have it: the answer was lost." \
  NX_WORDS_LOOK, NULL, NULL) \
X(UNKNOWN_PART, "unknown_part", NX_WORDS_LIVE "; part {part} may or may" \
  " not be: the answer was lost." NX_WORDS_LOOK, NULL, NULL) \
X(DELETING, "deleting", "It is being deleted; it is still on X." \
  NX_WORDS_CAUSE "[next: The next try is at {next}.]", NULL, NULL) \
X(DELETING_PARTS, "deleting_parts", "It is being deleted; " \
  NX_WORDS_LIVE "." NX_WORDS_CAUSE \
  "[next: The next try is at {next}.]", NULL, NULL) \
X(WITHDRAWING, "withdrawing", "Part {part} could not be sent, so the" \
  " others are deleted again; " NX_WORDS_LIVE "." NX_WORDS_CAUSE \
  "[next: The next try is at {next}.]", NULL, NULL) \
X(NOT_DELETED, "not_deleted", \
  "It could not be deleted; it is still on X." NX_WORDS_CAUSE, NULL, NULL) \
X(NOT_DELETED_PART, "not_deleted_part", "Part {part} could not be" \
  " deleted; " NX_WORDS_LIVE "." NX_WORDS_CAUSE, NULL, NULL) \
X(PARTIAL, "partial", NX_WORDS_LIVE "." \
  "[part: Part {part} could not be sent.]" NX_WORDS_CAUSE \
  "[next: It goes on by itself at {next}.]", NULL, NULL) \
X(FAILED, "failed", "Nothing of it is on X." NX_WORDS_CAUSE, NULL, NULL) \
X(TAKEN, "taken", "Nothing of it is on X." NX_WORDS_CAUSE, \
  "X has this text from this account already, and takes the same text" \
  " only once. Change it, and post it anew.", NULL) \
X(WITHDRAWN, "withdrawn", "Part {part} could not be sent, so what was on" \
  " X was deleted again." NX_WORDS_CAUSE, NULL, NULL) \
/* what is wrong with a member */ \
X(NO_SUCH_MEMBER, "no_such_member", \
  "There is no member \"{member}\" here.", NULL, NULL) \
X(NO_MEMBER_OF_POST, "no_member_of_post", \
  "There is no member \"{member}\" in a post.", NULL, NULL) \
X(NOT_OFFERED, "not_offered", \
  "{member} is not offered by this version.", NULL, NULL) \
X(MISSING, "missing", "{member} is missing or empty.", NULL, NULL) \
X(NOT_EXPECTED, "not_expected", "{member} must be {expected}.", NULL, NULL) \
X(NOT_EACH, "not_each", "each of {member} must be {expected}.", NULL, NULL) \
X(NOT_IN_RANGE, "not_in_range", \
  "{member} must be a number from {least} to {limit}.", NULL, NULL) \
X(NOT_TIME, "not_time", "{member} must be a time such as" \
  " 2026-12-24T18:00:00Z or 2026-12-24T19:00:00+01:00.", NULL, \
  NX_AT_OTHER_TIME) \
X(TIME_FAR, "time_far", "{member} is more than a year ahead: it is {now}" \
  " now.", "The time that you chose is more than a year ahead.", \
  NX_AT_OTHER_TIME) \
X(TIME_PAST, "time_past", "{member} is in the past: it is {now} now.", \
  "The time that you chose has passed.", NX_AT_OTHER_TIME) \
X(POLL_AND_QUOTE, "poll_and_quote", \
  "X takes either a poll or a quote in one post, not both.", NULL, NULL) \
/* what is wrong with a text, and with the link behind it */ \
X(TEXT_BLANK, "text_blank", "The text is empty or only white space.", \
  NULL, NULL) \
X(TEXT_BYTES, "text_bytes", \
  "The text has {bytes} bytes; {limit} are looked at.", NULL, NULL) \
X(TEXT_NOT_UTF8, "text_not_utf8", "The text is not valid UTF-8.", \
  NULL, NULL) \
X(TEXT_CHARACTER, "text_character", \
  "The text holds {character}, which X refuses.", NULL, NULL) \
X(TEXT_LENGTH, "text_length", \
  "The text counts {weighted_length} of {limit} characters.", NULL, NULL) \
X(TEXT_PARTS, "text_parts", \
  "The text makes a thread of more than {limit} posts.", NULL, NULL) \
X(TEXT_UNCUT, "text_uncut", "The text begins with something that does" \
  " not fit into a post and cannot be cut.", NULL, NULL) \
X(TEXT_NO_PLACE, "text_no_place", "No place was found to divide the text" \
  " after post {part} without breaking a tag.", NULL, \
  "Change the text at that place, or make it shorter.") \
X(TEXT_ALIKE, "text_alike", "No place was found to divide the text after" \
  " post {part} without breaking a tag or repeating a post; numbering" \
  " would tell them apart.", NULL, \
  "Choose “Number them”, or change what repeats.") \
X(TEXT_CASHTAGS, "text_cashtags", \
  "The text holds {count} cashtags; X takes one in a post.", NULL, \
  "Keep one of them, and write the others without the “$”.") \
X(LINK_NOT_ONE, "link_not_one", \
  "{member} must be one http:// or https:// URL, and nothing else.", \
  "The link is not one address that begins with https:// or http://.", \
  NX_AT_ONE_ADDRESS) \
X(LINK_NOWHERE, "link_nowhere", \
  "{member} points to {host}, of which X makes no link[tld:: it knows no" \
  " top-level domain \"{tld}\"].", NULL, \
  "Give an address that anybody can open on the web.") \
X(LINK_ENDS, "link_ends", "{member} is one to X only as far as {seen}:" \
  " percent-encode what follows, or leave it out.", NULL, \
  NX_AT_ONE_ADDRESS) \
X(LINK_NO_ROOM, "link_no_room", "The link leaves no room for text: it" \
  " counts {weighted_length} of {limit} characters.", NULL, NULL) \
/* what is wrong with a picture or a video */ \
X(MEDIA_EMPTY, "media_empty", "The file is empty.", NULL, NULL) \
X(MEDIA_STRANGE, "media_strange", "The file is none of the kinds that are" \
  " known: X takes JPEG, PNG, WebP, GIF, MP4 and MOV.", NULL, NULL) \
X(MEDIA_CONVERT, "media_convert", \
  "X does not take {type}: convert it to {convert_to}.", NULL, NULL) \
X(MEDIA_DECLARED, "media_declared", \
  "The file is {type}, but was declared as {declared}.", NULL, NULL) \
X(MEDIA_CUT_SHORT, "media_cut_short", \
  "The {type} file ends before it is complete.", NULL, NULL) \
X(MEDIA_DAMAGED, "media_damaged", \
  "The {type} file is damaged at byte {at}.", NULL, NULL) \
X(MEDIA_NO_VIDEO, "media_no_video", \
  "There is no video in the {type} file, or no index of it.", NULL, NULL) \
X(MEDIA_BYTES, "media_bytes", \
  "The {type} file has {bytes} bytes; {limit} are taken.", NULL, NULL) \
X(MEDIA_SIZE, "media_size", "The {type} picture measures {size}; X takes" \
  " from {least} to {most}.", NULL, NULL) \
X(MEDIA_FRAMES, "media_frames", \
  "The GIF has more than {limit} frames.", NULL, NULL) \
X(MEDIA_PIXELS, "media_pixels", "The GIF has {pixels} pixels in all its" \
  " frames; X takes {limit}.", NULL, NULL) \
X(MEDIA_RATIO, "media_ratio", \
  "The video measures {size}; X takes from 1:3 to 3:1.", NULL, NULL) \
X(MEDIA_RATE, "media_rate", \
  "The video has {rate} frames a second; X takes {limit}.", NULL, NULL) \
X(MEDIA_LONG, "media_long", "The video lasts {seconds} seconds; X takes" \
  " {limit} from this account.", NULL, NULL) \
X(MEDIA_SHORT, "media_short", "The video lasts {milliseconds} ms; X takes" \
  " none that is shorter than {least} ms.", NULL, NULL) \
X(MEDIA_CODEC, "media_codec", "The video is coded as {codec}; X takes" \
  " H.264 (avc1).", NULL, NULL) \
X(MEDIA_LOCATION_KEPT, "media_location_kept", "Where the picture was taken" \
  " could not be cut out of it.", NULL, NULL) \
/* how a post stands that cannot be worked on */ \
X(POST_IS, "post_is", "Post {id} is {state}[removing: and on its way to" \
  " be removed].", "This post is {state}[removing: and on its way to be" \
  " removed].", NULL) \
X(POST_BEGINS, "post_begins", "Post {id} is partly on X.", \
  "This post is partly on X.", NULL) \
X(POST_HELD, "post_held", "Somebody else is at post {id}.", \
  "Somebody else is at this post.", NULL) \
X(POST_CHANGING, "post_changing", \
  "Post {id} is being changed by somebody else.", \
  "This post is being changed by somebody else.", NULL) \
X(POST_SENDING, "post_sending", "Post {id} is being sent.", \
  "This post is being sent.", NULL) \
X(POST_HAS_KEY, "post_has_key", "It belongs to post {id}.", \
  "It belongs to this post.", NULL) \
X(POST_ANEW, "post_anew", \
  "The same was asked for again since, as a post of its own.", NULL, NULL) \
/* what became of a part */ \
X(NOT_KEPT, "not_kept", "The database failed while it was being stored," \
  " and whoever asked for it was told so.", NULL, NULL) \
X(NOT_SHOWN, "not_shown", "X's answer was lost, and the account's timeline" \
  " does not show it.", NULL, NULL) \
X(SAID_NOT_SHOWN, "said_not_shown", "X says that it has this text already," \
  " but not since it was first sent.", NULL, NULL) \
X(ONE_ALIKE, "one_alike", "The account has a post that may be this one:" \
  " look at it on x.com.", NULL, NULL) \
X(NOT_ALL_READ, "not_all_read", "Not all that the account has posted since" \
  " could be read.", NULL, NULL) \
X(ANOTHERS_ID, "anothers_id", \
  "X answered with the id of another post, {x_id}.", NULL, NULL) \
/* who is not there to send it */ \
X(ACCOUNT_GONE, "account_gone", \
  "The X account of this post is no longer connected here.", NULL, NULL) \
X(ACCOUNT_LEFT, "account_left", "@{username} is no longer connected.", \
  NULL, NULL) \
/* of no concern to users */ \
X(LOGGED, "logged", "The operator finds the cause in the log, under the" \
  " request_id.", "", NULL)

/*
 * What was done to a text, and what it costs: name, code, the sentence, and
 * the page's, which gives the prices as {.._usd} with their sign.
 */
#define NX_WARNING_LIST(X) \
X(CUT, "text_cut", "The text was longer than X allows and was cut; the" \
  " parts show what is sent.", NULL) \
X(SPLIT, "text_split", "The text was split into a thread; each part is" \
  " charged on its own.", NULL) \
X(LINK_PRICE, "link_price", "It holds a link, so X charges {price_usd}" \
  " instead of {usual_usd} US dollars for it.", \
  "It holds a link, so X charges {price_usd} instead of {usual_usd} for it.") \
X(LINK_PRICE_PARTS, "link_price_parts", NX_WORDS_LINKS \
  " US dollars for {count|it|each of them}.", \
  NX_WORDS_LINKS " for {count|it|each of them}.") \
X(MEDIA_LOCATION, "media_location", "The picture tells where it was taken;" \
  " strip_location cuts that out.", "The picture tells where it was taken.") \
X(MEDIA_UNSEEN, "media_unseen", "How long the video is and how it is coded" \
  " could not be seen before it went to X.", NULL) \
X(MEDIA_LARGE, "media_large", "The video measures more than 1280x1024: X" \
  " may refuse it from accounts without X Premium.", NULL) \
X(UNRECORDED, "unrecorded", "X has it, but our record of it could not be" \
  " completed: do not send it again.", NULL)

/*
 * What the page says about an error, where the error's own words are for
 * programs: its code (nginx has some of its own), whether its detail is of use
 * to a person, title and remedy.
 */
#define NX_PAGE_LIST(X) \
X("malformed", false, NULL, NX_AT_RELOAD) \
X("not_json", false, "The text holds a character that cannot be sent", \
  NX_AT_UNSEEN) \
X("too_big", false, "That is too long", "Make it shorter.") \
X("headers_too_large", false, \
  "This site has left too many cookies in your browser", NULL) \
X("invalid", true, "It cannot go out like this", \
  "Change what is named here, then try again.") \
X("text_invalid", true, NULL, NX_AT_UNSEEN) \
X("text_too_long", true, NULL, \
  "Make it shorter. A link counts as 23 characters, an emoji as 2.") \
X("unauthenticated", true, NULL, "Sign in again.") \
X("session_expired", true, NULL, "Sign in again.") \
X("app_not_allowed", true, NULL, "Sign in on the Nexus site itself.") \
X("cross_site", false, NULL, \
  "Open this page at its own address, then try again.") \
X("not_connected", true, NULL, "Connect an X account first.") \
X("connection_unknown", true, NULL, \
  "Load this page again to see the accounts as they are now.") \
X("needs_reauth", true, NULL, \
  "Choose “Reconnect” at the account; what was posted before is" \
  " not affected.") \
X("scope_missing", true, NULL, \
  "Choose “Reconnect” at the account, and leave every permission" \
  " on.") \
X("idempotency_key_reused", false, \
  "You have handed this text over before, in another way", \
  "Look for it in the list below. Press Post again only if it shall" \
  " go out once more.") \
X("idempotency_key_busy", false, "This post is just being sent", \
  "It shows below as soon as X has answered.") \
X("post_unknown", true, NULL, \
  "Load this page again to see your posts as they are now.") \
X("post_busy", true, NULL, \
  "It is being worked on this very moment. The list says what" \
  " becomes of it.") \
X("post_begun", true, NULL, \
  "It is not waiting any more. The list says what became of it.") \
X("post_changed", true, NULL, \
  "Look at the list below, then save yours once more to put it in" \
  " its place.") \
X("not_resumable", true, NULL, \
  "There is nothing left to do about this post.") \
X("x_refused", true, NULL, \
  "Change the post as X’s answer asks, then post it again.") \
X("x_automated", true, NULL, \
  "X asks not to send the same words again: change them, or post" \
  " them yourself on x.com.") \
X("reply_not_allowed", true, NULL, \
  "Answer on x.com, or post it without naming the other post.") \
X("reply_target_missing", true, NULL, \
  "It may be deleted or protected. Check its number, or post without" \
  " it.") \
X("not_in_plan", true, NULL, NX_AT_OPERATOR) \
X("outcome_unknown", true, NULL, \
  "We are looking it up at X. Do not post it again meanwhile.") \
X("not_sent", true, NULL, "You can send it again.") \
X("rate_limited", true, NULL, \
  "Nothing was lost. Wait a while, then try again.") \
X("x_credits", true, NX_AT_PAUSED, NX_AT_OPERATOR) \
X("x_operator", true, NX_AT_OURS, NX_AT_OPERATOR) \
X("x_token", true, NULL, \
  "Try again. If it happens once more, choose “Reconnect” at the" \
  " account.") \
X("busy", false, NX_AT_BUSY, NX_AT_SOON) \
X("timeout", false, NULL, NULL) \
X("out_of_memory", false, NX_AT_BUSY, NX_AT_SOON) \
X("configuration", false, NX_AT_OURS, NX_AT_OPERATOR) \
X("key_unknown", false, NX_AT_OURS, NX_AT_OPERATOR) \
X("seal_broken", false, NX_AT_WRONG, "Choose “Reconnect” at the account.") \
X("internal", false, NX_AT_WRONG, \
  "Try again in a minute. If it happens again, tell the person who" \
  " runs this site.") \
X("bad_request", false, NULL, NX_AT_RELOAD) \
X("too_large", false, "That is too long", "Make it shorter.") \
X("unavailable", true, NULL, NX_AT_SOON)

/* The same of the callback's x_error: code, title, detail, remedy. */
#define NX_RETURN_LIST(X) \
X("access_denied", "You did not allow the connection", \
  "X says that “Cancel” was chosen, so nothing was connected.", \
  NX_AT_AGAIN) \
X("authorize_error", "X ended the attempt", \
  "X sent you back with an error in place of its approval.", NX_AT_AGAIN) \
X("state_missing", NX_AT_LOST, \
  "X’s answer does not say which attempt it belongs to.", NX_AT_AGAIN) \
X("state_unknown", NX_AT_LOST, \
  "This browser did not bring back the cookie of this attempt.", \
  "Allow cookies for this site. " NX_AT_AGAIN) \
X("state_broken", NX_AT_LOST, \
  "The cookie of this attempt was damaged, or belongs to another one.", \
  NX_AT_AGAIN) \
X("state_key_retired", NX_AT_LOST, \
  "This site changed its keys while you were at X.", NX_AT_AGAIN) \
X("state_expired", "That took too long", \
  "An attempt to connect lasts ten minutes, and this one had ended.", \
  NX_AT_AGAIN) \
X("state_user", "This attempt belongs to somebody else", \
  "It was started by another signed-in user.", NX_AT_AGAIN) \
X("code_missing", "X’s answer was incomplete", \
  "X sent you back without its approval.", NX_AT_AGAIN) \
X("code_refused", "X’s approval had run out", \
  "X gives thirty seconds to pick up an approval, and each works" \
  " once.", \
  NX_AT_AGAIN) \
X("code_lost", "X’s answer was lost on the way", \
  "You allowed it, but nothing was connected.", NX_AT_AGAIN) \
X("other_account", "You chose another X account", \
  "X was signed in with another account than the one you wanted to" \
  " reconnect, so nothing was changed.", \
  "Switch accounts at x.com and choose “Reconnect” again, or use" \
  " the new account instead.") \
X("connection_unknown", "This connection is gone", \
  "The connection that you wanted to renew is not there any more.", \
  NX_AT_AGAIN) \
X("save_deferred", "Your connection is on its way", \
  "X has agreed, and we hold its answer safely until our database is" \
  " back.", \
  "You need not do anything, and need not connect again: the account" \
  " appears here by itself.") \
X("pending", "X allowed access", \
  "We hold its answer safely. One step is left, and it waits for X" \
  " or for our database.", \
  "The account appears here by itself: you need not do anything, and" \
  " need not connect again.") \
X("pending_over", "The account did not come", \
  "X took its approval back before it told us which account it is.", \
  NX_AT_AGAIN) \
X("scope_missing", "X gave less than is needed", \
  "A permission that posting depends on was left out.", NX_AT_ALL) \
X("rate_limited", "X asks us to slow down", \
  "Too many attempts reached X at once.", \
  "Wait fifteen minutes, then choose “Connect X” again.") \
X("x_unavailable", "X is not answering", \
  "X had a fault of its own, or took too long.", NX_AT_LATER) \
X("x_refused", "X refused the connection", \
  "You allowed it, but X refused the last step.", NX_AT_AGAIN) \
X("x_token", "X took back its approval", \
  "X did not accept the access that it had just given.", NX_AT_AGAIN) \
X("x_account", "X does not let this account do that", \
  "The account may be locked or suspended.", \
  "Open x.com with this account and settle what X asks for, then" \
  " connect again.") \
X("x_credits", NX_AT_PAUSED, \
  "The site’s account at X has no credit left, or has reached its" \
  " cap.", NX_AT_OPERATOR) \
X("x_operator", NX_AT_OURS, \
  "X does not accept how this site introduces itself.", NX_AT_OPERATOR) \
X("database_unavailable", "Not available just now", \
  "Our database is not answering, so nothing was taken from X.", NX_AT_LATER) \
X("busy", NX_AT_BUSY, "This site has more to do than it can take on.", \
  NX_AT_LATER) \
X("timeout", NX_AT_BUSY, "The connection took too long.", NX_AT_LATER) \
X("out_of_memory", NX_AT_BUSY, \
  "This site has more to do than it can take on.", \
  NX_AT_LATER) \
X("configuration", NX_AT_OURS, "A setting of this site is wrong.", \
  NX_AT_OPERATOR) \
X("key_unknown", NX_AT_OURS, "A key of this site is missing.", NX_AT_OPERATOR) \
X("seal_broken", NX_AT_WRONG, "A stored value could not be opened.", \
  NX_AT_AGAIN) \
X("internal", NX_AT_WRONG, "The connection could not be completed.", \
  NX_AT_LATER)

#endif
