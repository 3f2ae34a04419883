import * as v from 'valibot';
import { stringify } from 'yaml';
import { generationSchema, requestSchema, type Case, type TestSet } from '../../sets/test-set';
import { toId, type ExportedFile } from '../format';
import { indexOfChoice } from '../row-format';

/** A row that an export of ours wrote. */
export const ownRowSchema = v.object({
  id: v.string(),
  choices: v.optional(v.array(v.string())),
  graders: v.array(v.looseObject({ type: v.string() })),
  tags: v.optional(v.array(v.string())),
  generation: v.optional(generationSchema),
  requests: v.optional(v.array(requestSchema)),
  group: v.optional(v.string()),
  explanation: v.optional(v.string()),
  threshold: v.optional(v.number()),
  variables: v.optional(v.record(v.string(), v.string())),
});

/** The task and its rows. lm-eval scores choices by loglikelihood and the rest by exact match; our graders travel in the rows. */
export function writeTask(testSet: TestSet): readonly ExportedFile[] {
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

function asText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : JSON.stringify(value ?? '');
}
