import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import {
  areEquivalent,
  evaluateFormula,
  parseFormula,
  tokenizeFormula,
  type Formula,
} from '../logic/formula';
import type { Case } from '../sets/test-set';
import { logicEquivalence } from './logic-equivalence';

const testCase: Case = {
  id: 'case',
  prompt: 'Negate it.',
  graders: [{ type: 'logic-equivalence' }],
  tags: [],
};
const grade = (answer: string, value: string) =>
  logicEquivalence.grade(answer, { type: 'logic-equivalence', value }, testCase);

describe('logic-equivalence', () => {
  it.each([
    ['p ∧ q', 'p & q'],
    ['q && p', 'p ∧ q'],
    ['p and q', 'p ∧ q'],
    ['p и q', 'p ∧ q'],
    ['p \\land q', 'p & q'],
    ['$p \\wedge q$', 'p & q'],
    ['$\\boxed{p \\wedge q}$', 'p & q'],
    ['p | q', 'p or q'],
    ['p || q', 'p ∨ q'],
    ['p или q', 'p ∨ q'],
    ['!p', 'not p'],
    ['~p', '¬p'],
    ['не p', '¬p'],
    ['\\neg p', '¬p'],
    ['not not p', 'p'],
    ['p -> q', '¬p ∨ q'],
    ['p => q', '¬q → ¬p'],
    ['p implies q', 'p → q'],
    ['p → q → r', 'p → (q → r)'],
    ['p <-> q', '(p → q) ∧ (q → p)'],
    ['p iff q', 'p ↔ q'],
    ['p ⊕ q', '¬(p ↔ q)'],
    ['¬p ∧ ¬q', '¬(p ∨ q)'],
    ['The answer is ¬p ∨ ¬q.', '¬(p ∧ q)'],
    ['By De Morgan, ¬(p ∧ q) = ¬p ∨ ¬q', '¬p ∨ ¬q'],
    ['The formula `p & q` holds, so the negation is `!p | !q`.', '!(p & q)'],
    ['We negate p ∧ q.\nAnswer: **¬p ∨ ¬q**', '¬(p ∧ q)'],
    ['Ответ: не p или не q.', '¬(p ∧ q)'],
    ['Получаем, что ¬p и q', 'q ∧ ¬p'],
    ['А ∧ В', 'A & B'],
    ['rain -> wet', '!rain | wet'],
    ['If Rain then it is Wet: Rain → Wet', 'rain -> wet'],
    ['(p ∧ q) ∨ (p ∧ ¬q)', 'p'],
    ['P ∧ Q', 'p & q'],
    ['p ∧ (q ∨ true)', 'p'],
  ])('%j is %s', (answer, value) => {
    expect(grade(answer, value)).toMatchObject({ pass: true, score: 1 });
  });

  it.each([
    ['p ∨ q', 'p ∧ q', 'different'],
    ['q → p', 'p → q', 'different'],
    ['p ∧ q ∧ r', 'p ∧ q', 'different'],
    ['не p и не q', '¬(p ∧ q)', 'different'],
    ['not p and q', 'not (p and q)', 'different'],
    ['p ∧ q = q', 'p ∧ q', 'different'],
    ['`p ∧ q` or `p ∨ q`', 'p ∨ q', 'ambiguous'],
    ['$p \\land q$ или $p \\lor q$', 'p ∨ q', 'ambiguous'],
    ['', 'p', 'no-answer'],
    ['I do not know a formula.', 'p ∧ q', 'no-answer'],
    ['p ∧ ∧ q', 'p ∧ q', 'no-answer'],
    ['((p ∧ q', 'p ∧ q', 'no-answer'],
    ['Не знаю.', 'p', 'no-answer'],
    ['('.repeat(5_000) + 'p', 'p', 'no-answer'],
  ])('%j is not %s: %s', (answer, value, code) => {
    expect(grade(answer, value)).toMatchObject({ pass: false, reason: { code } });
  });

  it.each([
    {},
    { value: 'p ∧' },
    { value: 'true' },
    { value: Array.from('abcdefghijklm').join(' & ') },
    { value: 3 },
  ])('refuses %j', (options) => {
    expect(() => logicEquivalence.check({ type: 'logic-equivalence', ...options })).toThrow(FaultError);
  });

  const formula: fc.Arbitrary<Formula> = fc.letrec<{ formula: Formula }>((tie) => ({
    formula: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.constantFrom('p', 'q', 'r').map((name): Formula => ({ kind: 'variable', name })),
      tie('formula').map((of): Formula => ({ kind: 'not', of })),
      fc
        .tuple(fc.constantFrom('and', 'or', 'xor', 'implies', 'iff'), tie('formula'), tie('formula'))
        .map(([kind, left, right]): Formula => ({ kind, left, right })),
    ),
  })).formula;
  const notations = [
    { not: '¬', and: '∧', or: '∨', xor: '⊕', implies: '→', iff: '↔' },
    { not: '!', and: '&&', or: '||', xor: '⊻', implies: '->', iff: '<->' },
    { not: 'not ', and: 'and', or: 'or', xor: 'xor', implies: 'implies', iff: 'iff' },
    { not: 'не ', and: 'и', or: 'или', xor: 'xor', implies: '=>', iff: '<=>' },
    { not: '\\neg ', and: '\\land', or: '\\lor', xor: '\\oplus', implies: '\\to', iff: '\\leftrightarrow' },
  ];
  const write = (each: Formula, signs: (typeof notations)[number]): string => {
    switch (each.kind) {
      case 'variable':
        return each.name;
      case 'constant':
        return String(each.value);
      case 'not':
        return `${signs.not}(${write(each.of, signs)})`;
      default:
        return `(${write(each.left, signs)} ${signs[each.kind]} ${write(each.right, signs)})`;
    }
  };

  it('reads what it is given in every notation', () => {
    fc.assert(
      fc.property(formula, fc.constantFrom(...notations), (each, signs) => {
        const read = parseFormula(tokenizeFormula(write(each, signs)));
        expect(read).toEqual(each);
      }),
    );
  });

  it('agrees with evaluating every row', () => {
    fc.assert(
      fc.property(formula, formula, (one, other) => {
        const rows = Array.from(
          { length: 8 },
          (_, row) => (name: string) => (row & (1 << 'pqr'.indexOf(name))) !== 0,
        );
        const same = rows.every((row) => evaluateFormula(one, row) === evaluateFormula(other, row));
        expect(areEquivalent(one, other)).toBe(same);
      }),
    );
  });
});
