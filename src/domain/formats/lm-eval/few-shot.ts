import { badInput } from '../../fault';
import { canonicalJson } from '../../hash';
import type { Row, SomeRows } from '../rows';
import { PythonRandom } from './python-random';
import { askedSplit, poolSplit, WHAT, type LmEvalTask } from './task';

/** lm-eval's `DEFAULT_OTHER_SEED`, with which it draws examples unless told otherwise. */
const SEED = 1_234;

/** The examples to show before one question; called once for each, in their order, as each draw depends on those before. */
export type DrawExamples = (asked: Row) => readonly Row[];

/** All the rows of a part. */
export function poolOf(rows: readonly Row[]): SomeRows {
  return { length: rows.length, rows: new Map(rows.entries()) };
}

/** As lm-eval compares the parts: with neither named, a question is no example of itself either. */
function leavesOut({ fewshot_config: config, fewshot_split, test_split }: LmEvalTask): boolean {
  return (config?.split ?? fewshot_split) === test_split;
}

/**
 * Draws examples as lm-eval's samplers do: `first_n` the first ones, the default sampler with Python's generator. Where they
 * come from the part that is asked, a question is no example of itself.
 * @param pool rows of the part that examples come from, where that is not what is asked
 * @throws FaultError `bad-input` where that part is missing or has too few rows
 */
export function makeDraw(task: LmEvalTask, rows: readonly Row[], pool: SomeRows | undefined): DrawExamples {
  const { num_fewshot: count = 0, fewshot_config: config } = task;
  if (count <= 0) return () => [];
  const split = poolSplit(task);
  const own = split === undefined ? config?.samples : split === askedSplit(task) ? rows : undefined;
  const from = (split === undefined ? undefined : pool) ?? (own && poolOf(own));
  if (from === undefined) {
    const named = split === undefined ? 'another part of the data set' : `the part "${split}"`;
    throw badInput(WHAT, `its ${count} examples come from ${named}: add the rows of that part too`);
  }
  const draw = makeSampler(task, from);
  return (asked) => draw(leavesOut(task) ? asked : undefined);
}

/** @throws FaultError `bad-input` for a sampler that is Python */
function makeSampler(
  { num_fewshot: count = 0, fewshot_config: config }: LmEvalTask,
  from: SomeRows,
): (leftOut: Row | undefined) => readonly Row[] {
  const sampler = config?.sampler ?? 'default';
  if (sampler === 'first_n') return (leftOut) => takeFirst(from, count, leftOut);
  if (sampler !== 'default')
    throw badInput(WHAT, `fewshot_config.sampler: ${sampler} is Python, which cannot be run in a page`);
  const random = new PythonRandom(SEED);
  return (leftOut) => drawRandomly(from, count, leftOut, random);
}

/** A row that is the same as the question can stand before the examples so often. */
const SPARE_ROWS = 20;

/**
 * Places of the rows that the examples of so many questions are drawn from: what has to be fetched of a large part.
 * @param length of that part
 * @throws FaultError `bad-input` where it has too few rows
 */
export function listDrawnPlaces(task: LmEvalTask, questions: number, length: number): readonly number[] {
  const { num_fewshot: count = 0, fewshot_config: config } = task;
  if (count <= 0) return [];
  if (config?.sampler === 'first_n')
    return Array.from({ length: Math.min(length, count + SPARE_ROWS) }, (_, at) => at);
  const size = leavesOut(task) ? count + 1 : count;
  if (length < size) tooFew(length, size);
  const random = new PythonRandom(SEED);
  const places = new Set<number>();
  for (let question = 0; question < questions; question++)
    for (const at of random.sample(length, size)) places.add(at);
  return [...places].sort((one, other) => one - other);
}

function rowAt({ rows }: SomeRows, at: number): Row {
  const row = rows.get(at);
  if (row === undefined) throw badInput(WHAT, `row ${at + 1} of its examples is missing`);
  return row;
}

function takeFirst(from: SomeRows, count: number, leftOut: Row | undefined): readonly Row[] {
  const chosen: Row[] = [];
  for (let at = 0; at < from.length && chosen.length < count; at++) {
    const row = rowAt(from, at);
    if (leftOut === undefined || !isSame(row, leftOut)) chosen.push(row);
  }
  return chosen.length < count ? tooFew(chosen.length, count) : chosen;
}

function drawRandomly(
  from: SomeRows,
  count: number,
  leftOut: Row | undefined,
  random: PythonRandom,
): readonly Row[] {
  const size = leftOut === undefined ? count : count + 1;
  if (from.length < size) return tooFew(from.length, size);
  const drawn = random.sample(from.length, size).map((at) => rowAt(from, at));
  if (leftOut === undefined) return drawn;
  const others = drawn.filter((row) => !isSame(row, leftOut));
  if (others.length >= count) return others.slice(0, count);
  // The question stands among the rows more than once.
  const left = Array.from({ length: from.length }, (_, at) => rowAt(from, at)).filter(
    (row) => !isSame(row, leftOut),
  );
  if (left.length < count) return tooFew(left.length, count);
  return random.sample(left.length, count).flatMap((at) => left.slice(at, at + 1));
}

function tooFew(found: number, count: number): never {
  throw badInput(WHAT, `it draws ${count} examples, and there are ${found} rows to draw from`);
}

function isSame(one: Row, other: Row): boolean {
  return one === other || canonicalJson(one) === canonicalJson(other);
}
