import type { BlockFacts, Hyperparameters, ModelDescription } from '../architectures/architecture';
import type { LayerOf, Matrix } from '../architectures/weights';
import { InferenceError } from '../errors';
import type { GgufTensor } from '../gguf/types';
import { isGpuType, measurePlanes, PLANE_LAYOUTS } from './planes';
import type { GpuType } from './planes';

/** A matrix of the file, as a part of one on the device. */
export interface PlannedSource {
  readonly matrix: Matrix;
  readonly bias: GgufTensor | undefined;
}

/** Where a row of the device's matrix comes from. */
export interface RowPlace {
  readonly source: number;
  readonly row: number;
}

/** One matrix on the device, made of one or several of the file: what one kernel multiplies with. */
export interface GpuMatrix {
  readonly name: string;
  /** What it is stored as: the sources' type, or F32 where they differ. */
  readonly type: GpuType;
  readonly rows: number;
  readonly columns: number;
  readonly sources: readonly PlannedSource[];
  readonly hasBias: boolean;
  /** Number of its first row among all rows that its kernel knows. */
  readonly rowBase: number;
  /** Rows are loaded, and split, in multiples of this. */
  readonly unitRows: number;
  placeOf(row: number): RowPlace;
}

export interface GpuLayer {
  /** One, or several where q, k and v have different types. */
  readonly qkv: readonly GpuMatrix[];
  readonly o: GpuMatrix;
  /** Rows of gate and up in turns. */
  readonly gate: GpuMatrix;
  readonly down: GpuMatrix;
  readonly attnNorm: GgufTensor;
  readonly ffnNorm: GgufTensor;
}

/** A block's weight that every model must have which `checkBlock` lets pass. */
function required<T>(weight: T | undefined, name: string): T {
  if (weight === undefined) throw new InferenceError('unsupported', `a block without ${name} on the GPU`);
  return weight;
}

export interface GpuModelPlan {
  readonly block: BlockFacts;
  readonly h: Hyperparameters;
  readonly vocabulary: number;
  readonly embedding: GpuMatrix;
  /** The embedding itself where the two are tied. */
  readonly output: GpuMatrix;
  readonly layers: readonly GpuLayer[];
  readonly outputNorm: GgufTensor;
}

/** The rows of a part of a matrix that does not fit one binding. */
export interface RowRange {
  readonly from: number;
  readonly count: number;
}

/** Throws `unsupported` for a type without a kernel, `bad-file` for rows that are not whole blocks. */
function typeOf({ tensor, columns }: Matrix): GpuType {
  const { type, name } = tensor;
  if (!isGpuType(type)) throw new InferenceError('unsupported', `the type ${type} of ${name}`);
  const { blockValues } = PLANE_LAYOUTS[type];
  if (columns % blockValues !== 0) {
    throw new InferenceError(
      'bad-file',
      `${name} ${tensor.dimensions.join('x')} is not in blocks of ${blockValues}`,
    );
  }
  return type;
}

function planOne(matrix: Matrix): GpuMatrix {
  return {
    name: matrix.tensor.name,
    type: typeOf(matrix),
    rows: matrix.rows,
    columns: matrix.columns,
    sources: [{ matrix, bias: undefined }],
    hasBias: false,
    rowBase: 0,
    unitRows: 8,
    placeOf: (row) => ({ source: 0, row }),
  };
}

/** Rows of gate and up in turns, so that one thread has both of a pair. */
function planGate(gate: Matrix, up: Matrix): GpuMatrix {
  const type = typeOf(gate);
  return {
    ...planOne(gate),
    type: typeOf(up) === type ? type : 'F32',
    rows: gate.rows + up.rows,
    sources: [
      { matrix: gate, bias: undefined },
      { matrix: up, bias: undefined },
    ],
    placeOf: (row) => ({ source: row & 1, row: row >> 1 }),
  };
}

/**
 * The row of a head that comes to stand at `row`, so that the two dimensions that RoPE rotates together are neighbours:
 * i and i + n/2 of the n rotated ones.
 */
export function unhalve(row: number, headDim: number, ropeDim: number): number {
  const inHead = row % headDim;
  if (inHead >= ropeDim) return row;
  return row - inHead + (inHead >> 1) + (inHead & 1 ? ropeDim / 2 : 0);
}

/** Neighbours of the same type among q, k and v are one matrix. */
function planQkv(layer: LayerOf<Matrix>, block: BlockFacts, h: Hyperparameters): GpuMatrix[] {
  const isHalf = block.rope === 'half';
  const three = [
    { matrix: layer.q, bias: layer.qBias, isTurned: true },
    { matrix: layer.k, bias: layer.kBias, isTurned: true },
    { matrix: layer.v, bias: layer.vBias, isTurned: false },
  ];
  const groups: (typeof three)[] = [];
  for (const each of three) {
    const last = groups.at(-1);
    if (last?.[0] && typeOf(last[0].matrix) === typeOf(each.matrix)) last.push(each);
    else groups.push([each]);
  }
  let rowBase = 0;
  return groups.map((group) => {
    const [first] = group;
    if (!first) throw new RangeError('an empty group');
    const starts = group.map((_, index) =>
      group.slice(0, index).reduce((sum, { matrix }) => sum + matrix.rows, 0),
    );
    const planned: GpuMatrix = {
      ...planOne(first.matrix),
      rows: group.reduce((sum, { matrix }) => sum + matrix.rows, 0),
      sources: group,
      hasBias: group.some(({ bias }) => bias !== undefined),
      rowBase,
      // Whole heads, whose rows are put in order, and a multiple of 8.
      unitRows: h.headDim % 8 === 0 ? h.headDim : 2 * h.headDim,
      placeOf(row) {
        const source = starts.findLastIndex((start) => row >= start);
        const own = row - (starts[source] ?? 0);
        return { source, row: isHalf && group[source]?.isTurned ? unhalve(own, h.headDim, h.ropeDim) : own };
      },
    };
    rowBase += planned.rows;
    return planned;
  });
}

/** What of a model's matrices becomes one on the device. Throws as `typeOf` does. */
export function planModel({ block, h, weights }: ModelDescription): GpuModelPlan {
  const embedding = planOne(weights.embedding);
  return {
    block,
    h,
    vocabulary: weights.vocabulary,
    embedding,
    output: weights.output === weights.embedding ? embedding : planOne(weights.output),
    layers: weights.layers.map((layer) => ({
      qkv: planQkv(layer, block, h),
      o: planOne(layer.o),
      gate: planGate(required(layer.gate, 'a gate'), required(layer.up, 'a network')),
      down: planOne(required(layer.down, 'a network')),
      attnNorm: required(layer.attnNorm, 'a norm'),
      ffnNorm: required(layer.ffnNorm, 'a norm'),
    })),
    outputNorm: weights.outputNorm,
  };
}

/** Cuts a matrix into parts whose planes fit a binding of `mostBytes`. */
export function splitRows(matrix: GpuMatrix, mostBytes: number): RowRange[] {
  const { codeWords, extraWords } = measurePlanes(PLANE_LAYOUTS[matrix.type], 8, matrix.columns, true);
  const rowBytes = Math.max(codeWords, extraWords) / 2;
  // A multiple of the rows of a tile, too.
  const unit = (matrix.unitRows * 64) / commonDivisor(matrix.unitRows, 64);
  const most = Math.floor(mostBytes / rowBytes / unit) * unit;
  if (most === 0) throw new InferenceError('unsupported', `rows of ${rowBytes} bytes of ${matrix.name}`);
  const parts: RowRange[] = [];
  for (let from = 0; from < matrix.rows; from += most) {
    parts.push({ from, count: Math.min(most, matrix.rows - from) });
  }
  return parts;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Every matrix on the device once, in file order: a disk or a network is read forwards. */
export function matricesToLoad(plan: GpuModelPlan): GpuMatrix[] {
  const all = new Set([plan.embedding, plan.output]);
  for (const { qkv, o, gate, down } of plan.layers) for (const each of [...qkv, o, gate, down]) all.add(each);
  const placeOf = ({ sources }: GpuMatrix) => sources[0]?.matrix.tensor;
  return [...all].toSorted(
    (a, b) =>
      (placeOf(a)?.part ?? 0) - (placeOf(b)?.part ?? 0) ||
      (placeOf(a)?.offset ?? 0) - (placeOf(b)?.offset ?? 0),
  );
}
