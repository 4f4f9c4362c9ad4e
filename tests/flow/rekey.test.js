// New keys while everything runs: 10,000 connections are sealed anew, and
// every token opens at every moment.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { join } from 'node:path';
import { BUILD, calm, env, grown, LIGHT, ROOT, run, sandbox, sleep, sql } from './lib/stack.js';
import { ownProcess } from './lib/fcgi.js';
import { bearer, landed, Visitor, words } from './lib/visitor.js';

const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };
const ROWS = LIGHT ? 1000 : 10000;
const NAME = `rekey_${crypto.randomBytes(4).toString('hex')}`;
const OLD = `old:${crypto.randomBytes(32).toString('base64')}`;
const NEW = `new:${crypto.randomBytes(32).toString('base64')}`;
const there = { ...env, PGDATABASE: NAME };
const url = () => env.DATABASE_URL.replace(`@/${env.PGDATABASE}?`, `@/${NAME}?`);
const state = { NEXUS_STATE_DIR: join(env.NEXUS_STACK, `state-${NAME}`) };
const inNew = (text, options) => sql(text, { environment: there, ...options });

before(async () => {
	await calm();
	if (OUR_OWN.skip)
		return;
	await sql(`CREATE DATABASE ${NAME}`);
	const done = await run(join(BUILD, 'nexus-x-migrate'), ['apply', `--dir=${join(ROOT, 'sql')}`], { environment: { ...there, DATABASE_URL: url() } });
	assert.equal(done.status, 0, done.stderr);
});

after(async () => {
	await calm();
	if (!OUR_OWN.skip)
		await sql(`DROP DATABASE ${NAME} WITH (FORCE)`);
});

// As include/nx/seal/seal.h and keyring.h describe it.
function sealer(key, purpose) {
	const [id, secret] = [key.slice(0, key.indexOf(':')), Buffer.from(key.slice(key.indexOf(':') + 1), 'base64')];
	const derived = Buffer.from(crypto.hkdfSync('sha256', secret, '', `nexus-x/1/${purpose}`, 32));
	const header = `nx1.${id}.`;
	const aad = (context) => Buffer.from(header + context);
	return {
		seal(text, context) {
			const nonce = crypto.randomBytes(12);
			const cipher = crypto.createCipheriv('aes-256-gcm', derived, nonce).setAAD(aad(context));
			return header + Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url');
		},
		opens(sealed, context) {
			const raw = Buffer.from(sealed.slice(header.length), 'base64url');
			const open = crypto.createDecipheriv('aes-256-gcm', derived, raw.subarray(0, 12)).setAAD(aad(context)).setAuthTag(raw.subarray(-16));
			return Buffer.concat([open.update(raw.subarray(12, -16)), open.final()]).toString();
		},
		has: (sealed) => sealed.startsWith(header),
	};
}

async function fill(seal) {
	const lines = Array.from({ length: ROWS }, (_, i) => {
		const [id, user] = [crypto.randomUUID(), crypto.randomUUID()];
		const token = (column) => seal.seal(`${column}-${id}`, `${id} ${user} ${column}`);
		return [id, user, 'twitter', i + 1, `row${i}`, token('access_token'), token('refresh_token'), '2100-01-01', '{tweet.write}', 'connected'].join('\t');
	});
	await inNew(`COPY platform_connections (id, user_id, platform, platform_user_id, platform_username, access_token, refresh_token, token_expires_at, scopes, status) FROM stdin;\n${lines.join('\n')}\n\\.\n`);
}

// Every stored token opens, in a snapshot of this moment; how many are old.
async function allOpen(rings) {
	const rows = await inNew('SELECT id, user_id, access_token, refresh_token FROM platform_connections');
	let old = 0;
	for (const [id, user, access, refresh] of rows) {
		for (const [column, sealed] of [['access_token', access], ['refresh_token', refresh]]) {
			const ring = rings.find((one) => one.has(sealed));
			assert.ok(ring, sealed.slice(0, 10));
			assert.ok(ring.opens(sealed, `${id} ${user} ${column}`).length > 0);
			old += ring === rings[0];
		}
	}
	return { rows: rows.length, old };
}

test('--rekey under load: every token opens at every moment', OUR_OWN, async () => {
	const rings = [sealer(OLD, 'token'), sealer(NEW, 'token')];
	const environment = { ...env, ...state, DATABASE_URL: url() };
	const people = Array.from({ length: 8 }, () => new Visitor());
	const served = [];
	const ask = (one, me, method, uri, headers = [], body = '') => one.ask(method, uri, [...Object.entries(bearer(me.token)), ...headers], body);
	const first = await ownProcess({ ...state, DATABASE_URL: url(), NEXUS_KEYS: OLD });
	await fill(rings[0]);
	for (const me of people) {
		const start = await ask(first, me, 'GET', '/api/auth/twitter/initiate');
		landed(await ask(first, me, 'GET', await me.decide(start.headers.location), [['Cookie', start.cookies[0].split(';')[0]]]));
	}
	assert.equal((await first.stop()).status, 0);
	const own = await ownProcess({ ...state, DATABASE_URL: url(), NEXUS_KEYS: `${NEW},${OLD}` });
	try {
		let stop = false;
		// Posts all the while, and renewals that write the rows under it.
		const lanes = people.map(async (me, i) => {
			while (!stop) {
				if (i % 2) {
					await inNew(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE user_id = '${me.user}'`);
					await sandbox('POST', '/sandbox/expire', { account: me.account });
				}
				served.push(await ask(own, me, 'POST', '/api/twitter/post', [], JSON.stringify({ text: words() })));
			}
		});
		const snapshots = (async () => {
			const seen = [];
			while (!stop) {
				seen.push(await allOpen(rings));
				await sleep(500);
			}
			return seen;
		})();
		const { value: done, by } = await grown(async () => {
			await sleep(200);
			const result = await run(join(BUILD, 'token_refresh'), ['--rekey'], { environment: { ...environment, NEXUS_KEYS: `${NEW},${OLD}` } });
			stop = true;
			await Promise.all(lanes);
			return result;
		});
		const seen = await snapshots;
		assert.equal(done.status, 0, done.stderr);
		const said = JSON.parse(done.stdout);
		assert.ok(said.resealed > 0 && said.resealed <= ROWS + people.length, done.stdout);
		assert.equal(said.unreadable, 0);
		assert.ok(served.length >= people.length);
		for (const res of served)
			assert.equal(res.status, 201, res.text);
		assert.equal(by('refreshes_refused'), 0);
		assert.equal(seen[0].rows, ROWS + people.length);
		assert.deepEqual(await allOpen(rings), { rows: ROWS + people.length, old: 0 });

		// Again it finds nothing to do, and the old key can go.
		const again = await run(join(BUILD, 'token_refresh'), ['--rekey'], { environment: { ...environment, NEXUS_KEYS: NEW } });
		assert.equal(again.status, 0, again.stderr);
		assert.equal(JSON.parse(again.stdout).resealed, 0);
	} finally {
		await own.stop();
	}
});
