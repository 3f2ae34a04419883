import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseTestSetJson, type Case } from '../sets/test-set';
import type { ChoiceScores } from './grader';
import {
  chooseLikeliest,
  computeBrier,
  judgeChoices,
  multipleChoice,
  parseMultipleChoice,
} from './multiple-choice';

const testCase: Case = {
  id: 'case',
  prompt: 'Question: Which is it?\nAnswer:',
  choices: ['a', 'bb', 'ссс', 'dddd'],
  graders: [{ type: 'multiple-choice' }],
  tags: [],
};
const scores: ChoiceScores = {
  // By character: -2, -1.5, -1.1, -1.05; by byte: -2, -1.5, -0.55, -1.05.
  loglikelihoods: [-2, -3, -3.3, -4.2],
  unconditional: [-1, -3.5, -3.2, -4.1],
  greedy: [false, false, false, false],
  tokens: [1, 1, 1, 2],
};
const judge = (options: object, given: ChoiceScores = scores) =>
  judgeChoices(parseMultipleChoice({ type: 'multiple-choice', ...options }), testCase, given);

describe('multiple-choice', () => {
  it.each([
    ['acc', 0],
    ['acc_norm', 3],
    ['acc_bytes', 2],
    ['acc_mutual_info', 1],
    ['brier', 0],
  ] as const)('%s finds choice %i likeliest', (metric, index) => {
    expect(chooseLikeliest(testCase.choices ?? [], metric, scores)).toBe(index);
    expect(judge({ value: index, scoring: metric })).toMatchObject({ pass: true });
    expect(judge({ value: (index + 1) % 4, scoring: metric })).toMatchObject({
      pass: false,
      reason: { code: 'different', found: testCase.choices?.[index] },
    });
  });

  it('takes the first of equal choices, as argmax does', () => {
    expect(chooseLikeliest(['a', 'b'], 'acc', { ...scores, loglikelihoods: [-1, -1] })).toBe(0);
  });

  it.each([[1], ['bb'], ['B']])('knows the right choice by %j', (value) => {
    expect(judge({ value, scoring: 'acc_mutual_info' })).toMatchObject({ pass: true, score: 1 });
  });

  it('computes the Brier score over the softmax of the sums', () => {
    expect(computeBrier([0, 0], 0)).toBeCloseTo(0.5, 12);
    expect(computeBrier([Math.log(0.7), Math.log(0.2), Math.log(0.1)], 1)).toBeCloseTo(
      0.7 ** 2 + 0.8 ** 2 + 0.1 ** 2,
      12,
    );
    expect(computeBrier([-1_000, -2_000], 0)).toBe(0);
    expect(
      judge({ value: 0, scoring: 'brier' }, { ...scores, loglikelihoods: [-1_000, 0, -9, -9] }),
    ).toMatchObject({
      pass: false,
    });
    expect(
      judge({ value: 1, scoring: 'brier' }, { ...scores, loglikelihoods: [-1_000, 0, -900, -900] }),
    ).toMatchObject({
      pass: true,
      score: 1,
    });
  });

  it('is not run where mutual information lacks the unconditional sums', () => {
    const { unconditional: _unconditional, ...conditional } = scores;
    expect(judge({ value: 0, scoring: 'acc_mutual_info' }, conditional)).toEqual({
      notRun: { code: 'not-available', expected: 'unconditional' },
    });
  });

  it('grades the text of a choice that was chosen before', () => {
    const spec = { type: 'multiple-choice', value: 1 };
    expect(multipleChoice.grade('bb', spec, testCase)).toMatchObject({ pass: true });
    expect(multipleChoice.grade('a', spec, testCase)).toMatchObject({
      pass: false,
      reason: { code: 'different' },
    });
    expect(multipleChoice.grade('', spec, testCase)).toMatchObject({
      pass: false,
      reason: { code: 'no-answer' },
    });
  });

  it.each([{}, { value: -1 }, { value: 1.5 }, { value: 'a', scoring: 'best' }, { value: 'a', chat: 1 }])(
    'refuses %j',
    (options) => {
      expect(() => multipleChoice.check({ type: 'multiple-choice', ...options })).toThrow(FaultError);
    },
  );

  it.each([4, 'E', 'zz', ''])('cannot grade by %j, which is none of the choices', (value) => {
    expect(() => judge({ value })).toThrow(FaultError);
  });
});

describe('the bundled multiple-choice set', () => {
  const set = parseTestSetJson(
    readFileSync(new URL('../../../public/sets/choice-en.json', import.meta.url), 'utf8'),
  );

  it('has 50 items of four different choices, each explained, none twice', () => {
    expect(set.cases).toHaveLength(50);
    for (const each of set.cases) {
      expect(new Set(each.choices).size, each.id).toBe(4);
      expect(each.explanation, each.id).toBeDefined();
      expect(each.prompt).toMatch(/^Question: .+\?\nAnswer:$/);
    }
    expect(new Set(set.cases.map(({ prompt }) => prompt)).size).toBe(50);
  });

  it('has the right choice in each place about as often', () => {
    const places = set.cases.map(({ graders: [spec] }) => Number(spec?.['value']));
    for (const place of [0, 1, 2, 3]) {
      const count = places.filter((each) => each === place).length;
      expect(count).toBeGreaterThanOrEqual(10);
      expect(count).toBeLessThanOrEqual(15);
    }
  });

  it('does not give the right choice away by its length', () => {
    const longest = set.cases.filter(({ choices = [], graders: [spec] }) => {
      const right = choices[Number(spec?.['value'])] ?? '';
      return choices.every((each) => each === right || each.length < right.length);
    });
    expect(longest.length).toBeLessThanOrEqual(18);
  });
});
