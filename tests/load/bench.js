// What the service does per second, what that costs, and what the limit is.
// bench.sh starts what it measures against.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Instance } from './instance.js';
import { memory } from './procs.js';
import { CORES, each, limit, measured, median, medianOf, ours, PARTS, speed, table, tellOthers } from './report.js';
import { Crowd, mint, tellErrors } from './stories.js';

const { env } = process;
const instance = new Instance(env.NEXUS_STACK);
const EXTRA = { nginx: Number(env.LOAD_NGINX_PID), nothing: Number(env.LOAD_NOTHING_PID) };
const PARALLEL = 64;
const REDIRECT_ROUNDS = 7, STORY_ROUNDS = 5, SECONDS = 1;
const AIM = 0.8;
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

const errors = [];

const run = promisify(execFile);
const token = mint(randomUUID(), instance.secret);

async function wrk(path) {
	const { stdout } = await run('wrk', ['-t2', `-c${PARALLEL}`, `-d${SECONDS}s`, '--timeout', '10s',
		'-s', SCRIPT, env.LOAD_URL + path], { env: { ...env, LOAD_TOKEN: token } });
	const r = JSON.parse(/^\{.*\}$/m.exec(stdout)[0]);
	if (r.errors) errors.push(`${path}: ${r.errors} of ${r.done} requests`);
	return { done: r.done, perSecond: r.done / r.us * 1e6, p50: r.p50us / 1000, p99: r.p99us / 1000 };
}

async function redirects() {
	const kinds = [
		{ path: '/return', name: "nginx's own return 302", part: null },
		{ path: '/nothing', name: 'FastCGI program that does nothing', part: 'nothing' },
		{ path: '/api/auth/twitter/initiate', name: 'initiate', part: 'app' },
	];
	const rounds = kinds.map(() => []);
	for (let round = -1; round < REDIRECT_ROUNDS; round++)
		for (let i = 0; i < kinds.length; i++) {
			const k = (i + round + 1) % kinds.length;
			const r = await measured(() => wrk(kinds[k].path), instance, EXTRA);
			if (round >= 0) rounds[k].push(r);      // the first one only warms up
		}
	const ratio = (a, b) => median(rounds[a].map((r, i) => r.perSecond / rounds[b][i].perSecond));
	const chain = (k) => medianOf(rounds[k], (r) => ours(r.used) / r.done) * 1e6;
	table(`Redirects, all three through one nginx (medians of ${REDIRECT_ROUNDS} rounds of ${SECONDS} s)`,
		['', 'per second', 'p50 ms', 'p99 ms', 'of return 302', 'CPU us, itself', 'with nginx and wrk', 'limit'],
		kinds.map(({ name, part }, k) => [name, ...speed(rounds[k]), ratio(k, 0).toFixed(2),
			part ? each(rounds[k], part) : '-', chain(k).toFixed(0), limit(rounds[k], 'waiting')]));
	const got = ratio(2, 1);
	console.log(`  initiate does ${got.toFixed(2)} of what the program that does nothing does, and by the CPU that both`
		+ ` cost ${(chain(1) / chain(2)).toFixed(2)};\n  the aim of ${AIM} is ${got >= AIM ? 'reached' : 'missed'}`);
	tellOthers(rounds.flat());
}

async function stories() {
	const kinds = [
		{ name: 'connect', story: 'connect', ms: 0 },
		{ name: 'connect and post', story: 'full', ms: 0 },
		{ name: 'post, X answers at once', story: 'post', ms: 0 },
		{ name: 'post, X answers after 100 ms', story: 'post', ms: 100 },
	];
	const rounds = kinds.map(() => []);
	const crowd = new Crowd(PARALLEL, instance);
	await crowd.run('full', { seconds: SECONDS });
	for (let round = 0; round < STORY_ROUNDS; round++)
		for (let i = 0; i < kinds.length; i++) {
			const { story, ms } = kinds[i];
			if (story === 'post') await crowd.ready();
			await instance.sandbox({ latency_ms: ms });
			const r = await measured(() => crowd.run(story, { seconds: SECONDS }), instance, EXTRA);
			await instance.sandbox({ latency_ms: 0 });
			errors.push(...r.errors);
			rounds[i].push(r);
		}
	crowd.close();
	table(`Stories (medians of ${STORY_ROUNDS} rounds of ${SECONDS} s; the sandbox plays X, over TLS)`,
		['', 'per second', 'p50 ms', 'p99 ms', 'limit'],
		kinds.map(({ name, ms }, k) => [name, ...speed(rounds[k]), limit(rounds[k], ms ? 'waiting for X' : 'waiting')]));
	table('CPU per story, us', ['', 'service', 'nginx', 'sandbox', 'PostgreSQL', 'this generator'],
		kinds.map(({ name }, k) => [name, ...PARTS.map((part) => each(rounds[k], part))]));
	tellOthers(rounds.flat());
}

function tellMemory(before) {
	const mb = (was, is) => `${was?.toFixed(1) ?? '-'} -> ${is.toFixed(1)}`;
	table('Memory per process, MiB, before -> after', ['pid', 'threads', 'resident', 'own share'],
		instance.application().map(memory).map(({ pid, threads, rss, pss }) => {
			const was = before.find((m) => m.pid === pid);
			return [String(pid), String(threads), mb(was?.rss, rss), mb(was?.pss, pss)];
		}));
}

const before = instance.application().map(memory);
console.log(`${CORES} cores for everything, ${before.length} processes of ${env.NEXUS_THREADS || 32} threads, ${PARALLEL} in parallel`);
await redirects();
await stories();
tellMemory(before);
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
