/* app.js - which part of the page shows, and when it is brought up to date. */

import { Awaited, arrival, leaving } from './arrival.js';
import { Composer } from './composer.js';
import * as connections from './connections.js';
import { $, el, show } from './dom.js';
import { Draft } from './draft.js';
import { Gate } from './gate.js';
import { PostHistory } from './history.js';
import { Leave } from './leave.js';
import { notice, problemNotice, dismissable, withRemedy } from './notice.js';
import { Retry } from './retry.js';
import * as session from './session.js';
import { connectError } from './words.js';

const PARTS = ['loading', 'trouble', 'sign-in', 'signed-in'];
const PASSES = 'You need not do anything: this page tries again by itself.';
const NOTHING = { connected: false, pending: false, error: null, connection: null };

const app = {
	composer: null, posts: null, owner: '', email: '', draft: null, list: [], shown: '', known: new Set(),
	arrival: arrival(), awaited: new Awaited(() => check()), timer: 0,
};
const gate = new Gate({ entered });
const retry = new Retry($('trouble-retry'), () => open());
const leave = new Leave({ owner: () => app.owner, done: left, lost });

function part(name) {
	for (const id of PARTS)
		show($(id), id === name);
}

function banner(box) {
	$('banner').replaceChildren(dismissable(box));
}

function storage() {
	try {
		return localStorage;
	} catch {
		return { getItem: () => null, setItem: () => undefined };
	}
}

/* Another account than the one to be renewed was signed in at X. */
function useOther(connection) {
	const path = connections.startAgain(connection, true);
	return el('p', {}, el('a', { class: 'btn btn-small', 'data-connect': path, href: path },
		`Use the new account instead of @${connection.username}`));
}

function welcome(connection) {
	banner(notice('good', `@${connection.username} is connected`, [connection.can_post ? 'You can post with it right here.' : '']));
}

function onItsWay(code = 'pending') {
	const { title, detail, remedy } = connectError(code);
	banner(notice('note', title, [detail, remedy]));
	app.awaited.start();
}

/* `list` is null while nobody knows it. */
function greet(list) {
	const { connected, pending, error, connection } = app.arrival;
	if (pending)
		onItsWay(error ?? 'pending');
	else if (error) {
		const named = error === 'other_account' && list?.find((c) => c.id === connection);
		banner(problemNotice(connectError(error), named ? [useOther(named)] : []));
	} else if (connected && list) {
		/* Anybody can write ?x=connected: believe the list instead. */
		const living = list.filter((c) => c.status === 'connected');
		const one = living.find((c) => c.id === connection) ??
			living.sort((a, b) => String(b.connected_at).localeCompare(String(a.connected_at)))[0];
		if (one)
			welcome(one);
	}
	if (list || pending || !(connected || error === 'other_account'))
		app.arrival = NOTHING;
}

/* Has what X has allowed become an account? */
function meet(list, pending) {
	if (pending > 0 && !app.awaited.isOn)
		onItsWay();
	const found = app.awaited.seen(list, pending);
	if (found)
		welcome(found);
	else if (found === null)
		banner(problemNotice(connectError('pending_over')));
}

function who() {
	app.email = session.email();
	$('who-name').textContent = app.email || 'Signed in';
	show($('who'), true);
	/* A cookie that scripts cannot read is the Nexus site's to end. */
	show($('sign-out'), session.current() !== null);
}

function showList(list) {
	const text = JSON.stringify(list);
	if (text === app.shown)
		return;
	Object.assign(app, { shown: text, list, known: new Set(list.map((c) => c.id)) });
	connections.render(list, (connection) => leave.ask(connection));
	app.composer.accounts = list;
	app.posts.accounts = list;
}

/* Nothing of the person before stays on the page. */
function clear() {
	clearTimeout(app.timer);
	app.composer?.stop();
	app.posts?.stop();
	app.awaited.stop();
	Object.assign(app, { composer: null, posts: null, draft: null, owner: '', email: '', list: [], shown: '', known: new Set() });
	show($('who'), false);
	gate.close();
	for (const id of ['leave', 'remove', 'keep'])
		$(id).close();
	for (const id of ['banner', 'history-say'])
		$(id).replaceChildren();
}

function setUp(owner) {
	if (app.composer)
		clear();
	app.owner = owner;
	app.draft = new Draft(storage(), owner);
	app.posts = new PostHistory({ owner, draft: app.draft, lost, news, edit: (post) => app.composer.edit(post) });
	app.composer = new Composer(app.draft, { lost, failed: refused, handed: () => app.posts?.refresh() });
}

/* Posts of an account that the list does not have may be another person's. */
async function news(posts) {
	const strange = posts.map((p) => p.connection_id).filter((id) => id && !app.known.has(id));
	if (strange.length === 0)
		return app.composer?.follow(posts);
	for (const id of ['upcoming', 'history'])
		show($(id), false);
	if (!await check())
		return;
	strange.forEach((id) => app.known.add(id));
	app.posts.refresh();
}

/* Whoever is signed in, and the accounts of theirs. */
async function load() {
	const { list, pending } = await connections.load();
	const owner = session.userId() || list[0]?.user_id || '';
	return { owner, list: list.filter((c) => c.user_id === owner), pending };
}

async function enter() {
	const { owner, list, pending } = await load();
	if (!app.composer || app.owner !== owner)
		setUp(owner);
	retry.stop();
	who();
	showList(list);
	part('signed-in');
	greet(list);
	meet(list, pending);
	keepFresh();
	app.posts.refresh();
}

/* Load and show; what fails is shown with its remedy, and tried again. */
async function open(asked = false) {
	try {
		await enter();
	} catch (problem) {
		if (problem.status === 401)
			return askSignIn(asked);
		greet(null);
		$('trouble-text').replaceChildren(problemNotice({ ...withRemedy(problem, PASSES, 'note'), retryAfter: null }));
		retry.soon(problem.retryAfter);
		part('trouble');
	}
}

/* Somebody has just signed in, here or over their desk; throws a refusal. */
async function entered() {
	const { owner } = app, again = gate.isOpen;
	try {
		await enter();
	} catch (problem) {
		if (problem.status === 401 || again)
			throw problem;
		return open();
	}
	app.composer?.wake();
	if (again && owner === app.owner)
		banner(notice('good', 'You are signed in again', ['Go on where you were.']));
	else
		$('main').focus();
}

/* Another tab has signed somebody else in: the desk is theirs. */
async function anew() {
	if ($('signed-in').hidden)
		return;
	clear();
	part('loading');
	await open();
}

/* Is the desk still its owner's?  If so, the accounts are shown as they are. */
async function check() {
	try {
		const { owner, list, pending } = await load();
		if ($('signed-in').hidden)
			return false;
		if (owner === app.owner) {
			showList(list);
			meet(list, pending);
			return true;
		}
		await anew();
	} catch (problem) {
		if (problem.status === 401)
			lost(problem, false);
	}
	return false;
}

/* Quietly, while somebody is working: a failure changes nothing. */
async function reload() {
	if ($('signed-in').hidden)
		return;
	if (session.isOther(app.owner))
		return anew();
	if ($('leave').open)
		return;
	app.posts.refresh();
	if (await check() && gate.isOpen)
		gate.close();	/* signed in again in another tab */
}

async function askSignIn(asked) {
	retry.stop();
	show($('who'), false);
	if (app.arrival.error)
		greet([]);
	part('sign-in');
	await gate.instead(asked);
}

/* The session ended under our hands; what was written is kept. */
function lost(problem, asked = false) {
	if ($('signed-in').hidden)
		return;
	if (session.isOther(app.owner))
		return anew();
	gate.over(app.email, asked);
}

async function left(connection, words) {
	banner(notice('good', `@${connection.username} is disconnected`, ['Nexus no longer has access to this account.', words]));
	await reload();
	const title = $('accounts').hidden ? $('welcome-title') : $('accounts-title');
	if (document.activeElement === document.body)
		title.focus();
}

/* A refusal may mean that an account is connected no longer. */
function refused() {
	$('banner').querySelector('.notice-good')?.remove();
	return reload();
}

function keepFresh() {
	clearTimeout(app.timer);
	const wait = session.freshenIn();
	if (wait !== null)
		app.timer = setTimeout(async () => {
			await session.freshen();
			keepFresh();
		}, Math.min(Math.max(wait, 5000), 0x7fffffff));
}

/* What is written stays on this device, or goes: its author says. */
function askToKeep() {
	const dialog = $('keep');
	dialog.returnValue = '';
	for (const answer of ['stay', 'forget', 'keep'])
		$(`keep-${answer}`).onclick = () => dialog.close(answer);
	return new Promise((done) => {
		dialog.onclose = () => done(dialog.returnValue);
		dialog.showModal();
	});
}

async function signOut() {
	const { draft } = app;
	const answer = draft && !draft.isEmpty ? await askToKeep() : 'forget';
	if (!['keep', 'forget'].includes(answer))
		return;
	if (answer === 'forget')
		draft?.forget();
	clear();
	await session.signOut();
	await askSignIn(true);
}

/* Away from the network nothing is lost; back there all is as new. */
function watchNetwork() {
	addEventListener('offline', () => $('offline').replaceChildren(
		notice('note', 'You are offline', ['What you write is kept here. This page goes on by itself when you are back online.'])));
	addEventListener('online', () => {
		$('offline').replaceChildren();
		reload();
	});
}

function wire() {
	$('sign-out').addEventListener('click', signOut);
	connections.watchConnectLinks({ owner: () => app.owner, lost, leaving: () => leaving(app.list) });
	addEventListener('storage', (event) => {
		if (event.key === app.draft?.slot)
			app.composer?.sync();
	});
	document.addEventListener('visibilitychange', () => {
		if (document.visibilityState === 'visible')
			reload();
	});
	watchNetwork();
	if (/Mac|iPhone|iPad/.test(navigator.userAgent))
		$('post-keys').firstElementChild.textContent = '⌘';
}

wire();
open(true);
