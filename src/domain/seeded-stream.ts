/** A stream of uniform integers of 32 bits, 0 to 2^32 - 1. */
export type Random = () => number;

/**
 * A stream for a text: xoshiro128** 1.1 (Blackman, Vigna: Scrambled linear pseudorandom number generators), whose four
 * words of state are the text's FNV-1a hashes from four offsets, each through the finalizer of MurmurHash3. Integer
 * operations only, so that every device draws the same.
 */
export function createRandom(text: string): Random {
  let a = mix(hash(text, 1));
  let b = mix(hash(text, 2));
  let c = mix(hash(text, 3));
  let d = mix(hash(text, 4));
  // A state of nothing but zeros would never leave it.
  if ((a | b | c | d) === 0) a = 1;
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
}

function hash(text: string, offset: number): number {
  let sum = 0x811c9dc5 ^ Math.imul(offset, 0x9e3779b9);
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return sum;
}

function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** 0 to `limit` - 1. The bias of the scaling is below `limit` / 2^32. */
export function drawBelow(random: Random, limit: number): number {
  return Math.floor((random() / 2 ** 32) * limit);
}

/** `from` to `to`, both included. */
export function drawBetween(random: Random, from: number, to: number): number {
  return from + drawBelow(random, to - from + 1);
}

export function drawChance(random: Random, probability: number): boolean {
  return random() < probability * 2 ** 32;
}

/** @throws RangeError for an empty list */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return elementAt(items, drawBelow(random, items.length));
}

/** A new list in a random order (Fisher, Yates). */
export function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  const left = [...items];
  return items.map(() => elementAt(left.splice(drawBelow(random, left.length), 1), 0));
}

/** `count` different ones, in random order. */
export function sample<Item>(random: Random, items: readonly Item[], count: number): Item[] {
  return shuffle(random, items).slice(0, count);
}

export function countUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** @throws RangeError beyond the end */
export function elementAt<Item>(items: ArrayLike<Item>, at: number): Item {
  const item = items[at];
  if (item === undefined) throw new RangeError(`no element ${at} of ${items.length}`);
  return item;
}
