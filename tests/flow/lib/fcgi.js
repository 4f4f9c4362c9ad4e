// FastCGI spoken by hand, to the instance's socket or to a process of our own
// with other variables.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { machine, tmpdir } from 'node:os';
import { childrenOf, env, BUILD, PLAIN, read, sleep, sockets, STACK, until } from './stack.js';

export const appSocket = () => join(sockets(), 'fcgi.sock');

export function record(type, content = Buffer.alloc(0), { version = 1, id = 1 } = {}) {
	const head = Buffer.from([version, type, id >> 8, id & 255, content.length >> 8, content.length & 255, 0, 0]);
	return Buffer.concat([head, content]);
}

export const BEGIN = record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]));
const BEGIN_KEPT = record(1, Buffer.from([0, 1, 1, 0, 0, 0, 0, 0]));	// FCGI_KEEP_CONN

const size = (n) => (n < 128 ? Buffer.from([n]) : Buffer.from([(n >> 24) | 128, (n >> 16) & 255, (n >> 8) & 255, n & 255]));

export function params(pairs) {
	return Buffer.concat(pairs.flatMap(([name, value]) => {
		const [n, v] = [Buffer.from(name), Buffer.from(value)];
		return [size(n.length), size(v.length), n, v];
	}));
}

export function pairs(method, uri, headers = [], body = '') {
	const url = new URL(uri, 'http://x');
	return [['REQUEST_METHOD', method], ['REQUEST_URI', uri], ['QUERY_STRING', url.search.slice(1)],
		['DOCUMENT_URI', url.pathname], ['SCRIPT_NAME', url.pathname], ['SERVER_PROTOCOL', 'HTTP/1.1'],
		['REMOTE_ADDR', '127.0.0.1'], ['REQUEST_ID', '0123456789abcdef0123456789abcdef'],
		...(body.length > 0 ? [['CONTENT_LENGTH', String(Buffer.byteLength(body))], ['CONTENT_TYPE', 'application/json']] : []),
		...headers.map(([name, value]) => [`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, value])];
}

export function stream(type, bytes) {
	const all = [];
	for (let at = 0; at < bytes.length; at += 60000)
		all.push(record(type, bytes.subarray(at, at + 60000)));
	return Buffer.concat([...all, record(type)]);
}

// The stdout of all records in `bytes`, and whether the request was ended.
export function unwrap(bytes) {
	const out = [];
	let ended = false;
	for (let at = 0; at + 8 <= bytes.length;) {
		const length = bytes.readUInt16BE(at + 4), padding = bytes[at + 6];
		if (bytes[at + 1] === 6)
			out.push(bytes.subarray(at + 8, at + 8 + length));
		ended = ended || bytes[at + 1] === 3;
		at += 8 + length + padding;
	}
	return { ended, text: Buffer.concat(out).toString() };
}

export function parse(text) {
	const at = text.indexOf('\r\n\r\n');
	const headers = {};
	for (const line of text.slice(0, at).split('\r\n')) {
		const colon = line.indexOf(':');
		const name = line.slice(0, colon).toLowerCase(), value = line.slice(colon + 1).trim();
		if (name === 'set-cookie')
			(headers[name] ??= []).push(value);
		else
			headers[name] = value;
	}
	return read(Number(headers.status ?? 200), headers, text.slice(at + 4));
}

export function talk(path, bytes, { ms = 60000 } = {}) {
	return new Promise((done) => {
		const got = [];
		const socket = net.connect(path);
		const finish = () => {
			clearTimeout(timer);
			socket.destroy();
			done(Buffer.concat(got));
		};
		const timer = setTimeout(finish, ms);
		socket.on('data', (piece) => got.push(piece));
		socket.on('close', finish);
		socket.on('error', finish);
		socket.write(bytes);
	});
}

// A request as nginx sends it over a connection that it keeps.
export const keptRequest = (method, uri, headers = [], body = '', own = pairs(method, uri, headers, body)) =>
	Buffer.concat([BEGIN_KEPT, stream(4, params(own)), ...(body.length > 0 ? [stream(5, Buffer.from(body))] : [record(5)])]);

// Where the record of type 3, the end of an answer, ends in `bytes`; -1: it is not there.
function answerEnd(bytes) {
	for (let at = 0; at + 8 <= bytes.length;) {
		const next = at + 8 + bytes.readUInt16BE(at + 4) + bytes[at + 6];
		if (bytes[at + 1] === 3 && next <= bytes.length)
			return next;
		at = next;
	}
	return -1;
}

// A connection that is kept: `send(bytes)` gives the one answer to them, or null
// where it was closed instead; `rest()` is what came unasked.
export function keptConnection(path) {
	const socket = net.connect(path);
	let got = Buffer.alloc(0), isClosed = false, tell = () => undefined;
	socket.on('data', (piece) => { got = Buffer.concat([got, piece]); tell(); });
	socket.on('error', () => undefined);
	const closed = new Promise((done) => socket.on('close', () => { isClosed = true; tell(); done(); }));
	const answer = () => new Promise((done) => {
		tell = () => {
			const end = answerEnd(got);
			if (end < 0 && !isClosed)
				return;
			tell = () => undefined;
			const mine = got.subarray(0, Math.max(end, 0));
			got = got.subarray(Math.max(end, 0));
			done(end < 0 ? null : parse(unwrap(mine).text));
		};
		tell();
	});
	return {
		closed, isClosed: () => isClosed, rest: () => got, answer,
		write: (bytes) => socket.write(bytes),
		send(bytes) {
			socket.write(bytes);
			return answer();
		},
		end: () => socket.destroy(),
	};
}

export async function ask(path, method, uri, headers = [], body = '') {
	const all = Buffer.concat([BEGIN, stream(4, params(pairs(method, uri, headers, body))), stream(5, Buffer.from(body))]);
	const { ended, text } = unwrap(await talk(path, all));
	assert.ok(ended, `no answer to ${method} ${uri}`);
	return parse(text);
}

// The socket is there before the process is, and takes connections for it.
const answers = (path) => ask(path, 'GET', '/healthz').then(() => true, () => false);

// A process of our own under spawn-fcgi; `change` adds, replaces or (with
// undefined) removes variables.
export async function ownProcess(change = {}, { preload, build = BUILD } = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'nx-flow-'));
	const path = join(dir, 's');
	const log = join(STACK, 'log/flow-own.log');
	const environment = { ...env, ...change };
	for (const name of Object.keys(environment))
		if (environment[name] === undefined)
			delete environment[name];
	if (preload)
		environment.LD_PRELOAD = preload;
	const sanitizer = { ASAN_OPTIONS: 'asan', UBSAN_OPTIONS: 'ubsan', TSAN_OPTIONS: 'tsan' };
	for (const [name, word] of Object.entries(sanitizer))
		environment[name] ??= `log_path="${STACK}/log/${word}"`;
	const out = openSync(log, 'a');
	const setarch = env.NEXUS_VARIANT === 'tsan' ? ['/usr/bin/setarch', machine(), '-R'] : [];
	const child = spawn('spawn-fcgi', ['-n', '-s', path, '-M', '0600', '--', ...setarch, join(build, 'nexus-x-fcgi')],
		{ env: environment, stdio: ['ignore', out, out] });
	closeSync(out);
	const gone = new Promise((done) => child.on('close', (status, signal) => done({ status, signal })));
	let ended = false;
	gone.then(() => { ended = true; });
	await until('the first answer', 30, () => ended || answers(path));
	return {
		path, pid: child.pid, gone, isGone: () => ended,
		ask: (...args) => ask(path, ...args),
		async stop(signal = 'SIGTERM') {
			if (!ended)
				child.kill(signal);
			const timer = setTimeout(() => child.kill('SIGKILL'), 28000);
			const how = await gone;
			clearTimeout(timer);
			rmSync(dir, { recursive: true, force: true });
			return how;
		},
	};
}

// Connections that somebody has taken from the queue at `path`: only those are a
// file and have its number.
export const accepted = (path) => readFileSync('/proc/net/unix', 'utf8').split('\n').filter((line) => {
	const [, , , , , state, inode, name] = line.trim().split(/ +/);
	return name === path && state === '03' && inode !== '0';
}).length;

// The processes that multiwatch keeps.
export const children = async () => childrenOf(Number(readFileSync(join(STACK, 'run/multiwatch.pid'), 'utf8')));

export async function allUp() {
	const want = Number(env.NEXUS_PROCESSES || 4);
	await until(`${want} processes`, 15, async () => (await children()).length >= want);
	if (!PLAIN)
		await sleep(500);
}
