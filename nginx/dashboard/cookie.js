/*
 * cookie.js - Supabase's browser session cookie: read, write, clear.
 * Pure: it takes document.cookie as text and returns the strings to assign.
 *
 * sb-<ref>-auth-token = "base64-" + base64url(JSON), split into chunks .0, .1
 * and so on when the value is longer than a browser's limit leaves room for.
 * Read is what the server reads too (src/web/session.c), by the same rules but
 * one: the page does not know its project's name, so that two names are always
 * one too many, where the server passes over those of other projects.
 */

export const OWN = 'sb-nexus-auth-token';
export const CHUNK = 3180;
export const MAX_AGE = 30 * 24 * 3600;

const CHUNKS = 16;
const NAME = /^(sb-.{1,64}-auth-token)(?:\.(0|[1-9]\d{0,2}))?$/;

export function toBase64Url(text) {
	let bytes = '';
	for (const b of new TextEncoder().encode(text))
		bytes += String.fromCharCode(b);
	return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function fromBase64Url(text) {
	const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
	return new TextDecoder('utf-8', { fatal: true })
		.decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
}

/* [name, value] of each cookie in `header`, where a name may come twice. */
function pairs(header) {
	return header.split(';').map((pair) => [pair, pair.indexOf('=')]).filter(([, eq]) => eq > 0)
		.map(([pair, eq]) => [pair.slice(0, eq).trim(), pair.slice(eq + 1).trim()]);
}

export function parse(header) {
	return new Map(pairs(header));
}

/* The claims of a JWT, unchecked: for showing only. */
export function claims(token) {
	try {
		return JSON.parse(fromBase64Url(token.split('.')[1]));
	} catch {
		return {};
	}
}

function decode(value) {
	try {
		const text = value.startsWith('base64-')
			? fromBase64Url(value.slice(7)) : decodeURIComponent(value);
		const s = JSON.parse(text);
		/* Older helpers of Supabase stored [access, refresh, ...]. */
		const session = Array.isArray(s)
			? { access_token: s[0], refresh_token: s[1] } : s;
		return typeof session?.access_token === 'string' ? session : null;
	} catch {
		return null;
	}
}

/* The parts of each sign-in cookie: '' is the whole one.  Empty ones are none. */
function collect(header) {
	const found = new Map();
	for (const [name, value] of pairs(header)) {
		const [, of, chunk = ''] = NAME.exec(name) ?? [];
		if (!of || value === '')
			continue;
		const it = found.get(of) ?? { parts: new Map(), twice: false };
		it.twice ||= it.parts.has(chunk);
		it.parts.set(chunk, value);
		found.set(of, it);
	}
	return found;
}

/* '' where one part is there twice, or the whole beside chunks: a neighbour's. */
function join({ parts, twice }) {
	if (twice || (parts.has('') && parts.size > 1))
		return '';
	let value = parts.get('') ?? '';
	for (let i = 0; i < CHUNKS && parts.has(`${i}`); i++)
		value += parts.get(`${i}`);
	return value;
}

/*
 * The session in `header`, our own or one that the Nexus site set:
 * {name, session} where session is null when it cannot be read, or when there
 * are two, of which one may be a neighbour's.  null when there is none at all.
 */
export function read(header) {
	const found = [...collect(header)];
	if (found.length === 0)
		return null;
	const [[name, parts]] = found;
	return { name, session: found.length === 1 ? decode(join(parts)) : null };
}

export function email(session) {
	return session?.user?.email ?? claims(session?.access_token ?? '').email ?? '';
}

export function userId(session) {
	return session?.user?.id ?? claims(session?.access_token ?? '').sub ?? '';
}

/* Unix seconds at which the access token ends, 0 when unknown. */
export function expiresAt(session) {
	return Number(session?.expires_at ?? claims(session?.access_token ?? '').exp ?? 0);
}

function expire(name, domain) {
	return `${name}=; Path=/; SameSite=Lax; Max-Age=0${domain ? `; Domain=${domain}` : ''}`;
}

/* Cookies that put `session` under `name`, in place of what `header` has there. */
export function write(name, session, header, secure) {
	const value = `base64-${toBase64Url(JSON.stringify(session))}`;
	const parts = value.length <= CHUNK ? [[name, value]]
		: value.match(new RegExp(`.{1,${CHUNK}}`, 'g')).map((v, i) => [`${name}.${i}`, v]);
	const kept = new Set(parts.map(([n]) => n));
	const tail = `; Path=/; SameSite=Lax; Max-Age=${MAX_AGE}${secure ? '; Secure' : ''}`;
	const stale = [...parse(header).keys()].filter((n) => NAME.exec(n)?.[1] === name && !kept.has(n));
	return [...stale.map((n) => expire(n)), ...parts.map(([n, v]) => `${n}=${v}${tail}`)];
}

/* Cookies that end every session in `header`, on `host` and its parents. */
export function clear(header, host) {
	const labels = host.split('.');
	const domains = [''];
	if (!/^[\d.]+$|:/.test(host))
		for (let i = 0; i + 2 <= labels.length; i++)
			domains.push(labels.slice(i).join('.'));
	const names = [...parse(header).keys()].filter((n) => NAME.test(n));
	return names.flatMap((n) => domains.map((d) => expire(n, d)));
}
