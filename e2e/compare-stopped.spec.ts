import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../src/domain/run/ports';
import { parseTestSetJson } from '../src/domain/sets/test-set';
import { makeGraded, makeRun, makeSetup } from '../src/domain/testing/make-run';
import { expectAccessibleEverywhere } from './accessible';
import { writeJournal } from './journal';
import { expect, openIsolated, test } from './site';

const testSet = parseTestSetJson(
  readFileSync(join(import.meta.dirname, '../public/sets/logic-en.json'), 'utf8'),
);

/** `+` right, `-` wrong; shorter than the set where it was stopped. */
function makeRecord(
  id: string,
  letters: string,
  { name = 'SmolLM2 135M Instruct', quantization = 'Q4_1', seed = 42, startedAt = 1 } = {},
): RunRecord {
  const setup = makeSetup({
    model: { id: name, name },
    artifact: {
      id: quantization,
      quantization,
      sha256: (quantization === 'Q4_1' ? 'a' : quantization === 'Q8_0' ? 'b' : 'c').repeat(64),
    },
    set: {
      id: testSet.id,
      title: testSet.title,
      language: testSet.language,
      caseCount: testSet.cases.length,
    },
  });
  const kind = letters.length < testSet.cases.length ? ('stopped' as const) : ('finished' as const);
  return {
    run: makeRun({
      id,
      startedAt: Date.UTC(2026, 10, 1) + startedAt,
      setup: { ...setup, sampling: { ...setup.sampling, seed } },
      end: { kind },
    }),
    testSet,
    results: testSet.cases.slice(0, letters.length).map((testCase, at) => {
      const pass = letters.charAt(at) === '+';
      return makeGraded({
        caseId: testCase.id,
        answer: pass ? 'The right one.' : 'Another one.',
        status: pass ? 'pass' : 'fail',
        outcomes: [
          {
            type: 'equals',
            verdict: { pass, score: Number(pass), reason: { code: pass ? 'matched' : 'different' } },
          },
        ],
      });
    }),
  };
}

const marks = (right: number, wrong: number) => '+'.repeat(right) + '-'.repeat(wrong);
const CASES = testSet.cases.length;

test('a stopped run is compared on what it answered, and never called best', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await writeJournal(page, [
    makeRecord('five', marks(5, CASES - 5)),
    makeRecord('seven', '-'.repeat(3) + marks(7, CASES - 10), { quantization: 'Q8_0' }),
    makeRecord('stopped', marks(8, 0), { quantization: 'F16' }),
    makeRecord('strong', marks(22, CASES - 22), { name: 'SmolLM2 360M Instruct' }),
    makeRecord('again', '--' + marks(5, CASES - 7), { seed: 7, startedAt: 2 }),
  ]);
  await page.goto(`${site.url}#/compare/five,seven,stopped`);
  await page.reload();
  const verdict = page.getByRole('region', { name: 'What this shows' });
  await expect(verdict.locator('.claim')).toHaveText([
    /^SmolLM2 135M Instruct · Q8_0 and SmolLM2 135M Instruct · Q4_1 cannot be told apart on these 24 questions; about \d+ would\.$/,
  ]);
  await expect(verdict.getByText('stopped after 8 of 24 questions')).toBeVisible();
  const rows = verdict.getByRole('listitem');
  await expect(rows.nth(0)).toContainText('Q8_0');
  await expect(rows.nth(0)).toContainText(/7 of 24, 29/);
  await expect(rows.nth(2)).toContainText('F16');
  await page.getByText('The numbers behind this').press('Enter');
  await expect(page.getByRole('row', { name: /^Standing/ }).getByRole('cell')).toHaveText([
    'tied with the best',
    'best',
    'stopped early, not ranked',
  ]);
  await expectAccessibleEverywhere(page, 'compare stopped');

  // Repeated runs count as one, until they are told apart.
  await page.goto(`${site.url}#/compare/five,again,strong`);
  await page.reload();
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toContainText('10 of 48');
  await expect(page.getByText('1 of 2 right').first()).toBeVisible();
  await expect(verdict.locator('.claim').first()).toHaveText(
    'SmolLM2 360M Instruct is better than SmolLM2 135M Instruct · 2 runs on these 24 questions.',
  );
  await expectAccessibleEverywhere(page, 'compare pooled');
  await page.getByLabel('Count repeated runs').uncheck();
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText('seed');

  // Too few for an interval: the answers themselves are shown.
  await writeJournal(page, [
    makeRecord('three', '+-+'),
    makeRecord('other-three', '++-', { name: 'SmolLM2 360M Instruct' }),
  ]);
  await page.goto(`${site.url}#/compare/three,other-three`);
  await page.reload();
  await expect(verdict.getByText('2 of 3: too few for an interval')).toHaveCount(2);
  await expect(verdict.locator('.interval')).toHaveCount(0);
  await expectAccessibleEverywhere(page, 'compare few');
});
