// A PgBouncer in transaction mode in front of the instance's database.
import { spawn } from 'node:child_process';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, STACK, until } from './stack.js';

const freePort = () => new Promise((done) => {
	const server = net.createServer().listen(0, '127.0.0.1', () => {
		const { port } = server.address();
		server.close(() => done(port));
	});
});

const answers = (port) => new Promise((done) => {
	const socket = net.connect(port, '127.0.0.1');
	socket.on('connect', () => { socket.destroy(); done(true); });
	socket.on('error', () => done(false));
});

// On a port that was free a moment ago: `isThere` is false where it was not.
async function start(ini, write, who, told) {
	const port = await freePort();
	write(port);
	if (who.uid !== undefined)
		chownSync(ini, who.uid, who.gid);
	const log = openSync(told, 'a');
	const child = spawn('pgbouncer', [ini], { ...who, cwd: '/', stdio: ['ignore', log, log] });
	closeSync(log);
	let ended = false;
	const gone = new Promise((done) => child.on('close', () => { ended = true; done(); }));
	const isThere = until('PgBouncer answers', 10, async () => ended || answers(port)).then(() => !ended);
	return { port, child, gone, isThere };
}

// `server`: another than the instance's own, {host, port}.
export async function bouncer(server = { host: '127.0.0.1', port: env.PGPORT }, name = 'pgbouncer') {
	// Not below the instance: its own user may not be able to enter that.
	const dir = mkdtempSync(join(tmpdir(), 'nx-pgbouncer-'));
	writeFileSync(join(dir, 'users'), `"${env.PGUSER}" "${env.PGPASSWORD}"\n`, { mode: 0o600 });
	const ini = (port) => writeFileSync(join(dir, 'ini'), [
		'[databases]', `* = host=${server.host} port=${server.port}`,
		'[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =',
		'auth_type = scram-sha-256', `auth_file = ${join(dir, 'users')}`, 'pool_mode = transaction',
		'default_pool_size = 10', 'max_client_conn = 500', 'server_login_retry = 1',
		'ignore_startup_parameters = extra_float_digits', ''].join('\n'), { mode: 0o600 });
	// It will not be root: then it is nobody.
	const who = {};
	if (process.getuid() === 0) {
		Object.assign(who, { uid: 65534, gid: 65534 });
		for (const path of [dir, join(dir, 'users')])
			chownSync(path, who.uid, who.gid);
	}
	const told = join(STACK, `log/${name}.log`);
	const { port, child, gone } = await until('PgBouncer', 10, async () => {
		const one = await start(join(dir, 'ini'), ini, who, told);
		return await one.isThere && one;
	});
	return {
		port,
		// Connections to the database that it believes in.
		servers() {
			const lines = readFileSync(told, 'utf8').split('\n').filter((line) => line.includes(`[${child.pid}] LOG S-`));
			const count = (what) => lines.filter((line) => what.test(line)).length;
			return count(/new connection to server/) - count(/closing because: (?!connect failed)/);
		},
		url: (name = env.PGDATABASE) => `postgresql://${env.PGUSER}:${env.PGPASSWORD}@127.0.0.1:${port}/${name}`,
		async stop() {
			child.kill('SIGINT');
			const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
			await gone;
			clearTimeout(timer);
			rmSync(dir, { recursive: true, force: true });
		},
	};
}
