/*
 * Whose words they are, and as whom they go out: the account, the draft, the
 * keyboard, and that all of it can be read and reached.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SITE, atDesk, connect, consent, counted, deskStory, item, launch, later, postsOf, publish, sandbox, seeAgain, shot, signIn, story, unique } from './stack.js';

let browser;

before(async () => {
	browser = await launch();
	await sandbox('DELETE', '/sandbox/faults');
});
after(() => browser.close());

async function connectAnother(page, account) {
	await page.getByRole('link', { name: 'Connect another account' }).click();
	await consent(page, account, 'allow');
	await page.getByText(`@${account} is connected`).waitFor();
}

const chosen = (page) => page.locator('#from').evaluate((box) => box.selectedOptions[0]?.textContent);
const origin = { Origin: new URL(SITE).origin };

test('what is written for one account goes out from it, whatever was connected since', async () => {
	const [first, second, third] = ['one', 'two', 'three'].map(unique);
	await story(browser, {}, async (page) => {
		await atDesk(page, first);
		await connectAnother(page, second);
		await page.getByLabel('Post as').selectOption(`@${first}`);
		const text = `Meant for ${first}`;
		await page.getByLabel('Text of the post').fill(text);
		await page.reload();
		await page.locator('#post:enabled').waitFor();
		assert.equal(await chosen(page), `@${first}`);
		assert.equal(await page.locator('#post').textContent(), `Post as @${first}`);
		await connectAnother(page, third);
		await page.locator('#post:enabled').waitFor();
		assert.equal(await chosen(page), `@${first}`);
		await shot(page, '52-as-whom');
		await page.locator('#post').click();
		await page.getByText('Published').waitFor();
		assert.deepEqual((await postsOf(first)).map((p) => p.text), [text]);
		assert.deepEqual([...await postsOf(second), ...await postsOf(third)], []);
		await page.reload();
		await page.getByLabel('Post as').waitFor();
		assert.equal(await chosen(page), `@${first}`, 'the next one, too');
	});
});

test('when the account that it was written for is gone, no other one takes its place', async () => {
	const [first, second] = ['gone', 'stays'].map(unique);
	await story(browser, {}, async (page) => {
		await atDesk(page, first);
		await connectAnother(page, second);
		await page.getByLabel('Post as').selectOption(`@${first}`);
		await page.getByLabel('Text of the post').fill(`For ${first} alone`);
		await page.locator('#post:enabled').waitFor();
		const { connections } = await (await page.request.get(`${SITE}/api/twitter/connections`)).json();
		await page.request.post(`${SITE}/api/auth/twitter/disconnect`, { headers: origin,
			data: { connection_id: connections.find((c) => c.username === first).id } });
		await seeAgain(page);
		await page.locator('[data-status=disconnected]').waitFor();
		assert.equal(await chosen(page), `@${first}: cannot post now`);
		assert.ok(await page.locator('#post').isDisabled());
		assert.equal(await page.locator('#text').inputValue(), `For ${first} alone`);
		await shot(page, '53-account-gone');
		await page.getByLabel('Post as').selectOption(`@${second}`);
		await page.getByRole('button', { name: `Post as @${second}` }).click();
		await page.getByText('Published').waitFor();
		assert.equal((await postsOf(second)).length, 1);
	});
});

test('what is written is there in a new tab, and follows from one to the other', async () => {
	await deskStory(browser, 'tabs', {}, async (page, account) => {
		await page.getByLabel('Text of the post').fill('Begun here');
		const tab = await page.context().newPage();
		await tab.goto(`${SITE}/dashboard`);
		await tab.locator('#post:enabled').waitFor();
		assert.equal(await tab.locator('#text').inputValue(), 'Begun here');
		await tab.locator('#text').focus();
		await tab.keyboard.press('End');
		await tab.keyboard.type(', ended there');
		await page.waitForFunction(() => document.getElementById('text').value === 'Begun here, ended there');
		await counted(tab, 23);
		await tab.locator('#post').click();
		await tab.getByText('Published').waitFor();
		await page.waitForFunction(() => document.getElementById('text').value === '');
		assert.equal((await postsOf(account)).length, 1);
	});
});

test('signing out asks about what is written, and does as it is told', async () => {
	const alice = unique('alice'), bob = unique('bob');
	await story(browser, {}, async (page) => {
		const box = page.getByLabel('Text of the post'), leave = page.getByRole('button', { name: 'Sign out', exact: true });
		await atDesk(page, alice);
		await box.fill('Not sent yet');
		await leave.click();
		await page.locator('#keep').getByText('Keep what you have written?').waitFor();
		await shot(page, '54-keep');
		await page.keyboard.press('Escape');
		assert.equal(await box.inputValue(), 'Not sent yet');
		await leave.click();
		await page.getByRole('button', { name: 'Keep it, sign out' }).click();
		await page.locator('#sign-in').waitFor();

		await atDesk(page, bob);
		assert.equal(await box.inputValue(), '');
		await leave.click();
		await page.locator('#sign-in').waitFor();

		await signIn(page, `${alice}@example.org`);
		await page.locator('#post:enabled').waitFor();
		assert.equal(await box.inputValue(), 'Not sent yet');
		await leave.click();
		await page.getByRole('button', { name: 'Delete it, sign out' }).click();
		await page.locator('#sign-in').waitFor();
		assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...localStorage })), /Not sent yet/);
		await signIn(page, `${alice}@example.org`);
		await page.locator('#composer').waitFor();
		assert.equal(await box.inputValue(), '');
	});
});

test('somebody else signs in over the desk: it becomes theirs', async () => {
	const alice = unique('alice'), bob = unique('bob');
	await story(browser, {}, async (page, context) => {
		await signIn(page, `${bob}@example.org`);
		await connect(page, bob);
		await context.clearCookies();
		await atDesk(page, alice);
		await publish(page, [{ text: `By ${alice}` }]);
		await page.getByLabel('Text of the post').fill('Hers');
		await page.locator('#post:enabled').waitFor();
		await context.clearCookies();
		await page.locator('#post').click();
		const dialog = page.locator('dialog#again');
		await dialog.waitFor();
		await dialog.getByLabel('E-mail address').fill(`${bob}@example.org`);
		await dialog.getByLabel('Password').fill('nexus-demo');
		await page.keyboard.press('Enter');
		await page.locator('#who-name').getByText(bob).waitFor();
		await page.locator('#connections').getByText(`@${bob}`).waitFor();
		assert.ok(await dialog.isHidden());
		assert.equal(await page.locator('#text').inputValue(), '');
		assert.doesNotMatch(await page.locator('main').textContent(), new RegExp(alice));
		assert.deepEqual(await postsOf(bob), []);
	});
});

test('a list that is brought up to date takes the focus from nobody', async () => {
	await deskStory(browser, 'focus', {}, async (page, account) => {
		await publish(page, [{ text: `One of ${account}` }]);
		await seeAgain(page);
		await item(page, 'sent').waitFor();
		const button = page.getByRole('button', { name: `Disconnect @${account}` });
		await button.focus();
		await page.route('**/api/twitter/connections', async (route) => {
			const answer = await (await route.fetch()).json();
			answer.connections[0].name = 'Another Name';
			await route.fulfill({ json: answer });
		});
		await seeAgain(page);
		await page.locator('#connections').getByText('Another Name').waitFor();
		assert.ok(await button.evaluate((node) => node === document.activeElement));
	});
});

test('a post that ends takes the focus back from nobody who has gone on', async () => {
	await deskStory(browser, 'gone_on', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { path: '/2/tweets', method: 'POST', fault: 'slow', held: true, count: 1 });
		await page.getByLabel('Text of the post').fill(`Slow, ${account}`);
		await page.locator('#post:enabled').focus();
		await page.keyboard.press('Enter');
		await page.getByRole('button', { name: 'Posting…' }).waitFor();
		await page.getByRole('button', { name: `Disconnect @${account}` }).focus();
		await sandbox('DELETE', '/sandbox/faults');
		await page.locator('#result').getByText('Published').waitFor();
		await page.waitForFunction(() => document.getElementById('post-form').getAttribute('aria-busy') === 'false');
		assert.match(await page.evaluate(() => document.activeElement.textContent), /Disconnect/);
	});
});

/* In the page: a key that types `letter`; what the count says then and there. */
function typeOne(letter) {
	const box = document.getElementById('text');
	box.value += letter;
	box.dispatchEvent(new Event('input'));
	return document.getElementById('count-now').textContent;
}

test('the count follows every key, and the server confirms it while somebody types', async () => {
	await deskStory(browser, 'count', {}, async (page) => {
		const asked = [];
		let open = 0;
		await page.route('**/api/twitter/post', async (route) => {
			const { text } = route.request().postDataJSON();
			if (/^[a日]+$/.test(text))
				asked.push(text.length);
			open++;
			await route.fulfill({ response: await route.fetch() });
			open--;
		});
		await page.clock.install();
		await page.clock.pauseAt(Date.now() + 10000);
		for (let i = 1; i <= 30; i++) {
			assert.equal(await page.evaluate(typeOne, i % 2 ? 'a' : '日'), String(i + Math.floor(i / 2)));
			await page.clock.runFor(100);
			while (open > 0)	/* the page's clock stands while the server answers */
				await sleep(5);
		}
		/* 3 s of typing without a pause. */
		assert.ok(asked.length >= 4 && asked.length <= 6, `asked at ${asked}`);
		asked.reduce((a, b) => (assert.ok(b - a <= 6, `${asked}`), b), 0);
		await page.clock.runFor(600);
		await counted(page, 45);
		assert.equal(asked.at(-1), 30, 'what stands there in the end is confirmed');
	});
});

test('what our own count takes for something else, the server puts right', async () => {
	await deskStory(browser, 'right', {}, async (page) => {
		/* X takes no link there, and what follows counts from the right place. */
		const text = 'e.g.com/ and user@example.com/x ☎ ✉';
		await page.getByLabel('Text of the post').fill(text);
		await page.locator('#count[data-by=server]').waitFor();
		const sure = Number(await page.locator('#count-now').textContent());
		assert.equal(await page.evaluate(typeOne, 'b'), String(sure + 1));
	});
});

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/* In the page: what cannot be pressed because it leaves the screen. */
function outside() {
	const all = [...document.querySelectorAll('button, a, input, select, textarea, summary')];
	const seen = all.filter((n) => n.checkVisibility() && !n.matches('.skip'));
	const out = seen.filter((n) => {
		const { left, right } = n.getBoundingClientRect();
		return left < -0.5 || right > innerWidth + 0.5 || (n.matches('.btn') && n.scrollWidth > n.clientWidth + 1);
	});
	const wide = document.documentElement.scrollWidth;
	return [...out.map((n) => n.id || n.textContent), ...(wide > innerWidth ? [`the page is ${wide} wide`] : [])];
}

async function fits(page, name) {
	for (const percent of [100, 150, 200]) {
		await page.evaluate((size) => { document.documentElement.style.fontSize = `${size}%`; }, percent);
		assert.deepEqual(await page.evaluate(outside), [], `${name} at ${percent} %`);
		await shot(page, `60-${name}-${percent}`);
	}
	await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
}

test('with large letters on a phone no button leaves the screen', async () => {
	const first = unique('abcd'), second = `${first}long`;	/* as long as handles get */
	await story(browser, PHONE, async (page, context) => {
		await page.goto(`${SITE}/dashboard`);
		await page.locator('#sign-in').waitFor();
		await fits(page, 'sign-in');
		await atDesk(page, first);
		await connectAnother(page, second);
		await page.request.post(`${SITE}/api/twitter/post`, { headers: origin, data: { text: 'For later', publish_at: later(120),
			connection_id: await page.locator('#from').inputValue() } });
		await sandbox('POST', '/sandbox/faults', { path: '/2/tweets', method: 'POST', fault: '429', count: 1 });
		await page.getByLabel('Text of the post').fill('Too much');
		await page.locator('#post:enabled').click();
		await item(page, 'failed').waitFor();
		await page.getByLabel('Text of the post').fill('word '.repeat(80));
		await page.getByLabel('As a thread').check();
		await page.getByRole('button', { name: /^Post thread as/ }).waitFor();
		await fits(page, 'desk');
		await page.emulateMedia({ colorScheme: 'dark' });
		await page.getByLabel('Text of the post').fill('Short');
		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.locator('#stop-edit').waitFor();
		await fits(page, 'edit');
		await page.locator('[data-action=leave]').first().click();
		await page.locator('#leave-yes[aria-disabled=false]').waitFor();
		await fits(page, 'leave');
		await page.locator('#leave-no').click();
		await page.locator('#sign-out').click();
		await fits(page, 'keep');
		await page.locator('#keep-stay').click();
		await context.clearCookies();
		await page.getByLabel('Text of the post').fill('Longer');
		await page.locator('dialog#again').waitFor();
		await fits(page, 'again');
	});
});

/* In the page: the contrast of each field's border with what it stands on. */
function borders() {
	const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
	const light = (colour) => numbers(colour).slice(0, 3).map((c) => c / 255)
		.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const ground = (node) => {
		const colour = getComputedStyle(node).backgroundColor;
		return (numbers(colour)[3] ?? 1) === 0 ? ground(node.parentElement) : colour;
	};
	const fields = [...document.querySelectorAll('input:not([type=radio], [type=checkbox]), select, textarea')];
	return fields.map((n) => [n.id, Math.min(...[n, n.parentElement].map((on) => contrast(getComputedStyle(n).borderTopColor, ground(on))))]);
}

for (const colorScheme of ['light', 'dark']) {
	test(`fields can be told from what they stand on: ${colorScheme}`, async () => {
		await story(browser, { colorScheme }, async (page) => {
			await page.goto(`${SITE}/dashboard`);
			await page.locator('#sign-in').waitFor();
			const found = await page.evaluate(borders);
			assert.ok(found.length >= 6);
			for (const [id, contrast] of found)
				assert.ok(contrast >= 3, `${id}: ${contrast.toFixed(2)}`);
		});
	});
}
