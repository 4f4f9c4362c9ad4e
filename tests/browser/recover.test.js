/* What fails for a while: the page says so, and goes on by itself. */

import assert from 'node:assert/strict';
import { realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SITE, atDesk, consent, deskStory, item, launch, postsOf, publish, sandbox, shot, signIn, story, unique } from './stack.js';
import { accepted } from '../flow/lib/fcgi.js';
import { database, sockets, until } from '../flow/lib/stack.js';
import { withWorkers } from '../flow/lib/worker.js';

const OUR_OWN = { skip: process.env.NEXUS_STACK ? false : 'needs an instance of its own' };

let browser;

before(async () => {
	browser = await launch();
	await sandbox('DELETE', '/sandbox/faults');
});
after(async () => {
	await sandbox('DELETE', '/sandbox/faults');
	await browser.close();
});

/* At X, with everything filled in: `press` sends the browser back. */
async function atConsent(page, account) {
	await page.getByRole('link', { name: 'Connect X' }).click();
	await page.locator('input[name=account]').fill(account);
	return () => page.locator('button[name=decision][value=allow]').click({ noWaitAfter: true });
}

test('an answer of X that waits for the database becomes an account without a click', OUR_OWN, async () => {
	const account = unique('defer');
	await story(browser, {}, async (page) => {
		await signIn(page, `${account}@example.org`);
		const press = await atConsent(page, account);
		await sandbox('POST', '/sandbox/faults', { path: '/2/users/me', fault: 'slow', held: true, count: 1 });
		await press();
		const hits = async () => (await sandbox('GET', '/sandbox/faults'))[0]?.hits > 0;
		while (!await hits())
			await page.waitForTimeout(50);
		database.stop();
		await sandbox('DELETE', '/sandbox/faults');
		try {
			await page.locator('#banner').getByText(/^(X allowed access|Your connection is on its way)$/).waitFor({ timeout: 60000 });
			await page.locator('#trouble').getByText(/Trying again in \d+ second/).waitFor();
			await shot(page, '80-deferred');
		} finally {
			await database.start();
		}
		await page.locator('[data-status=connected]').waitFor({ timeout: 60000 });
		await page.locator('#banner').getByText(`@${account} is connected`).waitFor({ timeout: 60000 });
		await shot(page, '81-arrived');
	});
});

test('a desk opened while the database is away is there when it is back', OUR_OWN, async () => {
	await deskStory(browser, 'back', {}, async (page, account) => {
		await publish(page, [{ text: `Here, ${account}` }]);
		database.stop();
		try {
			await page.reload();
			await page.locator('#trouble').getByText(/Trying again in \d+ second/).waitFor({ timeout: 60000 });
			await shot(page, '82-away');
		} finally {
			await database.start();
		}
		await item(page, 'sent').getByText(`Here, ${account}`).waitFor({ timeout: 60000 });
		assert.ok(await page.locator('#trouble').isHidden());
	});
});

test('a list that could not be read is read again by itself', async () => {
	await deskStory(browser, 'reread', {}, async (page, account) => {
		await publish(page, [{ text: `There, ${account}` }]);
		await page.route('**/api/twitter/posts?*', (route) => route.abort('connectionrefused'));
		await page.reload();
		await page.locator('#history-retry').getByText(/Trying again in \d+ second/).waitFor();
		await page.unroute('**/api/twitter/posts?*');
		await item(page, 'sent').getByText(`There, ${account}`).waitFor();
		assert.ok(await page.locator('#history-retry').isHidden());
		assert.equal(await page.locator('#history-trouble .notice').count(), 0);
	});
});

test('offline it says that nothing is lost; back online all is as new', async () => {
	await deskStory(browser, 'online', {}, async (page, account) => {
		await page.context().setOffline(true);
		await page.locator('#offline').getByText('You are offline').waitFor();
		await page.getByLabel('Text of the post').fill('Written offline');
		assert.equal(await page.locator('#count-now').textContent(), '15', 'it is counted here');
		await shot(page, '83-offline');
		await page.context().setOffline(false);
		await page.locator('#offline .notice').waitFor({ state: 'detached' });
		await page.locator('#post:enabled').click();
		await page.locator('#result').getByText('Published').waitFor();
		assert.deepEqual((await postsOf(account)).map((p) => p.text), ['Written offline']);
	});
});

test('opened offline the page comes up when the network does', async () => {
	const account = unique('dark');
	await story(browser, {}, async (page) => {
		await atDesk(page, account);
		await page.route('**/api/twitter/connections', (route) => route.abort('internetdisconnected'));
		await page.reload();
		await page.locator('#trouble').getByText('could not be reached').waitFor();
		await page.locator('#trouble').getByText(/Trying again in \d+ second/).waitFor();
		await page.unroute('**/api/twitter/connections');
		await page.evaluate(() => dispatchEvent(new Event('online')));
		await page.locator('#composer').waitFor();
	});
});

test('a restart on the way to X is waited for on a page that goes on', OUR_OWN, async () => {
	const account = unique('restart');
	const socket = join(sockets(), 'fcgi.sock'), bound = realpathSync(socket);
	await story(browser, {}, async (page) => {
		await signIn(page, `${account}@example.org`);
		renameSync(socket, `${socket}.away`);
		try {
			await page.goto('about:blank');
			await until('nginx keeps no connection', 30, () => accepted(bound) === 0);
			const answer = await page.goto(`${SITE}/api/auth/twitter/initiate?return_to=/dashboard`);
			assert.equal(answer.status(), 503);
			assert.ok(Number(answer.headers()['retry-after']) > 0);
			await page.getByText(/Trying again in \d+ second/).waitFor();
			await shot(page, '84-restart');
			const program = await page.request.get(`${SITE}/api/auth/twitter/initiate`, { headers: { Accept: 'application/json' } });
			assert.match(program.headers()['content-type'], /problem\+json/);
		} finally {
			renameSync(`${socket}.away`, socket);
		}
		await page.locator('button[value=allow]').waitFor();
	});
});

test('what X has allowed and not yet named appears by itself', async () => {
	const account = unique('later');
	await story(browser, {}, async (page) => {
		await signIn(page, `${account}@example.org`);
		await sandbox('POST', '/sandbox/faults', { path: '/2/users/me', fault: '503' });
		await page.getByRole('link', { name: 'Connect X' }).click();
		await consent(page, account, 'allow');
		await page.locator('#banner').getByText('X allowed access').waitFor();
		assert.match(await page.locator('#banner').textContent(), /appears here by itself/);
		assert.equal(page.url(), `${SITE}/dashboard`);
		assert.equal(await page.locator('[data-status=connected]').count(), 0);
		await shot(page, '85-pending');
		await page.reload();
		await page.locator('#banner').getByText('X allowed access').waitFor();
		await sandbox('DELETE', '/sandbox/faults');
		await withWorkers(1, async () => {
			await page.locator('#banner').getByText(`@${account} is connected`).waitFor({ timeout: 60000 });
			await page.locator('[data-status=connected]').waitFor();
		});
	});
});

test('an approval that X takes back is said, too', async () => {
	const account = unique('never');
	await story(browser, {}, async (page) => {
		let pending = 1;
		await page.route('**/api/twitter/connections', (route) => route.fulfill({ json: { connections: [], pending } }));
		await signIn(page, `${account}@example.org`);
		await page.locator('#banner').getByText('X allowed access').waitFor();
		pending = 0;
		await page.locator('#banner').getByText('The account did not come').waitFor();
	});
});
