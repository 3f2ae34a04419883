/** How long the rest of a run will take, at the pace of the answers so far. */
export class RunPace {
  #startedAtMs: number | undefined;
  #finished = 0;

  /** @param total answers that are to come */
  constructor(private readonly total: number) {}

  /** A question is asked; only the first counts, as loading before it says nothing of the answers. */
  start(atMs: number): void {
    this.#startedAtMs ??= atMs;
  }

  /** An answer is there. @returns seconds until the last one; undefined where there is nothing to go by */
  finish(atMs: number): number | undefined {
    this.#finished++;
    if (this.#startedAtMs === undefined || atMs <= this.#startedAtMs) return undefined;
    const remaining = Math.max(0, this.total - this.#finished);
    return ((atMs - this.#startedAtMs) / this.#finished / 1000) * remaining;
  }
}
