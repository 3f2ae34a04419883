import { elementAt } from '../element-at';
import type { Backend, Row, Want } from './backend';

/** One sequence of a backend: knows which ids it holds, and cuts what is appended into chunks. */
export class Sequence {
  /** Ids whose keys and values the backend holds. */
  readonly #held: number[] = [];

  constructor(
    readonly backend: Backend,
    readonly slot: number,
  ) {}

  /** How many ids at the beginning of `ids` are held. */
  countShared(ids: readonly number[]): number {
    let shared = 0;
    while (shared < ids.length && this.#held[shared] === ids[shared]) shared++;
    return shared;
  }

  /**
   * Appends ids at `position`, keeping what is held before it. `onChunk` is called after each chunk with its range of
   * `ids`; inside it, and after the last one, `rows` reads the chunk's rows. Returns the length of the last chunk.
   */
  async extend(
    ids: readonly number[],
    position: number,
    signal: AbortSignal | undefined,
    onChunk?: (from: number, count: number) => Promise<void>,
  ): Promise<number> {
    const { chunkTokens } = this.backend;
    let count = 0;
    for (let from = 0; from < ids.length; from += chunkTokens) {
      signal?.throwIfAborted();
      const chunk = ids.slice(from, from + chunkTokens);
      count = chunk.length;
      await this.#cut(position + from);
      await this.backend.extend(this.slot, chunk, position + from, signal);
      this.#held.push(...chunk);
      await onChunk?.(from, count);
    }
    return count;
  }

  /** Rows of the last chunk, as many at once as the backend gives: at most its `mostRows`. */
  rows(from: number, count: number, want: Want, pick?: readonly number[]): Promise<readonly Row[]> {
    return this.backend.rows(from, count, want, pick);
  }

  /** Appends one id and gives the row after it. */
  async step(id: number, position: number, want: Want, signal: AbortSignal | undefined): Promise<Row> {
    if (this.#held.length > position) await this.#cut(position);
    const rows = await this.backend.step([{ sequence: this.slot, id, position, want }], signal);
    this.#held.push(id);
    return elementAt(rows, 0);
  }

  async #cut(length: number): Promise<void> {
    if (this.#held.length <= length) return;
    this.#held.length = length;
    await this.backend.truncate(this.slot, length);
  }
}
