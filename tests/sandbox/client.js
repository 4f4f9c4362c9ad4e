// What the tests of the sandbox share: how X is asked, as a client would, and how the sandbox is told.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

export const env = process.env;
export const AUTHORIZE = env.TWITTER_AUTHORIZE_URL;
export const CALLBACK = env.TWITTER_REDIRECT_URI;
export const CLIENT = env.TWITTER_CLIENT_ID;
export const ALL = 'tweet.read tweet.write users.read media.write offline.access';
export const agent = new https.Agent({ ca: fs.readFileSync(env.TWITTER_CA_FILE) });

export function send(method, url, { headers = {}, body, signal } = {}) {
	return new Promise((resolve, reject) => {
		const tls = url.startsWith('https:');
		const req = (tls ? https : http).request(url, { method, headers, signal, ...(tls && { agent }) }, (res) => {
			const parts = [];
			res.on('data', (part) => parts.push(part));
			res.on('error', reject);
			res.on('end', () => {
				const bytes = Buffer.concat(parts), text = bytes.toString();
				let json;
				try { json = JSON.parse(text); } catch { /* checked by the test */ }
				resolve({ status: res.statusCode, headers: res.headers, bytes, text, json });
			});
		});
		req.on('error', reject);
		req.end(body);
	});
}

export const sandbox = (method, path, body) => send(method, env.SANDBOX_URL + path,
	body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
export const settings = (change) => sandbox('POST', '/sandbox/settings', change);
export const counts = async () => (await sandbox('GET', '/sandbox/counts')).json;

export async function fault(rule) {
	const res = await sandbox('POST', '/sandbox/faults', rule);
	assert.equal(res.status, 200, res.text);
}

export const encode = (fields) => new URLSearchParams(fields).toString();
export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
export const form = (path, fields, headers = {}) => send('POST', env.SANDBOX_URL + path,
	{ body: typeof fields === 'string' ? fields : encode(fields), headers: { ...FORM, ...headers } });

export function attempt(change = {}) {
	const verifier = crypto.randomBytes(32).toString('base64url');
	const query = {
		response_type: 'code', client_id: CLIENT, redirect_uri: CALLBACK, scope: ALL,
		state: crypto.randomBytes(16).toString('base64url'),
		code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'),
		code_challenge_method: 'S256', ...change,
	};
	for (const name of Object.keys(query))
		if (query[name] === undefined) delete query[name];
	return { verifier, query, url: `${AUTHORIZE}?${encode(query)}` };
}

export async function consent(account, change) {
	const made = attempt(change);
	const fields = account ? { decision: 'allow', account } : { decision: 'allow' };
	const res = await send('POST', made.url, { body: encode(fields), headers: FORM });
	assert.equal(res.status, 302, res.text);
	const to = new URL(res.headers.location);
	assert.equal(to.searchParams.get('state'), made.query.state);
	return { ...made, code: to.searchParams.get('code'), to };
}

export const exchange = (c, change = {}, headers) => form('/2/oauth2/token', {
	grant_type: 'authorization_code', code: c.code, redirect_uri: CALLBACK,
	code_verifier: c.verifier, client_id: CLIENT, ...change }, headers);
export const refresh = (token, headers) => form('/2/oauth2/token',
	{ grant_type: 'refresh_token', refresh_token: token, client_id: CLIENT }, headers);

export async function login(account, change) {
	const res = await exchange(await consent(account, change));
	assert.equal(res.status, 200, res.text);
	return res.json;
}

export const api = (method, path, token, body) => send(method, env.SANDBOX_URL + path, {
	headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
	body: body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) });
export const post = (token, body) => api('POST', '/2/tweets', token, typeof body === 'string' ? { text: body } : body);

export function invalid(res, message) {
	assert.equal(res.status, 400, res.text);
	assert.equal(res.json.title, 'Invalid Request');
	assert.match(res.json.type, /\/2\/problems\/invalid-request$/);
	assert.match(res.json.errors[0].message, message);
}

export function forbidden(res, detail) {
	assert.equal(res.status, 403, res.text);
	assert.equal(res.json.status, 403);
	assert.match(res.json.detail, detail);
}

export const clear = async () => {
	assert.equal((await sandbox('DELETE', '/sandbox/state')).status, 200);
	assert.equal((await settings({ confidential: false })).status, 200);
};
