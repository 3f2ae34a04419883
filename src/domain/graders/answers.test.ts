import { describe, expect, it } from 'vitest';
import { gradeAnswer } from './registry';
import answers from './testing/answers.json';
import ownAnswers from './testing/own-answers.json';

interface Row {
  readonly grader: string;
  readonly value: number | string;
  readonly answer: string;
  readonly expected: string;
  readonly choices?: string[];
}

/** Rows that are graded otherwise on purpose, by their answer, and why; there are none. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([]);

async function isReadRight({ grader, value, answer, expected, choices }: Row): Promise<boolean> {
  const testCase = {
    id: 'case',
    prompt: '?',
    tags: [],
    graders: [{ type: grader, value }],
    ...(choices !== undefined && { choices }),
  };
  return (await gradeAnswer(answer, testCase)).status === expected;
}

/** Answers in the forms that models write them: from public reports about graders, and more of the same kinds. */
describe.each([
  ['reported', answers],
  ['own', ownAnswers],
])('the %s answers', (_name, rows: readonly Row[]) => {
  it.each(['number', 'choice'])('are read as a person reads them by %s', async (type) => {
    for (const expected of ['pass', 'fail']) {
      const kind = rows.filter((row) => row.grader === type && row.expected === expected);
      const tried = kind.filter(({ answer }) => !DIFFERENCES.has(answer));
      const misread: string[] = [];
      for (const row of tried) if (!(await isReadRight(row))) misread.push(`${row.value}: ${row.answer}`);
      const share = (100 * (1 - misread.length / tried.length)).toFixed(1);
      expect(misread, `${share} % of ${tried.length} that ${expected}`).toEqual([]);
    }
  });
});
