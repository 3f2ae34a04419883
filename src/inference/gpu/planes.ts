import type { GgufTensorType } from '../gguf/types';

/** Columns that a shader decodes at once. A row is padded with zeros to a multiple of it. */
export const UNIT = 32;

/** How a type lies in GPU memory: 32-bit words of each unit in each plane, and what the shaders must know. */
export interface PlaneLayout {
  /** Values of a block in the file, and its bytes. */
  readonly blockValues: number;
  readonly blockBytes: number;
  /** Words of codes a unit. */
  readonly codeWords: number;
  /** Words of further bits a unit, at the beginning of the extra plane. */
  readonly highWords: number;
  /** Bytes of scales a unit: 0, 2 or 4. */
  readonly scaleBytes: number;
  /** Whether eight units share a word with two half floats. */
  readonly isSuper: boolean;
  readonly shader: 'float' | 'block' | 'super';
  readonly flags: Readonly<Record<string, boolean>>;
  /** Puts one row into planes. */
  readonly repack: RowRepacker;
}

/** Planes of some rows. Places count from the first unit of the row. */
export interface RowPlanes {
  readonly codes: Uint32Array;
  readonly codesAt: number;
  readonly high: Uint32Array;
  readonly highAt: number;
  /** Scales as 16-bit halves of words. */
  readonly scales: Uint16Array;
  readonly scalesAt: number;
  readonly supers: Uint32Array;
  readonly supersAt: number;
}

/** `halves`: the blocks of one row as 16-bit words, little-endian; blocks of every type have an even length. */
type RowRepacker = (halves: Uint16Array, blocks: number, to: RowPlanes) => void;

const wordAt = (halves: Uint16Array, at: number) => ((halves[at] ?? 0) | ((halves[at + 1] ?? 0) << 16)) >>> 0;
const byteAt = (halves: Uint16Array, at: number, byte: number) =>
  ((halves[at + (byte >> 1)] ?? 0) >>> ((byte & 1) * 8)) & 255;

/** Floats stay as they are; the row's end is already zero. */
const repackFloats =
  (halvesOfValue: 1 | 2): RowRepacker =>
  (halves, blocks, { codes, codesAt }) => {
    new Uint16Array(codes.buffer, codes.byteOffset + codesAt * 4, blocks * halvesOfValue).set(
      halves.subarray(0, blocks * halvesOfValue),
    );
  };

/** Blocks of 32: scale, minimum, fifth bits, codes. */
const repackBlocks =
  (hasMinimum: boolean, hasFifth: boolean, codeWords: 4 | 8): RowRepacker =>
  (halves, blocks, { codes, codesAt, high, highAt, scales, scalesAt }) => {
    const fifthAt = hasMinimum ? 2 : 1;
    const from = fifthAt + (hasFifth ? 2 : 0);
    const size = from + codeWords * 2;
    for (let block = 0; block < blocks; block++) {
      const at = block * size;
      if (hasMinimum) {
        scales[scalesAt + 2 * block] = halves[at] ?? 0;
        scales[scalesAt + 2 * block + 1] = halves[at + 1] ?? 0;
      } else {
        scales[scalesAt + block] = halves[at] ?? 0;
      }
      if (hasFifth) high[highAt + block] = wordAt(halves, at + fifthAt);
      for (let word = 0; word < codeWords; word++) {
        codes[codesAt + block * codeWords + word] = wordAt(halves, at + from + 2 * word);
      }
    }
  };

/** A bit of each of 32 bytes as one word. */
function gatherBits(halves: Uint16Array, at: number, bit: number): number {
  let word = 0;
  for (let four = 0; four < 8; four++) {
    const bits = (wordAt(halves, at + 2 * four) >>> bit) & 0x01010101;
    // Bits 0, 8, 16 and 24 come to stand at 28 to 31.
    word |= (Math.imul(bits, 0x10204080) >>> 28) << (4 * four);
  }
  return word >>> 0;
}

/** Two bits of each of 16 bytes as one word. */
function gatherPairs(halves: Uint16Array, at: number, shift: number): number {
  let word = 0;
  for (let four = 0; four < 4; four++) {
    const pairs = (wordAt(halves, at + 2 * four) >>> shift) & 0x03030303;
    word |= ((pairs | (pairs >>> 6) | (pairs >>> 12) | (pairs >>> 18)) & 255) << (8 * four);
  }
  return word >>> 0;
}

/** Nibbles of 32 bytes as four words: the first 16 low, the others high. */
function putNibbles(halves: Uint16Array, at: number, shift: number, codes: Uint32Array, to: number): void {
  for (let word = 0; word < 4; word++) {
    const low = (wordAt(halves, at + 2 * word) >>> shift) & 0x0f0f0f0f;
    const upper = (wordAt(halves, at + 8 + 2 * word) >>> shift) & 0x0f0f0f0f;
    codes[to + word] = (low | (upper << 4)) >>> 0;
  }
}

/** Q4_K and Q5_K: two half floats, 12 bytes of six-bit scales and minimums, fifth bits, nibbles. */
const repackQ45K =
  (hasFifth: boolean): RowRepacker =>
  (halves, blocks, { codes, codesAt, high, highAt, scales, scalesAt, supers, supersAt }) => {
    const codesFrom = hasFifth ? 24 : 8;
    const size = codesFrom + 64;
    for (let block = 0; block < blocks; block++) {
      const at = block * size;
      supers[supersAt + block] = wordAt(halves, at);
      for (let group = 0; group < 8; group++) {
        const unit = block * 8 + group;
        let scale = byteAt(halves, at + 2, group & 3);
        let minimum = byteAt(halves, at + 2, (group & 3) + 4);
        if (group < 4) {
          scale &= 63;
          minimum &= 63;
        } else {
          const packed = byteAt(halves, at + 2, group + 4);
          scale = (packed & 15) | ((scale >>> 6) << 4);
          minimum = (packed >>> 4) | ((minimum >>> 6) << 4);
        }
        scales[scalesAt + unit] = scale | (minimum << 8);
        if (hasFifth) high[highAt + unit] = gatherBits(halves, at + 8, group);
        putNibbles(halves, at + codesFrom + (group >> 1) * 16, (group & 1) * 4, codes, codesAt + unit * 4);
      }
    }
  };

/** Q6_K: nibbles, two further bits, signed scales of 16 columns, a half float. */
const repackQ6K: RowRepacker = (
  halves,
  blocks,
  { codes, codesAt, high, highAt, scales, scalesAt, supers, supersAt },
) => {
  for (let block = 0; block < blocks; block++) {
    const at = block * 105;
    supers[supersAt + block] = halves[at + 104] ?? 0;
    for (let group = 0; group < 8; group++) {
      const unit = block * 8 + group;
      const part = group >> 2;
      const quarter = group & 3;
      scales[scalesAt + unit] = halves[at + 96 + group] ?? 0;
      putNibbles(halves, at + part * 32 + (quarter & 1) * 16, (quarter >> 1) * 4, codes, codesAt + unit * 4);
      const pairsAt = at + 64 + part * 16;
      high[highAt + 2 * unit] = gatherPairs(halves, pairsAt, quarter * 2);
      high[highAt + 2 * unit + 1] = gatherPairs(halves, pairsAt + 8, quarter * 2);
    }
  }
};

/** Two-bit codes as Q2_K and Q3_K have them: 32 bytes serve four units. */
function putPairs(halves: Uint16Array, at: number, group: number, codes: Uint32Array, to: number): void {
  const from = at + (group >> 2) * 16;
  const shift = (group & 3) * 2;
  codes[to] = gatherPairs(halves, from, shift);
  codes[to + 1] = gatherPairs(halves, from + 8, shift);
}

/** Q3_K: third bits, two-bit codes, 12 bytes of six-bit scales, a half float. */
const repackQ3K: RowRepacker = (
  halves,
  blocks,
  { codes, codesAt, high, highAt, scales, scalesAt, supers, supersAt },
) => {
  const scaleOf = (at: number, index: number) => {
    const low = (byteAt(halves, at + 48, index & 7) >>> (index < 8 ? 0 : 4)) & 15;
    const upper = (byteAt(halves, at + 52, index & 3) >>> ((index >> 2) * 2)) & 3;
    return ((low | (upper << 4)) - 32) & 255;
  };
  for (let block = 0; block < blocks; block++) {
    const at = block * 55;
    supers[supersAt + block] = halves[at + 54] ?? 0;
    for (let group = 0; group < 8; group++) {
      const unit = block * 8 + group;
      scales[scalesAt + unit] = scaleOf(at, 2 * group) | (scaleOf(at, 2 * group + 1) << 8);
      high[highAt + unit] = gatherBits(halves, at, group);
      putPairs(halves, at + 16, group, codes, codesAt + unit * 2);
    }
  }
};

/** Q2_K: four-bit scales and minimums of 16 columns, two-bit codes, two half floats. */
const repackQ2K: RowRepacker = (halves, blocks, { codes, codesAt, scales, scalesAt, supers, supersAt }) => {
  for (let block = 0; block < blocks; block++) {
    const at = block * 42;
    supers[supersAt + block] = wordAt(halves, at + 40);
    for (let group = 0; group < 8; group++) {
      const unit = block * 8 + group;
      scales[scalesAt + unit] = halves[at + group] ?? 0;
      putPairs(halves, at + 8, group, codes, codesAt + unit * 2);
    }
  }
};

const floats = (type: 'F32' | 'F16' | 'BF16'): PlaneLayout => ({
  blockValues: 1,
  blockBytes: type === 'F32' ? 4 : 2,
  codeWords: type === 'F32' ? 32 : 16,
  highWords: 0,
  scaleBytes: 0,
  isSuper: false,
  shader: 'float',
  flags: { F32: type === 'F32', F16: type === 'F16' },
  repack: repackFloats(type === 'F32' ? 2 : 1),
});

const block = (bits: 4 | 5 | 8, hasMinimum: boolean): PlaneLayout => {
  const codeWords = bits === 8 ? 8 : 4;
  return {
    blockValues: 32,
    blockBytes: (hasMinimum ? 4 : 2) + (bits === 5 ? 4 : 0) + 4 * codeWords,
    codeWords,
    highWords: bits === 5 ? 1 : 0,
    scaleBytes: hasMinimum ? 4 : 2,
    isSuper: false,
    shader: 'block',
    flags: { BITS8: bits === 8, FIFTH: bits === 5, MINIMUM: hasMinimum },
    repack: repackBlocks(hasMinimum, bits === 5, codeWords),
  };
};

const superBlock = (bits: 2 | 3 | 4 | 5 | 6, blockBytes: number, repack: RowRepacker): PlaneLayout => {
  const highWords = bits === 6 ? 2 : bits === 5 || bits === 3 ? 1 : 0;
  const isTwo = bits < 4;
  return {
    blockValues: 256,
    blockBytes,
    codeWords: isTwo ? 2 : 4,
    highWords,
    scaleBytes: 2,
    isSuper: true,
    shader: 'super',
    flags: {
      TWO: isTwo,
      HIGH1: highWords === 1,
      HIGH2: highWords === 2,
      SIGNED: bits === 3 || bits === 6,
    },
    repack,
  };
};

/** Every type that the shaders decode. Block layouts: ggml-common.h; their meaning: ggml-quants.c. */
export const PLANE_LAYOUTS = {
  F32: floats('F32'),
  F16: floats('F16'),
  BF16: floats('BF16'),
  Q4_0: block(4, false),
  Q4_1: block(4, true),
  Q5_0: block(5, false),
  Q5_1: block(5, true),
  Q8_0: block(8, false),
  Q2_K: superBlock(2, 84, repackQ2K),
  Q3_K: superBlock(3, 110, repackQ3K),
  Q4_K: superBlock(4, 144, repackQ45K(false)),
  Q5_K: superBlock(5, 176, repackQ45K(true)),
  Q6_K: superBlock(6, 210, repackQ6K),
} as const satisfies Partial<Record<GgufTensorType, PlaneLayout>>;

export type GpuType = keyof typeof PLANE_LAYOUTS;

export function isGpuType(type: string): type is GpuType {
  return Object.hasOwn(PLANE_LAYOUTS, type);
}

/** Where the planes of a matrix begin in its extra buffer, and its sizes. Words have 32 bits. */
export interface PlaneSizes {
  /** Units of a row. */
  readonly units: number;
  readonly codeWords: number;
  readonly scalesAt: number;
  readonly superAt: number;
  /** Where a bias for each row would begin. */
  readonly biasAt: number;
  /** Words of the extra buffer, with the bias. */
  readonly extraWords: number;
}

/** Sizes for `rows` rows of `columns`: an even number of units, as rows are taken in eights. */
export function measurePlanes(
  layout: PlaneLayout,
  rows: number,
  columns: number,
  hasBias: boolean,
): PlaneSizes {
  const units = Math.ceil(columns / UNIT);
  const all = rows * units;
  const scalesAt = all * layout.highWords;
  const superAt = scalesAt + Math.ceil((all * layout.scaleBytes) / 4);
  // Never 0, which would mean that there is no bias.
  const biasAt = Math.max(1, superAt + (layout.isSuper ? Math.ceil(all / 8) : 0));
  return {
    units,
    codeWords: all * layout.codeWords,
    scalesAt,
    superAt,
    biasAt,
    extraWords: biasAt + (hasBias ? rows : 0),
  };
}
