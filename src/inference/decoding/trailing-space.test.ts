import { expect, test } from 'vitest';
import { createTokenizer } from '../tokenizer/tokenizer';
import type { GgufValue } from '../gguf/types';
import { encodePrompt } from './prompt-ids';
import { continuationIds, moveTrailingSpace } from './score';

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

test('it is what Python takes for white space', () => {
  expect(moveTrailingSpace('a\x1c\u00a0\x85', ['b'])).toEqual({
    prompt: 'a',
    continuations: ['\x1c\u00a0\x85b'],
  });
  expect(moveTrailingSpace('a\ufeff', ['b'])).toEqual({ prompt: 'a\ufeff', continuations: ['b'] });
});

const tokens = ['<s>', '</s>', 'a', 'b', 'c', 'ab'];
const metadata = new Map<string, GgufValue>([
  ['tokenizer.ggml.model', 'gpt2'],
  ['tokenizer.ggml.pre', 'smollm'],
  ['tokenizer.ggml.tokens', tokens],
  ['tokenizer.ggml.token_type', Int32Array.from([3, 3, 1, 1, 1, 1])],
  ['tokenizer.ggml.merges', ['a b']],
  ['tokenizer.ggml.bos_token_id', 0],
  ['tokenizer.ggml.eos_token_id', 1],
]);

test.each([
  ['a', 'c', ['c']],
  // The prompt alone is one token, and so is "ab": the rest is what lm-eval scores.
  ['a', 'bc', ['c']],
  // Nothing would be left.
  ['a', 'b', ['b']],
  ['', 'abc', ['ab', 'c']],
])('after %j, %j is %j, cut after as many tokens as the prompt has', (prompt, continuation, wanted) => {
  const tokenizer = createTokenizer(metadata);
  const ids = encodePrompt(tokenizer, prompt);
  const found = continuationIds({ tokenizer }, prompt, ids, continuation);
  expect(found.map((id) => tokens[id])).toEqual(wanted);
});
