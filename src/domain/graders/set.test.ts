import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { set } from './set';

const testCase: Case = { id: 'case', prompt: 'Who lies?', graders: [{ type: 'set' }], tags: [] };
const grade = (answer: string, options: object) => set.grade(answer, { type: 'set', ...options }, testCase);

const people = ['Anna', 'Boris', 'Clara', 'David'];
const people2 = [
  { text: 'Анна', aliases: ['Анну', 'Анны'] },
  { text: 'Борис', aliases: ['Бориса'] },
  { text: 'Вера', aliases: ['Веру', 'Веры'] },
];
const two = { value: ['Anna', 'Boris'], options: people };
const open = { value: ['Anna', 'Boris'] };
const ru = { value: people2.slice(0, 2), options: people2 };

describe('set', () => {
  it.each([
    ['Anna and Boris', two],
    ['Boris, Anna', two],
    ['Boris and Anna are lying.', two],
    ['- Anna\n- Boris', two],
    ['**Anna** and **Boris**', two],
    ['Anna lies and Boris lies, but not Clara or David.', two],
    ['Clara is honest because... no wait.\nThe answer is Anna and Boris.', two],
    ['The answer: Anna and Boris, because Clara tells the truth.', two],
    ['Clara says so, and David too. Therefore Anna and Boris lie.', two],
    ['Answer:\n1. Boris\n2. Anna', two],
    ['{Anna, Boris}', two],
    ['["Anna", "Boris"]', two],
    ['Anna, Boris', open],
    ['Anna and Boris are the liars.', open],
    ['The liars are Boris and Anna.', open],
    ['Anna is one, I think, and Boris.', open],
    ['Nobody', { value: [], options: people }],
    ['None of them lies.', { value: [], options: people }],
    ['Никто.', { value: [], options: people2 }],
    ['Анна и Борис', ru],
    ['Лгут Борис и Анна, но не Вера.', ru],
    ['Ответ: Борис, Анна. Вера правдива.', { ...ru, options: people2.slice(0, 2) }],
    ['Значит, лгут Анна и Борис.', ru],
    ['Ответ: Анна и Борис, так как Вера говорит правду.', ru],
  ])('%j passes', (answer, options) => {
    expect(grade(answer, options)).toMatchObject({ pass: true, score: 1 });
  });

  it.each([
    ['Anna', two, 'different', 1 / 2],
    ['Anna, Boris and Clara', two, 'different', 2 / 3],
    ['Anna and Clara', two, 'different', 1 / 3],
    ['Clara and David', two, 'different', 0],
    ['Anna, but not Boris.', two, 'different', 1 / 2],
    ['Anna. Boris is not lying.', two, 'different', 1 / 2],
    ['Anna, Boris and Zoe', open, 'different', 2 / 3],
    ['Zoe, Max', open, 'different', 0],
    ['Anna or Boris', two, 'ambiguous', 0],
    ['Either Anna or Boris lies.', two, 'ambiguous', 0],
    ['Анна или Борис', ru, 'ambiguous', 0],
    ['Nobody lies.', two, 'different', 0],
    ['Anna', { value: [], options: people }, 'different', 0],
    ['', two, 'no-answer', 0],
    ['I cannot tell.', two, 'no-answer', 0],
    ['Не знаю.', ru, 'no-answer', 0],
    ['Анна', ru, 'different', 1 / 2],
    ['Анна, Борис, Вера', ru, 'different', 2 / 3],
    ['Анна, а не Борис', ru, 'different', 1 / 2],
  ])('%j fails', (answer, options, code, score) => {
    const verdict = grade(answer, options);
    expect(verdict).toMatchObject({ pass: false, reason: { code } });
    expect(verdict.score).toBeCloseTo(score, 12);
  });

  it('takes the choices of the case for what could be named', () => {
    const withChoices = { ...testCase, choices: people };
    const spec = { type: 'set', value: ['Anna'] };
    expect(set.grade('Anna and Clara', spec, withChoices)).toMatchObject({ score: 1 / 2 });
  });

  it.each([{}, { value: 'Anna' }, { value: ['Anna', 'anna'] }, { value: ['?'] }, { value: [], options: [] }])(
    'refuses %j',
    (options) => {
      expect(() => set.check({ type: 'set', ...options })).toThrow(FaultError);
    },
  );
});
