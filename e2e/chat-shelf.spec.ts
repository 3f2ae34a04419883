import type { Page } from '@playwright/test';
import { expect, openIsolated, visitedTest as test } from './site';

/* Conversations that are kept, questions that are asked in other words, and turns that become tests. */

async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your question').fill(text);
  await page.getByLabel('Your question').press('Enter');
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();
}

test('a chat is edited, kept over a reload, and a turn of it becomes a test', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.goto(`${site.url}#/chat`);
  await page.getByText('Settings', { exact: true }).click();
  await page.getByLabel('Answer length, tokens').fill('8');
  await page.getByLabel('Answer length, tokens').blur();
  await ask(page, 'What is one plus one?');
  await ask(page, 'And two plus two?');
  const turns = page.getByRole('article');
  await expect(turns).toHaveCount(2);

  await turns.first().getByRole('button', { name: 'Edit', exact: true }).click();
  await expect(page.getByText('What came after it is dropped: 1.')).toBeVisible();
  await page.getByLabel('The question in other words').fill('What is three plus one?');
  await page.getByRole('button', { name: 'Ask this instead' }).click();
  await expect(turns).toHaveCount(1);
  await expect(turns.first()).toContainText('What is three plus one?');
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();

  // Nothing is kept before a person asks for it.
  await expect(page.getByText(/^Kept chats/)).toHaveCount(0);
  await page.getByRole('button', { name: 'Keep this chat' }).click();
  await expect(page.getByText('Kept on this device')).toBeVisible();
  await ask(page, 'And five plus five?');
  const answer = await turns.first().locator('.answer .text').innerText();
  await expect(page.getByText('Kept chats (1)')).toBeVisible();
  await page.reload();
  await expect(turns).toHaveCount(0);
  await page.getByText('Kept chats (1)').click();
  await page.getByRole('button', { name: 'Open “What is three plus one?”' }).click();
  await expect(turns).toHaveCount(2);
  await expect(turns.first().locator('.answer .text')).toHaveText(answer);

  await turns.first().getByRole('button', { name: 'Make it a test' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('From a chat');
  await expect(page.getByLabel('Title')).toHaveValue('From a chat');
  await expect(page.getByRole('main')).toContainText('What is three plus one?');
});
