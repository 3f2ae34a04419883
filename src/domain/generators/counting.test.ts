import { expect, it } from 'vitest';
import { countUpTo, elementAt } from '../seeded-stream';
import { countingFamily, weigh, type Count, type CountQuestion, type Quantity } from './counting';
import type { Problem } from './generator';
import { findDisagreements } from './testing/solver-agreement';

/** How often a premise may be taken in a proof. */
const FACTORS = [-4, -3, -2, -1, 0, 1, 2, 3, 4];

/** Every way to add up multiples of some rows. */
function listSums(rows: readonly (readonly number[])[]): { factors: number[]; sum: number[] }[] {
  let sums = [{ factors: [] as number[], sum: new Array<number>(rows[0]?.length ?? 0).fill(0) }];
  for (const row of rows) {
    sums = sums.flatMap(({ factors, sum }) =>
      FACTORS.map((factor) => ({
        factors: [...factors, factor],
        sum: sum.map((value, at) => value + factor * elementAt(row, at)),
      })),
    );
  }
  return sums;
}

const proofs = new Map<string, readonly number[] | undefined>();

/**
 * How often each premise is added to or taken from the others so that nothing is left but what is asked for, found by
 * trying: half of the premises make a table, the other half looks up what is missing.
 */
function findProof(
  rows: readonly (readonly number[])[],
  asked: readonly number[],
): readonly number[] | undefined {
  const key = JSON.stringify([rows, asked]);
  if (!proofs.has(key)) {
    const middle = Math.ceil(rows.length / 2);
    const table = new Map(listSums(rows.slice(0, middle)).map(({ factors, sum }) => [sum.join(), factors]));
    let proof: number[] | undefined;
    for (const { factors, sum } of listSums(rows.slice(middle))) {
      const missing = asked.map((value, at) => value - (sum[at] ?? 0));
      const first = table.get(missing.join());
      if (first === undefined) continue;
      proof = [...first, ...factors];
      break;
    }
    proofs.set(key, proof);
  }
  return proofs.get(key);
}

function countByProof({ entities, premises, question }: Problem<Count, CountQuestion>): number[] {
  const regions = countUpTo(2 ** entities.length);
  const weights = (quantity: Quantity) => regions.map((region) => weigh(quantity, region, entities.length));
  const asked = weights(question.quantity).map((weight) => (question.denied ? 1 - weight : weight));
  // Sorted, so that problems of one kind share their proof.
  const told = premises
    .map(({ quantity, people }) => ({ row: weights(quantity), people }))
    .sort((a, b) => (a.row.join() < b.row.join() ? -1 : 1));
  const rows = told.map(({ row }) => row);
  // Some proofs need halves or thirds.
  for (const scale of [1, 2, 3]) {
    const proof = findProof(
      rows,
      asked.map((weight) => scale * weight),
    );
    const sum = proof?.reduce((total, factor, at) => total + factor * elementAt(told, at).people, 0);
    if (sum !== undefined) return [sum / scale];
  }
  return [];
}

it('has one answer to each problem, the same by a proof that was looked for', { timeout: 600_000 }, () => {
  expect(findDisagreements(countingFamily, countByProof)).toEqual([]);
});

const has = (...things: number[]): Quantity => ({ kind: 'has', things });

it('leaves open what the premises leave open, and finds nothing in a contradiction', () => {
  const premises: Count[] = [
    { quantity: { kind: 'total' }, people: 20 },
    { quantity: has(0), people: 12 },
    { quantity: has(1), people: 9 },
  ];
  const question: CountQuestion = { quantity: { kind: 'none' }, denied: false };
  const solve = (told: Count[]) => countingFamily.solve({ entities: [0, 1], premises: told, question });
  expect(solve(premises).length).toBeGreaterThan(1);
  expect(solve([...premises, { quantity: has(0, 1), people: 4 }])).toEqual([3]);
  expect(solve([...premises, { quantity: has(0), people: 13 }])).toEqual([]);
  expect(
    countingFamily.solve({
      entities: [0, 1],
      premises: [...premises, { quantity: has(0, 1), people: 4 }],
      question: { ...question, denied: true },
    }),
  ).toEqual([17]);
});
