import { expect, it } from 'vitest';
import { countUpTo, elementAt } from '../seeded-stream';
import { knightsAndKnavesFamily, type Saying, type Statement } from './knights-and-knaves';
import { findDisagreements } from './testing/solver-agreement';

type Roles = readonly (boolean | undefined)[];

/** Undefined while it depends on roles that are open. */
function judge(statement: Statement, roles: Roles): boolean | undefined {
  switch (statement.kind) {
    case 'role': {
      const role = roles[statement.who];
      return role === undefined ? undefined : role === statement.knight;
    }
    case 'alike': {
      const [one, other] = [roles[statement.one], roles[statement.other]];
      if (one === undefined || other === undefined) return undefined;
      return (one === other) === statement.same;
    }
    case 'count': {
      const knights = roles.filter((role) => role === true).length;
      const open = roles.filter((role) => role === undefined).length;
      if (knights > statement.knights || knights + open < statement.knights) return false;
      return open === 0 ? true : undefined;
    }
    case 'both':
    case 'either': {
      const parts = [judge(statement.left, roles), judge(statement.right, roles)];
      const decisive = statement.kind === 'either';
      if (parts.includes(decisive)) return decisive;
      return parts.includes(undefined) ? undefined : !decisive;
    }
  }
}

/** By supposing: a person's role is tried, and what the others must be then is followed up to a contradiction. */
function* suppose(roles: Roles, sayings: readonly Saying[]): Generator<readonly boolean[]> {
  let known = roles;
  for (let changed = true; changed;) {
    changed = false;
    for (const { speaker, statement } of sayings) {
      const truth = judge(statement, known);
      if (truth === undefined) continue;
      if (known[speaker] === undefined) {
        known = known.with(speaker, truth);
        changed = true;
      } else if (known[speaker] !== truth) return;
    }
  }
  const open = known.indexOf(undefined);
  if (open === -1) {
    yield known.map((role) => role === true);
    return;
  }
  yield* suppose(known.with(open, true), sayings);
  yield* suppose(known.with(open, false), sayings);
}

it(
  'has one answer to each problem, the same by supposing roles and following the consequences',
  { timeout: 600_000 },
  () => {
    const disagreements = findDisagreements(knightsAndKnavesFamily, ({ entities, premises, question }) => {
      const worlds = [
        ...suppose(
          entities.map(() => undefined),
          premises,
        ),
      ];
      const answers = worlds.map((world) => {
        if (question.kind === 'count') return world.filter((knight) => knight === question.knights).length;
        const isKnight = elementAt(world, question.who);
        return isKnight !== question.denied ? 0 : 1;
      });
      return [...new Set(answers)];
    });
    expect(disagreements).toEqual([]);
  },
);

it('leaves open what the premises leave open, and finds nothing in a contradiction', () => {
  const [entities, question] = [countUpTo(2), { kind: 'role', who: 0, denied: false } as const];
  const says = (statement: Statement) => [{ speaker: 0, statement }];
  const solve = (premises: Saying[]) =>
    [...knightsAndKnavesFamily.solve({ entities, premises, question })].sort();
  expect(solve(says({ kind: 'role', who: 1, knight: true }))).toEqual([0, 1]);
  expect(solve(says({ kind: 'role', who: 0, knight: false }))).toEqual([]);
});
