// Posts while X takes its time: as many as its latency allows, or as many as
// the machine has CPU for?  `many` are processes with threads enough.
import { Instance } from './instance.js';
import { memory } from './procs.js';
import { CORES, busy, each, limit, measured, medianOf, ours, PARTS, speed, table, tellOthers } from './report.js';
import { Crowd, tellErrors } from './stories.js';

const { env } = process;
const instance = new Instance(env.NEXUS_STACK);
const CALLERS = Number(env.LOAD_WAITING), LATENCY_MS = 100;
const ROUNDS = 5, SECONDS = 2;
const AIM = 0.9, FULL = 0.95;
const PROCESSES = instance.application('many');
const MOST = CALLERS / LATENCY_MS * 1000;

// New people each time: X lets one account post 100 times in 15 minutes.
async function round() {
	const crowd = new Crowd(CALLERS, instance, instance.front('many'));
	try {
		await crowd.ready();
		await instance.sandbox({ latency_ms: LATENCY_MS });
		return await measured(() => crowd.run('post', { seconds: SECONDS }), instance);
	} finally {
		await instance.sandbox({ latency_ms: 0 });
		crowd.close();
	}
}

// What a post costs all parts together says how many a second the cores bear.
function tell(rounds) {
	const got = medianOf(rounds, (r) => r.perSecond) / MOST;
	const cost = medianOf(rounds, (r) => ours(r.used) / r.done);
	const used = medianOf(rounds, busy);
	const why = got >= AIM ? 'X\'s latency' : used >= FULL ? 'the machine\'s CPU, which is fully used' : 'neither X\'s latency nor the CPU';
	console.log(`  ${(got * 100).toFixed(0)} % of the ${MOST} a second that X's latency allows; the limit is ${why}\n`
		+ `  (${(used * 100).toFixed(0)} % of ${CORES} cores busy; at ${(cost * 1e6).toFixed(0)} us for all parts of a post they bear`
		+ ` ${(CORES / cost).toFixed(0)} a second); the aim is ${got >= AIM || used >= FULL ? 'reached' : 'missed'}`);
}

await round();          // warms up: each thread makes its connection to X
const rounds = [];
while (rounds.length < ROUNDS) rounds.push(await round());
table(`Posts by ${CALLERS} callers, X answers after ${LATENCY_MS} ms; ${PROCESSES.length} processes of ${memory(PROCESSES[0]).threads} threads`
	+ ` (medians of ${ROUNDS} rounds of ${SECONDS} s)`,
	['', 'per second', 'p50 ms', 'p99 ms', 'limit', 'CPU us: service', 'nginx', 'sandbox', 'PostgreSQL', 'this generator'],
	[['post', ...speed(rounds), limit(rounds, 'waiting for X'), ...['many', ...PARTS.slice(1)].map((part) => each(rounds, part))]]);
tell(rounds);
tellOthers(rounds);
const errors = rounds.flatMap((r) => r.errors);
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
