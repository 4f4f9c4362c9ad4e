/*
 * api.js - calls to our own API.  Every failure is thrown as one shape:
 * {title, detail, remedy, code, status, request_id, x, retryAfter} with
 * status 0 when no answer came.  An aborted call throws null.
 */

import { freshen, isOther } from './session.js';
import { plain, retryAfter } from './words.js';

const LIMIT = 30000;	/* longer than the server's own limit for a request */

const GENERAL = {
	401: ['You are signed out', 'Your session has ended.', 'Sign in again.'],
	413: ['That is too long', 'The server does not take texts of this size.', 'Make it shorter.'],
	429: ['Too many requests', 'The server asks us to slow down.', 'Wait a little and try again.'],
	500: ['Something went wrong on our side', 'The server could not do this.', 'Try again in a minute.'],
	503: ['Not available just now', 'The server is busy or being restarted.', 'Try again in a minute.'],
};

function network(timedOut) {
	return {
		status: 0, code: timedOut ? 'timeout' : 'network',
		title: timedOut ? 'No answer in time' : 'The server could not be reached',
		detail: timedOut ? 'The server took too long to answer.'
			: 'You may be offline, or the server is being restarted.',
		remedy: 'Check your connection and try again.',
	};
}

/* Nothing may be done with the session of anybody but the page's owner. */
function assertOwner(owner) {
	if (isOther(owner))
		throw { status: 401, code: 'other_session', title: 'Somebody else is signed in now', detail: '', remedy: 'Load this page again.' };
}

function failure(answer, given) {
	/* nginx speaks of bodies and bytes there. */
	const body = answer.status === 413 ? { code: given?.code, request_id: given?.request_id } : given;
	const row = GENERAL[answer.status] ?? GENERAL[answer.status >= 500 ? 503 : 500];
	return plain({
		...(body && typeof body === 'object' ? body : {}),
		status: answer.status,
		code: body?.code ?? '',
		title: body?.title ?? row[0],
		detail: body?.detail ?? row[1],
		remedy: body?.remedy ?? row[2],
		request_id: body?.request_id ?? answer.headers.get('X-Request-Id') ?? '',
		retryAfter: retryAfter(answer.headers.get('Retry-After') ?? body?.retry_after, Date.now()),
	});
}

async function once(method, path, options) {
	assertOwner(options.owner);
	const timer = AbortSignal.timeout(LIMIT);
	const stop = new AbortController();
	const end = () => stop.abort();
	timer.addEventListener('abort', end);
	options.signal?.addEventListener('abort', end);
	if (options.signal?.aborted)
		end();
	const headers = { Accept: 'application/json', ...options.headers };
	if (options.body !== undefined)
		headers['Content-Type'] = 'application/json';
	try {
		const answer = await fetch(path, {
			method, headers, signal: stop.signal, credentials: 'same-origin', cache: 'no-store',
			body: options.body === undefined ? undefined : JSON.stringify(options.body),
		});
		const text = await answer.text();
		return { answer, text };
	} catch {
		throw options.signal?.aborted ? null : network(timer.aborted);
	}
}

function parse(answer, text) {
	let body = null;
	try {
		body = JSON.parse(text);
	} catch {
		if (answer.ok)
			throw failure({ status: 500, headers: answer.headers }, null);
	}
	if (!answer.ok)
		throw failure(answer, body);
	return body;
}

/*
 * options: body, headers, signal, and owner: whose session it must be, as far
 * as scripts can read that.  Returns the answer's JSON and its entity tag.
 */
export async function ask(method, path, options = {}) {
	await freshen();
	let { answer, text } = await once(method, path, options);
	/* 401 means that nothing was done, so that a second try is safe. */
	if (answer.status === 401 && await freshen(true))
		({ answer, text } = await once(method, path, options));
	return { body: parse(answer, text), etag: answer.headers.get('ETag') };
}

/* The answer's JSON alone. */
export async function call(method, path, options = {}) {
	return (await ask(method, path, options)).body;
}
