import { bytesSource } from '../../gguf/source';
import type { GgufTensorType } from '../../gguf/types';
import { createRandomData } from '../../testing/random-blocks.mjs';
import { dequantise } from '../../testing/dequantise.mjs';
import { Compiler } from '../compiler';
import type { GpuMatrix } from '../matrix-plan';
import { DeviceMemory, USAGE } from '../memory';
import type { GpuType } from '../planes';
import type { Kernel, MatrixBinding } from '../shader-kernels';
import { allocateMatrix, padColumns, uploadMatrix, UploadQueue } from '../upload';

export interface MatrixProblem {
  readonly type: GpuType;
  readonly rows: number;
  /** Of the matrix. */
  readonly columns: number;
  /** Vectors that it is multiplied with. */
  readonly vectors: number;
  readonly seed?: number;
}

/** One matrix, made up from a seed, with vectors: on a device, and multiplied in doubles. */
export function createMatrixProblem({ type, rows, columns, vectors, seed = 7 }: MatrixProblem) {
  const data = createRandomData(type, rows * columns, 1 / Math.sqrt(columns), seed);
  const weights = dequantise(type, data);
  const inputs = Float32Array.from(
    { length: vectors * columns },
    (_, at) => Math.sin(at * 12.9898 + seed) * 2,
  );
  const sums = Array.from({ length: vectors }, (_, vector) => {
    const x = inputs.subarray(vector * columns, (vector + 1) * columns);
    const square = x.reduce((sum, value) => sum + value * value, 0) / columns;
    const scale = 1 / Math.sqrt(square + 1e-5);
    return Float64Array.from({ length: rows }, (_, row) => {
      let sum = 0;
      x.forEach((value, column) => (sum += (weights[row * columns + column] ?? 0) * value));
      return sum * scale;
    });
  });
  return { data, inputs, sums };
}

/**
 * What a kernel that finishes with logits makes of a problem: the matrix times each vector, as a norm without weights
 * scales it.
 */
export async function multiplyOnDevice(
  device: GPUDevice,
  kernel: Kernel<MatrixBinding>,
  { type, rows, columns, vectors }: MatrixProblem,
  { data, inputs }: { readonly data: Uint8Array; readonly inputs: Float32Array },
  groups: readonly [number, number],
): Promise<Float32Array> {
  const memory = new DeviceMemory(device);
  const matrix: GpuMatrix = {
    name: 'matrix',
    type,
    rows,
    columns,
    sources: [
      {
        bias: undefined,
        matrix: {
          rows,
          columns,
          tensor: {
            name: 'matrix',
            dimensions: [columns, rows],
            type: type satisfies GgufTensorType,
            part: 0,
            offset: 0,
            bytes: data.length,
          },
        },
      },
    ],
    hasBias: false,
    rowBase: 0,
    unitRows: 8,
    placeOf: (row) => ({ source: 0, row }),
  };
  const loaded = allocateMatrix(memory, matrix);
  await uploadMatrix(new UploadQueue(device), [bytesSource(data)], loaded, () => undefined);
  const [part] = loaded.parts;
  if (!part) throw new Error('no part');
  const make = (label: string, words: number, values?: Uint32Array | Float32Array, usage = 0) => {
    const buffer = memory.create(label, words, USAGE.storage | USAGE.copyTo | USAGE.copyFrom | usage);
    if (values) device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  };
  const stride = padColumns(columns);
  const held = Math.ceil(vectors / 64) * 64;
  const padded = new Float32Array(held * stride);
  const squares = new Float32Array(held);
  for (let vector = 0; vector < vectors; vector++) {
    const x = inputs.subarray(vector * columns, (vector + 1) * columns);
    padded.set(x, vector * stride);
    squares[vector] = x.reduce((sum, value) => sum + value * value, 0);
  }
  const model = new DataView(new ArrayBuffer(80));
  model.setUint32(0, columns, true);
  // The stride of sums of squares; the norm's epsilon.
  model.setUint32(32, 1, true);
  model.setFloat32(40, 1e-5, true);
  // Nothing scales the logits.
  model.setFloat32(56, 1, true);
  const { units, scalesAt, superAt } = part.sizes;
  const out = make('out', held * rows);
  const compiler = Compiler.of(device);
  const compiled = await compiler.compile(kernel);
  const bindGroup = compiler.bind(compiled, {
    codes: part.codes,
    extra: part.extra,
    inputs: make('inputs', padded.length, padded),
    step: make('step', 4, Uint32Array.of(vectors, 0, 0, 0)),
    shape: make('shape', 12, Uint32Array.of(rows, units, 0, scalesAt, superAt, 0, rows, 1), USAGE.uniform),
    model: make('model', 20, new Uint32Array(model.buffer), USAGE.uniform),
    squares_in: make('squares', held, squares),
    out,
  });
  const result = await readAfter(device, out, vectors * rows, (pass) => {
    pass.setPipeline(compiled.pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...groups);
  });
  memory.destroy();
  return result;
}

/** Floats of a buffer after a compute pass. */
export async function readAfter(
  device: GPUDevice,
  buffer: GPUBuffer,
  floats: number,
  run: (pass: GPUComputePassEncoder) => void,
): Promise<Float32Array> {
  const staging = device.createBuffer({ size: floats * 4, usage: USAGE.mapRead | USAGE.copyTo });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  run(pass);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, floats * 4);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return values;
}
