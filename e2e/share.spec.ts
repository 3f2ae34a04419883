import { gzipSync } from 'node:zlib';
import { encodeSharedRun, type SharedRun } from '../src/domain/sharing/share-link';
import {
  ENGINE,
  expect,
  gradedRows,
  openIsolated,
  run,
  shortenAnswers,
  stop,
  visitedTest as test,
  waitForGraded,
} from './site';

const SHA = 'a'.repeat(64);

function sharedRun(change: Partial<SharedRun> = {}): SharedRun {
  return {
    version: 1,
    startedAt: Date.UTC(2026, 10, 22),
    end: 'finished',
    model: { id: 'some-model', name: 'Some Model' },
    artifact: { id: 'some-model-q4', quantization: 'Q4_0', sha256: SHA },
    session: { engineId: 'wllama', engineVersion: '1', backend: 'wasm', threads: 2, contextTokens: 2048 },
    templateSha256: SHA,
    set: { id: 'some-set', title: 'Some Set', language: 'en', sha256: SHA, caseCount: 1 },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: 64 },
    logicalCores: 8,
    results: [
      {
        caseId: 'one',
        status: 'pass',
        answer: 'Twelve',
        cut: false,
        reason: { code: 'matched', expected: '12', found: '12' },
        answerTokens: 3,
        firstTokenMs: 10,
        totalMs: 20,
        decodeMs: 10,
      },
    ],
    ...change,
  };
}

test('a link shows the same result in a fresh profile, without a model, and can be re-run', async ({
  browser,
  page,
  site,
}) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openIsolated(page, site.url);
  await shortenAnswers(page, 24);
  await run(page);
  await waitForGraded(page, 3);
  await stop(page);
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText(/^Copied/)).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link.startsWith(`${site.url}#r=`)).toBe(true);
  expect(link.length).toBeLessThan(8_200);
  const rows = await gradedRows(page).count();
  const headline = await page.locator('.status .headline').innerText();
  // Text and not inner text: rows out of sight are not laid out.
  const answers = await gradedRows(page).locator('.answer').allTextContents();

  const fresh = await browser.newContext({ locale: 'en-US' });
  const reader = await fresh.newPage();
  site.requests.length = 0;
  await reader.goto(link);
  // The one reload that brings threads.
  await reader.waitForFunction(() => crossOriginIsolated);
  await expect(reader.locator('.status .headline')).toHaveText(headline);
  await expect(gradedRows(reader)).toHaveCount(rows);
  expect(await gradedRows(reader).locator('.answer').allTextContents()).toEqual(answers);
  await expect(reader.getByText('No model was loaded to show it')).toBeVisible();
  expect(site.requests.filter((path) => ENGINE.test(path) || path.includes('static-models'))).toEqual([]);

  await reader.getByRole('button', { name: 'Run it yourself' }).click();
  await expect(reader.getByLabel('Model')).toHaveValue('smollm2-135m-instruct');
  await expect(reader.getByText('greedy, at most 24 tokens')).toBeVisible();
  await run(reader);
  await waitForGraded(reader, 1);
  expect(await gradedRows(reader).locator('.answer').first().textContent()).toBe(answers[0]);
  await stop(reader);
  await fresh.close();
});

test('junk, bombs and foreign results get a clear word', async ({ page, site }) => {
  // The reload that brings threads would break into a navigation.
  await openIsolated(page, site.url);
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024)).toString('base64url');
  const huge = gzipSync(Buffer.alloc(1024 * 1024 * 1024)).toString('base64url');
  const wrong = await encodeSharedRun({ ...sharedRun(), version: 2 as 1 });
  const valid = await encodeSharedRun(sharedRun());
  const junk = [
    '',
    'hello',
    '%3Cscript%3E',
    'A'.repeat(500),
    bomb,
    huge,
    wrong,
    valid.slice(0, -12),
    `${valid}x`,
  ];
  for (const payload of junk) {
    await page.goto('about:blank');
    await page.goto(`${site.url}#r=${payload}`);
    await expect(page.getByRole('heading', { name: 'This link cannot be read' })).toBeVisible({
      timeout: 10_000,
    });
    await expect(page.getByRole('alert')).toBeVisible();
  }
  await page.getByRole('link', { name: 'To the start' }).click();
  await expect(page.getByRole('heading', { name: 'Is it any good at logic?' })).toBeVisible();
});

test('HTML in a link is shown as text and nothing runs', async ({ page, site }) => {
  const attack = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
  const [result] = sharedRun().results;
  if (result === undefined) throw new Error('no result');
  const payload = await encodeSharedRun(
    sharedRun({
      model: { id: 'x', name: attack },
      set: { ...sharedRun().set, title: attack },
      results: [
        {
          ...result,
          caseId: attack.slice(0, 80),
          answer: attack,
          reason: { code: attack.slice(0, 40), found: attack },
        },
      ],
    }),
  );
  await page.goto(`${site.url}#r=${payload}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(attack);
  await expect(page.locator('.answer')).toContainText(attack);
  await expect(page.getByText('it cannot be repeated here')).toBeVisible();
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.title()).not.toBe('owned');
});
