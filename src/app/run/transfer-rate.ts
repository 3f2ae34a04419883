import type { TransferProgress } from '../../domain/download/stored-file';

const WINDOW_MS = 4_000;

export interface Transfer extends TransferProgress {
  readonly bytesPerSecond?: number;
  readonly remainingSeconds?: number;
}

/** Download speed over the last few seconds of arrivals: steady enough to read, quick enough to follow a change. */
export class TransferRate {
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** @param bytes received so far; may go back when a damaged shard is fetched again */
  add(atMs: number, bytes: number): void {
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS), { atMs, bytes }];
  }

  /** @returns undefined until there is something to go by */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < 200) return undefined;
    const rate = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
    return rate > 0 ? rate : undefined;
  }
  /** Progress with its speed, once there is something to go by. */
  measure(atMs: number, progress: TransferProgress): Transfer {
    this.add(atMs, progress.receivedBytes);
    const { bytesPerSecond } = this;
    if (bytesPerSecond === undefined || progress.receivedBytes === 0) return progress;
    const remainingSeconds = (progress.totalBytes - progress.doneBytes) / bytesPerSecond;
    return { ...progress, bytesPerSecond, remainingSeconds };
  }
}
