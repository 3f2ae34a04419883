import * as v from 'valibot';
import { badInput } from '../../fault';
import { parseWith } from '../../parse';
import { checkSize } from '../limits';
import { readYaml } from '../yaml-text';

export const WHAT = 'lm-eval task';

const template = v.union([v.string(), v.number()]);
const choicesField = v.union([v.string(), v.array(template), v.record(v.string(), template)]);
const targetField = v.union([template, v.array(template)]);

const filterStepSchema = v.looseObject({ function: v.unknown() });
const generationKwargsSchema = v.looseObject({
  until: v.optional(v.union([v.string(), v.array(v.string())])),
});
const fewshotSchema = v.looseObject({
  sampler: v.optional(v.string(), 'default'),
  split: v.optional(v.string()),
  samples: v.optional(v.array(v.record(v.string(), v.unknown()))),
  doc_to_text: v.optional(template),
  doc_to_target: v.optional(targetField),
  doc_to_choice: v.optional(choicesField),
  gen_prefix: v.optional(v.string()),
  fewshot_delimiter: v.optional(v.string()),
  target_delimiter: v.optional(v.string()),
});

/** `TaskConfig` of lm-eval 0.4.13, as far as it shapes what is asked and graded. */
const taskSchema = v.looseObject({
  task: v.optional(v.union([v.string(), v.array(v.unknown())])),
  task_alias: v.optional(v.string()),
  tag: v.optional(v.union([v.string(), v.array(v.string())])),
  include: v.optional(v.string()),
  dataset_path: v.optional(v.string()),
  dataset_name: v.optional(v.string()),
  training_split: v.optional(v.string()),
  validation_split: v.optional(v.string()),
  test_split: v.optional(v.string()),
  fewshot_split: v.optional(v.string()),
  description: v.optional(v.string(), ''),
  target_delimiter: v.optional(v.string(), ' '),
  fewshot_delimiter: v.optional(v.string(), '\n\n'),
  gen_prefix: v.optional(v.string()),
  num_fewshot: v.optional(v.pipe(v.number(), v.safeInteger(), v.maxValue(1_000))),
  fewshot_config: v.optional(fewshotSchema),
  doc_to_text: v.optional(template),
  doc_to_target: v.optional(targetField),
  doc_to_choice: v.optional(choicesField),
  output_type: v.optional(
    v.picklist(['generate_until', 'multiple_choice', 'loglikelihood', 'loglikelihood_rolling']),
    'generate_until',
  ),
  generation_kwargs: v.optional(generationKwargsSchema),
  repeats: v.optional(v.number(), 1),
  metric_list: v.optional(v.array(v.looseObject({ metric: v.unknown() }))),
  filter_list: v.optional(
    v.array(
      v.looseObject({
        name: v.optional(v.string(), 'none'),
        filter: v.optional(v.array(filterStepSchema), []),
      }),
    ),
  ),
  metadata: v.optional(v.looseObject({ version: v.optional(v.union([v.string(), v.number()])) })),
});

export type LmEvalTask = v.InferOutput<typeof taskSchema>;
export type FilterStep = v.InferOutput<typeof filterStepSchema>;
export type FewshotConfig = v.InferOutput<typeof fewshotSchema>;

/** Fields that are Python, so that nobody but lm-eval knows what they do. */
const PYTHON = ['process_docs', 'process_results', 'custom_dataset', 'use_prompt'];
const MAX_NAMES = 20;

/** Every field of the file that says something, without those that are null: lm-eval takes them for absent. */
export function readFields(text: string): Readonly<Record<string, unknown>> {
  checkSize(WHAT, text);
  return parseWith(
    v.record(v.string(), v.unknown()),
    dropNulls(readYaml(text, WHAT, { takesLast: true })),
    WHAT,
  );
}

/** Of an object, its fields that are not null. */
export function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));
}

/** @throws FaultError `bad-input` for a group, and for what needs another file or Python */
export function readTask(text: string): LmEvalTask {
  const fields = readFields(text);
  const { task: tasks } = fields;
  if (Array.isArray(tasks)) {
    throw badInput(WHAT, `it is a group of tasks: import one of them (${nameTasks(tasks).join(', ')})`);
  }
  const config = dropNulls(fields['fewshot_config']);
  const task = parseWith(
    taskSchema,
    { ...fields, ...(config !== undefined && { fewshot_config: config }) },
    WHAT,
  );
  if (task.include !== undefined)
    throw badInput(WHAT, `it includes ${task.include}: put that file's lines here`);
  const python = PYTHON.find((field) => task[field] !== undefined);
  if (python !== undefined || task.fewshot_config?.['process_docs'] !== undefined) {
    throw badInput(
      WHAT,
      `${python ?? 'fewshot_config.process_docs'} is Python, which cannot be run in a page`,
    );
  }
  if (task.doc_to_text === undefined && task.output_type !== 'loglikelihood_rolling')
    throw badInput(WHAT, 'doc_to_text is missing');
  return task;
}

/** The tasks, groups and tags that a group lists: by name, or in place with their own settings. */
function nameTasks(tasks: readonly unknown[]): readonly string[] {
  const names = tasks.flatMap((each) => {
    if (typeof each === 'string') return [each];
    if (typeof each !== 'object' || each === null) return [];
    const { task, group } = each as Readonly<Record<string, unknown>>;
    if (Array.isArray(task)) return nameTasks(task.filter((inner) => typeof inner === 'string'));
    return [task, group].filter((name) => typeof name === 'string').slice(0, 1);
  });
  return names.length > MAX_NAMES ? [...names.slice(0, MAX_NAMES), '…'] : names;
}

/** What a task asks of the Hub, for the page to fetch its rows. */
export interface TaskDataset {
  readonly path: string;
  readonly name?: string;
  /** The part that is asked, where the file says. */
  readonly split?: string;
  /** The part that examples are drawn from, where it shows any that are not in the file itself. */
  readonly fewshotSplit?: string;
}

/** @throws FaultError `bad-input` */
export function readTaskDataset(text: string): TaskDataset | undefined {
  const task = readTask(text);
  const { dataset_path: path, dataset_name: name } = task;
  if (path === undefined || path === 'json' || path === 'csv') return undefined;
  const split = askedSplit(task);
  const fewshotSplit = poolSplit(task);
  return {
    path,
    ...(name !== undefined && { name }),
    ...(split !== undefined && { split }),
    ...(fewshotSplit !== undefined && { fewshotSplit }),
  };
}

/** The part whose rows a task needs beside those it asks; undefined where it needs none. @throws FaultError `bad-input` */
export function readMissingPart(text: string): string | undefined {
  const task = readTask(text);
  const split = poolSplit(task);
  return split === askedSplit(task) ? undefined : split;
}

/** The part of the data set that is asked (`Task.eval_docs`). */
export function askedSplit({ test_split, validation_split }: LmEvalTask): string | undefined {
  return test_split ?? validation_split;
}

/**
 * The part that examples are drawn from (`ConfigurableTask.fewshot_docs`); undefined where they are in the file itself, or none
 * are shown.
 */
export function poolSplit(task: LmEvalTask): string | undefined {
  if ((task.num_fewshot ?? 0) <= 0) return undefined;
  const split = task.fewshot_config?.split ?? task.fewshot_split;
  if (split !== undefined || task.fewshot_config?.samples !== undefined) return split;
  return task.training_split ?? task.validation_split ?? task.test_split;
}
