import { expect, it } from 'vitest';
import { countUpTo } from '../seeded-stream';
import { findDisagreements } from './testing/solver-agreement';
import { syllogismsFamily, type Categorical } from './syllogisms';

/** A term, or with the sign turned what is outside it: 2t and 2t + 1. */
type Side = number;
const outside = (side: Side) => side ^ 1;

/**
 * By rules instead of regions: "all" and "no" are arrows between terms and their complements, and every arrow may be
 * turned round. What is reachable from the two sides of a "some" is true of whatever it speaks of.
 */
function followsByArrows(
  premises: readonly Categorical[],
  conclusion: Categorical,
  exists: boolean,
): boolean {
  const arrows = new Map<Side, Set<Side>>();
  const witnesses: (readonly Side[])[] = [];
  const draw = (from: Side, to: Side) => arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  const read = ({ quantifier, subject, object }: Categorical) => ({
    universal: quantifier === 'all' || quantifier === 'none',
    from: 2 * subject,
    to: quantifier === 'all' || quantifier === 'some' ? 2 * object : outside(2 * object),
  });
  for (const each of premises) {
    const { universal, from, to } = read(each);
    if (universal) {
      draw(from, to);
      draw(outside(to), outside(from));
    } else witnesses.push([from, to]);
  }
  if (exists) {
    for (const { subject, object } of [...premises, conclusion]) witnesses.push([2 * subject], [2 * object]);
  }
  const reach = (sides: readonly Side[]): Set<Side> => {
    const reached = new Set(sides);
    // A set grows while it is walked through: new members are visited too.
    for (const side of reached) for (const next of arrows.get(side) ?? []) reached.add(next);
    return reached;
  };
  const isImpossible = (reached: ReadonlySet<Side>) =>
    [...reached].some((side) => reached.has(outside(side)));
  const { universal, from, to } = read(conclusion);
  if (universal) {
    const counterexample = reach([from, outside(to)]);
    return isImpossible(counterexample);
  }
  return witnesses.some((sides) => {
    const reached = reach(sides);
    return reached.has(from) && reached.has(to);
  });
}

it(
  'has one answer to each problem, the same by following arrows, in both readings of "all"',
  { timeout: 600_000 },
  () => {
    const disagreements = findDisagreements(syllogismsFamily, ({ premises, question }) => [
      ...new Set([false, true].map((exists) => (followsByArrows(premises, question, exists) ? 0 : 1))),
    ]);
    expect(disagreements).toEqual([]);
  },
);

it.each([
  // The moods of the first figure, and two that mislead.
  ['all', 'all', 'all', [0]],
  ['none', 'all', 'none', [0]],
  ['all', 'some', 'some', [0]],
  ['none', 'some', 'some-not', [0]],
  ['some', 'all', 'some', [1]],
  ['all', 'none', 'none', [1]],
  // Darapti's kin: it depends on whether there is anything of the kind.
  ['all', 'all', 'some', [1, 0]],
] as const)(
  'knows what follows from %s M are P and %s S are M: %s S are P',
  (major, minor, conclusion, answers) => {
    const [s, m, p] = [0, 1, 2];
    const premises: Categorical[] = [
      { quantifier: major, subject: m, object: p },
      { quantifier: minor, subject: s, object: m },
    ];
    const question: Categorical = { quantifier: conclusion, subject: s, object: p };
    expect(syllogismsFamily.solve({ entities: countUpTo(3), premises, question })).toEqual(answers);
  },
);

it('finds nothing in a contradiction', () => {
  const premises: Categorical[] = [
    { quantifier: 'none', subject: 0, object: 1 },
    { quantifier: 'some', subject: 1, object: 0 },
  ];
  const question: Categorical = { quantifier: 'all', subject: 0, object: 2 };
  expect(syllogismsFamily.solve({ entities: countUpTo(3), premises, question })).toEqual([]);
});
