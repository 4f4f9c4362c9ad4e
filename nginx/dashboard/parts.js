/* parts.js - the posts that a long text becomes, as the server will send them. */

import { $, el, show } from './dom.js';

/* Is what goes out anything but one post with the text as it stands? */
export function isChanged(text, parts) {
	return parts.length > 1 || (parts.length === 1 && parts[0].text !== text);
}

/* How long a text that was refused is, and may be: {length, limit}, or null. */
export function toldLength(problem) {
	return problem?.reason_code === 'text_length' ? { length: problem.weighted_length, limit: problem.limit } : null;
}

/* `limit` is null where it is not known. */
function row(part, i, all, limit) {
	return el('li', { class: 'part' },
		el('p', { class: 'part-text', dir: 'auto' }, part.text),
		el('p', { class: 'part-count' },
			all.length > 1 ? el('span', {}, `${i + 1} of ${all.length}`) : null,
			el('span', {}, limit === null ? String(part.weighted_length) : `${part.weighted_length}/${limit}`)));
}

export function showParts(parts, limit = null) {
	show($('preview'), parts.length > 0);
	$('preview-title').textContent = parts.length > 1 ? `Goes out as ${parts.length} posts` : 'Goes out like this';
	$('parts').replaceChildren(...parts.map((part, i) => row(part, i, parts, limit)));
}
