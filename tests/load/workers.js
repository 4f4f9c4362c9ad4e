// The queue with one worker, 8 and 64, with an X that answers at once and one
// that takes its time: posts a second, what they cost, and whether each
// account's posts left in their order.  And what workers cost that have nothing
// to do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Instance } from './instance.js';
import { family } from './procs.js';
import { limit, measured, table, tellOthers } from './report.js';
import { Crowd, tellErrors } from './stories.js';

const { env } = process;
const ACCOUNTS = 128, POSTS = 1024;      // X lets one account post 100 times in 15 minutes
const WORKERS = [1, 8, 64];
const LATENCIES_MS = [0, 200];
const IDLE_MS = 30_000;
const QUEUEING_MS = 20_000;             // time enough to queue them all, and to start all workers
const POLL_MS = 100, SILENCE_MS = 60_000;

const instance = new Instance(env.NEXUS_STACK);
const errors = [];

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const left = async (when) => Number(await instance.sql(
	`SELECT count(*) FROM x_posts WHERE state IN ('queued', 'sending') AND publish_at <= '${when.toISOString()}'`));

const backends = async () => Number(await instance.sql('SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()'));

// Few connections each: PostgreSQL has 200.  They have started when each has one.
async function startWorkers(n) {
	const before = await backends();
	const workers = Array.from({ length: n }, () => spawn(join(env.NEXUS_BUILD, 'nexus-x-worker'), [],
		{ env: { ...env, NEXUS_DB_POOL: '2', NEXUS_LOG_LEVEL: 'error' }, stdio: 'ignore' }));
	while (await backends() < before + n) await sleep(POLL_MS);
	return workers;
}

const spent = (workers) => workers.reduce((sum, worker) => sum + family(worker.pid), 0);

function stop(workers) {
	return Promise.all(workers.map((worker) => {
		const gone = once(worker, 'exit');
		worker.kill('SIGTERM');
		return gone;
	}));
}

// From when they are due until all are sent.
async function drained(workers, when) {
	const cpu = spent(workers);
	await sleep(when - Date.now());
	let rest = POSTS, moved = performance.now();
	while (rest > 0) {
		await sleep(POLL_MS);
		const now = await left(when);
		if (now < rest) moved = performance.now();
		if (performance.now() - moved > SILENCE_MS) throw new Error(`${now} posts stay in the queue`);
		rest = now;
	}
	return { done: POSTS, perSecond: POSTS / (Date.now() - when) * 1000, workers: spent(workers) - cpu };
}

// X's ids grow: an account's newest post has the highest.
const outOfOrder = (histories) => histories.filter((ids) => ids.some((id, i) => i > 0 && id > ids[i - 1])).length;

async function run(n, latency) {
	const crowd = new Crowd(ACCOUNTS, instance);
	let workers = [];
	try {
		await crowd.ready();
		const when = new Date(Math.ceil((Date.now() + QUEUEING_MS) / 1000) * 1000);       // as it is stored
		crowd.queueFor(when);
		errors.push(...(await crowd.run('queue', { count: POSTS })).errors);
		await instance.sandbox({ latency_ms: latency });
		workers = await startWorkers(n);
		if (Date.now() > when) throw new Error(`${QUEUEING_MS} ms are not enough for ${POSTS} posts and ${n} workers`);
		await sleep(when - Date.now() - POLL_MS);
		const r = await measured(() => drained(workers, when), instance);
		const histories = await crowd.histories();
		return { ...r, n, latency, outOfOrder: outOfOrder(histories), lost: POSTS - histories.flat().length };
	} finally {
		await instance.sandbox({ latency_ms: 0 });
		await stop(workers);
		crowd.close();
	}
}

const transactions = async () => Number(await instance.sql(
	'SELECT pg_stat_get_db_xact_commit(oid) FROM pg_database WHERE datname = current_database()'));

// Per worker and second.
async function idle(n) {
	const workers = await startWorkers(n);
	try {
		const [cpu, asked] = [spent(workers), await transactions()];
		const r = await measured(() => sleep(IDLE_MS), instance);
		const each = (value) => value / n / (IDLE_MS / 1000);
		return { n, workers: each(spent(workers) - cpu), postgres: each(r.used.postgres), transactions: each(await transactions() - asked) };
	} finally {
		await stop(workers);
	}
}

const us = (seconds, posts) => (seconds / posts * 1e6).toFixed(0);

const runs = [];
for (const latency of LATENCIES_MS)
	for (const n of WORKERS) runs.push(await run(n, latency));
table(`${POSTS} queued posts of ${ACCOUNTS} accounts, all due at once`,
	['X answers after', 'workers', 'posts a second', 'CPU us a post: workers', 'PostgreSQL', 'accounts out of order', 'not sent', 'limit'],
	runs.map((r) => [`${r.latency} ms`, String(r.n), r.perSecond.toFixed(0), us(r.workers, r.done), us(r.used.postgres, r.done), String(r.outOfOrder), String(r.lost), limit([r], 'waiting')]));
const idles = [];
for (const n of WORKERS) idles.push(await idle(n));
table('Workers with nothing to do, each and per second', ['workers', 'transactions', 'CPU us: workers', 'PostgreSQL'],
	idles.map((r) => [String(r.n), r.transactions.toFixed(1), ...[r.workers, r.postgres].map((seconds) => (seconds * 1e6).toFixed(0))]));
tellOthers(runs);
tellErrors(errors);
process.exitCode = errors.length || runs.some((r) => r.outOfOrder || r.lost) ? 1 : 0;
