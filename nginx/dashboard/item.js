/* item.js - one post of the lists as an element. */

import { startAgain } from './connections.js';
import { clock, el, link, moment } from './dom.js';
import { limitEnds, obstacle } from './outlook.js';
import { actionWords, excerpt, isScheduled, isTaken, partState, plain, postReason, postState, threadWords } from './words.js';

const ACTIONS = ['resume', 'cancel', 'delete'];
const SETTLED = ['sent', 'deleted', 'cancelled'];
const WAITS = ['queued', 'failed'];

function when(post) {
	if (isScheduled(post, Date.now()))
		return moment(post.publish_at);
	return moment(post.parts?.[0]?.sent_at ?? post.created_at);
}

function handle(post) {
	const name = /^https:\/\/x\.com\/(\w+)$/.exec(post.profile_url ?? '')?.[1];
	return name ? `@${name}` : '';
}

function head(post, many, wrong) {
	const state = wrong && post.state === 'queued' ? { label: wrong.label, tone: 'bad' } : postState(post, Date.now());
	const live = (post.parts ?? []).find((p) => p.url && p.state === 'sent');
	return el('p', { class: 'item-head' },
		el('span', { class: `state state-${state.tone}` }, state.label),
		el('span', { class: 'item-when' }, when(post)),
		many ? el('span', { class: 'item-who' }, handle(post)) : null,
		live ? link(live.url, 'Open on X', { class: 'item-link' }) : null);
}

/* X's own words where it has refused. */
function said(part) {
	const { error } = part;
	return error?.x?.detail || (error && plain(error).detail) || '';
}

function partRow(part) {
	const url = part.state === 'sent' ? part.url : null;
	return el('li', { class: 'item-part', 'data-state': part.state },
		el('p', { class: 'item-text', dir: 'auto' }, part.text),
		el('p', { class: 'item-part-state' },
			url ? link(url, partState(part), {}) : el('span', {}, partState(part)),
			part.state === 'failed' ? el('span', {}, said(part)) : null));
}

function body(post) {
	const parts = post.parts ?? [];
	if (parts.length < 2)
		return [el('p', { class: 'item-text', dir: 'auto' }, parts[0]?.text ?? '')];
	return [
		el('p', { class: 'item-text', dir: 'auto' }, parts[0].text),
		el('details', { class: 'thread', open: !SETTLED.includes(post.state) },
			el('summary', {}, threadWords(parts)),
			el('ol', { class: 'item-parts' }, ...parts.map(partRow))),
	];
}

/* What its author has made of it since. */
function takenWords(post, doing) {
	return doing === 'edit' ? '' : post.state === 'queued' ? 'You are changing it above.' : 'Its text went back to you.';
}

/* The server's; of a time that is told already it says nothing more. */
function reason(post, { wrong, taken, doing }) {
	const told = isScheduled(post, Date.now()) && !post.error;
	const text = taken ? takenWords(post, doing)
		: wrong ? wrong.text : told ? '' : postReason(post, moment);
	return text ? el('p', { class: 'item-reason' }, text) : null;
}

/* What X has already could be sent again, but X would refuse it again. */
function actions(post, wrong) {
	const can = ACTIONS.filter((action) => post.can?.includes(action));
	const rows = can.filter((action) => action !== 'resume' || !(isTaken(post) || wrong));
	if (WAITS.includes(post.state) && (post.state === 'failed' || can.includes('cancel')))
		rows.unshift('edit');
	return rows.map((action) => (action === 'resume' && limitEnds(post, Date.now()) ? 'later' : action));
}

function button(post, action, { doing, act }) {
	const [label, active] = actionWords(action, post, clock(new Date(limitEnds(post, Date.now()) ?? 0)));
	return el('button', {
		class: `btn btn-small${['delete', 'cancel'].includes(action) ? ' btn-quiet' : ''}`, type: 'button', 'data-action': action,
		'aria-label': `${doing === action ? active : label} “${excerpt(post.parts?.[0]?.text)}”`,
		/* Not `disabled`: that would drop the focus. */
		'aria-disabled': doing ? 'true' : null,
		onclick: (event) => doing || act(post, action, event),
	}, doing === action ? active : label);
}

function buttons(post, wrong, more) {
	if (more.taken)
		return null;
	const all = actions(post, wrong).map((action) => button(post, action, more));
	if (wrong?.again) {
		const path = startAgain(more.connection);
		all.unshift(el('a', { class: 'btn btn-small', 'data-connect': path, 'data-action': 'reconnect', href: path,
			'aria-label': `Reconnect @${more.connection.username}` }, 'Reconnect'));
	}
	return all.length === 0 ? null : el('div', { class: 'item-buttons' }, ...all);
}

/*
 * many: posts of several accounts are shown.  connection: the one that it goes
 * out from, if known.  taken: its author has its text back.  doing: the action
 * under way.
 */
export function item(post, more) {
	const wrong = WAITS.includes(post.state) ? obstacle(post, more.connection) : null;
	return el('li', { class: 'item', 'data-post': post.id, 'data-state': post.state, 'data-wrong': wrong ? '' : null, tabindex: '-1' },
		head(post, more.many, wrong), ...body(post), reason(post, { ...more, wrong }), buttons(post, wrong, more),
		el('div', { class: 'live' }, more.trouble));
}
