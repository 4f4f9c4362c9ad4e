// What Nexus is told when a connection changes: NOTIFY, and the webhook.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import http from 'node:http';
import { calm, env, quote, sleep, sql, until } from './lib/stack.js';
import { Visitor } from './lib/visitor.js';
import { withWorkers } from './lib/worker.js';

before(calm);

const SECRET = 'a-webhook-secret-of-some-length';

// Everything that is said on the channel while `act` runs.
async function heard(act) {
	const psql = spawn('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
	let text = '';
	psql.stdout.on('data', (piece) => { text += piece; });
	psql.stdin.write("LISTEN nexus_x;\nSELECT 'listening';\n");
	await until('LISTEN', 10, () => text.includes('listening'));
	await act();
	psql.stdin.end("SELECT 1;\n");
	await new Promise((done) => psql.on('close', done));
	return [...text.matchAll(/"nexus_x" with payload "(.*)" received/g)].map((m) => JSON.parse(m[1]));
}

// A receiver; `answer` is the status it gives.
async function receiver() {
	const it = { answer: 200, got: [] };
	const server = http.createServer((request, response) => {
		const pieces = [];
		request.on('data', (piece) => pieces.push(piece));
		request.on('end', () => {
			it.got.push({ headers: request.headers, method: request.method, text: Buffer.concat(pieces).toString() });
			response.writeHead(it.answer).end();
		});
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	it.url = `http://127.0.0.1:${server.address().port}/hook?a=b`;
	it.stop = () => {
		server.closeAllConnections();
		return new Promise((done) => server.close(done));
	};
	it.about = (user) => it.got.filter(({ text }) => JSON.parse(text).user_id === user);
	return it;
}

const calling = (hook, act) => withWorkers(1, act, { NEXUS_WEBHOOK_URL: hook.url, NEXUS_WEBHOOK_SECRET: SECRET });

test('every change of state is said on the channel, with what one needs and no token', async () => {
	const v = new Visitor();
	let connection;
	const said = (await heard(async () => {
		connection = await v.connect();
		assert.equal((await v.json('/api/auth/twitter/disconnect', {})).status, 200);
	})).filter((m) => m.user_id === v.user);
	assert.deepEqual(said.map((m) => [m.event, m.status]), [['connection.connected', 'connected'], ['connection.disconnected', 'disconnected']]);
	for (const m of said) {
		assert.deepEqual(Object.keys(m).sort(), ['at', 'connection_id', 'event', 'platform_user_id', 'reason', 'status', 'user_id', 'username']);
		assert.equal(m.connection_id, connection.id);
		assert.equal(m.username, v.account);
		assert.ok(Math.abs(Date.parse(m.at) - Date.now()) < 60000, m.at);
	}
	assert.match(said[1].reason, /owner/);
});

test('the owner of a superseded connection is told', async () => {
	const first = new Visitor(), second = new Visitor({ account: first.account });
	const said = await heard(async () => {
		await first.connect();
		await second.connect();
	});
	const told = said.find((m) => m.user_id === first.user && m.event === 'connection.superseded');
	assert.match(told.reason, /another Nexus user/);
});

test('the webhook is told, signed, once', async () => {
	const hook = await receiver();
	const v = new Visitor();
	// What other tests left behind is not for this receiver.
	await sql('DELETE FROM x_notices');
	try {
		await calling(hook, async () => {
			await v.connect();
			assert.equal((await v.json('/api/auth/twitter/disconnect', {})).status, 200);
			await until('two notices', 20, () => hook.about(v.user).length >= 2);
			await sleep(1000);
		});
	} finally {
		await hook.stop();
	}
	const got = hook.about(v.user);
	assert.deepEqual(got.map(({ text }) => JSON.parse(text).event).sort(), ['connection.connected', 'connection.disconnected']);
	for (const { method, headers, text } of got) {
		assert.equal(method, 'POST');
		assert.equal(headers['content-type'], 'application/json');
		assert.equal(headers['nexus-event'], JSON.parse(text).event);
		assert.match(headers['nexus-delivery'], /^[0-9a-f-]{36}$/);
		assert.ok(Math.abs(headers['nexus-timestamp'] - Date.now() / 1000) < 60);
		const signature = crypto.createHmac('sha256', SECRET).update(`${headers['nexus-timestamp']}.${text}`).digest('hex');
		assert.equal(headers['nexus-signature'], `v1=${signature}`);
		assert.equal(headers.authorization, undefined);
	}
	const rows = await sql(`SELECT delivered_at IS NOT NULL, tries FROM x_notices WHERE user_id = ${quote(v.user)}`);
	assert.deepEqual(rows, [['t', '1'], ['t', '1']]);
});

test('a webhook that fails is tried again later, and nobody waits for it', async () => {
	const hook = await receiver();
	const v = new Visitor();
	hook.answer = 503;
	await sql('DELETE FROM x_notices');
	try {
		await calling(hook, async () => {
			await v.connect();
			await until('a try', 20, () => hook.about(v.user).length >= 1);
			const waiting = () => sql(`SELECT tries, last_error, round(extract(epoch FROM next_try_at - now()) / 60)
				FROM x_notices WHERE user_id = ${quote(v.user)} AND last_error IS NOT NULL`);
			await until('the note of it', 10, async () => (await waiting()).length === 1);
			assert.deepEqual(await waiting(), [['1', 'it answered 503', '1']]);
			hook.answer = 200;
			await sql(`UPDATE x_notices SET next_try_at = now() WHERE user_id = ${quote(v.user)}`);
			await until('the second try', 20, () => hook.about(v.user).length >= 2);
		});
	} finally {
		await hook.stop();
	}
	const [first, second] = hook.about(v.user);
	assert.equal(first.headers['nexus-delivery'], second.headers['nexus-delivery']);
	assert.equal(first.text, second.text);
});
