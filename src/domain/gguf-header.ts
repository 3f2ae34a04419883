import { badInput } from './fault';

/** What a GGUF file says of itself, checked and reduced to what a model's row needs. */
export interface GgufHeader {
  /** As in `general.architecture`. */
  readonly architecture: string;
  readonly kind: 'model' | 'mmproj' | 'lora' | 'control-vector';
  readonly name?: string;
  readonly quantization: string;
  readonly parameters: number;
  readonly contextTokens?: number;
  /** Jinja source. */
  readonly chatTemplate?: string;
  readonly bosToken?: string;
  readonly eosToken?: string;
  /** Strings of the tokens that end an answer. */
  readonly endTokens: readonly string[];
  readonly tokenizerModel?: string;
  readonly shape?: {
    readonly layers: number;
    readonly embedding: number;
    readonly keyValueHeads: number;
    readonly headSize: number;
    readonly vocabulary: number;
  };
  readonly licence?: string;
  /** An https address that the file names as its origin. */
  readonly origin?: string;
  /** Which part of a split file this is, counted from 1. */
  readonly part?: { readonly number: number; readonly count: number };
  /** Markers that tell how the model was tuned, for files without a chat template. */
  readonly chatTokens: readonly string[];
}

/** A header as a reader of the format gives it; nothing in it is trusted. */
export interface RawGgufHeader {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: readonly RawGgufTensor[];
  /** Of the first byte after the header, before padding. */
  readonly headerEnd: number;
  readonly dataOffset: number;
  /** Of all tensors of the file. */
  readonly parameters: number;
  /** By name, of `general.file_type` or the file's name. */
  readonly quantization: string | undefined;
}

export interface RawGgufTensor {
  readonly name: string;
  readonly shape: readonly bigint[];
  /** The number of the type. */
  readonly type: number;
  readonly offset: bigint;
}

const MAX_TEMPLATE_LENGTH = 100_000;
const MAX_NAME_LENGTH = 200;
const CHAT_TOKENS = ['<|im_start|>', '<|start_header_id|>', '<start_of_turn>', '<|user|>', '[INST]'];

/** Type number: values per block, bytes per block. From ggml.c (`type_traits`). */
const BLOCKS: Readonly<Record<number, readonly [values: number, bytes: number]>> = {
  0: [1, 4], // F32
  1: [1, 2], // F16
  2: [32, 18], // Q4_0
  3: [32, 20], // Q4_1
  6: [32, 22], // Q5_0
  7: [32, 24], // Q5_1
  8: [32, 34], // Q8_0
  10: [256, 84], // Q2_K
  11: [256, 110], // Q3_K
  12: [256, 144], // Q4_K
  13: [256, 176], // Q5_K
  14: [256, 210], // Q6_K
  16: [256, 66], // IQ2_XXS
  17: [256, 74], // IQ2_XS
  18: [256, 98], // IQ3_XXS
  19: [256, 50], // IQ1_S
  20: [32, 18], // IQ4_NL
  21: [256, 110], // IQ3_S
  22: [256, 82], // IQ2_S
  23: [256, 136], // IQ4_XS
  24: [1, 1], // I8
  25: [1, 2], // I16
  26: [1, 4], // I32
  27: [1, 8], // I64
  28: [1, 8], // F64
  29: [256, 56], // IQ1_M
  30: [1, 2], // BF16
  34: [256, 54], // TQ1_0
  35: [256, 66], // TQ2_0
  39: [32, 17], // MXFP4
};

/**
 * Checks a header against the size of its file and takes from it what a model's row needs.
 * @throws FaultError `bad-input` for a truncated file and for one that contradicts itself
 */
export function parseGgufHeader(raw: RawGgufHeader, fileName: string, fileBytes: number): GgufHeader {
  checkSizes(raw, fileBytes);
  const { metadata } = raw;
  const architecture = readText(metadata, 'general.architecture', 80);
  if (architecture === undefined) throw badGguf('it does not name its architecture');
  const tokens = readTexts(metadata, 'tokenizer.ggml.tokens');
  const tokenOf = (key: string) => {
    const id = readNumber(metadata, `tokenizer.ggml.${key}`);
    return id === undefined ? undefined : tokens[id]?.slice(0, 400);
  };
  const type = readText(metadata, 'general.type', 20);
  const bosToken = tokenOf('bos_token_id');
  const eosToken = tokenOf('eos_token_id');
  const endTokens = [eosToken, tokenOf('eot_token_id'), tokenOf('eom_token_id')].filter(
    (each): each is string => each !== undefined && each !== '',
  );
  const vocabulary = tokens.length || readCount(metadata, `${architecture}.vocab_size`) || 0;
  return {
    architecture,
    kind:
      architecture === 'controlvector'
        ? 'control-vector'
        : type === 'adapter'
          ? 'lora'
          : type === 'mmproj' || architecture === 'clip' || /mmproj/i.test(fileName)
            ? 'mmproj'
            : 'model',
    quantization: (raw.quantization ?? 'unknown').slice(0, 40),
    parameters: Math.max(1, Math.round(raw.parameters)),
    endTokens: [...new Set(endTokens)],
    chatTokens: CHAT_TOKENS.filter((token) => tokens.includes(token)),
    ...defined('name', readText(metadata, 'general.name', MAX_NAME_LENGTH)),
    ...defined('contextTokens', readCount(metadata, `${architecture}.context_length`)),
    ...defined('chatTemplate', readText(metadata, 'tokenizer.chat_template', MAX_TEMPLATE_LENGTH)),
    ...defined('bosToken', bosToken),
    ...defined('eosToken', eosToken),
    ...defined('tokenizerModel', readText(metadata, 'tokenizer.ggml.model', 40)),
    ...defined('shape', readShape(metadata, architecture, vocabulary)),
    ...defined('licence', readText(metadata, 'general.license', MAX_NAME_LENGTH)),
    ...defined('origin', readOrigin(metadata)),
    ...defined('part', readPart(metadata, fileName)),
  };
}

/** A broken or hostile file. */
export function badGguf(detail: string) {
  return badInput('GGUF file', detail);
}

function checkSizes({ headerEnd, dataOffset, tensors }: RawGgufHeader, fileBytes: number): void {
  if (headerEnd > fileBytes) throw badGguf(`it is cut off: its header alone has ${headerEnd} bytes`);
  for (const { name, shape, type, offset } of tensors) {
    const values = shape.reduce((product, each) => product * each, 1n);
    const block = BLOCKS[type];
    // Of a type not known here only the start can be checked; an engine that lacks it says so.
    const bytes = block === undefined ? 1n : (values * BigInt(block[1])) / BigInt(block[0]);
    const end = BigInt(dataOffset) + offset + bytes;
    if (end > BigInt(fileBytes)) {
      throw badGguf(
        `it is cut off or damaged: tensor ${name.slice(0, 64)} ends at byte ${end} of ${fileBytes}`,
      );
    }
  }
}

type Metadata = RawGgufHeader['metadata'];

function defined<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}

function own(metadata: Metadata, key: string): unknown {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

/** @returns undefined also for one that is too long to be what it should */
function readText(metadata: Metadata, key: string, maxLength: number): string | undefined {
  const value = own(metadata, key);
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength ? value : undefined;
}

function readTexts(metadata: Metadata, key: string): readonly string[] {
  const value = own(metadata, key);
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : [];
}

function readNumber(metadata: Metadata, key: string): number | undefined {
  const value = own(metadata, key);
  // Some have one value for each layer; the largest decides what memory it takes.
  const values: readonly unknown[] = Array.isArray(value) ? value.slice(0, 10_000) : [value];
  const numbers = values
    .map((each) => (typeof each === 'bigint' ? Number(each) : each))
    .filter((each): each is number => Number.isSafeInteger(each));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

function readCount(metadata: Metadata, key: string): number | undefined {
  const value = readNumber(metadata, key);
  return value !== undefined && value >= 1 ? value : undefined;
}

function readShape(metadata: Metadata, architecture: string, vocabulary: number): GgufHeader['shape'] {
  const count = (key: string) => readCount(metadata, `${architecture}.${key}`);
  const layers = count('block_count');
  const embedding = count('embedding_length');
  const heads = count('attention.head_count');
  if (layers === undefined || embedding === undefined || heads === undefined || vocabulary < 1)
    return undefined;
  const headSize = count('attention.key_length') ?? Math.floor(embedding / heads);
  if (headSize < 1) return undefined;
  const keyValueHeads = count('attention.head_count_kv') ?? heads;
  return { layers, embedding, keyValueHeads, headSize, vocabulary };
}

function readOrigin(metadata: Metadata): string | undefined {
  for (const key of ['general.repo_url', 'general.url', 'general.source.repo_url', 'general.source.url']) {
    const text = readText(metadata, key, 400);
    if (text?.startsWith('https://') === true && URL.canParse(text)) return text;
  }
  return undefined;
}

function readPart(metadata: Metadata, fileName: string): GgufHeader['part'] {
  const count = readNumber(metadata, 'split.count');
  const number = readNumber(metadata, 'split.no');
  if (count !== undefined && count > 1 && number !== undefined && number >= 0 && number < count) {
    return { number: number + 1, count };
  }
  const named = parsePartName(fileName);
  return named && { number: named.number, count: named.count };
}

/** The name of one part of a split GGUF, as `llama-gguf-split` gives them: `name-00001-of-00003.gguf`. */
export function parsePartName(
  fileName: string,
): { readonly stem: string; readonly number: number; readonly count: number } | undefined {
  const match = /^(?<stem>.*)-(?<number>\d{5})-of-(?<count>\d{5})\.gguf$/i.exec(fileName)?.groups;
  if (match === undefined) return undefined;
  const number = Number(match['number']);
  const count = Number(match['count']);
  return number >= 1 && number <= count ? { stem: match['stem'] ?? '', number, count } : undefined;
}
