import { readFileSync } from 'node:fs';
import { Worker as NodeThread } from 'node:worker_threads';
import { build } from 'vite';
import { afterEach, expect, it, vi } from 'vitest';
import { bytesSource, openModel } from '../index';
import { setWord } from './layout';
import type { MemoryLayout, ModelWord } from './layout';
import { createNamedModel, RANDOM_PROMPT } from '../testing/random-model.mjs';
import type { ThreadReply, ThreadRequest } from './thread.worker';

/** The binary, the kernels and the worker are the real ones; only what starts a thread is Node's. */
const BUILD = 'wasm32-plain';
/** Longer than any machine takes to notice a dead thread. */
const RESCUE_AFTER_MS = 60_000;
/** More than the words of kernels/model.h. */
const MODEL_BYTES = 1_024;
const [DONE, GENERATION] = [2, 16];

async function bundleThread(): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry: new URL('./thread.worker.ts', import.meta.url).pathname, formats: ['es'] },
    },
  });
  const bundle = Array.isArray(output) ? output[0] : output;
  if (bundle === undefined || !('output' in bundle)) throw new Error('no bundle');
  return bundle.output[0].code;
}

const PRELUDE = `
import { parentPort } from 'node:worker_threads';
globalThis.self = globalThis;
globalThis.postMessage = (data) => parentPort.postMessage(data);
parentPort.on('message', (data) => self.onmessage({ data }));
`;

/** Whether the leader had to be let through. */
const rescued = new Int32Array(new SharedArrayBuffer(4));
/** Lets the leader through, barrier by barrier, when nothing else does: a test that hangs tells nothing. */
const RESCUE = `
const { words, afterMs, rescued } = require('node:worker_threads').workerData;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
Atomics.wait(sleeper, 0, 0, afterMs);
Atomics.store(rescued, 0, 1);
for (let count = 0; count < 10_000; count++) {
  Atomics.add(words, ${GENERATION}, 1);
  Atomics.store(words, ${DONE}, 1);
  for (const at of [${GENERATION}, ${DONE}]) Atomics.notify(words, at);
  Atomics.wait(sleeper, 0, 0, 1);
}
`;

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Starts threads in Node; each is told to work on what `prepare` makes of the leader's request. */
async function stubThreads(prepare: (request: ThreadRequest, memory: WebAssembly.Memory) => ThreadRequest) {
  const code = PRELUDE + (await bundleThread());
  const threads: NodeThread[] = [];
  class FakeWorker {
    onmessage: ((event: { data: ThreadReply }) => void) | undefined;
    onerror: ((event: { message: string }) => void) | undefined;
    readonly #thread = new NodeThread(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    #memory: WebAssembly.Memory | undefined;

    constructor() {
      threads.push(this.#thread);
      this.#thread.on('message', (data: ThreadReply) => this.onmessage?.({ data }));
      this.#thread.on('error', ({ message }: Error) => this.onerror?.({ message }));
    }

    postMessage(request: ThreadRequest): void {
      if (request.kind === 'start') this.#memory = request.memory;
      const memory = this.#memory;
      this.#thread.postMessage(memory === undefined ? request : prepare(request, memory));
    }

    terminate(): void {
      void this.#thread.terminate();
    }
  }
  vi.stubGlobal('Worker', FakeWorker);
  return threads;
}

/** A copy of the model's struct, in memory that nobody uses, for a thread whose scratch space does not exist. */
function breakScratch(request: ThreadRequest, memory: WebAssembly.Memory): ThreadRequest {
  if (request.kind !== 'work') return request;
  const { buffer } = memory;
  const model = buffer.byteLength - MODEL_BYTES;
  const heap = new Uint8Array(buffer);
  expect(heap.subarray(model).every((byte) => byte === 0)).toBe(true);
  heap.copyWithin(model, request.model, request.model + MODEL_BYTES);
  const words: readonly [ModelWord, number][] = [
    ['count', 1],
    ['firstLayer', 0],
    ['lastLayer', 1],
    ['threads', 2],
    ['scratch', buffer.byteLength],
  ];
  for (const [name, value] of words) setWord(new DataView(buffer), { model } as MemoryLayout, name, value);
  const sync = new Int32Array(buffer as unknown as SharedArrayBuffer, request.sync, 19);
  new NodeThread(RESCUE, {
    eval: true,
    workerData: { words: sync, afterMs: RESCUE_AFTER_MS, rescued },
  }).unref();
  return { ...request, model };
}

const open = () =>
  openModel([bytesSource(createNamedModel('Q8_0'))], {
    loadBinary: (name) =>
      Promise.resolve(new Uint8Array(readFileSync(new URL(`./binaries/${name}.wasm`, import.meta.url)))),
    build: BUILD,
    threads: 2,
  });

async function answer(model: Awaited<ReturnType<typeof open>>): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of model.generate(RANDOM_PROMPT, { maxTokens: 4 })) ids.push(id);
  return ids;
}

it('two threads in good health answer', async () => {
  await stubThreads((request) => request);
  const model = await open();
  expect(await answer(model)).toHaveLength(4);
  model.close();
});

it(
  'a thread that traps in the middle of a job is an error of the engine, and for good',
  { timeout: 2 * RESCUE_AFTER_MS },
  async () => {
    await stubThreads(breakScratch);
    const model = await open();
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine', message: /thread/ });
    expect(Atomics.load(rescued, 0)).toBe(0);
    await expect(answer(model)).rejects.toMatchObject({ code: 'engine' });
    model.close();
  },
);
