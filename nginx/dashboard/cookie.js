/*
 * cookie.js - Supabase's browser session cookie: read, write, clear.
 * Pure: it takes document.cookie as text and returns the strings to assign.
 *
 * sb-<ref>-auth-token = "base64-" + base64url(JSON), split into chunks .0, .1
 * and so on when the value is longer than a browser's limit leaves room for.
 */

export const OWN = 'sb-nexus-auth-token';
export const CHUNK = 3180;
export const MAX_AGE = 30 * 24 * 3600;

const NAME = /^(sb-[A-Za-z0-9_-]+-auth-token)(?:\.(\d{1,2}))?$/;

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

export function parse(header) {
	const found = new Map();
	for (const pair of header.split(';')) {
		const eq = pair.indexOf('=');
		if (eq > 0)
			found.set(pair.slice(0, eq).trim(), pair.slice(eq + 1).trim());
	}
	return found;
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

function join(jar, name) {
	if (jar.has(name))
		return jar.get(name);
	let value = '';
	for (let i = 0; jar.has(`${name}.${i}`); i++)
		value += jar.get(`${name}.${i}`);
	return value;
}

/*
 * The session in `header`, our own first, then one that the Nexus site set:
 * {name, session} where session is null when it cannot be read.
 * null when there is no such cookie at all.
 */
export function read(header) {
	const jar = parse(header);
	const names = new Set();
	for (const name of jar.keys()) {
		const m = NAME.exec(name);
		if (m)
			names.add(m[1]);
	}
	const order = [...names].sort((a, b) => (b === OWN) - (a === OWN));
	const all = order.map((name) => ({ name, session: decode(join(jar, name)) }));
	return all.find((c) => c.session) ?? all[0] ?? null;
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
