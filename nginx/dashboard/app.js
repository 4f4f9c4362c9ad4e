/* app.js - which part of the page shows, and when it is brought up to date. */

import { Composer } from './composer.js';
import * as connections from './connections.js';
import { $, el, show } from './dom.js';
import { Draft } from './draft.js';
import { PostHistory } from './history.js';
import { notice, problemNotice, dismissable } from './notice.js';
import * as session from './session.js';
import { connectError } from './words.js';

const PARTS = ['loading', 'trouble', 'sign-in', 'signed-in'];

const app = { composer: null, posts: null, owner: '', draft: null, shown: '', known: new Set(), arrival: arrival(), timer: 0 };

/* What the callback had to say; the address bar is tidied at once. */
function arrival() {
	const url = new URL(location.href);
	const found = {
		connected: url.searchParams.get('x') === 'connected', error: url.searchParams.get('x_error'),
		connection: url.searchParams.get('x_connection'),
	};
	for (const name of ['x', 'x_error', 'x_connection'])
		url.searchParams.delete(name);
	if (url.href !== location.href)
		history.replaceState(null, '', url.pathname + url.search + url.hash);
	return found;
}

function part(name) {
	for (const id of PARTS)
		show($(id), id === name);
}

function banner(box) {
	$('banner').replaceChildren(dismissable(box));
}

function storage() {
	try {
		return sessionStorage;
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

function greet(list) {
	const { connected, error, connection } = app.arrival;
	app.arrival = { connected: false, error: null, connection: null };
	if (error) {
		const e = connectError(error);
		const named = error === 'other_account' && list.find((c) => c.id === connection);
		banner(problemNotice(e, named ? [useOther(named)] : []));
	} else if (connected) {
		/* Anybody can write ?x=connected: believe the list instead. */
		const living = list.filter((c) => c.status === 'connected');
		const one = living.find((c) => c.id === connection) ??
			living.sort((a, b) => String(b.connected_at).localeCompare(String(a.connected_at)))[0];
		if (one)
			banner(notice('good', `@${one.username} is connected`, [one.can_post ? 'You can post with it right here.' : '']));
	}
}

function who() {
	const email = session.email();
	$('who-name').textContent = email || 'Signed in';
	show($('who'), true);
	/* A cookie that scripts cannot read is the Nexus site's to end. */
	show($('sign-out'), session.current() !== null);
}

function showList(list) {
	const text = JSON.stringify(list);
	if (text === app.shown)
		return;
	app.shown = text;
	app.known = new Set(list.map((c) => c.id));
	connections.render(list, (c) => connections.askToLeave(c, left, lost));
	app.composer.accounts = list.filter((c) => c.can_post);
	app.posts.accounts = list;
}

/* Nothing of the person before stays on the page. */
function clear() {
	clearTimeout(app.timer);
	app.composer?.stop();
	app.posts?.stop();
	Object.assign(app, { composer: null, posts: null, draft: null, owner: '', shown: '', known: new Set() });
	show($('who'), false);
	for (const id of ['leave', 'remove'])
		$(id).close();
	for (const id of ['banner', 'history-say'])
		$(id).replaceChildren();
}

function setUp(owner) {
	clear();
	app.owner = owner;
	app.draft = new Draft(storage(), owner);
	app.posts = new PostHistory({ owner, lost, news });
	app.composer = new Composer(app.draft, { lost, failed: refused, handed: () => app.posts?.refresh() });
}

/* Posts of an account that the list does not have may be another person's. */
async function news(posts) {
	const strange = posts.map((p) => p.connection_id).filter((id) => id && !app.known.has(id));
	if (strange.length === 0)
		return app.composer?.follow(posts);
	show($('history'), false);
	if (!await check())
		return;
	strange.forEach((id) => app.known.add(id));
	app.posts.refresh();
}

/* Whoever is signed in, and the accounts of theirs. */
async function load() {
	const list = await connections.load();
	const owner = session.userId() || list[0]?.user_id || '';
	return { owner, list: list.filter((c) => c.user_id === owner) };
}

async function enter() {
	const { owner, list } = await load();
	if (!app.composer || app.owner !== owner)
		setUp(owner);
	who();
	showList(list);
	part('signed-in');
	greet(list);
	keepFresh();
	app.posts.refresh();
}

/* Load and show; what fails is shown with its remedy. */
async function open(justSignedIn = false) {
	try {
		await enter();
	} catch (problem) {
		if (problem.status === 401) {
			if (justSignedIn)
				$('sign-in-error').replaceChildren(problemNotice(problem));
			return askSignIn();
		}
		$('trouble-text').replaceChildren(problemNotice(problem));
		part('trouble');
	}
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
		const { owner, list } = await load();
		if ($('signed-in').hidden)
			return false;
		if (owner === app.owner) {
			showList(list);
			return true;
		}
		await anew();
	} catch (problem) {
		if (problem.status === 401)
			lost();
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
	await check();
}

async function askSignIn() {
	show($('who'), false);
	if (app.arrival.error)
		greet([]);
	part('sign-in');
	$('email').focus();
	show($('sandbox-hint'), await session.isSandbox());
}

/* The session ended under our hands; what was written is kept. */
function lost() {
	if (!$('sign-in').hidden)
		return;
	if (session.isOther(app.owner))
		return anew();
	banner(notice('note', 'Your session has ended', ['Sign in again to go on. What you have written is still there.']));
	askSignIn();
}

async function left(connection) {
	banner(notice('good', `@${connection.username} is disconnected`, ['Nexus no longer has access to this account.']));
	await reload();
	const title = $('accounts').hidden ? $('welcome-title') : $('accounts-title');
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

async function signIn(event) {
	event.preventDefault();
	const button = $('sign-in-button');
	if (button.disabled)
		return;
	button.disabled = true;
	button.textContent = 'Signing in…';
	$('sign-in-error').replaceChildren();
	try {
		await session.signIn($('email').value.trim(), $('password').value);
		$('password').value = '';
		$('banner').replaceChildren();
		await open(true);
		if ($('sign-in').hidden)
			$('main').focus();
	} catch (problem) {
		$('sign-in-error').replaceChildren(problemNotice(problem));
		$('password').select();
	}
	button.disabled = false;
	button.textContent = 'Sign in';
}

async function signOut() {
	app.draft?.forget();
	clear();
	await session.signOut();
	await askSignIn();
}

function wire() {
	$('sign-in-form').addEventListener('submit', signIn);
	$('sign-out').addEventListener('click', signOut);
	$('trouble-retry').addEventListener('click', () => {
		part('loading');
		open();
	});
	connections.watchConnectLinks(lost);
	document.addEventListener('visibilitychange', () => {
		if (document.visibilityState === 'visible')
			reload();
	});
	if (/Mac|iPhone|iPad/.test(navigator.userAgent))
		$('post-keys').firstElementChild.textContent = '⌘';
}

wire();
open();
