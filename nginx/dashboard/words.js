/*
 * words.js - what codes, scopes and states mean to a person.  Pure: tables and
 * the functions that read them.  Server answers come with words of their own;
 * these texts are for bare codes, and for what the server says to programs.
 */

const AGAIN = 'Choose “Connect X” to try again.';
const LATER = 'Wait a few minutes, then choose “Connect X” again.';
const OPERATOR = 'Tell the person who runs this site; nothing you can change here will help.';

const OURS = 'This site is not set up correctly';
const LOST = 'This attempt could not be matched';
const BUSY = 'Too busy just now';
const WRONG = 'Something went wrong on our side';
const PAUSED = 'X has paused this site';
const ALL = `${AGAIN} Leave every permission on.`;

/* x_error of the callback: title, what happened, what to do. */
export const CONNECT_ERRORS = {
	access_denied: ['You did not allow the connection', 'X says that “Cancel” was chosen, so nothing was connected.', AGAIN],
	authorize_error: ['X ended the attempt', 'X sent you back with an error in place of its approval.', AGAIN],
	state_missing: [LOST, 'X’s answer does not say which attempt it belongs to.', AGAIN],
	state_unknown: [LOST, 'This browser did not bring back the cookie of this attempt.', `Allow cookies for this site. ${AGAIN}`],
	state_broken: [LOST, 'The cookie of this attempt was damaged, or belongs to another one.', AGAIN],
	state_key_retired: [LOST, 'This site changed its keys while you were at X.', AGAIN],
	state_expired: ['That took too long', 'An attempt to connect lasts ten minutes, and this one had ended.', AGAIN],
	state_user: ['This attempt belongs to somebody else', 'It was started by another signed-in user.', AGAIN],
	code_missing: ['X’s answer was incomplete', 'X sent you back without its approval.', AGAIN],
	code_refused: ['X’s approval had run out', 'X gives thirty seconds to pick up an approval, and each works once.', AGAIN],
	code_lost: ['X’s answer was lost on the way', 'You allowed it, but nothing was connected.', AGAIN],
	other_account: ['You chose another X account', 'X was signed in with another account than the one you wanted to reconnect, so nothing was changed.', 'Switch accounts at x.com and choose “Reconnect” again, or use the new account instead.'],
	connection_unknown: ['This connection is gone', 'The connection that you wanted to renew is not there any more.', AGAIN],
	save_deferred: ['Your connection is on its way', 'X has agreed, and we hold its answer safely until our database is back.', 'You need not do anything, and need not connect again: the account appears here by itself.'],
	pending: ['X allowed access', 'We hold its answer safely. One step is left, and it waits for X or for our database.', 'The account appears here by itself: you need not do anything, and need not connect again.'],
	pending_over: ['The account did not come', 'X took its approval back before it told us which account it is.', AGAIN],
	scope_missing: ['X gave less than is needed', 'A permission that posting depends on was left out.', ALL],
	rate_limited: ['X asks us to slow down', 'Too many attempts reached X at once.', 'Wait fifteen minutes, then choose “Connect X” again.'],
	x_unavailable: ['X is not answering', 'X had a fault of its own, or took too long.', LATER],
	x_refused: ['X refused the connection', 'You allowed it, but X refused the last step.', AGAIN],
	x_token: ['X took back its approval', 'X did not accept the access that it had just given.', AGAIN],
	x_account: ['X does not let this account do that', 'The account may be locked or suspended.', 'Open x.com with this account and settle what X asks for, then connect again.'],
	x_credits: [PAUSED, 'The site’s account at X has no credit left, or has reached its cap.', OPERATOR],
	x_operator: [OURS, 'X does not accept how this site introduces itself.', OPERATOR],
	database_unavailable: ['Not available just now', 'Our database is not answering, so nothing was taken from X.', LATER],
	busy: [BUSY, 'This site has more to do than it can take on.', LATER],
	timeout: [BUSY, 'The connection took too long.', LATER],
	out_of_memory: [BUSY, 'This site has more to do than it can take on.', LATER],
	configuration: [OURS, 'A setting of this site is wrong.', OPERATOR],
	key_unknown: [OURS, 'A key of this site is missing.', OPERATOR],
	seal_broken: [WRONG, 'A stored value could not be opened.', AGAIN],
	internal: [WRONG, 'The connection could not be completed.', LATER],
};

/* Names that mean the same, X's own among them. */
const ALIASES = {
	code_expired: 'code_refused', exchange_failed: 'x_refused', invalid_grant: 'code_refused',
	server_error: 'x_unavailable', temporarily_unavailable: 'x_unavailable',
	invalid_client: 'x_operator', unauthorized_client: 'x_operator', invalid_scope: 'x_operator',
};

const UNKNOWN = ['The connection was not completed', 'Something went wrong between this site and X.', `${AGAIN} If it happens again, tell the person who runs this site.`];

export function connectError(code) {
	const known = Object.hasOwn(ALIASES, code) ? ALIASES[code] : code;
	const row = Object.hasOwn(CONNECT_ERRORS, known) ? CONNECT_ERRORS[known]
		: known.startsWith('state_') ? CONNECT_ERRORS.state_broken : UNKNOWN;
	return {
		title: row[0], detail: row[1], remedy: row[2],
		tone: ['save_deferred', 'pending', 'access_denied', 'other_account'].includes(known) ? 'note' : 'bad',
		/* The code comes from the address bar: show it only if it looks like one. */
		code: /^[a-z][a-z0-9_]{0,39}$/.test(code) ? code : '',
	};
}

export const SCOPES = {
	'tweet.read': 'Read posts',
	'tweet.write': 'Publish and delete posts',
	'users.read': 'See your profile',
	'media.write': 'Upload images and video',
	'offline.access': 'Stay connected',
};

export function scopeWords(scope) {
	return Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : scope;
}

/* Several scopes as one phrase: "Read posts, see your profile". */
export function scopeList(scopes) {
	const words = (scopes ?? []).map(scopeWords);
	return words.map((w, i) => (i === 0 ? w : w[0].toLowerCase() + w.slice(1))).join(', ');
}

const NO_WRITE = 'X did not give permission to publish. Reconnect, and leave every permission on.';
const NOT_ALL = 'Some permissions are missing. Reconnect to get them.';

/* A connection's state: label, tone (good, note, bad, off), what to do. */
export function stateWords(connection) {
	const missing = connection.missing_scopes ?? [];
	switch (connection.status) {
	case 'connected':
		if (!connection.can_post)
			return { label: 'Cannot post', tone: 'bad', todo: NO_WRITE, again: true };
		if (connection.status_reason)
			return { label: 'Ends soon', tone: 'note', todo: 'Posting still works. Reconnect before it ends.', again: true };
		if (missing.length > 0)
			return { label: 'Connected', tone: 'note', todo: NOT_ALL, again: true };
		return { label: 'Connected', tone: 'good', todo: '', again: false };
	case 'needs_reauth':
		return { label: 'Needs you', tone: 'bad', todo: 'This connection no longer works. Reconnect to go on posting.', again: true };
	case 'superseded':
		return { label: 'Replaced', tone: 'off', todo: 'X keeps one connection of an account, and a newer one took over. Reconnect only if you want to post from here: that ends the other.', again: true };
	case 'disconnected':
		return { label: 'Disconnected', tone: 'off', todo: 'Nexus no longer has access to this account.', again: true };
	default:
		return { label: 'Not ready', tone: 'note', todo: 'This connection cannot be used at the moment.', again: true };
	}
}

/* A living connection's next renewal or end; `when` is the time as text. */
export function renewalWords(connection, when, now) {
	if (connection.renews_itself === false || connection.status_reason)
		return ['Works until', when];
	const renewed = Date.parse(connection.token_expires_at) > now ? `by itself, by ${when}` : 'by itself, with the next post';
	return ['Renewed', when && renewed];
}

const SOON = 'Wait a few seconds, then try again.';
const RELOAD = 'Load this page again, then try once more.';
const UNSEEN = 'Take out what cannot be seen: it may have come along when the text was pasted.';

/* What the server says to programs, said to a person at this page: what to do. */
const REMEDIES = {
	malformed: RELOAD,
	bad_request: RELOAD,
	not_json: UNSEEN,
	too_big: 'Make it shorter.',
	too_large: 'Make it shorter.',
	invalid: 'Change what is named here, then try again.',
	text_invalid: UNSEEN,
	text_too_long: 'Make it shorter. A link counts as 23 characters, an emoji as 2.',
	unauthenticated: 'Sign in again.',
	session_expired: 'Sign in again.',
	app_not_allowed: 'Sign in on the Nexus site itself.',
	cross_site: 'Open this page at its own address, then try again.',
	idempotency_key_reused: 'Look for it in the list below. Press Post again only if it shall go out once more.',
	post_begun: 'It is not waiting any more. The list says what became of it.',
	post_changed: 'Look at the list below, then save yours once more to put it in its place.',
	idempotency_key_busy: 'It shows below as soon as X has answered.',
	post_unknown: 'Load this page again to see your posts as they are now.',
	post_busy: 'It is being worked on this very moment. The list says what becomes of it.',
	not_resumable: 'There is nothing left to do about this post.',
	x_refused: 'Change the post as X’s answer asks, then post it again.',
	x_automated: 'X asks not to send the same words again: change them, or post them yourself on x.com.',
	reply_not_allowed: 'Answer on x.com, or post it without naming the other post.',
	reply_target_missing: 'It may be deleted or protected. Check its number, or post without it.',
	not_in_plan: OPERATOR,
	outcome_unknown: 'We are looking it up at X. Do not post it again meanwhile.',
	not_sent: 'You can send it again.',
	not_connected: 'Connect an X account first.',
	connection_unknown: 'Load this page again to see the accounts as they are now.',
	needs_reauth: 'Choose “Reconnect” at the account; what was posted before is not affected.',
	scope_missing: 'Choose “Reconnect” at the account, and leave every permission on.',
	x_token: 'Try again. If it happens once more, choose “Reconnect” at the account.',
	seal_broken: 'Choose “Reconnect” at the account.',
	rate_limited: 'Nothing was lost. Wait a while, then try again.',
	x_credits: OPERATOR,
	x_operator: OPERATOR,
	busy: SOON,
	unavailable: SOON,
	out_of_memory: SOON,
	configuration: OPERATOR,
	key_unknown: OPERATOR,
	internal: 'Try again in a minute. If it happens again, tell the person who runs this site.',
};

/* A remedy that fits what happened better than the code's own. */
const CASES = [
	['text_too_long', /numbering would/, 'Choose “Number them”, or change what repeats.'],
	['text_too_long', /No place was found/, 'Change the text at that place, or make it shorter.'],
	['invalid', /cashtags/, 'Keep one of them, and write the others without the “$”.'],
	['invalid', /^link points to /, 'Give an address that anybody can open on the web.'],
	['invalid', /^link /, 'Give the whole address of one page, and nothing else.'],
	['invalid', /^publish_at /, 'Choose another time.'],
];

const TITLES = {
	not_json: 'The text holds a character that cannot be sent',
	too_big: 'That is too long',
	too_large: 'That is too long',
	headers_too_large: 'This site has left too many cookies in your browser',
	invalid: 'It cannot go out like this',
	idempotency_key_reused: 'You have handed this text over before, in another way',
	idempotency_key_busy: 'This post is just being sent',
	x_credits: PAUSED,
	x_operator: OURS,
	busy: BUSY,
	out_of_memory: BUSY,
	configuration: OURS,
	key_unknown: OURS,
	seal_broken: WRONG,
	internal: WRONG,
};

/* Codes whose detail helps nobody at this page. */
const UNTOLD = ['malformed', 'bad_request', 'not_json', 'too_big', 'too_large', 'headers_too_large', 'cross_site',
	'idempotency_key_reused', 'idempotency_key_busy', 'seal_broken', 'busy', 'timeout',
	'out_of_memory', 'configuration', 'key_unknown', 'internal'];

/* Details that a person would say in another way. */
const SENTENCES = [
	[/^The operator finds .* request_id\.$/, ''],
	[/^publish_at is in the past.*/, 'The time that you chose has passed.'],
	[/^publish_at is more than.*/, 'The time that you chose is more than a year ahead.'],
	[/^link must be .*/, 'The link is not one address that begins with https:// or http://.'],
	[/^Post [0-9a-f-]{36}\b/, 'This post'],
	[/ post [0-9a-f-]{36}\b/, ' this post'],
];

/* The failure is no fault: wait and see. */
const CALM = ['idempotency_key_busy', 'post_busy'];

function own(table, code, other) {
	return Object.hasOwn(table, code) ? table[code] : other;
}

/* A remedy that is plain already stays, with what was added behind it. */
export function remedy(problem) {
	const general = own(REMEDIES, problem.code);
	if (general === undefined)
		return problem.remedy;
	const cases = CASES.filter(([code]) => code === problem.code);
	const fits = cases.find(([, sign]) => sign.test(problem.detail ?? ''))?.[2];
	const given = problem.remedy ?? '';
	const said = [...cases.map(([, , text]) => text), general].find((text) => given.startsWith(text));
	return said ? (fits ?? said) + given.slice(said.length) : fits ?? general;
}

function detail(problem) {
	if (UNTOLD.includes(problem.code))
		return '';
	return SENTENCES.reduce((text, [from, to]) => text.replace(from, to), problem.detail ?? '');
}

/* A failure that the server told, as a person at this page understands it. */
export function plain(problem) {
	if (!problem.status)
		return problem;
	return {
		...problem, detail: detail(problem), remedy: remedy(problem),
		title: own(TITLES, problem.code, problem.title),
		tone: problem.tone ?? (CALM.includes(problem.code) ? 'note' : 'bad'),
	};
}

/* X's own words, unless the detail has them already. */
export function xWords(x, known) {
	if (!x)
		return '';
	const news = [...new Set([x.title, x.detail])].filter(Boolean);
	return news.length === 0 || (known ?? '').includes(news.at(-1)) ? ''
		: `X said${x.status ? ` (${x.status})` : ''}: ${news.join(': ')}`;
}

/* A reason is a short code or a sentence; either becomes a sentence. */
export function reasonWords(reason) {
	if (!reason)
		return '';
	const text = /^[a-z0-9_.-]+$/.test(reason) ? reason.replace(/[_.-]+/g, ' ') : reason;
	return text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

/* "0.0150" is "$0.015", "0.2000" is "$0.20". */
export function money(usd) {
	const n = Number(usd);
	if (usd === null || usd === undefined || usd === '' || !Number.isFinite(n))
		return '';
	return `$${n.toFixed(4).replace(/0{1,2}$/, '')}`;
}

/* Retry-After (seconds or an HTTP date) as milliseconds from `now`, or null. */
export function retryAfter(value, now) {
	if (!value)
		return null;
	if (/^\d+$/.test(value))
		return Number(value) * 1000;
	const at = Date.parse(value);
	return Number.isNaN(at) ? null : Math.max(0, at - now);
}

export function span(ms) {
	const s = Math.max(1, Math.ceil(ms / 1000));
	const say = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;
	if (s < 90)
		return say(s, 'second');
	if (s < 90 * 60)
		return say(Math.round(s / 60), 'minute');
	if (s < 36 * 3600)
		return say(Math.round(s / 3600), 'hour');
	return say(Math.round(s / 86400), 'day');
}

/* "0.2000 instead of 0.0150 US dollars" is "$0.20 instead of $0.015". */
function plainMoney(text) {
	return / US dollars\b/.test(text)
		? text.replace(/\d+\.\d{4}\b/g, money).replace(/ US dollars\b/g, '') : text;
}

/* The text of one warning, which is a sentence or {detail}. */
export function warningWords(warning) {
	const text = typeof warning === 'string' ? warning
		: warning?.detail ?? warning?.message ?? warning?.title ?? warning?.code ?? '';
	return plainMoney(text);
}

/* Said before the button is pressed; for a thread the sum. */
export function costWords(usd, posts) {
	const price = money(usd);
	return price && `costs ${price}${posts > 1 ? ' together' : ''}`;
}

/* Times in a sentence of the server's, as `format` writes them. */
export function localTimes(text, format) {
	return (text ?? '').replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, (iso) => format(iso) || iso);
}

/* Why a post cannot go out at `iso`, or ''. */
export function scheduleWords(iso, now, days) {
	const at = Date.parse(iso);
	if (Number.isNaN(at))
		return 'Give a day and a time.';
	if (at <= now)
		return 'That time has passed.';
	return at > now + days * 86400000 ? 'That is more than a year ahead.' : '';
}

/* A post's states: label, tone. */
const POST_STATES = {
	queued: ['Waiting', 'note'], sending: ['Being sent', 'note'], sent: ['On X', 'good'],
	partial: ['Partly on X', 'bad'], failed: ['Not sent', 'bad'], unknown: ['Being looked up', 'note'],
	deleted: ['Deleted', 'off'], cancelled: ['Cancelled', 'off'],
};

export function isScheduled(post, now) {
	return post.state === 'queued' && Date.parse(post.publish_at) > now;
}

const TAKEN = 'X has this text from this account already, and takes the same text only once. Change it, and post it anew.';

function errors(post) {
	return [post.error, ...(post.parts ?? []).map((p) => p.error)].filter(Boolean);
}

/*
 * Did X refuse it as something it has?  It would do so again.  A thread that is
 * on X in part is another matter: nothing but going on completes it.
 */
export function isTaken(post) {
	return post.state === 'failed' && errors(post).some((e) => e.code === 'duplicate_text');
}

/* Why a post is as it is: the server's sentences, which may quote an error. */
export function postReason(post) {
	if (isTaken(post) && post.parts.length === 1)
		return TAKEN;
	let text = post.reason ?? '';
	for (const error of errors(post)) {
		const said = plain(error);
		for (const key of ['detail', 'remedy'])
			text = error[key] ? text.replace(error[key], () => said[key]) : text;
	}
	return text.replace(/ \.(?= |$)/g, '').replace(/ {2,}/g, ' ').trim();
}

export function postState(post, now) {
	const found = Object.hasOwn(POST_STATES, post.state) ? POST_STATES[post.state] : [post.state, 'note'];
	let [label, tone] = found;
	if (isScheduled(post, now))
		label = 'Scheduled';
	else if (post.state === 'partial' && post.next_try_at)
		tone = 'note';
	return { label, tone };
}

const PART_STATES = {
	waiting: 'Not sent yet', sending: 'Being sent', sent: 'On X', failed: 'Refused',
	unknown: 'Not known yet', deleted: 'Deleted',
};

export function partState(part) {
	return Object.hasOwn(PART_STATES, part.state) ? PART_STATES[part.state] : part.state;
}

/* "Thread of 5: 2 on X" */
export function threadWords(parts) {
	const live = parts.filter((p) => p.state === 'sent').length;
	return `Thread of ${parts.length}: ${live === parts.length ? 'all' : live === 0 ? 'none' : live} on X`;
}

/* What can be done: the button's words, those while it is done, and after. */
const RESUME = {
	failed: ['Send again', 'Sending…'], unknown: ['Look now', 'Looking…'],
};

export function actionWords(action, post, at = '') {
	switch (action) {
	case 'edit': return ['Edit', 'Opening…'];
	case 'later': return [`Send at ${at}`, 'Queueing…'];
	case 'resume': return Object.hasOwn(RESUME, post.state) ? RESUME[post.state] : ['Resume', 'Going on…'];
	case 'delete': return ['Delete', 'Deleting…'];
	case 'cancel': return ['Cancel', 'Cancelling…'];
	default: return null;
	}
}

/* The button that hands a post over: what it does, and as whom. */
export function postLabel({ handle, sending, posts, at, edit, wasAt }) {
	const [idle, active] = edit ? [wasAt && !at ? 'Post now' : 'Save', 'Saving…']
		: at ? ['Schedule', 'Scheduling…'] : [posts > 1 ? 'Post thread' : 'Post', 'Posting…'];
	return sending ? active : handle ? `${idle} ${idle === 'Save' ? 'for' : 'as'} @${handle}` : idle;
}

function posts(n, more = false) {
	return `${n}${more ? ' and more' : ''} scheduled post${n === 1 && !more ? '' : 's'}`;
}

/* Said before an account is disconnected. */
export function strandedWords(n, more) {
	return n === 0 ? '' : `${posts(n, more)} of this account will not go out.`;
}

/* Said after it: what has become of them. */
export function leftWords({ wanted, cancelled, left, more }) {
	const done = cancelled === 0 ? '' : `${posts(cancelled)} ${cancelled === 1 ? 'was' : 'were'} cancelled.`;
	const rest = left === 0 ? '' : wanted
		? `${posts(left, more)} could not be cancelled: see the list.`
		: `${posts(left, more)} will not go out, unless you connect it again in time.`;
	return [done, rest].filter(Boolean).join(' ');
}

export function countdownWords(ms) {
	return ms <= 0 ? 'Trying again…' : `Trying again in ${span(ms)}.`;
}

/* The question before deleting: title, what it means. */
export function removalWords(post) {
	const live = (post.parts ?? []).filter((p) => p.state === 'sent').length;
	if (post.state === 'unknown')
		return ['Delete this post?', 'We do not know yet whether X has it. If it does, it is removed from X as soon as it is found.'];
	if (live > 1)
		return [`Delete these ${live} posts?`, 'All of them are removed from X, the newest first. This cannot be undone.'];
	return ['Delete this post?', 'It is removed from X. This cannot be undone.'];
}

/* The beginning of a text, to name it by. */
export function excerpt(text, max = 40) {
	const line = (text ?? '').trim().replace(/\s+/g, ' ');
	const letters = [...new Intl.Segmenter().segment(line)].map((s) => s.segment);
	return letters.length > max ? `${letters.slice(0, max - 1).join('')}…` : line;
}

/* Supabase's refusals to sign in. */
const SIGN_IN = {
	invalid_credentials: ['That did not match', 'The e-mail address or the password is not right.', 'Check both and try again.'],
	invalid_grant: ['That did not match', 'The e-mail address or the password is not right.', 'Check both and try again.'],
	email_not_confirmed: ['Your address is not confirmed yet', 'We sent you an e-mail when you signed up.', 'Follow the link in it, then sign in here.'],
	user_banned: ['This account is closed', 'It may not sign in.', 'Write to the person who runs this site.'],
	over_request_rate_limit: ['Too many attempts', 'Signing in is held back for a while.', 'Wait a few minutes and try again.'],
	captcha_failed: ['One more check is needed', 'This page cannot show it.', 'Sign in on the Nexus site, then come back to this page.'],
};

export function signInError(status, body) {
	const code = body?.error_code ?? body?.error ?? (status === 429 ? 'over_request_rate_limit' : '');
	if (Object.hasOwn(SIGN_IN, code)) {
		const [title, detail, remedy] = SIGN_IN[code];
		return { title, detail, remedy };
	}
	if (status === 404 || status === 405)
		return { title: 'You cannot sign in here', detail: 'This page has no sign-in of its own.', remedy: 'Sign in on the Nexus site, then come back to this page.' };
	if (status >= 500)
		return { title: 'Signing in does not work just now', detail: 'The sign-in service is not answering.', remedy: 'Wait a minute and try again.' };
	return {
		title: 'You could not be signed in',
		detail: String(body?.msg ?? body?.error_description ?? body?.message ?? body?.detail ?? ''),
		remedy: 'Check what you typed and try again.',
	};
}
