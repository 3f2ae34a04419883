/** Propositional formulas in the notations that people and models write, and their truth tables. */

export type Formula =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'not'; readonly of: Formula }
  | { readonly kind: Operator; readonly left: Formula; readonly right: Formula };

type Operator = 'and' | 'xor' | 'or' | 'implies' | 'iff';

/** Tightest first; implication groups to the right, the others to the left. */
const OPERATORS: readonly Operator[] = ['and', 'xor', 'or', 'implies', 'iff'];

export type Token =
  | { readonly kind: 'operator'; readonly operator: Operator; readonly isWord: boolean }
  | { readonly kind: 'not'; readonly isWord: boolean }
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'name'; readonly name: string }
  /** Anything that is no part of a formula. */
  | { readonly kind: 'break' };

/** More tokens than this are no formula that anyone meant. */
const MOST_TOKENS = 400;

const SIGNS: readonly (readonly [RegExp, Operator | 'not' | 'open' | 'close'])[] = [
  [/^(?:<-+>|<=+>|↔|⇔|⟺|⟷|≡|\\(?:left|Left|longleft|Longleft)rightarrow|\\iff|\\equiv)/u, 'iff'],
  [
    /^(?:-+>|=+>|→|⇒|⟹|⟶|⊃|\\(?:to|implies|rightarrow|Rightarrow|longrightarrow|Longrightarrow|supset)(?![a-zA-Z]))/u,
    'implies',
  ],
  [/^(?:⊕|⊻|\\oplus|\\veebar|\\xor)/u, 'xor'],
  [/^(?:∧|&&?|⋀|\/\\|·|\\(?:land|wedge|cdot)(?![a-zA-Z]))/u, 'and'],
  [/^(?:∨|\|\|?|⋁|\\\/|\\(?:lor|vee)(?![a-zA-Z]))/u, 'or'],
  [/^(?:¬|!(?!=)|~|∼|\\(?:lnot|neg|sim)(?![a-zA-Z]))/u, 'not'],
  [/^[([{]/u, 'open'],
  [/^[)\]}]/u, 'close'],
];

const WORDS: ReadonlyMap<string, Operator | 'not' | boolean> = new Map<string, Operator | 'not' | boolean>([
  ...['and', 'и'].map((word) => [word, 'and'] as const),
  ...['or', 'или'].map((word) => [word, 'or'] as const),
  ...['xor'].map((word) => [word, 'xor'] as const),
  ...['not', 'не'].map((word) => [word, 'not'] as const),
  ...['implies', 'влечет'].map((word) => [word, 'implies'] as const),
  ...['iff', 'равносильно'].map((word) => [word, 'iff'] as const),
  ...['true', '⊤', 'истина'].map((word) => [word, true] as const),
  ...['false', '⊥', 'ложь'].map((word) => [word, false] as const),
]);

/** Reads text as tokens; what is no part of a formula becomes a `break`. */
export function tokenizeFormula(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at, at + 80);
    const space = /^(?:\s|\\[,;! ]|\\(?:left|right)(?=[([{)\]}|])|\\(?=[{}]))+/u.exec(rest);
    const sign = space === null ? SIGNS.find(([pattern]) => pattern.test(rest)) : undefined;
    const word =
      space === null && sign === undefined ? /^(?:[\p{L}_][\p{L}\p{N}_]*|⊤|⊥)/u.exec(rest)?.[0] : undefined;
    if (space !== null) at += space[0].length;
    else if (sign !== undefined) {
      const [pattern, meaning] = sign;
      tokens.push(
        meaning === 'open' || meaning === 'close' || meaning === 'not'
          ? meaning === 'not'
            ? { kind: 'not', isWord: false }
            : { kind: meaning }
          : { kind: 'operator', operator: meaning, isWord: false },
      );
      at += pattern.exec(rest)?.[0].length ?? 1;
    } else if (word !== undefined) {
      const meaning = WORDS.get(word.toLowerCase());
      if (meaning === 'not') tokens.push({ kind: 'not', isWord: true });
      else if (meaning === undefined || typeof meaning === 'boolean')
        tokens.push({ kind: 'name', name: word });
      else tokens.push({ kind: 'operator', operator: meaning, isWord: true });
      at += word.length;
    } else {
      tokens.push({ kind: 'break' });
      at += 1;
    }
  }
  return tokens;
}

/** @returns undefined unless the tokens are exactly one formula */
export function parseFormula(tokens: readonly Token[]): Formula | undefined {
  if (tokens.length > MOST_TOKENS) return undefined;
  let at = 0;

  function parseOperand(): Formula | undefined {
    const token = tokens[at++];
    if (token?.kind === 'not') {
      const of = parseOperand();
      return of && { kind: 'not', of };
    }
    if (token?.kind === 'open') {
      const inner = parseLevel(OPERATORS.length - 1);
      return tokens[at++]?.kind === 'close' ? inner : undefined;
    }
    if (token?.kind !== 'name') return undefined;
    const constant = WORDS.get(token.name.toLowerCase());
    return typeof constant === 'boolean'
      ? { kind: 'constant', value: constant }
      : { kind: 'variable', name: token.name };
  }

  function parseLevel(level: number): Formula | undefined {
    const operator = OPERATORS[level];
    if (operator === undefined) return parseOperand();
    let left = parseLevel(level - 1);
    while (left !== undefined) {
      const token = tokens[at];
      if (token?.kind !== 'operator' || token.operator !== operator) break;
      at++;
      const right: Formula | undefined = parseLevel(operator === 'implies' ? level : level - 1);
      left = right && { kind: operator, left, right };
    }
    return left;
  }

  const formula = parseLevel(OPERATORS.length - 1);
  return at === tokens.length ? formula : undefined;
}

export function listVariables(formula: Formula): ReadonlySet<string> {
  switch (formula.kind) {
    case 'variable':
      return new Set([formula.name]);
    case 'constant':
      return new Set();
    case 'not':
      return listVariables(formula.of);
    default:
      return new Set([...listVariables(formula.left), ...listVariables(formula.right)]);
  }
}

export function evaluateFormula(formula: Formula, isTrue: (variable: string) => boolean): boolean {
  const evaluate = (part: Formula) => evaluateFormula(part, isTrue);
  switch (formula.kind) {
    case 'variable':
      return isTrue(formula.name);
    case 'constant':
      return formula.value;
    case 'not':
      return !evaluate(formula.of);
    case 'and':
      return evaluate(formula.left) && evaluate(formula.right);
    case 'or':
      return evaluate(formula.left) || evaluate(formula.right);
    case 'xor':
      return evaluate(formula.left) !== evaluate(formula.right);
    case 'implies':
      return !evaluate(formula.left) || evaluate(formula.right);
    case 'iff':
      return evaluate(formula.left) === evaluate(formula.right);
  }
}

/** By truth table: 2^n rows of the n variables that either has. */
export function areEquivalent(one: Formula, other: Formula): boolean {
  const variables = [...new Set([...listVariables(one), ...listVariables(other)])];
  for (let row = 0; row < 2 ** variables.length; row++) {
    const values = new Map(variables.map((name, bit) => [name, (row & (1 << bit)) !== 0]));
    const isTrue = (name: string) => values.get(name) === true;
    if (evaluateFormula(one, isTrue) !== evaluateFormula(other, isTrue)) return false;
  }
  return true;
}
