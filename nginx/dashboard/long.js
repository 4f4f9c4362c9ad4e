/*
 * long.js - how a text that is too long for one post goes out.  The author
 * says so; until then it does not go out at all.
 */

import { $, keepEnter, show } from './dom.js';

const NOT_YET = 'reject';

function chosen() {
	return document.querySelector('input[name=on_long]:checked').value;
}

export class Long {
	#bad = '';	/* the link that the server would not take */

	constructor(onChange) {
		const changed = () => {
			this.#show();
			onChange();
		};
		$('long').onchange = changed;
		$('link').oninput = changed;
		$('link').onkeydown = keepEnter;
	}

	/* As the server takes it: a link that it has refused is not asked for again. */
	get ask() {
		const { link, ...rest } = this.kept;
		return link && link !== this.#bad ? { ...rest, link } : rest;
	}

	/* As a draft keeps it. */
	get kept() {
		const ask = { on_long: chosen() };
		const link = $('link').value.trim();
		if (ask.on_long === 'thread' && $('numbering').checked)
			ask.numbering = true;
		if (ask.on_long === 'truncate' && link)
			ask.link = link;
		return ask;
	}

	set ask(ask) {
		const all = [...document.querySelectorAll('input[name=on_long]')];
		for (const radio of all)
			radio.checked = radio.value === (ask?.on_long ?? NOT_YET);
		if (!all.some((radio) => radio.checked))
			all[0].checked = true;
		$('numbering').checked = ask?.numbering === true;
		$('link').value = ask?.link ?? '';
		this.#show();
	}

	/* The server has refused the link that was asked for. */
	refuseLink() {
		this.#bad = this.kept.link ?? '';
		this.#show();
	}

	/* Why this choice will not do, or ''; of no matter for a text that fits. */
	get trouble() {
		const link = this.kept.link ?? '';
		return !$('long').hidden && link !== '' && link === this.#bad
			? 'This is no address of a web page. Correct it, or leave it empty.' : '';
	}

	/* Is the text too long, so that there is something to choose? */
	offer(on) {
		show($('long'), on);
		this.#tell();
	}

	#show() {
		show($('numbering-row'), chosen() === 'thread');
		show($('link-row'), chosen() === 'truncate');
		this.#tell();
	}

	#tell() {
		const trouble = this.trouble;
		if ($('link-error').textContent !== trouble)
			$('link-error').textContent = trouble;
		$('link').setAttribute('aria-invalid', String(trouble !== ''));
	}
}
