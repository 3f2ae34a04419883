import * as tokenizers from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import type { PromptPiece } from '../../domain/prompt/pieces';
import { canReadPieces, encodePieces, type OpenTokenizer } from './encode-prompt';

/** As the library has it, whose declarations name files that it does not ship. */
const { Tokenizer } = tokenizers as unknown as {
  readonly Tokenizer: new (
    json: object,
    config: object,
  ) => OpenTokenizer & { decode(ids: readonly number[], options: object): string };
};

const added = (id: number, content: string, more: object = {}) => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ...more,
});
/** Bytes as GPT-2 writes them, and the merges of "<|" and "ab". */
const letters = [...Array(94).keys()].map((code) => String.fromCharCode(33 + code));
const vocabulary = Object.fromEntries(['Ġ', 'Ċ', ...letters, '<|', 'ab'].map((token, id) => [token, id]));
const byteLevel = new Tokenizer(
  {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [added(200, '<|end|>'), added(201, '<|user|>', { rstrip: true }), added(202, '<|end|>x')],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab: vocabulary,
      merges: ['< |', 'a b'],
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
    },
  },
  {},
);
/** Llama's: a space before the first word only. */
const metaspace = new Tokenizer(
  {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [added(200, '</s>')],
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
    model: {
      type: 'BPE',
      vocab: { ...vocabulary, '▁': 150 },
      merges: ['a b'],
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
    },
  },
  {},
);

const template = (text: string): PromptPiece => ({ kind: 'template', text });
const foreign = (text: string): PromptPiece => ({ kind: 'foreign', text });

describe.each([
  ['byte level', byteLevel, '<|end|>'],
  ['metaspace', metaspace, '</s>'],
])('%s', (_name, tokenizer, control) => {
  if (!canReadPieces(tokenizer)) throw new Error('the library has changed inside');
  const encode = (...pieces: PromptPiece[]) => encodePieces(tokenizer, pieces);
  const plain = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;

  it.each(['a', 'ab', `ab${control}ab`, control, `a ${control}${control} ab c`, ''])(
    'reads the text of a template, %j, as the library does',
    (text) => {
      expect(encode(template(text))).toEqual(plain(text));
    },
  );

  it('splits words where it would without pieces', () => {
    expect(encode(template(`${control}a`), foreign('b c'), template(` a${control}`))).toEqual(
      plain(`${control}ab c a${control}`),
    );
  });

  it.each([control, `a ${control}`, `${control}${control}`, `ab${control}ab`])(
    'takes %j of a person for text',
    (text) => {
      const ids = encode(template(`${control}a`), foreign(text), template(control));
      expect(ids.filter((id) => id === 200)).toHaveLength(2);
      expect(
        tokenizer.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
      ).toContain(text);
      const alone = encode(template(control), foreign(text), template(control));
      expect(alone.filter((id) => id === 200)).toHaveLength(2);
    },
  );

  it('leaves the tokenizer as it was', () => {
    encode(foreign(control));
    expect(plain(control)).toEqual([200]);
  });
});

it('strips beside a control token what the token strips, and takes the longest', () => {
  if (!canReadPieces(byteLevel)) throw new Error('the library has changed inside');
  const plain = (text: string) => byteLevel.encode(text, { add_special_tokens: false }).ids;
  expect(encodePieces(byteLevel, [template('<|user|>\n'), foreign('  ab')])).toEqual([201, ...plain('ab')]);
  expect(encodePieces(byteLevel, [template('<|end|>x<|end|>')])).toEqual([202, 200]);
  // A control token that only two pieces together would make is none.
  expect(encodePieces(byteLevel, [template('<|en'), foreign('d|>a')])).not.toContain(200);
});

it('says where it cannot tell control tokens from text', () => {
  expect(canReadPieces({})).toBe(false);
  expect(
    canReadPieces(
      Object.assign(Object.create(byteLevel) as object, { model: { config: { type: 'Unigram' } } }),
    ),
  ).toBe(false);
});
