import { badInput } from '../fault';

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

/** A header as a reader of the format gives it: in order with its file, but nothing that it says is trusted. */
interface RawGgufHeader {
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of all tensors of the file. */
  readonly parameters: number;
  /** By name, of `general.file_type` or the file's name. */
  readonly quantization: string | undefined;
}

const MAX_TEMPLATE_LENGTH = 100_000;
const MAX_NAME_LENGTH = 200;
const CHAT_TOKENS = ['<|im_start|>', '<|start_header_id|>', '<start_of_turn>', '<|user|>', '[INST]'];

/** Takes from a header what a model's row needs. @throws FaultError `bad-input` for one that names no architecture */
export function parseGgufHeader(raw: RawGgufHeader, fileName: string): GgufHeader {
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
