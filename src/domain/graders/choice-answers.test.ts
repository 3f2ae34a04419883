import { describe, expect, it } from 'vitest';
import { gradeAnswer } from './registry';
import { choiceRows } from './testing/choice-answers';

describe.each(choiceRows)('choice of $choices: $value', ({ choices, value, prompt = '?', right, wrong }) => {
  const statusOf = async (answer: string) => {
    const graders = [{ type: 'choice', value }];
    return (await gradeAnswer(answer, { id: 'case', prompt, choices: [...choices], tags: [], graders }))
      .status;
  };

  it.each(right.map((answer) => [answer]))('credits %j', async (answer) => {
    expect(await statusOf(answer)).toBe('pass');
  });

  it.each(wrong.map((answer) => [answer]))('gives nothing to %j', async (answer) => {
    expect(await statusOf(answer)).toBe('fail');
  });
});
