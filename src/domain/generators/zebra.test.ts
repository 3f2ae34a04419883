import { expect, it } from 'vitest';
import { countUpTo, elementAt } from '../seeded-stream';
import { findDisagreements } from './testing/solver-agreement';
import { holdsGridClue, measure, zebraFamily, type Zebra } from './zebra';

function permute(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permute(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}
const permutations = new Map([3, 4, 5].map((houses) => [houses, permute(countUpTo(houses))]));

/** One attribute after the other in every order, dropped as soon as a clue about what is placed fails. */
function solveByTrial(problem: Zebra): number[] {
  const { houses, attributes } = measure(problem);
  const rows = permutations.get(houses) ?? [];
  const { known, asked } = problem.question;
  const last = (clue: Zebra['premises'][number]) =>
    Math.floor(Math.max(clue.one, clue.kind === 'at' ? 0 : clue.other) / houses);
  const decidedBy = countUpTo(attributes).map((attribute) =>
    problem.premises.filter((clue) => last(clue) === attribute),
  );
  const answers = new Set<number>();
  const extend = (places: readonly number[], attribute: number) => {
    if (attribute === attributes) {
      answers.add(places.slice(asked * houses, (asked + 1) * houses).indexOf(elementAt(places, known)));
      return;
    }
    for (const row of rows) {
      const longer = [...places, ...row];
      if (elementAt(decidedBy, attribute).every((clue) => holdsGridClue(clue, longer)))
        extend(longer, attribute + 1);
    }
  };
  extend([], 0);
  return [...answers];
}

it(
  'has one answer to each problem; for every 20th the same by trying every arrangement',
  { timeout: 600_000 },
  () => {
    expect(findDisagreements(zebraFamily, solveByTrial, { every: 20 })).toEqual([]);
  },
);

it('leaves open what the premises leave open, and finds nothing in a contradiction', () => {
  const entities = countUpTo(6);
  const question = { known: 0, asked: 1 };
  const solve = (premises: Zebra['premises']) =>
    [...zebraFamily.solve({ entities, premises, question })].sort();
  expect(solve([{ kind: 'left', one: 0, other: 3 }])).toEqual([1, 2]);
  expect(solve([{ kind: 'same', one: 0, other: 4 }])).toEqual([1]);
  expect(
    solve([
      { kind: 'at', one: 0, house: 0 },
      { kind: 'left', one: 1, other: 0 },
    ]),
  ).toEqual([]);
});
