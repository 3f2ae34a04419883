import {
  readOptionalBoolean,
  readOptionalNumber,
  readOptionalNumbers,
  readOptionalString,
  readString,
  readStrings,
} from '../gguf/metadata';
import { InferenceError } from '../errors';
import type { GgufMetadata, GgufNumbers } from '../gguf/types';

/** `tokenizer.ggml.token_type` values (llama.h `enum llama_token_type`). */
const TOKEN_TYPE = { unknown: 2, control: 3, userDefined: 4, byte: 6 } as const;

export type TokenKind = 'normal' | 'unknown' | 'control' | 'user-defined' | 'byte' | 'unused';

/** What converters name the tokens that end a turn or a text; llama.cpp stops at any of them (llama-vocab.cpp). */
const END_TEXTS = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|flush|>',
  '<|calls|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '</s>',
  '<|eom_id|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '<｜end▁of▁sentence｜>',
  '[e~[',
];

/** Fill-in-the-middle tokens by role: the first text found plays it, and the last three roles also end generation. */
const FILL_TEXTS = {
  prefix: [
    '<|fim_prefix|>',
    '<fim-prefix>',
    '<fim_prefix>',
    '<｜fim▁begin｜>',
    '<PRE>',
    '▁<PRE>',
    '<|code_prefix|>',
    '<|prefix|>',
  ],
  suffix: [
    '<|fim_suffix|>',
    '<fim-suffix>',
    '<fim_suffix>',
    '<｜fim▁hole｜>',
    '<SUF>',
    '▁<SUF>',
    '<|code_suffix|>',
    '<|suffix|>',
  ],
  middle: [
    '<|fim_middle|>',
    '<fim-middle>',
    '<fim_middle>',
    '<｜fim▁end｜>',
    '<MID>',
    '▁<MID>',
    '<|code_middle|>',
    '<|middle|>',
  ],
  pad: ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'],
  rep: ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>'],
  sep: ['<|file_sep|>'],
} as const;
const ENDING_ROLES: ReadonlySet<string> = new Set(['pad', 'rep', 'sep']);

/** The token list of a model with the roles that its metadata and its texts give to tokens. */
export interface Vocabulary {
  readonly model: 'llama' | 'gpt2';
  readonly texts: readonly string[];
  readonly ids: ReadonlyMap<string, number>;
  readonly scores: GgufNumbers;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly unknownId: number | undefined;
  readonly endIds: ReadonlySet<number>;
  /** Whether a special token takes the white space after it away from the text (Phi-3's do). */
  stripsRight(id: number): boolean;
  /** Of a token that is in the vocabulary. */
  kindOf(id: number): TokenKind;
}

function readKinds(metadata: GgufMetadata, count: number): TokenKind[] {
  const types = readOptionalNumbers(metadata, 'tokenizer.ggml.token_type');
  if (types && types.length < count) {
    throw new InferenceError(
      'bad-file',
      `tokenizer.ggml.token_type has ${types.length} entries for ${count} tokens`,
    );
  }
  return Array.from({ length: count }, (_, id) => {
    if (!types) return 'normal';
    switch (types[id]) {
      case 1:
        return 'normal';
      case TOKEN_TYPE.unknown:
        return 'unknown';
      case TOKEN_TYPE.control:
        return 'control';
      case TOKEN_TYPE.userDefined:
        return 'user-defined';
      case TOKEN_TYPE.byte:
        return 'byte';
      default:
        return 'unused';
    }
  });
}

function readTexts(metadata: GgufMetadata): readonly string[] {
  const texts = readStrings(metadata, 'tokenizer.ggml.tokens');
  if (texts.length === 0) throw new InferenceError('bad-file', 'the vocabulary is empty');
  return texts.map((text, id) => text || `[EMPTY_${id}]`);
}

function readScores(metadata: GgufMetadata, count: number): GgufNumbers {
  const scores = readOptionalNumbers(metadata, 'tokenizer.ggml.scores');
  if (!scores) return new Float32Array(count);
  if (scores.length < count) {
    throw new InferenceError(
      'bad-file',
      `tokenizer.ggml.scores has ${scores.length} entries for ${count} tokens`,
    );
  }
  return scores;
}

/** Reads the vocabulary; throws `unsupported` for tokenizers other than SentencePiece and byte-level BPE. */
export function readVocabulary(metadata: GgufMetadata): Vocabulary {
  const model = readString(metadata, 'tokenizer.ggml.model');
  if (model !== 'llama' && model !== 'gpt2')
    throw new InferenceError('unsupported', `the tokenizer '${model}'`);
  const texts = readTexts(metadata);
  const kinds = readKinds(metadata, texts.length);
  const ids = new Map(texts.map((text, id) => [text, id]));

  const idAt = (key: string, fallback?: number): number | undefined => {
    const id = readOptionalNumber(metadata, `tokenizer.ggml.${key}_token_id`);
    const inRange = (value: number | undefined) => value !== undefined && texts[value] !== undefined;
    if (inRange(id)) return id;
    return inRange(fallback) ? fallback : undefined;
  };
  // llama.cpp's defaults when the file names none.
  const bosId = idAt('bos', model === 'llama' ? 1 : 11);
  const eosId = idAt('eos', model === 'llama' ? 2 : 11);
  const unknownId = idAt('unknown', model === 'llama' ? 0 : undefined);

  const endIds = new Set<number>();
  const fillKeys = {
    prefix: 'fim_pre',
    suffix: 'fim_suf',
    middle: 'fim_mid',
    pad: 'fim_pad',
    rep: 'fim_rep',
    sep: 'fim_sep',
  };
  for (const [role, candidates] of Object.entries(FILL_TEXTS)) {
    let id = idAt(fillKeys[role as keyof typeof FILL_TEXTS]);
    if (id === undefined) {
      const found = candidates.find((text) => ids.has(text));
      id = found === undefined ? undefined : ids.get(found);
      // A text that looks like a control token is one, whatever the file says.
      if (id !== undefined) kinds[id] = 'control';
    }
    if (id !== undefined && ENDING_ROLES.has(role)) endIds.add(id);
  }
  for (const text of END_TEXTS) {
    const id = ids.get(text);
    if (id === undefined) continue;
    endIds.add(id);
    kinds[id] = 'control';
  }
  for (const id of [eosId, idAt('eot'), idAt('eom')]) if (id !== undefined) endIds.add(id);

  return {
    model,
    texts,
    ids,
    scores: readScores(metadata, texts.length),
    bosId,
    eosId,
    unknownId,
    endIds,
    stripsRight: createStripsRight(metadata, texts),
    kindOf: (id) => kinds[id] ?? 'unused',
  };
}

/**
 * A file does not hold the attribute; llama.cpp goes by the model's name (`llama_vocab::impl::load`): all special tokens of
 * Phi-3 strip, but for these.
 */
function createStripsRight(metadata: GgufMetadata, texts: readonly string[]): (id: number) => boolean {
  const name = readOptionalString(metadata, 'general.name')?.toLowerCase() ?? '';
  if (!name.includes('phi-3') && !name.includes('phi3')) return () => false;
  const kept = new Set(['<unk>', '<s>', '<|endoftext|>']);
  return (id) => !kept.has(texts[id] ?? '');
}

/** Which ids the file wants around a prompt, with llama.cpp's defaults per tokenizer. */
export function readAdditions(metadata: GgufMetadata, vocabulary: Vocabulary, addsBosByDefault: boolean) {
  const wantsBos = readOptionalBoolean(metadata, 'tokenizer.ggml.add_bos_token') ?? addsBosByDefault;
  const wantsEos = readOptionalBoolean(metadata, 'tokenizer.ggml.add_eos_token') ?? false;
  return {
    before: wantsBos && vocabulary.bosId !== undefined ? [vocabulary.bosId] : [],
    after: wantsEos && vocabulary.eosId !== undefined ? [vocabulary.eosId] : [],
  };
}

/** `tokenizer.ggml.pre`, the name of the pre-tokenizer of a BPE vocabulary. */
export function readPreTokenizerName(metadata: GgufMetadata): string {
  return readOptionalString(metadata, 'tokenizer.ggml.pre') || 'default';
}

/** Byte value of a `<0x0A>` token, or undefined when its text is another. */
export function byteOfText(text: string): number | undefined {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}
