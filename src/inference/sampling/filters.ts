import type { Candidates } from './candidates';

const FIRST_SELECTION = 128;

/** Keeps the `count` greatest logits. */
export function applyTopK(candidates: Candidates, count: number): void {
  if (count <= 0 || count >= candidates.size) return;
  candidates.keep(candidates.selectGreatest((index) => candidates.logit(index), count));
}

/**
 * Keeps entries in the order of `keyOf`, greatest first, until their probability reaches `mass`. Few are enough
 * nearly always, so that ever larger selections beat one sort of a whole vocabulary.
 */
function keepMass(candidates: Candidates, mass: number, keyOf: (index: number) => number): void {
  let total = 0;
  for (let index = 0; index < candidates.size; index++) total += candidates.weight(index);
  for (let count = FIRST_SELECTION; ; count *= 8) {
    const selected = candidates.selectGreatest(keyOf, count);
    let sum = 0;
    for (const [position, index] of selected.entries()) {
      sum += candidates.weight(index);
      if (sum >= mass * total) {
        candidates.keep(selected.slice(0, position + 1));
        return;
      }
    }
    if (selected.length === candidates.size) return;
  }
}

/** Nucleus sampling (Holtzman et al., 2019): the likeliest tokens that together reach probability `mass`. */
export function applyTopP(candidates: Candidates, mass: number): void {
  if (mass >= 1) return;
  candidates.computeWeights();
  keepMass(candidates, mass, (index) => candidates.logit(index));
}

/** Keeps tokens at least `ratio` times as likely as the likeliest (Nguyen et al., 2024). */
export function applyMinP(candidates: Candidates, ratio: number): void {
  if (ratio <= 0) return;
  const floor = candidates.logit(candidates.indexOfGreatest()) + Math.log(Math.min(ratio, 1));
  candidates.filter((index) => candidates.logit(index) >= floor);
}

/** Locally typical sampling (Meister et al., 2022): tokens whose surprise is nearest to the expected, up to `mass`. */
export function applyTypical(candidates: Candidates, mass: number): void {
  if (mass >= 1) return;
  const total = candidates.computeWeights();
  const surprise = (index: number) => -Math.log(candidates.weight(index) / total);
  let entropy = 0;
  for (let index = 0; index < candidates.size; index++) {
    const weight = candidates.weight(index);
    if (weight > 0) entropy += (weight / total) * surprise(index);
  }
  keepMass(candidates, mass, (index) => -Math.abs(surprise(index) - entropy));
}
