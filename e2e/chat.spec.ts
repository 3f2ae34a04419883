import type { Page } from '@playwright/test';
import { expectAccessibleEverywhere } from './accessible';
import { ENGINE, WEIGHTS, expect, openIsolated, visitedTest as test } from './site';

/** A red square of 8 by 8 pixels, as PNG. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVORK5CYII=',
  'base64',
);
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>';

async function openChat(page: Page, url: string): Promise<void> {
  await openIsolated(page, url);
  await page.getByRole('link', { name: 'Chat', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Chat with a model');
}

/** Always the likeliest token, and so many of them at most. */
async function settle(page: Page, maxTokens: number): Promise<void> {
  await page.getByText('Settings', { exact: true }).click();
  for (const [label, value] of [
    ['Temperature', '0'],
    ['Answer length, tokens', String(maxTokens)],
  ] as const) {
    await page.getByLabel(label).fill(value);
    await page.getByLabel(label).blur();
  }
  await page.getByText('Settings', { exact: true }).click();
}

const question = (page: Page) => page.getByLabel('Your question');
const turns = (page: Page) => page.getByRole('article');
const answerOf = (page: Page, at: number) => turns(page).nth(at).locator('.answer .text');

async function ask(page: Page, text: string): Promise<void> {
  await question(page).fill(text);
  await question(page).press('Enter');
}

async function waitForAnswer(page: Page, at: number): Promise<string> {
  await expect(turns(page).nth(at).getByRole('button', { name: 'Copy answer' })).toBeVisible();
  return answerOf(page, at).innerText();
}

test('answers, and knows in the next answer what was said before', async ({ page, site }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openChat(page, site.url);
  await expect(page.getByText('Nothing asked yet.')).toBeVisible();
  await settle(page, 40);
  await ask(page, 'My name is Zebulon. Say hello to me.');
  await expect(question(page)).toBeFocused();
  await expect(answerOf(page, 0)).not.toHaveText('');
  const first = await waitForAnswer(page, 0);
  await expect(turns(page).first()).toContainText(
    /Q4_1 · simd on the CPU · .*tokens · [\d.]+ tokens\/s · first token after/,
  );

  // Nothing but the first turn tells it.
  await ask(page, 'What is my name?');
  expect(await waitForAnswer(page, 1)).toContain('Zebulon');
  await expect(turns(page)).toHaveCount(2);

  // The same model, weights and text, but a conversation that begins anew.
  await page.getByRole('button', { name: 'New chat' }).click();
  await ask(page, 'What is my name?');
  expect(await waitForAnswer(page, 0)).not.toContain('Zebulon');

  await turns(page).first().getByRole('button', { name: 'Copy answer' }).click();
  await expect(page.getByText('Copied.', { exact: true })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.replaceAll(/\s+/g, ' ').trim()).toBe(
    (await answerOf(page, 0).innerText()).replaceAll(/\s+/g, ' ').trim(),
  );
  expect(copied).not.toBe(first);

  // Another screen and back: it is still there; a reload forgets it, as the page says.
  await page.getByRole('link', { name: 'About' }).click();
  await page.getByRole('link', { name: 'Chat', exact: true }).click();
  await expect(turns(page)).toHaveCount(1);
  await page.reload();
  await expect(page.getByText('Nothing asked yet.')).toBeVisible();
});

test('stops in mid-answer, goes on, and can be worked by keyboard alone', async ({ page, site }) => {
  await openChat(page, site.url);
  await settle(page, 400);
  await question(page).focus();
  await page.keyboard.type('Tell me a long story');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('about the sea.');
  await expect(question(page)).toHaveValue('Tell me a long story\nabout the sea.');
  await page.keyboard.press('Enter');
  await expect(answerOf(page, 0)).toHaveText(/\w+ \w+/);
  // Only one thing at a time: a run would compete for the same cores.
  await page.getByRole('link', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeDisabled();
  await page.getByText('The model is answering in the chat').getByRole('link').click();

  await page.getByRole('button', { name: 'Stop' }).press('Enter');
  await expect(page.getByText('Stopped here.')).toBeVisible();
  expect((await answerOf(page, 0).innerText()).length).toBeGreaterThan(5);

  await settle(page, 8);
  await ask(page, 'Go on.');
  await waitForAnswer(page, 1);
  await expect(turns(page).nth(1)).toContainText('Cut off');
  await turns(page).nth(1).getByRole('button', { name: 'Answer again' }).press('Enter');
  await waitForAnswer(page, 1);
  await expect(turns(page)).toHaveCount(2);
});

test('takes images by pick, drop and paste, and a text-only model says so before anything loads', async ({
  page,
  site,
}) => {
  await openChat(page, site.url);
  site.requests.length = 0;
  await expect(page.getByText('This model reads text only.')).toBeVisible();
  const images = page.getByRole('list', { name: 'Images of the question' }).getByRole('img');
  await page.locator('input[type=file]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: PNG });
  await expect(images).toHaveCount(1);
  await expect(images.first()).toHaveAttribute('src', `data:image/png;base64,${PNG.toString('base64')}`);
  await expect(page.getByRole('alert')).toContainText('SmolLM2 135M Instruct reads text only');
  await question(page).fill('What is this?');
  await question(page).press('Enter');
  await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
  await expect(turns(page)).toHaveCount(0);

  // Other formats are drawn anew as PNG.
  await page.evaluate((svg) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([svg], 'b.svg', { type: 'image/svg+xml' }));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, SVG);
  await expect(images).toHaveCount(2);
  await expect(images.nth(1)).toHaveAttribute('src', /^data:image\/png;base64,iVBOR/);
  expect(await images.nth(1).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(40);

  await question(page).evaluate((field, base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], 'c.png', { type: 'image/png' }));
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, PNG.toString('base64'));
  await expect(images).toHaveCount(3);
  await expect(question(page)).toHaveValue('What is this?');

  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: PNG.subarray(0, 40) });
  await expect(page.getByText('That image cannot be used')).toBeVisible();
  await expect(images).toHaveCount(3);
  const loaded = site.requests.filter((path) => ENGINE.test(path) || WEIGHTS.test(path));
  expect(loaded).toEqual([]);

  for (let left = 3; left > 0; left--) await page.getByRole('button', { name: 'Remove image 1' }).click();
  await expect(page.getByText('cannot see the image')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Send' })).toBeEnabled();
});

test('has no accessibility faults and no sideways scrolling, narrow and wide, light and dark, in Russian too', async ({
  page,
  site,
}) => {
  await openChat(page, site.url);
  await settle(page, 8);
  await ask(page, 'Hello!');
  await waitForAnswer(page, 0);
  await page.locator('input[type=file]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: PNG });
  await page.getByText('Settings', { exact: true }).click();
  await page.getByLabel('Language').selectOption('ru');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Разговор с моделью');
  await expect(page.getByRole('button', { name: 'Отправить' })).toBeVisible();
  await expectAccessibleEverywhere(page, 'chat ru');
});
