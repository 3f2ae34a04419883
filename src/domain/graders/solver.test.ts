import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { evaluate, findSolutions, parseConstraint, type Value } from '../logic/constraint';
import type { Case } from '../sets/test-set';
import { solver } from './solver';

const testCase: Case = { id: 'case', prompt: 'Solve it.', graders: [{ type: 'solver' }], tags: [] };
const grade = (answer: string, options: object) =>
  solver.grade(answer, { type: 'solver', ...options }, testCase);

const sums = {
  variables: { x: { from: 1, to: 9 }, y: { from: 1, to: 9 } },
  constraints: ['x + y == 10', 'x - y == 4'],
};
const people = {
  variables: {
    Anna: ['red', 'blue', 'green'],
    Boris: ['red', 'blue', 'green'],
    Clara: ['red', 'blue', 'green'],
  },
  constraints: ['distinct(Anna, Boris, Clara)', 'Anna != "red"', 'Boris == "green"'],
};
const ru = {
  variables: { Анна: ['кошка', 'собака'], Борис: ['кошка', 'собака'] },
  constraints: ['Анна != Борис', 'Анна == "кошка"'],
  aliases: { Анна: ['Анны'], Борис: ['Бориса'] },
};
const open = { ...sums, constraints: ['x + y == 10'], unique: false };

describe('solver', () => {
  it.each([
    ['x = 7, y = 3', sums],
    ['x=7\ny=3', sums],
    ['The solution is y = 3 and x = 7.', sums],
    ['{"x": 7, "y": 3}', sums],
    ['If x = 5 then y = 5. So the answer is x = 7, y = 3.', sums],
    ['Anna: blue, Boris: green, Clara: red', people],
    ['Clara has the red one, Boris has the green one, Anna has the blue one.', people],
    ['Anna is not red. Anna is blue. Boris is green. Clara is red.', people],
    ['У Анны кошка, у Бориса собака.', ru],
    ['Ответ: Борис — собака, Анна — кошка', ru],
    ['x = 1, y = 9', open],
    ['x = 5, y = 5', open],
  ])('%j solves it', (answer, options) => {
    expect(grade(answer, options)).toMatchObject({ pass: true, score: 1 });
  });

  it.each([
    ['x = 6, y = 4', sums, 'different', 1 / 2],
    ['x = 8, y = 3', sums, 'different', 0],
    ['x = 7', sums, 'different', 0],
    ['x = 7, x = 8, y = 3', sums, 'different', 0],
    ['x = 12, y = 3', sums, 'different', 0],
    ['Anna: blue, Boris: red, Clara: green', people, 'different', 2 / 3],
    ['', sums, 'no-answer', 0],
    ['I do not know.', sums, 'no-answer', 0],
    ['Не знаю.', ru, 'no-answer', 0],
    ['Анна — собака, Борис — кошка', ru, 'different', 1 / 2],
  ])('%j does not', (answer, options, code, score) => {
    const verdict = grade(answer, options);
    expect(verdict).toMatchObject({ pass: false, reason: { code } });
    expect(verdict.score).toBeCloseTo(score, 12);
  });

  it('shows the solution that it has found itself', () => {
    expect(grade('x = 1, y = 1', sums).reason.expected).toBe('x = 7, y = 3');
  });

  it.each([
    {},
    { ...sums, constraints: ['x + y == 10'] },
    { ...sums, constraints: ['x + y == 100'] },
    { ...sums, constraints: ['x + z == 10'] },
    { ...sums, constraints: ['x +'] },
    { ...sums, constraints: ['(x == 1'] },
    { ...sums, constraints: ['x == 1)'] },
    { ...sums, constraints: ['alert(x) == 1'] },
    { ...sums, constraints: ['x.constructor == 1'] },
    { ...sums, constraints: [] },
    { ...sums, variables: { x: { from: 1, to: 1e9 } } },
    { ...sums, variables: {} },
    {
      variables: Object.fromEntries(Array.from('abcdefghijkl').map((name) => [name, { from: 1, to: 12 }])),
      constraints: ['a + b + c + d + e + f + g + h + i + j + k + l == 7'],
    },
  ])('refuses %j', (options) => {
    expect(() => solver.check({ type: 'solver', ...options })).toThrow(FaultError);
  });
});

describe('constraints', () => {
  const names = new Set(['a', 'b', 'c']);
  const read = (source: string, values: Record<string, Value> = { a: 2, b: 3, c: 7 }) =>
    evaluate(parseConstraint(source, names), new Map(Object.entries(values)));

  it.each<[string, Value]>([
    ['a + b * 2 == 8', true],
    ['(a + b) * 2 == 10', true],
    ['c - b - a == 2', true],
    ['c % a', 1],
    ['-a % b', 1],
    ['c / a', 3.5],
    ['abs(a - c) == 5 and min(a, b) < max(b, c)', true],
    ['not a == b', true],
    ['not a == 2 or b == 3', true],
    ['a == 2 -> b == 4', false],
    ['a == 1 -> b == 4', true],
    ['a == 1 <-> b == 4', true],
    ['a < b && b < c', true],
    ['a ≠ b ∧ b ≤ 3', true],
    ['distinct(a, b, c, 2)', false],
    ['count(a == 2, b == 2, c > 5) == 2', true],
    ['a == "2"', false],
    ['"or" == "or"', true],
    ['true', true],
  ])('%s is %s', (source, value) => {
    expect(read(source)).toBe(value);
  });

  it('finds all solutions, in order', () => {
    const domains = new Map(['a', 'b', 'c'].map((name) => [name, [1, 2, 3]]));
    const constraints = ['distinct(a, b, c)', 'a < c'].map((each) => parseConstraint(each, names));
    const found = findSolutions({ domains, constraints }, 10).map((each) => [...each.values()].join(''));
    expect(found).toEqual(['123', '132', '213']);
  });

  it('meets any text with a bad-input fault or a value', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom('a', 'b', '1', '==', '(', ')', 'not', ' ', '->', 'abs(', ','),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          read(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(FaultError);
          expect(error).toMatchObject({ fault: { kind: 'bad-input' } });
        }
      }),
      { numRuns: 2_000, seed: 6 },
    );
  });
});
