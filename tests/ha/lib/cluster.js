// Two database hosts under Patroni, with a PgBouncer on each, etcd as the third
// opinion and HAProxy in front: the product sees them in three ways.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, env, ROOT, run, send, sleep, sql, until } from '../../flow/lib/stack.js';
import { folder, HERE, Host, launch, network, stopAll } from './hosts.js';

const PORT = { postgres: 5432, pooler: 6432, patroni: 8008, etcd: 2379, haproxy: 6000 };
const BIN = (() => {
	const versions = readdirSync('/usr/lib/postgresql').map(Number).sort((a, b) => a - b);
	return `/usr/lib/postgresql/${versions.at(-1)}/bin`;
})();
const password = crypto.randomBytes(12).toString('hex');

function write(path, text) {
	const { uid, gid } = statSync(join(path, '..'));
	writeFileSync(path, text);
	chownSync(path, uid, gid);
	chmodSync(path, 0o600);
	return path;
}

// JSON is YAML.  A leader that has not been heard of for `ttl` seconds is one
// no more; none takes over that is not known to have all that was answered.
const patroni = (host, dir) => JSON.stringify({
	scope: 'nexus', name: host.name,
	restapi: { listen: `${host.address}:${PORT.patroni}`, connect_address: `${host.address}:${PORT.patroni}` },
	etcd3: { host: `${HERE}:${PORT.etcd}` },
	bootstrap: {
		dcs: { ttl: 12, loop_wait: 2, retry_timeout: 5, synchronous_mode: true, postgresql: { use_pg_rewind: true, parameters: { max_connections: 100 } } },
		initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
	},
	postgresql: {
		listen: `${host.address}:${PORT.postgres}`, connect_address: `${host.address}:${PORT.postgres}`,
		data_dir: join(dir, 'data'), bin_dir: BIN, pgpass: join(dir, 'pgpass'), use_unix_socket: true,
		authentication: { superuser: { username: 'postgres', password }, replication: { username: 'replicator', password }, rewind: { username: 'postgres', password } },
		pg_hba: ['local all all trust', 'host replication replicator 10.77.0.0/24 scram-sha-256', 'host all all 10.77.0.0/24 scram-sha-256'],
		parameters: { unix_socket_directories: dir, shared_buffers: '32MB', timezone: 'UTC', log_timezone: 'UTC' },
	},
});

const pooler = (host, dir) => [
	'[databases]', `* = host=${host.address} port=${PORT.postgres}`,
	'[pgbouncer]', `listen_addr = ${host.address}`, `listen_port = ${PORT.pooler}`, 'unix_socket_dir =',
	'auth_type = scram-sha-256', `auth_file = ${join(dir, 'users')}`, 'pool_mode = transaction', 'default_pool_size = 10',
	'server_login_retry = 1', 'ignore_startup_parameters = extra_float_digits', ''].join('\n');

// Sends everybody to the one that Patroni calls primary.
const haproxy = (hosts) => ['defaults', ' mode tcp', ' timeout connect 2s', ' timeout client 1h', ' timeout server 1h',
	'listen primary', ` bind 127.0.0.1:${PORT.haproxy}`, ' option httpchk OPTIONS /primary', ' http-check expect status 200',
	' default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions',
	...hosts.map((host) => ` server ${host.name} ${host.address}:${PORT.postgres} check port ${PORT.patroni}`), ''].join('\n');

export class Cluster {
	async start() {
		network();
		const etcd = `http://${HERE}:${PORT.etcd}`;
		launch('etcd', ['etcd', '--data-dir', folder('etcd'), '--listen-client-urls', etcd, '--advertise-client-urls', etcd,
			'--listen-peer-urls', 'http://127.0.0.1:2380']);
		this.hosts = [1, 2].map((n) => new Host(n));
		for (const host of this.hosts) {
			const dir = folder(host.name);
			write(join(dir, 'users'), `"nexus" "${password}"\n`);
			host.parts = [
				['patroni', ['patroni', write(join(dir, 'patroni.yml'), patroni(host, dir))]],
				['pgbouncer', ['pgbouncer', '-q', write(join(dir, 'pgbouncer.ini'), pooler(host, dir))]],
			];
			host.boot();
		}
		launch('haproxy', ['haproxy', '-db', '-f', write(join(folder('haproxy'), 'cfg'), haproxy(this.hosts))]);
		await this.whole();
		await this.prepare();
	}

	async stop() {
		for (const host of this.hosts)
			await host.kill();
		await stopAll();
	}

	async asks(host, path) {
		try {
			return (await send('GET', `http://${host.address}:${PORT.patroni}${path}`, { timeout: 1000 })).status;
		} catch {
			return 0;
		}
	}

	// The one that takes writes, by its own account; other than `not`.
	async primary(not) {
		for (const host of this.hosts)
			if (host !== not && await this.asks(host, '/primary') === 200)
				return host;
		return null;
	}

	other(host) {
		return this.hosts.find((one) => one !== host);
	}

	// A primary, and a standby without which it answers no commit.
	async whole() {
		await until('a primary with its synchronous standby', 120, async () => {
			const primary = await this.primary();
			return primary && await this.asks(this.other(primary), '/synchronous') === 200 && await this.asks(primary, '/leader') === 200;
		});
	}

	// What PostgreSQL says there: Patroni is a primary's as long as it has the lock.
	async isPrimary(host) {
		return this.sql('SELECT NOT pg_is_in_recovery()', { user: 'postgres', database: 'postgres', host })
			.then(([[is]]) => is === 't', () => false);
	}

	// The moment from which `host` takes writes.
	async takesWrites(host) {
		for (const end = Date.now() + 120_000; ; await sleep(50)) {
			assert.ok(Date.now() < end, `${host.name} does not become the primary`);
			if (await this.isPrimary(host))
				return Date.now();
		}
	}

	// PostgreSQL alone: Patroni and PgBouncer go on beside it.
	async killServer(host) {
		const [pid] = readFileSync(join('/run/ha', host.name, 'data/postmaster.pid'), 'utf8').split('\n');
		process.kill(Number(pid), 'SIGKILL');
		await until('the end of PostgreSQL', 30, async () => !await this.isPrimary(host));
	}

	async switchover(from) {
		const body = JSON.stringify({ leader: from.name, candidate: this.other(from).name });
		const done = await send('POST', `http://${from.address}:${PORT.patroni}/switchover`, { body, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length } });
		assert.equal(done.status, 200, done.text);
	}

	async sql(text, { user = 'nexus', database = 'nexus', host } = {}) {
		const at = host ?? await until('a primary', 60, () => this.primary());
		return sql(text, { environment: { PATH: env.PATH, PGHOST: at.address, PGPORT: String(PORT.postgres), PGUSER: user, PGPASSWORD: password, PGDATABASE: database, PGCONNECT_TIMEOUT: '2' } });
	}

	async prepare() {
		const admin = { user: 'postgres', database: 'postgres' };
		await this.sql(`CREATE ROLE nexus LOGIN PASSWORD '${password}'`, admin);
		await this.sql('CREATE DATABASE nexus OWNER nexus', admin);
		// The standby has all of it, but may be behind in showing it.
		const primary = await this.primary();
		const DATABASE_URL = this.url(`${primary.address}:${PORT.postgres}`);
		const done = await run(join(BUILD, 'nexus-x-migrate'), ['apply', `--dir=${join(ROOT, 'sql')}`], { environment: { ...env, DATABASE_URL } });
		assert.equal(done.status, 0, done.stderr);
	}

	url(hosts, more = '') {
		return `postgresql://nexus:${password}@${hosts}/nexus${more}`;
	}

	// The ways to it: DATABASE_URL by name.
	urls() {
		const list = (port) => this.hosts.map((host) => `${host.address}:${port}`).join(',');
		return {
			haproxy: this.url(`127.0.0.1:${PORT.haproxy}`),
			direct: this.url(list(PORT.postgres), '?target_session_attrs=read-write'),
			pooled: this.url(list(PORT.pooler)),
		};
	}
}
