// Workers of a test's own, which end with it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import { BUILD, env, STACK, until } from './stack.js';

const running = new Set();

// A worker that hears signals: before it has begun to, they would just end it.
// `change` adds or replaces variables.
export async function startWorker(change = {}, build = BUILD) {
	const path = join(STACK, `log/worker-${crypto.randomBytes(4).toString('hex')}.log`);
	const log = openSync(path, 'w', 0o600);
	const program = join(build, 'nexus-x-worker');
	const [first, ...rest] = env.NEXUS_VARIANT === 'tsan' ? ['/usr/bin/setarch', machine(), '-R', program] : [program];
	const child = spawn(first, rest, { env: { ...env, ...change }, stdio: ['ignore', log, log] });
	closeSync(log);
	let ended = false;
	const said = () => readFileSync(path, 'utf8');
	const gone = new Promise((done) => child.on('close', (status, signal) => {
		ended = true;
		running.delete(child);
		done({ status, signal });
	}));
	running.add(child);
	await until('the worker starts', 30, () => ended || /work\.started/.test(said()));
	assert.ok(!ended, `the worker ended at once: ${said()}`);
	return {
		pid: child.pid, gone, said, isGone: () => ended,
		kill: (signal = 'SIGKILL') => child.kill(signal),
		async stop(signal = 'SIGTERM') {
			child.kill(signal);
			assert.deepEqual(await gone, { status: 0, signal: null }, said());
		},
	};
}

process.on('exit', () => {
	for (const child of running)
		child.kill('SIGKILL');
});

export async function withWorkers(n, act, change) {
	const workers = await Promise.all(Array.from({ length: n }, () => startWorker(change)));
	try {
		return await act(workers);
	} finally {
		for (const one of workers)
			await one.stop();
	}
}
