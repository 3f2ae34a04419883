import { InferenceError } from '../errors';
import type { GgufTensor } from '../gguf/types';

/** One weight matrix: where it is in the file, and the shape that was checked. */
export interface Matrix {
  readonly tensor: GgufTensor;
  readonly rows: number;
  readonly columns: number;
}

/** The weights of one block. `M` is what stands for a matrix: a backend has more to say about each. */
export interface LayerOf<M> {
  readonly q: M;
  readonly k: M;
  readonly v: M;
  readonly o: M;
  readonly gate: M;
  readonly up: M;
  readonly down: M;
  readonly attnNorm: GgufTensor;
  readonly ffnNorm: GgufTensor;
  readonly qBias?: GgufTensor | undefined;
  readonly kBias?: GgufTensor | undefined;
  readonly vBias?: GgufTensor | undefined;
}

export interface ModelOf<M> {
  readonly vocabulary: number;
  readonly embedding: M;
  /** The embedding itself where the two are tied. */
  readonly output: M;
  readonly outputNorm: GgufTensor;
  /** Divisors of RoPE's frequencies (Llama 3). */
  readonly ropeFactors?: GgufTensor | undefined;
  readonly layers: readonly LayerOf<M>[];
}

export type ModelWeights = ModelOf<Matrix>;

/** The same model with every matrix replaced; a matrix that is used twice is mapped once. */
export function mapMatrices<A, B>(model: ModelOf<A>, map: (matrix: A) => B): ModelOf<B> {
  const embedding = map(model.embedding);
  return {
    ...model,
    embedding,
    output: model.output === model.embedding ? embedding : map(model.output),
    layers: model.layers.map((layer) => ({
      ...layer,
      q: map(layer.q),
      k: map(layer.k),
      v: map(layer.v),
      o: map(layer.o),
      gate: map(layer.gate),
      up: map(layer.up),
      down: map(layer.down),
    })),
  };
}

/** Every matrix once, in file order: a disk or a network is read forwards. */
export function matricesInFileOrder<M extends Matrix>(model: ModelOf<M>): readonly M[] {
  const all = new Set<M>([model.embedding, model.output]);
  for (const { q, k, v, o, gate, up, down } of model.layers) {
    for (const matrix of [q, k, v, o, gate, up, down]) all.add(matrix);
  }
  return [...all].toSorted((a, b) => a.tensor.part - b.tensor.part || a.tensor.offset - b.tensor.offset);
}

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

  vector(name: string, length: number): GgufTensor {
    const tensor = this.#take(name);
    if (tensor.dimensions[0] !== length || tensor.dimensions.slice(1).some((n) => n !== 1)) {
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
