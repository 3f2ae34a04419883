import type { RunRecord } from '../src/domain/run/ports';
import { makeGraded, makeRun, makeSet, makeSetup } from '../src/domain/testing/make-run';
import { expectAccessible, expectAccessibleEverywhere } from './accessible';
import { writeJournal } from './journal';
import { expect, openIsolated, test } from './site';

const CASES = 8;

function makeRecord(name: string, right: number): RunRecord {
  const testSet = makeSet(
    Array.from({ length: CASES }, (_case, at) => `q${at}`),
    (_id, at) => ({ prompt: `Puzzle ${at + 1}: all boats are blue. Is the Marlin blue?` }),
  );
  const results = testSet.cases.map(({ id }, at) =>
    makeGraded({
      caseId: id,
      answer: at < right ? `Yes, it is. (${name.length})` : `I like boats. (${name.length})`,
      status: at < right ? 'pass' : 'fail',
    }),
  );
  const artifact = { id: `${name}-artifact`, quantization: 'Q4_1', sha256: 'a'.repeat(64) };
  const setup = makeSetup({ model: { id: name, name }, artifact, set: { caseCount: CASES } });
  return { run: makeRun({ id: `run-${name}`, setup, end: { kind: 'finished' } }), results, testSet };
}

test('answers are judged blind by keyboard, and the judgements outlive the page', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.goto(`${site.url}#/arena`);
  await expect(page.getByText('There is nothing to judge yet')).toBeVisible();
  await expectAccessible(page, 'arena empty');

  const names = ['Good model', 'Middling model', 'Bad one'];
  await writeJournal(page, [
    makeRecord('Good model', 8),
    makeRecord('Middling model', 5),
    makeRecord('Bad one', 1),
  ]);
  await page.reload();
  const left = page.getByRole('article').first().locator('.text');
  await expect(left).toBeVisible();
  // Nobody is named before the choice.
  for (const name of names) await expect(page.getByText(name)).toHaveCount(0);
  await expectAccessibleEverywhere(page, 'arena');

  /** The better text wins; equally good or bad ones tie. */
  async function judge(): Promise<void> {
    const texts = await page.getByRole('article').locator('.text').allInnerTexts();
    const good = texts.map((text) => text.startsWith('Yes'));
    const key = good[0] === good[1] ? (good[0] === true ? '3' : '4') : good[0] === true ? '1' : '2';
    await page.keyboard.press(key);
  }
  const count = page.getByText(/not judged yet: \d+/);
  await expect(count).toHaveText(/: 24\./);
  for (let done = 1; done <= 12; done++) {
    await judge();
    await expect(count).toHaveText(new RegExp(`: ${24 - done}\\.`));
  }
  await expect(page.getByText(/^Left was (Good model|Middling model|Bad one) \(/)).toBeVisible();
  await page.getByRole('button', { name: 'Take back' }).click();
  await expect(count).toHaveText(/: 13\./);
  await judge();
  await expect(count).toHaveText(/: 12\./);

  await page.reload();
  await expect(count).toHaveText(/: 12\./);
  await page.getByText('Standings after 12 judgements').click();
  const rows = page.getByRole('row');
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(1)).toContainText('Good model');
  await expect(rows.nth(3)).toContainText('Bad one');
  await expect(page.getByText(/you preferred that one (\d+) times of \1 /)).toBeVisible();
  await expectAccessibleEverywhere(page, 'arena standings');
  await page.getByLabel('Language').selectOption('ru');
  await expectAccessible(page, 'arena ru');
});
