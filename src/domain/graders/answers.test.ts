import { describe, expect, it } from 'vitest';
import { gradeAnswer } from './registry';
import rows from './testing/answers.json';

/** Rows that are graded otherwise on purpose, by their answer, and why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([]);

/** Answers in the forms that models write them, from public reports about graders. */
describe.each(['number', 'choice'])('the %s grader', (type) => {
  const own = rows.filter(({ grader, answer }) => grader === type && !DIFFERENCES.has(answer));

  it.each(own.map((row) => [row.answer, row] as const))(
    'reads %j',
    async (answer, { value, choices, expected }) => {
      const testCase = {
        id: 'case',
        prompt: '?',
        tags: [],
        graders: [{ type, value }],
        ...(choices !== undefined && { choices }),
      };
      expect(await gradeAnswer(answer, testCase)).toMatchObject({ status: expected });
    },
  );
});
