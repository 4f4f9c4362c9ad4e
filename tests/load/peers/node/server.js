// What a team that knows its trade writes on Node: fastify, twitter-api-v2, pg.
// Connects X accounts and posts, each post once for its key: its rows stand
// before X is asked.  A lost answer of X, two refreshes at once and much else of
// what nexus-x promises is left open, as it commonly is.
import cluster from 'node:cluster';
import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import https from 'node:https';
import jwt from '@fastify/jwt';
import session from '@fastify/secure-session';
import fastify from 'fastify';
import pg from 'pg';
import { TwitterApi } from 'twitter-api-v2';

const { env } = process;
const POOL = 16;
const KEY = Buffer.from(env.PEER_KEY, 'base64');
const SCOPES = ['tweet.read', 'tweet.write', 'users.read', 'offline.access'];

function seal(text) {
	const iv = randomBytes(12);
	const cipher = createCipheriv('aes-256-gcm', KEY, iv);
	const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
	return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
}

function unseal(text) {
	const bytes = Buffer.from(text, 'base64');
	const cipher = createDecipheriv('aes-256-gcm', KEY, bytes.subarray(0, 12));
	cipher.setAuthTag(bytes.subarray(12, 28));
	return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString('utf8');
}

async function inTransaction(pool, work) {
	const client = await pool.connect();
	try {
		await client.query('BEGIN');
		const result = await work(client);
		await client.query('COMMIT');
		return result;
	} catch (error) {
		await client.query('ROLLBACK');
		throw error;
	} finally {
		client.release();
	}
}

// The library spells the method in lower case, which X takes and RFC 7636 does not.
function authorizeUrl(url) {
	const there = new URL(url), here = new URL(env.TWITTER_AUTHORIZE_URL);
	here.search = there.search;
	here.searchParams.set('code_challenge_method', 'S256');
	return here.href;
}

async function spendCode(code, codeVerifier) {
	const answer = await fetch(`${env.TWITTER_API_URL}/2/oauth2/token`, { method: 'POST', body: new URLSearchParams({
		grant_type: 'authorization_code', code, code_verifier: codeVerifier,
		redirect_uri: env.TWITTER_REDIRECT_URI, client_id: env.TWITTER_CLIENT_ID }) });
	if (!answer.ok) throw new Error(`X refuses a code: ${answer.status} ${await answer.text()}`);
	return answer.json();
}

function routes(app, pool) {
	const agent = new https.Agent({ keepAlive: true });
	const oauth = new TwitterApi({ clientId: env.TWITTER_CLIENT_ID });
	const signedIn = { onRequest: (request) => request.jwtVerify() };

	const xOf = (token) => {
		const x = new TwitterApi(token, { httpAgent: agent }).v2;
		x.setPrefix(`${env.TWITTER_API_URL}/2/`);
		return x;
	};

	app.get('/api/auth/twitter/initiate', signedIn, (request, reply) => {
		const { url, state, codeVerifier } = oauth.generateOAuth2AuthLink(env.TWITTER_REDIRECT_URI, { scope: SCOPES });
		request.session.set('attempt', { state, codeVerifier, user: request.user.sub });
		return reply.redirect(authorizeUrl(url));
	});

	app.get('/api/auth/twitter/callback', signedIn, async (request, reply) => {
		const { state, codeVerifier, user } = request.session.get('attempt');
		if (state !== request.query.state || user !== request.user.sub) return reply.code(400).send();
		const grant = await spendCode(request.query.code, codeVerifier);
		const { data } = await xOf(grant.access_token).me();
		await pool.query(`INSERT INTO connections (user_id, x_user_id, access_token, refresh_token, expires_at)
			VALUES ($1, $2, $3, $4, now() + $5 * interval '1 s') ON CONFLICT (user_id) DO UPDATE
			SET x_user_id = $2, access_token = $3, refresh_token = $4, expires_at = now() + $5 * interval '1 s'`,
		[user, data.id, seal(grant.access_token), seal(grant.refresh_token), grant.expires_in]);
		request.session.delete();
		return reply.redirect('/dashboard?x=connected');
	});

	app.post('/api/twitter/post', { ...signedIn, schema: { body: { type: 'object', required: ['text'],
		properties: { text: { type: 'string', minLength: 1, maxLength: 25000 } } } } }, async (request, reply) => {
		const user = request.user.sub, id = randomUUID(), { text } = request.body;
		const key = request.headers['idempotency-key'] ?? randomUUID();
		const hash = createHash('sha256').update(JSON.stringify(request.body)).digest('hex');
		const connection = await inTransaction(pool, async (client) => {
			const taken = await client.query(`INSERT INTO idempotency_keys (user_id, key, body_hash, post_id) VALUES ($1, $2, $3, $4)
				ON CONFLICT DO NOTHING`, [user, key, hash, id]);
			if (taken.rowCount === 0) return null;
			const found = await client.query('SELECT access_token FROM connections WHERE user_id = $1', [user]);
			await client.query("INSERT INTO posts (id, user_id, text, state) VALUES ($1, $2, $3, 'sending')", [id, user, text]);
			return found.rows[0];
		});
		if (!connection) return reply.code(409).send({ error: 'this key was used' });
		const { data } = await xOf(unseal(connection.access_token)).tweet(text);
		const { rows } = await pool.query(`UPDATE posts SET state = 'sent', post_id = $2, sent_at = now() WHERE id = $1
			RETURNING id, state, post_id, text, created_at, sent_at`, [id, data.id]);
		return reply.code(201).send(rows[0]);
	});
}

async function serve() {
	const app = fastify();
	const pool = new pg.Pool({ max: POOL });
	await app.register(jwt, { secret: env.SUPABASE_JWT_SECRET, verify: { allowedAud: 'authenticated', cache: true } });
	await app.register(session, { key: KEY, cookieName: 'attempt', cookie: { path: '/', httpOnly: true, sameSite: 'lax', maxAge: 600 } });
	routes(app, pool);
	await app.listen({ port: Number(env.PEER_PORT), host: '127.0.0.1', backlog: 1024 });
}

if (cluster.isPrimary) for (let n = 0; n < Number(env.PEER_PROCESSES); n++) cluster.fork();
else await serve();
