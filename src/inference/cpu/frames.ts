import { layerFacts } from '../architectures/architecture';
import type { BlockFacts, ModelDescription } from '../architectures/architecture';
import { mapMatrices } from '../architectures/weights';
import type { LayerOf, Matrix, ModelOf } from '../architectures/weights';
import { InferenceError } from '../errors';
import type { HalvedHeads } from './interleave-rows';

/** kernels/frames.h, in its order; Q8_0 is two: where the dot product takes signed codes, and where not. */
const FRAME_TYPES = {
  F32: 0,
  F16: 1,
  BF16: 2,
  Q8_0: 3,
  Q4_0: 4,
  Q4_1: 5,
  Q5_0: 6,
  Q5_1: 7,
  Q4_K: 8,
  Q5_K: 9,
  Q6_K: 10,
  Q3_K: 11,
  Q2_K: 12,
  IQ4_NL: 14,
  IQ4_XS: 16,
  MXFP4: 18,
} as const;
export const FRAME_Q8 = FRAME_TYPES.Q8_0;
export const FRAME_Q8_SIGNED = 13;
/** Types whose codes are, or name, values of 8 bits. All become Q8_0, signed or not. */
const EIGHT_BITS: readonly MatrixType[] = ['Q8_0', 'IQ4_NL', 'IQ4_XS', 'MXFP4'];

/** Whether codes need all 8 bits, so that the dot product's treatment of the last matters. */
export function hasEightBits(type: MatrixType): boolean {
  return EIGHT_BITS.includes(type);
}

/** Columns that a row must be a multiple of. */
const BLOCK: Readonly<Record<keyof typeof FRAME_TYPES, number>> = {
  F32: 1,
  F16: 1,
  BF16: 1,
  Q8_0: 32,
  Q4_0: 32,
  Q4_1: 32,
  Q5_0: 32,
  Q5_1: 32,
  Q4_K: 256,
  Q5_K: 256,
  Q6_K: 256,
  Q3_K: 256,
  Q2_K: 256,
  IQ4_NL: 32,
  IQ4_XS: 256,
  MXFP4: 32,
};

const Q8_BYTES = 272;
/** Bytes that 8 rows of one block take once repacked. */
const GROUP_BYTES: Readonly<Record<keyof typeof FRAME_TYPES, number>> = {
  F32: 32,
  F16: 16,
  BF16: 16,
  Q8_0: Q8_BYTES,
  Q4_0: 144,
  Q4_1: 160,
  Q5_0: 176,
  Q5_1: 192,
  Q4_K: 8 * 144 + 32,
  Q5_K: 8 * 176 + 32,
  Q6_K: 8 * 208 + 16,
  Q3_K: 8 * 112 + 16,
  Q2_K: 8 * 80 + 32,
  IQ4_NL: Q8_BYTES,
  IQ4_XS: 8 * Q8_BYTES,
  MXFP4: Q8_BYTES,
};

export type MatrixType = keyof typeof FRAME_TYPES;

/** A weight matrix and what it becomes in the engine's memory. */
export interface MatrixPlan extends Matrix {
  readonly type: MatrixType;
  readonly frame: number;
  /** Repacked bytes of 8 rows. */
  readonly groupBytes: number;
  readonly bytes: number;
  /** Where rows are put in another order as they are loaded. */
  readonly halved?: HalvedHeads;
}

export type LayerPlan = LayerOf<MatrixPlan>;
export type ModelPlan = ModelOf<MatrixPlan> & { readonly block: BlockFacts };

/** Throws `unsupported` for a type without a frame, `bad-file` for rows that are not whole blocks. */
export function planMatrix(matrix: Matrix): MatrixPlan {
  const { tensor, rows, columns } = matrix;
  if (!Object.hasOwn(FRAME_TYPES, tensor.type)) {
    throw new InferenceError('unsupported', `the type ${tensor.type} of ${tensor.name}`);
  }
  const type = tensor.type as MatrixType;
  if (columns % BLOCK[type] !== 0) {
    const shape = tensor.dimensions.join('x');
    throw new InferenceError('bad-file', `${tensor.name} ${shape} is not in blocks of ${BLOCK[type]}`);
  }
  const groupBytes = (columns / BLOCK[type]) * GROUP_BYTES[type];
  return {
    ...matrix,
    type,
    frame: FRAME_TYPES[type],
    groupBytes,
    bytes: Math.ceil(rows / 8) * groupBytes,
  };
}

/** Frames of every matrix. RoPE over halves becomes the kernels' form by another order of the rows of q and k. */
export function planFrames({ block, h, weights }: ModelDescription): ModelPlan {
  const plan = { ...mapMatrices(weights, planMatrix), block };
  if (block.rope === 'interleaved') return plan;
  const halved = { headDim: h.headDim, ropeDim: h.ropeDim };
  return {
    ...plan,
    layers: plan.layers.map((layer, index) =>
      layerFacts(block, index).rope === 'none'
        ? layer
        : { ...layer, q: { ...layer.q, halved }, k: { ...layer.k, halved } },
    ),
  };
}
