import { readVector } from '../gguf/read-vector';
import type { ByteSource, GgufTensor } from '../gguf/types';
import type { GpuMatrix, GpuModelPlan } from './matrix-plan';
import { matricesToLoad } from './matrix-plan';
import { USAGE } from './memory';
import type { DeviceMemory } from './memory';
import { allocateMatrix, matrixBytes, uploadMatrix, UploadQueue } from './upload';
import type { LoadedMatrix } from './upload';

export interface LoadedLayer {
  readonly qkv: readonly LoadedMatrix[];
  readonly o: LoadedMatrix;
  readonly gate: LoadedMatrix;
  readonly down: LoadedMatrix;
}

/** A model's weights in the device's memory. */
export interface LoadedModel {
  readonly plan: GpuModelPlan;
  readonly embedding: LoadedMatrix;
  readonly output: LoadedMatrix;
  readonly layers: readonly LoadedLayer[];
  /** Weights of the norms in their order: before attention and before the feed-forward network of each layer, last. */
  readonly norms: readonly GPUBuffer[];
  readonly bytes: number;
}

/** Creates every buffer for weights, so that a lack of memory shows before anything is read. */
export function allocateModel(
  memory: DeviceMemory,
  plan: GpuModelPlan,
): ReadonlyMap<GpuMatrix, LoadedMatrix> {
  return new Map(matricesToLoad(plan).map((matrix) => [matrix, allocateMatrix(memory, matrix)]));
}

/** Reads every tensor once, in file order, and puts it into the device's memory. */
export async function loadModel(
  memory: DeviceMemory,
  sources: readonly ByteSource[],
  plan: GpuModelPlan,
  allocated: ReadonlyMap<GpuMatrix, LoadedMatrix>,
  onProgress?: (doneBytes: number, totalBytes: number) => void,
  signal?: AbortSignal,
): Promise<LoadedModel> {
  const loaded = [...allocated.values()];
  const totalBytes = loaded
    .flatMap(({ matrix }) => matrix.sources)
    .reduce((sum, { matrix: { tensor } }) => sum + tensor.bytes, 0);
  let doneBytes = 0;
  const queue = new UploadQueue(memory.device);
  for (const each of loaded) {
    signal?.throwIfAborted();
    await uploadMatrix(
      queue,
      sources,
      each,
      (bytes) => {
        doneBytes = Math.min(totalBytes, doneBytes + bytes);
        onProgress?.(doneBytes, totalBytes);
      },
      signal,
    );
  }
  const loadVector = async (tensor: GgufTensor) => {
    const values = await readVector(sources, tensor, signal);
    const buffer = memory.create(tensor.name, values.length, USAGE.storage | USAGE.copyTo);
    await queue.write(buffer, 0, values);
    return buffer;
  };
  const norms: GPUBuffer[] = [];
  for (const { attnNorm, ffnNorm } of plan.layers) {
    norms.push(await loadVector(attnNorm), await loadVector(ffnNorm));
  }
  norms.push(await loadVector(plan.outputNorm));
  await memory.device.queue.onSubmittedWorkDone();
  const find = (matrix: GpuMatrix) => {
    const found = allocated.get(matrix);
    if (!found) throw new RangeError(`${matrix.name} is not loaded`);
    return found;
  };
  return {
    plan,
    embedding: find(plan.embedding),
    output: find(plan.output),
    layers: plan.layers.map(({ qkv, o, gate, down }) => ({
      qkv: qkv.map(find),
      o: find(o),
      gate: find(gate),
      down: find(down),
    })),
    norms,
    bytes: loaded.reduce((sum, each) => sum + matrixBytes(each), 0),
  };
}
