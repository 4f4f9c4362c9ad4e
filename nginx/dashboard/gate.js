/*
 * gate.js - where a person signs in: in place of the desk, or in a dialog over
 * it when the session has ended while they were at work.  The dialog takes the
 * keyboard only from somebody who is waiting for it: keys that are meant for
 * the desk go on to the desk.
 */

import { $, show } from './dom.js';
import { problemNotice } from './notice.js';
import * as session from './session.js';

export class Gate {
	#on;
	#declined = false;

	/* on.entered(): there is a session now; may throw a problem.  on.closed(): not now. */
	constructor(on) {
		this.#on = on;
		$('sign-in-form').addEventListener('submit', (event) => {
			event.preventDefault();
			this.#enter();
		});
		$('again-no').onclick = () => this.#decline();
		$('again').addEventListener('cancel', (event) => {
			event.preventDefault();
			this.#decline();
		});
	}

	get isOpen() {
		return $('again').open;
	}

	/* In place of the desk.  `asked`: by the person, or by opening the page. */
	async instead(asked) {
		this.close();
		$('sign-in-here').append($('sign-in-form'));
		if (asked)
			$('email').focus();
		show($('sandbox-hint'), await session.isSandbox());
	}

	/* Over the desk, as `email`.  `asked`: somebody waits for what needs a session. */
	over(email, asked) {
		if (this.isOpen && !asked)
			return;
		if (!asked && this.#declined)
			return;
		if (!this.isOpen) {
			$('sign-in-error').replaceChildren();
			$('sign-in-there').append($('sign-in-form'));
			$('email').value = email;
			$('again-say').textContent = `${$('again-title').textContent}. ${$('again-text').textContent}`;
		}
		if (!asked) {
			/* show() would take the focus; this only shows. */
			$('again').setAttribute('open', '');
			return;
		}
		$('again').removeAttribute('open');
		$('again').showModal();
		(email ? $('password') : $('email')).focus();
	}

	/* A session is there again. */
	close() {
		this.#declined = false;
		this.#shut();
	}

	#decline() {
		this.#declined = true;
		this.#shut();
	}

	#shut() {
		const inside = $('again').contains(document.activeElement);
		$('again').close();
		$('again-say').textContent = '';
		$('password').value = '';
		$('sign-in-error').replaceChildren();
		if (inside && ($('again').contains(document.activeElement) || document.activeElement === document.body))
			($('composer').hidden ? $('main') : $('text')).focus();
	}

	async #enter() {
		const button = $('sign-in-button');
		if (button.getAttribute('aria-disabled') === 'true')
			return;
		button.setAttribute('aria-disabled', 'true');
		button.textContent = 'Signing in…';
		$('sign-in-error').replaceChildren();
		try {
			await session.signIn($('email').value.trim(), $('password').value);
			await this.#on.entered();
			this.close();
		} catch (problem) {
			$('sign-in-error').replaceChildren(problemNotice(problem));
			$('password').select();
		}
		button.setAttribute('aria-disabled', 'false');
		button.textContent = 'Sign in';
	}
}
