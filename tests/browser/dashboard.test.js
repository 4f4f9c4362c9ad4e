/* The page as people use it, in Chromium, against the running instance. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SITE, atDesk, connect, consent, counted, deskStory, item, launch, postsOf, publish, sandbox, seeAgain, shot, signIn, story, unique } from './stack.js';

const POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
	"connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"];

let browser;

before(async () => {
	browser = await launch();
	await sandbox('DELETE', '/sandbox/faults');
});

after(async () => {
	await sandbox('DELETE', '/sandbox/faults');
	await browser.close();
});

test('the page is served with a strict policy and its own files only', async () => {
	const page = await fetch(`${SITE}/dashboard`);
	assert.equal(page.status, 200);
	assert.match(page.headers.get('content-type'), /^text\/html/);
	const policy = page.headers.get('content-security-policy').split(';').map((d) => d.trim()).filter(Boolean);
	assert.deepEqual(policy.sort(), [...POLICY].sort());
	const html = await page.text();
	assert.doesNotMatch(html, /\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)/);
	for (const [, path] of html.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g))
		assert.equal((await fetch(SITE + path)).status, 200, path);
});

test('sign in, connect, count, post: the whole story', async () => {
	const account = unique('ada');
	await story(browser, {}, async (page) => {
		await page.goto(`${SITE}/dashboard`);
		await page.getByText('nexus-demo').waitFor();
		await shot(page, '01-sign-in');
		await signIn(page, `${account}@example.org`);
		assert.equal(await page.locator('#who-name').textContent(), `${account}@example.org`);
		await page.getByRole('heading', { name: 'Connect your X account' }).waitFor();
		await shot(page, '02-connect');

		await page.getByRole('link', { name: 'Connect X' }).click();
		await page.locator('button[value=allow]').waitFor();
		await shot(page, '03-consent');
		await consent(page, account, 'allow');
		await page.getByText(`@${account} is connected`).waitFor();
		assert.equal(page.url(), `${SITE}/dashboard`, 'the query is gone from the address bar');
		const card = page.locator('[data-status=connected]');
		assert.match(await card.textContent(), /publish and delete posts/);
		assert.equal(await card.locator('a').first().getAttribute('href'), `https://x.com/${account}`);
		assert.ok(await page.locator('#post').isDisabled(), 'nothing to post yet');
		await shot(page, '04-connected');

		const text = `Hello from ${account}, 日本`;
		await page.getByLabel('Text of the post').fill(text);
		await counted(page, [...text].length + 2);
		assert.match(await page.locator('#cost').textContent(), /^costs \$0\.\d+$/);
		await shot(page, '05-counted');
		assert.deepEqual(await postsOf(account), [], 'counting posts nothing');

		await page.locator('#post').dblclick();
		await page.getByText('Published').waitFor();
		const [post, ...others] = await postsOf(account);
		assert.deepEqual(others, [], 'a double click posts once');
		assert.equal(post.text, text);
		assert.equal(await page.locator('#result code').textContent(), post.id);
		assert.equal(await page.getByRole('link', { name: 'View on X' }).getAttribute('href'),
			`https://x.com/${account}/status/${post.id}`);
		assert.equal(await page.locator('#text').inputValue(), '');
		await shot(page, '06-published');

		await page.reload();
		await page.locator('[data-status=connected]').waitFor();
	});
});

test('a text over the limit cannot be posted, and says so', async () => {
	const account = unique('long');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		const box = page.getByLabel('Text of the post');
		await box.fill('x'.repeat(280));
		await counted(page, 280);
		assert.ok(await page.locator('#post').isEnabled());
		await box.fill('x'.repeat(281));
		await page.locator('#count[data-state=over][data-by=server]').waitFor();
		assert.ok(await page.locator('#post').isDisabled());
		assert.notEqual((await page.locator('#warnings').textContent()).trim(), '');
		assert.match(await page.locator('#count-words').textContent(), /^(281\/|over )280$/);
		await shot(page, '07-too-long');
		await box.press('Control+Enter');
		await box.fill('   ');
		assert.ok(await page.locator('#post').isDisabled());
		assert.deepEqual(await postsOf(account), []);
	});
});

test('a person who denies is told so and can try again', async () => {
	const account = unique('deny');
	await story(browser, {}, async (page) => {
		await signIn(page, `${account}@example.org`);
		await page.getByRole('link', { name: 'Connect X' }).click();
		await consent(page, account, 'deny');
		await page.getByText('You did not allow the connection').waitFor();
		assert.equal(page.url(), `${SITE}/dashboard`);
		assert.equal(await page.locator('[data-status=connected]').count(), 0);
		await shot(page, '08-denied');
		await connect(page, account);
	});
});

test('what X refuses is shown in X’s own words, with a remedy', async () => {
	const account = unique('twice');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		const box = page.getByLabel('Text of the post');
		for (const outcome of ['good', 'bad']) {
			await box.fill('The same words twice');
			await counted(page, 20);
			await box.press('Control+Enter');
			await page.locator(`#result .notice-${outcome}`).waitFor();
		}
		const said = await page.locator('#result').textContent();
		assert.match(said, /duplicate/i);
		assert.match(said, /Request\s*\S+/);
		assert.equal(await box.inputValue(), '', 'the list has it now');
		await item(page, 'failed').getByText('The same words twice').waitFor();
		assert.equal((await postsOf(account)).length, 1);
		await shot(page, '09-refused');
	});
});

test('when X fails nothing is lost and nothing is posted twice', async () => {
	const account = unique('fault');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		await sandbox('POST', '/sandbox/faults', { path: '/2/tweets', fault: '503', count: 1 });
		const box = page.getByLabel('Text of the post');
		const text = `Through a fault, ${account}`;
		await box.fill(text);
		await page.locator('#post').click();
		await page.locator('#result .notice:not(.notice-good)').waitFor();
		await item(page, 'unknown').getByText(text).waitFor();
		assert.equal(await box.inputValue(), '', 'the list has it');
		assert.match(await page.locator('#result').textContent(), /Do not post it again|will not be published twice/);
		await shot(page, '10-fault');
		await sandbox('DELETE', '/sandbox/faults');
		await page.getByRole('button', { name: 'Look now' }).click();
		await page.locator('#history-list .notice').waitFor();
		assert.ok((await postsOf(account)).length <= 1);
	});
});

test('a connection that has ended shows beside the refusal', async () => {
	const account = unique('ended');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		const refusal = { title: 'X has ended this connection', detail: 'X refused to renew it.', remedy: 'Reconnect the account.', code: 'needs_reauth', status: 409, request_id: 'abc123' };
		await page.route('**/api/twitter/post', (route) => (route.request().headers()['idempotency-key']
			? route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(refusal) })
			: route.continue()));
		await page.route('**/api/twitter/connections', async (route) => {
			const answer = await (await route.fetch()).json();
			Object.assign(answer.connections[0], { status: 'needs_reauth', can_post: false });
			await route.fulfill({ json: answer });
		});
		await page.getByLabel('Text of the post').fill('Too late');
		await page.locator('#post').click();
		await page.getByRole('link', { name: `Reconnect @${account}` }).waitFor();
		assert.match(await page.locator('#result').textContent(), /Choose “Reconnect”/);
		assert.equal(await page.locator('#text').inputValue(), 'Too late');
		assert.ok(await page.locator('#post').isDisabled());
		await shot(page, '17-needs-you');
	});
});

test('an answer lost on the way: posting again publishes once', async () => {
	const account = unique('lost');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		const text = `Lost on the way, ${account}`;
		await page.getByLabel('Text of the post').fill(text);
		await counted(page, [...text].length);
		const keys = [];
		await page.route('**/api/twitter/post', async (route) => {
			keys.push(route.request().headers()['idempotency-key']);
			await route.fetch();
			await route.abort('connectionreset');
		}, { times: 1 });
		await page.locator('#post').click();
		await page.getByText('The server could not be reached').waitFor();
		await page.reload();
		await page.waitForFunction((t) => document.getElementById('text').value === t, text);
		page.on('request', (r) => r.headers()['idempotency-key'] && keys.push(r.headers()['idempotency-key']));
		await page.locator('#post:enabled').click();
		await page.getByText('Published').waitFor();
		assert.equal(new Set(keys).size, 1);
		assert.equal((await postsOf(account)).length, 1);
	});
});

async function tabTo(page, selector) {
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press('Tab');
		if (await page.locator(selector).evaluateAll((all) => all.includes(document.activeElement)))
			return;
	}
	assert.fail(`the Tab key does not reach ${selector}`);
}

async function assertFocusShows(page) {
	const width = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
	assert.ok(Number.parseFloat(width) >= 2, 'focus is visible');
}

test('everything can be done with the keyboard alone', async () => {
	const account = unique('keys');
	await story(browser, { reducedMotion: 'reduce' }, async (page) => {
		await page.goto(`${SITE}/dashboard`);
		await page.locator('#email:focus').waitFor();
		await page.keyboard.type(`${account}@example.org`);
		await tabTo(page, '#password');
		await assertFocusShows(page);
		await page.keyboard.type('nexus-demo');
		await page.keyboard.press('Enter');
		await page.locator('#welcome').waitFor();
		await tabTo(page, '#welcome a[data-connect]');
		await assertFocusShows(page);
		await page.keyboard.press('Enter');
		await page.locator('input[name=account]').waitFor();
		await tabTo(page, 'input[name=account]');
		await page.keyboard.press('Control+A');
		await page.keyboard.type(account);
		await tabTo(page, 'button[value=allow]');
		await page.keyboard.press('Enter');
		await page.locator('#composer').waitFor();
		await tabTo(page, '#text');
		await assertFocusShows(page);
		await page.keyboard.type('Typed, then Enter');
		await page.keyboard.press('Enter');
		await page.keyboard.type('then Control and Enter');
		await page.keyboard.press('Control+Enter');
		await page.getByText('Published').waitFor();
		assert.equal((await postsOf(account))[0].text, 'Typed, then Enter\nthen Control and Enter');
		assert.ok(await page.locator('#text').evaluate((box) => box === document.activeElement));

		await tabTo(page, '[data-id] button');
		await page.keyboard.press('Enter');
		await page.locator('#leave').waitFor();
		await page.keyboard.press('Escape');
		await page.locator('#leave').waitFor({ state: 'hidden' });
		await page.keyboard.press('Enter');
		await tabTo(page, '#leave-yes[aria-disabled=false]');
		await page.keyboard.press('Enter');
		await page.getByText(`@${account} is disconnected`).waitFor();
		await page.locator('[data-status=disconnected]').waitFor();
		assert.ok(await page.locator('#composer').isHidden());
		await shot(page, '11-disconnected');
	});
});

test('another account at X is asked about, not taken', async () => {
	const account = unique('emil'), other = unique('else');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		await page.getByRole('button', { name: `Disconnect @${account}` }).click();
		await page.locator('#leave-yes').click();
		await page.getByRole('link', { name: `Reconnect @${account}` }).click();
		await consent(page, other, 'allow');
		await page.getByText('You chose another X account').waitFor();
		await page.locator('[data-status=disconnected]').waitFor();
		assert.equal(await page.locator('[data-id]').count(), 1, 'nothing was changed');
		await shot(page, '18-other-account');
		await page.getByRole('link', { name: `Use the new account instead of @${account}` }).click();
		await consent(page, other, 'allow');
		await page.getByText(`@${other} is connected`).waitFor();
		await page.getByRole('link', { name: `Reconnect @${account}` }).click();
		await consent(page, account, 'allow');
		await page.getByText(`@${account} is connected`).waitFor();
		await page.getByLabel('Post as').waitFor();
	});
});

test('it fits a phone, light and dark', async () => {
	const account = unique('phone');
	const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
	await story(browser, { ...phone, colorScheme: 'dark' }, async (page) => {
		const fits = async (name) => {
			assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, name);
			await shot(page, name);
		};
		await page.goto(`${SITE}/dashboard`);
		await page.locator('#sign-in').waitFor();
		await fits('12-phone-sign-in');
		await atDesk(page, account);
		await page.getByLabel('Text of the post').fill(`W${'w'.repeat(260)}`);
		await counted(page, 261);
		await fits('13-phone-dark');
		await page.emulateMedia({ colorScheme: 'light' });
		await fits('14-phone-light');
		await page.locator('[data-id] button').tap();
		await page.locator('#leave').waitFor();
		await fits('15-phone-disconnect');
		await page.locator('#leave-no').tap();
		await page.locator('#post').tap();
		await page.getByText('Published').waitFor();
	});
});

test('a wrong password is refused in words', async () => {
	await story(browser, {}, async (page) => {
		await page.goto(`${SITE}/dashboard`);
		await page.getByLabel('E-mail address').fill('ada@example.org');
		await page.getByLabel('Password').fill('wrong');
		await page.getByRole('button', { name: 'Sign in' }).click();
		await page.getByText('The e-mail address or the password is not right.').waitFor();
	});
});

function focused(page) {
	return page.evaluate(() => document.activeElement.id);
}

async function sessionCookies(context) {
	return (await context.cookies()).filter((c) => c.name.startsWith('sb-'));
}

function readSession(cookies) {
	const value = cookies.sort((a, b) => a.name.localeCompare(b.name)).map((c) => c.value).join('');
	return JSON.parse(Buffer.from(value.slice('base64-'.length), 'base64url').toString());
}

test('an ending session is refreshed, and signing out ends it', async () => {
	const account = unique('stay');
	await story(browser, {}, async (page, context) => {
		await signIn(page, `${account}@example.org`);
		const [first] = await sessionCookies(context);
		assert.equal(first.name, 'sb-nexus-auth-token');
		assert.equal(first.sameSite, 'Lax');
		const session = { ...readSession([first]), expires_at: 1 };
		const value = `base64-${Buffer.from(JSON.stringify(session)).toString('base64url')}`;
		await context.addCookies([{ ...first, value }]);
		const refreshed = page.waitForResponse((r) => r.url().endsWith('grant_type=refresh_token'));
		await page.reload();
		assert.equal((await refreshed).status(), 200);
		await page.locator('#signed-in').waitFor();
		const now = readSession(await sessionCookies(context));
		assert.ok(now.expires_at > Date.now() / 1000);
		assert.equal(now.user.email, `${account}@example.org`);

		await page.getByRole('button', { name: 'Sign out' }).click();
		await page.locator('#sign-in').waitFor();
		assert.deepEqual(await sessionCookies(context), []);
		await page.reload();
		await page.locator('#sign-in').waitFor();
	});
});

test('a session of the Nexus site counts, in chunks too', async () => {
	const account = unique('site');
	await story(browser, {}, async (page, context) => {
		await signIn(page, `${account}@example.org`);
		const [own] = await sessionCookies(context);
		const half = Math.ceil(own.value.length / 2);
		await context.clearCookies();
		await context.addCookies([0, 1].map((i) => ({
			...own, name: `sb-abcdefghij-auth-token.${i}`, value: own.value.slice(i * half, (i + 1) * half),
		})));
		await page.reload();
		await page.locator('#signed-in').waitFor();
		assert.equal(await page.locator('#who-name').textContent(), `${account}@example.org`);
		await connect(page, account);
	});
});

test('a cookie of the project that a neighbour adds signs nobody in, and signing in ends it', async () => {
	const account = unique('tossed'), stranger = unique('stranger');
	await story(browser, {}, async (page, context) => {
		await signIn(page, `${stranger}@example.org`);
		const [theirs] = await sessionCookies(context);
		await context.clearCookies();
		await signIn(page, `${account}@example.org`);
		await context.addCookies([{ ...theirs, name: 'sb-abcdefghij-auth-token' }]);
		assert.equal((await page.request.get(`${SITE}/api/twitter/connections`)).status(), 401);
		await page.reload();
		await page.locator('#sign-in').waitFor();
		await signIn(page, `${account}@example.org`);
		assert.deepEqual((await sessionCookies(context)).map((c) => c.name), ['sb-nexus-auth-token']);
		assert.equal(await page.locator('#who-name').textContent(), `${account}@example.org`);
	});
});

test('a session that ends while one writes loses no text', async () => {
	const account = unique('ends');
	await story(browser, {}, async (page, context) => {
		await atDesk(page, account);
		await context.clearCookies();
		const box = page.getByLabel('Text of the post'), dialog = page.locator('dialog#again');
		await box.pressSequentially('Written before the end');
		await dialog.getByText('Your session has ended').waitFor();
		assert.equal(await focused(page), 'text', 'nobody has asked for another field');
		await page.keyboard.type(', and after it');
		assert.equal(await box.inputValue(), 'Written before the end, and after it');
		assert.ok(await dialog.evaluate((node) => !node.matches(':modal')));
		await shot(page, '50-session-ended');
		await dialog.getByRole('button', { name: 'Not now' }).click();
		await page.keyboard.press('End');
		assert.equal(await focused(page), 'text');
		await page.keyboard.type('!');
		assert.ok(await dialog.isHidden(), 'it does not come again by itself');

		await page.locator('#post').click();
		await page.waitForFunction(() => document.querySelector('dialog#again:modal'));
		assert.equal(await page.getByLabel('E-mail address').inputValue(), `${account}@example.org`);
		assert.equal(await focused(page), 'password', 'now somebody waits for it');
		await shot(page, '51-sign-in-again');
		await page.keyboard.type('nexus-demo');
		await page.keyboard.press('Enter');
		await dialog.waitFor({ state: 'hidden' });
		await page.getByText('You are signed in again').waitFor();
		const text = 'Written before the end, and after it!';
		assert.equal(await box.inputValue(), text);
		assert.deepEqual(await postsOf(account), [], 'signing in sends nothing');
		await counted(page, text.length);
		await page.locator('#post').click();
		await page.locator('#result').getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [text]);
	});
});

test('the address bar cannot put words in our mouth', async () => {
	await story(browser, {}, async (page) => {
		await signIn(page, `${unique('bar')}@example.org`);
		await page.goto(`${SITE}/dashboard?x_error=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E`);
		await page.getByText('The connection was not completed').waitFor();
		assert.equal(await page.locator('#banner img').count(), 0);
		assert.doesNotMatch(await page.locator('#banner').textContent(), /onerror/);
		await page.goto(`${SITE}/dashboard?x=connected`);
		await page.locator('#welcome').waitFor();
		assert.equal(await page.locator('#banner .notice').count(), 0);
		assert.equal(page.url(), `${SITE}/dashboard`);
	});
});

test('a server that does not answer is shown, and can be asked again', async () => {
	await story(browser, {}, async (page) => {
		const problem = { title: 'Not available just now', detail: 'The database is not answering.', remedy: 'Try again in a minute.', request_id: 'abc123', code: 'database_unavailable' };
		await page.route('**/api/twitter/connections', (route) => route.fulfill({
			status: 503, contentType: 'application/problem+json', headers: { 'Retry-After': '30' }, body: JSON.stringify(problem),
		}), { times: 1 });
		await page.goto(`${SITE}/dashboard`);
		const said = page.locator('#trouble');
		await said.getByText(/Trying again in \d+ seconds?/).waitFor();
		assert.match(await said.textContent(), /database is not answering.*by itself.*abc123.*in (30|29|2\d) seconds/s);
		await shot(page, '16-trouble');
		await page.getByRole('button', { name: 'Try again now' }).click();
		await page.locator('#sign-in').waitFor();
	});
});

/* Another tab of the same browser: Alice leaves, Bob comes. */
async function changePerson(context, account) {
	const tab = await context.newPage();
	await tab.goto(`${SITE}/dashboard`);
	await tab.getByRole('button', { name: 'Sign out' }).click();
	await tab.getByRole('button', { name: 'Keep it, sign out' }).click();
	await tab.locator('#sign-in').waitFor();
	await atDesk(tab, account);
	await publish(tab, [{ text: `By ${account}` }]);
}

const RETURNS = {
	'seeing the page again': seeAgain,
	'pressing Post': (page) => page.locator('#post').click(),
	typing: (page) => page.getByLabel('Text of the post').pressSequentially('more'),
	'looking at the list': (page) => page.evaluate(() => document.querySelector('#older').onclick()),
};

for (const [how, comeBack] of Object.entries(RETURNS)) {
	test(`somebody else signed in elsewhere: ${how} sets up their desk`, async () => {
		const alice = unique('alice'), bob = unique('bob');
		await story(browser, {}, async (page, context) => {
			await atDesk(page, alice);
			await publish(page, [{ text: `Shown to ${alice} only` }]);
			await seeAgain(page);
			await item(page, 'sent').waitFor();
			await page.getByLabel('Text of the post').fill(`Written by ${alice}`);
			await counted(page, `Written by ${alice}`.length);
			await changePerson(context, bob);
			await comeBack(page);
			await page.locator('#who-name').getByText(`${bob}@example.org`).waitFor();
			await item(page, 'sent').getByText(`By ${bob}`).waitFor();
			assert.equal(await page.locator('#text').inputValue(), '');
			assert.ok(await page.locator('#post').isDisabled());
			assert.doesNotMatch(await page.locator('main').textContent(), new RegExp(alice));
			assert.deepEqual((await postsOf(bob)).map((p) => p.text), [`By ${bob}`]);
		});
	});
}

test('somebody else signed in elsewhere: “Connect X” does not make the account theirs', async () => {
	const alice = unique('alice'), bob = unique('bob');
	await story(browser, {}, async (page, context) => {
		await signIn(page, `${alice}@example.org`);
		const asked = [];
		page.on('request', (request) => request.url().includes('/initiate') && asked.push(request.url()));
		const tab = await context.newPage();
		await tab.goto(`${SITE}/dashboard`);
		await tab.getByRole('button', { name: 'Sign out' }).click();
		await signIn(tab, `${bob}@example.org`);
		await page.getByRole('link', { name: 'Connect X' }).click();
		await page.locator('#who-name').getByText(`${bob}@example.org`).waitFor();
		assert.deepEqual(asked, []);
		assert.equal(new URL(page.url()).origin, new URL(SITE).origin);
	});
});

async function hideSession(context) {
	await context.addCookies((await sessionCookies(context)).map((c) => ({ ...c, httpOnly: true })));
}

async function deleteOne(page) {
	await item(page, 'sent').getByRole('button', { name: 'Delete' }).click();
	await page.locator('#remove-yes').click();
}

for (const [how, comeBack] of Object.entries({ 'is seen again': seeAgain, 'reads its list': deleteOne })) {
	test(`a session that scripts cannot read: the desk changes hands when the page ${how}`, async () => {
		const alice = unique('alice'), bob = unique('bob');
		await story(browser, {}, async (page, context) => {
			await atDesk(page, alice);
			await publish(page, [{ text: `Shown to ${alice} only` }]);
			const hers = await sessionCookies(context);
			await context.clearCookies();
			await atDesk(page, bob);
			await publish(page, [{ text: `By ${bob}` }]);
			const his = await sessionCookies(context);
			await context.clearCookies();
			await context.addCookies(hers);
			await hideSession(context);
			await page.reload();
			await page.getByLabel('Text of the post').fill(`Written by ${alice}`);
			await counted(page, `Written by ${alice}`.length);
			await context.addCookies(his);
			await hideSession(context);
			await comeBack(page);
			await page.locator('#connections').getByText(`@${bob}`).waitFor();
			await item(page, 'sent').getByText(`By ${bob}`).waitFor();
			assert.equal(await page.locator('#text').inputValue(), '');
			assert.doesNotMatch(await page.locator('main').textContent(), new RegExp(alice));
		});
	});
}

async function post(page, text) {
	await page.getByLabel('Text of the post').fill(text);
	await page.locator('#post:enabled').click();
}

function soon(minutes) {
	const at = new Date(Date.now() + minutes * 60000);
	return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

test('what the page says of a post ends with what it says', async () => {
	await deskStory(browser, 'true', {}, async (page, account) => {
		await page.getByRole('button', { name: 'Schedule…' }).click();
		await page.getByLabel('Goes out at').fill(soon(1440));
		await post(page, `Later, ${account}`);
		await page.getByText(/^Scheduled for /).waitFor();
		await item(page, 'queued').getByRole('button', { name: 'Cancel' }).click();
		await item(page, 'cancelled').waitFor();
		assert.equal(await page.locator('#result .notice').count(), 0);

		await post(page, `Now, ${account}`);
		await page.locator('#result').getByText('Published').waitFor();
		await item(page, 'sent').getByRole('button', { name: 'Delete' }).click();
		await page.locator('#remove-yes').click();
		await item(page, 'deleted').waitFor();
		assert.equal(await page.locator('#result .notice').count(), 0);

		await sandbox('POST', '/sandbox/faults', { path: '/2/tweets', method: 'POST', fault: '400', skip: 1, count: 1 });
		await page.getByLabel('Text of the post').fill(`A thread of ${account} that breaks. `.repeat(12));
		await page.getByLabel('As a thread').check();
		await page.getByRole('button', { name: 'Post thread' }).click();
		await page.getByText('Only a part was published').waitFor();
		await item(page, 'partial').getByRole('button', { name: 'Resume' }).click();
		await page.locator('#result .notice-good').waitFor();
		assert.equal(await page.getByText('Only a part was published').count(), 0);
	});
});

test('a reload while a post is being sent: pressing Post again follows that post', async () => {
	await deskStory(browser, 'slow', {}, async (page, account) => {
		await sandbox('POST', '/sandbox/faults', { path: '/2/tweets', method: 'POST', fault: 'slow', held: true, count: 1 });
		const text = `Slowly, ${account}`;
		await post(page, text);
		await item(page, 'sending').waitFor({ timeout: 500 }).catch(() => undefined);
		await page.reload();
		await page.locator('#post:enabled').click();
		await page.getByText('This very post is being sent').waitFor();
		assert.equal(await page.locator('#result .notice-bad').count(), 0);
		assert.ok(await page.locator('#post').isDisabled());
		await sandbox('DELETE', '/sandbox/faults');
		await page.locator('#result').getByText('Published').waitFor();
		assert.equal(await page.locator('#text').inputValue(), '');
		assert.deepEqual((await postsOf(account)).map((p) => p.text), [text]);
	});
});

test('a chosen time that passes is said, and nothing goes out', async () => {
	await deskStory(browser, 'passing', {}, async (page, account) => {
		await page.clock.install();
		await page.getByRole('button', { name: 'Schedule…' }).click();
		await page.getByLabel('Goes out at').fill(soon(3));
		await page.getByLabel('Text of the post').fill(`Too late, ${account}`);
		await page.clock.runFor(2000);
		await page.locator('#post:enabled').waitFor();
		await page.clock.fastForward(200000);
		await page.getByText('That time has passed.').waitFor();
		assert.ok(await page.locator('#post').isDisabled());
		await page.getByLabel('Text of the post').press('Control+Enter');
		assert.equal(await item(page, 'sent').count(), 0);
		assert.deepEqual(await postsOf(account), []);
	});
});

test('what the server does not count is counted here, and the keyboard stays on the button that sends', async () => {
	await deskStory(browser, 'dash', {}, async (page, account) => {
		const box = page.getByLabel('Text of the post');
		await page.route('**/api/twitter/post', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' }), { times: 1 });
		await box.fill('Not counted');
		await page.getByText('count is not available just now').waitFor();
		assert.match(await page.locator('#count-words').textContent(), /^11\b/);
		await box.fill('');
		await box.fill(`Next, ${account}`);
		await counted(page, `Next, ${account}`.length);
		await sandbox('POST', '/sandbox/faults', { path: '/2/tweets', method: 'POST', fault: 'slow', held: true, count: 1 });
		await page.locator('#post').focus();
		await page.keyboard.press('Enter');
		await page.getByRole('button', { name: 'Posting…' }).waitFor();
		await page.waitForTimeout(200);
		assert.ok(await page.locator('#post').evaluate((button) => button === document.activeElement));
		await page.keyboard.press('Enter');
		await sandbox('DELETE', '/sandbox/faults');
		await page.locator('#result').getByText('Published').waitFor();
		assert.equal((await postsOf(account)).length, 1);
	});
});
