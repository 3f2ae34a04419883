/** Of a character whose bytes are not all there yet. */
const INCOMPLETE = '\uFFFD';
/** No character has more tokens than a byte each; beyond that the bytes are no text, and are shown as such. */
const MOST_PENDING = 4;

interface TextStream {
  /** The text that this token completes: empty in the middle of a character. */
  push(id: number): string;
  /** What is left of a character that never was completed. */
  flush(): string;
}

/**
 * Turns token ids into text one by one. A token is decoded with the ones before it back to the last whole text, because
 * a decoder may treat the first token of a text in its own way, or need several for one character.
 */
export function createTextStream(decode: (ids: readonly number[]) => string): TextStream {
  /** The ids of the last text that was given out, then the pending ones. */
  let ids: number[] = [];
  let given = 0;
  const emit = (): string => {
    const before = given === 0 ? '' : decode(ids.slice(0, given));
    const text = decode(ids).slice(before.length);
    ids = ids.slice(given);
    given = ids.length;
    return text;
  };
  return {
    push(id) {
      ids.push(id);
      const pending = ids.length - given;
      if (pending < MOST_PENDING && decode(ids).endsWith(INCOMPLETE)) return '';
      return emit();
    },
    flush: () => (ids.length > given ? emit() : ''),
  };
}
