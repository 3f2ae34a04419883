import { mergeSymbols } from './merge-queue';
import type { Vocabulary } from './vocabulary';

const SPACE = '\u2581';
const encoder = new TextEncoder();

/** Starts of the code points of a well-formed string, with its length last. */
function codePointBounds(text: string): number[] {
  const bounds: number[] = [];
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) {
    bounds.push(index);
  }
  bounds.push(text.length);
  return bounds;
}

/**
 * SentencePiece as LLaMA uses it: the pair that forms the token with the best score is joined first; what is not in the
 * vocabulary falls back to bytes. Follows llama.cpp's `llm_tokenizer_spm_session`, but joins no letters to a control token
 * or a byte, as SentencePiece does: `</` and `s>` are in the vocabulary of LLaMA, and no question may end the text.
 */
export function createSpmEncoder(vocabulary: Vocabulary): (text: string) => number[] {
  const { ids, scores, unknownId } = vocabulary;
  const findPiece = (text: string): number | undefined => {
    const id = ids.get(text);
    const kind = id === undefined ? undefined : vocabulary.kindOf(id);
    return kind === 'normal' || kind === 'user-defined' ? id : undefined;
  };
  const byteIds = Array.from({ length: 256 }, (_, byte) => {
    const name = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    return ids.get(name) ?? (byte < 128 ? ids.get(String.fromCharCode(byte)) : undefined) ?? unknownId;
  });

  return (text) => {
    const escaped = text.replaceAll(' ', SPACE);
    const symbols = mergeSymbols(escaped, codePointBounds(escaped), (start, _middle, end) => {
      const id = findPiece(escaped.slice(start, end));
      return id === undefined ? undefined : -(scores[id] ?? 0);
    });
    const output: number[] = [];
    for (const symbol of symbols) {
      const id = findPiece(symbol);
      if (id !== undefined) {
        output.push(id);
        continue;
      }
      for (const byte of encoder.encode(symbol)) {
        const byteId = byteIds[byte];
        if (byteId !== undefined) output.push(byteId);
      }
    }
    return output;
  };
}

/** Text of a normal token as bytes: the lower one-eighth block stands for a space. */
export function spmTokenBytes(text: string): Uint8Array {
  return encoder.encode(text.replaceAll(SPACE, ' '));
}
