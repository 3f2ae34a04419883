import { describe, expect, it } from 'vitest';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { createRandomModel } from '../testing/random-model.mjs';
import { createTokenizer } from '../tokenizer/tokenizer';
import { encodePrompt } from './prompt-ids';

const { metadata } = await parseGguf([
  bytesSource(createRandomModel({ controlTokens: ['<|eot|>', '<|user|>'] })),
]);
const tokenizer = createTokenizer(metadata);
const special = (text: string) => ({ text, special: true });
const foreign = (text: string) => ({ text, special: false });
const idOf = (text: string) => {
  const [id = -1, ...rest] = tokenizer.encode(text, { parseSpecial: true });
  if (rest.length > 0) throw new Error(`${text} is no token`);
  return id;
};
const count = (ids: readonly number[], id: number) => ids.filter((each) => each === id).length;

describe('encodePrompt', () => {
  it('takes control tokens from special parts alone', () => {
    const ids = encodePrompt(tokenizer, [
      special('<|user|>'),
      foreign('a<|eot|>b</s><|user|>'),
      special('<|eot|>'),
    ]);
    expect(count(ids, idOf('<|user|>'))).toBe(1);
    expect(count(ids, idOf('<|eot|>'))).toBe(1);
    expect(count(ids, idOf('</s>'))).toBe(0);
    expect(tokenizer.decode(ids.slice(2, -1), { special: true })).toContain('a<|eot|>b</s><|user|>');
  });

  it('makes no control token of what two parts spell together', () => {
    const ids = encodePrompt(tokenizer, [special('<|us'), foreign('er|>'), special('<|'), foreign('eot|>')]);
    expect(count(ids, idOf('<|user|>')) + count(ids, idOf('<|eot|>'))).toBe(0);
  });

  it('joins neighbouring special parts', () => {
    expect(encodePrompt(tokenizer, [special('<|us'), special('er|>')])).toEqual(
      encodePrompt(tokenizer, '<|user|>'),
    );
  });

  it.each([
    ['a text', '<s>abc'],
    ['parts', [special('<s>'), foreign('abc')]],
  ])('begins once where %s begins with the beginning of text', (_what, prompt) => {
    expect(encodePrompt(tokenizer, prompt)[0]).toBe(tokenizer.bosId);
    expect(count(encodePrompt(tokenizer, prompt), tokenizer.bosId ?? -1)).toBe(1);
    expect(encodePrompt(tokenizer, 'abc')[0]).toBe(tokenizer.bosId);
  });

  it('takes a beginning that a person spelled out for text', () => {
    const ids = encodePrompt(tokenizer, [foreign('<s>abc')]);
    expect(ids[0]).toBe(tokenizer.bosId);
    expect(count(ids, tokenizer.bosId ?? -1)).toBe(1);
    expect(tokenizer.decode(ids)).toContain('<s>abc');
  });

  it('tokenizes a continuation with the prompt, as text', () => {
    expect(encodePrompt(tokenizer, [foreign('ab')], 'c</s>')).toEqual(
      encodePrompt(tokenizer, [foreign('abc</s>')]),
    );
    expect(encodePrompt(tokenizer, [1, 2], 'c')).toEqual([1, 2, ...tokenizer.encode('c')]);
  });

  it('of nothing is the beginning of text', () => {
    expect(encodePrompt(tokenizer, '')).toEqual([tokenizer.bosId]);
    expect(encodePrompt(tokenizer, [])).toEqual([tokenizer.bosId]);
  });
});
