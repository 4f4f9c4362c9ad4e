// The running instance as a stranger sees it: HTTP, the sandbox's own account
// of what really happened, and the database.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join, resolve, dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

export const env = process.env;
export const SITE = env.NEXUS_URL;
export const SANDBOX = env.SANDBOX_URL;
export const STACK = env.NEXUS_STACK;
export const BUILD = env.NEXUS_BUILD;
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const PLAIN = (env.NEXUS_VARIANT ?? 'plain') === 'plain';
// Sanitizers cost time and memory: smaller loads, no memory limits.
export const LIGHT = !PLAIN || env.NEXUS_LIGHT === '1';

// An idle connection ends here well before nginx ends it: nothing is ever sent
// on one that is just being closed.
const lasting = { keepAlive: true, maxSockets: 256, timeout: 20000 };
const agents = {
	'http:': new http.Agent(lasting),
	'https:': new https.Agent({
		...lasting,
		ca: env.TWITTER_CA_FILE ? readFileSync(env.TWITTER_CA_FILE) : undefined,
	}),
};

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// For who has ended what our connections lead to: the next request has a new one.
export const hangUp = () => Object.values(agents).forEach((agent) => agent.destroy());

// Waits for what must come; how long it may take is not what is tested, so a
// machine that is busy with something else gets a minute more.
export async function until(what, seconds, check) {
	const end = performance.now() + (seconds + 60) * 1000;
	for (;;) {
		const value = await check();
		if (value)
			return value;
		if (performance.now() >= end)
			assert.fail(`${what} did not happen within ${seconds} s; ${await whatIs()}`);
		await sleep(100);
	}
}

// What a test that waits in vain leaves behind: X's rules, and who waits in the database.
async function whatIs() {
	const all = await Promise.allSettled([sandbox('GET', '/sandbox/faults'), sandbox('GET', '/sandbox/counts'), send('GET', '/readyz').then((res) => res.text),
		sql(`SELECT state, count(*) FROM x_posts GROUP BY 1`), sql(`SELECT application_name, state, wait_event, left(query, 60) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)]);
	return all.map((one) => JSON.stringify(one.value ?? String(one.reason))).join('; ');
}

// A thread that sleeps 20 ms again and again and adds up how much longer the
// machine let it wait: time in which this process could have run and did not.
const lost = new BigInt64Array(new SharedArrayBuffer(8));
new Worker(`
	const { workerData: lost } = require('node:worker_threads');
	let before = performance.now();
	setInterval(() => {
		const now = performance.now();
		Atomics.add(lost, 0, BigInt(Math.max(0, Math.floor(now - before - 21))));
		before = now;
	}, 20);`, { eval: true, workerData: lost }).unref();

// A promise about our own share of a time.  Between a question and its answer
// stand a browser's worth of processes (test, nginx, ours, PostgreSQL, X), and
// each waits for a processor as we do.
const PROCESSES_IN_A_ROW = 5n;

export function stopwatch() {
	const now = () => Math.ceil(performance.now()), begun = now(), lostThen = Atomics.load(lost, 0);
	return {
		ms: () => now() - begun,
		// Fails when more than `limit` ms have passed, or `ms` is more, beyond what the machine took.
		promise(limit, what, ms = now() - begun) {
			const theirs = Number((Atomics.load(lost, 0) - lostThen) * PROCESSES_IN_A_ROW);
			assert.ok(ms <= limit + theirs, `${what}: ${ms} ms, of which the machine may have taken ${theirs}; ${limit} are promised`);
		},
	};
}

// Repeats `task` from `width` places until `count` have run.
export async function inParallel(count, width, task) {
	let next = 0;
	const lane = async () => {
		while (next < count)
			await task(next++);
	};
	await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

// Headers are [name, value] pairs or an object.  Rejects when no answer came.
export function send(method, url, { headers = {}, body, timeout = 60000 } = {}) {
	const to = new URL(url, SITE);
	const secure = to.protocol === 'https:';
	const list = Array.isArray(headers) ? headers.flat() : headers;
	return new Promise((done, fail) => {
		const request = (secure ? https : http).request(to, {
			method, headers: list, agent: agents[to.protocol], timeout,
		}, (answer) => {
			const pieces = [];
			answer.on('data', (piece) => pieces.push(piece));
			answer.on('error', fail);
			answer.on('end', () => done(read(answer.statusCode, answer.headers, Buffer.concat(pieces).toString())));
		});
		request.on('timeout', () => request.destroy(new Error(`no answer of ${to.pathname} in ${timeout} ms`)));
		request.on('error', fail);
		if (Array.isArray(headers) && body !== undefined && !headers.some(([name]) => /^content-length$/i.test(name)))
			request.setHeader('Content-Length', Buffer.byteLength(body));
		request.end(body);
	});
}

export function read(status, headers, text) {
	let json;
	try { json = JSON.parse(text); } catch { /* the test says if it must be */ }
	return { status, headers, text, json, cookies: headers['set-cookie'] ?? [] };
}

export async function sandbox(method, path, body) {
	const res = await send(method, SANDBOX + path, body === undefined ? {} :
		{ body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(JSON.stringify(body)) } });
	assert.equal(res.status, 200, `${method} ${path}: ${res.text}`);
	return res.json;
}

export const counts = () => sandbox('GET', '/sandbox/counts');
export const fault = (rule) => sandbox('POST', '/sandbox/faults', rule);
export const clearFaults = () => sandbox('DELETE', '/sandbox/faults');
export const settings = (change) => sandbox('POST', '/sandbox/settings', change);

const USUAL = {
	access_token_ttl: 7200, code_ttl: 30, latency_ms: 0, granted_scopes: null,
	omit_refresh_token: false, enforce_limits: false,
	reply_lag_ms: 0, read_lag_ms: 0, tco: true, old_names: false, create_limit: 100, window_s: 900,
};

// What X did not answer is forgotten: renewals are sent again.
export const unbrake = () => sql(`UPDATE x_app SET lost = 0, braked_until = NULL, probe = NULL; DELETE FROM x_refreshing`);

// The sandbox as it was found; its memory of secrets stays for the last test.
export async function calm() {
	await clearFaults();
	await settings(USUAL);
	await unbrake();
}

// What `name` of the counts grew by while `act` ran.
export async function grown(act) {
	const before = await counts();
	const value = await act();
	const after = await counts();
	return { value, by: (name) => after[name] - before[name] };
}

export async function postsOf(account) {
	const answer = await sandbox('GET', '/sandbox/posts');
	return (answer.posts ?? answer).filter((p) => p.author === account);
}

export function run(program, args = [], { environment = env, input = '', cwd, timeout = 60000 } = {}) {
	return new Promise((done, fail) => {
		const child = spawn(program, args, { env: environment, cwd, timeout });
		const out = [], err = [];
		child.stdout.on('data', (piece) => out.push(piece));
		child.stderr.on('data', (piece) => err.push(piece));
		child.on('error', fail);
		child.on('close', (status, signal) => done({
			status, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(),
		}));
		child.stdin.on('error', () => undefined);
		child.stdin.end(input);
	});
}

// SQL of a column's time some interval ago, such as a distributed PostgreSQL works out on a node.
export const earlier = (column, by) => `(${column} AT TIME ZONE 'UTC' - interval '${by}') AT TIME ZONE 'UTC'`;

// Access tokens end `left` seconds from now; when they are due follows, also where no trigger sees to it.
export const tokensEnd = (left, whose) => sql(`UPDATE platform_connections SET token_expires_at = now() + interval '${left} seconds' WHERE ${whose};
	UPDATE x_grants g SET due_at = (c.token_expires_at AT TIME ZONE 'UTC' + (hashtext(c.id::text) & 255) * interval '1 s') AT TIME ZONE 'UTC'
	FROM platform_connections c WHERE c.user_id = g.user_id AND c.id = g.connection_id AND c.${whose} AND c.status = 'connected'`);

// Rows as arrays of text.  Without `database`, the instance's own.
export async function sql(text, { environment = env, args = [] } = {}) {
	const done = await run('psql', ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', ...args, '-f', '-'],
		{ environment, input: text });
	if (done.status !== 0)
		throw new Error(`psql: ${done.stderr}`);
	return done.stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
}

export const quote = (text) => `'${String(text).replaceAll("'", "''")}'`;

export async function dev(...args) {
	const done = await run(join(ROOT, 'dev'), args, { cwd: ROOT, timeout: 300000 });
	assert.equal(done.status, 0, `./dev ${args.join(' ')}: ${done.stdout}${done.stderr}`);
}

function processStat(pid) {
	try {
		const field = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
		return { state: field[0], parent: Number(field[1]), start: field[19] };
	} catch {
		return null;
	}
}

// A process by number and start, since a busy machine gives the number of one
// that has ended to another within seconds; null when it is gone or a zombie.
export function processIdentity(pid) {
	const stat = processStat(pid);
	return stat && stat.state !== 'Z' ? `${pid} ${stat.start}` : null;
}

export const isAlive = (identity) => processIdentity(Number.parseInt(identity, 10)) === identity;

// Children of a process that live.
export const childrenOf = (parent) => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
	const stat = processStat(pid);
	return stat?.parent === parent && stat.state !== 'Z';
});

export const database = {
	// At once: `./dev db stop` would take its time on a busy machine.
	stop() {
		const pid = Number(readFileSync(join(STACK, 'run/postgres.pid'), 'utf8')), server = processIdentity(pid);
		const end = Date.now() + 60000, nobody = new Int32Array(new SharedArrayBuffer(4));
		for (process.kill(pid, 'SIGINT'); isAlive(server); Atomics.wait(nobody, 0, 0, 10))
			assert.ok(Date.now() < end, 'PostgreSQL does not stop');
	},
	async start() {
		await dev('db', 'start', STACK);
		await until('/readyz', 20, async () => (await send('GET', '/readyz')).status === 200);
	},
};

export const sockets = () => {
	const link = join(STACK, 'run/sockets');
	return existsSync(link) ? readlinkSync(link) : join(STACK, 'run');
};

// Values that must never be seen in clear; the last test looks for them.
export const SECRETS = join(STACK, 'run/secrets-seen');
const seen = new Set();
export const secret = (value) => {
	if (value && seen.size < 5000)
		seen.add(value);
	return value;
};
process.on('exit', () => {
	if (seen.size > 0)
		appendFileSync(SECRETS, `${[...seen].join('\n')}\n`, { mode: 0o600 });
});

// An error in the shape the contract gives all of them.
export function problem(res, status, code) {
	assert.equal(res.status, status, res.text);
	assert.match(res.headers['content-type'], /^application\/problem\+json/);
	assert.equal(res.json.status, status);
	if (code instanceof RegExp)
		assert.match(res.json.code, code);
	else
		assert.equal(res.json.code, code, res.text);
	assert.equal(res.json.type, `urn:nexus-x:error:${res.json.code}`);
	for (const name of ['title', 'detail', 'remedy', 'request_id'])
		assert.ok(typeof res.json[name] === 'string' && res.json[name] !== '', `${name}: ${res.text}`);
	if (res.headers['x-request-id'] !== undefined)
		assert.equal(res.headers['x-request-id'], res.json.request_id);
	if (status === 401)
		assert.match(res.headers['www-authenticate'], /^Bearer/);
	return res.json;
}
