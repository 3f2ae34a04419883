import * as v from 'valibot';
import { findBold, readEnd, SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import {
  areEquivalent,
  listVariables,
  parseFormula,
  tokenizeFormula,
  type Formula,
  type Token,
} from '../logic/formula';
import { defineGrader, fail, pass } from './grader';
import { findFinalPart, simplify } from './items';

/** A truth table of these has 4096 rows. */
const MOST_VARIABLES = 12;

const formulaSchema = v.pipe(
  v.string(),
  v.maxLength(1_000),
  v.transform((text) => parseFormula(tokenizeFormula(text))),
  v.custom<Formula>((formula) => formula !== undefined, 'not a formula'),
  v.check((formula) => {
    const variables = listVariables(formula).size;
    return variables >= 1 && variables <= MOST_VARIABLES;
  }, `expected 1 to ${MOST_VARIABLES} variables`),
);

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** A formula such as `(p -> q) & !r`, in any notation that answers may use. */
  value: formulaSchema,
});

/**
 * The answer's formula has the same truth table as the value, however it is written: ∧ & and и, ∨ | or или, ¬ ! ~ not не,
 * → -> implies, ↔ <-> iff, ⊕ xor, LaTeX. The last formula counts, or the one after "the answer is".
 */
export const logicEquivalence = defineGrader({
  id: 'logic-equivalence',
  parse: (spec) => {
    const options = parseWith(optionsSchema, spec, 'logic-equivalence grader');
    // The text again, for the reader: the options hold what was parsed.
    return { ...options, text: String(spec['value']).slice(0, SHOWN_CHARACTERS) };
  },
  grade: (answer, { value, text: expected }) => {
    const variables = listVariables(value);
    const prose = findFinalPart(
      simplify(readEnd(answer)),
      (part) => findFormulas(part, variables).length > 0,
    );
    const bold = findBold(prose).flatMap(({ inside }) => findFormulas(inside, variables));
    const formulas = bold.length > 0 ? bold : findFormulas(prose, variables);
    const found = formulas.at(-1);
    if (found === undefined) return fail('no-answer', { expected });
    const shown = { expected, found: found.text.slice(0, SHOWN_CHARACTERS) };
    const rival = formulas.at(-2);
    if (found.afterOr && rival !== undefined && !isSame(rival.formula, found.formula))
      return fail('ambiguous', shown);
    return isSame(found.formula, value) ? pass(shown) : fail('different', shown);
  },
});

function isSame(one: Formula, other: Formula): boolean {
  const variables = new Set([...listVariables(one), ...listVariables(other)]);
  return variables.size <= MOST_VARIABLES && areEquivalent(one, other);
}

interface Found {
  readonly formula: Formula;
  readonly text: string;
  /** Set apart from the formula before it by a mere "or". */
  readonly afterOr: boolean;
}

/** Formulas in the order of the text: runs of tokens between words and signs that belong to none. */
function findFormulas(text: string, variables: ReadonlySet<string>): readonly Found[] {
  const found: Found[] = [];
  let isOr = false;
  // Quotes (and backticks, which are written as such), dollars, commas, equals signs and line ends part one formula from the next.
  for (const piece of text.split(/['$\n,;:"«»]|(?<![<=!])=(?![=>])|\.(?:\s|$)|[\uE000\uE001]/u)) {
    if (/^\s*(?:or|или|либо)\s*$/iu.test(piece)) isOr = true;
    for (const run of splitRuns(tokenizeFormula(piece), variables)) {
      const formula = parseRun(run);
      if (formula === undefined) continue;
      const named = listVariables(formula);
      // "a" is an article, too: a formula of other letters only is none.
      if (named.size > 0 && ![...named].some((name) => variables.has(name))) continue;
      found.push({ formula, text: writeTokens(run), afterOr: isOr });
      isOr = false;
    }
  }
  return found;
}

/** Cyrillic letters that look like the Latin ones of the expected formula. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  Array.from('АВСЕНКМОРТХасеорху').map((letter, at) => [letter, 'ABCEHKMOPTXaceopxy'.charAt(at)]),
);

function splitRuns(tokens: readonly Token[], variables: ReadonlySet<string>): readonly Token[][] {
  const runs: Token[][] = [[]];
  for (const token of tokens) {
    const known = token.kind === 'name' ? nameOf(token.name, variables) : undefined;
    if (token.kind === 'break' || (token.kind === 'name' && known === undefined)) runs.push([]);
    else runs.at(-1)?.push(known === undefined ? token : { kind: 'name', name: known });
  }
  return runs.filter((run) => run.some(({ kind }) => kind === 'name'));
}

/** The variable that a word stands for; a single letter may be one of its own. */
function nameOf(word: string, variables: ReadonlySet<string>): string | undefined {
  if (variables.has(word)) return word;
  const latin = LOOKALIKES.get(word);
  if (latin !== undefined && variables.has(latin)) return latin;
  for (const name of variables) {
    if (name.toLowerCase() === word.toLowerCase()) return name;
  }
  return /^(?:\p{L}\d{0,2}|true|false|⊤|⊥)$/iu.test(word) ? word : undefined;
}

/** Without the "and" or "so not" of the prose around it. */
function parseRun(run: readonly Token[]): Formula | undefined {
  let from = 0;
  let to = run.length;
  const isJoiningWord = (token: Token | undefined) => token?.kind === 'operator' && token.isWord;
  while (isJoiningWord(run[from])) from++;
  while (isJoiningWord(run[to - 1])) to--;
  const kept = run.slice(from, to);
  const formula = parseFormula(kept);
  if (formula !== undefined) return formula;
  // Brackets of the prose: "(p and q" or LaTeX's "{p}".
  const depth = (end: number) =>
    kept.slice(0, end).reduce((sum, { kind }) => sum + (kind === 'open' ? 1 : kind === 'close' ? -1 : 0), 0);
  if (kept[0]?.kind === 'open' && depth(kept.length) === 1) return parseFormula(kept.slice(1));
  if (kept.at(-1)?.kind === 'close' && depth(kept.length) === -1) return parseFormula(kept.slice(0, -1));
  return undefined;
}

const WRITTEN = { and: '∧', or: '∨', xor: '⊕', implies: '→', iff: '↔' } as const;

function writeTokens(tokens: readonly Token[]): string {
  return tokens
    .slice(0, SHOWN_CHARACTERS)
    .map((token) => {
      switch (token.kind) {
        case 'operator':
          return ` ${WRITTEN[token.operator]} `;
        case 'not':
          return '¬';
        case 'open':
          return '(';
        case 'close':
          return ')';
        case 'name':
          return token.name;
        case 'break':
          return '';
      }
    })
    .join('');
}
