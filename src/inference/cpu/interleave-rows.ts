import { elementAt } from '../element-at';

/** Rows of queries or keys, head after head, whose RoPE pairs are in the halves of each head. */
export interface HalvedHeads {
  readonly headDim: number;
  /** Dimensions that RoPE rotates, at the beginning of the head. */
  readonly ropeDim: number;
}

/**
 * For each row of a head as the kernels want it, the row of the file: pairs (i, i + n/2) become neighbours, which is
 * what the kernels rotate. Scores don't change, for queries and keys are put in the same order.
 */
export function interleavedOrder({ headDim, ropeDim }: HalvedHeads): readonly number[] {
  return Array.from({ length: headDim }, (_, row) =>
    row >= ropeDim ? row : (row >> 1) + (row % 2 === 0 ? 0 : ropeDim / 2),
  );
}

/** Writes whole heads of rows to `target`, in the kernels' order. Works on bytes of any type: rows stay as they are. */
export function interleaveRows(
  source: Uint8Array,
  rowBytes: number,
  heads: HalvedHeads,
  target: Uint8Array,
): void {
  const order = interleavedOrder(heads);
  const rows = source.length / rowBytes;
  for (let row = 0; row < rows; row++) {
    const within = row % heads.headDim;
    const from = (row - within + elementAt(order, within)) * rowBytes;
    target.set(source.subarray(from, from + rowBytes), row * rowBytes);
  }
}
