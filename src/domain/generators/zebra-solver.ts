import { elementAt } from '../seeded-stream';

/** `one` and `other` are values, each of an attribute; houses count from 0 at the left. */
export type GridClue = (
  | { readonly kind: 'same' | 'left' | 'near'; readonly one: number; readonly other: number }
  | { readonly kind: 'at'; readonly one: number; readonly house: number }
) & {
  /** Told as "it is not true that ... not ...", which means the same. */
  readonly doublyDenied?: boolean;
};

/**
 * Every solution, as the house of each value, by propagation over sets of possible houses and trial where that stops.
 */
export function* solveGrid(
  houses: number,
  attributes: number,
  clues: readonly GridClue[],
): Generator<readonly number[]> {
  const all = (1 << houses) - 1;
  yield* search(new Uint8Array(houses * attributes).fill(all), houses, clues);
}

/** @param possible bit h of element v: value v may be in house h */
function* search(
  possible: Uint8Array,
  houses: number,
  clues: readonly GridClue[],
): Generator<readonly number[]> {
  if (!propagate(possible, houses, clues)) return;
  let open = -1;
  for (let value = 0; value < possible.length; value++) {
    const count = countBits(elementAt(possible, value));
    if (count > 1 && (open === -1 || count < countBits(elementAt(possible, open)))) open = value;
  }
  if (open === -1) {
    yield Array.from(possible, (bits) => 31 - Math.clz32(bits));
    return;
  }
  for (let bits = elementAt(possible, open); bits !== 0; bits &= bits - 1) {
    const trial = possible.slice();
    trial[open] = bits & -bits;
    yield* search(trial, houses, clues);
  }
}

/** Narrows down until nothing changes; false when a value has no house left. */
function propagate(possible: Uint8Array, houses: number, clues: readonly GridClue[]): boolean {
  for (let changed = true; changed;) {
    changed = false;
    const narrow = (value: number, allowed: number) => {
      const before = elementAt(possible, value);
      const after = before & allowed;
      if (after !== before) {
        possible[value] = after;
        changed = true;
      }
    };
    for (const clue of clues) {
      const one = elementAt(possible, clue.one);
      if (clue.kind === 'at') {
        narrow(clue.one, 1 << clue.house);
        continue;
      }
      const other = elementAt(possible, clue.other);
      if (clue.kind === 'same') {
        narrow(clue.one, other);
        narrow(clue.other, one);
      } else if (clue.kind === 'left') {
        narrow(clue.one, other >> 1);
        narrow(clue.other, one << 1);
      } else {
        narrow(clue.one, (other << 1) | (other >> 1));
        narrow(clue.other, (one << 1) | (one >> 1));
      }
    }
    for (let first = 0; first < possible.length; first += houses) {
      let once = 0;
      let twice = 0;
      for (let value = first; value < first + houses; value++) {
        const bits = elementAt(possible, value);
        if (bits === 0) return false;
        twice |= once & bits;
        once |= bits;
        if ((bits & (bits - 1)) !== 0) continue;
        for (let other = first; other < first + houses; other++) if (other !== value) narrow(other, ~bits);
      }
      // A house that only one value can have.
      const only = once & ~twice;
      for (let value = first; value < first + houses; value++) {
        const bits = elementAt(possible, value) & only;
        if (bits !== 0) narrow(value, bits);
      }
      if (once !== (1 << houses) - 1) return false;
    }
  }
  return true;
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
