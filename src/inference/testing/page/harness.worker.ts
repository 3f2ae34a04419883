// Opens models and runs what the browser tests and benchmarks ask for.
import { elementAt } from '../../element-at';
import { compileBinary, createMemory, fetchBinary, instantiate } from '../../cpu/binary';
import type { SimdBuild } from '../../cpu/binary';
import { blobSource, openModel, urlSource } from '../../index';
import type { OpenOptions, Model } from '../../index';

let model: Model | undefined;
let controller = new AbortController();

const opened = () => {
  if (!model) throw new Error('no model is open');
  return model;
};

async function generate(prompt: string | number[], maxTokens: number) {
  const stream = opened().generate(prompt, { maxTokens }, controller.signal);
  const ids: number[] = [];
  let text = '';
  for (;;) {
    const { value, done } = await stream.next();
    if (done) return { ids, text, ...value };
    ids.push(value.id);
    text += value.text;
  }
}

const picked = (file: File | undefined) => {
  if (!file) throw new Error('no file is picked');
  return file;
};

/** The bundled model's shards as one file, fetched once for however many times it is opened. */
let joined: { readonly key: string; readonly blob: Promise<Blob> } | undefined;
async function fetchJoined(urls: readonly string[]): Promise<Blob> {
  const parts = urls.map(async (url) => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return response.blob();
  });
  return new Blob(await Promise.all(parts));
}
function joinShards(urls: readonly string[]): Promise<Blob> {
  const key = urls.join();
  if (joined?.key !== key) joined = { key, blob: fetchJoined(urls) };
  return joined.blob;
}

interface KernelRun {
  build: SimdBuild;
  frame: number;
  groupBytes: number;
  act: number;
  /** Bits of the kernels that sum in 16 bits (kernels/frames.h). */
  sums16?: number;
  rows: number;
  columns: number;
  count: number;
  reps: number;
}

/** Best time of one matrix product over random weights, milliseconds. */
async function kernel({ build, frame, groupBytes, act, sums16 = 0, rows, columns, count, reps }: KernelRun) {
  const weights = (rows / 8) * groupBytes;
  const memory = createMemory(build, 4e6 + weights + count * (rows + columns * 6) * 4, false);
  const engine = await instantiate(await compileBinary(await fetchBinary(build), false), memory);
  const heap = new Uint8Array(memory.buffer);
  const at = { matrix: 131_072, x: 262_144, act: 0, scratch: 0, out: 0, data: 0 };
  at.act = at.x + count * columns * 4;
  at.scratch = at.act + (count + 4) * columns * 4;
  at.out = at.scratch + 1_000_000;
  at.data = at.out + count * rows * 4 + 64;
  for (let i = 0; i < weights; i++) heap[at.data + i] = (((i * 2654435761) >>> 24) & 0x1b) | 0x20; // f16 scales must be normal
  const x = new Float32Array(memory.buffer, at.x, count * columns);
  for (let i = 0; i < x.length; i++) x[i] = Math.sin(i);
  const view = new DataView(memory.buffer);
  [at.data, frame, rows, columns, groupBytes, act, sums16].forEach((word, i) =>
    view.setBigUint64(at.matrix + 8 * i, BigInt(word), true),
  );
  view.setFloat64(at.matrix + 56, 2 ** 101, true);
  let best = Infinity;
  for (let i = 0; i < reps; i++) {
    const start = performance.now();
    engine.multiply(at.matrix, at.x, count, at.act, at.scratch, at.out);
    best = Math.min(best, performance.now() - start);
  }
  return { ms: best, gbPerS: weights / best / 1e6, gops: (2 * rows * columns * count) / best / 1e6 };
}

interface Commands {
  kernel: KernelRun;
  open: { url?: string; shards?: readonly string[]; options?: OpenOptions };
  generate: { prompt: string | number[]; maxTokens: number };
  speed: { promptTokens: number; newTokens: number; rounds: number };
  logits: number[];
  teacher: { ids: number[]; probeIds: number[]; probeStep: number };
  abortPrefill: { ids: number[] };
  score: { prompt: string; continuations: string[] };
  tokenize: string;
  logprobs: { ids: number[]; from: number };
  readFile: { chunkBytes: number; ahead: number };
  abort: undefined;
  close: undefined;
}

const commands: { [Name in keyof Commands]: (argument: Commands[Name], file?: File) => Promise<unknown> } = {
  async open({ url, shards, options = {} }, file) {
    model?.close();
    controller = new AbortController();
    const source = url ? await urlSource(url) : blobSource(shards ? await joinShards(shards) : picked(file));
    model = await openModel([source], options, controller.signal);
    return { ...model.info };
  },
  generate: ({ prompt, maxTokens }) => generate(prompt, maxTokens),
  // Distinct prompts, so that the cache gives nothing away. Best of the rounds, and all of them.
  async speed({ promptTokens, newTokens, rounds }) {
    const { vocabulary } = opened().info;
    const all: { prefill: number; decode: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const prompt = Array.from(
        { length: promptTokens },
        (_, i) => (300 + round * 977 + i * 37) % Math.min(vocabulary, 20_000),
      );
      const stream = opened().generate(prompt, { maxTokens: newTokens + 1 });
      let count = 0;
      let first = 0;
      let result;
      for (;;) {
        const { value, done } = await stream.next();
        if (done) {
          result = value;
          break;
        }
        if (count++ === 0) first = performance.now();
      }
      all.push({
        prefill: (promptTokens / result.prefillMs) * 1000,
        decode: ((count - 1) / (performance.now() - first)) * 1000,
      });
    }
    const best = (key: 'prefill' | 'decode') => Math.max(...all.map((one) => one[key]));
    return { prefill: best('prefill'), decode: best('decode'), all, threads: opened().info.backend.threads };
  },
  kernel,
  logits: (ids) => opened().logits(ids, controller.signal),
  /** What the fixture of testing/teacher-fixture.ts holds. */
  async teacher({ ids, probeIds, probeStep }) {
    const logits = await opened().logits(ids, controller.signal);
    const { vocabulary } = opened().info;
    const best: number[] = [];
    const gaps: number[] = [];
    const probes: number[] = [];
    ids.forEach((_, position) => {
      const row = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
      let first = 0;
      let second = -Infinity;
      for (let id = 1; id < row.length; id++) {
        const value = row[id] ?? NaN;
        const greatest = row[first] ?? NaN;
        if (value > greatest) {
          second = greatest;
          first = id;
        } else if (value > second) second = value;
      }
      best.push(first);
      gaps.push(elementAt(row, first) - second);
      if (position % probeStep === 0) probes.push(...probeIds.map((id) => elementAt(row, id)));
    });
    return { best, gaps, probes };
  },
  /** What an abort while the prompt is read is rejected with. */
  async abortPrefill({ ids }) {
    const stop = new AbortController();
    const stream = opened().generate(ids, { maxTokens: 4 }, stop.signal);
    setTimeout(() => {
      stop.abort(new Error('stopped by the test'));
    }, 60);
    try {
      await stream.next();
      return 'not stopped';
    } catch (error) {
      return { error: String(error) };
    }
  },
  score: ({ prompt, continuations }) => opened().score(prompt, continuations, controller.signal),
  tokenize: (text) => Promise.resolve(opened().tokenize(text, { addSpecial: true, parseSpecial: true })),
  /** What `score` gives for `ids` from `from` on, by way of all logits. */
  async logprobs({ ids, from }) {
    const logits = await opened().logits(ids, controller.signal);
    const { vocabulary } = opened().info;
    return ids.slice(from).map((id, index) => {
      const start = (from + index - 1) * vocabulary;
      const row = logits.subarray(start, start + vocabulary);
      const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
      return elementAt(row, id) - most - Math.log(sum);
    });
  },
  /** Milliseconds to read the picked file once, with so many reads under way: what loading is compared with. */
  async readFile({ chunkBytes, ahead }, pickedFile) {
    const file = picked(pickedFile);
    const start = performance.now();
    const reading: Promise<ArrayBuffer>[] = [];
    for (let at = 0; at < file.size || reading.length > 0; at += chunkBytes) {
      if (at < file.size) reading.push(file.slice(at, at + chunkBytes).arrayBuffer());
      if (reading.length >= ahead || at >= file.size) await reading.shift();
    }
    return performance.now() - start;
  },
  abort() {
    controller.abort(new Error('stopped by the test'));
    return Promise.resolve();
  },
  close() {
    model?.close();
    model = undefined;
    return Promise.resolve();
  },
};

interface Call {
  readonly id: number;
  readonly name: keyof Commands;
  /** Of the command's own type: the tests see to that. */
  readonly argument: never;
  readonly file?: File;
}

self.onmessage = async ({ data: { id, name, argument, file } }: MessageEvent<Call>) => {
  try {
    const value = await commands[name](argument, file);
    self.postMessage({ id, value });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};
