import * as v from 'valibot';
import { parseJsonWith } from '../parse';
import { buildSet, type CaseDraft, type Format } from './format';
import { checkSize } from './limits';
import { gradersFor, letterOf, OtherFields } from './row-format';

const target = v.union([v.string(), v.number()]);
const exampleSchema = v.looseObject({
  input: v.string(),
  target: v.optional(v.union([target, v.array(target)])),
  target_scores: v.optional(v.record(v.string(), v.number())),
  comment: v.optional(v.string()),
});
const taskSchema = v.looseObject({
  name: v.optional(v.string()),
  description: v.optional(v.string()),
  keywords: v.optional(v.array(v.string()), []),
  task_prefix: v.optional(v.string(), ''),
  examples: v.array(exampleSchema),
});
const TASK_FIELDS = new Set(Object.keys(taskSchema.entries));
type Example = v.InferOutput<typeof exampleSchema>;

/** A `task.json` of BIG-bench: examples with `target`, or `target_scores` whose best key is the right choice. */
export const bigBench: Format = {
  id: 'big-bench',
  label: 'BIG-bench',
  detect: (text) =>
    /^\s*\{/.test(text) && /"examples"\s*:/.test(text) && /"target(_scores)?"\s*:/.test(text) ? 0.95 : 0,
  read(text, options = {}) {
    checkSize('BIG-bench', text);
    const task = parseJsonWith(taskSchema, text, 'BIG-bench');
    const others = new OtherFields(['input', 'target', 'target_scores', 'comment']);
    const drafts = task.examples.flatMap((example) => {
      const made = toDraft(example, task.task_prefix, task.keywords);
      if (made.length > 0) others.add(example);
      return made;
    });
    const ofTask = Object.keys(task).filter((name) => !TASK_FIELDS.has(name));
    return buildSet(
      'BIG-bench',
      {
        title: task.name ?? options.name ?? 'BIG-bench',
        description: task.description,
        language: options.language,
        source: 'BIG-bench',
      },
      drafts,
      [
        ...others.list(),
        {
          code: 'dropped-fields',
          count: ofTask.length > 0 ? drafts.length : 0,
          detail: ofTask.slice(0, 40).join(', '),
        },
        { code: 'skipped-rows', count: task.examples.length - drafts.length },
      ],
    );
  },
};

function toDraft(example: Example, prefix: string, keywords: readonly string[]): CaseDraft[] {
  const { input, target_scores: scores, comment } = example;
  const shared = {
    prompt: prefix + input,
    tags: keywords,
    ...(comment !== undefined && { explanation: comment }),
  };
  if (scores !== undefined) {
    const choices = Object.keys(scores);
    const best = choices.indexOf(
      choices.reduce(
        (most, each) => ((scores[each] ?? 0) > (scores[most] ?? 0) ? each : most),
        choices[0] ?? '',
      ),
    );
    const value = letterOf(best);
    return choices.length >= 2 && choices.length <= 26 && value !== undefined
      ? [{ ...shared, choices, graders: [{ type: 'choice', value }] }]
      : [];
  }
  const graders = gradersFor([example.target ?? []].flat().map(String));
  return graders === undefined ? [] : [{ ...shared, graders }];
}
