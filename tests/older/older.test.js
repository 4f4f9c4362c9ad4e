// A new version comes while people publish: programs of the version before and
// those of now on one database, replaced one by one, put back, replaced again,
// and the form of the tables changed while an older one was forgotten.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, fault, processIdentity, isAlive, ROOT, run, send, settings, sql, STACK, until } from '../flow/lib/stack.js';
import { allUp, children, ownProcess } from '../flow/lib/fcgi.js';
import { CREATE, timePasses } from '../flow/lib/posting.js';
import { words } from '../flow/lib/visitor.js';
import { startWorker } from '../flow/lib/worker.js';
import { People } from './lib/people.js';

const OLD = join(ROOT, 'var/older/build'), NEW = BUILD;
const PEOPLE = 8;
const people = new People();
let worker;

// What multiwatch starts from now on.
function lead(build) {
	const link = join(STACK, 'run/version');
	rmSync(`${link}.new`, { force: true });
	symlinkSync(build, `${link}.new`);
	renameSync(`${link}.new`, link);
}

const more = (n) => {
	const goal = people.answered + n;
	return until(`${n} more posts`, 120, () => {
		assert.deepEqual(people.refused, []);
		return people.answered >= goal;
	});
};

// Processor time of a process, in hundredths of a second.
const ticks = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ').slice(11, 13).reduce((sum, n) => sum + Number(n), 0);

// Each has something to do.
async function allServe() {
	const then = new Map((await children()).map((pid) => [pid, ticks(pid)]));
	await until('every process serves', 60, () => [...then].every(([pid, before]) => ticks(pid) > before + 3));
}

// All processes, one after the other; half of them are of each version for a while.
async function replace(build) {
	const old = (await children()).map(processIdentity);
	lead(build);
	for (const [i, one] of old.entries()) {
		process.kill(Number.parseInt(one, 10), 'SIGTERM');
		await until('it ends', 30, () => !isAlive(one));
		await allUp();
		await more(10);
		if (i === old.length / 2 - 1)
			await allServe();
	}
}

async function replaceWorker(build) {
	const old = worker;
	worker = await startWorker({}, build);
	try {
		await more(20);
	} finally {
		await old.stop();
	}
}

async function migrate(command) {
	const done = await run(join(NEW, 'nexus-x-migrate'), [command, `--dir=${join(ROOT, 'sql')}`], { timeout: 180000 });
	assert.equal(done.status, 0, done.stdout + done.stderr);
	return JSON.parse(done.stdout);
}

before(async () => {
	await calm();
	await settings({ access_token_ttl: 30 });       // each post renews its token first
	worker = await startWorker({}, OLD);
	for (let i = 0; i < PEOPLE; i++)
		await people.connect();
	await fault({ ...CREATE, fault: 'drop', rate: 0.02 });
	await fault({ ...CREATE, fault: 'drop_after', rate: 0.02 });
	people.run();
	await more(30);
});

after(async () => {
	await people.quiet();
	await worker?.stop();
	await calm();
});

test('the database is expanded below older programs', async () => {
	await migrate('apply');
	await more(30);
	assert.deepEqual(await sql('SELECT contracted FROM x_app'), [['f']]);
});

test('programs are replaced one by one', async () => {
	await replaceWorker(NEW);
	await replace(NEW);
	await more(30);
});

test('they are put back one by one', async () => {
	await replace(OLD);
	await replaceWorker(OLD);
	await more(30);
});

test('the form is changed while an older worker and an older process are still there', async (t) => {
	await replaceWorker(NEW);
	await replace(NEW);
	const late = await startWorker({}, OLD), own = await ownProcess({}, { build: OLD });
	try {
		await more(30);
		await migrate('contract');
		await more(30);
		const { status, json } = await people.tryAt(own);
		t.diagnostic(`the older process answers ${status} ${json.code}: ${json.detail}`);
		await more(30);
	} finally {
		await late.stop();
		await own.stop();
	}
});

test('nothing was lost, nothing doubled, and everybody is still connected', async () => {
	await people.quiet();
	await clearFaults();
	await until('the end of every post', 120, async () => {
		await timePasses(people.all);
		return (await people.unfinished()).length === 0;
	});
	await people.assertAtX();
	for (const me of people.all)
		assert.equal((await me.connections())[0].status, 'connected');
	await sql("UPDATE platform_connections SET token_expires_at = now() - interval '1 minute'");
	for (const me of people.all)
		assert.equal((await me.post(words())).status, 201);
	assert.equal((await send('GET', '/readyz')).status, 200);
});
