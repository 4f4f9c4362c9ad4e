// What `make install` does to a machine that has an administrator.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, ROOT, run } from './lib/stack.js';

const dir = mkdtempSync(join(tmpdir(), 'nx-install-'));
const NGINX = join(dir, 'etc/nginx');
// The files that README tells the administrator to write into.
const OWNED = ['sites-available/nexus-x.conf', 'snippets/nexus-x-supabase.conf'].map((name) => join(NGINX, name));
const ours = (path) => readFileSync(join(ROOT, 'nginx', path.slice(NGINX.length + 1).replace('sites-available/', '')), 'utf8');
const theirs = (path) => `# ours\n${ours(path).replaceAll('nexus.example', 'nexus.their.site')}`;

after(() => rmSync(dir, { recursive: true }));

async function make(target) {
	const done = await run('make', ['-C', BUILD, target, `DESTDIR=${dir}`], { timeout: 300000 });
	assert.equal(done.status, 0, done.stderr);
	return done.stdout;
}

const read = (path) => readFileSync(path, 'utf8');

test('what the administrator writes into is installed where there is none', async () => {
	await make('install');
	for (const path of OWNED) {
		assert.equal(read(path), ours(path));
		assert.ok(!existsSync(`${path}.dist`));
	}
	for (const name of ['usr/sbin/nexus-x-fcgi', 'usr/sbin/nexus-x-migrate', 'usr/share/nexus-x/sql/000_schema.sql', 'usr/share/nexus-x/sql/schema.list', 'usr/lib/sysusers.d/nexus-x.conf', 'usr/lib/systemd/system/nexus-x@.service', 'etc/nginx/snippets/nexus-x-app.conf'])
		assert.ok(existsSync(join(dir, name)), name);
});

test('what they changed stays, and what is new lies beside it', async () => {
	for (const path of OWNED)
		writeFileSync(path, theirs(path));
	const said = await make('install');
	for (const path of OWNED) {
		assert.ok(said.includes(`${path} is kept`), said);
		assert.equal(read(path), theirs(path));
		assert.equal(read(`${path}.dist`), ours(path));
	}
	await make('uninstall');
	for (const path of OWNED) {
		assert.equal(read(path), theirs(path));
		assert.ok(!existsSync(`${path}.dist`));
	}
});

test('what they did not change goes with the rest', async () => {
	for (const path of OWNED)
		writeFileSync(path, ours(path));
	assert.doesNotMatch(await make('install'), /is kept/);
	await make('uninstall');
	assert.deepEqual(readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name), []);
});

test('every included snippet is installed', async () => {
	await make('install');
	for (const path of OWNED)
		for (const [, name] of read(path).matchAll(/^\s*#? ?include (snippets\/\S+);/gm))
			assert.ok(existsSync(join(NGINX, name)), name);
});

test('every unit that is started again may be so for ever', () => {
	const units = readdirSync(join(ROOT, 'systemd')).filter((name) => name.endsWith('.service'));
	assert.ok(units.length > 3);
	for (const name of units) {
		const [unit, service] = readFileSync(join(ROOT, 'systemd', name), 'utf8').split('[Service]');
		if (/^Restart=/m.test(service))
			assert.match(unit, /^StartLimitIntervalSec=0$/m, `${name}: a start limit would take nexus-x.socket from all`);
	}
});
