import * as v from 'valibot';
import { gradersFor, defineRowFormat, letterOf } from './row-format';
import { textOf, type Row } from './rows';

/** lm-eval 0.4: `{gen_args_0: {arg_0, arg_1}}`; before, a list of lists. */
const argumentSchema = v.looseObject({ arg_0: v.string(), arg_1: v.optional(v.unknown()) });

function readArguments(row: Row): readonly { readonly context: string; readonly rest: unknown }[] {
  const { arguments: raw } = row;
  if (Array.isArray(raw)) {
    return raw.flatMap((each: unknown) =>
      Array.isArray(each) && typeof each[0] === 'string'
        ? [{ context: each[0], rest: each[1] as unknown }]
        : [],
    );
  }
  if (typeof raw !== 'object' || raw === null) return [];
  return Object.values(raw).flatMap((each) =>
    v.is(argumentSchema, each) ? [{ context: each.arg_0, rest: each.arg_1 }] : [],
  );
}

/**
 * `samples_*.jsonl` of lm-eval's `--log_samples`: exactly the prompts of that run. Contexts with a continuation each are
 * the choices of a loglikelihood task.
 */
export const lmEvalSamples = defineRowFormat({
  id: 'lm-eval-samples',
  label: 'lm-eval samples',
  matches: (row) => 'doc_id' in row && 'arguments' in row && 'target' in row,
  toCase(row) {
    const requests = readArguments(row);
    const [first] = requests;
    if (first === undefined) return undefined;
    const id = `doc-${textOf(row, 'doc_id') ?? ''}`;
    const choices = requests.flatMap(({ rest }) => (typeof rest === 'string' ? [rest.trim()] : []));
    const target = textOf(row, 'target') ?? '';
    const isScored = choices.length === requests.length && choices.length >= 2 && choices.length <= 26;
    if (isScored && new Set(requests.map(({ context }) => context)).size === 1) {
      const index = /^\d+$/.test(target) ? Number(target) : choices.indexOf(target.trim());
      if (letterOf(index) === undefined || index >= choices.length) return undefined;
      return { id, prompt: first.context, choices, graders: [{ type: 'multiple-choice', value: index }] };
    }
    const graders = gradersFor(target.includes('####') ? (target.split('####').at(-1) ?? '') : target);
    return graders === undefined ? undefined : { id, prompt: first.context, graders };
  },
});
