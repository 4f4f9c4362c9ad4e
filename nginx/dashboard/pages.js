/* pages.js - the history's pages as one list, and when to look again.  Pure. */

const PAGE = 20;
const PAGE_MAX = 100;	/* the server gives no more at once */
const SOON = 3000;
const SLOW = 60000;
const LEAD = 500;	/* what is due needs a moment to happen */

/*
 * The newest page was read again: what is older than it and was shown already
 * stays.  Both are {posts, next}, newest first; `next` asks for older ones.
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

/* How many of the newest to read, so that all that is open is among them. */
export function reach(posts) {
	return Math.min(Math.max(posts.findLastIndex(isOpen) + 1, PAGE), PAGE_MAX);
}

function wait(post, now) {
	if (post.state === 'sending' || post.state === 'unknown')
		return SOON;
	const due = Date.parse(post.next_try_at ?? post.publish_at ?? '') - now + LEAD;
	return Number.isNaN(due) ? SOON : Math.min(Math.max(due, SOON), SLOW);
}

/* Milliseconds until the list is worth reading again; null: nothing is open. */
export function nextLook(posts, now) {
	const open = posts.filter(isOpen);
	return open.length === 0 ? null : Math.min(...open.map((p) => wait(p, now)));
}
