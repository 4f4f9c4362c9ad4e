// Refreshes under way: who wants one, where it is, what became of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, env, grown, problem, sandbox, sql, STACK, tokensEnd, until } from './stack.js';
import { Visitor, words } from './visitor.js';

export const TOKEN = '/2/oauth2/token';
export const STATE = env.NEXUS_STATE_DIR || join(STACK, 'state');
export const RESCUE = join(STATE, 'rescue');
export const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE) : []);

export async function runOut(me, left = -60) {
	await tokensEnd(left, `user_id = '${me.user}'`);
	if (left <= 0)
		await sandbox('POST', '/sandbox/expire', { account: me.account });
}

// `left` seconds of its access token, here; dead at X where none are left.
export async function connected(left = -60) {
	const me = new Visitor();
	await me.connect();
	await runOut(me, left);
	return me;
}

export const crowd = (n, left) => Promise.all(Array.from({ length: n }, () => connected(left)));
export const hits = async () => (await sandbox('GET', '/sandbox/faults')).reduce((n, rule) => n + rule.hits, 0);
export const atX = (n) => until(`${n} refreshes are at X`, 60, async () => await hits() >= n);
export const version = async (me) => Number((await sql(`SELECT g.token_version FROM x_grants g
	JOIN platform_connections c ON c.user_id = g.user_id AND c.id = g.connection_id WHERE c.user_id = '${me.user}'`))[0][0]);
export const renewed = (me, seconds = 60) => until('the pair is saved', seconds, async () => await version(me) >= 2);

// A lease that a lost answer left runs out now instead of in 150 seconds.
export const leasesRunOut = () => sql(`UPDATE x_grants SET lease_until = now() WHERE lease_until > now()`);

// Sweeps leave them alone; whoever posts does not ask.
export const hide = (...people) => sql(`UPDATE x_grants g SET retry_at = now() + interval '1 hour' FROM platform_connections c
	WHERE c.user_id = g.user_id AND c.id = g.connection_id AND c.user_id IN (${people.map((me) => `'${me.user}'`).join()})`);

// The connection works, and holds the refresh token that lives at X.
export async function works(me) {
	assert.equal((await me.post(words())).status, 201);
	await runOut(me);
	const { value, by } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	const [c] = await me.connections();
	assert.deepEqual([c.status, c.status_reason, c.renews_itself], ['connected', null, true]);
}

export function isBusy(res) {
	problem(res, 503, 'refresh_busy');
	assert.ok(Number(res.headers['retry-after']) > 0);
}

// A sweep of the command line, under way.
export function startRefresh(me) {
	const child = spawn(join(BUILD, 'token_refresh'), [`--user_id=${me.user}`], { env });
	const out = [];
	child.stdout.on('data', (piece) => out.push(piece));
	const ended = new Promise((done) => child.on('close', (status) => done({ status, stdout: Buffer.concat(out).toString() })));
	return { pid: child.pid, ended };
}

// The directory cannot be used, whoever we run as.
export function rescueIsAway() {
	renameSync(RESCUE, `${RESCUE}.away`);
	writeFileSync(RESCUE, '');
}

export function rescueIsBack() {
	if (!existsSync(`${RESCUE}.away`))
		return;
	rmSync(RESCUE);
	renameSync(`${RESCUE}.away`, RESCUE);
}
