import { InferenceError } from '../errors';

// Whitespace as Unicode has it (White_Space): JavaScript's \s adds U+FEFF and lacks U+0085.
const W = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = `[${W}]+(?![^${W}])|[${W}]+`;
const CONTRACTIONS = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";

const GPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${W}\\p{L}\\p{N}]+|${SPACES}`;

function llama3(digits: string): string {
  return (
    `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^${W}\\p{L}\\p{N}]+[\\r\\n]*` +
    `|[${W}]*[\\r\\n]+|${SPACES}`
  );
}

// Mistral's Tekken, in the form that llama.cpp matches: case is told for ASCII letters only.
const TEKKEN_OPTIONAL = '[^\\r\\n\\p{L}\\p{N}]?';
const TEKKEN =
  `${TEKKEN_OPTIONAL}(?:(?=\\p{L})[^a-z])*(?:(?=\\p{L})[^A-Z])+` +
  `|${TEKKEN_OPTIONAL}(?:(?=\\p{L})[^a-z])+(?:(?=\\p{L})[^A-Z])*` +
  `|\\p{N}| ?[^${W}\\p{L}\\p{N}]+[\\r\\n/]*|[${W}]*[\\r\\n]+|${SPACES}`;

// GPT-4o's, in the same form.
const GPT_4O =
  `${TEKKEN_OPTIONAL}(?:(?=\\p{L})[^a-z])*(?:(?=\\p{L})[^A-Z])+(?:${CONTRACTIONS})?` +
  `|${TEKKEN_OPTIONAL}(?:(?=\\p{L})[^a-z])+(?:(?=\\p{L})[^A-Z])*(?:${CONTRACTIONS})?` +
  `|\\p{N}{1,3}| ?[^${W}\\p{L}\\p{N}]+[\\r\\n/]*|[${W}]*[\\r\\n]+|${SPACES}`;

const QWEN35 =
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^${W}\\p{L}\\p{M}\\p{N}]+[\\r\\n]*` +
  `|[${W}]*[\\r\\n]+|${SPACES}`;

const ASCII_PUNCTUATION = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]';
const DEEPSEEK_3 =
  `${ASCII_PUNCTUATION}[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*` +
  `|[${W}]*[\\r\\n]+|${SPACES}`;

const BLOOM = ` ?[^(${W}|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+`;

interface PreTokenizerSpec {
  /** Applied one after another, each to the pieces of the one before; what a pattern skips is a piece too. */
  readonly patterns: readonly string[];
  /** A word that is a token as a whole stays one, whatever its merges say. */
  readonly keepsWholeTokens: boolean;
  readonly addsBos: boolean;
}

const plain = { keepsWholeTokens: false, addsBos: false };
const whole = { keepsWholeTokens: true, addsBos: true };
const DEFAULT = { ...plain, patterns: ['[\\p{P}$+<=>^~|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]'] };
const GPT2_SPEC = { ...plain, patterns: [GPT2] };
const DIGIT_SPEC = { ...plain, patterns: ['\\p{N}', GPT2] };
const LLAMA3_SPEC = { ...whole, patterns: [llama3('\\p{N}{1,3}')] };
const QWEN2_SPEC = { ...plain, patterns: [llama3('\\p{N}')] };

const DBRX_SPEC = { ...plain, patterns: [llama3('\\p{N}{1,3}')] };
const DEEPSEEK_3_SPEC = {
  ...plain,
  patterns: ['\\p{N}{1,3}', '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+', DEEPSEEK_3],
};
const SEED_CODER = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^${W}\\p{L}\\p{N}\\r\\n]+|[${W}]*[\\r\\n]+|${SPACES}`;

/** By `tokenizer.ggml.pre`; names and patterns from llama.cpp's llama-vocab.cpp. */
const SPECS: ReadonlyMap<string, PreTokenizerSpec> = new Map<string, PreTokenizerSpec>([
  ['default', DEFAULT],
  ...['gpt-2', 'phi-2', 'mpt', 'olmo', 'jais', 'exaone4', 'trillion', 'granite-docling'].map(
    (name) => [name, GPT2_SPEC] as const,
  ),
  ...['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'].map(
    (name) => [name, DIGIT_SPEC] as const,
  ),
  ...['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'pixtral'].map((name) => [name, LLAMA3_SPEC] as const),
  ...['qwen2', 'stablelm2', 'deepseek-r1-qwen', 'megrez', 'hunyuan', 'solar-open', 'grok-2', 'kormo'].map(
    (name) => [name, QWEN2_SPEC] as const,
  ),
  ...['dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'].map((name) => [name, DBRX_SPEC] as const),
  ...['gpt-4o', 'llama4', 'kanana2', 'minimax-m2'].map(
    (name) => [name, { ...plain, patterns: [GPT_4O] }] as const,
  ),
  ...['deepseek-v3', 'hunyuan-dense', 'joyai-llm'].map((name) => [name, DEEPSEEK_3_SPEC] as const),
  ...['poro-chat', 'bloom', 'gpt3-finnish'].map((name) => [name, { ...plain, patterns: [BLOOM] }] as const),
  ['falcon', { ...plain, patterns: ['[\\p{P}$+<=>^~|`]+', GPT2, '[0-9][0-9][0-9]'] }],
  ['qwen35', { ...plain, patterns: [QWEN35] }],
  ['viking', { ...plain, patterns: [BLOOM, '\\p{N}'] }],
  ['seed-coder', { ...plain, patterns: [SEED_CODER] }],
  ['tekken', { ...whole, patterns: [TEKKEN] }],
]);

/**
 * Letters, digits and punctuation of Unicode 16 and 17. llama.cpp's tables are of 15.1, to which all of these are
 * unassigned; a browser knows them or not, as new as it is.
 */
const LATER = new RegExp(
  '[' +
    '\\u088f\\u0c5c\\u0cdc\\u1b4e\\u1b4f\\u1b7f\\u1c89\\u1c8a\\ua7cb-\\ua7cf\\ua7d2\\ua7d4\\ua7da-\\ua7dc\\ua7f1' +
    '\\u{105c0}-\\u{105f3}\\u{10940}-\\u{1095f}\\u{10d40}-\\u{10d8f}\\u{10ec2}-\\u{10ec7}\\u{10ed0}\\u{11380}-\\u{113e2}' +
    '\\u{116d0}-\\u{116e3}\\u{11bc0}-\\u{11be1}\\u{11bf0}-\\u{11bf9}\\u{11db0}-\\u{11de9}\\u{13460}-\\u{143fa}' +
    '\\u{16100}-\\u{16139}\\u{16d40}-\\u{16d79}\\u{16ea0}-\\u{16ed3}\\u{16ff2}-\\u{16ff6}\\u{187f8}-\\u{187ff}\\u{18cff}' +
    '\\u{18d09}-\\u{18d1e}\\u{18d80}-\\u{18df2}\\u{1ccf0}-\\u{1ccf9}\\u{1e5d0}-\\u{1e5ff}\\u{1e6c0}-\\u{1e6ff}' +
    '\\u{2b73a}-\\u{2b73f}\\u{2cea2}-\\u{2cead}\\u{323b0}-\\u{33479}' +
    ']',
  'gu',
);
/** Letters of Unicode 15.1 that somewhat older browsers do not know yet. */
const NEW_TO_SOME = /[\u{2ebf0}-\u{2ee5d}]/gu;

/** The text with what browsers see differently replaced by letters of the class that llama.cpp sees, as long as they. */
function asInUnicode15(text: string): string {
  return text
    .replace(LATER, (letter) => (letter.length === 2 ? '\u{f0000}' : '\ue000'))
    .replace(NEW_TO_SOME, '\u{20000}');
}

function splitPiece(pattern: RegExp, piece: string, output: string[]): void {
  let end = 0;
  for (const match of piece.matchAll(pattern)) {
    if (match.index > end) output.push(piece.slice(end, match.index));
    output.push(match[0]);
    end = match.index + match[0].length;
  }
  if (end < piece.length) output.push(piece.slice(end));
}

export interface PreTokenizer extends Omit<PreTokenizerSpec, 'patterns'> {
  /** Words of a text, whose concatenation is the text. */
  split(text: string): readonly string[];
}

/**
 * The pre-tokenizer named by `tokenizer.ggml.pre`; throws `unsupported` for one that is not known here.
 * Letters and digits are those of Unicode 15.1, as in llama.cpp's tables.
 */
export function createPreTokenizer(name: string): PreTokenizer {
  const spec = SPECS.get(name);
  if (!spec) throw new InferenceError('unsupported', `the pre-tokenizer '${name}'`);
  const patterns = spec.patterns.map((pattern) => new RegExp(pattern, 'gu'));
  return {
    keepsWholeTokens: spec.keepsWholeTokens,
    addsBos: spec.addsBos,
    split(text) {
      const seen = asInUnicode15(text);
      let pieces: string[] = [seen];
      for (const pattern of patterns) {
        const finer: string[] = [];
        for (const piece of pieces) splitPiece(pattern, piece, finer);
        pieces = finer;
      }
      if (seen === text) return pieces;
      let at = 0;
      return pieces.map((piece) => text.slice(at, (at += piece.length)));
    },
  };
}
