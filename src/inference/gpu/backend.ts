import type { Backend, BackendInfo, Row, ScaledAdapter, Step, Want } from '../decoding/backend';
import { elementAt } from '../element-at';
import { InferenceError } from '../errors';
import type { GpuParts } from './gpu-parts';
import { KvPages } from './kv-pages';
import type { PageCopy } from './kv-pages';
import { MOST_PICKS, MOST_SPLITS, STEP_HEAD } from './model-buffers';
import { chooseWidth } from './program';
import type { Extent } from './program';
import { Readback } from './readback';
import { ATTENTION_CHUNK } from './shader-kernels';

export interface GpuInfo extends BackendInfo {
  readonly kind: 'gpu';
  /** What the device calls itself. */
  readonly adapter: string;
  /** Least and greatest size of a subgroup, 0 where unknown: sums may be added in another order with another size. */
  readonly subgroupSizes: readonly [number, number];
  /** Optional features in use. */
  readonly features: readonly string[];
}

const NO_LOGITS = new Float32Array(0);

/** The shaders behind the interface that decoding knows. */
export class GpuBackend implements Backend<GpuInfo> {
  readonly contextTokens: number;
  readonly chunkTokens: number;
  readonly mostRows: number;
  readonly #parts: GpuParts;
  readonly #pages: KvPages;
  readonly #readback: Readback;
  /** Columns whose hidden states the last `extend` left. */
  #columns = 0;
  /** The last `extend`'s work: the next one waits for it, so that an abort has little to wait for. */
  #extending: Promise<unknown> = Promise.resolve();

  constructor(
    parts: GpuParts,
    readonly info: GpuInfo,
  ) {
    this.#parts = parts;
    const { sizes, measures } = parts;
    this.contextTokens = sizes.contextTokens;
    this.chunkTokens = sizes.chunkTokens;
    this.mostRows = sizes.mostRows;
    this.#pages = new KvPages(sizes.sequences, measures.pagesEach, measures.pages);
    this.#readback = new Readback(parts);
  }

  async extend(
    sequence: number,
    ids: readonly number[],
    position: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { runner, programs } = this.#parts;
    this.#check(signal);
    this.#columns = 0;
    if (ids.length === 0) return;
    if (ids.length > this.chunkTokens) throw new InferenceError('bad-input', `${ids.length} tokens at once`);
    this.#reserve([{ sequence, position, count: ids.length }]);
    this.#writeColumns(ids.map((id, index) => ({ id, position: position + index, sequence })));
    const program = await runner.wait(
      programs.block('prefill', chooseWidth(ids.length, programs.options.form)),
    );
    await runner.wait(this.#extending);
    signal?.throwIfAborted();
    await runner.runBlocks(program, { columns: ids.length, splits: 1, picks: 0 }, signal);
    this.#extending = runner.device.queue.onSubmittedWorkDone();
    this.#columns = ids.length;
  }

  async rows(from: number, count: number, want: Want, pick: readonly number[] = []): Promise<readonly Row[]> {
    const { runner, programs, buffers } = this.#parts;
    this.#check();
    if (from < 0 || count < 1 || from + count > this.#columns || count > this.mostRows) {
      throw new InferenceError('bad-input', `rows ${from} to ${from + count} of ${this.#columns}`);
    }
    const width = chooseWidth(count, programs.options.form);
    const head = await runner.wait(programs.head(width === 'tile' ? 16 : width, false));
    const extent = { columns: count, splits: 1, picks: 0 };
    const { queue } = runner.device;
    queue.writeBuffer(buffers.step, 0, Uint32Array.of(count, from));
    runner.submit(runner.pass(head, extent));
    const picked = await this.#pick(count, pick);
    const wants = Array.from({ length: count }, () => want);
    const rows = await this.#readRows(wants);
    return rows.map((row, index) => ({ ...row, picked: elementAt(picked, index) }));
  }

  async step(batch: readonly Step[], signal?: AbortSignal): Promise<readonly Row[]> {
    const { runner, programs, layers } = this.#parts;
    this.#check(signal);
    const count = batch.length;
    if (count === 0) return [];
    if (new Set(batch.map(({ sequence }) => sequence)).size < count) {
      throw new InferenceError('bad-input', 'a sequence twice in one step');
    }
    this.#columns = 0;
    this.#reserve(batch.map((each) => ({ ...each, count: 1 })));
    this.#writeColumns(batch);
    const chosen = chooseWidth(count, programs.options.form);
    const width = chosen === 'tile' ? 16 : chosen;
    const [block, head] = await runner.wait(
      Promise.all([programs.block('decode', width), programs.head(width, true)]),
    );
    const extent: Extent = {
      columns: count,
      splits: Math.max(...batch.map(({ position }) => countSplits(position))),
      picks: 0,
    };
    const startedAt = performance.now();
    await runner.runBlocks(block, extent, signal);
    runner.submit(runner.pass(head, extent));
    const rows = await this.#readRows(batch.map(({ want }) => want));
    runner.learn(layers, count, performance.now() - startedAt);
    return rows;
  }

  async truncate(sequence: number, length: number): Promise<void> {
    await this.#later(() => this.#pages.truncate(sequence, length));
  }

  async share(from: number, to: number, length: number): Promise<void> {
    await this.#later(() => this.#pages.share(from, to, length));
  }

  async adapt(sequence: number, adapters: readonly ScaledAdapter[]): Promise<void> {
    await this.#later(() => {
      this.#checkSequence(sequence);
      if (adapters.length > 0) {
        throw new InferenceError('unsupported', 'adapters on the GPU: merge them into the weights');
      }
    });
  }

  stop(reason: InferenceError): void {
    this.#parts.runner.stop(reason);
  }

  close(): void {
    this.stop(new InferenceError('engine', 'the model is closed'));
    this.#parts.release();
  }

  #check(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    this.#parts.runner.check();
  }

  #later(compute: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#check();
      compute();
      resolve();
    });
  }

  #checkSequence(sequence: number): void {
    if (!Number.isInteger(sequence) || sequence < 0 || sequence >= this.info.sequences) {
      throw new InferenceError('unsupported', `sequence ${sequence} of ${this.info.sequences}`);
    }
  }

  /** Gives sequences pages for what is to come, and tells the device. */
  #reserve(
    wanted: readonly { readonly sequence: number; readonly position: number; readonly count: number }[],
  ): void {
    const { runner, buffers, measures } = this.#parts;
    let isChanged = false;
    for (const { sequence, position, count } of wanted) {
      this.#checkSequence(sequence);
      if (!Number.isInteger(position) || position < 0 || position + count > this.contextTokens) {
        const last = position + count - 1;
        throw new InferenceError('bad-input', `position ${last} in a context of ${this.contextTokens}`);
      }
      const reserved = this.#pages.reserve(sequence, position, position + count);
      isChanged ||= reserved.isChanged;
      if (reserved.copies.length > 0) this.#copyPages(reserved.copies);
    }
    if (isChanged) runner.device.queue.writeBuffer(buffers.step, measures.pagesAt * 4, this.#pages.table);
  }

  #copyPages(copies: readonly PageCopy[]): void {
    const { runner, buffers, measures } = this.#parts;
    const { pageBytes, valuesAt } = measures;
    runner.submit((encoder) => {
      for (const { from, to } of copies) {
        for (const cache of buffers.caches) {
          for (const start of [0, valuesAt * 4]) {
            // By way of another buffer: copies inside one are not allowed.
            encoder.copyBufferToBuffer(cache, start + from * pageBytes, buffers.page, 0, pageBytes);
            encoder.copyBufferToBuffer(buffers.page, 0, cache, start + to * pageBytes, pageBytes);
          }
        }
      }
    });
  }

  #writeColumns(
    columns: readonly { readonly id: number; readonly position: number; readonly sequence: number }[],
  ): void {
    const { runner, buffers, vocabulary } = this.#parts;
    const words = new Uint32Array(STEP_HEAD + 4 * columns.length);
    words[0] = columns.length;
    columns.forEach(({ id, position, sequence }, index) => {
      if (!Number.isInteger(id) || id < 0 || id >= vocabulary) {
        throw new InferenceError('bad-input', `no token ${id} in a vocabulary of ${vocabulary}`);
      }
      words.set([id, position, sequence], STEP_HEAD + 4 * index);
    });
    runner.device.queue.writeBuffer(buffers.step, 0, words);
  }

  /** Logits of picked tokens for each of `count` rows. */
  async #pick(count: number, picks: readonly number[]): Promise<readonly Float32Array[]> {
    const { runner, programs, buffers, vocabulary } = this.#parts;
    const all = Array.from({ length: count }, () => new Float32Array(picks.length));
    for (let from = 0; from < picks.length; from += MOST_PICKS) {
      const some = picks.slice(from, from + MOST_PICKS);
      const wrong = some.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
      if (wrong !== undefined) throw new InferenceError('bad-input', `no token ${wrong} to pick`);
      runner.device.queue.writeBuffer(buffers.picks, 0, Uint32Array.of(some.length, ...some));
      const dispatch = await runner.wait(programs.pick());
      runner.submit(runner.pass([dispatch], { columns: count, splits: 1, picks: some.length }));
      const values = await this.#readback.picked(count * some.length);
      all.forEach((row, at) => {
        some.forEach((_, index) => (row[from + index] = values[2 * (at * some.length + index)] ?? NaN));
      });
    }
    return all;
  }

  async #readRows(wants: readonly Want[]): Promise<Row[]> {
    const { vocabulary } = this.#parts;
    const needsLogits = wants.some((want) => want === 'logits' || want === 'all');
    const { results, logits } = await this.#readback.rows(wants.length, needsLogits);
    return wants.map((want, row): Row => {
      const token = results.getUint32(row * 16, true);
      if (token >= vocabulary) throw new InferenceError('engine', 'the logits are not numbers');
      const hasStats = want === 'stats' || want === 'all';
      return {
        argmax: want === 'logits' ? -1 : token,
        logSumExp: hasStats ? results.getFloat32(row * 16 + 8, true) : NaN,
        picked: NO_LOGITS,
        logits:
          want === 'logits' || want === 'all'
            ? logits.subarray(row * vocabulary, (row + 1) * vocabulary)
            : NO_LOGITS,
      };
    });
  }
}

/** Workgroups that share the positions up to one of them: what `attention.wgsl` takes, too. */
export function countSplits(position: number): number {
  const chunks = Math.ceil((position + 1) / ATTENTION_CHUNK);
  return Math.ceil(chunks / Math.ceil(chunks / MOST_SPLITS));
}
