import { canDequantise, dequantise } from '../quantisation/dequantise';
import { elementAt } from '../element-at';
import { parseGguf } from '../gguf/parse';
import { readOptionalNumber, readOptionalString, readString } from '../gguf/metadata';
import { InferenceError } from '../errors';
import type { ByteSource, GgufFile, GgufTensor } from '../gguf/types';

const A_SUFFIX = '.lora_a';
const B_SUFFIX = '.lora_b';
/** Adapters have 4 to 256; the factors of one tensor are held as floats. */
const MAX_RANK = 1024;
const MAX_HELD_VALUES = 1 << 25;

/** What is added to one tensor of the base: the product of two thin matrices, scaled. */
export interface LoraUpdate {
  readonly tensor: GgufTensor;
  readonly rank: number;
  /** The adapter scale times alpha / rank. */
  readonly factor: number;
  /** `rank` numbers for each row of the tensor: read along with the rows. */
  readonly left: GgufTensor;
  /** Held whole: `rank` rows as wide as the tensor's, or their transpose. */
  readonly right: GgufTensor;
  readonly rightIsTransposed: boolean;
}

export interface LoraAdapter {
  /** 0 where the file names none. */
  readonly alpha: number;
  /** By the name of the base tensor. */
  readonly updates: ReadonlyMap<string, LoraUpdate>;
  /** Whole norm vectors, which some converters add and llama.cpp leaves out too. */
  readonly ignored: readonly string[];
}

function shape({ dimensions }: GgufTensor): string {
  return dimensions.join('x');
}

/** Columns and rows. @throws InferenceError `unsupported` for more dimensions */
function matrixSize(tensor: GgufTensor): readonly [columns: number, rows: number] {
  const [columns = 1, rows = 1, ...rest] = tensor.dimensions;
  if (rest.some((n) => n !== 1)) {
    throw new InferenceError(
      'unsupported',
      `a LoRA for the stacked matrices ${tensor.name} ${shape(tensor)}`,
    );
  }
  return [columns, rows];
}

/** Keys as convert_lora_to_gguf.py writes and src/llama-adapter.cpp reads them. @returns alpha, 0 where there is none */
function checkMetadata({ metadata }: GgufFile, base: GgufFile): number {
  const type = readOptionalString(metadata, 'general.type');
  // As cvector-generator of llama.cpp writes them: they are added to activations, not to weights.
  if (readOptionalString(metadata, 'general.architecture') === 'controlvector') {
    throw new InferenceError('bad-input', 'not an adapter: it is a control vector');
  }
  if (type !== 'adapter') {
    throw new InferenceError('bad-input', `not an adapter: its general.type is '${type ?? 'missing'}'`);
  }
  const kind = readString(metadata, 'adapter.type');
  if (kind !== 'lora') throw new InferenceError('unsupported', `an adapter of type '${kind}'`);
  // Such an adapter works only after certain tokens, which merged weights cannot tell.
  if (metadata.has('adapter.alora.invocation_tokens')) {
    throw new InferenceError('unsupported', 'an activated LoRA cannot be merged');
  }
  const wanted = readString(metadata, 'general.architecture');
  const architecture = readString(base.metadata, 'general.architecture');
  if (wanted !== architecture) {
    throw new InferenceError(
      'bad-input',
      `it is for the architecture '${wanted}', the model is '${architecture}'`,
    );
  }
  const alpha = readOptionalNumber(metadata, 'adapter.lora.alpha') ?? 0;
  if (!Number.isFinite(alpha) || alpha < 0) throw new InferenceError('bad-file', `its alpha is ${alpha}`);
  return alpha;
}

function planUpdate(
  tensor: GgufTensor,
  a: GgufTensor,
  b: GgufTensor,
  alpha: number,
  scale: number,
): LoraUpdate {
  const [columns, rows] = matrixSize(tensor);
  const [aColumns, aRows] = matrixSize(a);
  const [bColumns, bRows] = matrixSize(b);
  const { name } = tensor;
  // The converter transposes A of the embedding, whose rows are looked up: there A has a row for each token.
  const isTable = name.endsWith('token_embd.weight');
  const rank = bColumns;
  const aRank = isTable ? aColumns : aRows;
  const fits = isTable ? aRows === rows && bRows === columns : aColumns === columns && bRows === rows;
  if (!fits) {
    throw new InferenceError(
      'bad-input',
      `${name} is ${shape(tensor)}, its A is ${shape(a)} and B ${shape(b)}: made for another model`,
    );
  }
  if (aRank !== rank) {
    throw new InferenceError('bad-file', `${name}: A has the rank ${aRank} and B the rank ${rank}`);
  }
  if (rank > MAX_RANK || rank * columns > MAX_HELD_VALUES) {
    throw new InferenceError('unsupported', `${name}: a rank of ${rank} for rows of ${columns}`);
  }
  for (const each of [tensor, a, b]) {
    if (!canDequantise(each.type)) {
      throw new InferenceError('unsupported', `merging into or from the type ${each.type} of ${each.name}`);
    }
  }
  // llama_adapter_lora_weight::get_scale in src/llama-adapter.h: without alpha the scale is taken as it is.
  const factor = alpha === 0 ? scale : (scale * alpha) / rank;
  return isTable
    ? { tensor, rank, factor, left: a, right: b, rightIsTransposed: true }
    : { tensor, rank, factor, left: b, right: a, rightIsTransposed: false };
}

/**
 * Reads an adapter's header and pairs its matrices with the tensors of `base`.
 * @throws InferenceError `bad-input` when it is none or is for another model, `bad-file` when it contradicts itself
 */
export async function readLoraAdapter(
  source: ByteSource,
  base: GgufFile,
  scale: number,
  signal?: AbortSignal,
): Promise<LoraAdapter> {
  try {
    const file = await parseGguf([source], signal);
    return pairTensors(file, base, checkMetadata(file, base), scale);
  } catch (error) {
    if (!(error instanceof InferenceError)) throw error;
    throw new InferenceError(error.code, `the adapter: ${error.message}`, { cause: error });
  }
}

function pairTensors(file: GgufFile, base: GgufFile, alpha: number, scale: number): LoraAdapter {
  const pairs = new Map<string, { a?: GgufTensor; b?: GgufTensor }>();
  const ignored: string[] = [];
  const pairOf = (name: string) => {
    const pair = pairs.get(name) ?? {};
    pairs.set(name, pair);
    return pair;
  };
  for (const tensor of file.tensors) {
    const { name } = tensor;
    if (name.endsWith(A_SUFFIX)) pairOf(name.slice(0, -A_SUFFIX.length)).a = tensor;
    else if (name.endsWith(B_SUFFIX)) pairOf(name.slice(0, -B_SUFFIX.length)).b = tensor;
    else if (name.endsWith('_norm.weight')) ignored.push(name);
    else throw new InferenceError('unsupported', `the tensor ${name} is neither A nor B of a LoRA`);
  }
  if (pairs.size === 0) throw new InferenceError('bad-file', 'it has no LoRA tensors');
  const targets = new Map(base.tensors.map((tensor) => [tensor.name, tensor]));
  const updates = new Map<string, LoraUpdate>();
  for (const [name, { a, b }] of pairs) {
    if (!a || !b) throw new InferenceError('bad-file', `${name} lacks its ${a ? 'B' : 'A'}`);
    const tensor = targets.get(name);
    if (!tensor)
      throw new InferenceError('bad-input', `the model has no tensor ${name}: made for another model`);
    updates.set(name, planUpdate(tensor, a, b, alpha, scale));
  }
  return { alpha, updates, ignored };
}

/** Rows of a factor as floats. @throws InferenceError `bad-file` where one is not finite */
export async function readFactor(
  source: ByteSource,
  tensor: GgufTensor,
  firstRow: number,
  rows: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const rowBytes = tensor.bytes / matrixSize(tensor)[1];
  const bytes = await source.read(tensor.offset + firstRow * rowBytes, rows * rowBytes, signal);
  const values = dequantise(tensor.type, bytes);
  if (!values.every(Number.isFinite)) {
    throw new InferenceError('bad-file', `the adapter: ${tensor.name} has values that are no numbers`);
  }
  return values;
}

/** The matrix that is held whole, as `rank` rows as wide as the tensor. */
export async function readRightFactor(
  source: ByteSource,
  { right, rightIsTransposed, rank }: LoraUpdate,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const values = await readFactor(source, right, 0, elementAt(right.dimensions, 1), signal);
  if (!rightIsTransposed) return values;
  const columns = values.length / rank;
  const turned = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rank; row++) turned[row * columns + column] = values[column * rank + row] ?? 0;
  }
  return turned;
}
