import { readFileSync } from 'node:fs';
import Papa from 'papaparse';
import type { Page } from '@playwright/test';
import { expectAccessible, expectAccessibleEverywhere } from './accessible';
import { readJournal, type Stored } from './journal';
import { expect, openIsolated, run, shortenAnswers, visitedTest as test } from './site';

/** The exact test, summed the long way. */
function computeP(b: number, c: number): number {
  const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
  const tail = Array.from({ length: Math.min(b, c) + 1 }, (_, i) => choose(b + c, i) / 2 ** (b + c));
  return Math.min(1, 2 * tail.reduce((sum, each) => sum + each, 0));
}

async function runToEnd(page: Page, maxTokens: number): Promise<void> {
  await shortenAnswers(page, maxTokens);
  await run(page);
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible({ timeout: 240_000 });
}

async function save(page: Page, click: () => Promise<void>): Promise<{ name: string; text: string }> {
  const waiting = page.waitForEvent('download');
  await click();
  const file = await waiting;
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

test('two runs are compared, and every number is what the journal holds', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await runToEnd(page, 1);
  await page.getByRole('button', { name: 'New run' }).click();
  await runToEnd(page, 24);

  await page.getByRole('link', { name: 'Results' }).click();
  await expect(page.getByText('Tick two or more')).toBeVisible();
  const boxes = page.getByRole('checkbox');
  await expect(boxes).toHaveCount(2);
  // By keyboard.
  await boxes.nth(0).press('Space');
  await expect(page.getByRole('link', { name: /^Compare/ })).toHaveCount(0);
  await boxes.nth(1).press('Space');
  await page.getByRole('link', { name: 'Compare 2' }).press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Comparison');

  const [first, second] = await readJournal(page);
  if (first === undefined || second === undefined) throw new Error('the journal lacks a run');
  expect(page.url()).toContain(`#/compare/${first.run.id},${second.run.id}`);
  const ids = Object.keys(first.statuses);
  expect(ids).toHaveLength(first.run.setup.set.caseCount);
  const isRight = (of: Stored, id: string) => of.statuses[id] === 'pass';
  const countRight = (of: Stored) => ids.filter((id) => isRight(of, id)).length;
  const onlyFirst = ids.filter((id) => isRight(first, id) && !isRight(second, id)).length;
  const onlySecond = ids.filter((id) => !isRight(first, id) && isRight(second, id)).length;
  const bothRight = ids.filter((id) => isRight(first, id) && isRight(second, id)).length;
  const flips = onlyFirst + onlySecond;
  const p = computeP(onlyFirst, onlySecond);
  test.info().annotations.push({ type: 'discordant', description: `${onlyFirst} to ${onlySecond}, p ${p}` });

  const verdict = page.getByRole('region', { name: 'What this shows' });
  await expect(verdict.locator('.claim')).toHaveText(
    flips === 0 || onlyFirst === onlySecond
      ? /are right equally often on these 24 questions/
      : p < 0.05
        ? /is better than .* on these 24 questions/
        : /cannot be told apart on these 24 questions/,
  );
  // Told apart by what differs.
  await expect(verdict.getByRole('listitem').filter({ hasText: 'at most 24 tokens' })).toHaveCount(1);
  await expect(verdict.getByRole('listitem')).toHaveCount(2);
  await page.getByText('The numbers behind this').press('Enter');

  const cells = page.getByRole('row', { name: /^Correct/ }).getByRole('cell');
  await expect(cells.nth(0)).toContainText(`${countRight(first)} of ${ids.length}`);
  await expect(cells.nth(1)).toContainText(`${countRight(second)} of ${ids.length}`);
  await expect(page.getByRole('row', { name: /^Sampling/ })).toContainText('at most 1 tokens');

  const card = page.locator('article');
  const fact = (term: string) =>
    card.locator('dt', { hasText: term }).locator('xpath=following-sibling::dd[1]');
  await expect(fact('Only A right')).toHaveText(String(onlyFirst));
  await expect(fact('Only B right')).toHaveText(String(onlySecond));
  await expect(fact('Both right')).toHaveText(String(bothRight));
  await expect(fact('Both wrong')).toHaveText(String(ids.length - bothRight - flips));
  const shownP = await fact('p, exact McNemar').innerText();
  if (p < 0.001) expect(shownP).toBe('< 0.001');
  else expect(Number(shownP)).toBeCloseTo(Number(p.toPrecision(2)), 10);
  await expect(card.locator('.claim')).toContainText(
    flips === 0
      ? 'No difference at all'
      : p < 0.05
        ? 'is right more often than'
        : 'No difference can be claimed',
  );

  const filter = page.getByRole('radio');
  await expect(filter).toHaveCount(4);
  await expect(page.locator('label', { hasText: 'Differ' }).locator('.count')).toHaveText(String(flips));
  await page.getByRole('radio', { name: /^All \d/ }).press('Space');
  const rows = page.locator('section li details');
  await expect(rows).toHaveCount(ids.length);
  await rows.first().locator('summary').press('Enter');
  const firstId = ids[0] ?? '';
  await expect(rows.first().locator('.text').nth(1)).toHaveText(
    second.answers[firstId]?.trim() || '(empty answer)',
  );

  const csv = await save(page, () => page.getByRole('button', { name: 'CSV' }).click());
  const { data, errors } = Papa.parse<string[]>(csv.text.trimEnd());
  expect(errors).toEqual([]);
  expect(data).toHaveLength(ids.length + 1);
  expect(data.slice(1).map(([id, , , status]) => [id, status])).toEqual(
    data.slice(1).map(([id = '']) => [id, first.statuses[id]]),
  );
  const markdown = await save(page, () => page.getByRole('button', { name: 'Markdown' }).click());
  expect(markdown.name).toBe('comparison.md');
  expect(markdown.text).toContain(`${countRight(second)} of ${ids.length}`);

  await expectAccessibleEverywhere(page, 'compare');

  // One result: filters, what is behind the score, and its files.
  await page.goto(`${site.url}#/results/${second.run.id}`);
  await expect(page.getByRole('heading', { name: 'Behind the score' })).toBeVisible();
  await page.getByText('By topic').click();
  await expect(page.locator('main ol > li')).toHaveCount(ids.length);
  await page.getByRole('radio', { name: /^Wrong/ }).press('Space');
  await expect(page.locator('main ol > li')).toHaveCount(ids.length - countRight(second));
  await page.getByRole('radio', { name: /^All/ }).press('Space');

  const menu = page.getByText('Save as…');
  const files = new Map<string, { name: string; text: string }>();
  for (const label of ['HTML', 'Markdown', 'CSV', 'JSONL', 'JSON']) {
    await menu.press('Enter');
    const item = page.getByRole('button', { name: new RegExp(`^${label} `) });
    files.set(label, await save(page, () => item.press('Enter')));
    await expect(item).toBeHidden();
  }
  expect(JSON.parse(files.get('JSON')?.text ?? '')).toMatchObject({ run: { id: second.run.id } });
  expect(files.get('JSONL')?.text.trimEnd().split('\n')).toHaveLength(ids.length + 1);
  const table = Papa.parse<Record<string, string>>(files.get('CSV')?.text.trimEnd() ?? '', { header: true });
  expect(table.data.map((row) => [row['case_id'], row['status']])).toEqual(
    table.data.map((row) => [row['case_id'], second.statuses[row['case_id'] ?? '']]),
  );
  expect(files.get('HTML')?.name).toMatch(/^[\w.-]+\.html$/);
  expect(files.get('Markdown')?.text).toContain('| 24 |');

  await expectAccessibleEverywhere(page, 'result', async () => {
    await page.keyboard.press('Escape');
    await menu.press('Enter');
  });
  await page.keyboard.press('Escape');

  // The saved page alone: it fetches nothing and runs nothing, in either theme.
  const reader = await page.context().newPage();
  const asked: string[] = [];
  reader.on('request', (request) => asked.push(request.url()));
  for (const colorScheme of ['light', 'dark'] as const) {
    await reader.emulateMedia({ colorScheme });
    await reader.setViewportSize({ width: 390, height: 800 });
    await reader.setContent(files.get('HTML')?.text ?? '');
    await expect(reader.locator('ol > li')).toHaveCount(ids.length);
    await expect(reader.locator('dd', { hasText: second.run.setup.set.sha256 })).toHaveCount(1);
    await expectAccessible(reader, `saved page ${colorScheme}`);
  }
  expect(asked).toEqual([]);
  await reader.close();

  // A comparison with a link about the same test, in Russian.
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText(/^Copied/)).toBeVisible();
  await page.goto(await page.evaluate(() => navigator.clipboard.readText()));
  await page.getByLabel('Language').selectOption('ru');
  await page.getByLabel('Мой результат на этом тесте').selectOption(first.run.id);
  await page.getByRole('link', { name: 'Сравнить с моим' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Сравнение');
  await expect(page.getByRole('listitem').filter({ hasText: 'из ссылки' })).toBeVisible();
  await page.getByText('Числа, на которых это основано').click();
  await expect(fact('Верно только у A')).toHaveText(String(onlySecond));
  await page.setViewportSize({ width: 390, height: 900 });
  await expectAccessible(page, 'compare ru');
});

test('what cannot be compared is said in words', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.goto(`${site.url}#/compare/one,two`);
  await expect(page.getByText('There is nothing to compare')).toBeVisible();
  await expectAccessible(page, 'nothing to compare');
  await page.getByRole('link', { name: 'Choose results' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Results');
  await page.goto(`${site.url}#/compare/r=junk,two`);
  await expect(page.getByRole('alert')).toBeVisible();
});
