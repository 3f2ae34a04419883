import type { Page } from '@playwright/test';
import { WIDTHS } from './accessible';
import {
  expect,
  gradedRows,
  openIsolated,
  run,
  shortenAnswers,
  stop,
  visitedTest as test,
  waitForGraded,
} from './site';

/*
 * What a run feels like: it keeps still, is seen from every screen, and ends where its result is. Each test here finds
 * something that people stumbled over.
 */

const status = (page: Page) => page.locator('.status');
const bar = (page: Page) => page.getByRole('complementary', { name: 'Run' });

async function countShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & {
          value: number;
          hadRecentInput: boolean;
        };
        if (!hadRecentInput) shifts.push(value);
      }
    }).observe({ type: 'layout-shift', buffered: false });
  });
}

/** The sum of all shifts since: the usual measure takes the worst five seconds, this is stricter. */
const readShift = (page: Page) =>
  page.evaluate(() =>
    (window as unknown as { shifts: number[] }).shifts.reduce((sum, each) => sum + each, 0),
  );

/** Whether all of an element is between the head of the page and the foot of the window. */
async function expectInView(page: Page, selector: string): Promise<void> {
  const element = page.locator(selector).first();
  await expect(element).toBeVisible();
  const { top, bottom, height } = await element.evaluate((each) => {
    const box = each.getBoundingClientRect();
    return { top: box.top, bottom: box.bottom, height: window.innerHeight };
  });
  expect(top).toBeGreaterThanOrEqual(0);
  expect(bottom).toBeLessThanOrEqual(height);
}

for (const width of WIDTHS) {
  test(`a run keeps still and ends at its result, ${width} px wide`, async ({ page, site }) => {
    await page.setViewportSize({ width, height: 900 });
    await openIsolated(page, site.url);
    await shortenAnswers(page, 6);
    await countShifts(page);
    await run(page);
    await waitForGraded(page, 2);
    await expect(status(page)).toBeFocused();
    await expect(status(page)).toContainText('SmolLM2 135M Instruct');
    await expect(page).toHaveTitle(/^\d+\/24 · /);
    await expect(bar(page)).toContainText(/Question \d+ of 24/);
    await expect(bar(page)).toContainText(/left/);

    // On another screen the same bar, and the head of the page in view however far one has scrolled.
    await page.getByRole('link', { name: 'About', exact: true }).click();
    await expect(bar(page).getByRole('button', { name: 'Stop' })).toBeVisible();
    const barBox = await bar(page).boundingBox();
    expect(barBox?.height).toBeLessThan(90);
    await bar(page).getByRole('link', { name: 'Show' }).click();
    await expect(status(page)).toBeVisible();
    await page.evaluate(() => window.scrollTo(0, 700));
    const atTop = await page.evaluate(() => document.elementFromPoint(200, 12)?.closest('header') !== null);
    expect(atTop).toBe(true);

    await waitForGraded(page, 24);
    await expect(status(page)).toContainText('Finished');
    await expect(page).toHaveTitle(/^✓ \d+\/24 · /);
    await expect(page.locator('link[rel=icon]')).toHaveAttribute('href', /^data:image\/svg\+xml.*path/);
    await expect(status(page)).toBeFocused();
    await expectInView(page, '.status .headline');
    await expectInView(page, '.status .steps button');
    await expect(bar(page)).toHaveCount(0);
    expect(await readShift(page)).toBeLessThan(0.05);
    // Answers of a few tokens have no speed of their own; the run has.
    await expect(status(page)).toContainText(/tokens\/s/);
    await gradedRows(page).first().locator('summary').click();
    await expect(gradedRows(page).first()).toContainText(/first token after/);
    await expect(gradedRows(page).first()).not.toContainText(/tokens\/s/);
  });
}

test('after Stop the result is in view and has the focus; what was never asked is not called ungraded', async ({
  page,
  site,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openIsolated(page, site.url);
  await shortenAnswers(page, 6);
  await run(page);
  await waitForGraded(page, 2);
  await page.evaluate(() => window.scrollTo(0, 900));
  await stop(page);
  await expect(status(page)).toBeFocused();
  await expectInView(page, '.status .headline');
  await expectInView(page, '.status .steps button');
  const filters = page.getByRole('group', { name: 'Which answers' });
  await expect(filters).toContainText(/Not asked\s+\d+/);
  await expect(filters).not.toContainText('Not graded');

  // The verdict stands beside its answer.
  const row = gradedRows(page).first();
  const [mark, answer] = await Promise.all([
    row.locator('.mark .mark').boundingBox(),
    row.locator('.answer').boundingBox(),
  ]);
  if (mark === null || answer === null) throw new Error('nothing drawn');
  expect(Math.abs(mark.y + mark.height / 2 - answer.y - answer.height / 2)).toBeLessThan(8);

  // The interval has a scale.
  await expect(status(page).locator('.scale')).toHaveText(/0%.*50%.*100%/);
  await row.locator('summary').click();
  await row.getByText('Details').click();
  // <|im_start|> is evidence: no ligature may join its signs.
  for (const selector of ['pre', '.answer', '.prompt']) {
    await expect(row.locator(selector).first()).toHaveCSS('font-variant-ligatures', 'none');
  }
});

test('no select cuts what it says, in either language, narrow and wide', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.locator('form.card > details > summary').click();
  await expect(page.locator('#engine')).toBeVisible();
  for (const language of ['en', 'ru']) {
    await page.locator('.preferences select').nth(1).selectOption(language);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const cut = await page.locator('main select').evaluateAll((selects) =>
        selects.flatMap((select) => {
          if (!(select instanceof HTMLSelectElement)) return [];
          const style = getComputedStyle(select);
          const pen = document.createElement('canvas').getContext('2d');
          if (pen === null) return [];
          pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
          // The arrow takes about 20 pixels.
          const room =
            select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 20;
          return [...select.options]
            .filter(({ label }) => pen.measureText(label).width > room)
            .map(({ label }) => `${select.id}: ${label}`);
        }),
      );
      expect(cut, `${language} ${width}`).toEqual([]);
    }
  }
});

test('in Russian the first run is of what the bundled model can do, and says why', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.evaluate(() => localStorage.setItem('locale', 'ru'));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await expect(page.getByLabel('Тест', { exact: true })).toHaveValue('logic-en');
  await expect(page.getByText('SmolLM2 135M Instruct не знает вашего языка (русский)')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Запуск', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Тест', exact: true })).toHaveCount(0);
  const head = await page.locator('header').boundingBox();
  expect(head?.height).toBeLessThan(100);

  await page.getByRole('button', { name: 'Qwen3 0.6B' }).click();
  await expect(page.getByLabel('Тест', { exact: true })).toHaveValue('logic-ru');
  await page.getByLabel('Модель', { exact: true }).selectOption('smollm2-135m-instruct');
  await expect(page.getByText('в ответ будет бессмыслица')).toBeVisible();
  // Topics are in the language of the page.
  await page.locator('main ol summary').first().click();
  await expect(page.locator('main ol > li').first()).toContainText('лёгкие');
});

test('a temperature does not go over to the next model without a word', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.locator('form.card > details > summary').click();
  await page.getByLabel('Temperature').fill('0.7');
  await page.getByLabel('Temperature').blur();
  await page.goto(`${site.url}#/models`);
  await page.getByLabel('Search models').fill('360M');
  await page.getByRole('button', { name: 'Use SmolLM2 360M Instruct' }).click();
  await expect(page.getByText('for the one before it they were: temperature 0.7')).toBeVisible();
  await expect(page.locator('form.card summary')).toContainText('greedy');
  await page.getByRole('button', { name: 'Use those here too' }).click();
  await expect(page.locator('form.card summary')).toContainText('temperature 0.7');
});

test('a file dropped where nothing takes it does not leave the page', async ({ page, site }) => {
  await openIsolated(page, site.url);
  const drag = () =>
    page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'], 'x.gguf'));
      const event = new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer });
      document.body.dispatchEvent(event);
      return { refused: event.defaultPrevented, effect: dataTransfer.dropEffect };
    });
  expect((await drag()).refused).toBe(true);
  // The Models screen takes it.
  await page.goto(`${site.url}#/models`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Models');
  await drag();
  await expect(page.getByText('Drop the files to read them')).toBeVisible();
});

test('shortcuts go to screens, search, and move along rows', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);

  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const second = page.locator('main ol > li').nth(1);
  await expect(second.locator('summary')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(second.locator('details')).toHaveAttribute('open', '');
  await page.keyboard.press('Escape');
  await expect(second.locator('details')).not.toHaveAttribute('open', '');

  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Models');
  await page.keyboard.press('/');
  await expect(page.getByLabel('Search models')).toBeFocused();
  // A field gets its letters.
  await page.keyboard.type('gr');
  await expect(page.getByLabel('Search models')).toHaveValue('gr');
});
