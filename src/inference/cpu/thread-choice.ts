/** Steps between two trials of a count other than the best one. */
const TRIAL_EVERY = 32;
/** Weight of a new time in the running mean. */
const WEIGHT = 0.25;
const CLEARLY_SLOWER = 1.5;

/**
 * How many threads to use, from measured times: the best count so far, and now and then another, because a
 * machine gets busy and idle again. Never affects results, only speed.
 */
export class ThreadChoice {
  #times = new Map<number, number>();
  #steps = 0;

  constructor(readonly candidates: readonly number[]) {}

  /** The count with the least mean time; counts never tried come first. */
  get best(): number {
    let best = this.candidates[0] ?? 1;
    for (const count of this.candidates) {
      if ((this.#times.get(count) ?? 0) < (this.#times.get(best) ?? 0)) best = count;
    }
    return best;
  }

  /** The count to use for the next step. */
  next(): number {
    if (this.candidates.length < 2) return this.candidates[0] ?? 1;
    const { best } = this;
    if (++this.#steps % TRIAL_EVERY !== 0) return best;
    // Only the neighbours: one thread on a machine of 16 would cost more than the trial is worth.
    const at = this.candidates.indexOf(best);
    const neighbours = [this.candidates[at - 1], this.candidates[at + 1]].filter(
      (count) => count !== undefined,
    );
    return neighbours[Math.floor(this.#steps / TRIAL_EVERY) % neighbours.length] ?? best;
  }

  /**
   * Times every count, the most threads first, until one is clearly slower than the best: fewer would be slower
   * still. `time` runs something comparable to a step.
   */
  async measure(time: (count: number) => Promise<number>): Promise<void> {
    let best = Infinity;
    for (const count of this.candidates.toReversed()) {
      const elapsed = await time(count);
      best = Math.min(best, elapsed);
      this.record(count, elapsed);
      if (elapsed > CLEARLY_SLOWER * best) {
        for (const other of this.candidates) if (!this.#times.has(other)) this.record(other, 2 * elapsed);
        return;
      }
    }
  }

  /** Tells how long a step took, in any unit that is comparable between steps. */
  record(count: number, time: number): void {
    const old = this.#times.get(count);
    this.#times.set(count, old === undefined ? time : old + WEIGHT * (time - old));
  }
}

/** Counts worth trying: powers of two and the most. */
export function threadCandidates(most: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  counts.push(most);
  return counts;
}
