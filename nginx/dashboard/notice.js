/* notice.js - one box for everything the page has to say. */

import { el, clock } from './dom.js';
import { plain, span, xWords } from './words.js';

/* tone: good, note or bad.  Lines that are empty are left out. */
export function notice(tone, title, lines = [], extra = []) {
	return el('div', { class: `notice notice-${tone}` },
		el('p', { class: 'notice-title' }, title),
		...lines.filter(Boolean).map((line) => el('p', {}, line)),
		...extra);
}

/* The same failure, with a remedy that fits this page better than any table. */
export function withRemedy(problem, remedy, tone) {
	return { ...plain(problem), status: 0, remedy, ...(tone && { tone }) };
}

/* A failure as api.js throws it. */
export function problemNotice(problem, extra = []) {
	const said = plain(problem);
	const wait = problem.retryAfter;
	const when = wait ? `You can try again at ${clock(new Date(Date.now() + wait))}, in ${span(wait)}.` : '';
	const id = problem.request_id
		? el('p', { class: 'notice-id' }, 'Request ', el('code', {}, problem.request_id)) : null;
	return notice(said.tone ?? 'bad', said.title,
		[said.detail, xWords(problem.x, said.detail), said.remedy, when], id ? [...extra, id] : extra);
}

export function dismissable(box) {
	const close = el('button', {
		class: 'notice-close', type: 'button', 'aria-label': 'Dismiss this message',
		onclick: () => box.remove(),
	}, '×');
	box.append(close);
	return box;
}
