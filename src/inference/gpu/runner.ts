import type { InferenceError } from '../errors';
import { encode } from './program';
import type { BlockProgram, Dispatch, Extent } from './program';

/** Aimed at for one submit of a long computation: far below what makes a system reset the device. */
const SUBMIT_MS = 200;

/** Submits work to a device and waits for it, in pieces of bounded time. */
export class Runner {
  /** Milliseconds that a layer took for a column, of late. */
  #columnMs: number | undefined;
  #stopped: InferenceError | undefined;
  readonly #onStop: Promise<never>;
  #rejectAll: (reason: InferenceError) => void = () => undefined;

  constructor(readonly device: GPUDevice) {
    this.#onStop = new Promise((_, reject) => (this.#rejectAll = reject));
    this.#onStop.catch(() => undefined);
  }

  /** Makes everything reject with this, what is under way included. */
  stop(reason: InferenceError): void {
    this.#stopped ??= reason;
    this.#rejectAll(this.#stopped);
  }

  check(): void {
    if (this.#stopped) throw this.#stopped;
  }

  /** Waits for something of the device, or until stopped. */
  async wait<T>(pending: Promise<T>): Promise<T> {
    // Nobody else looks at it when this rejects first.
    pending.catch(() => undefined);
    this.check();
    return Promise.race([pending, this.#onStop]);
  }

  submit(...parts: readonly ((encoder: GPUCommandEncoder) => void)[]): void {
    const encoder = this.device.createCommandEncoder();
    for (const part of parts) part(encoder);
    this.device.queue.submit([encoder.finish()]);
  }

  /** The dispatches of a head, or of anything short. */
  pass(dispatches: readonly Dispatch[], extent: Extent): (encoder: GPUCommandEncoder) => void {
    return (encoder) => {
      const pass = encoder.beginComputePass();
      encode(pass, dispatches, extent);
      pass.end();
    };
  }

  /**
   * Computes the blocks. As long as they take little time, all in one submit, which the caller waits for; otherwise in
   * several, the signal being looked at between them.
   */
  async runBlocks(program: BlockProgram, extent: Extent, signal: AbortSignal | undefined): Promise<void> {
    const { layers } = program;
    let next = 0;
    let before = program.embed;
    while (next < layers.length) {
      const count = this.#layersAtOnce(layers.length, extent.columns);
      const some = layers.slice(next, next + count).flat();
      const startedAt = performance.now();
      this.submit(this.pass([...before, ...some], extent));
      before = [];
      next += count;
      if (count === layers.length) return;
      await this.wait(this.device.queue.onSubmittedWorkDone());
      this.#columnMs = (performance.now() - startedAt) / count / extent.columns;
      signal?.throwIfAborted();
    }
  }

  /** After a run in one submit: what it took in all. */
  learn(layers: number, columns: number, ms: number): void {
    this.#columnMs = ms / layers / columns;
  }

  #layersAtOnce(layers: number, columns: number): number {
    // Nothing is known of a new device: one layer tells.
    if (this.#columnMs === undefined) return 1;
    const fitting = Math.floor(SUBMIT_MS / (this.#columnMs * columns));
    return Math.min(layers, Math.max(1, fitting));
  }
}
