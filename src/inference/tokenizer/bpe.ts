import { mergeSymbols } from './merge-queue';
import type { PreTokenizer } from './pre-tokenizers';
import type { Vocabulary } from './vocabulary';

const encoder = new TextEncoder();
const MAX_CACHED_WORDS = 20_000;
const MAX_CACHED_LENGTH = 64;

/** GPT-2's printable stand-ins for the 256 bytes (`bytes_to_unicode` in openai/gpt-2, encoder.py). */
const CHAR_OF_BYTE: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
})();
const BYTE_OF_CHAR = new Map(CHAR_OF_BYTE.map((char, byte) => [char, byte]));

function spell(word: string): string {
  let text = '';
  for (const byte of encoder.encode(word)) text += CHAR_OF_BYTE[byte] ?? '';
  return text;
}

/** Byte-level BPE after a pre-tokenizer; follows llama.cpp's `llm_tokenizer_bpe_session`. */
export function createBpeEncoder(
  vocabulary: Vocabulary,
  merges: readonly string[],
  preTokenizer: PreTokenizer,
): (text: string) => number[] {
  const { ids } = vocabulary;
  const ranks = new Map<string, number>();
  // The first of two equal merges counts, as in llama.cpp.
  for (const [rank, merge] of merges.entries()) if (!ranks.has(merge)) ranks.set(merge, rank);
  const cache = new Map<string, readonly number[]>();

  const encodeWord = (word: string): readonly number[] => {
    const spelled = spell(word);
    if (preTokenizer.keepsWholeTokens) {
      const id = ids.get(spelled);
      const kind = id === undefined ? 'control' : vocabulary.kindOf(id);
      if (id !== undefined && kind !== 'control' && kind !== 'unknown') return [id];
    }
    const bounds = Array.from({ length: spelled.length + 1 }, (_, index) => index);
    const symbols = mergeSymbols(spelled, bounds, (start, middle, end) =>
      ranks.get(`${spelled.slice(start, middle)} ${spelled.slice(middle, end)}`),
    );
    const output: number[] = [];
    for (const symbol of symbols) {
      const id = ids.get(symbol);
      if (id !== undefined) output.push(id);
      else for (const char of symbol) pushKnown(output, ids.get(char));
    }
    return output;
  };

  return (text) => {
    const output: number[] = [];
    for (const word of preTokenizer.split(text)) {
      let known = cache.get(word);
      if (!known) {
        known = encodeWord(word);
        if (word.length <= MAX_CACHED_LENGTH) {
          if (cache.size >= MAX_CACHED_WORDS) cache.clear();
          cache.set(word, known);
        }
      }
      // A spread would overflow the stack on a word of 100k tokens.
      for (const id of known) output.push(id);
    }
    return output;
  };
}

function pushKnown(output: number[], id: number | undefined): void {
  if (id !== undefined) output.push(id);
}

/** Bytes that a normal token stands for; a character that stands for no byte is kept as itself. */
export function bpeTokenBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of text) {
    const byte = BYTE_OF_CHAR.get(char);
    if (byte === undefined) bytes.push(...encoder.encode(char));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
