import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import type { Verdict } from './grader';
import { number } from './number';

const testCase: Case = { id: 'case', prompt: '?', graders: [{ type: 'number' }], tags: [] };
const grade = (answer: string, value: number | string, options: object = {}): Verdict =>
  number.grade(answer, { type: 'number', value, ...options }, testCase);

const accepted: [answer: string, value: number | string, options?: object][] = [
  // plain forms
  ['12', 12],
  ['12.', 12],
  [' 12\n', 12],
  ['0', 0],
  ['-5', -5],
  ['\u22125', -5],
  ['Ответ: –5', -5],
  ['minus five', -5],
  ['минус пять', -5],
  ['x = - 5', -5],
  ['10 minus 5 is 5', 5],
  ['10 -5 = 5', 5],
  // separators
  ['1,234', 1234],
  ['1,234', 1.234],
  ['1,234,567', 1234567],
  ['1 234', 1234],
  ['1\u00a0234', 1234],
  ['1\u202f234 567', 1234567],
  ["1'234", 1234],
  ['1.234.567', 1234567],
  ['1,234.5', 1234.5],
  ['1 234,5', 1234.5],
  ['3,5', 3.5],
  ['3.5', 3.5],
  ['0,125', 0.125],
  ['.5', 0.5],
  ['1e3', 1000],
  // fractions
  ['3/4', 0.75],
  ['3/4', '3/4'],
  ['0.75', '3/4'],
  ['1 1/2', 1.5],
  ['4/3', '1 1/3'],
  ['¾', 0.75],
  ['2½', 2.5],
  ['\\frac{3}{4}', 0.75],
  ['$\\dfrac{1}{3}$', '1/3'],
  ['2\\frac{1}{2}', 2.5],
  ['two and a half', 2.5],
  ['2 с половиной', 2.5],
  ['полтора', 1.5],
  // percent, units, currency
  ['25%', 25],
  ['25 %', 25],
  ['25\\%', 25],
  ['25%', 0.25],
  ['25 percent', 25],
  ['двадцать пять процентов', 25],
  ['$12', 12],
  ['-$12', -12],
  ['12€', 12],
  ['₽ 1 500', 1500],
  ['1500 рублей', 1500],
  ['5kg', 5],
  ['5 км/ч', 5],
  ['3-й', 3],
  ['3 million', 3e6],
  ['5 тыс. рублей', 5000],
  ['25%', '25%'],
  ['25 percent', '25%'],
  ['0.25', '25%'],
  ['25', '25%'],
  ['26%', '25%', { tolerance: 1 }],
  ['0.26', '25%', { tolerance: 1 }],
  ['12.5%', '12.5 %'],
  ['1234567', '1 234 567'],
  ['1234567.5', '1,234,567.5'],
  ['1 234', '1,234'],
  // words
  ['zero', 0],
  ['Twelve', 12],
  ['twenty-one', 21],
  ['Twenty one.', 21],
  ['one hundred and five', 105],
  ['a hundred', 100],
  ['two thousand five hundred', 2500],
  ['ноль', 0],
  ['Двенадцать', 12],
  ['около двенадцати', 12],
  ['двадцать один', 21],
  ['сорок', 40],
  ['сто двадцать пять', 125],
  ['двести', 200],
  ['трёх', 3],
  ['Их пятеро.', 5],
  ['одна', 1],
  ['One.', 1],
  ['None', 0],
  ['No one.', 0],
  ['Ни одного', 0],
  // markup
  ['**12**', 12],
  ['**Answer:** 12', 12],
  ['**Answer**: 12', 12],
  ['`12`', 12],
  ['$\\boxed{12}$', 12],
  ['\\boxed{\\text{12 apples}}', 12],
  ['\\boxed{1{,}234}', 1234],
  ['#### 12', 12],
  ['He has 3 boxes of 4.\n#### 12', 12],
  // markers: the last one wins, over whatever follows
  ['The answer is 12, because 3 boxes hold 4 each.', 12],
  ['The final answer is: 12. There are 3 boxes of 4.', 12],
  ['Answer: 12 (3 boxes of 4)', 12],
  ['Answer:\n\n12\n\nWe had 3 boxes of 4.', 12],
  ['The answer is 5. Wait, no. The answer is 12. I forgot 7.', 12],
  ['Answer: 3 * 4 = 12', 12],
  ['Answer: 3 boxes × 4 apples = 12 apples', 12],
  ['The answer is 3 plus 9 is 12', 12],
  ['Answer: 12 = 3 * 4', 12],
  ['The answer is 12 – it is 2 more than 10', 12],
  ['The answer to the question is 12, not 15.', 12],
  ['Ответ: 12. Коробок было 3, в каждой по 4.', 12],
  ['Ответ — 12, ведь 3 коробки по 4.', 12],
  ['Правильный ответ: двенадцать. Коробок 3.', 12],
  ['Ответ будет 12, а не 15', 12],
  ['Ответ 12, коробок 3', 12],
  ['The answer is one of them; 12 is too many. Answer: 12', 12],
  // results, bold, bare
  ['3 x 4 = 12', 12],
  ['5 + 7 = 12, so 5 and 7 give the total.', 12],
  ['x = 12 since there are 3 boxes of 4', 12],
  ['There are **12** apples in 3 boxes.', 12],
  ['**Step 1:** 3 boxes\n**Step 2:** 4 each\n**3 × 4 = 12**\nEach of the 3 is full.', 12],
  ['12\n\nThere are 3 boxes with 4 apples.', 12],
  ['12. There are 3 boxes with 4 apples.', 12],
  ['12, because there are 3 boxes with 4 apples.', 12],
  ['12 потому что 3 коробки по 4', 12],
  // the only one, or the last one
  ['She needs twelve of them, twelve!', 12],
  ['There are 3 boxes with 4 apples, which makes 12 apples.', 12],
  ['3 + 4 = 7 apples, so after giving 2 away, 5 remain.', 5],
  ['There are 5 left. That one is right.', 5],
  ['В каждой по 4, коробок три, всего двенадцать', 12],
  ['It is not 15 but 12', 12],
  ['не 15, а 12', 12],
  // numbering, dates and labels are not answers
  ['1. Count the boxes: 3\n2. Count the apples: 4\n3. Multiply: 12\n4. Done.', 12],
  ['There were 12.\nStep 2: done', 12],
  ['12 people came on 05.03.2024', 12],
  ['12 people came on March 5, 2024', 12],
  ['12 человек пришли 5 марта 2024 года', 12],
  ['We counted 12 at 10:30.', 12],
  ['March 12', 12],
  ['12 марта', 12],
  // tolerance
  ['3.14', Math.PI, { tolerance: 0.01 }],
  ['99', 100, { relativeTolerance: 0.01 }],
  ['about 0.33', '1/3', { tolerance: 0.01 }],
];

const rejected: [
  answer: string,
  value: number | string,
  code: Verdict['reason']['code'],
  options?: object,
][] = [
  ['', 12, 'no-answer'],
  ['I do not know.', 12, 'no-answer'],
  ['It happened on 12.05.2024.', 12, 'no-answer'],
  ['At 12:00.', 12, 'no-answer'],
  ['Step 12', 12, 'no-answer'],
  ['x12', 12, 'no-answer'],
  ['112', 12, 'different'],
  ['12.5', 12, 'different'],
  ['-12', 12, 'different'],
  ['12 million', 12, 'different'],
  ['1/12', 12, 'different'],
  ['twenty-one', 20, 'different'],
  ['двадцать один', 20, 'different'],
  ['It is not 12.', 12, 'no-answer'],
  ['не 12', 12, 'no-answer'],
  ['Ответ не равен 12', 12, 'no-answer'],
  ['The answer is not 12 but 15', 12, 'different'],
  ['12 boxes. The answer is 15.', 12, 'different'],
  ['Answer: 12. No, answer: 15', 12, 'different'],
  ['Answer: 3 + 9', 3, 'different'],
  ['12 or 15', 12, 'ambiguous'],
  ['12 or 15', 15, 'ambiguous'],
  ['Ответ: 12 или 15', 12, 'ambiguous'],
  ['11, 12, 13', 13, 'ambiguous'],
  ['3.15', Math.PI, 'different', { tolerance: 0.001 }],
  ['98', 100, 'different', { relativeTolerance: 0.01 }],
  ['0.33', '1/3', 'different'],
  ['семью', 7, 'no-answer'],
];

describe('number', () => {
  it.each(accepted)('%j is %s', (answer, value, options) => {
    expect(grade(answer, value, options)).toMatchObject({
      pass: true,
      score: 1,
      reason: { code: 'matched' },
    });
  });

  it.each(rejected)('%j is not %s: %s', (answer, value, code, options) => {
    expect(grade(answer, value, options)).toMatchObject({ pass: false, score: 0, reason: { code } });
  });

  it('shows what it took for the answer', () => {
    expect(grade('Answer: 1 500 roubles', 12).reason).toEqual({
      code: 'different',
      expected: '12',
      found: '1 500',
    });
  });

  it.each([{}, { value: 'x' }, { value: '1/0' }, { value: '' }, { value: NaN }, { value: 1, tolerance: -1 }])(
    'refuses the options %j',
    (options) => {
      expect(() => number.check({ type: 'number', ...options })).toThrow(FaultError);
    },
  );
});

describe("a set's language", () => {
  const readIn = (language: string | undefined, answer: string, value: number, prompt = '?') =>
    number.grade(
      answer,
      { type: 'number', value },
      { ...testCase, prompt },
      language === undefined ? {} : { language },
    );

  it.each([
    ['de', '1.234', 1234],
    ['de', '1.234,56', 1234.56],
    ['pt-BR', '1.234', 1234],
    ['ru', '1,234', 1.234],
    ['fr', '1 000', 1000],
    ['en', '1,234', 1234],
    ['hi', '1,00,000', 100_000],
    ['de-CH', '1,234', 1234],
    ['es-MX', '1,234', 1234],
    // Where a set may only not know its language, its words tell.
    ['en', '1.234', 1234, 'Wie viele sind es, und ist das die Antwort?'],
  ] as const)('in %s reads %j as %d', (language, answer, value, prompt?: string) => {
    expect(readIn(language, answer, value, prompt).pass).toBe(true);
  });

  it.each([
    ['en', '1,234', 1.234],
    ['en', '1.234', 1234],
    ['ja', '1.234', 1234],
    ['es-MX', '1.234', 1234],
  ])('in %s does not read %j as %d', (language, answer, value) => {
    expect(readIn(language, answer, value).pass).toBe(false);
  });
});
