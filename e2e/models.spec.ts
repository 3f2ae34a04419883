import type { Page } from '@playwright/test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectAccessibleEverywhere, themesOf } from './accessible';
import { listBundledFiles, startHub } from './hub-stand-in.mjs';
import { expect, gradedRows, openIsolated, run, shortenAnswers, test, waitForGraded, WEIGHTS } from './site';

const REPO = 'stand-in/SmolLM2-135M-Instruct-GGUF';
const MODEL_FOLDER = join(import.meta.dirname, '../static-models/smollm2-135m-instruct-q4_1');

type Hub = Awaited<ReturnType<typeof startHub>>;
let hub: Hub;
let folder: string;
let localGguf: string;
test.beforeAll(async () => {
  hub = await startHub(listBundledFiles());
  folder = mkdtempSync(join(tmpdir(), 'wizardbench-'));
  localGguf = join(folder, 'my-model.gguf');
  const shards = readdirSync(MODEL_FOLDER)
    .filter((name) => name.endsWith('.bin'))
    .sort();
  writeFileSync(localGguf, Buffer.concat(shards.map((name) => readFileSync(join(MODEL_FOLDER, name)))));
});
test.afterAll(async () => {
  rmSync(folder, { recursive: true });
  await hub.close();
});
test.beforeEach(() => {
  hub.heal();
  hub.requests.length = 0;
});

/** Opens a tab of the Models screen; what the page has done stays. */
async function goTo(page: Page, fragment: string): Promise<void> {
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, fragment);
}

const hubOrigin = () => new URL(hub.fileUrl('a/b/c')).origin;
const openWithHub = (page: Page, siteUrl: string) =>
  openIsolated(page, `${siteUrl}?hub=${encodeURIComponent(hubOrigin())}`);

/** Runs the first two cases and stops. */
async function runTwoCases(page: Page): Promise<void> {
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 2);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();
  expect(await gradedRows(page).count()).toBeGreaterThanOrEqual(2);
}

async function deleteStored(page: Page, name: string): Promise<void> {
  await goTo(page, '/models/stored');
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(page.getByText(name)).toHaveCount(0);
}

test('the catalog shows first what suits this device, with verdicts and their arithmetic', async ({
  page,
  site,
}) => {
  await openIsolated(page, site.url);
  await page.getByRole('link', { name: 'More models' }).click();
  await expect(page.getByText(/^Checked/)).toBeVisible();
  await expect(page.getByRole('heading', { level: 2 }).nth(1)).toHaveText('Recommended for this device');
  await expect(page.getByRole('article').first()).toHaveAccessibleName('Qwen3 0.6B');
  await page.getByRole('button', { name: /^Show all/ }).click();
  const card = page.getByRole('article', { name: 'WizardLM 7B V1.0' });
  await expect(card.getByText('single-turn', { exact: true })).toBeVisible();
  await expect(card.getByText('names and sizes not verified')).toBeVisible();
  await card.getByText('variants to choose from').click();
  await expect(card.getByText(/^(fits|tight|won't fit|not sure)$/)).not.toHaveCount(0);
  await card.getByText('How it was reckoned').first().click();
  await expect(card.getByText(/Weights 3\.8 GB \+ context .* = 4\.9 GB/).first()).toBeVisible();
  await expect(card.getByText('WizardBench SIMD').first()).toBeVisible();

  await page.getByLabel('Search models').fill('minigpt');
  await expect(page.getByRole('article')).toHaveCount(1);
  await page.getByRole('link', { name: 'LLaVA 1.5 7B' }).click();
  await expect(page.getByRole('article', { name: 'LLaVA 1.5 7B' })).toBeVisible();

  await page.getByLabel('Search models').fill('WizardLM 7B V1');
  await card.getByText('variants to choose from').click();
  await card.getByRole('radio', { name: /Q2_K/ }).check();
  await card.getByRole('button', { name: 'Use WizardLM 7B V1.0' }).click();
  await expect(page.locator('#model option:checked')).toHaveText('WizardLM 7B V1.0');
  await expect(page.locator('#model-facts')).toContainText('Q2_K');
  await expect(page.locator('#model-facts')).toContainText('Downloads 2.8 GB once');
  expect(hub.requests).toEqual([]);
  expect(site.requests.filter((path) => WEIGHTS.test(path))).toEqual([]);

  await page.reload();
  await expect(page.locator('#model-facts')).toContainText('Q2_K');
});

test('a picked file runs where it is, can be copied and then outlives the page', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await goTo(page, '/models/files');
  await page.locator('input[type=file]').setInputFiles(localGguf);
  const card = page.getByRole('article');
  await expect(card.getByText('Chat template from the file itself.')).toBeVisible();
  await expect(card.getByText('fits', { exact: true }).first()).toBeVisible();
  await card.getByRole('button', { name: /^Use/ }).click();
  await runTwoCases(page);
  await expect(page.getByText(/WizardBench SIMD|simd/i).first()).toBeAttached();
  expect(site.requests.filter((path) => WEIGHTS.test(path))).toEqual([]);

  await goTo(page, '/models/files');
  await card.getByRole('button', { name: 'Copy into the cache' }).click();
  await expect(card.getByText('A copy is stored in this browser.')).toBeVisible();
  await page.reload();
  await expect(card.getByText('A copy is stored in this browser.')).toBeVisible();
  await deleteStored(page, 'my-model.gguf');
});

test('files that make no model are refused in words', async ({ page, site }) => {
  const junk = join(folder, 'junk.gguf');
  writeFileSync(junk, 'this is no model');
  await openIsolated(page, site.url);
  await goTo(page, '/models/files');
  await page.locator('input[type=file]').setInputFiles(junk);
  await expect(page.getByRole('alert')).toContainText('not a GGUF file that can be run');

  // The same by a drop, on another tab of the screen.
  await page.locator('input[type=file]').setInputFiles(localGguf);
  await expect(page.getByRole('article')).toHaveCount(1);
  await goTo(page, '/models/catalog');
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['nor is this'], 'dropped.gguf'));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
  await expect(page.getByRole('alert')).toContainText('not a GGUF file that can be run');
  await expect(page.getByRole('article')).toHaveCount(1);
});

test('a file picked with a handle is found again after a reload, and runs', async ({ page, site }) => {
  // A real handle without the browser's dialog: of a file in the page's own file system.
  await page.addInitScript(() => {
    Object.assign(window, {
      showOpenFilePicker: async () => [
        await (await navigator.storage.getDirectory()).getFileHandle('handled.gguf', { create: true }),
      ],
    });
  });
  await openIsolated(page, site.url);
  await goTo(page, '/models/files');
  await page.evaluate(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.id = 'seed';
    document.body.append(input);
  });
  await page.locator('#seed').setInputFiles(localGguf);
  await page.locator('#seed').evaluate(async (input: HTMLInputElement) => {
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle('handled.gguf', { create: true });
    await input.files?.[0]?.stream().pipeTo(await handle.createWritable());
    input.remove();
  });
  await page.getByRole('button', { name: 'Choose files' }).click();
  const card = page.getByRole('article');
  await card.getByRole('button', { name: /^Use/ }).click();
  const chosen = page.locator('#model option:checked');
  await expect(chosen).toHaveText('Smollm2 135M 8k Lc100K Mix1 Ep2');
  // What was chosen is stored by the time that it is shown.
  await page.reload();
  await expect(chosen).toHaveText('Smollm2 135M 8k Lc100K Mix1 Ep2', { timeout: 5_000 });
  await runTwoCases(page);
  expect(site.requests.filter((path) => WEIGHTS.test(path))).toEqual([]);
  await goTo(page, '/models/files');
  await card.getByRole('button', { name: /^Forget/ }).click();
  await expect(card).toHaveCount(0);
  await goTo(page, '/');
  await page.getByRole('button', { name: 'New run' }).click();
  await expect(chosen).toHaveText('SmolLM2 135M Instruct');
});

test('a pasted repo is listed, read, downloaded by ranges, run, and deleted again', async ({
  page,
  site,
}) => {
  await openWithHub(page, site.url);
  await goTo(page, '/models/hub');
  const field = page.getByLabel('A repo, an address, or what to search for');
  await field.fill(REPO);
  await field.press('Enter');
  await expect(page.getByText('fits by its size')).toBeVisible();
  await page.getByRole('button', { name: /^Read header/ }).click();
  const card = page.getByRole('article');
  await expect(card.getByText('Chat template from the file itself.')).toBeVisible();
  // Only the beginning of the file has been fetched so far.
  expect(hub.requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0)).toBeLessThan(20_000_000);
  await card.getByRole('button', { name: /^Use/ }).click();
  await runTwoCases(page);
  expect(hub.requests.filter(({ on, range }) => on === 'cdn' && range !== undefined).length).toBeGreaterThan(
    1,
  );
  expect(site.requests.filter((path) => WEIGHTS.test(path))).toEqual([]);
  await deleteStored(page, 'SmolLM2-135M-Instruct.Q4_1.gguf');
});

for (const [status, headers, words] of [
  [404, {}, 'The host has no such thing'],
  [403, {}, 'without an account'],
  [429, { 'Retry-After': '30' }, 'Try again in 30 s'],
] as const) {
  test(`what the Hub answers with ${status} is said in words`, async ({ page, site }) => {
    await openWithHub(page, site.url);
    hub.fail({ on: 'api', status, headers });
    await goTo(page, '/models/hub');
    await page.getByLabel('A repo, an address, or what to search for').fill(REPO);
    await page.getByRole('button', { name: 'Find' }).click();
    await expect(page.getByRole('alert')).toContainText(words);
  });
}

test('has no accessibility faults and no sideways scrolling; speaks Russian', async ({ page, site }) => {
  await openWithHub(page, site.url);
  await goTo(page, '/models');
  await expect(page.getByText(/^Checked/)).toBeVisible();
  for (const language of ['en', 'ru']) {
    await page.locator('.preferences select').nth(1).selectOption(language);
    for (const tab of ['catalog', 'files', 'hub', 'stored']) {
      await goTo(page, `/models/${tab}`);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(
        language === 'en' ? 'Models' : 'Модели',
      );
      await expectAccessibleEverywhere(page, `models ${tab} ${language}`, undefined, themesOf(language));
    }
  }
});
