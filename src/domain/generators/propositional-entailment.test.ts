import { expect, it } from 'vitest';
import { countUpTo } from '../seeded-stream';
import { propositionalEntailmentFamily, type Formula, type Literal } from './propositional-entailment';
import { findDisagreements } from './testing/solver-agreement';

/** Literals as 1, -1, 2, -2, ... as in DIMACS files. */
type Clause = readonly number[];

const write = ({ variable, holds }: Literal) => (holds ? variable + 1 : -(variable + 1));

function toClauses(formula: Formula): Clause[] {
  const left = write(formula.left);
  if (formula.kind === 'fact') return [[left]];
  const right = write(formula.right);
  switch (formula.kind) {
    case 'if':
      return [[-left, right]];
    case 'or':
      return [[left, right]];
    case 'not-both':
      return [[-left, -right]];
    case 'only-if':
      return [
        [-left, right],
        [left, -right],
      ];
  }
}

/** Davis, Putnam, Logemann and Loveland: unit clauses first, then a trial. */
function isSatisfiable(clauses: readonly Clause[]): boolean {
  if (clauses.some((clause) => clause.length === 0)) return false;
  const [literal] = clauses.find((clause) => clause.length === 1) ?? [];
  const choices =
    literal === undefined
      ? clauses
          .flat()
          .slice(0, 1)
          .flatMap((each) => [each, -each])
      : [literal];
  if (choices.length === 0) return true;
  return choices.some((choice) =>
    isSatisfiable(
      clauses
        .filter((clause) => !clause.includes(choice))
        .map((clause) => clause.filter((each) => each !== -choice)),
    ),
  );
}

it('has one answer to each problem, the same by DPLL', { timeout: 600_000 }, () => {
  const disagreements = findDisagreements(propositionalEntailmentFamily, ({ premises, question }) => {
    const clauses = premises.flatMap(toClauses);
    const canHold = isSatisfiable([...clauses, [write(question)]]);
    const canFail = isSatisfiable([...clauses, [-write(question)]]);
    return canHold || canFail ? [canHold && canFail ? 2 : canHold ? 0 : 1] : [];
  });
  expect(disagreements).toEqual([]);
});

const p: Literal = { variable: 0, holds: true };
const q: Literal = { variable: 1, holds: true };
const not = ({ variable, holds }: Literal): Literal => ({ variable, holds: !holds });

it.each<[name: string, premises: Formula[], question: Literal, answers: number[]]>([
  [
    'modus ponens',
    [
      { kind: 'if', left: p, right: q },
      { kind: 'fact', left: p },
    ],
    q,
    [0],
  ],
  [
    'modus tollens',
    [
      { kind: 'if', left: p, right: q },
      { kind: 'fact', left: not(q) },
    ],
    p,
    [1],
  ],
  [
    'the converse error',
    [
      { kind: 'if', left: p, right: q },
      { kind: 'fact', left: q },
    ],
    p,
    [2],
  ],
  [
    'the inverse error',
    [
      { kind: 'if', left: p, right: q },
      { kind: 'fact', left: not(p) },
    ],
    q,
    [2],
  ],
  [
    'a disjunctive syllogism',
    [
      { kind: 'or', left: p, right: q },
      { kind: 'fact', left: not(p) },
    ],
    q,
    [0],
  ],
  [
    'an inclusive or',
    [
      { kind: 'or', left: p, right: q },
      { kind: 'fact', left: p },
    ],
    q,
    [2],
  ],
  [
    'not both',
    [
      { kind: 'not-both', left: p, right: q },
      { kind: 'fact', left: p },
    ],
    q,
    [1],
  ],
  [
    'a contradiction',
    [
      { kind: 'fact', left: p },
      { kind: 'fact', left: not(p) },
    ],
    q,
    [],
  ],
])('knows %s', (_name, premises, question, answers) => {
  expect(propositionalEntailmentFamily.solve({ entities: countUpTo(2), premises, question })).toEqual(
    answers,
  );
});
