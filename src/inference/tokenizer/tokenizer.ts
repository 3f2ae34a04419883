import { readOptionalBoolean, readStrings } from '../gguf/metadata';
import { InferenceError } from '../errors';
import type { GgufMetadata } from '../gguf/types';
import { bpeTokenBytes, createBpeEncoder } from './bpe';
import { createPreTokenizer } from './pre-tokenizers';
import { createSpmEncoder, spmTokenBytes } from './spm';
import { byteOfText, readAdditions, readPreTokenizerName, readVocabulary } from './vocabulary';
import type { Vocabulary } from './vocabulary';

const utf8 = new TextEncoder();

export interface EncodeOptions {
  /** Put the beginning- and end-of-text tokens that the model was trained with around the text. */
  readonly addSpecial?: boolean;
  /** Read control tokens such as `<|im_start|>` in the text as themselves: never for text from others. */
  readonly parseSpecial?: boolean;
}

/** A text in parts, as one text; only parts with `special` may hold control tokens. */
export interface TextPart {
  readonly text: string;
  /** Written by a template. False for what a person or a file wrote. */
  readonly special: boolean;
}

export interface DecodeOptions {
  /** Write control tokens out instead of leaving them away. */
  readonly special?: boolean;
}

/** Turns ids into text as they come; a character whose bytes span tokens appears with its last one. */
export interface Detokenizer {
  /** Text that this token completes, possibly empty. */
  push(id: number): string;
  /** What is left when generation ends: U+FFFD for an unfinished character, else nothing. */
  flush(): string;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  /** Token ids of a text; unpaired surrogates count as U+FFFD. Special texts count only if `parseSpecial`. */
  encode(text: string, options?: EncodeOptions): number[];
  /** The ids of all parts as one text. A control token counts only where a part with `special` holds all of it. */
  encodeParts(parts: readonly TextPart[], options?: Pick<EncodeOptions, 'addSpecial'>): number[];
  /** Text of ids; SentencePiece's space before the first word is left away, as in llama.cpp. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** Unlike `decode`, keeps a leading space: it continues a text. */
  createDetokenizer(options?: DecodeOptions): Detokenizer;
  /** Whether generation ends at this token. */
  isEndOfGeneration(id: number): boolean;
  /** The token as the vocabulary writes it (`Ġthe`, `▁the`, `<0x0A>`); empty for an id outside. */
  tokenText(id: number): string;
  /** The bytes that the token stands for in a text; control tokens give their name. */
  tokenBytes(id: number): Uint8Array;
}

type Fragment = string | number;

/** Converters mark the turns of some models' templates as words of the language, not as control tokens. */
const CONTROL_SHAPE = /^<[|｜][^<>\s]*[|｜]>$/;

/** Where control tokens may begin and end: ranges of a text, in order. */
type SpecialRanges = readonly (readonly [from: number, to: number])[];

/**
 * Cuts special tokens out of a text. Control and unknown tokens only within `ranges`; user-defined ones everywhere, as
 * they are part of the language of the model, unless they end an answer or look like control tokens. Longer tokens go
 * first.
 */
function createSplitter(vocabulary: Vocabulary): (text: string, ranges: SpecialRanges) => Fragment[] {
  const specials = vocabulary.texts
    .map((text, id) => ({ id, text, kind: vocabulary.kindOf(id), bytes: utf8.encode(text).length }))
    .filter(({ kind }) => kind === 'control' || kind === 'unknown' || kind === 'user-defined')
    .toSorted((a, b) => b.bytes - a.bytes)
    .map((special) => ({
      ...special,
      everywhere:
        special.kind === 'user-defined' &&
        !vocabulary.endIds.has(special.id) &&
        !CONTROL_SHAPE.test(special.text),
      stripsRight: vocabulary.stripsRight(special.id),
    }));

  return (text, ranges) => {
    const isAllowed = (from: number, to: number) => ranges.some(([start, end]) => from >= start && to <= end);
    let fragments: readonly Placed[] = text === '' ? [] : [{ at: 0, text }];
    for (const special of specials) {
      const { text: word, everywhere } = special;
      if (word === '' || (!everywhere && ranges.length === 0) || !text.includes(word)) continue;
      fragments = fragments.flatMap((fragment) =>
        typeof fragment === 'number'
          ? [fragment]
          : cutOut(fragment, special, (from) => everywhere || isAllowed(from, from + word.length)),
      );
    }
    return fragments.map((fragment) => (typeof fragment === 'number' ? fragment : fragment.text));
  };
}

/** A piece of a text and where in it that begins, or a token. */
type Placed = { readonly at: number; readonly text: string } | number;

function cutOut(
  { at, text }: { readonly at: number; readonly text: string },
  {
    id,
    text: word,
    stripsRight,
  }: { readonly id: number; readonly text: string; readonly stripsRight: boolean },
  isAllowed: (from: number) => boolean,
): Placed[] {
  const cut: Placed[] = [];
  let from = 0;
  const add = (to: number) => {
    if (to > from) cut.push({ at: at + from, text: text.slice(from, to) });
  };
  for (let found = text.indexOf(word); found >= 0;) {
    if (isAllowed(at + found)) {
      add(found);
      cut.push(id);
      from = found + word.length;
      if (stripsRight) while (isSpace(text.charCodeAt(from))) from++;
      found = text.indexOf(word, from);
    } else {
      found = text.indexOf(word, found + 1);
    }
  }
  add(text.length);
  return cut;
}

/** As C's `isspace`: the space, and tab to carriage return. */
function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function createTokenBytes(vocabulary: Vocabulary): (id: number) => Uint8Array {
  const bytesOfNormal = vocabulary.model === 'llama' ? spmTokenBytes : bpeTokenBytes;
  const none = new Uint8Array(0);
  return (id) => {
    const text = vocabulary.texts[id];
    if (text === undefined) return none;
    const kind = vocabulary.kindOf(id);
    if (kind === 'normal') return bytesOfNormal(text);
    if (kind === 'byte') {
      const byte = byteOfText(text);
      return byte === undefined ? bytesOfNormal(text) : Uint8Array.of(byte);
    }
    return kind === 'unused' ? none : utf8.encode(text);
  };
}

interface Encoder {
  encodeFragments(fragments: readonly Fragment[]): number[];
  readonly addsBos: boolean;
  /** SentencePiece's dummy space before a text and after special tokens. */
  readonly addsSpacePrefix: boolean;
}

function createEncoder(metadata: GgufMetadata, vocabulary: Vocabulary): Encoder {
  if (vocabulary.model === 'llama') {
    const encode = createSpmEncoder(vocabulary);
    const addsSpacePrefix = readOptionalBoolean(metadata, 'tokenizer.ggml.add_space_prefix') ?? true;
    return {
      addsBos: true,
      addsSpacePrefix,
      encodeFragments(fragments) {
        return fragments.flatMap((fragment, index) => {
          if (typeof fragment === 'number') return [fragment];
          const isFirst = index === 0 || typeof fragments[index - 1] === 'number';
          return encode(addsSpacePrefix && isFirst ? ` ${fragment}` : fragment);
        });
      },
    };
  }
  const preTokenizer = createPreTokenizer(readPreTokenizerName(metadata));
  const encode = createBpeEncoder(vocabulary, readStrings(metadata, 'tokenizer.ggml.merges'), preTokenizer);
  return {
    addsBos: preTokenizer.addsBos,
    addsSpacePrefix: readOptionalBoolean(metadata, 'tokenizer.ggml.add_space_prefix') ?? false,
    encodeFragments: (fragments) =>
      fragments.flatMap((fragment) => (typeof fragment === 'number' ? [fragment] : encode(fragment))),
  };
}

/**
 * The tokenizer of a model from its GGUF metadata: SentencePiece (`llama`) or byte-level BPE (`gpt2`), with the ids that
 * llama.cpp gives. Throws `unsupported` for another tokenizer or pre-tokenizer, `bad-file` for damaged metadata.
 */
export function createTokenizer(metadata: GgufMetadata): Tokenizer {
  const vocabulary = readVocabulary(metadata);
  const encoder = createEncoder(metadata, vocabulary);
  const { before, after } = readAdditions(metadata, vocabulary, encoder.addsBos);
  const splitSpecials = createSplitter(vocabulary);
  const tokenBytes = createTokenBytes(vocabulary);

  const isShown = (id: number, special: boolean) => {
    const kind = vocabulary.kindOf(id);
    return special || (kind !== 'control' && kind !== 'unknown');
  };

  const createDetokenizer = ({ special = false }: DecodeOptions = {}): Detokenizer => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      push: (id) => (isShown(id, special) ? decoder.decode(tokenBytes(id), { stream: true }) : ''),
      flush: () => decoder.decode(),
    };
  };

  const encodeParts: Tokenizer['encodeParts'] = (parts, { addSpecial = false } = {}) => {
    let text = '';
    const ranges: [number, number][] = [];
    for (const part of parts) {
      const from = text.length;
      // One unit for one unit: the ranges stay true.
      text += part.text;
      const last = ranges.at(-1);
      if (!part.special) continue;
      if (last?.[1] === from) last[1] = text.length;
      else ranges.push([from, text.length]);
    }
    const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd');
    const ids = encoder.encodeFragments(splitSpecials(wellFormed, ranges));
    return addSpecial ? [...before, ...ids, ...after] : ids;
  };

  return {
    vocabularySize: vocabulary.texts.length,
    bosId: vocabulary.bosId,
    eosId: vocabulary.eosId,
    encode: (text, { addSpecial = false, parseSpecial = false } = {}) =>
      encodeParts([{ text, special: parseSpecial }], { addSpecial }),
    encodeParts,
    decode(ids, options) {
      const detokenizer = createDetokenizer(options);
      let text = '';
      let isFirst = true;
      for (const id of ids) {
        const piece = detokenizer.push(id);
        text += isFirst && encoder.addsSpacePrefix && piece.startsWith(' ') ? piece.slice(1) : piece;
        isFirst = false;
      }
      return text + detokenizer.flush();
    },
    createDetokenizer,
    isEndOfGeneration: (id) => vocabulary.endIds.has(id),
    tokenText: (id) => vocabulary.texts[id] ?? '',
    tokenBytes,
  };
}

/** Fails unless the model has exactly one output row per token, or more: padding rows are legal, missing ones not. */
export function checkVocabularySize(tokenizer: Tokenizer, rows: number): void {
  if (rows < tokenizer.vocabularySize) {
    throw new InferenceError(
      'bad-file',
      `the vocabulary has ${tokenizer.vocabularySize} tokens, the model ${rows} rows`,
    );
  }
}
