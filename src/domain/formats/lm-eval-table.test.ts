import { promptText } from '../prompt/pieces';
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { buildScoring } from '../run/score-case';
import { importSet } from './registry';

const rowSchema = v.object({
  name: v.string(),
  task: v.string(),
  rows: v.array(v.record(v.string(), v.unknown())),
  expected: v.object({
    error: v.optional(v.string()),
    context: v.optional(v.string()),
    arguments: v.optional(v.array(v.tuple([v.string(), v.unknown()]))),
  }),
});
const settingsSchema = v.object({ until: v.array(v.string()), max_gen_toks: v.number() });
/** What lm-eval 0.4.13's `ConfigurableTask` made of each task's first document. */
const table = v.parse(
  v.array(rowSchema),
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/lm-eval-tasks.json`, 'utf8')),
);
/**
 * The row was made by `fewshot_context` without its prefix; a run of lm-eval hands it over (`build_all_requests`), so
 * that the model sees it.
 */
const DIFFERENT: Readonly<Record<string, string>> = { 'generation prefix': '2+3? The answer is' };

it.each(table.map((row) => [row.name, row] as const))('%s', (name, { task, rows, expected }) => {
  if (expected.error !== undefined) {
    expect(() => importSet(task, { rows })).toThrow(expected.error);
    return;
  }
  const [testCase] = importSet(task, { rows }).testSet.cases;
  if (testCase === undefined) throw new Error('no case');
  expect(testCase.prompt).toBe(DIFFERENT[name] ?? expected.context);
  if (testCase.choices === undefined) {
    const { until, max_gen_toks: maxTokens } = v.parse(settingsSchema, expected.arguments?.[0]?.[1]);
    expect(testCase.generation).toEqual({ plain: true, stop: until, maxTokens });
    return;
  }
  const template = { kind: 'jinja' as const, source: '', bosToken: '', eosToken: '', stop: [] };
  const { requests } = buildScoring(undefined, testCase, template);
  const pairs = requests.flatMap(({ prompt, continuations }) =>
    continuations.map((each) => [promptText(prompt), each]),
  );
  expect(pairs).toEqual(expected.arguments);
});
