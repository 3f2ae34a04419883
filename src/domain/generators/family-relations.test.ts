import { expect, it } from 'vitest';
import { countUpTo } from '../seeded-stream';
import { familyRelationsFamily, findDegree, type Kinship } from './family-relations';
import { findDisagreements } from './testing/solver-agreement';

/**
 * By drawing the tree instead of composing relations: everybody gets the couple that they are a child of, brothers and
 * sisters the same one, and the generations between two people are counted.
 */
function readTree(premises: readonly Kinship[], from: number, to: number): number[] {
  const couples = new Map<number, number>();
  const coupleOf = (child: number): number => {
    const next = couples.get(child);
    return next === undefined ? child : coupleOf(next);
  };
  for (const { relation, one, other } of premises) {
    if (relation === 'sibling' && coupleOf(one) !== coupleOf(other))
      couples.set(coupleOf(one), coupleOf(other));
  }
  const parenthoods = premises.flatMap(({ relation, one, other }) =>
    relation === 'parent' ? [[one, other] as const] : relation === 'child' ? [[other, one] as const] : [],
  );
  const parentsOf = (child: number) =>
    parenthoods.flatMap(([parent, each]) => (coupleOf(each) === coupleOf(child) ? [parent] : []));
  const ancestors = (person: number, generations: number): number[] =>
    generations === 0 ? [person] : ancestors(person, generations - 1).flatMap(parentsOf);
  const found = new Set<number>();
  for (let up = 0; up <= 3; up++) {
    if (ancestors(from, up).includes(to)) found.add(findDegree(up, 0));
    if (ancestors(to, up).includes(from)) found.add(findDegree(0, up));
  }
  for (let up = 1; up <= 3; up++) {
    for (let down = 1; down <= 3; down++) {
      const [mine, theirs] = [ancestors(from, up - 1), ancestors(to, down - 1)];
      const areSiblings = mine.some((one) =>
        theirs.some((other) => one !== other && coupleOf(one) === coupleOf(other)),
      );
      if (areSiblings) found.add(findDegree(up, down));
    }
  }
  return [...found];
}

it('has one answer to each problem, the same by drawing the family tree', { timeout: 600_000 }, () => {
  const disagreements = findDisagreements(familyRelationsFamily, ({ premises, question }) =>
    readTree(premises, question.other, question.one),
  );
  expect(disagreements).toEqual([]);
});

it.each<[name: string, premises: Kinship[], answers: number[]]>([
  [
    "a father's sister",
    [
      { relation: 'parent', one: 2, other: 1 },
      { relation: 'sibling', one: 0, other: 2 },
    ],
    [findDegree(2, 1)],
  ],
  [
    "a sister's mother",
    [
      { relation: 'child', one: 2, other: 0 },
      { relation: 'sibling', one: 1, other: 2 },
    ],
    [findDegree(1, 0)],
  ],
  // It may be one's own parent too.
  [
    "a grandmother's daughter",
    [
      { relation: 'parent', one: 2, other: 1 },
      { relation: 'parent', one: 3, other: 2 },
      { relation: 'child', one: 0, other: 3 },
    ],
    [],
  ],
  ['nobody', [{ relation: 'sibling', one: 1, other: 2 }], []],
])('knows %s', (_name, premises, answers) => {
  const question = { one: 0, other: 1 };
  expect(familyRelationsFamily.solve({ entities: countUpTo(4), premises, question })).toEqual(answers);
});
