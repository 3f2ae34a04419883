import * as v from 'valibot';
import { readEnd, SHOWN_CHARACTERS } from '../text/answer-text';
import { badInput } from '../fault';
import {
  findSolutions,
  holds,
  listUsed,
  parseConstraint,
  type Expression,
  type Problem,
  type Value,
} from '../logic/constraint';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';
import { keyOfCell, prepareGridText, readGrid, type GridNames } from './grid';
import { findFinalPart, fold, indexNames, nameSchema } from './items';

const MOST_VALUES = 200;

const domainSchema = v.union([
  v.pipe(
    v.array(v.union([v.pipe(v.number(), v.safeInteger()), nameSchema])),
    v.minLength(1),
    v.maxLength(MOST_VALUES),
  ),
  v.strictObject({ from: v.pipe(v.number(), v.safeInteger()), to: v.pipe(v.number(), v.safeInteger()) }),
]);

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** What each variable may be: a list of names or whole numbers, or `{ from, to }`. */
  variables: v.pipe(
    v.record(v.pipe(v.string(), v.regex(/^[\p{L}_][\p{L}\p{N}_]*$/u), v.maxLength(60)), domainSchema),
    v.check((variables) => {
      const count = Object.keys(variables).length;
      return count >= 1 && count <= 30;
    }, 'expected 1 to 30 variables'),
  ),
  /** All have to hold: `A + B == 10`, `distinct(A, B)`, `Anna != "red"`; see `logic/constraint.ts`. */
  constraints: v.pipe(v.array(v.pipe(v.string(), v.maxLength(500))), v.minLength(1), v.maxLength(100)),
  /** Other ways to write a variable or a value. */
  aliases: v.optional(v.record(nameSchema, v.pipe(v.array(nameSchema), v.maxLength(100))), {}),
  /** The puzzle has exactly one solution, which is proven before anything is graded. `false`: at least one. */
  unique: v.optional(v.boolean(), true),
});

interface Puzzle {
  readonly problem: Problem;
  readonly variables: readonly string[];
  readonly values: readonly Value[];
  readonly grid: GridNames;
  readonly solution: string;
}

/** Proving a puzzle takes a search: once for each, and the last ones are remembered. */
const puzzles = new Map<string, Puzzle>();
const PUZZLES_REMEMBERED = 1_000;

/** The answer gives each variable a value, and all constraints hold. The score is the share of constraints that hold. */
export const solver = defineGrader({
  id: 'solver',
  parse: (spec) => {
    const options = parseWith(optionsSchema, spec, 'solver grader');
    const key = JSON.stringify(options);
    const puzzle = puzzles.get(key) ?? preparePuzzle(options);
    if (puzzles.size >= PUZZLES_REMEMBERED) puzzles.clear();
    puzzles.set(key, puzzle);
    return puzzle;
  },
  grade: (answer, { problem, variables, values, grid, solution: expected }, testCase) => {
    const text = prepareGridText(readEnd(answer), testCase.prompt);
    const part = findFinalPart(text, (each) => readGrid(each, grid).size >= variables.length / 2);
    const cells = readGrid(part, grid);
    if (cells.size === 0) return fail('no-answer', { expected });
    const found = new Map<string, Value>();
    variables.forEach((name, row) => {
      const [index, ...others] = cells.get(keyOfCell(row, '')) ?? [];
      const value = index === undefined ? undefined : values[index - variables.length];
      if (value === undefined || others.length > 0) return;
      if (problem.domains.get(name)?.includes(value) === true) found.set(name, value);
    });
    const shown = { expected, found: write(found) || '?' };
    if (found.size === 0) return fail('ambiguous', shown);
    const isSet = (constraint: Expression) => [...listUsed(constraint)].every((name) => found.has(name));
    const kept = problem.constraints.filter((each) => isSet(each) && holds(each, found)).length;
    const score = kept / problem.constraints.length;
    if (found.size === variables.length && score === 1) return pass(shown);
    return { ...fail('different', shown), score };
  },
});

/** @throws FaultError `bad-input` when a constraint cannot be read, or the puzzle has no solution or several */
function preparePuzzle(options: v.InferOutput<typeof optionsSchema>): Puzzle {
  const domains = new Map(
    Object.entries(options.variables).map(([name, domain]) => [name, listValues(domain)]),
  );
  const variables = [...domains.keys()];
  const names = new Set(variables);
  const problem = { domains, constraints: options.constraints.map((each) => parseConstraint(each, names)) };
  const solutions = findSolutions(problem, 2);
  const [solution] = solutions;
  if (solution === undefined) throw badInput('solver grader', 'the constraints have no solution');
  if (options.unique && solutions.length > 1)
    throw badInput('solver grader', 'the constraints have several solutions');
  const values = [
    ...new Map([...domains.values()].flat().map((value) => [fold(String(value)), value])).values(),
  ];
  const labels = [...variables, ...values.map(String)];
  const items = labels.map((text) => ({
    text,
    aliases: Object.hasOwn(options.aliases, text) ? (options.aliases[text] ?? []) : [],
  }));
  return {
    problem,
    variables,
    values,
    grid: {
      names: indexNames(items, 'solver grader'),
      rowCount: variables.length,
      attributeOf: new Map(values.map((_value, index) => [variables.length + index, ''])),
    },
    solution: options.unique ? write(solution) : options.constraints.join('; ').slice(0, SHOWN_CHARACTERS),
  };
}

function listValues(domain: v.InferOutput<typeof domainSchema>): readonly Value[] {
  if (!('from' in domain)) return domain;
  const count = domain.to - domain.from + 1;
  if (count < 1 || count > MOST_VALUES)
    throw badInput('solver grader', `expected 1 to ${MOST_VALUES} values`);
  return Array.from({ length: count }, (_, index) => domain.from + index);
}

function write(values: ReadonlyMap<string, Value>): string {
  return [...values]
    .map(([name, value]) => `${name} = ${String(value)}`)
    .join(', ')
    .slice(0, SHOWN_CHARACTERS);
}
