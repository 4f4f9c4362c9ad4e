/*
 * stack.js - what the browser tests share: Chromium, the running instance and
 * the sandbox's own account of what really happened.
 */

import assert from 'node:assert/strict';
import { readFileSync, mkdirSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const SITE = process.env.NEXUS_URL;
const SANDBOX = process.env.SANDBOX_URL;
const CA = process.env.TWITTER_CA_FILE ? readFileSync(process.env.TWITTER_CA_FILE) : undefined;
const SHOTS = join(process.env.NEXUS_STACK ?? 'var', 'screenshots');

export const PASSWORD = 'nexus-demo';

export function unique(word) {
	return `${word}_${Math.random().toString(36).slice(2, 8)}`;
}

export function sandbox(method, path, body) {
	const url = new URL(path, SANDBOX);
	const options = { method, ca: CA, headers: { 'Content-Type': 'application/json' } };
	return new Promise((resolve, reject) => {
		const request = (url.protocol === 'https:' ? https : http).request(url, options, (answer) => {
			let text = '';
			answer.setEncoding('utf8');
			answer.on('data', (piece) => { text += piece; });
			answer.on('end', () => resolve(text ? JSON.parse(text) : null));
		});
		request.on('error', reject);
		request.end(body === undefined ? undefined : JSON.stringify(body));
	});
}

/* The live posts of one X account, as X has them. */
export async function postsOf(account) {
	const answer = await sandbox('GET', '/sandbox/posts');
	return (answer.posts ?? answer).filter((p) => p.author === account);
}

export function launch() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
			'--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
}

/* A refused call is part of some stories; a broken page never is. */
function isExpected(message) {
	return message.text().startsWith('Failed to load resource')
		&& /\/(api|auth\/v1)\//.test(message.location().url);
}

/* A visitor with a browser of their own; `complaints` must stay empty. */
export async function visitor(browser, options = {}) {
	const context = await browser.newContext({ viewport: { width: 1180, height: 860 }, ...options });
	const complaints = [];
	await context.exposeBinding('reportViolation', (_, what) => complaints.push(what));
	await context.addInitScript(() => addEventListener('securitypolicyviolation',
		(e) => window.reportViolation(`CSP: ${e.violatedDirective} ${e.blockedURI}`)));
	const page = await context.newPage();
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('console', (message) => {
		if (['error', 'warning'].includes(message.type()) && !isExpected(message))
			complaints.push(`${message.text()} ${message.location().url}`);
	});
	page.setDefaultTimeout(60000);		/* a machine may be slow */
	return { context, page, complaints };
}

export async function story(browser, options, play) {
	const guest = await visitor(browser, options);
	try {
		await play(guest.page, guest.context);
		assert.deepEqual(guest.complaints, []);
	} catch (error) {
		await shot(guest.page, `failed-${Date.now()}`).catch(() => undefined);
		throw error;
	} finally {
		await guest.context.close();
	}
}

export async function shot(page, name) {
	mkdirSync(SHOTS, { recursive: true });
	await page.waitForTimeout(250);		/* let the last transition end */
	await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

export async function signIn(page, email) {
	await page.goto(`${SITE}/dashboard`);
	await page.getByLabel('E-mail address').fill(email);
	await page.getByLabel('Password').fill(PASSWORD);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.locator('#signed-in').waitFor();
}

export async function consent(page, account, decision) {
	await page.locator('button[value=allow]').waitFor();
	assert.notEqual(new URL(page.url()).origin, new URL(SITE).origin);
	await page.locator('input[name=account]').fill(account);
	await page.locator(`button[name=decision][value=${decision}]`).click();
	await page.waitForURL(`${SITE}/dashboard`);
}

export async function connect(page, account) {
	await page.getByRole('link', { name: 'Connect X' }).click();
	await consent(page, account, 'allow');
	await page.locator('[data-status=connected]').waitFor();
}

/* Wait for the server's count of what is in the box. */
export async function counted(page, number) {
	await page.waitForFunction((n) => document.getElementById('count-now').textContent === n
		&& document.getElementById('count').dataset.by === 'server', String(number));
}

/* A signed-in visitor with `account` connected. */
export async function atDesk(page, account) {
	await signIn(page, `${account}@example.org`);
	await connect(page, account);
}

/* The same without the pages on the way, which other stories tell. */
async function placedAtDesk(page, account) {
	const { request } = page, answer = await request.post(`${SITE}/auth/v1/token?grant_type=password`,
		{ data: { email: `${account}@example.org`, password: PASSWORD } });
	const value = `base64-${Buffer.from(await answer.text()).toString('base64url')}`;
	await page.context().addCookies([{ name: 'sb-nexus-auth-token', value, url: SITE, sameSite: 'Lax' }]);
	const next = async (sent) => (await sent).headers().location;
	const consent = await next(request.get(`${SITE}/api/auth/twitter/initiate`, { maxRedirects: 0 }));
	const back = await next(request.post(consent, { form: { decision: 'allow', account }, maxRedirects: 0 }));
	assert.match(await next(request.get(back, { maxRedirects: 0 })), /[?&]x=connected$/);
	await page.goto(`${SITE}/dashboard`);
	await page.locator('[data-status=connected]').waitFor();
}

/* A signed-in person at their desk, from the beginning to the end of `play`. */
export function deskStory(browser, word, options, play) {
	const account = unique(word);
	return story(browser, options, async (page) => {
		await placedAtDesk(page, account);
		await play(page, account);
	});
}

/* As when the person comes back to this tab. */
export function seeAgain(page) {
	return page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
}

/* A time for the API, so many minutes ahead. */
export function later(minutes) {
	return new Date(Date.now() + minutes * 60000).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function item(page, state) {
	return page.locator(`.items > [data-state=${state}]`);
}

/* Posts through the page's own session, without its form. */
export async function publish(page, bodies) {
	for (const body of bodies)
		assert.equal((await page.request.post(`${SITE}/api/twitter/post`, { data: body, headers: { Origin: new URL(SITE).origin } })).status(), 201);
}
