/* What is to come, and what did not go out: found, changed, sent, taken back. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SITE, connect, consent, counted, deskStory, item, launch, later, postsOf, publish, sandbox, seeAgain, shot } from './stack.js';
import { withWorkers } from '../flow/lib/worker.js';

const CREATE = { path: '/2/tweets', method: 'POST' };
const origin = { Origin: new URL(SITE).origin };

let browser;

before(async () => {
	browser = await launch();
	await sandbox('DELETE', '/sandbox/faults');
});
after(async () => {
	await sandbox('DELETE', '/sandbox/faults');
	await browser.close();
});

async function schedule(page, text, minutes) {
	const answer = await page.request.post(`${SITE}/api/twitter/post`, { headers: origin, data: { text, publish_at: later(minutes) } });
	assert.equal(answer.status(), 202);
	return answer.json();
}

async function read(page, query) {
	return (await page.request.get(`${SITE}/api/twitter/${query}`)).json();
}

const texts = (page, list) => page.locator(`#${list} > .item > .item-text`).allTextContents();

async function write(page, text) {
	await page.getByLabel('Text of the post').fill(text);
	await page.locator('#post:enabled').click();
}

test('what is scheduled stands above what was posted since, the soonest first', async () => {
	await deskStory(browser, 'found', {}, async (page, account) => {
		for (const [text, minutes] of [['third', 3000], ['first', 60], ['second', 600]])
			await schedule(page, `${text} of ${account}`, minutes);
		await publish(page, Array.from({ length: 21 }, (_, i) => ({ text: `Number ${i} of ${account}` })));
		await page.reload();
		await item(page, 'sent').nth(19).waitFor();
		assert.deepEqual(await texts(page, 'upcoming-list'), ['first', 'second', 'third'].map((t) => `${t} of ${account}`));
		assert.ok((await page.locator('#upcoming').boundingBox()).y < (await page.locator('#history').boundingBox()).y);
		await shot(page, '70-upcoming');
		await item(page, 'queued').first().getByRole('button', { name: /^Cancel/ }).click();
		await item(page, 'cancelled').waitFor();
		assert.deepEqual(await texts(page, 'upcoming-list'), ['second', 'third'].map((t) => `${t} of ${account}`));
		assert.equal((await texts(page, 'history-list')).at(-1), `first of ${account}`, 'it does not vanish from sight');
	});
});

test('more than a page of what is scheduled can be seen', async () => {
	await deskStory(browser, 'plenty', {}, async (page, account) => {
		const all = Array.from({ length: 23 }, (_, i) => `${i + 1} of ${account}`);
		for (const [i, text] of all.entries())
			await schedule(page, text, 60 + i);
		await page.reload();
		await item(page, 'queued').nth(19).waitFor();
		assert.deepEqual(await texts(page, 'upcoming-list'), all.slice(0, 20));
		await page.getByRole('button', { name: 'Show later ones' }).click();
		await item(page, 'queued').nth(22).waitFor();
		assert.deepEqual(await texts(page, 'upcoming-list'), all);
		assert.ok(await page.locator('#later-ones').isHidden());
	});
});

test('a scheduled post is edited where posts are written, and the draft waits meanwhile', async () => {
	await deskStory(browser, 'edited', {}, async (page, account) => {
		const box = page.getByLabel('Text of the post');
		const { id } = await schedule(page, `Before, ${account}`, 90);
		await seeAgain(page);
		await box.fill('A draft of its own');
		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		assert.equal(await box.inputValue(), `Before, ${account}`);
		assert.ok(await box.evaluate((node) => node === document.activeElement));
		assert.equal(await item(page, 'queued').getByRole('button').count(), 0, 'it has one owner');
		await box.fill(`After, ${account}`);
		await page.reload();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		assert.equal(await box.inputValue(), `After, ${account}`, 'a reload loses nothing');
		await counted(page, `After, ${account}`.length);
		await shot(page, '71-edit');
		await page.getByRole('button', { name: `Save for @${account}` }).click();
		await page.locator('#result').getByText(/^Scheduled for /).waitFor();
		await item(page, 'queued').getByText(`After, ${account}`).waitFor();
		assert.equal(await box.inputValue(), 'A draft of its own');
		const { posts } = await read(page, 'posts?view=upcoming');
		assert.deepEqual(posts.map((p) => [p.id, p.parts[0].text]), [[id, `After, ${account}`]]);

		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('button', { name: 'Stop editing' }).click();
		assert.equal(await box.inputValue(), 'A draft of its own');
		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('button', { name: 'Post now instead' }).click();
		await page.getByRole('button', { name: `Post now as @${account}` }).click();
		await page.locator('#result').getByText(/Published|waiting its turn/).waitFor();
		await withWorkers(1, () => item(page, 'sent').waitFor());
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [`After, ${account}`]);
		assert.equal(await box.inputValue(), 'A draft of its own');
	});
});

test('a scheduled post that is sent now and that X refuses is the list’s again', async () => {
	await deskStory(browser, 'sent_now', {}, async (page, account) => {
		const { id } = await schedule(page, `Before, ${account}`, 90);
		await seeAgain(page);
		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		await page.getByLabel('Text of the post').fill(`Bold, ${account}`);
		await page.getByRole('button', { name: 'Post now instead' }).click();
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '400', count: 1 });
		await page.getByRole('button', { name: `Post now as @${account}` }).click();
		await page.locator('#result').getByText('It is in the list below').waitFor();
		await page.getByRole('heading', { name: 'New post' }).waitFor();
		assert.equal(await page.locator('#text').inputValue(), '', 'one text, one owner');
		const row = item(page, 'failed');
		await row.getByText(`Bold, ${account}`).waitFor();
		assert.deepEqual(await row.getByRole('button').evaluateAll((all) => all.map((b) => b.dataset.action)), ['edit', 'resume']);
		await row.getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		assert.equal(await page.locator('#text').inputValue(), `Bold, ${account}`);
		assert.equal((await read(page, `posts/${id}`)).state, 'failed', 'only its author gives it up');
	});
});

test('a post that somebody else has changed is not changed over their heads', async () => {
	await deskStory(browser, 'clash', {}, async (page, account) => {
		const { id } = await schedule(page, `Before, ${account}`, 90);
		await seeAgain(page);
		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		await page.request.patch(`${SITE}/api/twitter/posts/${id}`, { headers: origin, data: { text: `Theirs, ${account}` } });
		await page.getByLabel('Text of the post').fill(`Ours, ${account}`);
		await counted(page, `Ours, ${account}`.length);
		await page.locator('#post').click();
		await page.locator('#result').getByText(/changed the post meanwhile/).waitFor();
		await item(page, 'queued').getByText(`Theirs, ${account}`).waitFor();
		assert.equal(await page.locator('#text').inputValue(), `Ours, ${account}`);
		await page.locator('#post').click();
		await item(page, 'queued').getByText(`Ours, ${account}`).waitFor();
		assert.equal((await read(page, `posts/${id}`)).parts[0].text, `Ours, ${account}`);
	});
});

test('what begins while it is edited is not lost', async () => {
	await deskStory(browser, 'begins', {}, async (page, account) => {
		const { id } = await schedule(page, `Early, ${account}`, 90);
		await seeAgain(page);
		await item(page, 'queued').getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		await page.request.delete(`${SITE}/api/twitter/posts/${id}`, { headers: origin });
		await page.getByLabel('Text of the post').fill(`Late, ${account}`);
		await counted(page, `Late, ${account}`.length);
		await page.locator('#post').click();
		await page.locator('#result .notice-bad').waitFor();
		assert.equal(await page.locator('#text').inputValue(), `Late, ${account}`);
	});
});

test('disconnecting says what will not go out, and cancels it where that is wanted', async () => {
	await deskStory(browser, 'leaves', {}, async (page, account) => {
		for (const minutes of [60, 120])
			await schedule(page, `In ${minutes} minutes, ${account}`, minutes);
		await seeAgain(page);
		await item(page, 'queued').nth(1).waitFor();
		const leave = page.getByRole('button', { name: `Disconnect @${account}` });
		await leave.click();
		await page.locator('#leave').getByText('2 scheduled posts of this account will not go out.').waitFor();
		assert.ok(!await page.locator('#leave-cancel').isChecked(), 'nothing is cancelled unasked');
		await shot(page, '72-leave');
		await page.locator('#leave-yes').click();
		await page.locator('#banner').getByText('2 scheduled posts will not go out, unless you connect it again in time.').waitFor();
		const rows = item(page, 'queued');
		await rows.getByText('Will not go out').nth(1).waitFor();
		await shot(page, '73-will-not-go-out');
		await rows.first().getByRole('link', { name: `Reconnect @${account}` }).click();
		await consent(page, account, 'allow');
		await rows.getByText('Scheduled').nth(1).waitFor();
		assert.equal(await page.getByText('Will not go out').count(), 0);

		await leave.click();
		await page.getByLabel('Cancel these posts, too').check();
		await page.locator('#leave-yes').click();
		await page.locator('#banner').getByText('2 scheduled posts were cancelled.').waitFor();
		await item(page, 'cancelled').nth(1).waitFor();
		assert.ok(await page.locator('#upcoming').isHidden());
		assert.deepEqual((await read(page, 'posts?view=upcoming')).posts, []);
		await page.reload();
		await page.locator('[data-status=disconnected]').waitFor();
	});
});

test('an account without anything scheduled is left without a word about it', async () => {
	await deskStory(browser, 'plain', {}, async (page, account) => {
		await page.getByRole('button', { name: `Disconnect @${account}` }).click();
		await page.locator('#leave-yes[aria-disabled=false]').waitFor();
		assert.equal(await page.locator('#leave-count').textContent(), '');
		assert.ok(await page.locator('#leave-cancel-row').isHidden());
		await page.locator('#leave-yes').click();
		await page.locator('#banner').getByText(`@${account} is disconnected`).waitFor();
		await connect(page, account).catch(() => assert.fail('it can be connected again'));
	});
});

test('a connection that ends before its post is due says so', async () => {
	await deskStory(browser, 'ends', {}, async (page, account) => {
		await schedule(page, `Too far, ${account}`, 3000);
		await page.route('**/api/twitter/connections', async (route) => {
			const answer = await (await route.fetch()).json();
			Object.assign(answer.connections[0], { renews_itself: false, status_reason: 'X no longer renews it.' });
			await route.fulfill({ json: answer });
		});
		await seeAgain(page);
		await item(page, 'queued').getByText('Will not go out').waitFor();
		await item(page, 'queued').getByRole('link', { name: `Reconnect @${account}` }).waitFor();
	});
});

test('what meets X’s limit is the list’s, and waits there when its author says so', async () => {
	await deskStory(browser, 'limit', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '429', count: 1 });
		const text = `Too much, ${account}`;
		await write(page, text);
		await page.locator('#result').getByText('as soon as X takes posts again').waitFor();
		assert.equal(await page.locator('#text').inputValue(), '', 'one text, one owner');
		const row = item(page, 'failed');
		const names = await row.getByRole('button').allTextContents();
		assert.equal(names.length, 2);
		assert.equal(names[0], 'Edit');
		const at = /^Send at (.+)$/.exec(names[1])[1];
		await shot(page, '74-limit');
		await row.getByRole('button', { name: /^Send at/ }).click();
		const waits = item(page, 'queued');
		await waits.getByText(text).waitFor();
		assert.ok((await waits.textContent()).includes(at), 'at the time that was promised');
		await item(page, 'cancelled').getByText(text).waitFor();
		assert.equal(await item(page, 'cancelled').getByRole('button').count(), 0, 'the old row does not send it a second time');
		const { posts } = await read(page, 'posts?view=upcoming');
		assert.equal(posts.length, 1);
		assert.equal((await read(page, `posts/${posts[0].id}`)).request.queue, true);
		await page.reload();
		await item(page, 'cancelled').waitFor();
		assert.equal(await row.count(), 0);
		assert.deepEqual(await postsOf(account), []);
	});
});

test('what goes out as another post is given up at the server, so that no other device sends it', async () => {
	await deskStory(browser, 'given_up', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '429', count: 1 });
		await write(page, `Too much, ${account}`);
		const row = item(page, 'failed');
		await row.waitFor();
		const id = await row.getAttribute('data-post');
		const old = `${SITE}/api/twitter/posts/${id}`;
		await page.route(old, (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue()));
		const tried = page.waitForEvent('requestfailed', (request) => request.method() === 'DELETE');
		await row.getByRole('button', { name: /^Send at/ }).click();
		await tried;
		await item(page, 'queued').waitFor();
		assert.equal(await row.getByRole('button').count(), 0, 'nor does this one');
		assert.deepEqual((await read(page, `posts/${id}`)).can, ['resume']);
		await page.unroute(old);
		await seeAgain(page);
		await item(page, 'cancelled').getByText(`Too much, ${account}`).waitFor();
		assert.ok(!(await read(page, `posts/${id}`)).can.includes('resume'));
		assert.equal((await page.request.post(`${old}/resume`, { headers: origin })).status(), 409);
		assert.equal((await read(page, 'posts?view=upcoming')).posts.length, 1);
		assert.deepEqual(await postsOf(account), []);
	});
});

test('what X refuses goes back to its author to be changed, with all that was said of it', async () => {
	await deskStory(browser, 'refused', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { ...CREATE, fault: '400', count: 1 });
		const text = `${'Too bold and much too long for one. '.repeat(12)} ${account}`.trim();
		await page.getByLabel('Text of the post').fill(text);
		await page.getByLabel('As a thread').check();
		await page.getByLabel('Number them').check();
		await page.getByRole('button', { name: /^Post thread/ }).click();
		const row = item(page, 'failed');
		await row.waitFor();
		assert.equal(await page.locator('#text').inputValue(), '');
		await row.getByRole('button', { name: /^Edit/ }).click();
		await page.getByRole('heading', { name: 'Edit post' }).waitFor();
		assert.equal(await page.locator('#text').inputValue(), text);
		assert.ok(await page.getByLabel('Number them').isChecked());
		assert.equal(await row.getByRole('button').count(), 0);
		await page.getByLabel('Text of the post').fill(`Mild, ${account}`);
		await counted(page, `Mild, ${account}`.length);
		await page.getByRole('button', { name: `Post as @${account}` }).click();
		await page.locator('#result').getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [`Mild, ${account}`]);
		await item(page, 'cancelled').waitFor();
		assert.equal(await item(page, 'cancelled').getByRole('button').count(), 0, 'its text is on X by now');
		assert.equal(await page.locator('#text').inputValue(), '');
	});
});
