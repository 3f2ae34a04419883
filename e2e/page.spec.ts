import { gzipSync } from 'node:zlib';
import { SCREENS } from '../src/app/screens';
import { expectAccessibleEverywhere } from './accessible';
import {
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

test('works under a sub-path, as a GitHub project page', async ({ page, site }) => {
  await openIsolated(page, `${site.url}wizardbench/`);
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 1);
  await stop(page);
  expect(new URL(page.url()).pathname).toBe('/wizardbench/');
});

test('speaks Russian to a Russian browser, and switches without a reload', async ({ browser, site }) => {
  const context = await browser.newContext({ locale: 'ru-RU' });
  const page = await context.newPage();
  await page.goto(site.url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('А как у модели с логикой?');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ru');
  // The bundled model knows no Russian.
  await expect(page.getByLabel('Тест', { exact: true })).toHaveValue('logic-en');
  await page.waitForFunction(() => crossOriginIsolated);
  await page.getByRole('button', { name: 'Запустить' }).click();
  await waitForGraded(page, 1);
  await expect(gradedRows(page).first()).toContainText(/Верно|Неверно/);
  await page.getByRole('button', { name: 'Остановить' }).click();
  await expect(page.locator('.status')).toContainText(/из \d+ верно/);

  await page.getByLabel('Язык').selectOption('en');
  await expect(page.locator('.status')).toContainText(/\d+ of \d+ correct/);
  await expect(gradedRows(page)).not.toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Is it any good at logic?');
  await context.close();
});

visitedTest(
  'has no accessibility faults and no sideways scrolling, narrow and wide, light and dark',
  async ({ page, site }) => {
    await openIsolated(page, site.url);
    for (const { address } of SCREENS) {
      await page.goto(site.url + address);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectAccessibleEverywhere(page, address);
    }
  },
);

test('says that there is nothing at an unknown address, and leads back', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.goto(`${site.url}#/nowhere`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
  await expect(page.getByRole('main')).toContainText('#/nowhere');
  await expect(page).toHaveTitle('There is nothing here · WizardBench');
  await page.getByRole('link', { name: 'To the start' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Is it any good at logic?');
});

visitedTest('can be worked by keyboard alone', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Model')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'More models' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).press('Enter');
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();
});

test("the page's own JavaScript is at most 150 kB gzip", async ({ page, site }) => {
  const scripts = new Map<string, number>();
  page.on('response', async (response) => {
    if (response.url().endsWith('.js')) scripts.set(response.url(), gzipSync(await response.body()).length);
  });
  await openIsolated(page, site.url);
  const total = [...scripts.values()].reduce((sum, bytes) => sum + bytes, 0);
  test.info().annotations.push({ type: 'JavaScript, bytes gzip', description: String(total) });
  expect(scripts.size).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(150_000);
});
