// Memory of one process: idle, and after many callers have waited for X in it.
import { Instance } from './instance.js';
import { memory } from './procs.js';
import { table } from './report.js';
import { Crowd, tellErrors } from './stories.js';

const CALLERS = 256, LATENCY_MS = 100, SECONDS = 5;
const SHAPES = [
	{ part: 'small', callers: 32, idle: 16, loaded: 22 },
	{ part: 'large', callers: CALLERS, idle: 64, loaded: 64 },
];

const instance = new Instance(process.env.NEXUS_STACK);
const errors = [];

const look = (part) => memory(instance.application(part)[0]);

// As idle as it gets: it has answered nobody yet.
async function shape({ part, callers, idle, loaded }) {
	const before = look(part);
	const crowd = new Crowd(callers, instance, instance.front(part));
	try {
		await crowd.ready();
		await instance.sandbox({ latency_ms: LATENCY_MS });
		const r = await crowd.run('post', { seconds: SECONDS });
		errors.push(...r.errors);
		const after = look(part);
		return [String(after.threads), `${callers}`, r.perSecond.toFixed(0), before.rss.toFixed(1), `${idle}`, after.rss.toFixed(1), `${loaded}`,
			before.anonymous.toFixed(1), after.anonymous.toFixed(1)];
	} finally {
		await instance.sandbox({ latency_ms: 0 });
		crowd.close();
	}
}

const rows = [];
for (const each of SHAPES) rows.push(await shape(each));
table(`Memory of a process, MiB resident: idle, and after ${SECONDS} s of posts that wait ${LATENCY_MS} ms for X`,
	['threads', 'callers', 'posts a second', 'idle', 'aim', 'after', 'aim', 'anonymous: idle', 'after'], rows);
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
