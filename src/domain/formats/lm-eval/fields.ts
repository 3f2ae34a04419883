import type { ImportNote } from '../format';
import type { GradingPlan } from './grading';
import type { LmEvalTask } from './task';

/** Fields that shape the set, or say only where its rows are. */
const HONOURED = new Set([
  'task',
  'task_alias',
  'tag',
  'dataset_path',
  'dataset_name',
  'training_split',
  'validation_split',
  'test_split',
  'fewshot_split',
  'fewshot_config',
  'num_fewshot',
  'description',
  'target_delimiter',
  'fewshot_delimiter',
  'gen_prefix',
  'doc_to_text',
  'doc_to_target',
  'doc_to_choice',
  'output_type',
  'generation_kwargs',
  'metric_list',
  'filter_list',
  'metadata',
]);
/** What these say is what is done anyway. */
const USUAL: Readonly<Record<string, unknown>> = {
  repeats: 1,
  should_decontaminate: false,
  unsafe_code: false,
};

const FEWSHOT_FIELDS = new Set([
  'sampler',
  'split',
  'samples',
  // lm-eval reads it and does nothing with it.
  'fewshot_indices',
  'doc_to_text',
  'doc_to_target',
  'doc_to_choice',
  'gen_prefix',
  'fewshot_delimiter',
  'target_delimiter',
]);
/** Says what is done anyway: the likeliest token each time. */
const GREEDY: Readonly<Record<string, unknown>> = { do_sample: false, temperature: 0 };

export const MOST_ANSWER_TOKENS = 4_096;
export const MOST_STOPS = 16;
export const MOST_STOP_CHARACTERS = 200;

/** A note for each field that changes nothing here, and for what a person should know of those that do. */
export function noteFields(
  task: LmEvalTask,
  fields: Readonly<Record<string, unknown>>,
  plan: GradingPlan,
  count: number,
): readonly ImportNote[] {
  const { fewshot_config: fewshot = {}, metadata = {} } = task;
  const isAsked = task.output_type === 'generate_until';
  const unused = [
    ...Object.entries(fields)
      .filter(([field, value]) => !HONOURED.has(field) && !(field in USUAL && USUAL[field] === value))
      .map(([field]) => field),
    ...Object.keys(fewshot)
      .filter((key) => !FEWSHOT_FIELDS.has(key))
      .map((key) => `fewshot_config.${key}`),
    ...Object.keys(metadata)
      .filter((key) => key !== 'version')
      .map((key) => `metadata.${key}`),
    ...(isAsked ? listUnusedKwargs(task) : []),
    ...plan.unused,
  ];
  const [first, ...others] = plan.scores.map(({ name }) => name);
  return [
    ...(isAsked ? [{ code: 'asked-plain' as const, count }] : []),
    ...(others.length > 0
      ? [{ code: 'several-scores' as const, count, detail: [first, ...others].join('; ') }]
      : []),
    ...unused.map((detail) => ({ code: 'not-applied' as const, count, detail })),
  ];
}

/** Names for the same, the first given counts (`normalize_gen_kwargs`). */
const MAX_TOKENS = ['max_gen_toks', 'max_new_tokens', 'max_tokens', 'max_completion_tokens'];

/** How long an answer may be; undefined where the task does not say. */
export function readMaxTokens(kwargs: LmEvalTask['generation_kwargs']): number | undefined {
  return MAX_TOKENS.map((name) => kwargs?.[name]).find((value) => typeof value === 'number');
}

function listUnusedKwargs({ generation_kwargs: kwargs = {} }: LmEvalTask): readonly string[] {
  const { until = [] } = kwargs;
  const stops = typeof until === 'string' ? [until] : until;
  const isBounded = stops.length <= MOST_STOPS && stops.every(({ length }) => length <= MOST_STOP_CHARACTERS);
  const most = readMaxTokens(kwargs) ?? 1;
  // Without sampling a temperature changes nothing.
  const usual: Readonly<Record<string, unknown>> =
    kwargs['do_sample'] === false ? { ...GREEDY, temperature: kwargs['temperature'] } : GREEDY;
  return [
    ...(isBounded ? [] : ['generation_kwargs.until']),
    ...(Number.isInteger(most) && most >= 1 && most <= MOST_ANSWER_TOKENS
      ? []
      : ['generation_kwargs.max_gen_toks']),
    ...Object.entries(kwargs)
      .filter(([key, value]) => key !== 'until' && !MAX_TOKENS.includes(key) && usual[key] !== value)
      .map(([key]) => `generation_kwargs.${key}`),
  ];
}
