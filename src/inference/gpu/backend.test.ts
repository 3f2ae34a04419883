import { afterAll, expect, test } from 'vitest';
import { openCpu } from '../cpu/open';
import { describeModel } from '../architectures/registry';
import { openModelOn } from '../decoding/open-model';
import type { Row } from '../decoding/backend';
import { elementAt } from '../element-at';
import { InferenceError } from '../errors';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { relativeError } from '../testing/logits-fixture';
import { readReferenceShape } from '../testing/reference-shape';
import { computeReferenceLogits } from '../testing/reference-forward.mjs';
import { createNamedModel, createRandomModel, VOCABULARY } from '../testing/random-model.mjs';
import { RANDOM_MODELS } from '../testing/random-models.mjs';
import type { GpuBackend } from './backend';
import { checkBlock } from './check-block';
import { planModel } from './matrix-plan';
import { openGpu } from './open';
import type { GpuOptions } from './open';
import { HARDWARE_FORM } from './shader-kernels';
import { describeGpu } from './testing/describe-gpu';
import { loadBinary, openTestCpu, openTestGpu } from './testing/open-test-backend';

const idAt = (index: number) => (index === 0 ? 1 : 3 + ((index * 97) % (VOCABULARY - 3)));
const idsUpTo = (count: number) => Array.from({ length: count }, (_, index) => idAt(index));
const PROMPT = idsUpTo(64);
/** Closer than this, the order of two logits is not ours to say. */
const NEAR_TIE = 0.05;

async function computeReference(bytes: Uint8Array, ids: readonly number[]) {
  const { metadata, tensors } = await parseGguf([bytesSource(bytes)]);
  return computeReferenceLogits(
    tensors.map((tensor) => ({ ...tensor, data: bytes.slice(tensor.offset, tensor.offset + tensor.bytes) })),
    readReferenceShape(metadata),
    ids,
  );
}

/** Rows after every one of `ids`, appended one at a time to a sequence. */
async function stepThrough(backend: GpuBackend, ids: readonly number[], sequence = 0, from = 0) {
  const rows: Row[] = [];
  for (const [index, id] of ids.entries()) {
    const [row] = await backend.step([{ sequence, id, position: from + index, want: 'all' }]);
    if (row) rows.push({ ...row, logits: row.logits.slice() });
  }
  return rows;
}

/** Logits after every one of `ids`, appended in chunks. */
async function extendThrough(backend: GpuBackend, ids: readonly number[], sequence = 0) {
  const rows: Float32Array[] = [];
  for (let from = 0; from < ids.length; from += backend.chunkTokens) {
    const chunk = ids.slice(from, from + backend.chunkTokens);
    await backend.extend(sequence, chunk, from);
    for (let at = 0; at < chunk.length; at += backend.mostRows) {
      const some = await backend.rows(at, Math.min(backend.mostRows, chunk.length - at), 'logits');
      rows.push(...some.map(({ logits }) => logits.slice()));
    }
  }
  return rows;
}

const greatest = (logits: ArrayLike<number>) =>
  Array.from(logits).reduce((best, value, id) => (value > (logits[best] ?? NaN) ? id : best), 0);

/** Models whose facts the kernels have; the others are refused by name. */
const entries = await Promise.all(
  Object.entries(RANDOM_MODELS).map(async ([name, options]) => {
    const model = describeModel(await parseGguf([bytesSource(createRandomModel(options))]));
    return {
      name,
      options,
      refusal: refusalOf(() => {
        checkBlock(model);
        planModel(model);
      }),
    };
  }),
);
const supported = entries
  .filter(({ refusal }) => refusal === undefined)
  .map(({ name, options }) => [name, options] as const);

function refusalOf(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('blocks that the kernels lack are refused by name', () => {
  const refused = entries.filter(({ refusal }) => refusal !== undefined);
  for (const { refusal } of refused) expect(refusal).toMatchObject({ code: 'unsupported' });
  const architectures = new Set(supported.map(([, { architecture = 'llama' }]) => architecture));
  expect([...architectures].sort()).toEqual(['granite', 'llama', 'phi3', 'qwen2', 'smollm3']);
});

await describeGpu('the GPU backend', (requestDevice) => {
  const opened = requestDevice();
  opened.catch(() => undefined);
  afterAll(async () => (await opened).destroy());
  const open = async (bytes: Uint8Array, options: Partial<GpuOptions> = {}) =>
    openTestGpu(bytes, { device: await opened, kvType: 'f32', ...options });

  test.each(supported)(
    'predicts what exact arithmetic and the CPU do, read in 16 chunks: %s',
    async (_, options) => {
      const bytes = createRandomModel(options);
      const backend = await open(bytes, { chunkTokens: 4 });
      const rows = await extendThrough(backend, PROMPT);
      backend.close();
      const reference = await computeReference(bytes, PROMPT);
      const cpu = await openTestCpu(bytes, { kvType: 'f32' });
      await cpu.extend(0, PROMPT, 0);
      const gaps: number[] = [];
      for (const [position, logits] of rows.entries()) {
        const exact = elementAt(reference, position);
        expect(relativeError(logits, exact)).toBeLessThan(1e-5);
        const [row] = await cpu.rows(position, 1, 'argmax');
        const own = greatest(logits);
        if (row?.argmax !== own) gaps.push((exact[own] ?? NaN) - (exact[row?.argmax ?? -1] ?? NaN));
      }
      cpu.close();
      // With floats the two may differ at near-ties only. The CPU rounds activations to 8 bits for other types, which
      // moves its own logits by more than that: the GPU is nearer to exact arithmetic wherever they differ.
      const isFloat = ['F32', 'F16', 'BF16'].includes(options.type ?? 'F32');
      expect(Math.max(0, ...gaps)).toBeLessThan(isFloat ? NEAR_TIE : 0.5);
      expect(gaps.length).toBeLessThanOrEqual(isFloat ? 1 : 4);
    },
  );

  test('a step says what exact arithmetic does, and its row agrees with itself', async () => {
    const bytes = createNamedModel('many heads');
    const backend = await open(bytes);
    const rows = await stepThrough(backend, PROMPT.slice(0, 20));
    const reference = await computeReference(bytes, PROMPT.slice(0, 20));
    for (const [position, { argmax, logSumExp, logits }] of rows.entries()) {
      const exact = elementAt(reference, position);
      expect(relativeError(logits, exact)).toBeLessThan(1e-5);
      expect(argmax).toBe(greatest(logits));
      const sum = exact.reduce((total, logit) => total + Math.exp(logit), 0);
      expect(logSumExp).toBeCloseTo(Math.log(sum), 4);
    }
    const step = { sequence: 0, id: 9, position: 20 };
    const [short] = await backend.step([{ ...step, want: 'argmax' }]);
    const [full] = await backend.step([{ ...step, want: 'all' }]);
    expect(short).toMatchObject({ argmax: full?.argmax, logSumExp: NaN });
    expect(short?.logits).toHaveLength(0);
    await backend.extend(0, [9], 20);
    const picked = [elementAt(full?.logits ?? [], 7), elementAt(full?.logits ?? [], 3)];
    const [stats] = await backend.rows(0, 1, 'stats', [7, 3]);
    expect(stats?.logSumExp).toBeCloseTo(full?.logSumExp ?? NaN, 4);
    expect(stats?.picked[0]).toBeCloseTo(picked[0] ?? NaN, 4);
    expect(stats?.picked[1]).toBeCloseTo(picked[1] ?? NaN, 4);
    backend.close();
  });

  test('a prompt of several chunks of tiles, and steps behind it, over many positions', async () => {
    const bytes = createNamedModel('F32');
    const ids = idsUpTo(606);
    const backend = await open(bytes, { contextTokens: 640, chunkTokens: 300, form: HARDWARE_FORM });
    await backend.extend(0, ids.slice(0, 300), 0);
    await backend.extend(0, ids.slice(300, 600), 300);
    const [last] = await backend.rows(299, 1, 'logits');
    const before = last?.logits.slice() ?? [];
    const rows = await stepThrough(backend, ids.slice(600), 0, 600);
    const reference = await computeReference(bytes, ids);
    expect(relativeError(before, elementAt(reference, 599))).toBeLessThan(1e-5);
    rows.forEach(({ logits }, index) => {
      expect(relativeError(logits, elementAt(reference, 600 + index))).toBeLessThan(1e-5);
    });
    backend.close();
  });

  test('an f16 cache is close to an f32 one', async () => {
    const bytes = createNamedModel('F32');
    const [half, whole] = [await open(bytes, { kvType: 'f16' }), await open(bytes)];
    const ids = PROMPT.slice(0, 12);
    const [a, b] = [await stepThrough(half, ids), await stepThrough(whole, ids)];
    a.forEach(({ logits }, index) =>
      expect(relativeError(logits, elementAt(b, index).logits)).toBeLessThan(2e-3),
    );
    half.close();
    whole.close();
  });

  test('the same ids and logits alone and in batches of 3 and 8, to the bit', async () => {
    const bytes = createNamedModel('Q4_0');
    const prompts = Array.from({ length: 8 }, (_, sequence) =>
      idsUpTo(20 + sequence).slice(sequence, sequence + 3),
    );
    const generate = async (count: number) => {
      const backend = await open(bytes, { sequences: count });
      const last: number[] = [];
      const all: { readonly id: number; readonly logits: Float32Array }[][] = [];
      for (let sequence = 0; sequence < count; sequence++) {
        const prompt = elementAt(prompts, sequence);
        await backend.extend(sequence, prompt.slice(0, 2), 0);
        last.push(elementAt(prompt, 2));
        all.push([]);
      }
      for (let position = 2; position < 8; position++) {
        const rows = await backend.step(
          last.map((id, sequence) => ({ sequence, id, position, want: 'all' as const })),
        );
        rows.forEach(({ argmax, logits }, sequence) => {
          last[sequence] = argmax;
          all[sequence]?.push({ id: argmax, logits: logits.slice() });
        });
      }
      backend.close();
      return all;
    };
    const eight = await generate(8);
    expect(await generate(3)).toEqual(eight.slice(0, 3));
    expect(await generate(1)).toEqual(eight.slice(0, 1));
    // They are different answers.
    expect(new Set(eight.map((steps) => steps.map(({ id }) => id).join())).size).toBeGreaterThan(4);
  });

  test('a prefix is shared, and written apart', async () => {
    const backend = await open(createNamedModel('many heads'), { sequences: 3, contextTokens: 64 });
    await backend.extend(0, PROMPT.slice(0, 4), 0);
    await backend.share(0, 1, 3);
    await backend.share(0, 2, 4);
    const step = { position: 3, want: 'logits' } as const;
    const [other] = await backend.step([{ ...step, sequence: 1, id: 50 }]);
    expect(other?.logits).toHaveLength(VOCABULARY);
    const next = { position: 4, id: 77, want: 'logits' } as const;
    const [a] = await backend.step([{ ...next, sequence: 0 }]);
    const ownLogits = a?.logits.slice();
    const [c] = await backend.step([{ ...next, sequence: 2 }]);
    expect(c?.logits).toEqual(ownLogits);
    const [b] = await backend.step([{ ...next, sequence: 1 }]);
    expect(relativeError(b?.logits ?? [], ownLogits ?? [])).toBeGreaterThan(1e-3);
    // As if sequence 1 had been computed by itself.
    await backend.truncate(2, 0);
    await backend.extend(2, [...PROMPT.slice(0, 3), 50], 0);
    const [fresh] = await backend.step([{ ...next, sequence: 2 }]);
    const alone = fresh?.logits.slice() ?? [];
    await backend.truncate(1, 4);
    const [again] = await backend.step([{ ...next, sequence: 1 }]);
    expect(relativeError(again?.logits ?? [], alone)).toBeLessThan(1e-5);
    backend.close();
  });

  test.each(['F32', 'F16'])('scores are those of the CPU: %s', async (name) => {
    const sources = [bytesSource(createNamedModel(name))];
    const options = { kvType: 'f16' } as const;
    const gpu = await openModelOn(openGpu, sources, {
      ...options,
      device: await opened,
      chunkTokens: 4,
      compileAhead: false,
    });
    const cpu = await openModelOn(openCpu, sources, {
      ...options,
      build: 'wasm32-plain',
      loadBinary,
      threads: 1,
    });
    const continuations = [PROMPT.slice(10, 13), PROMPT.slice(20, 26), PROMPT.slice(30, 31)];
    const [ours, theirs] = [
      await gpu.score(PROMPT.slice(0, 6), continuations),
      await cpu.score(PROMPT.slice(0, 6), continuations),
    ];
    ours.forEach(({ sum, greedy }, index) => {
      expect(Math.abs(sum - elementAt(theirs, index).sum)).toBeLessThan(0.01);
      expect(greedy).toEqual(elementAt(theirs, index).greedy);
    });
    gpu.close();
    cpu.close();
  });

  test('a token takes at most 8 dispatches a layer and 6 more, and 2 writes', async () => {
    const device = await opened;
    const layers = 2;
    // Values in another type than queries and keys: one kernel more in each layer.
    const bytes = createRandomModel({ type: 'F32', mixedType: 'F16', layers, seed: 70 });
    const backend = await open(bytes, { contextTokens: 64 });
    // What is made once for the model is made now.
    await backend.step([{ sequence: 0, id: 1, position: 0, want: 'argmax' }]);
    const counts = countCalls(device);
    const took: { dispatches: number; writes: number; submits: number }[] = [];
    for (const [position, id] of [...idsUpTo(34).entries()].slice(1)) {
      counts.reset();
      await backend.step([{ sequence: 0, id, position, want: 'argmax' }]);
      took.push({ ...counts.taken });
    }
    counts.restore();
    backend.close();
    expect(Math.min(...took.map(({ dispatches }) => dispatches))).toBeGreaterThan(layers);
    expect(Math.max(...took.map(({ dispatches }) => dispatches))).toBeLessThanOrEqual(8 * layers + 6);
    expect(Math.max(...took.map(({ writes }) => writes))).toBeLessThanOrEqual(2);
    // A new page of the cache, every 32 positions, is the second write.
    expect(took.filter(({ writes }) => writes === 2)).toHaveLength(1);
  });

  test('refuses what it cannot do, and goes on', async () => {
    const backend = await open(createNamedModel('F32'), { contextTokens: 32 });
    const step = { sequence: 0, id: 9, position: 0, want: 'argmax' } as const;
    const refused = { code: 'bad-input' };
    await expect(backend.step([{ ...step, id: VOCABULARY }])).rejects.toMatchObject(refused);
    await expect(backend.step([step, { ...step, position: 1 }])).rejects.toMatchObject(refused);
    await expect(backend.step([{ ...step, position: 32 }])).rejects.toMatchObject(refused);
    await expect(backend.rows(0, 1, 'argmax')).rejects.toMatchObject(refused);
    await expect(backend.step([{ ...step, sequence: 1 }])).rejects.toMatchObject({ code: 'unsupported' });
    await expect(backend.adapt(0, [{ adapter: 0, scale: 1 }])).rejects.toMatchObject({ code: 'unsupported' });
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(backend.extend(0, [9], 0, aborted)).rejects.toThrow('enough');
    expect(await backend.step([step])).toHaveLength(1);
    const reason = new InferenceError('engine', 'stopped');
    backend.stop(reason);
    await expect(backend.step([step])).rejects.toBe(reason);
    await expect(backend.truncate(0, 0)).rejects.toBe(reason);
    backend.close();
  });

  test('tells that its device is lost, in the middle of a computation too', async () => {
    const device = await requestDevice();
    const backend = await openTestGpu(createNamedModel('F32'), { device });
    await backend.extend(0, PROMPT.slice(0, 3), 0);
    const asked = backend.rows(0, 1, 'argmax');
    device.destroy();
    await expect(asked).rejects.toMatchObject({ code: 'device-lost' });
    await expect(backend.extend(0, [1], 3)).rejects.toMatchObject({ code: 'device-lost' });
    backend.close();
  });

  test('refuses a model that the device cannot hold, before a weight is read', async () => {
    const bytes = createNamedModel('F32');
    const { dataFrom } = await findData(bytes);
    const source = bytesSource(bytes);
    let readWeights = false;
    const watched = {
      ...source,
      read: (offset: number, length: number) => {
        readWeights ||= offset >= dataFrom;
        return source.read(offset, length);
      },
    };
    const model = describeModel(await parseGguf([watched]));
    const opening = openGpu(model, [watched], {
      device: await opened,
      contextTokens: 1 << 20,
      sequences: 64,
    });
    await expect(opening).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(readWeights).toBe(false);
  });
});

async function findData(bytes: Uint8Array) {
  const { tensors } = await parseGguf([bytesSource(bytes)]);
  return { dataFrom: Math.min(...tensors.map(({ offset }) => offset)) };
}

/** Counts what a device is told to do. */
function countCalls(device: GPUDevice) {
  const taken = { dispatches: 0, writes: 0, submits: 0 };
  const { queue } = device;
  const createCommandEncoder = device.createCommandEncoder.bind(device);
  const [writeBuffer, submit] = [queue.writeBuffer.bind(queue), queue.submit.bind(queue)];
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (how) => {
      const pass = beginComputePass(how);
      const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass);
      pass.dispatchWorkgroups = (...counts) => {
        taken.dispatches++;
        dispatchWorkgroups(...counts);
      };
      return pass;
    };
    return encoder;
  };
  const countedWrite: typeof queue.writeBuffer = (...args: Parameters<typeof queue.writeBuffer>) => {
    taken.writes++;
    writeBuffer(...args);
  };
  queue.writeBuffer = countedWrite;
  queue.submit = (buffers) => {
    taken.submits++;
    submit(buffers);
  };
  return {
    taken,
    reset: () => Object.assign(taken, { dispatches: 0, writes: 0, submits: 0 }),
    restore: () => {
      device.createCommandEncoder = createCommandEncoder;
      queue.writeBuffer = writeBuffer;
      queue.submit = submit;
    },
  };
}
