// The redirect to X against others that redirect, all behind one nginx, in turn:
// nginx itself, a program that does nothing, mod_auth_openidc, Node (as a careful
// team writes it, and as most do), Flask.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Instance } from './instance.js';
import { each, limit, measured, median, speed, table, tellOthers } from './report.js';
import { mint, tellErrors } from './stories.js';
import { header, Wire } from './wire.js';

const PARALLEL = 64, ROUNDS = 7, SECONDS = 1;
const PATH = '/api/auth/twitter/initiate';
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

const instance = new Instance(process.env.NEXUS_STACK);
const token = mint(randomUUID(), instance.secret);
const run = promisify(execFile);
const errors = [];

// `aim`: how many times as many redirects the service is to do.
const KINDS = [
	{ name: 'initiate', part: 'app', url: instance.site + PATH },
	{ name: "nginx's own return 302", url: `${instance.site}/return` },
	{ name: 'program that does nothing', part: 'nothing', url: `${instance.site}/nothing`, aim: 1.8 },
	...[['mod_auth_openidc', 'openidc', 2.8], ['fastify, twitter-api-v2', 'node', 15],
		['express, twitter-api-v2', 'express', 15], ['Flask, Authlib', 'flask', 15]]
		.filter(([, part]) => instance.front(part))
		.map(([name, part, aim]) => ({ name, part, aim, url: instance.front(part) + PATH })),
];

// Nobody is measured who does something else.
async function redirects({ name, url }) {
	const { origin, pathname } = new URL(url);
	const wire = new Wire(origin);
	const answer = await wire.request('GET', pathname, `Authorization: Bearer ${token}\r\nAccept: text/html\r\n`);
	wire.close();
	if (answer.status !== 302 || !header(answer, 'Location')?.includes('/i/oauth2/authorize'))
		throw new Error(`${name} does not redirect: ${answer.status} ${answer.body}`);
}

async function wrk({ name, url }) {
	const { stdout } = await run('wrk', ['-t2', `-c${PARALLEL}`, `-d${SECONDS}s`, '--timeout', '10s', '-s', SCRIPT, url],
		{ env: { ...process.env, LOAD_TOKEN: token } });
	const r = JSON.parse(/^\{.*\}$/m.exec(stdout)[0]);
	if (r.errors) errors.push(`${name}: ${r.errors} of ${r.done} requests`);
	return { done: r.done, perSecond: r.done / r.us * 1e6, p50: r.p50us / 1000, p99: r.p99us / 1000 };
}

// Who begins takes turns.  The first round only warms up.
async function inTurn() {
	const rounds = KINDS.map(() => []);
	for (let n = -1; n < ROUNDS; n++)
		for (let i = 0; i < KINDS.length; i++) {
			const k = (i + n + 1) % KINDS.length;
			const r = await measured(() => wrk(KINDS[k]), instance);
			if (n >= 0) rounds[k].push(r);
		}
	return rounds;
}

const withNginx = (part) => (r) => ((part ? r.used[part] : 0) + r.used.nginx) / r.done * 1e6;

function tell(rounds) {
	const ours = rounds[0];
	const ratio = (theirs) => median(ours.map((r, i) => r.perSecond / theirs[i].perSecond));
	const byCpu = (k) => median(rounds[k].map((r, i) => withNginx(KINDS[k].part)(r) / withNginx('app')(ours[i])));
	table(`Redirects, all through one nginx (medians of ${ROUNDS} rounds of ${SECONDS} s in turn, ${PARALLEL} connections)`,
		['', 'per second', 'p50 ms', 'p99 ms', 'CPU us: itself', 'nginx', 'initiate does', 'by CPU', 'aim', 'limit'],
		KINDS.map(({ name, part, aim }, k) => [name, ...speed(rounds[k]), part ? each(rounds[k], part) : '-', each(rounds[k], 'nginx'),
			k ? `${ratio(rounds[k]).toFixed(2)} x` : '', k ? `${byCpu(k).toFixed(2)} x` : '', aim ? `${aim} x` : '', limit(rounds[k], 'waiting')]));
	tellOthers(rounds.flat());
}

for (const kind of KINDS) await redirects(kind);
tell(await inTurn());
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
