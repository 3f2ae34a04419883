/**
 * The tokens still in play, as parallel arrays: the first `size` entries count. Kept between calls, because 128k
 * candidates allocated per token would keep the collector busy.
 */
export class Candidates {
  size = 0;
  #ids = new Int32Array(0);
  #logits = new Float64Array(0);
  #weights = new Float64Array(0);
  #work = new Float64Array(0);

  /** Every token with its logit; NaN counts as impossible. */
  fill(logits: ArrayLike<number>): void {
    const count = logits.length;
    if (this.#ids.length < count) {
      this.#ids = new Int32Array(count);
      this.#logits = new Float64Array(count);
      this.#weights = new Float64Array(count);
      this.#work = new Float64Array(count);
    }
    for (let id = 0; id < count; id++) {
      const logit = logits[id] ?? NaN;
      this.#ids[id] = id;
      this.#logits[id] = logit === logit ? logit : -Infinity;
    }
    this.size = count;
  }

  id(index: number): number {
    return this.#ids[index] ?? -1;
  }

  logit(index: number): number {
    return this.#logits[index] ?? -Infinity;
  }

  /** Probability times a constant that is the same for all; valid after `computeWeights`. */
  weight(index: number): number {
    return this.#weights[index] ?? 0;
  }

  /** Changes the logit of a token; only before anything was removed, while indexes are ids. */
  adjust(id: number, change: (logit: number) => number): void {
    if (id < 0 || id >= this.size) return;
    const logit = change(this.logit(id));
    this.#logits[id] = logit === logit ? logit : -Infinity;
  }

  /** Index of the greatest logit, the lowest id on ties; -1 when every logit is -Infinity. */
  indexOfGreatest(): number {
    let best = -1;
    let greatest = -Infinity;
    for (let index = 0; index < this.size; index++) {
      const logit = this.logit(index);
      if (logit > greatest || (logit === greatest && best >= 0 && this.id(index) < this.id(best))) {
        best = index;
        greatest = logit;
      }
    }
    return best;
  }

  /** Weights exp(logit - greatest) over a temperature; returns their sum. */
  computeWeights(temperature = 1): number {
    const best = this.indexOfGreatest();
    const greatest = this.logit(best);
    let sum = 0;
    for (let index = 0; index < this.size; index++) {
      // Equal infinities would give NaN.
      const weight =
        this.logit(index) === greatest ? 1 : Math.exp((this.logit(index) - greatest) / temperature);
      this.#weights[index] = weight;
      sum += weight;
    }
    return sum;
  }

  /** Keeps the entries for which `keep` holds, in their order. */
  filter(keep: (index: number) => boolean): void {
    let kept = 0;
    for (let index = 0; index < this.size; index++) if (keep(index)) this.#move(index, kept++);
    this.size = kept;
  }

  #move(from: number, to: number): void {
    this.#ids[to] = this.id(from);
    this.#logits[to] = this.logit(from);
    this.#weights[to] = this.weight(from);
  }

  /** Indexes of the `count` greatest keys, greatest first, ties by id: a linear selection, then a sort of the few. */
  selectGreatest(keyOf: (index: number) => number, count: number): number[] {
    const wanted = Math.min(count, this.size);
    if (wanted <= 0) return [];
    const keys = this.#work.subarray(0, this.size);
    for (let index = 0; index < this.size; index++) keys[index] = keyOf(index);
    const floor = wanted < this.size ? selectKth(keys, wanted) : -Infinity;
    const above: number[] = [];
    const equal: number[] = [];
    for (let index = 0; index < this.size; index++) {
      const key = keyOf(index);
      if (key > floor) above.push(index);
      else if (key === floor || wanted === this.size) equal.push(index);
    }
    const order = (a: number, b: number) => {
      const [x, y] = [keyOf(a), keyOf(b)];
      return x === y ? this.id(a) - this.id(b) : y > x ? 1 : -1;
    };
    // Equal keys are told apart by id before they are cut, so that the choice does not depend on their order.
    equal.sort(order);
    return [...above.sort(order), ...equal].slice(0, wanted);
  }

  /** Keeps exactly these entries, in this order. */
  keep(indexes: readonly number[]): void {
    const copies = indexes.map((index) => ({
      id: this.id(index),
      logit: this.logit(index),
      weight: this.weight(index),
    }));
    for (const [index, copy] of copies.entries()) {
      this.#ids[index] = copy.id;
      this.#logits[index] = copy.logit;
      this.#weights[index] = copy.weight;
    }
    this.size = copies.length;
  }
}

/** The `count`-th greatest of `keys`, by quickselect (Hoare's Find); reorders `keys`. */
export function selectKth(keys: Float64Array, count: number): number {
  let low = 0;
  let high = keys.length - 1;
  const target = count - 1;
  while (low < high) {
    // The middle of three defends against sorted input.
    const a = keys[low] ?? 0;
    const b = keys[(low + high) >> 1] ?? 0;
    const c = keys[high] ?? 0;
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let left = low;
    let right = high;
    while (left <= right) {
      while ((keys[left] ?? 0) > pivot) left++;
      while ((keys[right] ?? 0) < pivot) right--;
      if (left > right) break;
      const swapped = keys[left] ?? 0;
      keys[left] = keys[right] ?? 0;
      keys[right] = swapped;
      left++;
      right--;
    }
    if (target <= right) high = right;
    else if (target >= left) low = left;
    else break;
  }
  return keys[target] ?? -Infinity;
}
