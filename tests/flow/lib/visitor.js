// One user with a browser: signs in, goes to X and comes back, posts.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { env, secret, send, SITE } from './stack.js';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A Supabase access token; `claims` undefined members are left out.
export function token(claims = {}, { key = env.SUPABASE_JWT_SECRET, alg = 'HS256', header = {} } = {}) {
	const now = Math.floor(Date.now() / 1000);
	const body = { aud: 'authenticated', role: 'authenticated', iat: now, exp: now + 3600, ...claims };
	if (env.SUPABASE_URL && !('iss' in claims))
		body.iss = `${env.SUPABASE_URL.replace(/\/$/, '')}/auth/v1`;
	const text = `${part({ alg, typ: 'JWT', ...header })}.${part(body)}`;
	const hash = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }[alg];
	return `${text}.${hash ? crypto.createHmac(hash, key).update(text).digest('base64url') : ''}`;
}

export const serviceToken = () => token({ role: 'service_role', sub: undefined });
export const bearer = (text) => ({ Authorization: `Bearer ${text}` });
export const handle = () => `t${crypto.randomBytes(6).toString('hex')}`;
export const words = () => `Hello X ${crypto.randomBytes(6).toString('hex')}`;

// Supabase's browser cookie, in chunks when `size` is given.
export function sessionCookies(text, size) {
	const value = `base64-${part({ access_token: text, token_type: 'bearer', refresh_token: 'r', user: {} })}`;
	if (size === undefined)
		return [`sb-127-auth-token=${value}`];
	const chunks = value.match(new RegExp(`.{1,${size}}`, 'g'));
	return chunks.map((chunk, i) => `sb-127-auth-token.${i}=${chunk}`);
}

export const flowName = (state) => `nx-${crypto.createHash('sha256').update(state).digest('hex').slice(0, 8)}`;

export function readCookie(line) {
	const [pair, ...attributes] = line.split(';').map((piece) => piece.trim());
	const at = pair.indexOf('=');
	const of = Object.fromEntries(attributes.map((a) => {
		const [name, value = true] = a.split('=');
		return [name.toLowerCase(), value];
	}));
	return { name: pair.slice(0, at), value: pair.slice(at + 1), ...of };
}

export class Visitor {
	constructor({ user = crypto.randomUUID(), account = handle() } = {}) {
		this.user = user;
		this.account = account;
		this.token = secret(token({ sub: user }));
		this.jar = new Map();
	}

	async send(method, path, { headers = {}, body, signedIn = true, ...rest } = {}) {
		const all = { ...(signedIn && bearer(this.token)), ...headers };
		if (this.jar.size > 0 && !('Cookie' in all))
			all.Cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
		const res = await send(method, path, { headers: all, body, ...rest });
		for (const cookie of res.cookies.map(readCookie)) {
			if (cookie['max-age'] === '0')
				this.jar.delete(cookie.name);
			else
				this.jar.set(cookie.name, secret(cookie.value));
		}
		return res;
	}

	get(path, options) {
		return this.send('GET', path, options);
	}

	json(path, value, { headers, ...rest } = {}) {
		return this.send('POST', path, {
			body: typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value),
			headers: { 'Content-Type': 'application/json', ...headers }, ...rest });
	}

	// Leaves for X: {url, state} of this attempt.
	async initiate(query = '') {
		const res = await this.get(`/api/auth/twitter/initiate${query}`);
		assert.equal(res.status, 302, res.text);
		const url = res.headers.location;
		const state = secret(new URL(url).searchParams.get('state'));
		return { url, state, cookie: flowName(state) };
	}

	// Presses the button at X; the path and query X sends the browser to.
	async decide(url, decision = 'allow') {
		const body = new URLSearchParams({ decision, ...(decision === 'allow' && { account: this.account }) }).toString();
		const res = await send('POST', url, { body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
		assert.equal(res.status, 302, res.text);
		const to = new URL(res.headers.location);
		assert.equal(to.origin + to.pathname, env.TWITTER_REDIRECT_URI);
		return to.pathname + to.search;
	}

	// A callback that is ready to be followed.
	async arrive(query) {
		const attempt = await this.initiate(query);
		return { ...attempt, path: await this.decide(attempt.url) };
	}

	async connect() {
		const { path } = await this.arrive();
		landed(await this.get(path));
		const [connection] = await this.connections();
		assert.equal(connection.status, 'connected');
		return connection;
	}

	async connections() {
		const res = await this.get('/api/twitter/connections');
		assert.equal(res.status, 200, res.text);
		return res.json.connections;
	}

	post(value, headers) {
		return this.json('/api/twitter/post', typeof value === 'object' && !Buffer.isBuffer(value) ? value : { text: value }, { headers });
	}
}

// A callback that went well, or ended with `error`, leads back to `path`.
export function landed(res, { path = env.NEXUS_DASHBOARD_PATH || '/dashboard', error } = {}) {
	assert.equal(res.status, 302, res.text);
	const to = new URL(res.headers.location, SITE);
	assert.equal(to.origin, new URL(SITE).origin);
	const want = new URL(path, SITE);
	assert.equal(to.pathname, want.pathname);
	assert.equal(to.searchParams.get('x_error'), error ?? null);
	assert.equal(to.searchParams.get('x'), error ? null : 'connected');
	return to;
}
