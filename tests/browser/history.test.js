/* The list of a person's posts and what can be done with them, in Chromium. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SITE, deskStory, item, launch, postsOf, publish, sandbox, shot } from './stack.js';
import { withWorkers } from '../flow/lib/worker.js';

const CREATE = { path: '/2/tweets', method: 'POST' };
const SETTLE = 700;	/* as long as new buttons take no click of the mouse */

let browser;

before(async () => {
	browser = await launch();
	await sandbox('DELETE', '/sandbox/faults');
});

after(async () => {
	await sandbox('DELETE', '/sandbox/faults');
	await browser.close();
});

async function post(page, text) {
	await page.getByLabel('Text of the post').fill(text);
	await page.locator('#post:enabled').click();
}

function hasFocus(locator) {
	return locator.evaluate((node) => node === document.activeElement);
}

test('what is scheduled says when, and can be cancelled', async () => {
	await deskStory(browser, 'later', {}, async (page, account) => {
		const tomorrow = new Date(Date.now() + 86400000);
		const local = new Date(tomorrow - tomorrow.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
		await page.getByLabel('Text of the post').fill(`Tomorrow, ${account}`);
		await page.getByRole('button', { name: 'Schedule…' }).click();
		await page.getByLabel('Goes out at').fill('2020-01-01T08:00');
		await page.getByText('That time has passed.').waitFor();
		assert.ok(await page.locator('#post').isDisabled());
		await page.getByLabel('Goes out at').fill(local);
		await page.locator('#post:enabled').waitFor();
		assert.equal(await page.locator('#at-error').textContent(), '');
		await shot(page, '30-schedule');
		await page.locator('#post').click();
		await page.getByText(/^Scheduled for /).waitFor();
		assert.ok(await page.locator('#when').isHidden(), 'the next post goes out at once again');
		const row = item(page, 'queued');
		assert.match(await row.textContent(), /Scheduled.*Tomorrow/s);
		await shot(page, '31-scheduled');
		const stored = (await (await page.request.get(`${SITE}/api/twitter/posts`)).json()).posts[0];
		assert.equal(Date.parse(stored.publish_at), Date.parse(`${tomorrow.toISOString().slice(0, 16)}:00Z`));
		await row.getByRole('button', { name: 'Cancel' }).click();
		await item(page, 'cancelled').waitFor();
		assert.ok(await hasFocus(item(page, 'cancelled')), 'the focus stays with the post');
		assert.deepEqual(await postsOf(account), []);
		await shot(page, '32-cancelled');
	});
});

test('posts are listed newest first, older ones on request', async () => {
	await deskStory(browser, 'many', {}, async (page, account) => {
		const texts = Array.from({ length: 25 }, (_, i) => `Number ${i + 1} of ${account}`);
		const newestFirst = [...texts].reverse();
		await publish(page, texts.map((text) => ({ text })));
		await page.reload();
		await item(page, 'sent').nth(19).waitFor();
		const shown = () => page.locator('#history-list .item-text').allTextContents();
		assert.deepEqual(await shown(), newestFirst.slice(0, 20));
		await page.getByRole('button', { name: 'Show older' }).click();
		await item(page, 'sent').nth(24).waitFor();
		assert.deepEqual(await shown(), newestFirst);
		assert.ok(await hasFocus(item(page, 'sent').nth(20)));
		assert.ok(await page.locator('#older').isHidden());
		await post(page, `One more of ${account}`);
		await item(page, 'sent').nth(25).waitFor();
		assert.deepEqual(await shown(), [`One more of ${account}`, ...newestFirst]);
		const [newest] = (await postsOf(account)).sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? 1 : -1));
		assert.equal(await item(page, 'sent').first().getByRole('link').getAttribute('href'), `https://x.com/${account}/status/${newest.id}`);
	});
});

test('deleting asks first, and removes it from X', async () => {
	await deskStory(browser, 'gone', {}, async (page, account) => {
		await publish(page, [{ text: `To be deleted, ${account}` }]);
		await page.reload();
		const button = item(page, 'sent').getByRole('button', { name: 'Delete' });
		await button.click();
		await page.getByText('It is removed from X.').waitFor();
		await shot(page, '33-delete');
		await page.getByRole('button', { name: 'Keep it' }).click();
		assert.equal((await postsOf(account)).length, 1);
		assert.ok(await hasFocus(button));
		await button.click();
		await page.keyboard.press('Escape');
		assert.equal((await postsOf(account)).length, 1);
		await button.click();
		await page.locator('#remove-yes').click();
		await item(page, 'deleted').waitFor();
		assert.deepEqual(await postsOf(account), []);
		assert.equal(await item(page, 'deleted').getByRole('link').count(), 0);
		await shot(page, '34-deleted');
	});
});

test('what goes wrong is said beside the post that it concerns', async () => {
	await deskStory(browser, 'wrong', {}, async (page, account) => {
		await publish(page, [{ text: `Stays, ${account}` }, { text: `Stays too, ${account}` }]);
		await page.reload();
		const problem = { title: 'The post is being worked on', detail: 'Somebody else is at it.', remedy: '', code: 'post_busy', status: 409, request_id: 'abc123' };
		await page.route('**/api/twitter/posts/*', (route) => (route.request().method() === 'DELETE'
			? route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(problem) }) : route.continue()));
		const second = item(page, 'sent').nth(1);
		await second.getByRole('button', { name: 'Delete' }).click();
		await page.locator('#remove-yes').click();
		await second.locator('.notice').waitFor();
		assert.match(await second.locator('.notice').textContent(), /worked on.*abc123/s);
		assert.equal(await item(page, 'sent').first().locator('.notice').count(), 0);
		assert.ok(await hasFocus(second.getByRole('button', { name: /^Delete/ })));
		await shot(page, '35-beside');
		await second.getByRole('button', { name: 'Dismiss' }).click();
		assert.equal(await second.locator('.notice').count(), 0);
	});
});

test('a list that cannot be read says so, and can be asked again', async () => {
	await deskStory(browser, 'unread', {}, async (page, account) => {
		await publish(page, [{ text: `Still there, ${account}` }]);
		const problem = { title: 'Not available just now', detail: 'The database is not answering.', remedy: '', code: 'database_unavailable', status: 503 };
		await page.route('**/api/twitter/posts?*', (route) => route.fulfill({
			status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }), { times: 1 });
		await page.reload();
		await page.locator('#history-trouble .notice').waitFor();
		assert.ok(await page.locator('#composer').isVisible(), 'the rest of the page works');
		await page.locator('#history-retry').getByRole('button', { name: 'Try again now' }).click();
		await item(page, 'sent').waitFor();
		assert.equal(await page.locator('#history-trouble .notice').count(), 0);
	});
});

const THREAD = Array.from({ length: 12 }, (_, i) => `Sentence number ${i + 1} of a thread that will break in the middle of it.`).join(' ');

test('a thread that broke shows what is live, and goes on where it stopped', async () => {
	await deskStory(browser, 'broken', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '400', skip: 1, count: 1 });
		await page.getByLabel('Text of the post').fill(THREAD);
		await page.getByLabel('As a thread').check();
		await page.getByRole('button', { name: 'Post thread' }).click();
		await page.getByText('Only a part was published').waitFor();
		const row = item(page, 'partial');
		await row.waitFor();
		assert.equal((await postsOf(account)).length, 1);
		assert.equal(await row.locator('.item-part[data-state=sent]').count(), 1);
		assert.equal(await row.locator('.item-part[data-state=failed]').count(), 1);
		assert.match(await row.locator('.item-reason').textContent(), /^1 of \d parts/);
		await shot(page, '36-broken');
		const parts = await row.locator('.item-part .item-text').allTextContents();
		await row.getByRole('button', { name: 'Resume' }).click();
		await item(page, 'sent').waitFor();
		const live = (await postsOf(account)).sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
		assert.deepEqual(live.map((p) => p.text), parts, 'each part once, in order');
		live.slice(1).forEach((p, i) => assert.equal(p.reply_to, live[i].id));
		await shot(page, '37-resumed');

		await page.waitForTimeout(SETTLE);
		await item(page, 'sent').getByRole('button', { name: 'Delete' }).click();
		await page.getByText(`Delete these ${parts.length} posts?`).waitFor();
		await page.locator('#remove-yes').click();
		await item(page, 'deleted').waitFor();
		assert.deepEqual(await postsOf(account), []);
	});
});

/* In the page: click the button as soon as it is there.  Did it open the question? */
function clickAtOnce(button) {
	return new Promise((done) => {
		new MutationObserver((_, observer) => {
			const found = document.querySelector(button);
			if (!found)
				return;
			observer.disconnect();
			found.dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 2 }));
			done(document.getElementById('remove').open);
		}).observe(document.getElementById('history-list'), { childList: true });
	});
}

test('a second click does not hit the button that came in the first one’s place', async () => {
	await deskStory(browser, 'quick', {}, async (page) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '400', skip: 1, count: 1 });
		const answer = await page.request.post(`${SITE}/api/twitter/post`, {
			data: { text: THREAD.slice(0, 400), on_long: 'thread' }, headers: { Origin: new URL(SITE).origin } });
		assert.equal((await answer.json()).state, 'partial');
		await page.reload();
		const asked = page.evaluate(clickAtOnce, '#history-list > [data-state=sent] [data-action=delete]');
		await item(page, 'partial').getByRole('button', { name: 'Resume' }).click();
		assert.equal(await asked, false, 'too early to be meant');
		const button = item(page, 'sent').getByRole('button', { name: 'Delete' });
		await button.press('Enter');
		await page.locator('#remove-no').click();
		await page.waitForTimeout(SETTLE);
		await button.click();
		await page.getByText('Delete these 2 posts?').waitFor();
	});
});

test('a text that X has already says so, and is not offered again', async () => {
	await deskStory(browser, 'same', {}, async (page, account) => {
		const text = `Twice, ${account}`;
		await publish(page, [{ text }]);
		await post(page, text);
		const row = item(page, 'failed');
		assert.match(await row.locator('.item-reason').textContent(), /^X has this text from this account already/);
		assert.deepEqual(await row.getByRole('button').allTextContents(), ['Edit']);
		const said = await page.locator('#result').textContent();
		assert.equal(said.match(/duplicate content/g).length, 1, 'X’s words are said once');
		await shot(page, '42-same');
	});
});

test('what the dry run refuses is said with what to do about it', async () => {
	await deskStory(browser, 'tags', {}, async (page) => {
		const said = page.locator('#warnings');
		await page.getByLabel('Text of the post').fill('$AAPL and $MSFT');
		await said.getByText('write the others without the “$”').waitFor();
		await page.getByLabel('Text of the post').fill('$AAPL rose and $MSFT fell. '.repeat(15));
		await page.getByLabel('As a thread').check();
		await said.getByText('Choose “Number them”').waitFor();
		await shot(page, '43-tags');
		await page.getByLabel('Number them').check();
		await page.getByText('Goes out as 30 posts').waitFor();
	});
});

for (const how of ['by hand', 'by the worker']) {
	test(`a lost answer is looked up ${how}, and the composer hears of it`, async () => {
		await deskStory(browser, 'lost', {}, async (page, account) => {
			await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: 'drop_after', count: 1 });
			const text = `Where is it, ${account}?`;
			await post(page, text);
			await page.getByText('We cannot say yet whether X has it').waitFor();
			assert.match(await page.locator('#result').textContent(), /looking it up.*Do not post it again/s);
			assert.equal(await page.locator('#text').inputValue(), '', 'the list has it now');
			await item(page, 'unknown').waitFor();
			await shot(page, '38-unknown');
			if (how === 'by hand')
				await page.getByRole('button', { name: 'Look now' }).click();
			else
				await withWorkers(1, () => item(page, 'sent').waitFor({ timeout: 40000 }));
			await item(page, 'sent').waitFor();
			await page.getByText('Published').waitFor();
			assert.deepEqual((await postsOf(account)).map((p) => p.text), [text]);
			await shot(page, '39-settled');
		});
	});
}

test('what turns out not to be on X may be posted again at once', async () => {
	await deskStory(browser, 'nowhere', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '503', count: 1 });
		const keys = [];
		page.on('request', (r) => r.headers()['idempotency-key'] && keys.push(r.headers()['idempotency-key']));
		await post(page, `Nowhere, ${account}`);
		await item(page, 'unknown').waitFor();
		/* The quiet that it takes is long: the list says so before its time. */
		await page.route('**/api/twitter/posts?*', async (route) => {
			const answer = await (await route.fetch()).json();
			for (const post of answer.posts.filter((p) => p.state === 'unknown'))
				Object.assign(post, { state: 'failed', reason: 'Nothing of it is on X.', reason_code: 'failed', reason_args: {}, can: ['resume'], next_try_at: null });
			await route.fulfill({ json: answer });
		});
		await page.getByText('It was not published').waitFor();
		await post(page, `Nowhere, ${account}`);
		await page.getByText('Published').waitFor();
		assert.equal(new Set(keys).size, 2, 'it is a new post');
		assert.equal((await postsOf(account)).length, 1);
	});
});

test('what X refused can be sent again from the list', async () => {
	await deskStory(browser, 'again', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '400', count: 1 });
		await post(page, `Second try, ${account}`);
		await page.locator('#result .notice-bad').waitFor();
		await item(page, 'failed').getByRole('button', { name: 'Send again' }).click();
		await item(page, 'sent').waitFor();
		assert.equal((await postsOf(account)).length, 1);
	});
});

test('the history fits a phone', async () => {
	const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: 'dark' };
	await deskStory(browser, 'thin', phone, async (page, account) => {
		await publish(page, [{ text: `${'W'.repeat(200)} ${account}` }, { text: THREAD, on_long: 'thread' }]);
		await page.reload();
		await item(page, 'sent').nth(1).waitFor();
		await page.getByText(/^Thread of \d: all on X$/).tap();
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
		await shot(page, '40-phone-history');
		await item(page, 'sent').first().getByRole('button', { name: 'Delete' }).tap();
		await page.locator('#remove').waitFor();
		await shot(page, '41-phone-delete');
	});
});
