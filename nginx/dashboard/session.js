/*
 * session.js - signing in and staying signed in, against Supabase's API on
 * this origin.  The session lives in the cookie alone, so that the server, the
 * other tabs and the rest of the Nexus site see the same one.
 */

import * as cookie from './cookie.js';
import { signInError } from './words.js';

const EARLY = 60;	/* seconds before the end at which we refresh */

const NO_NETWORK = {
	title: 'You seem to be offline', detail: 'The sign-in service could not be reached.',
	remedy: 'Check your connection and try again.',
};

export function current() {
	return cookie.read(document.cookie);
}

function assign(lines) {
	for (const line of lines)
		document.cookie = line;
}

function store(name, before, answer) {
	const life = Number(answer.expires_in ?? 3600);
	const session = {
		...before,
		access_token: answer.access_token,
		refresh_token: answer.refresh_token,
		expires_in: life,
		expires_at: answer.expires_at ?? Math.floor(Date.now() / 1000) + life,
		token_type: answer.token_type ?? 'bearer',
		user: before.user ?? { id: answer.user?.id, email: answer.user?.email },
	};
	assign(cookie.write(name, session, document.cookie, location.protocol === 'https:'));
}

async function token(grant, body) {
	let answer;
	try {
		answer = await fetch(`/auth/v1/token?grant_type=${grant}`, {
			method: 'POST', headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(body), signal: AbortSignal.timeout(20000),
		});
	} catch {
		throw NO_NETWORK;
	}
	const data = await answer.json().catch(() => null);
	if (!answer.ok || typeof data?.access_token !== 'string')
		throw { ...signInError(answer.status, data), status: answer.status };
	return data;
}

/* Throws {title, detail, remedy}. */
export async function signIn(email, password) {
	const answer = await token('password', { email, password });
	/* A session that no longer works must not hide the new one. */
	assign(cookie.clear(document.cookie, location.hostname));
	store(cookie.OWN, {}, answer);
}

function due(found, force) {
	return Boolean(found?.session?.refresh_token)
		&& (force || cookie.expiresAt(found.session) - EARLY <= Date.now() / 1000);
}

async function refresh(before, force) {
	const found = current();
	/* While we waited for the lock somebody else may have done it. */
	const changed = found?.session?.access_token !== before;
	if (!due(found, force && !changed))
		return changed;
	const answer = await token('refresh_token', { refresh_token: found.session.refresh_token });
	store(found.name, found.session, answer);
	return true;
}

/*
 * Refreshes the session when it is about to end, or when `force`.  A refresh
 * token works once, so one tab at a time spends it; the lock has the name that
 * supabase-js gives its own, which keeps tabs of the Nexus site out as well.
 * True when the cookie holds a newer session than before; never throws.
 */
export async function freshen(force = false) {
	const found = current();
	if (!due(found, force))
		return false;
	const before = found.session.access_token;
	const work = () => refresh(before, force);
	try {
		return navigator.locks ? await navigator.locks.request(`lock:${found.name}`, work) : await work();
	} catch {
		return false;
	}
}

/* Milliseconds until freshen() has something to do, or null. */
export function freshenIn() {
	const found = current();
	if (!found?.session?.refresh_token)
		return null;
	return Math.max(1000, (cookie.expiresAt(found.session) - EARLY) * 1000 - Date.now());
}

export async function signOut() {
	const access = current()?.session?.access_token;
	assign(cookie.clear(document.cookie, location.hostname));
	if (!access)
		return;
	/* The cookie is gone either way; this ends the session at Supabase too. */
	await fetch('/auth/v1/logout?scope=local', {
		method: 'POST', headers: { Authorization: `Bearer ${access}` },
		signal: AbortSignal.timeout(5000),
	}).catch(() => undefined);
}

/* Is Supabase played by the sandbox?  False when nobody answers. */
export async function isSandbox() {
	try {
		const answer = await fetch('/auth/v1/settings', { signal: AbortSignal.timeout(5000) });
		return answer.ok && (await answer.json()).sandbox === true;
	} catch {
		return false;
	}
}

export function email() {
	return cookie.email(current()?.session);
}

export function userId() {
	return cookie.userId(current()?.session);
}

/* Is somebody else than `owner` signed in, as far as scripts can read that? */
export function isOther(owner) {
	const now = userId();
	return Boolean(owner && now && now !== owner);
}
