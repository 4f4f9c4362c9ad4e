/*
 * pages.js - pages of posts as lists, and when to look again.  Pure.
 * A list is {posts, next}; `next` asks for what follows.
 */

import { due, limitEnds } from './outlook.js';

const PAGE = 20;
const PAGE_MAX = 100;	/* the server gives no more at once */
const SOON = 3000;
const SLOW = 60000;
const LEAD = 500;	/* what is due needs a moment to happen */

/*
 * The newest page was read again: what is older than it and was shown already
 * stays.  Both are newest first.
 */
export function merge(shown, fresh) {
	const last = fresh.posts.at(-1);
	if (!last || fresh.next === null)
		return fresh;
	const at = shown.posts.findIndex((p) => p.id === last.id);
	const older = at < 0 ? [] : shown.posts.slice(at + 1);
	return { posts: [...fresh.posts, ...older], next: older.length > 0 ? shown.next : fresh.next };
}

export function append(shown, page) {
	const known = new Set(shown.posts.map((p) => p.id));
	return { posts: [...shown.posts, ...page.posts.filter((p) => !known.has(p.id))], next: page.next };
}

/* Does it change without anybody's doing? */
export function isOpen(post) {
	return ['queued', 'sending', 'unknown'].includes(post.state) || Boolean(post.next_try_at);
}

/* What waits has a list of its own. */
function isMoving(post) {
	return post.state !== 'queued' && isOpen(post);
}

/* How many to read again, so that all that may have changed are among them. */
export function reach(posts, which = isMoving) {
	return Math.min(Math.max(posts.findLastIndex(which) + 1, PAGE), PAGE_MAX);
}

/* The soonest first; what has no time goes as soon as it can. */
function soonest(a, b) {
	return (due(a) || 0) - (due(b) || 0);
}

/*
 * Each post once: what waits in `coming`, all else in `past`.  The two lists
 * were read at the same time, so that one may know more than the other: a post
 * waits only as long as neither says otherwise.
 */
export function divide(coming, list) {
	const known = new Map(list.posts.map((p) => [p.id, p]));
	const waits = coming.posts.filter((p) => (known.get(p.id) ?? p).state === 'queued');
	const there = new Set(coming.posts.map((p) => p.id));
	/* Those beyond the page that was read come with the next one; what has no time comes last there. */
	const late = list.posts.filter((p) => p.state === 'queued' && !there.has(p.id) && (coming.next === null || !p.publish_at));
	return {
		coming: [...waits, ...late].filter((p) => p.state === 'queued').sort(soonest),
		past: list.posts.filter((p) => p.state !== 'queued'),
	};
}

/* Ids of posts that were to come, and that neither list has any more. */
export function strays(before, coming, list) {
	const last = coming.next === null ? Infinity : due(coming.posts.at(-1) ?? {});
	const there = new Set([...coming.posts, ...list.posts].map((p) => p.id));
	return before.filter((p) => !there.has(p.id) && !(due(p) > last)).map((p) => p.id);
}

function wait(post, now) {
	if (post.state === 'sending' || post.state === 'unknown')
		return SOON;
	const due = Date.parse(post.next_try_at ?? post.publish_at ?? '') - now + LEAD;
	return Number.isNaN(due) ? SOON : Math.min(Math.max(due, SOON), SLOW);
}

/* Milliseconds until the list is worth reading again; null: nothing is open. */
export function nextLook(posts, now) {
	const open = posts.filter(isOpen).map((p) => wait(p, now));
	/* What can be done about a post is another thing then. */
	const limited = posts.map((p) => limitEnds(p, now)).filter(Boolean).map((at) => at - now + LEAD);
	return open.length + limited.length === 0 ? null : Math.min(...open, ...limited);
}
