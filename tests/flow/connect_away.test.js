// Database and rescue directory away, in every combination, at a reconnect:
// either no code is spent, or what X granted for it comes home.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm, clearFaults, database, dev, env, fault, grown, sandbox, settings, SITE, sql, STACK, until } from './lib/stack.js';
import { ownProcess } from './lib/fcgi.js';
import { severed } from './lib/sever.js';
import { bearer, landed, Visitor, words } from './lib/visitor.js';

const RESCUE = join(env.NEXUS_STATE_DIR, 'rescue'), ASIDE = join(env.NEXUS_STATE_DIR, 'rescue-before');

const rescue = {
	stop() {
		if (existsSync(RESCUE))
			renameSync(RESCUE, ASIDE);
		writeFileSync(RESCUE, 'not a directory\n');
	},
	start() {
		if (!existsSync(RESCUE) || existsSync(ASIDE))
			rmSync(RESCUE, { force: true, recursive: true });
		if (existsSync(ASIDE))
			renameSync(ASIDE, RESCUE);
	},
};

// The database first; the site is ready only when both are there.
async function back() {
	dev('db', 'start', STACK);
	rescue.start();
	await database.start();
}

before(calm);
after(async () => {
	rescue.start();
	await calm();
});

// Codes outlive an outage here; at X they live for 30 s.
async function arrive() {
	const me = new Visitor();
	const connection = await me.connect();
	await settings({ code_ttl: 300 });
	return { me, connection, path: (await me.arrive(`?connection_id=${connection.id}`)).path };
}

const pair = async ({ id }) => (await sql(`SELECT access_token FROM platform_connections WHERE id = '${id}'`)).join();

async function renews(me) {
	const [c] = await me.connections();
	assert.equal(c.status, 'connected');
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE id = '${c.id}'`);
	const { value, by } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.equal(by('refreshes_granted'), 1);
}

const outcome = (res) => {
	assert.equal(res.status, 302, res.text);
	const q = new URL(res.headers.location, SITE).searchParams;
	return q.get('x') ?? q.get('x_error');
};

const appears = (me) => until('the account appears', 60, async () =>
	(await me.get('/api/twitter/connections')).json?.pending === 0);

test('the rescue directory is away: the database has the grant at once', async () => {
	const { me, path } = await arrive();
	await fault({ path: '/2/users/me', fault: '503' });
	rescue.stop();
	try {
		assert.equal(outcome(await me.get(path)), 'pending');
		assert.equal((await sql(`SELECT 1 FROM x_pending WHERE user_id = '${me.user}'`)).length, 1);
		await clearFaults();
		await appears(me);
		await renews(me);
		const again = await me.arrive();
		landed(await me.get(again.path));
	} finally {
		rescue.start();
	}
	await renews(me);
});

for (const net of [true, false]) {
	const also = net ? '' : ' and the rescue directory';
	test(`the database${also} is away: no code is spent, and the same answer works later`, async () => {
		const { me, path } = await arrive();
		if (!net)
			rescue.stop();
		database.stop();
		try {
			const { value, by } = await grown(() => me.get(path));
			assert.equal(outcome(value), 'database_unavailable');
			assert.equal(by('codes_exchanged'), 0);
		} finally {
			await back();
		}
		landed(await me.get(path));
		await renews(me);
	});

	test(`the database${also} goes away while X has the code: the grant comes home`, async () => {
		const { me, connection, path } = await arrive();
		await fault({ path: '/2/oauth2/token', fault: 'slow', held: true, count: 1 });
		if (!net)
			rescue.stop();
		const old = await pair(connection);
		let answer;
		try {
			const going = me.get(path);
			await until('the claim', 30, async () =>
				(await sql(`SELECT 1 FROM x_logins WHERE user_id = '${me.user}' AND outcome IS NULL`)).length > 0);
			database.stop();
			await clearFaults();
			answer = outcome(await going);
		} finally {
			await back();
		}
		assert.equal(answer, net ? 'save_deferred' : 'pending');
		await appears(me);
		await until('a new pair', 60, async () => await pair(connection) !== old);
		landed(await me.get(path));
		await renews(me);
	});
}

test('a claim whose answer is lost does not keep its user from another attempt', async () => {
	const me = new Visitor();
	const { path } = await me.arrive();
	const way = await severed((text) => text.includes('INSERT INTO x_logins'));
	const own = await ownProcess({ DATABASE_URL: way.url });
	try {
		way.arm();
		const Cookie = [...me.jar].map(([name, value]) => `${name}=${value}`).join('; ');
		const { by } = await grown(() => own.ask('GET', path, Object.entries({ ...bearer(me.token), Cookie })));
		assert.ok(way.cut);
		assert.equal(by('codes_exchanged'), 0);
		await until('the attempt is over', 60, async () => (await me.get('/api/twitter/connections')).json.pending === 0);
		await me.connect();
	} finally {
		way.mend();
		await own.stop();
		way.stop();
	}
});
