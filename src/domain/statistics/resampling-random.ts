/** Uniform whole numbers in 0..below-1. */
type RandomInteger = (below: number) => number;

/**
 * A reproducible source of random whole numbers: the same seed, the same numbers on every device.
 * sfc32 of PractRand (Chris Doty-Humphrey), 128 bits of state; the first outputs are dropped to mix the seed in.
 */
export function createRandomInteger(seed: number): RandomInteger {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 16; round++) next();
  return (below) => Math.floor((next() / 0x1_0000_0000) * below);
}
