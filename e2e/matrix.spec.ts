import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { requantise } from '../bench/requantise.mjs';
import { createRandomModel } from '../src/inference/testing/random-model.mjs';
import { expectAccessible, expectAccessibleEverywhere } from './accessible';
import { startHub } from './hub-stand-in.mjs';
import { readJournal } from './journal';
import { expect, openIsolated, shortenAnswers, visitedTest as test } from './site';

const BUNDLED = join(import.meta.dirname, '../static-models/smollm2-135m-instruct-q4_1');
const folder = mkdtempSync(join(tmpdir(), 'wizardbench-matrix-'));
let hub: Awaited<ReturnType<typeof startHub>>;

test.beforeAll(async () => {
  const q4 = join(folder, 'q4.gguf');
  for (const name of readdirSync(BUNDLED)
    .filter((each) => each.endsWith('.bin'))
    .sort())
    appendFileSync(q4, readFileSync(join(BUNDLED, name)));
  const q8 = join(folder, 'q8.gguf');
  await requantise(q4, q8, 'Q8_0');
  hub = await startHub({
    'stand-in/SmolLM2-135M-Q8/SmolLM2-135M-Instruct.Q8_0.gguf': { paths: [q8] },
    'stand-in/tiny-random/tiny.Q4_0.gguf': {
      bytes: createRandomModel({ type: 'Q4_0', contextTokens: 4096 }),
    },
  });
});

test.afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

async function addFromHub(page: Page, repo: string): Promise<void> {
  await page.evaluate(() => {
    location.hash = '#/models/hub';
  });
  const field = page.getByLabel('A repo, an address, or what to search for');
  await field.fill(repo);
  await field.press('Enter');
  await page.getByRole('button', { name: /^Read header/ }).click();
  await page.getByRole('article').getByRole('button', { name: /^Use/ }).click();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
}

/** Answers that are in, as the page says. */
async function countDone(page: Page): Promise<number> {
  const words = await page.getByText(/^\d+ of \d+ answers\.|^All \d+ answers/).innerText();
  return Number(/(\d+) (?:of|answers)/.exec(words)?.[1] ?? NaN);
}

const TOTAL = 3 * (24 + 20);

test('three models on two sets, killed twice in the middle, answer every case exactly once', async ({
  page: first,
  context,
  site,
}) => {
  test.setTimeout(1_500_000);
  const origin = new URL(hub.fileUrl('a/b/c')).origin;
  const url = `${site.url}?hub=${encodeURIComponent(origin)}`;
  let page = first;
  await openIsolated(page, url);
  await shortenAnswers(page, 8);
  await addFromHub(page, 'stand-in/SmolLM2-135M-Q8');
  await addFromHub(page, 'stand-in/tiny-random');

  await page.getByRole('link', { name: 'Matrix' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Which model is better?');
  const chosen = page.getByRole('group', { name: 'Models' }).getByRole('checkbox', { checked: true });
  await expect(chosen).toHaveCount(1);
  await page.getByRole('checkbox', { name: 'SmolLM2 135M Instruct, Q4_1' }).check();
  await page.getByRole('checkbox', { name: /^Smollm2 135M 8k.*, Q8_0$/ }).check();
  await page.getByRole('checkbox', { name: /^WizardLM classic EN/ }).check();
  await expect(page.getByText(`${TOTAL} answers: models 3, tests 2`)).toBeVisible();
  await expect(page.getByText(/To download and keep: \d+/)).toBeVisible();
  await expectAccessibleEverywhere(page, 'matrix setup');
  await page.getByRole('button', { name: 'Start' }).click();

  // A tab that is closed in the middle takes its workers with it.
  for (const least of [7, 55]) {
    await expect.poll(() => countDone(page), { timeout: 600_000 }).toBeGreaterThanOrEqual(least);
    expect(await countDone(page)).toBeLessThan(TOTAL);
    if (least === 7) await expectAccessibleEverywhere(page, 'matrix running');
    await page.close();
    page = await context.newPage();
    await page.goto(`${url}#/matrix`);
    await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  }
  await expect(page.getByText(`All ${TOTAL} answers are in.`)).toBeVisible({ timeout: 900_000 });

  const runs = await readJournal(page);
  expect(runs).toHaveLength(6);
  expect(runs.map(({ run }) => run.end?.kind)).toEqual(new Array(6).fill('finished'));
  for (const { run, statuses, resultCount } of runs) {
    expect(Object.keys(statuses)).toHaveLength(run.setup.set.caseCount);
    expect(resultCount).toBe(run.setup.set.caseCount);
  }

  // What the page says is what the journal holds.
  const rightOf = (name: RegExp, sets = /./) =>
    runs
      .filter(({ run }) => name.test(run.setup.artifact.quantization) && sets.test(run.setup.set.id))
      .flatMap(({ statuses }) => Object.values(statuses))
      .filter((status) => status === 'pass').length;
  const verdict = page.getByRole('region', { name: 'What this shows' });
  await expect(verdict.locator('.claim').first()).toContainText('on these 44 questions');
  const plot = verdict.getByRole('listitem');
  await expect(plot).toHaveCount(3);
  await expect(plot.filter({ hasText: `${rightOf(/Q8_0/)} of 44` }).first()).toBeVisible();
  await expect(plot.filter({ hasText: `${rightOf(/Q4_1/)} of 44` }).first()).toBeVisible();
  const grid = page.getByRole('region', { name: 'Models by tests' });
  await expect(grid.getByText(`${rightOf(/Q4_1/, /^logic/)} of 24`).first()).toBeVisible();

  // Every question, and those on which the models disagree.
  const rows = page.getByRole('region', { name: 'Question by question' }).locator('li details');
  await expect(rows).toHaveCount(44);
  await rows.first().locator('summary').press('Enter');
  await expect(rows.first().locator('.answer')).toHaveCount(3);
  await page.getByRole('radio', { name: /^All wrong/ }).press('Space');
  await expect(rows).not.toHaveCount(44);
  await page.getByRole('radio', { name: /^All \d/ }).press('Space');
  await page.getByLabel('Search questions and answers').fill('no such words anywhere');
  await expect(rows).toHaveCount(0);
  await page.getByLabel('Search questions and answers').fill('');
  await expectAccessibleEverywhere(page, 'matrix over');
  await page.getByLabel('Language').selectOption('ru');
  await page.setViewportSize({ width: 390, height: 900 });
  if (process.env['SCREENSHOTS'] !== undefined)
    await page.screenshot({ path: `${process.env['SCREENSHOTS']}/matrix-ru.png` });
  await expectAccessible(page, 'matrix ru');
});
