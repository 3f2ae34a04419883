const SIZE = 624;
const SHIFT = 397;

/**
 * Python's `random.Random(seed)`, as far as `sample` needs it: the Mersenne Twister MT19937 (M. Matsumoto and T. Nishimura
 * 1998), seeded as CPython seeds it, so that the same examples are drawn as by a program in Python.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;

  /** @param seed a whole number, 0 to 2^32 - 1 */
  constructor(seed: number) {
    this.#seedByArray([seed >>> 0]);
  }

  /** The generator's next 32 bits. */
  next(): number {
    if (this.#at >= SIZE) this.#twist();
    let value = this.#state[this.#at++] ?? 0;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c_5680;
    value ^= (value << 15) & 0xefc6_0000;
    return (value ^ (value >>> 18)) >>> 0;
  }

  /** A whole number from 0, below `limit`, which is at least 1 and below 2^32. */
  below(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    for (;;) {
      const value = this.next() >>> (32 - bits);
      if (value < limit) return value;
    }
  }

  /**
   * Places of `count` different members of a list of so many, in the order in which `random.sample` gives them.
   * @throws RangeError when the list has fewer
   */
  sample(length: number, count: number): readonly number[] {
    if (count > length) throw new RangeError('Sample larger than population');
    const isSmall = length <= 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0);
    if (!isSmall) {
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(this.below(length));
      return [...chosen];
    }
    const pool = Array.from({ length }, (_, index) => index);
    return Array.from({ length: count }, (_, index) => {
      const at = this.below(length - index);
      const chosen = pool[at] ?? 0;
      pool[at] = pool[length - index - 1] ?? 0;
      return chosen;
    });
  }

  #seed(value: number): void {
    this.#state[0] = value;
    for (let at = 1; at < SIZE; at++) {
      const before = this.#state[at - 1] ?? 0;
      this.#state[at] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + at;
    }
  }

  #seedByArray(key: readonly number[]): void {
    this.#seed(19_650_218);
    const state = this.#state;
    let at = 1;
    const mix = (multiplier: number) => {
      const before = state[at - 1] ?? 0;
      return (state[at] ?? 0) ^ Math.imul(before ^ (before >>> 30), multiplier);
    };
    const step = () => {
      if (++at < SIZE) return;
      state[0] = state[SIZE - 1] ?? 0;
      at = 1;
    };
    for (let round = 0; round < Math.max(SIZE, key.length); round++) {
      const index = round % key.length;
      state[at] = mix(1_664_525) + (key[index] ?? 0) + index;
      step();
    }
    for (let round = 0; round < SIZE - 1; round++) {
      state[at] = mix(1_566_083_941) - at;
      step();
    }
    state[0] = 0x8000_0000;
  }

  #twist(): void {
    const state = this.#state;
    for (let at = 0; at < SIZE; at++) {
      const mixed = ((state[at] ?? 0) & 0x8000_0000) | ((state[(at + 1) % SIZE] ?? 0) & 0x7fff_ffff);
      const odd = (mixed & 1) === 0 ? 0 : 0x9908_b0df;
      state[at] = (state[(at + SHIFT) % SIZE] ?? 0) ^ (mixed >>> 1) ^ odd;
    }
    this.#at = 0;
  }
}
