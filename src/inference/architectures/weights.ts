import { InferenceError } from '../errors';
import type { GgufTensor } from '../gguf/types';

/** One weight matrix: where it is in the file, and the shape that was checked. */
export interface Matrix {
  readonly tensor: GgufTensor;
  readonly rows: number;
  readonly columns: number;
}

/** Matrices that a block may have. What lacks one leaves it out: `gate` where nothing gates the network. */
export const LAYER_MATRICES = ['q', 'k', 'v', 'o', 'gate', 'up', 'down', 'router'] as const;
type AttentionMatrix = 'q' | 'k' | 'v' | 'o';
type NetworkMatrix = Exclude<(typeof LAYER_MATRICES)[number], AttentionMatrix>;

/** One of the networks that a router chooses. */
export interface ExpertOf<M> {
  readonly gate: M;
  readonly up: M;
  readonly down: M;
}

/** Vectors that a block may have, each absent where the architecture has none. */
export const LAYER_VECTORS = [
  ...(['attnNorm', 'attnNormBias', 'attnPostNorm', 'ffnNorm', 'ffnNormBias', 'ffnPostNorm'] as const),
  ...(['qNorm', 'kNorm'] as const),
  ...(['qBias', 'kBias', 'vBias', 'oBias', 'gateBias', 'upBias', 'downBias'] as const),
] as const;
export type LayerVector = (typeof LAYER_VECTORS)[number];

/** The weights of one block: with `up` and `down`, or with a router and experts. `M` is what stands for a matrix: a backend has more to say about each. */
export type LayerOf<M> = { readonly [Name in AttentionMatrix]: M } & {
  readonly [Name in NetworkMatrix]?: M | undefined;
} & { readonly experts?: readonly ExpertOf<M>[] | undefined } & {
  readonly [Name in LayerVector]?: GgufTensor | undefined;
};

export interface ModelOf<M> {
  readonly vocabulary: number;
  readonly embedding: M;
  /** A row for each position, added to the embedding (GPT-2). */
  readonly positions?: M | undefined;
  /** The embedding itself where the two are tied. */
  readonly output: M;
  readonly outputNorm: GgufTensor;
  readonly outputNormBias?: GgufTensor | undefined;
  readonly outputBias?: GgufTensor | undefined;
  /** Divisors of RoPE's frequencies (Llama 3). */
  readonly ropeFactors?: GgufTensor | undefined;
  /** The same for contexts longer than the original one, and for those within it (LongRoPE). */
  readonly ropeLong?: GgufTensor | undefined;
  readonly ropeShort?: GgufTensor | undefined;
  readonly layers: readonly LayerOf<M>[];
}

export type ModelWeights = ModelOf<Matrix>;

/** The matrices of a block, without those it lacks. */
export function layerMatrices<M>(layer: LayerOf<M>): readonly M[] {
  const own = LAYER_MATRICES.flatMap((name) => layer[name] ?? []);
  return [...own, ...(layer.experts ?? []).flatMap(({ gate, up, down }) => [gate, up, down])];
}

/** The same model with every matrix replaced; a matrix that is used twice is mapped once. */
export function mapMatrices<A, B>(model: ModelOf<A>, map: (matrix: A) => B): ModelOf<B> {
  const embedding = map(model.embedding);
  return {
    ...model,
    embedding,
    positions: model.positions && map(model.positions),
    output: model.output === model.embedding ? embedding : map(model.output),
    layers: model.layers.map((layer) => ({
      ...layer,
      q: map(layer.q),
      k: map(layer.k),
      v: map(layer.v),
      o: map(layer.o),
      gate: layer.gate && map(layer.gate),
      up: layer.up && map(layer.up),
      down: layer.down && map(layer.down),
      router: layer.router && map(layer.router),
      experts: layer.experts?.map(({ gate, up, down }) => ({
        gate: map(gate),
        up: map(up),
        down: map(down),
      })),
    })),
  };
}

/** Every matrix once, in file order: a disk or a network is read forwards. */
export function matricesInFileOrder<M extends Matrix>(model: ModelOf<M>): readonly M[] {
  const all = new Set<M>([model.embedding, model.output]);
  if (model.positions) all.add(model.positions);
  for (const layer of model.layers) for (const matrix of layerMatrices(layer)) all.add(matrix);
  return [...all].toSorted((a, b) => a.tensor.part - b.tensor.part || a.tensor.offset - b.tensor.offset);
}

/** Consecutive rows of a tensor, as a tensor of their own: what converters fuse is taken apart by where it lies. */
function sliceRows(tensor: GgufTensor, from: number, count: number, rows: number): GgufTensor {
  const rowBytes = tensor.bytes / rows;
  if (!Number.isInteger(rowBytes)) {
    throw new InferenceError('bad-file', `${shape(tensor)} has rows of ${rowBytes} bytes`);
  }
  const dimensions = tensor.dimensions.length < 2 ? [count] : [tensor.dimensions[0] ?? 1, count];
  return { ...tensor, dimensions, offset: tensor.offset + from * rowBytes, bytes: count * rowBytes };
}

const sum = (parts: readonly number[]) => parts.reduce((a, b) => a + b, 0);
const starts = (parts: readonly number[]) => parts.map((_, index) => sum(parts.slice(0, index)));

function shape(tensor: GgufTensor): string {
  return `${tensor.name} ${tensor.dimensions.join('x')}`;
}

/**
 * The tensors of a file, each to be taken once and checked. What is left at the end would be ignored by the forward
 * pass, so the answer would be wrong: `refuseRest` throws.
 */
export class TensorSet {
  readonly #left: Map<string, GgufTensor>;

  constructor(tensors: readonly GgufTensor[]) {
    this.#left = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** The size of a tensor's dimension before it is taken; 0 where there is none. */
  sizeOf(name: string, dimension: number): number {
    return this.#left.get(name)?.dimensions[dimension] ?? 0;
  }

  /** Takes a tensor that says nothing the metadata doesn't. */
  skip(name: string): void {
    this.#left.delete(name);
  }

  matrix(name: string, columns: number, rows: number): Matrix {
    const tensor = this.#take(name);
    const [width, height = 1, ...rest] = tensor.dimensions;
    if (width !== columns || height !== rows || rest.some((n) => n !== 1)) {
      throw new InferenceError('bad-file', `${shape(tensor)} should be ${columns}x${rows}`);
    }
    return { tensor, columns, rows };
  }

  /** Takes matrices of one shape that lie one after another. */
  stackedMatrices(name: string, columns: number, rows: number, count: number): readonly Matrix[] {
    const tensor = this.#take(name);
    const [width, height, depth, ...rest] = tensor.dimensions;
    if (width !== columns || height !== rows || depth !== count || rest.some((n) => n !== 1)) {
      throw new InferenceError('bad-file', `${shape(tensor)} should be ${columns}x${rows}x${count}`);
    }
    return Array.from({ length: count }, (_, index) => ({
      tensor: sliceRows(tensor, index * rows, rows, count * rows),
      columns,
      rows,
    }));
  }

  vector(name: string, length: number): GgufTensor {
    const tensor = this.#take(name);
    if (tensor.dimensions.reduce((a, b) => a * b, 1) !== length) {
      throw new InferenceError('bad-file', `${shape(tensor)} should be ${length}`);
    }
    if (!['F32', 'F16', 'BF16'].includes(tensor.type)) {
      throw new InferenceError('unsupported', `the type ${tensor.type} of ${tensor.name}`);
    }
    return tensor;
  }

  optionalVector(name: string, length: number): GgufTensor | undefined {
    return this.#left.has(name) ? this.vector(name, length) : undefined;
  }

  /** Takes a matrix whose rows are those of several, one after another. */
  fusedMatrix(name: string, columns: number, parts: readonly number[]): readonly Matrix[] {
    const { tensor, rows } = this.matrix(name, columns, sum(parts));
    return starts(parts).map((from, index) => {
      const count = parts[index] ?? 0;
      return { tensor: sliceRows(tensor, from, count, rows), columns, rows: count };
    });
  }

  /** The same for a vector, which may be absent where it is not required. */
  fusedVector(name: string, parts: readonly number[], required: boolean): readonly GgufTensor[] {
    const tensor = required ? this.vector(name, sum(parts)) : this.optionalVector(name, sum(parts));
    if (!tensor) return [];
    return starts(parts).map((from, index) => sliceRows(tensor, from, parts[index] ?? 0, sum(parts)));
  }

  refuseRest(): void {
    const unknown = this.#left.keys().next().value;
    if (unknown !== undefined) throw new InferenceError('unsupported', `the tensor ${unknown}`);
  }

  #take(name: string): GgufTensor {
    const tensor = this.#left.get(name);
    if (!tensor) throw new InferenceError('bad-file', `the tensor ${name} is missing`);
    this.#left.delete(name);
    return tensor;
  }
}
