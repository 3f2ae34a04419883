import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createTexts, hashIds } from '../testing/corpus.mjs';
import { InferenceError } from '../errors';
import type { GgufValue } from '../gguf/types';
import { checkVocabularySize, createTokenizer } from './tokenizer';
import type { Tokenizer } from './tokenizer';

interface NativeIds {
  readonly ids: readonly (readonly number[])[];
  readonly hashes: string;
}

/** Made by bench/fixture-tokenizers.mjs from native llama.cpp. */
interface Fixture {
  readonly spm: { readonly tokens: string[]; readonly scores: number[]; readonly types: number[] };
  readonly bpe: { readonly first: string[]; readonly firstTypes: number[]; readonly merges: string[] };
  readonly cases: Record<string, { plain: NativeIds; special?: NativeIds; end: number[]; addsBos: boolean }>;
}

const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('../fixtures/tokenizers.json.gz', import.meta.url))).toString(),
) as Fixture;
const texts: readonly string[] = createTexts();

function spmMetadata(extra: [string, GgufValue][] = []): Map<string, GgufValue> {
  const { tokens, scores, types } = fixture.spm;
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.scores', Float32Array.from(scores)],
    ['tokenizer.ggml.token_type', Int32Array.from(types)],
    ['tokenizer.ggml.bos_token_id', 1],
    ['tokenizer.ggml.eos_token_id', 2],
    ...extra,
  ]);
}

function bpeMetadata(name: string, extra: [string, GgufValue][] = []): Map<string, GgufValue> {
  const { first, firstTypes, merges } = fixture.bpe;
  const tokens = [...first, ...merges.map((merge) => merge.replace(' ', ''))];
  const types = new Int32Array(tokens.length).fill(1);
  types.set(firstTypes);
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', name],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.token_type', types],
    ['tokenizer.ggml.merges', merges],
    ['tokenizer.ggml.bos_token_id', 1],
    ['tokenizer.ggml.eos_token_id', 2],
    ...extra,
  ]);
}

function tokenizerOf(name: string): Tokenizer {
  if (name === 'spm') return createTokenizer(spmMetadata());
  if (name === 'spm without prefix') {
    return createTokenizer(spmMetadata([['tokenizer.ggml.add_space_prefix', false]]));
  }
  return createTokenizer(bpeMetadata(name));
}

const spm = tokenizerOf('spm');
const bpe = tokenizerOf('smollm');
const wellFormed = (text: string) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

/** Tokens that a SentencePiece vocabulary has and no text may spell. */
const SPELLED =
  /<s>|<\/s>|<unk>|<0x[0-9A-F]{2}>|\[PAD\]|<\|[a-z_]+\|>|<end_of_turn>|<eos>|<EOT>|\[EOS\]|<fim|<｜/;

describe.each(Object.entries(fixture.cases))('%s', (name, native) => {
  const tokenizer = tokenizerOf(name);

  test.each([
    ['plain text', native.plain, false] as const,
    ...(native.special ? [['special tokens parsed', native.special, true] as const] : []),
  ])('gives the ids of llama.cpp on 2,000 texts: %s', (_name, expected, parseSpecial) => {
    const hashes = Buffer.from(expected.hashes, 'base64');
    expect(hashes.length).toBe(texts.length * 3);
    const different: unknown[] = [];
    for (const [index, text] of texts.entries()) {
      // llama.cpp makes control tokens of these letters all the same.
      if (name.startsWith('spm') && !parseSpecial && SPELLED.test(text)) continue;
      const ids = tokenizer.encode(text, { parseSpecial });
      const shown = expected.ids[index];
      if (shown) expect(ids, JSON.stringify(text)).toEqual(shown);
      const hash = hashes.subarray(index * 3, index * 3 + 3);
      if (!hash.equals(Buffer.from(hashIds(ids)))) different.push([text, ids]);
    }
    expect(different).toEqual([]);
  });

  test('ends generation at the tokens at which llama.cpp does', () => {
    const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
    expect(ids.filter((id) => tokenizer.isEndOfGeneration(id))).toEqual(native.end);
  });

  test('adds the tokens around a text that llama.cpp does', () => {
    expect(tokenizer.encode('', { addSpecial: true })).toEqual(native.addsBos ? [1] : []);
  });
});

test('never joins letters to a control token or a byte, as SentencePiece does not', () => {
  const kinds = fixture.spm.types;
  const spelled = texts.filter((text) => SPELLED.test(text));
  expect(spelled.length).toBeGreaterThan(50);
  for (const text of ['</s>', 'a</s>b', '<s> </s>', ...spelled]) {
    expect(spm.encode(text).filter((id) => kinds[id] === 3 || kinds[id] === 2)).toEqual([]);
  }
  expect(spm.decode(spm.encode('a</s>b <s>'))).toBe('a</s>b <s>');
});

test('never turns text into control tokens unless asked', () => {
  const control = bpe.encode('<|im_end|>', { parseSpecial: true });
  expect(control).toEqual([2]);
  for (const text of texts) expect(bpe.encode(text)).not.toContain(2);
  expect(bpe.decode(control)).toBe('');
  expect(bpe.decode(control, { special: true })).toBe('<|im_end|>');
});

// SmolLM2's vocabulary lacks the bytes that no text of its training had: nothing can bring those back.
const knownBytes = new Set(
  Array.from({ length: bpe.vocabularySize }, (_, id) => bpe.tokenBytes(id)).flatMap((bytes) =>
    bytes.length === 1 ? [...bytes] : [],
  ),
);

// With the prefix, user-defined tokens gain a space after them: that is how these models see them.
const spmPlain = tokenizerOf('spm without prefix');

test.each([
  ['spm', spmPlain],
  ['smollm', bpe],
])('%s round-trips any text', (name, tokenizer) => {
  const anyText = fc.oneof(
    fc.constantFrom(...texts.map(wellFormed)),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string(),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const isSpm = name === 'spm';
      fc.pre(isSpm || new TextEncoder().encode(text).every((byte) => knownBytes.has(byte)));
      // SentencePiece writes spaces as U+2581 and cannot tell the two apart afterwards.
      const expected = isSpm ? text.replaceAll('\u2581', ' ') : text;
      expect(tokenizer.decode(tokenizer.encode(text), { special: true })).toBe(expected);
    }),
    { seed: 4, numRuns: 1000 },
  );
});

test('streams the same text, never half a character', () => {
  for (const text of texts.slice(0, 400)) {
    const detokenizer = spmPlain.createDetokenizer({ special: true });
    const pieces = spmPlain.encode(`x${text}`).map((id) => detokenizer.push(id));
    expect(detokenizer.flush()).toBe('');
    expect(pieces.join('')).toBe(`x${wellFormed(text).replaceAll('\u2581', ' ')}`);
    if (!wellFormed(text).includes('\ufffd')) expect(pieces.join('')).not.toContain('\ufffd');
  }
});

test('decode drops the space of the prefix, a detokenizer keeps it', () => {
  const ids = spm.encode('tired wizards');
  expect(spm.decode(ids)).toBe('tired wizards');
  const detokenizer = spm.createDetokenizer();
  expect(ids.map((id) => detokenizer.push(id)).join('')).toBe(' tired wizards');
});

test('flushes an unfinished character as U+FFFD', () => {
  const detokenizer = spm.createDetokenizer();
  expect(detokenizer.push(3 + 0xf0)).toBe('');
  expect(detokenizer.push(3 + 0x9f)).toBe('');
  expect(detokenizer.flush()).toBe('\ufffd');
});

test('reads long runs of one letter, of spaces and of words', () => {
  for (const text of ['a'.repeat(100_000), ' '.repeat(100_000)]) {
    expect(bpe.decode(bpe.encode(text))).toBe(text);
  }
  const words = 'ж '.repeat(50_000);
  expect(spm.decode(spm.encode(words))).toBe(words);
});

test('tells texts and bytes of tokens', () => {
  expect(spm.tokenText(3 + 10)).toBe('<0x0A>');
  expect(spm.tokenBytes(3 + 10)).toEqual(Uint8Array.of(10));
  expect(spm.tokenText(1e9)).toBe('');
  expect(spm.tokenBytes(-1)).toEqual(new Uint8Array(0));
  const [space] = bpe.encode(' ');
  expect(bpe.tokenText(space ?? -1)).toBe('Ġ');
  expect(bpe.tokenBytes(space ?? -1)).toEqual(Uint8Array.of(32));
});

test('refuses what it does not know, by name', () => {
  expect(() => createTokenizer(new Map([['tokenizer.ggml.model', 'bert']]))).toThrow("the tokenizer 'bert'");
  expect(() => createTokenizer(new Map())).toThrow("'tokenizer.ggml.model' is missing");
  expect(() => createTokenizer(bpeMetadata('superbpe'))).toThrow("the pre-tokenizer 'superbpe'");
  const short = spmMetadata([['tokenizer.ggml.scores', Float32Array.of(1)]]);
  expect(() => createTokenizer(short)).toThrow('has 1 entries');
  expect(() => createTokenizer(spmMetadata([['tokenizer.ggml.tokens', []]]))).toThrow('empty');
  expect(() => createTokenizer(spmMetadata([['tokenizer.ggml.tokens', 5]]))).toThrow(
    'not an array of strings',
  );
  expect(() => checkVocabularySize(spm, 7)).toThrow('7 rows');
});

const smallBpe = new Map<string, GgufValue>([
  ['tokenizer.ggml.model', 'gpt2'],
  ['tokenizer.ggml.tokens', ['a', 'b', 'Ġ', 'ab', 'Ġab', '<|im_end|>']],
  ['tokenizer.ggml.merges', ['a b', 'Ġ ab']],
]);

test('damaged vocabularies give a tokenizer or an InferenceError, and never hang', () => {
  const anyId = fc.oneof(fc.integer({ min: -5, max: 4000 }), fc.constantFrom(NaN, Infinity, 2 ** 40, 1.5));
  const anyValue: fc.Arbitrary<GgufValue> = fc.oneof(
    anyId,
    fc.boolean(),
    fc.string(),
    fc.array(fc.string({ maxLength: 3 }), { maxLength: 50 }),
    fc.array(fc.double(), { maxLength: 400 }).map((values) => Float32Array.from(values)),
    fc.array(fc.integer(), { maxLength: 400 }).map((values) => Int32Array.from(values)),
  );
  const keys = [
    'tokens',
    'scores',
    'token_type',
    'merges',
    'bos_token_id',
    'eos_token_id',
    'add_bos_token',
    'pre',
  ];
  const changes = fc.dictionary(fc.constantFrom(...keys), anyValue, { minKeys: 1, maxKeys: 3 });
  fc.assert(
    fc.property(fc.constantFrom('llama', 'gpt2'), changes, fc.string(), (model, changed, text) => {
      const entries = Object.entries(changed).map(
        ([key, value]) => [`tokenizer.ggml.${key}`, value] as const,
      );
      const metadata = new Map([...(model === 'llama' ? spmMetadata() : smallBpe), ...entries]);
      try {
        const tokenizer = createTokenizer(metadata);
        const ids = tokenizer.encode(text, { addSpecial: true, parseSpecial: true });
        for (const id of ids) expect(tokenizer.tokenText(id)).not.toBe('');
        tokenizer.decode(ids);
      } catch (error) {
        if (!(error instanceof InferenceError)) throw error;
        expect(['bad-file', 'unsupported']).toContain(error.code);
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

describe('special tokens that strip to the right', () => {
  const specials = ['<|end|>', '<|user|>', '<|assistant|>'];
  const { tokens, scores, types } = fixture.spm;
  const named = (name: string) =>
    createTokenizer(
      spmMetadata([
        ['general.name', name],
        ['tokenizer.ggml.tokens', [...tokens, ...specials]],
        ['tokenizer.ggml.scores', Float32Array.from([...scores, 0, 0, 0])],
        ['tokenizer.ggml.token_type', Int32Array.from([...types, 3, 3, 3])],
      ]),
    );

  // What llama.cpp gives for a file of this name, and for one of another.
  test.each<[text: string, ids: number[], otherIds: number[]]>([
    [
      '<|user|>\nHi<|end|>\n<|assistant|>\n',
      [3597, 2329, 2446, 2333, 3596, 3598],
      [3597, 2329, 13, 2446, 2333, 3596, 2329, 13, 3598, 2329, 13],
    ],
    [
      '<|user|>  \n\t Hi <|end|> \n<|endoftext|> \n x',
      [3597, 2329, 2446, 2333, 2329, 3596, 1946, 259, 13, 2329, 2367],
      [3597, 3595, 2329, 13, 12, 2329, 2446, 2333, 2329, 3596, 259, 13, 1946, 259, 13, 2329, 2367],
    ],
    [
      '</s>  a <s>  b',
      [2, 2329, 2330, 2329, 1, 3595, 2329, 2352],
      [2, 3595, 2329, 2330, 2329, 1, 3595, 2329, 2352],
    ],
    ['[INST]  a  [INST] \n', [3594, 2329, 2330, 3595, 3594], [3594, 3595, 2329, 2330, 3595, 3594, 259, 13]],
    ['<|end|>\u00a0 a', [3596, 2329, 197, 163, 2329, 2330], [3596, 2329, 197, 163, 2329, 2330]],
    ['<|end|>\n', [3596], [3596, 2329, 13]],
    ['a <|end|> b', [2329, 2330, 2329, 3596, 2329, 2352], [2329, 2330, 2329, 3596, 259, 2352]],
    ['<|user|>\n\n\n<|user|> <|end|>', [3597, 3597, 3596], [3597, 2329, 13, 13, 13, 3597, 259, 3596]],
    ['<extra_id_0>  a', [3593, 2329, 2330], [3593, 3595, 2329, 2330]],
    [' <|user|> a', [259, 3597, 2329, 2330], [259, 3597, 259, 2330]],
  ])('gives the ids of llama.cpp for %j', (text, ids, otherIds) => {
    for (const name of ['Phi-3 mini', 'My phi3']) {
      expect(named(name).encode(text, { parseSpecial: true })).toEqual(ids);
    }
    expect(named('Other').encode(text, { parseSpecial: true })).toEqual(otherIds);
  });

  test('takes white space of a question away only after a token of the template', () => {
    const phi = named('phi-3');
    const parts = [
      { text: '<|user|>\n', special: true },
      { text: ' Hi <|end|> x', special: false },
      { text: '<|end|>\n', special: true },
    ];
    const ids = phi.encodeParts(parts);
    expect(ids.filter((id) => id === tokens.length)).toHaveLength(1);
    expect(phi.decode(ids)).toContain('Hi <|end|> x');
  });
});

describe('letters that are newer than the tables of llama.cpp, and older ones', () => {
  // As llama.cpp gives them, whatever this browser knows of Unicode.
  test.each<[name: string, text: string, ids: number[]]>([
    ['llama-bpe', "it\u{1c89}'ll \u{1c89}'s", [269, 172, 127, 227, 23, 764, 15822, 127, 227, 23, 99]],
    ['llama-bpe', "it\u{a7cb}'ll \u{a7cb}'s", [269, 181, 249, 229, 23, 764, 35792, 249, 229, 23, 99]],
    [
      'llama-bpe',
      "it\u{10d40}'ll \u{10d40}'s",
      [269, 187, 234, 130, 218, 23, 764, 216, 187, 234, 130, 218, 23, 99],
    ],
    [
      'llama-bpe',
      "it\u{13460}'ll \u{13460}'s",
      [269, 187, 237, 235, 250, 23, 764, 216, 187, 237, 235, 250, 23, 99],
    ],
    [
      'llama-bpe',
      "it\u{1e6c0}'ll \u{1e6c0}'s",
      [269, 187, 248, 245, 218, 23, 764, 216, 187, 248, 245, 218, 23, 99],
    ],
    [
      'llama-bpe',
      "it\u{2b73a}'ll \u{2b73a}'s",
      [269, 187, 121, 246, 135, 23, 764, 216, 187, 121, 246, 135, 23, 99],
    ],
    [
      'llama-bpe',
      "it\u{2ebf0}'ll \u{2ebf0}'s",
      [269, 187, 123, 124, 125, 3060, 216, 187, 123, 124, 125, 506],
    ],
    [
      'llama-bpe',
      "it\u{323b0}'ll \u{323b0}'s",
      [269, 187, 127, 232, 125, 23, 764, 216, 187, 127, 232, 125, 23, 99],
    ],
    [
      'llama-bpe',
      "it\u{33479}'ll \u{33479}'s",
      [269, 187, 128, 235, 134, 23, 764, 216, 187, 128, 235, 134, 23, 99],
    ],
    [
      'llama-bpe',
      "it\u{1e030}'ll \u{1e030}'s",
      [269, 187, 248, 218, 125, 3060, 216, 187, 248, 218, 125, 506],
    ],
    ['default', "it\u{1c89}'ll \u{1c89}'s", [269, 172, 127, 227, 23, 764, 15822, 127, 227, 23, 99]],
    ['default', "it\u{a7cb}'ll \u{a7cb}'s", [269, 181, 249, 229, 23, 764, 35792, 249, 229, 23, 99]],
    [
      'default',
      "it\u{10d40}'ll \u{10d40}'s",
      [269, 187, 234, 130, 218, 23, 764, 216, 187, 234, 130, 218, 23, 99],
    ],
    [
      'default',
      "it\u{13460}'ll \u{13460}'s",
      [269, 187, 237, 235, 250, 23, 764, 216, 187, 237, 235, 250, 23, 99],
    ],
    [
      'default',
      "it\u{1e6c0}'ll \u{1e6c0}'s",
      [269, 187, 248, 245, 218, 23, 764, 216, 187, 248, 245, 218, 23, 99],
    ],
    [
      'default',
      "it\u{2b73a}'ll \u{2b73a}'s",
      [269, 187, 121, 246, 135, 23, 764, 216, 187, 121, 246, 135, 23, 99],
    ],
    [
      'default',
      "it\u{2ebf0}'ll \u{2ebf0}'s",
      [269, 187, 123, 124, 125, 23, 764, 216, 187, 123, 124, 125, 23, 99],
    ],
    [
      'default',
      "it\u{323b0}'ll \u{323b0}'s",
      [269, 187, 127, 232, 125, 23, 764, 216, 187, 127, 232, 125, 23, 99],
    ],
    [
      'default',
      "it\u{33479}'ll \u{33479}'s",
      [269, 187, 128, 235, 134, 23, 764, 216, 187, 128, 235, 134, 23, 99],
    ],
    [
      'default',
      "it\u{1e030}'ll \u{1e030}'s",
      [269, 187, 248, 218, 125, 23, 764, 216, 187, 248, 218, 125, 23, 99],
    ],
    ['tekken', "it\u{1c89}'ll \u{1c89}'s", [269, 172, 127, 227, 23, 764, 15822, 127, 227, 23, 99]],
    ['tekken', "it\u{a7cb}'ll \u{a7cb}'s", [269, 181, 249, 229, 23, 764, 35792, 249, 229, 23, 99]],
    [
      'tekken',
      "it\u{10d40}'ll \u{10d40}'s",
      [269, 187, 234, 130, 218, 23, 764, 216, 187, 234, 130, 218, 23, 99],
    ],
    [
      'tekken',
      "it\u{13460}'ll \u{13460}'s",
      [269, 187, 237, 235, 250, 23, 764, 216, 187, 237, 235, 250, 23, 99],
    ],
    [
      'tekken',
      "it\u{1e6c0}'ll \u{1e6c0}'s",
      [269, 187, 248, 245, 218, 23, 764, 216, 187, 248, 245, 218, 23, 99],
    ],
    [
      'tekken',
      "it\u{2b73a}'ll \u{2b73a}'s",
      [269, 187, 121, 246, 135, 23, 764, 216, 187, 121, 246, 135, 23, 99],
    ],
    ['tekken', "it\u{2ebf0}'ll \u{2ebf0}'s", [269, 187, 123, 124, 125, 3060, 216, 187, 123, 124, 125, 506]],
    [
      'tekken',
      "it\u{323b0}'ll \u{323b0}'s",
      [269, 187, 127, 232, 125, 23, 764, 216, 187, 127, 232, 125, 23, 99],
    ],
    [
      'tekken',
      "it\u{33479}'ll \u{33479}'s",
      [269, 187, 128, 235, 134, 23, 764, 216, 187, 128, 235, 134, 23, 99],
    ],
    ['tekken', "it\u{1e030}'ll \u{1e030}'s", [269, 187, 248, 218, 125, 3060, 216, 187, 248, 218, 125, 506]],
  ])('%s: %j', (name, text, ids) => {
    expect(tokenizerOf(name).encode(text)).toEqual(ids);
  });
});
