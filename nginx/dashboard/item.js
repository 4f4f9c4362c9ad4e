/* item.js - one post of the history as an element. */

import { el, link, moment } from './dom.js';
import { actionWords, excerpt, isScheduled, isTaken, localTimes, partState, plain, postReason, postState, threadWords } from './words.js';

const ACTIONS = ['resume', 'cancel', 'delete'];
const SETTLED = ['sent', 'deleted', 'cancelled'];

function when(post) {
	if (isScheduled(post, Date.now()))
		return `goes out ${moment(post.publish_at)}`;
	return moment(post.parts?.[0]?.sent_at ?? post.created_at);
}

function handle(post) {
	const name = /^https:\/\/x\.com\/(\w+)$/.exec(post.profile_url ?? '')?.[1];
	return name ? `@${name}` : '';
}

function head(post, many) {
	const state = postState(post, Date.now());
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

/* The server's; of a time that is told already it says nothing more. */
function reason(post) {
	const told = isScheduled(post, Date.now()) && !post.error;
	const text = told ? '' : localTimes(postReason(post), moment);
	return text ? el('p', { class: 'item-reason' }, text) : null;
}

/* What X has already could be sent again, but X would refuse it again. */
function actions(post) {
	const can = ACTIONS.filter((action) => post.can?.includes(action));
	return isTaken(post) ? can.filter((action) => action !== 'resume') : can;
}

function buttons(post, doing, act) {
	const can = actions(post);
	const name = excerpt(post.parts?.[0]?.text);
	return can.length === 0 ? null : el('div', { class: 'item-buttons' }, ...can.map((action) => {
		const [label, active] = actionWords(action, post);
		return el('button', {
			class: `btn btn-small${action === 'delete' ? ' btn-quiet' : ''}`, type: 'button', 'data-action': action,
			'aria-label': `${doing === action ? active : label} “${name}”`,
			/* Not `disabled`: that would drop the focus. */
			'aria-disabled': doing ? 'true' : null,
			onclick: (event) => doing || act(post, action, event),
		}, doing === action ? active : label);
	}));
}

/* many: posts of several accounts are shown.  doing: the action under way. */
export function item(post, { many, doing, trouble, act }) {
	return el('li', { class: 'item', 'data-post': post.id, 'data-state': post.state, tabindex: '-1' },
		head(post, many), ...body(post), reason(post), buttons(post, doing, act),
		el('div', { class: 'live' }, trouble));
}
