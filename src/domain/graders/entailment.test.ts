import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { entailment } from './entailment';

const testCase: Case = {
  id: 'case',
  prompt: 'All cats purr. Tom is a cat. Is it true, false or unknown that Tom purrs?',
  graders: [{ type: 'entailment' }],
  tags: [],
};
const grade = (answer: string, value: string, options: object = {}) =>
  entailment.grade(answer, { type: 'entailment', value, ...options }, testCase);

const accepted: [answer: string, value: string, options?: object][] = [
  ['True', 'true'],
  ['true.', 'true'],
  ['**True**', 'true'],
  ['Yes.', 'true'],
  ['Yes, Tom purrs.', 'true'],
  ['The statement is true.', 'true'],
  ['The conclusion is entailed by the premises.', 'true'],
  ['The conclusion follows.', 'true'],
  ['The answer is as follows: true.', 'true'],
  ['All cats purr, so the statement is true.', 'true'],
  ['It is not false. The answer is true.', 'true'],
  ['The correct answer is: True', 'true'],
  ['$\\boxed{\\text{True}}$', 'true'],
  ['Верно', 'true'],
  ['Да.', 'true'],
  ['Да, Том мурлычет.', 'true'],
  ['Утверждение истинно.', 'true'],
  ['Это правда.', 'true'],
  ['Ответ: истина', 'true'],
  ['Правильный ответ: да', 'true'],

  ['False', 'false'],
  ['No.', 'false'],
  ['No, Tom does not purr.', 'false'],
  ['This is not true.', 'false'],
  ["That isn't true.", 'false'],
  ['The statement is not correct.', 'false'],
  ['The statement contradicts the premises.', 'false'],
  ['The claim is incorrect.', 'false'],
  ['It is true that cats purr, but the conclusion is false.', 'false'],
  ['Contradiction', 'false'],
  ['Ложь', 'false'],
  ['Нет.', 'false'],
  ['Неверно.', 'false'],
  ['Это не верно.', 'false'],
  ['Утверждение не является истинным.', 'false'],
  ['Это противоречит условию.', 'false'],
  ['Ответ: ложно.', 'false'],

  ['Unknown', 'unknown'],
  ['It cannot be determined.', 'unknown'],
  ["It can't be determined from the premises.", 'unknown'],
  ['There is not enough information to tell.', 'unknown'],
  ["We don't have enough information.", 'unknown'],
  ['Insufficient information.', 'unknown'],
  ['Neither true nor false.', 'unknown'],
  ['It is not necessarily true.', 'unknown'],
  ['Uncertain', 'unknown'],
  ['Neutral', 'unknown'],
  ['The answer is unknown, because Tom is not said to be a cat.', 'unknown'],
  ['Неизвестно', 'unknown'],
  ['Нельзя определить.', 'unknown'],
  ['Невозможно сказать однозначно.', 'unknown'],
  ['Недостаточно данных.', 'unknown'],
  ['Это не обязательно верно.', 'unknown'],
  ['Ответ: неизвестно, так как о Томе ничего не сказано.', 'unknown'],

  ['It does not follow.', 'false', { twoValued: true }],
  ['The conclusion does not logically follow from the premises.', 'false', { twoValued: true }],
  ['Вывод не следует из посылок.', 'false', { twoValued: true }],
  ['The conclusion is not entailed.', 'false', { twoValued: true }],
];

const refused: [answer: string, value: string, code: string, options?: object][] = [
  ['False', 'true', 'different'],
  ['Not true.', 'true', 'different'],
  ['Это не правда.', 'true', 'different'],
  ['Unknown', 'true', 'different'],
  ['It cannot be determined whether it is true.', 'true', 'different'],
  ['True', 'false', 'different'],
  ['True', 'unknown', 'different'],
  ['Верно', 'unknown', 'different'],
  ['Нельзя определить', 'false', 'different'],
  ['It is not necessarily true.', 'false', 'different'],
  ['True or false.', 'true', 'ambiguous'],
  ['It may be true or unknown.', 'true', 'ambiguous'],
  ['Верно или неверно', 'true', 'ambiguous'],
  ['Истинно либо неизвестно', 'unknown', 'ambiguous'],
  ['', 'true', 'no-answer'],
  ['Tom is a nice cat.', 'true', 'no-answer'],
  ['Том — хороший кот.', 'true', 'no-answer'],
  // With three values these say only what it is not.
  ['It does not follow.', 'true', 'no-answer'],
  ['Не следует.', 'true', 'no-answer'],
  ['It is not false.', 'true', 'no-answer'],
  ['It does not follow.', 'true', 'different', { twoValued: true }],
];

describe('entailment', () => {
  it.each(accepted)('%j is %s', (answer, value, options) => {
    expect(grade(answer, value, options)).toMatchObject({ pass: true, score: 1 });
  });

  it.each(refused)('%j is not %s: %s', (answer, value, code, options) => {
    expect(grade(answer, value, options)).toMatchObject({ pass: false, score: 0, reason: { code } });
  });

  it('does not take the question for the answer', () => {
    expect(grade(`${testCase.prompt}\nFalse`, 'false').pass).toBe(true);
  });

  it.each([{ value: 'maybe' }, {}, { value: true }, { value: 'true', more: 1 }])('refuses %j', (options) => {
    expect(() => entailment.check({ type: 'entailment', ...options })).toThrow(FaultError);
  });
});
