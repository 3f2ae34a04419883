/** Two neighbouring symbols that may become one; the queue gives the lowest cost first, then the leftmost. */
export interface Merge {
  readonly cost: number;
  readonly left: number;
  readonly right: number;
  /** Where the merged symbol would start and end: tells whether either side changed since. */
  readonly start: number;
  readonly end: number;
}

function comesBefore(a: Merge, b: Merge): boolean {
  return a.cost < b.cost || (a.cost === b.cost && a.left < b.left);
}

class MergeQueue {
  readonly #heap: Merge[] = [];

  push(merge: Merge): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(merge);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (!parent || !comesBefore(merge, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = merge;
  }

  pop(): Merge | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return first;
    let index = 0;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = heap[childIndex];
      const sibling = heap[childIndex + 1];
      if (child && sibling && comesBefore(sibling, child)) {
        child = sibling;
        childIndex++;
      }
      if (!child || !comesBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
    return first;
  }
}

/**
 * Greedy pair merging, as SentencePiece and BPE both do it: starting from single symbols, the cheapest mergeable pair is
 * joined until none is left. A queue keeps it n log n, where rescanning would be quadratic on long runs.
 * @param bounds starts of the symbols in `text`, ascending, with the end of the text last
 * @param costOf cost of joining `text[start, middle)` and `text[middle, end)`, undefined when they do not join
 * @returns the texts of the remaining symbols
 */
export function mergeSymbols(
  text: string,
  bounds: readonly number[],
  costOf: (start: number, middle: number, end: number) => number | undefined,
): string[] {
  const count = bounds.length - 1;
  if (count <= 0) return [];
  const starts = Int32Array.from(bounds);
  const ends = Int32Array.from(bounds.slice(1));
  const next = Int32Array.from({ length: count }, (_, index) => (index + 1 < count ? index + 1 : -1));
  const previous = Int32Array.from({ length: count }, (_, index) => index - 1);
  const queue = new MergeQueue();

  const propose = (left: number, right: number) => {
    if (left < 0 || right < 0) return;
    const start = starts[left] ?? 0;
    const middle = starts[right] ?? 0;
    const end = ends[right] ?? 0;
    const cost = costOf(start, middle, end);
    if (cost !== undefined) queue.push({ cost, left, right, start, end });
  };

  for (let index = 1; index < count; index++) propose(index - 1, index);
  for (let merge = queue.pop(); merge; merge = queue.pop()) {
    const { left, right, start, end } = merge;
    // A symbol joined to its left neighbour is marked by an empty range; one that grew has another end.
    if (starts[left] !== start || ends[left] !== starts[right] || ends[right] !== end) continue;
    ends[left] = end;
    starts[right] = -1;
    ends[right] = -1;
    const after = next[right] ?? -1;
    next[left] = after;
    if (after >= 0) previous[after] = left;
    propose(previous[left] ?? -1, left);
    propose(left, after);
  }

  const symbols: string[] = [];
  for (let index = 0; index >= 0; index = next[index] ?? -1)
    symbols.push(text.slice(starts[index], ends[index]));
  return symbols;
}
