/* parts.js - the posts that a long text becomes, as the server will send them. */

import { $, el, show } from './dom.js';

/* Is what goes out anything but one post with the text as it stands? */
export function isChanged(text, parts) {
	return parts.length > 1 || (parts.length === 1 && parts[0].text !== text);
}

/* What one post holds, going by the longest that was accepted. */
export function limitOf(length) {
	return Number.isFinite(length) && length > 280 ? 25000 : 280;
}

function row(part, i, all) {
	const limit = limitOf(Math.max(...all.map((p) => p.weighted_length)));
	return el('li', { class: 'part' },
		el('p', { class: 'part-text', dir: 'auto' }, part.text),
		el('p', { class: 'part-count' },
			all.length > 1 ? el('span', {}, `${i + 1} of ${all.length}`) : null,
			el('span', {}, `${part.weighted_length}/${limit}`)));
}

export function showParts(parts) {
	show($('preview'), parts.length > 0);
	$('preview-title').textContent = parts.length > 1 ? `Goes out as ${parts.length} posts` : 'Goes out like this';
	$('parts').replaceChildren(...parts.map(row));
}
