import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { CaseGrade, ChoiceScores } from '../graders/grader';
import { gradeAnswer } from '../graders/registry';
import { nodePorts } from '../graders/testing/node-ports';
import { promptText } from '../prompt/pieces';
import { buildScoring, gradeScores } from '../run/score-case';
import { summarizeMetrics } from '../run/metrics';
import type { GradedResult } from '../run/run';
import type { Case } from '../sets/test-set';
import { makeGraded } from '../testing/make-run';
import { importSet } from './registry';

const numbers = v.record(v.string(), v.number());
const documentSchema = v.object({
  arguments: v.array(v.array(v.unknown())),
  graded: v.optional(v.array(v.object({ output: v.string(), scores: v.record(v.string(), numbers) }))),
  likelihoods: v.optional(
    v.object({ loglikelihoods: v.array(v.number()), greedy: v.array(v.boolean()), scores: numbers }),
  ),
});
const rows = v.array(v.record(v.string(), v.unknown()));
const tableSchema = v.array(
  v.object({
    name: v.string(),
    task: v.string(),
    rows,
    fewshotRows: v.optional(rows),
    documents: v.array(documentSchema),
    totals: numbers,
  }),
);
/** What lm-eval 0.4.13 makes of tasks in the shape of its own: scripts/lm-eval-expected.py. */
const table = v.parse(
  tableSchema,
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/lm-eval-own-tasks.json`, 'utf8')),
);

const settingsSchema = v.looseObject({
  until: v.union([v.string(), v.array(v.string())]),
  max_gen_toks: v.optional(v.number(), 256),
});
const template = { kind: 'jinja' as const, source: '', bosToken: '', eosToken: '', stop: [] };

/** The requests as lm-eval lists them. */
function listRequests(testCase: Case): readonly (readonly unknown[])[] {
  const { generation } = testCase;
  if (generation !== undefined) return [[testCase.prompt, generation]];
  const { requests, alone } = buildScoring(undefined, testCase, template);
  return [
    ...requests.flatMap(({ prompt, continuations }) =>
      continuations.map((each) => [promptText(prompt), each]),
    ),
    ...alone.map((each) => ['', each]),
  ];
}

/** What lm-eval lists, in our terms: a rolling likelihood has no context, and settings that change nothing are left out. */
function translate(given: readonly unknown[]): readonly unknown[] {
  const [context, second] = given;
  if (given.length === 1) return ['', context];
  if (typeof second === 'string') return given;
  const { until, max_gen_toks: maxTokens } = v.parse(settingsSchema, second);
  return [context, { plain: true, stop: typeof until === 'string' ? [until] : until, maxTokens }];
}

/** Each score of a case by its name: where there is only one it has no name of its own. */
function readScores(
  { metrics, score }: CaseGrade,
  names: readonly string[],
): Readonly<Record<string, number>> {
  const [only = ''] = names;
  return metrics ?? { [only]: score };
}

/** Scores that lm-eval has, and no single question has here. */
const CORPUS = new Set(['f1', 'mcc']);

describe.each(table.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  const { task, rows: asked, fewshotRows } = row;
  const { testSet } = importSet(task, { rows: asked, ...(fewshotRows && { fewshotRows }) });

  it('asks every document what lm-eval asks', () => {
    expect(testSet.cases).toHaveLength(row.documents.length);
    testSet.cases.forEach((testCase, index) => {
      expect(listRequests(testCase)).toEqual(row.documents[index]?.arguments.map(translate));
    });
  });

  it('grades as lm-eval grades', async () => {
    let count = 0;
    const results: GradedResult[] = [];
    for (const [index, testCase] of testSet.cases.entries()) {
      const { graded = [], likelihoods } = row.documents[index] ?? {};
      for (const { output, scores } of graded) {
        const wanted = Object.fromEntries(
          Object.entries(scores).flatMap(([pipeline, metrics]) =>
            Object.entries(metrics).map(([metric, value]) => [`${metric},${pipeline}`, value]),
          ),
        );
        const grade = await gradeAnswer(output, testCase, nodePorts);
        expect([output, readScores(grade, Object.keys(wanted))]).toEqual([output, wanted]);
        count++;
      }
      if (likelihoods !== undefined) {
        results.push(await expectLikelihoods(testCase, likelihoods));
        count++;
      }
    }
    expect(count).toBeGreaterThan(0);
    // Where there is one score alone it is the share of right answers, which has no name.
    const metrics = new Map(summarizeMetrics(testSet.cases, results).map(({ name, value }) => [name, value]));
    for (const [name, value] of Object.entries(row.totals)) {
      const isCounted = !CORPUS.has(name) && (metrics.size > 0 || name !== 'acc');
      if (isCounted) expect([name, metrics.get(name)]).toEqual([name, expect.closeTo(value, 9)]);
    }
  });
});

async function expectLikelihoods(
  testCase: Case,
  { loglikelihoods, greedy, scores }: NonNullable<v.InferOutput<typeof documentSchema>['likelihoods']>,
): Promise<GradedResult> {
  const count = (testCase.choices ?? testCase.requests ?? []).length;
  const given: ChoiceScores = {
    loglikelihoods: loglikelihoods.slice(0, count),
    ...(loglikelihoods.length > count && { unconditional: loglikelihoods.slice(count) }),
    greedy: greedy.slice(0, count),
    tokens: greedy.slice(0, count).map(() => 1),
  };
  const names = Object.keys(scores).filter((name) => !CORPUS.has(name));
  const grade = await gradeScores(
    testCase,
    given,
    (answer, each, facts) => gradeAnswer(answer, each, facts),
    {},
  );
  const found = readScores(grade, names);
  for (const name of names)
    expect([name, found[name]]).toEqual([name, expect.closeTo(scores[name] ?? NaN, 9)]);
  const { metrics } = grade;
  return makeGraded({ caseId: testCase.id, choices: given, ...(metrics && { metrics }) });
}
