import { badInput } from '../../fault';
import { canonicalJson } from '../../hash';
import type { Row } from '../rows';
import { PythonRandom } from './python-random';
import { askedSplit, poolSplit, WHAT, type LmEvalTask } from './task';

/** lm-eval's `DEFAULT_OTHER_SEED`, with which it draws examples unless told otherwise. */
const SEED = 1_234;

/** The examples to show before one question; called once for each, in their order, as each draw depends on those before. */
export type DrawExamples = (asked: Row) => readonly Row[];

/**
 * Draws examples as lm-eval's samplers do: `first_n` the first ones, the default sampler with Python's generator. Where they
 * come from the part that is asked, a question is no example of itself.
 * @param pool rows of the part that examples come from, where that is not the part that is asked
 * @throws FaultError `bad-input` where that part is missing or has too few rows
 */
export function makeDraw(
  task: LmEvalTask,
  rows: readonly Row[],
  pool: readonly Row[] | undefined,
): DrawExamples {
  const { num_fewshot: count = 0, fewshot_config: config } = task;
  if (count <= 0) return () => [];
  const split = poolSplit(task);
  const { sampler = 'default', samples } = config ?? {};
  const from = split === undefined ? samples : split === askedSplit(task) ? rows : pool;
  if (from === undefined) {
    const named = split === undefined ? 'another part of the data set' : `the part "${split}"`;
    throw badInput(WHAT, `its ${count} examples come from ${named}: add the rows of that part too`);
  }
  // As lm-eval compares them: with neither named, a question is left out too.
  const leavesOut = (config?.split ?? task.fewshot_split) === task.test_split;
  if (sampler === 'first_n') return (asked) => takeFirst(from, count, leavesOut ? asked : undefined);
  if (sampler !== 'default')
    throw badInput(WHAT, `fewshot_config.sampler: ${sampler} is Python, which cannot be run in a page`);
  const random = new PythonRandom(SEED);
  return (asked) => drawRandomly(from, count, leavesOut ? asked : undefined, random);
}

function takeFirst(from: readonly Row[], count: number, asked: Row | undefined): readonly Row[] {
  const chosen: Row[] = [];
  for (const row of from) {
    if (chosen.length === count) break;
    if (asked === undefined || !isSame(row, asked)) chosen.push(row);
  }
  return enough(chosen, count);
}

function drawRandomly(
  from: readonly Row[],
  count: number,
  asked: Row | undefined,
  random: PythonRandom,
): readonly Row[] {
  const draw = (rows: readonly Row[], size: number) => {
    if (rows.length < size) return tooFew(rows.length, size);
    return random.sample(rows.length, size).flatMap((at) => rows.slice(at, at + 1));
  };
  if (asked === undefined) return draw(from, count);
  const drawn = draw(from, count + 1).filter((row) => !isSame(row, asked));
  if (drawn.length >= count) return drawn.slice(0, count);
  // The question stands in the pool more than once.
  return draw(
    from.filter((row) => !isSame(row, asked)),
    count,
  );
}

function enough(rows: readonly Row[], count: number): readonly Row[] {
  return rows.length < count ? tooFew(rows.length, count) : rows;
}

function tooFew(found: number, count: number): never {
  throw badInput(WHAT, `it shows ${count} examples, and there are ${found} to draw from`);
}

function isSame(one: Row, other: Row): boolean {
  return one === other || canonicalJson(one) === canonicalJson(other);
}
