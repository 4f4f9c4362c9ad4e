/* dom.js - small helpers to build the page.  Text only ever becomes text. */

export const $ = (id) => document.getElementById(id);

export function el(tag, props = {}, ...children) {
	const node = document.createElement(tag);
	for (const [key, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false)
			continue;
		if (key === 'class')
			node.className = value;
		else if (key.startsWith('on'))
			node.addEventListener(key.slice(2), value);
		else
			node.setAttribute(key, value === true ? '' : value);
	}
	node.append(...children.filter((c) => c !== null && c !== undefined && c !== ''));
	return node;
}

export function show(node, on) {
	node.hidden = !on;
}

/* The children of `list` become `rows`; those in their place stay untouched. */
export function arrange(list, rows) {
	rows.forEach((row, i) => {
		if (list.children[i] !== row)
			list.insertBefore(row, list.children[i] ?? null);
	});
	while (list.children.length > rows.length)
		list.lastElementChild.remove();
}

/* A link, or its text when the address is not https. */
export function link(url, text, props = {}) {
	if (typeof url !== 'string' || !url.startsWith('https://'))
		return el('span', {}, text);
	return el('a', { href: url, target: '_blank', rel: 'noopener noreferrer', ...props },
		text, el('span', { class: 'sr' }, ' (opens in a new tab)'));
}

export function clock(date) {
	return new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).format(date);
}

function format(iso, style) {
	const date = new Date(iso);
	if (!iso || Number.isNaN(date.getTime()))
		return '';
	return new Intl.DateTimeFormat(undefined, style).format(date);
}

export function day(iso) {
	return format(iso, { dateStyle: 'long' });
}

export function moment(iso) {
	return format(iso, { dateStyle: 'medium', timeStyle: 'short' });
}

/* For fields beside the one that is sent: Enter in them is no "send it". */
export function keepEnter(event) {
	if (event.key === 'Enter')
		event.preventDefault();
}
