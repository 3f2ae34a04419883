import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { abstain } from './abstain';

const testCase: Case = {
  id: 'case',
  prompt: 'What have I in my pocket?',
  graders: [{ type: 'abstain' }],
  tags: [],
};

describe('abstain', () => {
  it.each([
    "I don't know.",
    'I do not know the answer.',
    'I’m not sure.',
    'I am unable to determine that.',
    "I can't answer this question.",
    '**I cannot say.**',
    "The answer is: I don't know.",
    'No idea!',
    "Don't know.",
    'You never told me what is in your pocket. I honestly do not know.',
    'Не знаю.',
    'Я не знаю ответа.',
    'Я не могу ответить на этот вопрос.',
    'Затрудняюсь ответить.',
    'Понятия не имею.',
    'Я не уверен.',
    'Мне это неизвестно.',
  ])('%j abstains', (answer) => {
    expect(abstain.grade(answer, { type: 'abstain' }, testCase)).toMatchObject({ pass: true, score: 1 });
  });

  it.each([
    'A ring.',
    'It cannot be determined.',
    "I don't know, but my best guess is a ring.",
    'I am not sure, but the answer is a ring.',
    'The answer is a ring. I am not sure, though.',
    'Anna says: I do not know. She has a ring.',
    'Boris said "I don\'t know".',
    'If I do not know, then it is a ring.',
    'I do not know what is in the left pocket, so it is a ring.',
    'Не знаю, но думаю, что кольцо.',
    'Ответ: кольцо. Хотя я не уверен.',
    'Анна говорит: «Я не знаю».',
    'Кольцо.',
    'Определить нельзя.',
    '',
  ])('%j does not', (answer) => {
    expect(abstain.grade(answer, { type: 'abstain' }, testCase)).toMatchObject({ pass: false, score: 0 });
  });

  it('takes no options', () => {
    expect(() => abstain.check({ type: 'abstain', value: 'x' })).toThrow(FaultError);
  });
});
