/** A stream of uniform numbers in [0, 1) with 53 random bits each. */
export type Random = () => number;

/**
 * SplitMix64, which spreads any seed over the state of another generator (Steele, Lea, Flood: Fast splittable
 * pseudorandom number generators, 2014; https://prng.di.unimi.it/splitmix64.c).
 */
export function createSplitMix64(seed: bigint): () => bigint {
  let state = BigInt.asUintN(64, seed);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}

/**
 * xoshiro128** 1.1: 32-bit outputs from four words of state that are not all zero
 * (Blackman, Vigna: Scrambled linear pseudorandom number generators; https://prng.di.unimi.it/xoshiro128starstar.c).
 */
export function createXoshiro128(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
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

/** Uniform numbers for a seed: xoshiro128** whose state SplitMix64 fills. `seed` is any integer a double can hold. */
export function createRandom(seed: number): Random {
  const next64 = createSplitMix64(BigInt(Math.trunc(seed)));
  const [low, high] = [next64(), next64()];
  const word = (value: bigint) => Number(value & 0xffffffffn);
  const next = createXoshiro128([word(low), word(low >> 32n), word(high), word(high >> 32n)]);
  // 27 and 26 bits make the 53 of a double.
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
