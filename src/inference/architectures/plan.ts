import type { Hyperparameters } from './hyperparameters';
import { InferenceError } from '../errors';
import type { GgufFile, GgufTensor } from '../gguf/types';

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
} as const;
export const FRAME_Q8_SIGNED = 13;

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
};

/** Bytes that 8 rows of one block take once repacked. */
const GROUP_BYTES: Readonly<Record<keyof typeof FRAME_TYPES, number>> = {
  F32: 32,
  F16: 16,
  BF16: 16,
  Q8_0: 272,
  Q4_0: 144,
  Q4_1: 160,
  Q5_0: 176,
  Q5_1: 192,
  Q4_K: 8 * 144 + 32,
  Q5_K: 8 * 176 + 32,
  Q6_K: 8 * 208 + 16,
  Q3_K: 8 * 112 + 16,
  Q2_K: 8 * 80 + 32,
};

export type MatrixType = keyof typeof FRAME_TYPES;

/** One weight matrix: where it is in the file and what it becomes. */
export interface MatrixPlan {
  readonly tensor: GgufTensor;
  readonly type: MatrixType;
  readonly frame: number;
  readonly rows: number;
  readonly columns: number;
  /** Repacked bytes of 8 rows. */
  readonly groupBytes: number;
  readonly bytes: number;
}

export interface LayerPlan {
  readonly q: MatrixPlan;
  readonly k: MatrixPlan;
  readonly v: MatrixPlan;
  readonly o: MatrixPlan;
  readonly gate: MatrixPlan;
  readonly up: MatrixPlan;
  readonly down: MatrixPlan;
  readonly attnNorm: GgufTensor;
  readonly ffnNorm: GgufTensor;
  readonly qBias?: GgufTensor | undefined;
  readonly kBias?: GgufTensor | undefined;
  readonly vBias?: GgufTensor | undefined;
}

export interface ModelPlan {
  readonly vocabulary: number;
  readonly embedding: MatrixPlan;
  /** The embedding itself where the two are tied. */
  readonly output: MatrixPlan;
  readonly outputNorm: GgufTensor;
  readonly ropeFactors?: GgufTensor | undefined;
  readonly layers: readonly LayerPlan[];
}

function shape(tensor: GgufTensor): string {
  return `${tensor.name} ${tensor.dimensions.join('x')}`;
}

export function planMatrix(tensor: GgufTensor, columns: number, rows: number): MatrixPlan {
  const [width, height = 1, ...rest] = tensor.dimensions;
  if (width !== columns || height !== rows || rest.some((n) => n !== 1)) {
    throw new InferenceError('bad-file', `${shape(tensor)} should be ${columns}x${rows}`);
  }
  if (!Object.hasOwn(FRAME_TYPES, tensor.type)) {
    throw new InferenceError('unsupported', `the type ${tensor.type} of ${tensor.name}`);
  }
  const type = tensor.type as MatrixType;
  if (columns % BLOCK[type] !== 0) {
    throw new InferenceError('bad-file', `${shape(tensor)} is not in blocks of ${BLOCK[type]}`);
  }
  const groupBytes = (columns / BLOCK[type]) * GROUP_BYTES[type];
  const padded = Math.ceil(rows / 8) * 8;
  return {
    tensor,
    type,
    frame: FRAME_TYPES[type],
    rows,
    columns,
    groupBytes,
    bytes: (padded / 8) * groupBytes,
  };
}

function checkVector(tensor: GgufTensor, length: number): GgufTensor {
  if (tensor.dimensions[0] !== length || tensor.dimensions.slice(1).some((n) => n !== 1)) {
    throw new InferenceError('bad-file', `${shape(tensor)} should be ${length}`);
  }
  if (!['F32', 'F16', 'BF16'].includes(tensor.type)) {
    throw new InferenceError('unsupported', `the type ${tensor.type} of ${tensor.name}`);
  }
  return tensor;
}

/**
 * Finds and checks every tensor of a llama model before anything is read or allocated. A tensor that the
 * forward pass would ignore is refused: the answer would be wrong.
 */
export function planModel(file: GgufFile, h: Hyperparameters): ModelPlan {
  const left = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  const optional = (name: string) => {
    const tensor = left.get(name);
    left.delete(name);
    return tensor;
  };
  const required = (name: string) => {
    const tensor = optional(name);
    if (!tensor) throw new InferenceError('bad-file', `the tensor ${name} is missing`);
    return tensor;
  };
  const matrix = (name: string, columns: number, rows: number) => planMatrix(required(name), columns, rows);
  const vector = (name: string, length: number) => checkVector(required(name), length);
  const maybe = (name: string, length: number) => {
    const tensor = optional(name);
    return tensor && checkVector(tensor, length);
  };

  const table = left.get('token_embd.weight');
  const vocabulary = table?.dimensions[1] ?? 0;
  if (table && (vocabulary < 1 || vocabulary > 1 << 22)) throw new InferenceError('bad-file', shape(table));
  const queries = h.heads * h.headDim;
  const keys = h.kvHeads * h.headDim;
  const embedding = matrix('token_embd.weight', h.dim, vocabulary);
  const output = left.has('output.weight') ? matrix('output.weight', h.dim, vocabulary) : embedding;
  const layers = Array.from({ length: h.layers }, (_, index): LayerPlan => {
    const at = `blk.${index}.`;
    left.delete(`${at}attn_rot_embd.weight`);
    return {
      q: matrix(`${at}attn_q.weight`, h.dim, queries),
      k: matrix(`${at}attn_k.weight`, h.dim, keys),
      v: matrix(`${at}attn_v.weight`, h.dim, keys),
      o: matrix(`${at}attn_output.weight`, queries, h.dim),
      gate: matrix(`${at}ffn_gate.weight`, h.dim, h.ffn),
      up: matrix(`${at}ffn_up.weight`, h.dim, h.ffn),
      down: matrix(`${at}ffn_down.weight`, h.ffn, h.dim),
      attnNorm: vector(`${at}attn_norm.weight`, h.dim),
      ffnNorm: vector(`${at}ffn_norm.weight`, h.dim),
      qBias: maybe(`${at}attn_q.bias`, queries),
      kBias: maybe(`${at}attn_k.bias`, keys),
      vBias: maybe(`${at}attn_v.bias`, keys),
    };
  });
  const outputNorm = vector('output_norm.weight', h.dim);
  const ropeFactors = maybe('rope_freqs.weight', h.ropeDim / 2);
  const unknown = left.keys().next().value;
  if (unknown !== undefined) throw new InferenceError('unsupported', `the tensor ${unknown}`);
  return { vocabulary, embedding, output, outputNorm, ropeFactors, layers };
}

/** Every matrix once, in file order: a disk or a network is read forwards. */
export function matricesInFileOrder(plan: ModelPlan): readonly MatrixPlan[] {
  const all = new Set<MatrixPlan>([plan.embedding, plan.output]);
  for (const { q, k, v, o, gate, up, down } of plan.layers) {
    for (const matrix of [q, k, v, o, gate, up, down]) all.add(matrix);
  }
  return [...all].toSorted((a, b) => a.tensor.part - b.tensor.part || a.tensor.offset - b.tensor.offset);
}
