import type { Page } from '@playwright/test';
import { expect, openIsolated, run, shortenAnswers, stop, visitedTest as test, waitForGraded } from './site';

/* Results and models as shelves: what is on them is told apart, found, ordered, and used from where it lies. */

const results = (page: Page) => page.locator('main ul > li');

async function runTwo(page: Page): Promise<void> {
  await run(page);
  await waitForGraded(page, 2);
  await stop(page);
}

test('results are told apart, found, and dealt with on their own page', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await shortenAnswers(page, 4);
  await runTwo(page);
  await page.getByRole('button', { name: 'New run' }).click();
  await page.locator('form.card > details > summary').click();
  await page.getByLabel('Temperature').fill('0.5');
  await page.getByLabel('Temperature').blur();
  await runTwo(page);

  await page.goto(`${site.url}#/results`);
  await expect(results(page)).toHaveCount(2);
  await expect(results(page).nth(0)).toContainText('temperature 0.5');
  await expect(results(page).nth(1)).toContainText('greedy, at most 4 tokens');
  await page.getByLabel('Search results').fill('no such model');
  await expect(page.getByText('No result matches.')).toBeVisible();
  await page.getByLabel('Search results').fill('smollm2 logic');
  await expect(results(page)).toHaveCount(2);
  await page.getByLabel('Order').selectOption('model');
  await page.getByLabel('Of the test').selectOption({ label: 'Logic EN' });
  await expect(results(page)).toHaveCount(2);
  await page.keyboard.press('Escape');
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');

  // Words of the field are explained where they stand.
  await page.getByRole('button', { name: 'What is this: 95 % interval' }).click();
  await expect(page.getByRole('note')).toContainText('cannot be told apart');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('note')).toHaveCount(0);

  // By topic is open, the worst first.
  await expect(page.getByRole('table')).toBeVisible();
  const shares = await page.locator('tbody td:nth-child(2)').evaluateAll((cells) =>
    cells.map((cell) => {
      const [right = 0, all = 1] = cell.textContent.match(/\d+/g)?.map(Number) ?? [];
      return right / all;
    }),
  );
  expect(shares.length).toBeGreaterThan(0);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  await expect(page.getByRole('button', { name: 'Continue' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();
  await page.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(results(page)).toHaveCount(1);

  await results(page).getByRole('link').click();
  await page.getByRole('button', { name: 'Run again' }).click();
  await waitForGraded(page, 1);
  await expect(page.locator('.status')).toContainText('SmolLM2 135M Instruct');
  await stop(page);
});

test('models begin with what suits this device, in a table too; stored ones have names and are used', async ({
  page,
  site,
}) => {
  await openIsolated(page, site.url);
  await page.goto(`${site.url}#/models`);
  await expect(page.getByRole('heading', { name: 'Recommended for this device' })).toBeVisible();
  await expect(page.getByRole('article').first()).toContainText('Apache-2.0');
  // The name of this page is no reason to begin with what few can run.
  await expect(page.getByRole('article').first()).not.toContainText('Wizard');

  await page.getByText('Table', { exact: true }).click();
  await page.getByRole('button', { name: 'Size', exact: true }).click();
  await expect(page.getByRole('columnheader', { name: 'Size' })).toHaveAttribute('aria-sort', 'ascending');
  const sizes = await page.locator('tbody td:nth-child(2)').allTextContents();
  const bytes = sizes.flatMap((text) => {
    const [, number = '', unit = ''] = /([\d.]+) (\w+)/.exec(text) ?? [];
    return number === '' ? [] : [Number(number) * (unit === 'GB' ? 1e9 : 1e6)];
  });
  expect(bytes.length).toBeGreaterThan(10);
  // What cannot be used here comes after all that can.
  const usable = await page.locator('tbody .use button').count();
  expect(bytes.slice(0, usable)).toEqual(bytes.slice(0, usable).sort((a, b) => a - b));

  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByText('Cards', { exact: true }).click();
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(6_500);

  await page.goto(`${site.url}#/models/stored`);
  await expect(page.getByText('SmolLM2 135M Instruct · Q4_1')).toBeVisible();
  await page.getByRole('button', { name: 'Use SmolLM2 135M Instruct' }).click();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeVisible();
});

test('what fails is said in the language of the page, and names what failed', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.evaluate(() => localStorage.setItem('locale', 'ru'));
  // Nobody listens there.
  await page.goto(`${site.url}?hub=${encodeURIComponent('http://127.0.0.1:9')}#/models/hub`);
  await page.locator('#hub').fill('tiny');
  await page.locator('#hub').press('Enter');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Поиск на huggingface.co не удался');
  await expect(alert.locator('p')).not.toContainText(/[A-Z][a-z]+ed|fetch/);

  await page.goto('about:blank');
  await page.goto(`${site.url}#r=A`);
  await expect(alert.locator('p')).toContainText('Эта ссылка повреждена или обрезана');
  await expect(alert.locator('p')).not.toContainText(/[A-Za-z]{3}/);
});
