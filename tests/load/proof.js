// The load that a release has to bear: 10,000 initiates and 1,000 people who
// connect and post, 64 at once.  Ends with status 1 when one of them fails, when
// X saw another number of them, or when a process has grown too large.
import { Instance } from './instance.js';
import { memory } from './procs.js';
import { Crowd, tellErrors } from './stories.js';

const PARALLEL = 64, INITIATES = 10_000, STORIES = 1_000;
const THREADS = 32, RESIDENT_MIB = 32;
const SANITIZED = /-[at]san$/.test(process.env.NEXUS_BUILD);    // those need memory of their own

const instance = new Instance(process.env.NEXUS_STACK);
let bad = 0;

function claim(ok, text) {
	console.log(`${ok ? 'ok    ' : 'FAILED'}  ${text}`);
	if (!ok) bad++;
}

async function load(crowd, story, count) {
	const r = await crowd.run(story, { count });
	tellErrors(r.errors);
	claim(r.done === count, `${r.done} of ${count} times ${story}: ${r.perSecond.toFixed(0)} per second,`
		+ ` p50 ${r.p50.toFixed(1)} ms, p99 ${r.p99.toFixed(1)} ms`);
}

const pids = instance.application();
const was = await instance.counts();
const crowd = new Crowd(PARALLEL, instance);
await load(crowd, 'initiate', INITIATES);
await load(crowd, 'full', STORIES);
crowd.close();
const is = await instance.counts();
for (const name of ['codes_exchanged', 'posts_created'])
	claim(is[name] - was[name] === STORIES, `X counted ${is[name] - was[name]} ${name}`);
const after = instance.application();
claim(String(after) === String(pids), `the processes are the same: ${pids.join(' ')} -> ${after.join(' ')}`);
for (const { pid, threads, rss, pss } of after.map(memory))
	claim(threads >= THREADS && (SANITIZED || rss <= RESIDENT_MIB), `process ${pid}: ${threads} threads,`
		+ ` ${rss.toFixed(1)} MiB resident${SANITIZED ? '' : ` of ${RESIDENT_MIB} allowed`}, ${pss.toFixed(1)} its own share`);
process.exitCode = bad ? 1 : 0;
