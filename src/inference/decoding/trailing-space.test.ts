import { expect, test } from 'vitest';
import { moveTrailingSpace } from './score';

test('white space at the end of a prompt goes to each continuation', () => {
  expect(moveTrailingSpace('Answer: ', ['yes', 'no'])).toEqual({
    prompt: 'Answer:',
    continuations: [' yes', ' no'],
  });
  expect(moveTrailingSpace('A\n\n', [' b'])).toEqual({ prompt: 'A', continuations: ['\n\n b'] });
  expect(moveTrailingSpace('A:', [' b'])).toEqual({ prompt: 'A:', continuations: [' b'] });
});

test('ids are left as they are', () => {
  expect(moveTrailingSpace([1, 2], [[3]])).toEqual({ prompt: [1, 2], continuations: [[3]] });
  expect(moveTrailingSpace('a ', [[3]])).toEqual({ prompt: 'a ', continuations: [[3]] });
});

test('it is taken from the last parts of a prompt, whoever wrote them', () => {
  const special = (text: string) => ({ text, special: true });
  const foreign = (text: string) => ({ text, special: false });
  expect(moveTrailingSpace([special('<|user|>'), foreign('a '), special(' \n')], ['b'])).toEqual({
    prompt: [special('<|user|>'), foreign('a')],
    continuations: ['  \nb'],
  });
  expect(moveTrailingSpace([foreign(' ')], ['b'])).toEqual({ prompt: [], continuations: [' b'] });
});
