import { describe, expect, it } from 'vitest';
import { gradeAnswer } from './registry';
import { rightNumbers, wrongNumbers } from './testing/number-answers';

const statusOf = async (answer: string, value: number | string) =>
  (await gradeAnswer(answer, { id: 'case', prompt: '?', tags: [], graders: [{ type: 'number', value }] }))
    .status;

describe('number', () => {
  it.each(rightNumbers.flatMap(([value, answers]) => answers.map((answer) => [value, answer] as const)))(
    'credits %j for %j',
    async (value, answer) => {
      expect(await statusOf(answer, value)).toBe('pass');
    },
  );

  it.each(wrongNumbers.flatMap(([value, answers]) => answers.map((answer) => [value, answer] as const)))(
    'gives nothing of %j to %j',
    async (value, answer) => {
      expect(await statusOf(answer, value)).toBe('fail');
    },
  );
});
