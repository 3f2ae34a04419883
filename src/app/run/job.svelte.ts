import type { TransferProgress } from '../../domain/download/stored-file';
import { TransferRate, type Transfer } from './transfer-rate';

/** Work of some length that a screen shows and can stop: which phase it is in, and how a download goes. One at a time. */
export abstract class Job<Phase extends string> {
  #phase = $state.raw<Phase | undefined>();
  #stopping = $state.raw(false);
  #transfer = $state.raw<Transfer | undefined>();
  #rate = new TransferRate();
  #abort: AbortController | undefined;

  /** @param clock milliseconds, from any beginning */
  protected constructor(private readonly clock: () => number) {}

  /** Undefined when nothing is under way. */
  get phase(): Phase | undefined {
    return this.#phase;
  }

  get busy(): boolean {
    return this.#phase !== undefined;
  }

  /** A stop was asked for, and is not over yet. */
  get stopping(): boolean {
    return this.#stopping;
  }

  get transfer(): Transfer | undefined {
    return this.#transfer;
  }

  stop(): void {
    this.#stopping = this.busy;
    this.#abort?.abort();
  }

  /** Does nothing while other work is under way. @param work deals with its own failures; `signal` tells of a stop */
  protected async perform(first: Phase, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.busy) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#phase = first;
    this.#rate = new TransferRate();
    try {
      await work(abort.signal);
    } finally {
      this.#phase = undefined;
      this.#stopping = false;
      this.#transfer = undefined;
      this.#abort = undefined;
    }
  }

  protected enter(phase: Phase): void {
    this.#phase = phase;
  }

  protected receive(progress: TransferProgress): void {
    this.#transfer = this.#rate.measure(this.clock(), progress);
  }
}
