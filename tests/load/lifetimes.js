// From the start of a process to its first answer, and from TERM to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BEGIN, pairs, params, stream, unwrap } from '../flow/lib/fcgi.js';
import { median, table } from './report.js';

const { env } = process;
const ROUNDS = 9;
const SHAPES = [32, 256];
const AIMS = { start: 60, stop: 100 };
const READY = Buffer.concat([BEGIN, stream(4, params(pairs('GET', '/readyz'))), stream(5, Buffer.alloc(0))]);

// The socket takes connections before the process does, but not before it is there.
async function connect(path) {
	for (;;) {
		const socket = net.connect(path);
		try {
			await once(socket, 'connect');
			return socket;
		} catch {
			socket.destroy();
		}
	}
}

async function firstAnswer(path) {
	const socket = await connect(path);
	const got = [];
	socket.on('data', (piece) => got.push(piece));
	socket.write(READY);
	await once(socket, 'close');
	const { text } = unwrap(Buffer.concat(got));
	if (!text.includes('"database":"ok"')) throw new Error(`not ready: ${text}`);
}

async function life(threads) {
	const dir = mkdtempSync(join(tmpdir(), 'nx-load-'));
	const begun = performance.now();
	const child = spawn('spawn-fcgi', ['-n', '-s', join(dir, 's'), '-M', '0600', '--', join(env.NEXUS_BUILD, 'nexus-x-fcgi')],
		{ env: { ...env, NEXUS_THREADS: String(threads) }, stdio: 'ignore' });
	const gone = once(child, 'exit');
	await firstAnswer(join(dir, 's'));
	const start = performance.now() - begun;
	const asked = performance.now();
	child.kill('SIGTERM');
	const [status] = await gone;
	if (status !== 0) throw new Error(`a process that was asked to end ended with ${status}`);
	rmSync(dir, { recursive: true });
	return { start, stop: performance.now() - asked };
}

async function row(threads) {
	const lives = [];
	for (let n = 0; n < ROUNDS; n++) lives.push(await life(threads));
	const shown = (what) => [median(lives.map((l) => l[what])), Math.min(...lives.map((l) => l[what]))].map((ms) => ms.toFixed(0));
	return [String(threads), ...shown('start'), `${AIMS.start}`, ...shown('stop'), `${AIMS.stop}`];
}

const rows = [];
for (const threads of SHAPES) rows.push(await row(threads));
table(`A process's start and end, ms (${ROUNDS} times each; spawn-fcgi's own start included)`,
	['threads', 'first /readyz: median', 'best', 'aim', 'TERM to gone: median', 'best', 'aim'], rows);
