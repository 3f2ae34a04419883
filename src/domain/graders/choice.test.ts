import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { choice } from './choice';
import type { Reason } from './grader';

const names = { value: 'Anna', options: ['Anna', 'Boris', 'Vera'] };
const russianNames = {
  value: 'Анна',
  options: [{ text: 'Анна', aliases: ['Анну', 'Анне'] }, { text: 'Пётр', aliases: ['Петра'] }, 'Вера'],
};
const yesNo = {
  value: 'no',
  options: [
    { text: 'yes', aliases: ['yeah', 'correct'] },
    { text: 'no', aliases: ['nope', 'incorrect'] },
  ],
};
const daNet = { value: 'да', options: ['да', 'нет'] };
const premise = {
  value: 'impossible',
  options: [
    { text: 'impossible', aliases: ['no such day', 'cannot'] },
    { text: '7', aliases: ['seven'] },
    '8',
  ],
};
const colours = ['red', 'a blue one', 'green'];
const labelled: Case = { id: 'case', prompt: '?', choices: colours, graders: [{ type: 'choice' }], tags: [] };
const second = { value: 'B' };
const firstLabel = { value: 'A' };

type Options = Record<string, unknown>;

const accepted: [answer: string, options: Options][] = [
  // the option itself
  ['Anna', names],
  ['anna.', names],
  [' **Anna** ', names],
  ['"Anna"', names],
  ['It is Anna.', names],
  ['Anna is the tallest.', names],
  ['Анна', russianNames],
  ['Это анна!', russianNames],
  ['Надо позвать Анну.', russianNames],
  ['«Анна»', russianNames],
  ['Петр', { ...russianNames, value: 'Пётр' }],
  ['Пётр', { ...russianNames, value: 'Петра' }],
  // markers
  ['Boris is taller than Vera. The answer is Anna.', names],
  ['Answer: Anna. Boris and Vera are shorter.', names],
  ['**Answer:** Anna, as Boris is shorter', names],
  ['The answer is Boris. No: the answer is Anna.', names],
  ['The answer is that, all in all, the tallest is Anna.', names],
  ['The correct answer would be Anna because Boris is shorter.', names],
  ['Boris, Vera\n#### Anna', names],
  ['Boris, Vera, so \\boxed{\\text{Anna}}', names],
  ['Answer:\n\nAnna\n\nBoris is shorter.', names],
  ['Answer: not Boris but Anna', names],
  ['Пётр выше Веры. Ответ: Анна.', russianNames],
  ['Правильный ответ — Анна, а не Пётр.', russianNames],
  ['Ответ: **Анна**. Вера ниже.', russianNames],
  // bold, place, conclusion
  ['Boris is shorter than her, so we get **Anna**, then Vera.', names],
  ['Anna. Boris is shorter than she is, Vera too.', names],
  ['Anna, because Boris is shorter than Vera.', names],
  ['Anna (Boris is shorter)', names],
  ['Anna\n\nBoris is shorter than Vera.', names],
  ['Boris is shorter than Vera.\n\nAnna', names],
  ['Boris is shorter than Vera. Therefore, the tallest is Anna.', names],
  ['Boris is shorter than Vera, so it has to be Anna.', names],
  ['Пётр ниже, чем Вера. Значит, выше всех Анна.', russianNames],
  ['Anna is the tallest because Boris is shorter than Vera.', names],
  ['Выше всех Анна, так как Пётр ниже, чем Вера.', russianNames],
  // negation
  ['It is Anna, not Boris.', names],
  ['Not Boris, but Anna.', names],
  ["It isn't Boris. Anna is the one.", names],
  ['Anna rather than Boris', names],
  ['Neither Boris nor Vera: Anna', names],
  ['It can be Anna, but not Boris or Vera', names],
  ['Boris is not the tallest, Anna is', names],
  ['Vera cannot be it and Anna can', names],
  [
    "Anna is taller, unlike Boris and that is Vera's sister",
    { ...names, options: ['Anna', 'Boris', 'Veronika'] },
  ],
  ['Не Пётр, а Анна', russianNames],
  ['Анна, а не Пётр', russianNames],
  ['Ни Пётр, ни Вера — только Анна', russianNames],
  ['Вера не подходит, Анна подходит', russianNames],
  ['Anna is the tallest. Anna does not lie.', names],
  ['If it were Boris, Vera would be taller. So it is Anna.', names],
  ['If Boris is shorter, it is not him, so Anna is the tallest', names],
  ['Если это Пётр, то Вера выше. Значит, это Анна.', russianNames],
  // yes and no
  ['No', yesNo],
  ['No, she is not, as there is no doubt.', yesNo],
  ['Nope.', yesNo],
  ['Incorrect', yesNo],
  ['The answer is no', yesNo],
  ['Yes', { ...yesNo, value: 'yes' }],
  ['Yes, as no one else was there.', { ...yesNo, value: 'yes' }],
  ["That's correct.", { ...yesNo, value: 'yes' }],
  ['Да, потому что молока нет.', daNet],
  ['Да.', daNet],
  ['Нет, он да не тот', { ...daNet, value: 'нет' }],
  ['Ответ: нет', { ...daNet, value: 'нет' }],
  // an option offered for questions without an answer
  ['Impossible', premise],
  ['Impossible: a week has only 7 days.', premise],
  ['Impossible, there are seven days', premise],
  ['There is no such day.', premise],
  // labels
  ['B', second],
  ['b', second],
  ['(B)', second],
  ['(b)', second],
  ['B.', second],
  ['B) a blue one', second],
  ['B. A blue one', second],
  ['B: a blue one', second],
  ['a blue one', second],
  ['В', second],
  ['Ответ: В', second],
  ['Ответ: В) a blue one', second],
  ['вариант B', second],
  ['The answer is B.', second],
  ['The answer is (B).', second],
  ['The answer is B because red is out', second],
  ['The correct option is b', second],
  ['Option B is right.', second],
  ['\\boxed{B}', second],
  ['**B**', second],
  ['**B)** a blue one', second],
  ['It is B', second],
  ['A', firstLabel],
  ['a', firstLabel],
  ['А', firstLabel],
  ['(a)', firstLabel],
  ['The answer is A because a dog is red.', firstLabel],
  ['A. A red thing is a thing.', firstLabel],
  ['A is right', firstLabel],
  ['A is wrong. The answer is B.', second],
  ['Option A is wrong. Option B is right.', second],
  ['C', { value: 'C', options: ['Y', 'C', 'X'] }],
  ['B', { value: 'B', options: ['red', 'blue'] }],
];

const rejected: [answer: string, options: Options, code: Reason['code']][] = [
  ['', names, 'no-answer'],
  ['I do not know.', names, 'no-answer'],
  ['Annabel', names, 'no-answer'],
  ['Жанна', russianNames, 'no-answer'],
  ['Boris', names, 'different'],
  ['The answer is Boris, not Anna.', names, 'different'],
  ['Answer: Anna. No, the answer is Boris.', names, 'different'],
  ['Anna is shorter. **Boris**', names, 'different'],
  ['It is not Anna.', names, 'no-answer'],
  ["It isn't Anna", names, 'no-answer'],
  ['It is not Anna, because Anna is short.', names, 'no-answer'],
  ['Not Anna or Boris', names, 'no-answer'],
  ['Anna is not the tallest.', names, 'no-answer'],
  ['Anna does not tell the truth', names, 'no-answer'],
  ['The answer is not Anna.', names, 'no-answer'],
  ['Answer: Anna. Wait, the answer is not Anna.', names, 'no-answer'],
  ['Anyone rather than Anna', names, 'no-answer'],
  ["It is Anna's brother.", names, 'no-answer'],
  ["It is not Boris's Anna.", names, 'no-answer'],
  ['If it is Anna, then somebody lies.', names, 'no-answer'],
  ['Anna or Boris', names, 'ambiguous'],
  ['Anna, Boris', names, 'ambiguous'],
  ['Anna. Boris. Vera.', names, 'ambiguous'],
  ['Anna\nBoris\nVera', names, 'ambiguous'],
  ['Anna: tall\nBoris: short\n', names, 'ambiguous'],
  ['Anna, or maybe Boris', names, 'ambiguous'],
  ['Anna is taller than Boris', names, 'ambiguous'],
  ['The answer is Anna or Boris.', names, 'ambiguous'],
  ['Answer: Anna and Boris', names, 'ambiguous'],
  ['**Anna** and **Boris**', names, 'ambiguous'],
  ["Anna doesn't lie, Boris lies", names, 'ambiguous'],
  ['Anna. So it is Boris.', names, 'ambiguous'],
  ['Анна или Пётр', russianNames, 'ambiguous'],
  ['не Анна', russianNames, 'no-answer'],
  ['Анна не самая высокая', russianNames, 'no-answer'],
  [
    'Кто угодно, кроме Анны',
    { ...russianNames, options: [{ text: 'Анна', aliases: ['Анны'] }, 'Вера'] },
    'no-answer',
  ],
  ['Не Анна, а Пётр', russianNames, 'different'],
  ['Yes', yesNo, 'different'],
  ['Yes and no', yesNo, 'ambiguous'],
  ['There is no way to tell', yesNo, 'no-answer'],
  ['Нет', daNet, 'different'],
  ['У неё нет молока', daNet, 'no-answer'],
  ['7', premise, 'different'],
  ['17', premise, 'no-answer'],
  ['7.5', premise, 'no-answer'],
  ['It is not impossible', premise, 'no-answer'],
  ['A', second, 'different'],
  ['С', second, 'different'],
  ['A) red B) a blue one C) green', second, 'ambiguous'],
  ['(A) or (B)', second, 'ambiguous'],
  ['B) red', second, 'ambiguous'],
  ['The answer is not B', second, 'no-answer'],
  ['A dog is an animal.', firstLabel, 'no-answer'],
  ['The answer is a dog', firstLabel, 'no-answer'],
  ['Answer: A dog', firstLabel, 'no-answer'],
  ['This is a test', firstLabel, 'no-answer'],
  ['А вот и нет', firstLabel, 'no-answer'],
  ['В коробке', second, 'no-answer'],
  ['Ответ: В коробке', second, 'no-answer'],
  // no labels where the options are not labelled
  ['A', names, 'no-answer'],
];

describe('choice', () => {
  it.each(accepted)('%j settles on the right one: %j', (answer, options) => {
    expect(choice.grade(answer, { type: 'choice', ...options }, labelled)).toMatchObject({
      pass: true,
      score: 1,
      reason: { code: 'matched' },
    });
  });

  it.each(rejected)('%j does not settle on the right one: %j', (answer, options, code) => {
    expect(choice.grade(answer, { type: 'choice', ...options }, labelled)).toMatchObject({
      pass: false,
      score: 0,
      reason: { code },
    });
  });

  it('does not take the repeated question for an answer', () => {
    const prompt = 'Which day comes after the seventh? If the question makes no sense, answer: impossible.';
    const grade = (answer: string) =>
      choice.grade(answer, { type: 'choice', ...premise }, { ...labelled, prompt }).reason.code;
    expect(grade(prompt)).toBe('no-answer');
    expect(grade('If the question makes no sense, answer: impossible.')).toBe('no-answer');
    expect(grade('If it makes no sense, then the answer is impossible.')).toBe('no-answer');
    expect(grade(`${prompt} 8`)).toBe('different');
    expect(grade(`${prompt}\nImpossible`)).toBe('matched');
  });

  it('keeps the options that the prompt lists', () => {
    const prompt = 'Which one?\nA) The red house.\nThe blue house.\nB) It is green.';
    const options = ['The red house', 'It is green', 'The blue house'];
    const grade = (answer: string, value: string) =>
      choice.grade(answer, { type: 'choice', value }, { ...labelled, prompt, choices: options }).pass;
    expect(grade('A) The red house.', 'A')).toBe(true);
    expect(grade('The blue house.', 'C')).toBe(true);
    expect(grade('B) It is green.', 'B')).toBe(true);
  });

  it('copes with choices that are not words', () => {
    const grade = (answer: string) =>
      choice.grade(
        answer,
        { type: 'choice', value: 'B' },
        { ...labelled, choices: [' ', '>', 'two\n lines'] },
      );
    expect(grade('x > y')).toMatchObject({ pass: true });
    expect(grade('two lines').reason).toEqual({ code: 'different', expected: '>', found: 'two\n lines' });
    expect(grade('?').reason.code).toBe('no-answer');
  });

  it('shows the options by their text', () => {
    expect(choice.grade('B or C', { type: 'choice', value: 'A' }, labelled).reason).toEqual({
      code: 'ambiguous',
      expected: 'red',
      found: 'a blue one, green',
    });
  });

  it.each([
    {},
    { value: 'red' },
    { value: 'x', options: ['a', 'b'] },
    { value: 'C', options: ['red', 'blue'] },
    { value: 'red', options: ['red'] },
    { value: 'red', options: ['red', 'Red'] },
    { value: 'red', options: ['red', { text: 'blue', aliases: ['RED'] }] },
    { value: 'red', options: ['red', '?'] },
  ])('refuses the options %j', (options) => {
    const bare: Case = { id: 'case', prompt: '?', graders: [{ type: 'choice' }], tags: [] };
    expect(() => choice.grade('red', { type: 'choice', ...options }, bare)).toThrow(FaultError);
  });
});
