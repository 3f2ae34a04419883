import {
  ENGINE,
  WEIGHTS,
  expect,
  gradedRows,
  openIsolated,
  run,
  shortenAnswers,
  stop,
  test,
  visitedTest,
  waitForGraded,
} from './site';

test('first run, then a second from the cache without a weight request', async ({ page, site }) => {
  site.delayShardsMs = 400;
  await openIsolated(page, site.url);
  await expect(page.getByText('WizardBench runs a language model on your own device')).toBeVisible();
  await expect(page.getByLabel('Model')).toHaveValue('smollm2-135m-instruct');
  await expect(page.getByLabel('Test', { exact: true })).toHaveValue('logic-en');
  await shortenAnswers(page);

  await run(page);
  const status = page.locator('.status');
  await expect(status).toContainText('Fetching the model');
  await expect(status).toContainText(/\d+ MB of 98 MB/);
  await expect(status).toContainText(/per second/);
  await expect(status).toContainText(/left/);
  await waitForGraded(page, 1);
  const first = gradedRows(page).first();
  await expect(first).toContainText(/found|expected/);

  await waitForGraded(page, 24);
  await expect(status).toContainText(/\d+ of 24 correct/);
  await expect(status).toContainText(/95 % interval \d+%–\d+%/);
  await expect(status).toContainText('Finished');
  expect(site.requests.filter((path) => WEIGHTS.test(path))).toHaveLength(6);

  await page.reload();
  site.requests.length = 0;
  await run(page);
  await waitForGraded(page, 1);
  expect(site.requests.filter((path) => path.includes('static-models'))).toEqual([]);
  await stop(page);

  await page.getByRole('link', { name: 'Results', exact: true }).click();
  const rows = page.locator('main ul > li');
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(0)).toContainText(/Stopped|Finished/);
  await expect(rows.nth(1)).toContainText('Finished · 24 of 24 answered');
  await rows
    .nth(0)
    .getByRole('button', { name: /Delete/ })
    .click();
  await rows.nth(0).getByRole('button', { name: 'Yes, delete' }).click();
  await expect(rows).toHaveCount(1);
  await rows.nth(0).getByRole('link').click();
  await expect(gradedRows(page)).toHaveCount(24);
});

test('stops in the download, in loading and in an answer; what was finished stays', async ({
  page,
  site,
}) => {
  await openIsolated(page, site.url);
  await shortenAnswers(page, 96);
  site.delayShardsMs = 3_000;
  await run(page);
  await expect(page.locator('.status')).toContainText('Fetching the model');
  await stop(page);
  // Six shards of three seconds each: it did not end by having them all.
  expect(site.requests.filter((path) => WEIGHTS.test(path)).length).toBeLessThan(6);
  await expect(page.locator('.status')).toContainText('No answer graded yet');

  site.delayShardsMs = 0;
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page.locator('.status')).toContainText(/Loading the model|Measuring/);
  await stop(page);
  await expect(page.locator('.status')).toContainText('No answer graded yet');

  await page.getByRole('button', { name: 'Run again' }).click();
  await waitForGraded(page, 2);
  await expect(page.locator('li.current')).toBeVisible();
  await stop(page);
  const graded = await gradedRows(page).count();
  expect(graded).toBeGreaterThanOrEqual(2);
  expect(graded).toBeLessThan(24);
  await expect(page.locator('.status')).toContainText('Stopped');

  await page.reload();
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await expect(page.locator('main ul > li').first()).toContainText(`Stopped · ${graded} of 24 answered`);
});

visitedTest('a run cut off by a reload goes on where it was', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 2);
  await page.reload();

  await expect(page.getByRole('heading', { name: 'A run was interrupted' })).toBeVisible();
  const text = await page.getByText(/had answered \d+ of 24/).innerText();
  const before = Number(/answered (\d+)/.exec(text)?.[1]);
  expect(before).toBeGreaterThanOrEqual(2);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(gradedRows(page).nth(before - 1)).toBeVisible();
  await waitForGraded(page, before + 1);
  await stop(page);
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await expect(page.locator('main ul > li')).toHaveCount(1);
});

test('a damaged shard is found before the model loads and fetched alone', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 1);
  await stop(page);

  await page.evaluate(async () => {
    const open = indexedDB.open('wizardbench-shards');
    const database = await new Promise<IDBDatabase>((resolve) => {
      open.onsuccess = () => resolve(open.result);
    });
    const store = database.transaction('shards', 'readwrite').objectStore('shards');
    const request = <Value>(asked: IDBRequest<Value>) =>
      new Promise<Value>((resolve) => {
        asked.onsuccess = () => resolve(asked.result);
      });
    const key = (await request(store.getAllKeys())).find(
      (each) => typeof each === 'string' && each.endsWith('/3+0000'),
    );
    const shard: unknown = await request(store.get(key ?? ''));
    if (!(shard instanceof Blob) || key === undefined) throw new Error('no part of shard 3');
    const bytes = new Uint8Array(await shard.arrayBuffer());
    bytes[12_345] = (bytes[12_345] ?? 0) ^ 1;
    const writing = database.transaction('shards', 'readwrite').objectStore('shards');
    await request(writing.put(new Blob([bytes]), key));
    database.close();
  });
  await page.reload();
  site.requests.length = 0;
  await run(page);
  await waitForGraded(page, 1);
  expect(site.requests.filter((path) => WEIGHTS.test(path))).toEqual([
    '/static-models/smollm2-135m-instruct-q4_1/shard-003.bin',
  ]);
  await stop(page);
});

test('works offline once it has run', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 1);
  await stop(page);
  await site.close();
  await page.reload();
  await run(page);
  await waitForGraded(page, 1);
  await stop(page);
});

test('runs on one thread where service workers are forbidden', async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: 'block', locale: 'en-US' });
  const page = await context.newPage();
  await page.goto(site.url);
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 1);
  await stop(page);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await expect(page.locator('.status')).toContainText('1 thread');
  await context.close();
});

test('loads no engine before it is used', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.getByRole('link', { name: 'About' }).click();
  expect(site.requests.filter((path) => ENGINE.test(path) || WEIGHTS.test(path))).toEqual([]);
});
