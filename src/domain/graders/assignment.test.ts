import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { assignment } from './assignment';

const testCase: Case = {
  id: 'case',
  prompt: 'Anna is not in the red house. Who lives where?',
  graders: [{ type: 'assignment' }],
  tags: [],
};
const grade = (answer: string, options: object) =>
  assignment.grade(answer, { type: 'assignment', ...options }, testCase);

const flat = { value: { Anna: 'blue', Boris: 'red', Clara: 'green' } };
const zebra = {
  value: {
    'House 1': { colour: 'red', owner: 'Anna', pet: 'cat' },
    'House 2': { colour: 'blue', owner: 'Boris', pet: 'dog' },
  },
  aliases: { 'House 1': ['1', 'first house'], 'House 2': ['2', 'second house'] },
};
const ru = {
  value: { Анна: 'кошка', Борис: 'собака' },
  aliases: { Анна: ['Анны', 'Анне'], Борис: ['Бориса', 'Борису'], кошка: ['кошку'], собака: ['собаку'] },
};

describe('assignment', () => {
  it.each([
    ['Anna: blue, Boris: red, Clara: green', flat],
    ['Anna - blue\nBoris - red\nClara - green', flat],
    ['Anna has the blue house. Boris has the red one. Clara has the green one.', flat],
    ["Anna's house is blue, Boris's house is red and Clara's house is green.", flat],
    ['The blue house belongs to Anna; the red house belongs to Boris; the green one to Clara.', flat],
    ['blue: Anna, red: Boris, green: Clara', flat],
    ['{"Anna": "blue", "Boris": "red", "Clara": "green"}', flat],
    ['| Person | House |\n|---|---|\n| Anna | blue |\n| Boris | red |\n| Clara | green |', flat],
    [
      'Anna cannot be red. If Anna is green, Boris is blue. So the answer is: Anna blue, Boris red, Clara green.',
      flat,
    ],
    ['Anna is not red, Anna is blue. Boris is red. Clara is green.', flat],
    ['**Anna**: blue\n**Boris**: red\n**Clara**: green', flat],
    ['House 1: red, Anna, cat\nHouse 2: blue, Boris, dog', zebra],
    ['| 1 | red | Anna | cat |\n| 2 | blue | Boris | dog |', zebra],
    ['House 1:\n- red\n- Anna\n- cat\nHouse 2:\n- blue\n- Boris\n- dog', zebra],
    [
      '{\n"1": {\n"colour": "red",\n"owner": "Anna",\n"pet": "cat"\n},\n"2": {\n"colour": "blue",\n"owner": "Boris",\n"pet": "dog"\n}\n}',
      zebra,
    ],
    ['Анна — кошка, Борис — собака', ru],
    ['У Анны кошка. У Бориса собака.', ru],
    ['Ответ: кошка у Анны, собака у Бориса.', ru],
    ['У Анны не собака. Значит, у Анны кошка, у Бориса собака.', ru],
  ])('%j passes', (answer, options) => {
    expect(grade(answer, options)).toMatchObject({ pass: true, score: 1 });
  });

  it.each([
    ['Anna: red, Boris: blue, Clara: green', flat, 'different', 1 / 3],
    ['Anna: blue, Boris: red', flat, 'different', 2 / 3],
    ['Anna: blue. Anna: red. Boris: red. Clara: green', flat, 'different', 2 / 3],
    ['Anna or Boris: blue. Clara: green', flat, 'different', 1 / 3],
    ['House 1: red, Anna, dog\nHouse 2: blue, Boris, cat', zebra, 'different', 4 / 6],
    ['Anna is not blue. Boris is not red. Clara is not green.', flat, 'no-answer', 0],
    ['', flat, 'no-answer', 0],
    ['I do not know.', flat, 'no-answer', 0],
    ['Анна — собака, Борис — кошка', ru, 'different', 0],
    ['Не знаю.', ru, 'no-answer', 0],
  ])('%j fails', (answer, options, code, score) => {
    const verdict = grade(answer, options);
    expect(verdict).toMatchObject({ pass: false, reason: { code } });
    expect(verdict.score).toBeCloseTo(score, 12);
  });

  it.each([
    {},
    { value: {} },
    { value: { Anna: 'Anna' } },
    { value: { Anna: {} } },
    { value: { Anna: { a: 'x', b: 'x' } } },
    { value: { Anna: 3 } },
  ])('refuses %j', (options) => {
    expect(() => assignment.check({ type: 'assignment', ...options })).toThrow(FaultError);
  });
});
