/* connections.js - the connected X accounts: their state, connect, disconnect. */

import { call } from './api.js';
import { $, arrange, day, el, link, moment, show } from './dom.js';
import { problemNotice } from './notice.js';
import { freshen } from './session.js';
import { reasonWords, renewalWords, scopeList, stateWords } from './words.js';

const ORDER = ['connected', 'needs_reauth', 'superseded', 'disconnected'];
const START = '/api/auth/twitter/initiate?return_to=/dashboard';

/*
 * Renew this connection; with `replace`, whatever account X says takes its place.
 * The way back names it too, so that the page knows which one to speak of.
 */
export function startAgain(connection, replace = false) {
	const id = encodeURIComponent(connection.id);
	return `${START}${encodeURIComponent(`?x_connection=${id}`)}&connection_id=${id}${replace ? '&replace=1' : ''}`;
}

/* The accounts, and how many more X has allowed that are not ready yet. */
export async function load() {
	const answer = await call('GET', '/api/twitter/connections');
	const all = Array.isArray(answer?.connections) ? answer.connections : [];
	const list = all.filter((c) => c.status !== 'pending');
	return {
		list: list.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status)),
		pending: Number(answer?.pending ?? all.length - list.length),
	};
}

/* Only https, or http on this machine, is a place to send a browser to. */
function safeTarget(text) {
	try {
		const url = new URL(text);
		const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
		return url.protocol === 'https:' || (url.protocol === 'http:' && local);
	} catch {
		return false;
	}
}

/*
 * The links work by themselves; asking first lets a failure be shown here
 * with its remedy, in place of a page of its own.
 */
async function start(anchor, on) {
	const box = anchor.closest('section')?.querySelector('[data-connect-error]') ?? $('banner');
	const path = anchor.dataset.connect || START;
	box.replaceChildren();
	anchor.setAttribute('aria-disabled', 'true');
	try {
		await freshen();
		const answer = await call('GET', path, { owner: on.owner() });
		on.leaving();
		location.assign(safeTarget(answer?.authorize_url) ? answer.authorize_url : path);
		return;
	} catch (problem) {
		if (problem.status === 401)
			on.lost(problem, true);
		else
			box.replaceChildren(problemNotice(problem));
	}
	anchor.removeAttribute('aria-disabled');
}

/*
 * on.owner(): whose page it is, '' for nobody's.  on.lost(problem, asked): the
 * session ended.  on.leaving(): for X.
 */
export function watchConnectLinks(on) {
	document.addEventListener('click', (event) => {
		const anchor = event.target.closest?.('a[data-connect]');
		if (!anchor || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
			return;
		event.preventDefault();
		if (anchor.getAttribute('aria-disabled') !== 'true')
			start(anchor, on);
	});
	/* Back from X: the page may be the very one that was left. */
	addEventListener('pageshow', () => {
		for (const anchor of document.querySelectorAll('a[data-connect]'))
			anchor.removeAttribute('aria-disabled');
	});
}

function facts(connection) {
	const rows = [];
	if (connection.status !== 'disconnected')
		rows.push(['Since', day(connection.connected_at)]);
	if (connection.status === 'connected') {
		rows.push(renewalWords(connection, moment(connection.token_expires_at), Date.now()));
		rows.push(['Last success', moment(connection.last_success_at)]);
		rows.push(['May', scopeList(connection.scopes)]);
		rows.push(['May not', scopeList(connection.missing_scopes)]);
	}
	return el('dl', { class: 'facts' },
		...rows.filter(([, text]) => text).flatMap(([term, text]) => [el('dt', {}, term), el('dd', {}, text)]));
}

function card(connection, onLeave) {
	const state = stateWords(connection);
	const name = `@${connection.username}`;
	const reason = reasonWords(connection.status_reason);
	const buttons = el('div', { class: 'account-buttons' });
	if (state.again)
		buttons.append(el('a', { class: 'btn btn-small', 'data-connect': startAgain(connection), 'data-action': 'reconnect', href: startAgain(connection), 'aria-label': `Reconnect ${name}` }, 'Reconnect'));
	if (connection.status !== 'disconnected')
		buttons.append(el('button', { class: 'btn btn-quiet btn-small', type: 'button', 'data-action': 'leave', 'aria-label': `Disconnect ${name}`, onclick: () => onLeave(connection) }, 'Disconnect'));
	return el('li', { class: 'card account', 'data-id': connection.id, 'data-status': connection.status },
		el('div', { class: 'account-head' },
			el('span', { class: 'face', 'aria-hidden': 'true' }, (connection.name || connection.username || '?')[0].toUpperCase()),
			el('div', { class: 'account-name' },
				connection.name ? el('span', { class: 'account-real' }, connection.name) : null,
				link(connection.profile_url, name, { class: 'account-handle' })),
			el('span', { class: `state state-${state.tone}` }, state.label)),
		state.todo ? el('p', { class: 'account-todo' }, state.todo) : null,
		reason ? el('p', { class: 'account-reason' }, reason) : null,
		facts(connection), buttons);
}

/* What is as it was stays untouched, and the focus where it is. */
export function render(list, onLeave) {
	const none = !list.some((c) => c.status !== 'disconnected');
	const box = $('connections');
	const held = box.contains(document.activeElement) ? document.activeElement : null;
	const old = new Map([...box.children].map((li) => [li.dataset.id, li]));
	show($('welcome'), none);
	show($('accounts'), list.length > 0);
	show($('add'), !none);
	arrange(box, list.map((connection) => {
		const before = old.get(connection.id), made = JSON.stringify(connection);
		if (before?.dataset.made === made)
			return before;
		const row = card(connection, onLeave);
		row.dataset.made = made;
		before?.replaceWith(row);
		return row;
	}));
	if (held && document.activeElement !== held)
		holdOn(box, held);
}

function holdOn(box, held) {
	const row = box.querySelector(`[data-id="${CSS.escape(held.closest('[data-id]').dataset.id)}"]`);
	const same = held.dataset.action ? `[data-action="${held.dataset.action}"]` : held.localName;
	(row?.querySelector(same) ?? $('accounts-title')).focus({ preventScroll: true });
}
