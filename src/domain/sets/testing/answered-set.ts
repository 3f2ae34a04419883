import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as v from 'valibot';
import { checkSpec, gradeAnswer } from '../../graders/registry';
import { nodePorts } from '../../graders/testing/node-ports';
import { parseTestSetJson, type Case, type TestSet } from '../test-set';

const TriedAnswers = v.record(
  v.string(),
  v.record(
    v.string(),
    v.strictObject({
      good: v.pipe(v.array(v.string()), v.minLength(2)),
      bad: v.pipe(v.array(v.string()), v.minLength(3)),
    }),
  ),
);

/** Answers to try, right and wrong ones, by set and case. */
type TriedAnswers = v.InferOutput<typeof TriedAnswers>;

/** A set that comes with the page. */
export function readBundledSet(id: string): TestSet {
  return parseTestSetJson(
    readFileSync(new URL(`../../../../public/sets/${id}.json`, import.meta.url), 'utf8'),
  );
}

/** A file beside the tests, written by hand, in the ways people and models answer. */
export function readTriedAnswers(file: string): TriedAnswers {
  return v.parse(TriedAnswers, JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')));
}

/**
 * The tests of every set that comes with the page: it explains itself, and its graders tell right from wrong answers.
 * @param cases those that have answers to try
 * @param alsoWrong answers that no case accepts, beside those that answer nothing
 */
export function testAnsweredCases(
  set: TestSet,
  cases: readonly Case[],
  answers: TriedAnswers,
  alsoWrong: readonly string[] = [],
): void {
  const tried = answers[set.id] ?? {};

  it('explains every answer, has graders that we know, and no prompt twice', () => {
    for (const each of cases) {
      expect(each.explanation, each.id).toBeDefined();
      for (const spec of each.graders) expect(() => checkSpec(spec)).not.toThrow();
    }
    expect(new Set(set.cases.map(({ prompt }) => prompt)).size).toBe(set.cases.length);
  });

  it('has answers to try for each case, and for no other', () => {
    expect(Object.keys(tried).sort()).toEqual(cases.map(({ id }) => id).sort());
  });

  it.each(cases.map((each) => [each.id, each] as const))('%s', async (id, each) => {
    const { good, bad } = tried[id] ?? { good: [], bad: [] };
    for (const answer of good)
      expect(await gradeAnswer(answer, each, nodePorts), answer).toMatchObject({ status: 'pass', score: 1 });
    const sentences = each.prompt.split(/(?<=[.?!])\s+/);
    const none = ['', ' \n', 'I am not sure.', 'Не знаю.', each.prompt, ...sentences.slice(-2)];
    for (const answer of [...bad, ...none, ...alsoWrong])
      expect(await gradeAnswer(answer, each, nodePorts), answer).toMatchObject({ status: 'fail', score: 0 });
  });
}
