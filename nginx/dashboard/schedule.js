/* schedule.js - when a post goes out: now, or at a time of the author's. */

import { $, keepEnter, show } from './dom.js';
import { scheduleWords } from './words.js';

const HOUR = 3600000;
const QUARTER = 900000;
const DAYS_MAX = 366;

const two = (n) => String(n).padStart(2, '0');

/* As an input of type datetime-local has it: local time, no zone. */
export function toLocal(date) {
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
		+ `T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/* RFC 3339 in UTC; '' when it is no time. */
export function fromLocal(value) {
	const date = new Date(value);
	return value && !Number.isNaN(date.getTime()) ? date.toISOString().replace(/\.\d+Z$/, 'Z') : '';
}

/* An hour ahead, on the quarter. */
export function suggestion(now) {
	return new Date(Math.ceil((now + HOUR) / QUARTER) * QUARTER);
}

/* The zone as it is on that day: "Europe/Berlin, UTC+2". */
export function zone(date) {
	const format = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' });
	const offset = format.formatToParts(date).find((p) => p.type === 'timeZoneName')?.value ?? '';
	const name = format.resolvedOptions().timeZone;
	return name === 'UTC' ? name : `${name}, ${offset.replace('GMT', 'UTC')}`;
}

export class Schedule {
	#changed;
	#timer = 0;	/* until the time that is chosen */

	constructor(onChange) {
		this.#changed = onChange;
		$('later').onclick = () => this.#open();
		$('now').onclick = () => this.#close();
		$('at').oninput = () => this.#edited();
		$('at').onkeydown = keepEnter;
	}

	get on() {
		return !$('when').hidden;
	}

	/* '' for now. */
	get at() {
		return this.on ? fromLocal($('at').value) : '';
	}

	set at(iso) {
		const date = new Date(iso || NaN);
		this.#show(!Number.isNaN(date.getTime()), date);
	}

	/* Why this time will not do, or ''. */
	get trouble() {
		return this.on ? scheduleWords(this.at, Date.now(), DAYS_MAX) : '';
	}

	#open() {
		this.#show(true, suggestion(Date.now()));
		this.#changed();
		$('at').focus();
	}

	#close() {
		this.#show(false, new Date(NaN));
		this.#changed();
		$('later').focus();
	}

	#edited() {
		this.tell();
		this.#changed();
	}

	#show(on, date) {
		show($('when'), on);
		show($('later'), !on);
		$('at').value = on ? toLocal(date) : '';
		$('at').min = toLocal(new Date());
		$('at').max = toLocal(new Date(Date.now() + DAYS_MAX * 24 * HOUR));
		this.tell();
	}

	/* Says what is wrong with the time, and gives it; what is right may pass. */
	tell() {
		const date = new Date(this.at || NaN);
		$('zone').textContent = `Your local time: ${zone(Number.isNaN(date.getTime()) ? new Date() : date)}`;
		const trouble = this.trouble;
		if ($('at-error').textContent !== trouble)
			$('at-error').textContent = trouble;
		$('at').setAttribute('aria-invalid', String(trouble !== ''));
		clearTimeout(this.#timer);
		if (this.on && trouble === '')
			this.#timer = setTimeout(() => this.#edited(), Math.min(date - Date.now() + 1, 0x7fffffff));
		return trouble;
	}
}
