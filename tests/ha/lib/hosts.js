// Hosts: a network namespace each, on a bridge of ours, with processes that can
// be killed, paused and cut off all at once, as a machine would be.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STACK } from '../../flow/lib/stack.js';

export const HERE = '10.77.0.1';
const BRIDGE = 'nxbr';
const postgres = { uid: Number(execFileSync('id', ['-u', 'postgres'])), gid: Number(execFileSync('id', ['-g', 'postgres'])) };
const ip = (...args) => execFileSync('ip', args, { encoding: 'utf8' });

export function network() {
	ip('link', 'add', BRIDGE, 'type', 'bridge');
	ip('addr', 'add', `${HERE}/24`, 'dev', BRIDGE);
	ip('link', 'set', BRIDGE, 'up');
}

// A folder of the user who runs databases and poolers, in memory.
export function folder(name) {
	const dir = join('/run/ha', name);
	mkdirSync(dir, { recursive: true, mode: 0o755 });
	chownSync(dir, postgres.uid, postgres.gid);
	return dir;
}

const running = new Set();

// Starts COMMAND as that user; `gone` is settled when it has ended.
export function launch(name, command, { host } = {}) {
	const log = openSync(join(STACK, `log/${name}.log`), 'a');
	const who = ['setpriv', `--reuid=${postgres.uid}`, `--regid=${postgres.gid}`, '--clear-groups'];
	const [first, ...rest] = [...(host ? ['ip', 'netns', 'exec', host] : []), ...who, ...command];
	const child = spawn(first, rest, { cwd: '/', stdio: ['ignore', log, log], env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
	closeSync(log);
	const part = { child, gone: new Promise((done) => child.on('close', done)) };
	running.add(part);
	part.gone.then(() => running.delete(part));
	return part;
}

// All of them, now.
export async function stopAll() {
	for (const { child } of running)
		child.kill('SIGKILL');
	await Promise.all([...running].map((part) => part.gone));
}

function nameOf(pid) {
	try {
		return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
	} catch {
		return null;
	}
}

export class Host {
	constructor(number) {
		this.name = `db${number}`;
		this.address = `10.77.0.1${number}`;
		this.link = `nxv${number}`;
		this.parts = [];        // [name, command] of what runs on it
		this.running = [];
		ip('netns', 'add', this.name);
		ip('link', 'add', this.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
		ip('link', 'set', this.link, 'master', BRIDGE, 'up');
		for (const args of [['addr', 'add', `${this.address}/24`, 'dev', 'eth0'], ['link', 'set', 'eth0', 'up'], ['link', 'set', 'lo', 'up']])
			ip('-n', this.name, ...args);
	}

	boot() {
		this.running = this.parts.map(([name, command]) => launch(`${name}-${this.name}`, command, { host: this.name }));
	}

	// To all that runs there but `spared`.
	signal(signal, spared) {
		const pids = ip('netns', 'pids', this.name).split('\n').filter(Boolean).map(Number).filter((pid) => nameOf(pid) !== spared);
		assert.ok(pids.length > 0, `nothing runs on ${this.name}`);
		for (const pid of pids) {
			try { process.kill(pid, signal); } catch (err) { assert.equal(err.code, 'ESRCH'); }
		}
	}

	// As when the power fails: all at once, and nothing is said.
	async kill() {
		this.signal('SIGSTOP');
		this.signal('SIGKILL');
		await Promise.all(this.running.map((one) => one.gone));
	}

	pause() { this.signal('SIGSTOP'); }
	// All goes on where it was, but whoever would notice that its time is over.
	resume() { this.signal('SIGCONT', 'patroni'); }
	cut() { ip('link', 'set', this.link, 'down'); }
	mend() { ip('link', 'set', this.link, 'up'); }
}
