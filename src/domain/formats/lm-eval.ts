import * as v from 'valibot';
import { stringify } from 'yaml';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import type { Case, Generation, GraderSpec, TestSet } from '../sets/test-set';
import { toId, type CaseDraft, type ExportedFile, type Format, type ImportNote } from './format';
import { checkSize } from './limits';
import { buildFromRows, gradersFor, indexOfChoice } from './row-format';
import type { Row } from './rows';
import { buildContext, findGold, readChoices, readTarget } from './lm-eval-context';
import { readYaml } from './yaml-text';

const WHAT = 'lm-eval task';
const template = v.union([v.string(), v.number()]);
/** lm-eval's own, for a task that says nothing (`TaskConfig`, `HFLM.max_gen_toks`). */
const MAX_GEN_TOKS = 256;
const generationKwargsSchema = v.looseObject({
  until: v.optional(v.union([v.string(), v.array(v.string())])),
  max_gen_toks: v.optional(v.number()),
});
const taskSchema = v.looseObject({
  task: v.optional(v.union([v.string(), v.array(v.unknown())])),
  include: v.optional(v.string()),
  dataset_path: v.optional(v.string()),
  dataset_name: v.optional(v.nullable(v.string())),
  description: v.optional(v.string(), ''),
  target_delimiter: v.optional(v.string(), ' '),
  fewshot_delimiter: v.optional(v.string(), '\n\n'),
  gen_prefix: v.optional(v.string()),
  num_fewshot: v.optional(v.nullable(v.number())),
  fewshot_config: v.optional(
    v.looseObject({
      sampler: v.optional(v.string()),
      samples: v.optional(v.array(v.record(v.string(), v.unknown()))),
    }),
  ),
  doc_to_text: v.optional(template),
  doc_to_target: v.optional(v.union([template, v.array(template)])),
  doc_to_choice: v.optional(v.union([v.string(), v.array(template)])),
  output_type: v.optional(v.string(), 'generate_until'),
  generation_kwargs: v.optional(generationKwargsSchema),
  process_docs: v.optional(v.unknown()),
  process_results: v.optional(v.unknown()),
  metric_list: v.optional(v.array(v.looseObject({ metric: v.unknown() })), []),
  filter_list: v.optional(v.array(v.looseObject({ name: v.optional(v.string()) })), []),
});
type LmEvalTask = v.InferOutput<typeof taskSchema>;

/** What a task asks of the Hub, for the page to fetch its rows. */
export interface TaskDataset {
  readonly path: string;
  readonly name?: string;
}

/** @throws FaultError `bad-input` */
export function readTaskDataset(text: string): TaskDataset | undefined {
  const { dataset_path: path, dataset_name: name } = readTask(text);
  if (path === undefined || path === 'json' || path === 'csv') return undefined;
  return { path, ...(typeof name === 'string' && { name }) };
}

function readTask(text: string): LmEvalTask {
  checkSize(WHAT, text);
  const task = parseWith(taskSchema, readYaml(text, WHAT), WHAT);
  if (Array.isArray(task.task)) {
    const names = task.task.filter((each) => typeof each === 'string').slice(0, 20);
    throw badInput(WHAT, `it is a group of tasks: import one of them (${names.join(', ')})`);
  }
  if (task.include !== undefined)
    throw badInput(WHAT, `it includes ${task.include}: put that file's lines here`);
  if (task.process_docs !== undefined || task.process_results !== undefined) {
    throw badInput(WHAT, 'process_docs and process_results are Python, which cannot be run in a page');
  }
  if (task.doc_to_text === undefined) throw badInput(WHAT, 'doc_to_text is missing');
  return task;
}

/** A task of lm-eval in YAML, with the rows of its data set beside it. */
export const lmEval: Format = {
  id: 'lm-eval',
  label: WHAT,
  detect: (text) =>
    /^doc_to_text\s*:/m.test(text)
      ? 1
      : /^task\s*:/m.test(text) && /^(output_type|dataset_path|include)\s*:/m.test(text)
        ? 0.9
        : 0,
  read(text, options = {}) {
    const task = readTask(text);
    const { rows } = options;
    if (rows === undefined) {
      const from = task.dataset_path === undefined ? '' : ` of ${task.dataset_path}`;
      throw badInput(
        WHAT,
        `the rows${from} are needed too: add them as a JSON Lines file, or fetch them from the Hub`,
      );
    }
    const metrics = task.metric_list.map(({ metric }) => (typeof metric === 'string' ? metric : '?'));
    const examples = chooseExamples(task);
    const name = typeof task.task === 'string' ? task.task : options.name;
    return buildFromRows(
      WHAT,
      rows,
      (row) => toDraft(row, task, metrics, examples),
      { ...options, ...(name !== undefined && { name }) },
      [...nameUnused(text, rows.length), ...nameUnusedParts(task, rows.length)],
    );
  },
  write: writeTask,
};

/** Fields that shape the set, or say only where its rows are. */
const HONOURED = new Set([
  'task',
  'dataset_path',
  'dataset_name',
  'description',
  'target_delimiter',
  'fewshot_delimiter',
  'gen_prefix',
  'num_fewshot',
  'fewshot_config',
  'doc_to_text',
  'doc_to_target',
  'doc_to_choice',
  'output_type',
  'metric_list',
  'generation_kwargs',
  'test_split',
  'training_split',
  'validation_split',
]);

/** A note for each field that changes nothing here; each touches every case. */
function nameUnused(text: string, count: number): readonly ImportNote[] {
  const given = v.parse(v.record(v.string(), v.unknown()), readYaml(text, WHAT));
  return Object.keys(given)
    .filter((field) => !HONOURED.has(field))
    .map((field) => ({ code: 'not-applied', count, detail: field }));
}

const FEWSHOT_FIELDS = new Set(['sampler', 'samples']);
const GENERATION_FIELDS = new Set(['until', 'max_gen_toks']);
/** Says what is done anyway: the likeliest token each time. */
const GREEDY: Readonly<Record<string, unknown>> = { do_sample: false, temperature: 0 };
/** Of a metric, what does not change a mark. */
const METRIC_FIELDS = new Set(['metric', 'aggregation', 'higher_is_better']);

/** The same for what is inside a field that is used. */
function nameUnusedParts(task: LmEvalTask, count: number): readonly ImportNote[] {
  const { fewshot_config: fewshot = {}, generation_kwargs: kwargs = {}, metric_list: metrics } = task;
  const parts = [
    ...Object.keys(fewshot)
      .filter((key) => !FEWSHOT_FIELDS.has(key))
      .map((key) => `fewshot_config.${key}`),
    ...Object.entries(kwargs)
      .filter(([key, value]) => !GENERATION_FIELDS.has(key) && GREEDY[key] !== value)
      .map(([key]) => `generation_kwargs.${key}`),
    ...metrics.slice(1).map(({ metric }) => `metric_list: ${String(metric)}`),
    ...metrics
      .slice(0, 1)
      .flatMap((metric) => Object.keys(metric).filter((key) => !METRIC_FIELDS.has(key)))
      .map((key) => `metric_list.${key}`),
  ];
  const isAsked = task.output_type === 'generate_until';
  return [
    ...(isAsked ? [{ code: 'asked-plain' as const, count }] : []),
    ...parts.map((detail) => ({ code: 'not-applied' as const, count, detail })),
  ];
}

/** @throws FaultError `bad-input` for examples that are not in the file, or are drawn at random */
function chooseExamples({ num_fewshot: count, fewshot_config: config }: LmEvalTask): readonly Row[] {
  if (typeof count !== 'number' || count <= 0) return [];
  const { samples, sampler } = config ?? {};
  if (samples === undefined || sampler !== 'first_n' || samples.length < count) {
    throw badInput(
      WHAT,
      `num_fewshot asks for ${count} examples: only first_n of fewshot_config's own samples can be taken`,
    );
  }
  return samples.slice(0, count);
}

function toDraft(
  row: Row,
  task: LmEvalTask,
  metrics: readonly string[],
  examples: readonly Row[],
): CaseDraft | undefined {
  const prompt = buildContext(task, row, examples);
  const own = v.safeParse(ownRowSchema, row);
  const facts: Partial<v.InferOutput<typeof ownRowSchema>> = own.success ? own.output : {};
  const target = readTarget(task, row);
  if (task.output_type === 'multiple_choice') {
    const choices = readChoices(task, row);
    const index = findGold(target, choices);
    if (choices.length < 2 || choices.length > 26 || index === undefined) return undefined;
    const scoring = ['acc_norm', 'acc_bytes', 'acc_mutual_info'].find((each) => metrics[0] === each);
    const scored: GraderSpec = {
      type: 'multiple-choice',
      value: index,
      ...(task.target_delimiter !== ' ' && { delimiter: task.target_delimiter }),
      ...(scoring !== undefined && { scoring }),
    };
    return { prompt, choices, ...facts, graders: facts.graders ?? [scored] };
  }
  if (task.output_type !== 'generate_until') {
    throw badInput(
      WHAT,
      `output_type ${task.output_type} is not supported; generate_until and multiple_choice are`,
    );
  }
  const graders = facts.graders ?? gradeTarget(target, task, row);
  if (graders === undefined) return undefined;
  // A set of ours that was exported is asked as it was before.
  const generation = own.success ? undefined : readGeneration(task);
  return { prompt, ...facts, graders, ...(generation !== undefined && { generation }) };
}

/** Bare text, ended by the task's own texts; without any, by the delimiter between examples. */
function readGeneration({ generation_kwargs: kwargs, fewshot_delimiter }: LmEvalTask): Generation {
  const { until = fewshot_delimiter, max_gen_toks: maxTokens = MAX_GEN_TOKS } = kwargs ?? {};
  const stop = (typeof until === 'string' ? [until] : until).filter((each) => each !== '').slice(0, 16);
  return { plain: true, stop, maxTokens: Math.min(4_096, Math.max(1, Math.round(maxTokens))) };
}

/** One of several right answers is enough. */
function gradeTarget(target: unknown, task: LmEvalTask, row: Row): GraderSpec[] | undefined {
  if (Array.isArray(target) && target.length > 1)
    return [{ type: 'icontains-any', value: target.map(asText) }];
  const single: unknown = Array.isArray(target) ? target[0] : target;
  const chosen = typeof single === 'number' ? readChoices(task, row)[single] : undefined;
  const text = chosen ?? asText(single);
  return gradersFor(text.includes('####') ? (text.split('####').at(-1) ?? '') : text);
}

function asText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : JSON.stringify(value ?? '');
}

// --- export ---

/** A row that an export of ours wrote. */
const ownRowSchema = v.object({
  id: v.string(),
  choices: v.optional(v.array(v.string())),
  graders: v.array(v.looseObject({ type: v.string() })),
  tags: v.optional(v.array(v.string())),
  group: v.optional(v.string()),
  explanation: v.optional(v.string()),
  threshold: v.optional(v.number()),
  variables: v.optional(v.record(v.string(), v.string())),
});

/** The task and its rows. lm-eval scores choices by loglikelihood and the rest by exact match; our graders travel in the rows. */
function writeTask(testSet: TestSet): readonly ExportedFile[] {
  const name = toId(testSet.id);
  const isChoice = testSet.cases.every((each) => targetOf(each).index !== undefined);
  const data = `${name}.jsonl`;
  const task = {
    task: name.replaceAll('-', '_'),
    dataset_path: 'json',
    dataset_kwargs: { data_files: { test: data } },
    test_split: 'test',
    ...(testSet.system !== undefined && { description: `${testSet.system}\n\n` }),
    doc_to_text: '{{prompt}}',
    ...(isChoice
      ? { output_type: 'multiple_choice', doc_to_choice: 'choices', doc_to_target: '{{index}}' }
      : {
          output_type: 'generate_until',
          doc_to_target: '{{target}}',
          generation_kwargs: { until: ['</s>'], do_sample: false },
        }),
    ...(!isChoice && { filter_list: writeFilters(testSet) }),
    metric_list: isChoice
      ? [{ metric: 'acc', aggregation: 'mean', higher_is_better: true }]
      : [
          {
            metric: 'exact_match',
            aggregation: 'mean',
            higher_is_better: true,
            ignore_case: true,
            ignore_punctuation: true,
          },
        ],
    metadata: { version: 1, title: testSet.title, licence: testSet.licence },
  };
  const rows = testSet.cases.map((testCase) => JSON.stringify({ ...testCase, ...targetOf(testCase) }));
  return [
    { name: `${name}.yaml`, mediaType: 'application/yaml', text: stringify(task, { lineWidth: 0 }) },
    { name: data, mediaType: 'application/jsonl', text: `${rows.join('\n')}\n` },
  ];
}

/** More would be no pattern any more. */
const MAX_NAMES = 300;

/** Two readings of each answer: all of it, and the last thing in it that any question of the set asks for, or number. */
function writeFilters({ cases }: TestSet): readonly object[] {
  const named = cases.flatMap((each) => [targetOf(each).target, ...(each.choices ?? [])]);
  const listed = cases.flatMap(({ graders }) =>
    graders.flatMap(({ options }) => {
      const parsed = v.safeParse(optionTextsSchema, options);
      return parsed.success ? parsed.output : [];
    }),
  );
  const names = [...new Set([...named, ...listed].map((name) => name.trim().toLowerCase()))]
    .filter((name) => name !== '' && name.length <= 60 && !/^[\d.,-]+$/.test(name))
    .sort((one, other) => other.length - one.length)
    .slice(0, MAX_NAMES)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = `(?i)(?<!\\w)(${[...names, '-?\\d+(?:[.,]\\d+)*'].join('|')})(?!\\w)`;
  return [
    { name: 'whole', filter: [{ function: 'take_first' }] },
    {
      name: 'last-answer',
      filter: [
        { function: 'regex', regex_pattern: pattern, group_select: -1, fallback: '[invalid]' },
        { function: 'take_first' },
      ],
    },
  ];
}

const optionTextsSchema = v.array(
  v.union([
    v.string(),
    v.pipe(
      v.object({ text: v.string() }),
      v.transform(({ text }) => text),
    ),
  ]),
);

/** The right answer as lm-eval needs it: the text, and the choice's index. */
function targetOf({ choices, graders }: Case): { readonly target: string; readonly index?: number } {
  const spec = graders.find(({ type, value }) => value !== undefined && !type.startsWith('not-'));
  const value = spec?.value;
  if (choices !== undefined && (typeof value === 'string' || typeof value === 'number')) {
    const index = typeof value === 'number' ? value : indexOfChoice(value, choices);
    const target = index === undefined ? undefined : choices[index];
    if (index !== undefined && target !== undefined) return { target, index };
  }
  return { target: Array.isArray(value) ? asText(value[0]) : asText(value ?? '') };
}
