import type { EngineExports } from './binary';
import { setWord } from './layout';
import type { MemoryLayout, ModelWord } from './layout';
import type { ThreadChoice } from './thread-choice';
import { leaveJob, syncWords } from './stand-in';
import { InferenceError } from '../errors';

/** Longest stretch of computing without looking at the event loop, where aborts arrive. */
const SLICE_MS = 24;
/** Layers of a timing run: a large model's whole prompt would take seconds. */
const PROBED_LAYERS = 4;
/** Chunks too short to compare thread counts by: most of their time is not the matrices. */
const COMPARABLE_TOKENS = 32;

/** Lets messages and timers run; a MessageChannel because timers are clamped to 4 ms. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export interface LogitsRow {
  readonly max: number;
  readonly argmax: number;
  /** log of the sum of exp(logit). */
  readonly logSumExp: number;
}

/** Runs jobs of the kernels on one sequence, with the keys and values of what came before kept. */
export class Runtime {
  /** Tokens of a prefill chunk, at most what the layout has room for. Never affects results, only speed. */
  chunkTokens: number;
  #view: DataView;
  #tokens: Uint32Array;
  #logits: Float32Array;
  #stats: Float64Array;
  #stride: number;
  #sync: Int32Array;
  #stopped: InferenceError | undefined;
  #lastYield = performance.now();
  /** Mean time of one layer for one token, for slicing. */
  #layerTokenMs = 1;

  constructor(
    readonly engine: EngineExports,
    memory: WebAssembly.Memory,
    readonly layout: MemoryLayout,
    readonly layers: number,
    readonly vocabulary: number,
    readonly decodeThreads: ThreadChoice,
    readonly prefillThreads: ThreadChoice,
  ) {
    const { options, buffers } = layout;
    this.chunkTokens = options.maxTokens;
    this.#view = new DataView(memory.buffer);
    this.#stride = Math.ceil(vocabulary / 8) * 8;
    this.#tokens = new Uint32Array(memory.buffer, buffers.tokens, options.maxTokens);
    this.#logits = new Float32Array(memory.buffer, buffers.logits, options.maxLogits * this.#stride);
    this.#sync = syncWords(memory, buffers.sync);
    this.#stats = new Float64Array(memory.buffer, buffers.stats, options.maxLogits * 3);
  }

  get maxLogits(): number {
    return this.layout.options.maxLogits;
  }

  /** A row of logits of the last job: a view that the next job overwrites. */
  logits(row: number): Float32Array {
    return this.#logits.subarray(row * this.#stride, row * this.#stride + this.vocabulary);
  }

  stats(row: number): LogitsRow {
    const [max = 0, argmax = 0, sum = 1] = this.#stats.subarray(row * 3, row * 3 + 3);
    return { max, argmax, logSumExp: max + Math.log(sum) };
  }

  /** Computes the layers for a chunk at `position`. Afterwards its hidden states are there for `project`. */
  async extend(ids: readonly number[], position: number, signal: AbortSignal | undefined): Promise<void> {
    this.#tokens.set(ids);
    await this.#runLayers(ids.length, position, signal);
  }

  /** Logits of `count` rows (at most `maxLogits`) of the last chunk, from its row `from`. */
  project(from: number, count: number, wantStats: boolean): void {
    const choice = count > 1 ? this.prefillThreads : this.decodeThreads;
    this.#job(choice.best, { firstLayer: 0, lastLayer: 0, logitsFrom: from, logitsCount: count, wantStats });
  }

  /** One token: layers and logits in one job. The quick path of decoding. */
  async step(
    id: number,
    position: number,
    wantStats: boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.pause(signal);
    this.#tokens[0] = id;
    const threads = this.decodeThreads.next();
    const start = performance.now();
    this.#job(threads, {
      count: 1,
      pos: position,
      firstLayer: 0,
      lastLayer: this.layers,
      logitsFrom: 0,
      logitsCount: 1,
      wantStats,
    });
    this.decodeThreads.record(threads, performance.now() - start);
  }

  /** Milliseconds of a run over `count` tokens of nothing in particular, per layer. Overwrites keys and values. */
  async probe(
    threads: number,
    count: number,
    signal: AbortSignal | undefined,
    layers = PROBED_LAYERS,
  ): Promise<number> {
    await this.pause(signal);
    this.#tokens.fill(0, 0, count);
    const lastLayer = Math.min(this.layers, layers);
    const start = performance.now();
    this.#job(threads, {
      count,
      pos: 0,
      firstLayer: 0,
      lastLayer,
      logitsFrom: 0,
      logitsCount: 0,
      wantStats: false,
    });
    return (performance.now() - start) / lastLayer;
  }

  /** Makes every later job throw: the threads are gone, and waiting for them would never end. */
  stop(reason: InferenceError): void {
    this.#stopped ??= reason;
  }

  /** Yields to the event loop when it is time; throws the signal's reason when aborted. */
  async pause(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (performance.now() - this.#lastYield < SLICE_MS / 4) return;
    await yieldToEvents();
    this.#lastYield = performance.now();
    signal?.throwIfAborted();
  }

  async #runLayers(count: number, pos: number, signal: AbortSignal | undefined): Promise<void> {
    const choice = count > 1 ? this.prefillThreads : this.decodeThreads;
    for (let firstLayer = 0; firstLayer < this.layers;) {
      await this.pause(signal);
      const slice = Math.max(1, Math.floor(SLICE_MS / (this.#layerTokenMs * count)));
      const lastLayer = Math.min(this.layers, firstLayer + slice);
      const threads = choice.next();
      const start = performance.now();
      this.#job(threads, {
        count,
        pos,
        firstLayer,
        lastLayer,
        logitsFrom: 0,
        logitsCount: 0,
        wantStats: false,
      });
      const each = (performance.now() - start) / (lastLayer - firstLayer) / count;
      if (count === 1) choice.record(threads, each * this.layers);
      else if (count >= COMPARABLE_TOKENS) choice.record(threads, each);
      this.#layerTokenMs += (each - this.#layerTokenMs) / 2;
      firstLayer = lastLayer;
    }
  }

  #job(threads: number, words: Readonly<Partial<Record<ModelWord, number | boolean>>>): void {
    if (this.#stopped) throw this.#stopped;
    for (const [name, value] of Object.entries(words))
      setWord(this.#view, this.layout, name as ModelWord, Number(value));
    setWord(this.#view, this.layout, 'threads', threads);
    let failure: InferenceError | undefined;
    try {
      this.engine.run(this.layout.model);
    } catch (error) {
      failure = new InferenceError('engine', `the engine broke: ${String(error)}`, { cause: error });
    }
    // Before the dead thread's own message can arrive: what was computed without it is worthless.
    if (leaveJob(this.#sync)) failure ??= new InferenceError('engine', 'a thread of the engine died');
    if (failure === undefined) return;
    this.stop(failure);
    throw failure;
  }
}
