/* Texts that are too long, and what they cost, in Chromium. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { counted, deskStory, launch, postsOf, shot } from './stack.js';

let browser;

before(async () => { browser = await launch(); });
after(() => browser.close());

const sentence = (i) => `This is sentence number ${i} of a text that is far too long for a single post.`;
const LONG = Array.from({ length: 10 }, (_, i) => sentence(i + 1)).join(' ');

const previewed = (page) => page.locator('#parts .part-text').allTextContents();

/* Waits until the preview is what `fits` says, and gives its texts. */
async function preview(page, fits) {
	await page.waitForFunction((source) => {
		const texts = [...document.querySelectorAll('#parts .part-text')].map((p) => p.textContent);
		return texts.length > 0 && new RegExp(source, 's').test(texts.join('\n'));
	}, fits.source);
	return previewed(page);
}

async function writeLong(page, text = LONG) {
	await page.getByLabel('Text of the post').fill(text);
	await page.getByText('How shall it go out?').waitFor();
}

/* Oldest first. */
async function threadOf(account) {
	return (await postsOf(account)).sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
}

test('a text that is too long goes out as its author says: as the thread that was shown', async () => {
	await deskStory(browser, 'thread', {}, async (page, account) => {
		await writeLong(page);
		assert.ok(await page.locator('#post').isDisabled(), 'nothing is chosen for the author');
		assert.ok(await page.getByLabel('Not yet').isChecked());
		assert.ok(await page.locator('#preview').isHidden());
		await shot(page, '20-too-long');

		await page.getByLabel('As a thread').check();
		const plain = await preview(page, /^This.*10 of/);
		assert.ok(plain.length > 2);
		await page.getByLabel('Number them').check();
		const parts = await preview(page, /\(1\/\d\)/);
		assert.equal(await page.locator('#count-words').textContent(), `${parts.length} posts`);
		assert.match(await page.locator('#cost').textContent(), /^costs \$0\.\d+ together$/);
		const counts = await page.locator('#parts .part-count :last-child').allTextContents();
		assert.equal(counts.length, parts.length);
		for (const count of counts)
			assert.ok(Number(/^(\d+)\/280$/.exec(count)[1]) <= 280, count);
		await shot(page, '21-thread');

		await page.reload();
		assert.deepEqual(await preview(page, /\(1\/\d\)/), parts, 'a reload loses neither text nor choice');
		assert.deepEqual(await postsOf(account), []);
		await page.getByRole('button', { name: 'Post thread' }).click();
		await page.getByText('Published').waitFor();
		const live = await threadOf(account);
		assert.deepEqual(live.map((p) => p.text), parts);
		live.slice(1).forEach((post, i) => assert.equal(post.reply_to, live[i].id));
		assert.equal(await page.locator('#result .post-link').count(), parts.length);
		await page.getByText(`Thread of ${parts.length}: all on X`).waitFor();
		assert.equal(await page.locator('#text').inputValue(), '');
		assert.ok(await page.locator('#long').isHidden());
		await shot(page, '22-thread-published');

		await writeLong(page, `${LONG} Again.`);
		assert.ok(await page.getByLabel('Not yet').isChecked(), 'the next text is asked about anew');
	});
});

test('cut short, with a link whose price is said before', async () => {
	await deskStory(browser, 'cut', {}, async (page, account) => {
		await writeLong(page);
		await page.getByLabel('Cut short').check();
		const [short] = await preview(page, /\.\.\.$/);
		assert.ok(LONG.startsWith(short.slice(0, -3)));
		assert.equal(await page.locator('#cost').textContent(), 'costs $0.015');
		await page.getByLabel('Link to the full text').fill('https://example.org/whole');
		const [text] = await preview(page, /\.\.\. https:\/\/example\.org\/whole$/);
		await page.locator('#warnings').getByText('$0.20 instead of $0.015').waitFor();
		assert.equal(await page.locator('#cost').textContent(), 'costs $0.20');
		await page.getByLabel('Link to the full text').press('Enter');
		await shot(page, '23-cut');
		assert.deepEqual(await postsOf(account), [], 'Enter in the link’s field posts nothing');
		await page.locator('#post').click();
		await page.getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [text]);
	});
});

test('a text that becomes short again is posted as it stands', async () => {
	await deskStory(browser, 'short', {}, async (page, account) => {
		await writeLong(page);
		await page.getByLabel('Cut short').check();
		await preview(page, /\.\.\.$/);
		const text = `Short after all, ${account}`;
		await page.getByLabel('Text of the post').fill(text);
		await counted(page, text.length);
		assert.ok(await page.locator('#long').isHidden());
		assert.ok(await page.locator('#preview').isHidden());
		await page.locator('#post').click();
		await page.getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [text]);
	});
});

test('a price that nobody has seen yet is shown before it is paid', async () => {
	await deskStory(browser, 'price', {}, async (page, account) => {
		const box = page.getByLabel('Text of the post');
		await box.fill(`Quick, ${account} https://example.org/`);
		await box.press('Control+Enter');
		await page.getByText('Have a look first').waitFor();
		assert.match(await page.locator('#warnings').textContent(), /\$0\.20 instead of \$0\.015/);
		assert.deepEqual(await postsOf(account), []);
		await shot(page, '24-price');
		await box.press('Control+Enter');
		await page.getByText('Published').waitFor();
		assert.equal((await postsOf(account)).length, 1);
	});
});

test('a Premium account has room for more, and is not asked', async () => {
	await deskStory(browser, 'premium', {}, async (page, account) => {
		await page.getByLabel('Text of the post').fill(LONG);
		await counted(page, LONG.length);
		assert.equal(await page.locator('#count-max').textContent(), '/25000');
		assert.ok(await page.locator('#long').isHidden());
		await page.locator('#post').click();
		await page.getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [LONG]);
		await shot(page, '25-premium');
	});
});

test('a Premium account is told its own limit', async () => {
	await deskStory(browser, 'premium', {}, async (page) => {
		const box = page.getByLabel('Text of the post');
		await box.fill('Short');
		await counted(page, 5);
		assert.equal(await page.locator('#count-words').textContent(), '5/25000');
		await box.fill('日'.repeat(13200));
		await counted(page, 26400);
		assert.equal(await page.locator('#count-words').textContent(), '26400/25000');
		assert.match(await page.locator('#warnings').textContent(), /26400 of 25000/);
	});
});

test('a very long text is kept whole, and said to be too long', async () => {
	await deskStory(browser, 'vast', {}, async (page, account) => {
		const box = page.getByLabel('Text of the post');
		const paste = (text) => box.evaluate((node, t) => {
			node.focus();
			node.select();
			document.execCommand('insertText', false, t);
		}, text);
		const text = Array.from({ length: 4286 }, (_, i) => `w${10000 + i}`).join(' ');
		await paste(text);
		await counted(page, text.length);
		assert.equal(await box.inputValue(), text);
		assert.match(await page.locator('#count-words').textContent(), /^30001\/280$/);
		assert.match(await page.locator('#warnings').textContent(), /Make it shorter/);
		assert.ok(await page.locator('#post').isDisabled());
		await shot(page, '27-vast');
		await page.getByLabel('As a thread').check();
		assert.equal((await preview(page, /w14285/)).join(' '), text);

		await paste('x'.repeat(300000));
		await page.getByText('That is too long').or(page.getByText('does not take texts of this size')).first().waitFor();
		assert.equal(await page.locator('#count-words').textContent(), 'over the limit');
		assert.doesNotMatch(await page.locator('#composer').textContent(), /body|KB/);
		assert.ok(await page.locator('#post').isDisabled());
		assert.ok(await page.locator('#long').isHidden(), 'no choice would help');
		assert.equal((await box.inputValue()).length, 300000);
		assert.deepEqual(await postsOf(account), []);
	});
});

test('a link that will not do is said at its field, and does not hold up a short text', async () => {
	await deskStory(browser, 'link', {}, async (page, account) => {
		await writeLong(page);
		await page.getByLabel('Cut short').check();
		await page.getByLabel('Link to the full text').fill('not a link');
		await page.getByText('This is no address of a web page.').waitFor();
		assert.ok(await page.locator('#post').isDisabled());
		assert.doesNotMatch(await page.locator('#warnings').textContent(), /link must/);
		await page.reload();
		await page.getByText('This is no address of a web page.').waitFor();
		assert.equal(await page.getByLabel('Link to the full text').inputValue(), 'not a link');
		const text = `Short, ${account}`;
		await page.getByLabel('Text of the post').fill(text);
		await counted(page, text.length);
		await page.locator('#post:enabled').click();
		await page.getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [text]);
	});
});

test('a text that is written from right to left begins at the right', async () => {
	await deskStory(browser, 'rtl', {}, async (page) => {
		await page.getByLabel('Text of the post').fill('مرحبا بالعالم.');
		assert.equal(await page.locator('#text').evaluate((box) => getComputedStyle(box).direction), 'rtl');
	});
});

test('choices and preview fit a phone', async () => {
	const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: 'dark' };
	await deskStory(browser, 'slim', phone, async (page) => {
		await writeLong(page, `${LONG} ${'w'.repeat(300)}`);
		await page.getByLabel('As a thread').check();
		await preview(page, /wwww/);
		await page.locator('#later').tap();
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
		await shot(page, '26-phone-thread');
	});
});
