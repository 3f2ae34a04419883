import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { ordering } from './ordering';

const testCase: Case = {
  id: 'case',
  prompt: 'Order them by height.',
  graders: [{ type: 'ordering' }],
  tags: [],
};
const grade = (answer: string, options: object) =>
  ordering.grade(answer, { type: 'ordering', ...options }, testCase);

const en = { value: ['Anna', 'Boris', 'Clara'] };
const tallest = { value: ['Anna', 'Boris', 'Clara'], sign: '>' };
const four = { value: ['Anna', 'Boris', 'Clara', 'David'] };
const ru = {
  value: [
    { text: 'Анна', aliases: ['Анны', 'Анне'] },
    { text: 'Борис', aliases: ['Бориса'] },
    { text: 'Вера', aliases: ['Веры', 'Вере'] },
  ],
};

describe('ordering', () => {
  it.each([
    ['Anna, Boris, Clara', en],
    ['Anna > Boris > Clara', en],
    ['Anna → Boris → Clara', en],
    ['1. Anna\n2. Boris\n3. Clara', en],
    ['1. **Anna** is the tallest\n2. **Boris** comes next\n3. **Clara**', en],
    ['- Anna\n- Boris\n- Clara', en],
    ['First Anna, then Boris, and finally Clara.', en],
    ['Anna (tallest), Boris, Clara (shortest)', en],
    ['Boris is taller than Clara. Anna is taller than Boris. So the order is Anna, Boris, Clara.', en],
    ['The order is: Anna, Boris, Clara, because Clara, Boris and Anna were measured.', en],
    ['Clara, Boris, Anna was my first idea. The answer is Anna, Boris, Clara.', en],
    ['["Anna", "Boris", "Clara"]', en],
    ['Anna > Boris > Clara', tallest],
    ['Clara < Boris < Anna', tallest],
    ['Анна, Борис, Вера', ru],
    ['Порядок такой: Анна, Борис, Вера.', ru],
    ['Сначала Анна, затем Борис, потом Вера.', ru],
    ['1) Анна\n2) Борис\n3) Вера', ru],
    ['Вера ниже Бориса. Значит, Анна, Борис, Вера.', ru],
  ])('%j passes', (answer, options) => {
    expect(grade(answer, options)).toMatchObject({ pass: true, score: 1 });
  });

  it.each([
    ['Anna, Clara, Boris', en, 'different', 1 / 3],
    ['Clara, Boris, Anna', en, 'different', 0],
    ['Anna, Boris', en, 'different', 1 / 3],
    ['Anna, Boris, David, Clara', four, 'different', 4 / 6],
    ['Clara < Boris < Anna', en, 'different', 0],
    ['Clara > Boris > Anna', tallest, 'different', 0],
    ['Anna < Boris < Clara', tallest, 'different', 0],
    ['Anna, Boris, Clara or Boris, Anna, Clara', en, 'ambiguous', 0],
    ['The order is Anna, Boris, Clara or Boris, Anna, Clara.', en, 'ambiguous', 0],
    ['Анна, Борис, Вера или Вера, Борис, Анна', ru, 'ambiguous', 0],
    ['Anna is taller than Boris and Boris is taller than Clara.', en, 'no-answer', 0],
    ['Anna.', en, 'no-answer', 0],
    ['', en, 'no-answer', 0],
    ['Не знаю.', ru, 'no-answer', 0],
    ['Борис, Анна, Вера', ru, 'different', 1 / 3],
  ])('%j fails', (answer, options, code, score) => {
    const verdict = grade(answer, options);
    expect(verdict).toMatchObject({ pass: false, reason: { code } });
    expect(verdict.score).toBeCloseTo(score, 12);
  });

  it.each([{}, { value: ['Anna'] }, { value: ['Anna', 'ANNA'] }, { value: ['A', 'B'], sign: '=' }])(
    'refuses %j',
    (options) => {
      expect(() => ordering.check({ type: 'ordering', ...options })).toThrow(FaultError);
    },
  );
});
