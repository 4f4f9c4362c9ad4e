// An instance of ./dev as a measurement sees it: its settings, processes,
// sandbox and database.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { children, family, used } from './procs.js';

const run = promisify(execFile);

// What may run beside the service, see dev.d/peers.sh; `many`, `small` and
// `large` are more of it in another shape.
const BESIDE = ['nothing', 'many', 'small', 'large', 'node', 'express', 'flask', 'openidc'];

// As settings_make wrote it: NAME='value', a quote in it as '\\''.
function readEnv(dir) {
	const lines = readFileSync(join(dir, 'env'), 'utf8').matchAll(/^(\w+)='(.*)'$/gm);
	return Object.fromEntries([...lines].map(([, name, value]) => [name, value.replaceAll("'\\''", "'")]));
}

export class Instance {
	constructor(dir) {
		this.dir = dir;
		this.env = readEnv(dir);
		this.site = this.env.NEXUS_URL;
		this.authorize = this.env.TWITTER_AUTHORIZE_URL;
		this.secret = this.env.SUPABASE_JWT_SECRET;
	}

	// 0 for a part that was not started.
	pid(name) {
		const file = join(this.dir, 'run', `${name}.pid`);
		return existsSync(file) ? Number(readFileSync(file, 'latin1')) : 0;
	}

	// The application's processes; multiwatch only watches them.
	application(part = 'multiwatch') {
		return children(this.pid(part));
	}

	// PostgreSQL's processes that serve the application, and the one that forks them.
	backends() {
		const server = this.pid('postgres');
		const serves = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('postgres: nexus ');
		return [server, ...children(server).filter(serves)];
	}

	// Where nginx passes on to a peer; null where it does not run.
	front(name) {
		const file = join(this.dir, 'run', `${name}.front`);
		return this.pid(name) && existsSync(file) ? readFileSync(file, 'latin1').trim() : null;
	}

	// Seconds of CPU since each part was started.
	cpu() {
		return {
			app: family(this.pid('multiwatch')),
			...Object.fromEntries(BESIDE.map((name) => [name, family(this.pid(name))])),
			worker: used(this.pid('worker')),
			nginx: family(this.pid('nginx')),
			sandbox: used(this.pid('sandbox')),
			postgres: family(this.pid('postgres')),
		};
	}

	async sandbox(change) {
		const answer = await fetch(new URL('/sandbox/settings', this.authorize), {
			method: 'POST', body: JSON.stringify(change), headers: { 'Content-Type': 'application/json' } });
		if (!answer.ok) throw new Error(`the sandbox refuses its settings: ${await answer.text()}`);
	}

	async counts() {
		return (await fetch(new URL('/sandbox/counts', this.authorize))).json();
	}

	// Rows of unaligned text, as its superuser.
	async sql(text) {
		const url = this.env.DATABASE_ADMIN_URL.replace('/postgres?', '/nexus?');
		const { stdout } = await run('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text, url]);
		return stdout.trimEnd();
	}

	// What went into the log of writes between two places of it.
	async written(from, to) {
		if (from === to) return { records: 0, bytes: 0, commits: 0 };
		const { stdout } = await run(join(await this.#binaries(), 'pg_waldump'),
			['-p', join(this.dir, 'pg/data/pg_wal'), '-s', from, '-e', to, '--stats=record'], { maxBuffer: 1 << 24 });
		const row = (name) => new RegExp(`^${name}\\s+(\\d+)(?:\\s+\\([^)]*\\))?(?:\\s+\\[[^\\]]*\\])?\\s+(\\d+)`, 'm').exec(stdout);
		const [, records, bytes] = row('Total');
		return { records: Number(records), bytes: Number(bytes), commits: Number(row('Transaction/COMMIT')?.[1] ?? 0) };
	}

	async #binaries() {
		const command = readFileSync(`/proc/${this.pid('postgres')}/cmdline`, 'latin1').split('\0')[0];
		return dirname(command);
	}

	async place() {
		return this.sql('SELECT pg_current_wal_flush_lsn()');
	}
}
