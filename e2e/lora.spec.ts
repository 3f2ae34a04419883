import type { Page } from '@playwright/test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeGguf } from '../src/inference/testing/gguf-writer.mjs';
import { createRandomLora } from '../src/inference/testing/random-lora.mjs';
import { expectAccessibleInBoth } from './accessible';
import { startHub } from './hub-stand-in.mjs';
import { readJournal } from './journal';
import {
  expect,
  openIsolated,
  run,
  shortenAnswers,
  visitedTest as test,
  waitForGraded,
  WEIGHTS,
} from './site';

const MODEL = 'SmolLM2 135M Instruct';
/** Matrices of SmolLM2-135M. */
const targets = [3, 9, 15].flatMap((layer) => [
  { name: `blk.${layer}.attn_q.weight`, dimensions: [576, 576] },
  { name: `blk.${layer}.ffn_up.weight`, dimensions: [576, 1536] },
]);
const adapter = createRandomLora(targets, { rank: 2, alpha: 8 });
const ADAPTER = 'me/logic-LoRA-GGUF/logic-lora.gguf';

let folder: string;
let hub: Awaited<ReturnType<typeof startHub>>;
const place = (name: string) => join(folder, name);
test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wizardbench-'));
  writeFileSync(place('logic.gguf'), adapter);
  const foreign = createRandomLora([{ name: 'blk.0.attn_q.weight', dimensions: [4096, 4096] }], { rank: 2 });
  writeFileSync(place('seven-b.gguf'), foreign);
  const vector = { name: 'direction.1', dimensions: [576], type: 'F32', data: new Uint8Array(576 * 4) };
  const entries = [{ key: 'general.architecture', type: 'str', value: 'controlvector' } as const];
  writeFileSync(place('vector.gguf'), encodeGguf({ entries, tensors: [vector] }));
  hub = await startHub({
    [ADAPTER]: { bytes: adapter },
    'me/WizardLM-MLC/mlc-chat-config.json': {
      bytes: new TextEncoder().encode(JSON.stringify({ quantization: 'q4f32_1', model_type: 'llama' })),
    },
    'me/WizardLM-MLC/params_shard_0.bin': { bytes: new Uint8Array(5_000) },
  });
});
test.afterAll(async () => {
  rmSync(folder, { recursive: true });
  await hub.close();
});

const openWithHub = (page: Page, siteUrl: string) =>
  openIsolated(page, `${siteUrl}?hub=${encodeURIComponent(hub.url)}`);

/** Opens a tab of the Models screen; what the page has done stays. */
async function goTo(page: Page, fragment: string): Promise<void> {
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, fragment);
}

/** The form under the bundled model. */
async function openForm(page: Page) {
  await goTo(page, '/models/catalog');
  await page.getByLabel('Search models').fill(MODEL);
  const card = page.getByRole('article', { name: MODEL });
  await card.getByText('Add a LoRA adapter').click();
  return card.getByRole('form');
}

/** Answers the first question, and stops. @returns the answer */
async function answerOnce(page: Page): Promise<string> {
  await run(page);
  await waitForGraded(page, 1);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();
  const last = (await readJournal(page)).at(-1);
  const answer = Object.values(last?.answers ?? {})[0];
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** Stored models: name and when. */
const readStored = (page: Page) =>
  page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('wizardbench-files');
      request.onsuccess = () => {
        resolve(request.result);
      };
    });
    const files = await new Promise<{ name: string; storedAt: number }[]>((resolve) => {
      const request = database.transaction('files').objectStore('files').getAll();
      request.onsuccess = () => {
        resolve(request.result as { name: string; storedAt: number }[]);
      };
    });
    return Object.fromEntries(files.map(({ name, storedAt }) => [name, storedAt]));
  });

test('an adapter is checked, merged once, and changes the answers by its scale', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await shortenAnswers(page);
  const plain = await answerOnce(page);

  const form = await openForm(page);
  const file = form.locator('input[type=file]');
  await file.setInputFiles(place('seven-b.gguf'));
  await expect(form.getByRole('alert')).toContainText('does not go with this model');
  await expect(form.getByRole('alert')).toContainText('blk.0.attn_q.weight is 576x576');
  await file.setInputFiles(place('vector.gguf'));
  await expect(form.getByRole('alert')).toContainText('control vector');
  await expect(form.getByRole('button', { name: 'Make this model' })).toHaveCount(0);

  await file.setInputFiles(place('logic.gguf'));
  await expect(form.getByRole('alert')).toHaveCount(0);
  await expect(form.getByText(/^6 of \d+ tensors: attn_q, ffn_up$/)).toBeVisible();
  await expect(form.getByText('fits', { exact: true }).first()).toBeVisible();
  const scale = form.getByLabel('Scale');
  await expect(scale).toHaveValue('1');
  await scale.fill('11');
  await expect(form.getByText('has to be a number from −10 to 10')).toBeVisible();
  const make = form.getByRole('button', { name: 'Make this model' });
  await expect(make).toBeDisabled();
  await scale.fill('0.8');
  await make.click();
  const chosen = page.locator('#model option:checked');
  await expect(chosen).toHaveText(`${MODEL} + logic × 0.8`);

  // What was chosen is stored by the time that it is shown, and the adapter need not be picked again.
  await page.reload();
  await expect(chosen).toHaveText(`${MODEL} + logic × 0.8`);
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
  const merged = await answerOnce(page);
  expect(merged).not.toBe(plain);
  const [base, withAdapter] = await readJournal(page);
  expect(withAdapter?.run.setup.artifact.adapters).toEqual([{ name: 'logic.gguf', scale: 0.8 }]);
  expect(withAdapter?.run.setup.artifact.sha256).not.toBe(base?.run.setup.artifact.sha256);

  const before = await readStored(page);
  const [name = ''] = Object.keys(before).filter((each) => each.includes('+logic*0.8.gguf'));
  expect(name).not.toBe('');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
  expect(await answerOnce(page)).toBe(merged);
  expect(await readStored(page)).toEqual(before);
  // The bundled model was fetched once, and not for the merge again.
  const weights = site.requests.filter((path) => WEIGHTS.test(path));
  expect(new Set(weights).size).toBe(weights.length);

  // The facts of the run name the adapter and its scale.
  await goTo(page, '/results');
  await page
    .getByRole('link', { name: /logic × 0\.8/ })
    .first()
    .click();
  await expect(page.getByText('logic.gguf × 0.8')).toBeVisible();

  const again = await openForm(page);
  await again.getByLabel('Adapter', { exact: true }).selectOption({ label: 'logic (llama)' });
  await again.getByLabel('Scale').fill('0');
  await again.getByRole('button', { name: 'Make this model' }).click();
  await expect(chosen).toHaveText(`${MODEL} + logic × 0`);
  expect(await answerOnce(page)).toBe(plain);
  expect(Object.keys(await readStored(page))).toEqual(Object.keys(before));

  await goTo(page, '/models/stored');
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(page.getByText(name)).toHaveCount(0);
});

test('an adapter found on the Hub is kept, and added by its address', async ({ page, site }) => {
  await openWithHub(page, site.url);
  await goTo(page, '/models/hub');
  await page.getByLabel('A repo, an address, or what to search for').fill(hub.fileUrl(ADAPTER));
  await page.getByRole('button', { name: 'Find' }).click();
  await expect(page.getByText('for llama models')).toBeVisible();
  const form = await openForm(page);
  await form.getByLabel('Adapter', { exact: true }).selectOption({ label: 'logic-lora (llama)' });
  await expect(form.getByText(/^6 of \d+ tensors/)).toBeVisible();
  await form.getByLabel('or its address on the Hub').fill(hub.fileUrl(ADAPTER));
  await form.getByRole('button', { name: 'Read', exact: true }).click();
  await expect(form.getByText(/^6 of \d+ tensors/)).toBeVisible();

  // By a drop, which the screen around leaves to the form.
  await form.evaluate((element) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['no adapter'], 'dropped.gguf'));
    element.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
  await expect(form.getByRole('alert')).toContainText('not a GGUF file');
  expect(new URL(page.url()).hash).toBe('#/models/catalog');
});

test('a row without weights takes those that a person has converted', async ({ page, site }) => {
  await openWithHub(page, site.url);
  await goTo(page, '/models/catalog');
  await page.getByLabel('Search models').fill('WizardLM 7B V1');
  const card = page.getByRole('article', { name: 'WizardLM 7B V1.0' });
  await card.getByText('variants to choose from').click();
  const titles = card.getByText('Bring your own weights');
  await titles.first().click();
  const field = card.getByLabel('Hub repo or address of your converted weights').first();
  await field.fill('me/WizardLM-MLC');
  await field.press('Enter');
  await expect(card.getByRole('alert')).toContainText('they are q4f32_1, this variant is q4f16_1');
  await titles.nth(1).click();
  const second = card.getByLabel('Hub repo or address of your converted weights').nth(1);
  await second.fill('me/WizardLM-MLC');
  await second.press('Enter');
  const chosen = page.locator('#model option:checked');
  await expect(chosen).toHaveText('WizardLM 7B V1.0 (me/WizardLM-MLC)');
  await page.reload();
  await expect(chosen).toHaveText('WizardLM 7B V1.0 (me/WizardLM-MLC)');
  await goTo(page, '/models/files');
  await expect(page.getByRole('article', { name: 'WizardLM 7B V1.0 (me/WizardLM-MLC)' })).toBeVisible();
});

test('the form has no accessibility faults and no sideways scrolling, in both languages', async ({
  page,
  site,
}) => {
  await openIsolated(page, site.url);
  const form = await openForm(page);
  await form.locator('input[type=file]').setInputFiles(place('logic.gguf'));
  await expect(form.getByText(/^6 of \d+ tensors/)).toBeVisible();
  await expectAccessibleInBoth(page, 'lora');
});
