/*
 * words.js - what codes, scopes and states mean to a person.  Pure: tables and
 * the functions that read them.  The sentences of codes are the server's own
 * (catalogue.js); what stands here is the page's alone.
 */

import catalogue from './catalogue.js';

const AGAIN = 'Choose “Connect X” to try again.';

/* x_error of the callback: title, what happened, what to do. */
export const CONNECT_ERRORS = catalogue.returns;

/* Names that mean the same, X's own among them. */
const ALIASES = {
	code_expired: 'code_refused', exchange_failed: 'x_refused', invalid_grant: 'code_refused',
	server_error: 'x_unavailable', temporarily_unavailable: 'x_unavailable',
	invalid_client: 'x_operator', unauthorized_client: 'x_operator', invalid_scope: 'x_operator',
};

const UNKNOWN = {
	title: 'The connection was not completed', detail: 'Something went wrong between this site and X.',
	remedy: `${AGAIN} If it happens again, tell the person who runs this site.`,
};

export function connectError(code) {
	const known = Object.hasOwn(ALIASES, code) ? ALIASES[code] : code;
	const row = Object.hasOwn(CONNECT_ERRORS, known) ? CONNECT_ERRORS[known]
		: known.startsWith('state_') ? CONNECT_ERRORS.state_broken : UNKNOWN;
	return {
		...row,
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

/* The failure is no fault: wait and see. */
const CALM = ['idempotency_key_busy', 'post_busy'];

function own(table, code, other) {
	return Object.hasOwn(table, code) ? table[code] : other;
}

/*
 * A sentence of the catalogue with its arguments: {name}, {name|one|many}, and
 * [name:words] where there is such an argument.
 */
export function say(sentence, args) {
	const of = (name) => own(args ?? {}, name, undefined);
	return sentence
		.replace(/\[(\w+):([^\]]*)\]/g, (all, name, words) => (of(name) ? words : ''))
		.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (all, name, one, many) => (one === undefined
			? String(of(name) ?? '?') : of(name) === 1 ? one : many));
}

/* A failure that the server told, as a person at this page understands it. */
export function plain(problem) {
	if (!problem.status || problem.isPlain)
		return problem;
	const page = own(catalogue.page, problem.code, {});
	const reason = own(catalogue.reasons, problem.reason_code, {});
	const told = reason.page === undefined ? problem.detail ?? '' : say(reason.page, problem.reason_args);
	return {
		...problem, isPlain: true, detail: page.told === false ? '' : told,
		remedy: reason.remedy ?? page.remedy ?? problem.remedy, title: page.title ?? problem.title,
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

/* Arguments as a person reads them. */
function readable(args, format) {
	const write = (name, value) => (name.endsWith('_usd') ? money(value) : ['at', 'next', 'now'].includes(name) ? format(value) || value : value);
	return Object.fromEntries(Object.entries(args ?? {}).map(([name, value]) => [name, write(name, value)]));
}

/* One of `warnings`, and the same of `warning_codes`. */
export function warningWords(warning, { code, args } = {}) {
	const row = own(catalogue.warnings, code);
	return row ? say(row.page ?? row.sentence, readable(args, String))
		: typeof warning === 'string' ? warning : warning?.detail ?? '';
}

/* All that an answer warns of. */
export function warnings(answer) {
	return (answer?.warnings ?? []).map((text, i) => warningWords(text, answer.warning_codes?.[i])).filter(Boolean);
}

/* Said before the button is pressed; for a thread the sum. */
export function costWords(usd, posts) {
	const price = money(usd);
	return price && `costs ${price}${posts > 1 ? ' together' : ''}`;
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

function ended(text) {
	return text && !/[.!?]$/.test(text) ? `${text}.` : text;
}

/*
 * Why a post is as it is, with times as `format` writes them.  What stood in
 * the way is the code of one of its errors, and is said as that.
 */
export function postReason(post, format = String) {
	const row = own(catalogue.reasons, post.reason_code);
	if (!row)
		return post.reason ?? '';
	const args = readable(post.reason_args, format);
	const error = errors(post).find((e) => e.code === args.cause || e.code === args.remedy);
	const said = error ? plain(error) : {};
	return say(row.page ?? row.sentence, {
		...args, cause: args.cause && ended(said.detail), remedy: args.remedy && said.remedy,
	}).trim();
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
