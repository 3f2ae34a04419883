import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextStream } from './text-stream';

/** A byte is a token, as in the worst case of a byte-level tokenizer. */
const decodeBytes = (ids: readonly number[]) => {
  // The library throws.
  if (ids.length === 0) throw new Error('nothing to decode');
  return new TextDecoder().decode(Uint8Array.from(ids));
};

/** As SentencePiece does: a word carries the space before it, but for the first word of a text. */
const WORDS = ['▁one', '▁two', 'ly', '▁three'];
const decodeWords = (ids: readonly number[]) =>
  ids
    .map((id) => WORDS[id] ?? '')
    .join('')
    .replaceAll('▁', ' ')
    .replace(/^ /, '');

function streamAll(decode: (ids: readonly number[]) => string, ids: Iterable<number>): string[] {
  const stream = createTextStream(decode);
  const pieces = [...ids].map((id) => stream.push(id));
  return [...pieces, stream.flush()];
}

describe('a stream of text', () => {
  it('gives a character out when its last byte has come', () => {
    const bytes = new TextEncoder().encode('aж😀b');
    expect(streamAll(decodeBytes, bytes)).toEqual(['a', '', 'ж', '', '', '', '😀', 'b', '']);
  });

  it('keeps the spaces that a decoder drops at the beginning of a text', () => {
    expect(streamAll(decodeWords, [0, 1, 2, 3])).toEqual(['one', ' two', 'ly', ' three', '']);
  });

  it('shows bytes that are no text instead of waiting for ever', () => {
    const pieces = streamAll(decodeBytes, [0x80, 0x81, 0x82, 0x83, 0x84, 0x61]);
    expect(pieces.join('')).toContain('a');
    expect(pieces.slice(0, 4).join('')).not.toBe('');
  });

  it('gives out an unfinished character at the end', () => {
    expect(streamAll(decodeBytes, [0x61, 0xd0])).toEqual(['a', '', '\uFFFD']);
  });

  it('comes to the same as decoding all at once, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const bytes = new TextEncoder().encode(text);
        expect(streamAll(decodeBytes, bytes).join('')).toBe(new TextDecoder().decode(bytes));
      }),
    );
  });
});
