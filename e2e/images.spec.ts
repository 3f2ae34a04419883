import type { Page } from '@playwright/test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createVisionModel, writeFiles } from '../src/engines/testing/make-vision-model.mjs';
import { expectAccessibleEverywhere } from './accessible';
import {
  expect,
  openIsolated,
  shortenAnswers,
  run,
  test as firstVisit,
  visitedTest as test,
  waitForGraded,
} from './site';

/*
 * Images in test sets, on the built site: who may answer them, what a reader sees of them, and how they get into a set.
 * The vision model is one of our own making with random weights: it looks, and writes noise.
 */
const PICTURE = join(import.meta.dirname, '../public/sets/images/position-1.png');
const UNSEEN = 'Every question of this test shows an image';

const chooseSet = (page: Page, title: string) =>
  page.getByLabel('Test', { exact: true }).selectOption({ label: title });
const runButton = (page: Page) => page.getByRole('button', { name: 'Run', exact: true });
const pictures = (page: Page) => page.locator('main ol img');

/** Whether every picture on the screen is really there. */
async function expectDrawn(page: Page, count: number): Promise<void> {
  await expect(pictures(page)).toHaveCount(count);
  await pictures(page).last().scrollIntoViewIfNeeded();
  for (const picture of await pictures(page).all()) {
    await picture.scrollIntoViewIfNeeded();
    await expect
      .poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth))
      .toBeGreaterThan(0);
  }
}

test('a test of images says beforehand that a model that reads text cannot take it', async ({
  page,
  site,
}) => {
  await openIsolated(page, site.url);
  await chooseSet(page, 'Images EN');
  await expect(page.getByText(UNSEEN)).toBeVisible();
  await expect(runButton(page)).toBeDisabled();
  // Whoever looks at the test sees what it asks.
  await expectDrawn(page, 25);
  await expectAccessibleEverywhere(page, 'images-run');
  await chooseSet(page, 'Logic EN');
  await expect(page.getByText(UNSEEN)).toHaveCount(0);
  await expect(runButton(page)).toBeEnabled();

  await page.getByRole('link', { name: 'Tests', exact: true }).click();
  await expect(page.getByText('Needs a model that sees images')).toHaveCount(2);
});

// On a second visit the pictures would come from the service worker, unseen by the site.
firstVisit(
  'a model that sees images answers the test of images, from picked files',
  async ({ page, site }) => {
    const folder = mkdtempSync(join(tmpdir(), 'vision-files-'));
    const { 'model.gguf': model, 'mmproj.gguf': mmproj } = createVisionModel();
    writeFiles(folder, { 'tiny.gguf': model, 'mmproj-tiny.gguf': mmproj });
    await openIsolated(page, site.url);
    await page.goto(`${site.url}#/models/files`);
    await page
      .locator('input[type=file]')
      .setInputFiles([join(folder, 'tiny.gguf'), join(folder, 'mmproj-tiny.gguf')]);
    await page.getByRole('article').getByRole('button', { name: /^Use/ }).click();
    await chooseSet(page, 'Images EN');
    await expect(page.getByText(UNSEEN)).toHaveCount(0);
    await shortenAnswers(page, 6);
    await run(page);
    await waitForGraded(page, 25);

    await expectDrawn(page, 25);
    const written = await page.locator('main ol .answer').allTextContents();
    expect(written).toHaveLength(25);
    for (const text of written) expect(text).toMatch(/w\d{3}/);
    // Noise, but not the same noise: each picture is another one.
    expect(new Set(written).size).toBeGreaterThan(5);
    expect(site.requests).toContain('/sets/images/clock-2.png');

    // The same model in a chat: another picture, another answer.
    await page.getByRole('link', { name: 'Chat', exact: true }).click();
    const ask = async (picture: string) => {
      await page.locator('input[type=file]').setInputFiles(join(dirname(PICTURE), picture));
      await page.getByLabel('Your question').fill('What is this?');
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible({ timeout: 120_000 });
      const text = await page.locator('main .answer .text').last().innerText();
      await page.getByRole('button', { name: 'New chat' }).click();
      return text;
    };
    await page.getByText('Settings', { exact: true }).click();
    await page.getByLabel('Temperature').fill('0');
    await page.getByLabel('Answer length, tokens').fill('8');
    await page.getByLabel('Answer length, tokens').blur();
    const answer = await ask('clock-2.png');
    expect(answer).toMatch(/w\d{3}/);
    expect(await ask('clock-2.png')).toBe(answer);
    expect(await ask('arrow-2.png')).not.toBe(answer);
    rmSync(folder, { recursive: true });
  },
);

test('the editor takes images by pick, drop and paste, four at most', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.getByRole('link', { name: 'Tests', exact: true }).click();
  const card = page.locator('main li').filter({ hasText: 'Logic EN' }).first();
  await card.getByRole('button', { name: 'Edit a copy' }).click();
  await page.locator('.cases .row').first().click();
  const images = page.getByRole('group', { name: /^Images, shown/ });
  const png = readFileSync(PICTURE);
  const send = (kind: 'drop' | 'paste', name: string, bytes: Uint8Array) =>
    page.evaluate(
      ([event, fileName, list]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(list)], fileName, { type: 'image/png' }));
        const how = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(
          event === 'drop'
            ? new DragEvent('drop', { ...how, dataTransfer: data })
            : new ClipboardEvent('paste', { ...how, clipboardData: data }),
        );
      },
      [kind, name, [...bytes]] as const,
    );

  await images.locator('input[type=file]').setInputFiles(PICTURE);
  await expect(images.locator('img')).toHaveCount(1);
  await send('drop', 'dropped.png', png);
  await expect(images.locator('img')).toHaveCount(2);
  await send('paste', 'pasted.png', png);
  await expect(images.locator('img')).toHaveCount(3);
  await send('paste', 'junk.png', new TextEncoder().encode('no image'));
  await expect(images.getByRole('alert')).toContainText('That image cannot be used');
  await expect(images.locator('img')).toHaveCount(3);
  await images.locator('input[type=file]').setInputFiles([PICTURE, PICTURE]);
  await expect(images.locator('img')).toHaveCount(4);
  await expect(images.getByText('at most; the others were left out')).toBeVisible();
  await expect(images.getByRole('button', { name: 'Add an image' })).toBeDisabled();
  await images.getByRole('button', { name: 'Remove image 4' }).click();
  await images.getByRole('button', { name: 'Remove image 3' }).click();
  await expect(images.locator('img')).toHaveCount(2);
  await expect(page.getByText('Saved on this device')).toBeVisible();

  await expectAccessibleEverywhere(page, 'images-editor', () => images.scrollIntoViewIfNeeded());

  // Stored with the set, and a text-only model is told of the one question that it cannot answer.
  await page.reload();
  await page.locator('.cases .row').first().click();
  await expect(images.locator('img')).toHaveCount(2);
  await page.getByRole('link', { name: 'Tests', exact: true }).click();
  const copy = page.locator('main li').filter({ hasText: 'Needs a model that sees images' }).first();
  await expect(copy).toContainText('Logic EN');
  await copy.getByRole('button', { name: /^Use/ }).click();
  await expect(page.getByText(/reads text only: it cannot answer the questions .* \(1\)/)).toBeVisible();
  await expect(runButton(page)).toBeEnabled();
});
