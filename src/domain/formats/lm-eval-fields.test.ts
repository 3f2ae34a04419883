import { expect, it } from 'vitest';
import { FaultError } from '../fault';
import { readTaskDataset } from './lm-eval/task';
import { detectFormat, importSet } from './registry';

const rows = [
  { q: '1+1?', a: '2', wrong: '3' },
  { q: '2+2?', a: '4', wrong: '5' },
];
const fewshotRows = [7, 5, 3, 9, 4, 8].map((n) => ({ q: `${n}-1?`, a: `${n - 1}`, wrong: `${n + 1}` }));
const BASE = 'task: sums\ndoc_to_text: "{{q}}"\ndoc_to_target: "{{a}}"\noutput_type: generate_until\n';
const SHOTS = 'num_fewshot: 1\ntest_split: test\nfewshot_split: train\n';
const read = (lines: string) => importSet(BASE + lines, { rows, fewshotRows });
const notesOf = (lines: string) => read(lines).notes;

/** A task with other lines in place of those that set the same fields. */
function replaceFields(task: string, lines: string): string {
  const fieldsOf = (text: string) => text.split('\n').filter((line) => line !== '');
  const nameOf = (line: string) => line.split(':')[0];
  const own = new Set(fieldsOf(lines).map(nameOf));
  return [...fieldsOf(task).filter((line) => !own.has(nameOf(line))), ...fieldsOf(lines)].join('\n');
}

/** All that a person gets of a file: the set, what is fetched for it, what is said of it, or why it cannot be had. */
function describe(task: string) {
  try {
    const { testSet, notes } = importSet(task, { rows, fewshotRows });
    return { outcome: JSON.stringify([testSet, readTaskDataset(task)]), said: JSON.stringify(notes) };
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
    return { outcome: '', said: error.fault.detail };
  }
}

it('tells that questions are asked as bare text, and nothing else of a task that is honoured whole', () => {
  expect(notesOf('')).toEqual([{ code: 'asked-plain', count: 2 }]);
  expect(
    notesOf('generation_kwargs: {until: ["."], max_gen_toks: 5, do_sample: false, temperature: 0}'),
  ).toEqual([{ code: 'asked-plain', count: 2 }]);
  expect(
    notesOf(
      'repeats: 1\nunsafe_code: false\nshould_decontaminate: false\nmetadata: {version: 2}\ntask_alias: Sums\n' +
        'metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true}]\n' +
        'filter_list: [{name: x, filter: [{function: regex, regex_pattern: "(\\\\d+)"}, {function: take_first}]}]\n',
    ),
  ).toEqual([{ code: 'asked-plain', count: 2 }]);
});

/** Each field of lm-eval 0.4.13's `TaskConfig` and `FewshotConfig`, of a metric and of a filter, where it can matter. */
it.each([
  ['task', 'task: other'],
  ['task_alias', 'task_alias: Sums'],
  ['tag', 'tag: math'],
  ['tag', 'tag: [math, sums]'],
  ['custom_dataset', 'custom_dataset: utils.load'],
  ['dataset_path', 'dataset_path: owner/name'],
  ['dataset_name', 'dataset_name: main', 'dataset_path: owner/name\n'],
  ['dataset_kwargs', 'dataset_kwargs: {revision: main}'],
  ['training_split', 'training_split: train', 'dataset_path: owner/name\nnum_fewshot: 1\ntest_split: test\n'],
  ['validation_split', 'validation_split: validation', 'dataset_path: owner/name\n'],
  ['test_split', 'test_split: test', 'dataset_path: owner/name\n'],
  ['fewshot_split', 'fewshot_split: train', 'dataset_path: owner/name\ntest_split: test\nnum_fewshot: 1\n'],
  ['process_docs', 'process_docs: utils.process_docs'],
  ['doc_to_text', 'doc_to_text: "{{wrong}}"'],
  ['doc_to_target', 'doc_to_target: wrong'],
  ['doc_to_image', 'doc_to_image: picture'],
  ['doc_to_audio', 'doc_to_audio: sound'],
  ['unsafe_code', 'unsafe_code: true'],
  ['doc_to_choice', 'doc_to_choice: ["2", "3", "4", "5"]\ndoc_to_target: 1'],
  ['process_results', 'process_results: utils.process_results'],
  ['use_prompt', 'use_prompt: "promptsource:x"'],
  ['description', 'description: "Sums. "'],
  ['target_delimiter', 'target_delimiter: "="', SHOTS],
  ['fewshot_delimiter', 'fewshot_delimiter: "##"', SHOTS],
  ['num_fewshot', 'num_fewshot: 1', 'test_split: test\nfewshot_split: test\n'],
  ['metric_list', 'metric_list: [{metric: f1}]'],
  ['metric_list', 'metric_list: [{metric: exact_match}, {metric: bleu}]'],
  ['output_type', 'output_type: loglikelihood'],
  ['output_type', 'output_type: loglikelihood_rolling'],
  ['generation_kwargs', 'generation_kwargs: {until: ["x"]}'],
  ['generation_kwargs', 'generation_kwargs: {max_gen_toks: 5}'],
  ['generation_kwargs', 'generation_kwargs: {max_new_tokens: 5}'],
  ['generation_kwargs', 'generation_kwargs: {max_tokens: 5}'],
  ['generation_kwargs.max_gen_toks', 'generation_kwargs: {max_gen_toks: 1000000}'],
  ['generation_kwargs.temperature', 'generation_kwargs: {until: ["."], temperature: 0.7}'],
  ['generation_kwargs.do_sample', 'generation_kwargs: {do_sample: true}'],
  ['repeats', 'repeats: 3'],
  ['filter_list', 'filter_list: [{name: x, filter: [{function: lowercase}]}]'],
  ['filter_list: x', 'filter_list: [{name: x, filter: [{function: custom, filter_fn: y}]}]'],
  ['filter_list: x', 'filter_list: [{name: x, filter: [{function: regex, regex_pattern: "("}]}]'],
  ['filter_list: x', 'filter_list: [{name: x, filter: [{function: regex, other: 1}]}]'],
  ['should_decontaminate', 'should_decontaminate: true'],
  ['doc_to_decontamination_query', 'doc_to_decontamination_query: q'],
  ['gen_prefix', 'gen_prefix: "It is"'],
  ['metadata', 'metadata: {version: 7}'],
  ['metadata.note', 'metadata: {note: x}'],
  ['include', 'include: _base.yaml'],
  ['task', 'task: [one, two]'],
  ['anything', 'anything: 1'],
  ['fewshot_config.sampler', 'fewshot_config: {sampler: first_n}', SHOTS],
  ['fewshot_config.sampler', 'fewshot_config: {sampler: balanced}', SHOTS],
  ['fewshot_config.split', 'fewshot_config: {split: test}', `dataset_path: owner/name\n${SHOTS}`],
  ['fewshot_config.process_docs', 'fewshot_config: {process_docs: utils.x}', SHOTS],
  [
    'fewshot_config.samples',
    'fewshot_config: {samples: [{q: "9-1?", a: "8", wrong: "7"}]}',
    'num_fewshot: 1\ntest_split: test\n',
  ],
  ['fewshot_config.doc_to_text', 'fewshot_config: {doc_to_text: "{{wrong}}"}', SHOTS],
  ['fewshot_config.doc_to_target', 'fewshot_config: {doc_to_target: "{{wrong}}"}', SHOTS],
  [
    'fewshot_config.doc_to_choice',
    'fewshot_config: {doc_to_choice: ["A", "B"]}',
    `${SHOTS}doc_to_choice: ["a", "b"]\ndoc_to_target: 0\n`,
  ],
  ['fewshot_config.gen_prefix', 'fewshot_config: {gen_prefix: "It is"}', SHOTS],
  ['fewshot_config.fewshot_delimiter', 'fewshot_config: {fewshot_delimiter: "##"}', SHOTS],
  ['fewshot_config.target_delimiter', 'fewshot_config: {target_delimiter: "="}', SHOTS],
  ['fewshot_config.other', 'fewshot_config: {other: 1}', SHOTS],
  ['ignore_case', 'metric_list: [{metric: exact_match, ignore_case: true}]'],
  ['ignore_punctuation', 'metric_list: [{metric: exact_match, ignore_punctuation: true}]'],
  ['ignore_numbers', 'metric_list: [{metric: exact_match, ignore_numbers: true}]'],
  ['regexes_to_ignore', 'metric_list: [{metric: exact_match, regexes_to_ignore: [","]}]'],
  ['regexes_to_ignore', 'metric_list: [{metric: exact_match, regexes_to_ignore: ["("]}]'],
  ['aggregation', 'metric_list: [{metric: exact_match, aggregation: median}]'],
  ['higher_is_better', 'metric_list: [{metric: exact_match, higher_is_better: false}]'],
  ['num_beams', 'metric_list: [{metric: exact_match, num_beams: 2}]'],
])('honours or names %s: %s', (field, lines, before = '') => {
  const withField = describe(replaceFields(replaceFields(BASE, before), lines));
  const without = describe(replaceFields(BASE, before));
  const isNamed = withField.said.includes(field) && !without.said.includes(field);
  const isHonoured = withField.outcome !== '' && withField.outcome !== without.outcome;
  expect(isNamed || isHonoured).toBe(true);
});

it('takes the stop that lm-eval takes where a task has none, and bounds what a file asks for', () => {
  const settingsOf = (lines: string) => read(lines).testSet.cases[0]?.generation;
  expect(settingsOf('')).toEqual({ plain: true, stop: ['\n\n'], maxTokens: 256 });
  expect(settingsOf('fewshot_delimiter: "##"')).toEqual({ plain: true, stop: ['##'], maxTokens: 256 });
  expect(settingsOf('generation_kwargs: {until: x, max_gen_toks: 1000000}')).toEqual({
    plain: true,
    stop: ['x'],
    maxTokens: 4_096,
  });
});

it('names the tasks of a group, also those that it lists with their settings', () => {
  const group =
    'group: mine\ntask:\n  - one\n  - task: two\n    num_fewshot: 1\n  - group: three\n    task: [four, five]\n';
  expect(detectFormat(group, 'mine.yaml')?.id).toBe('lm-eval');
  expect(() => importSet(group, { rows })).toThrow('(one, two, four, five)');
});

it('gives the cases the tags of the task, and the set its name', () => {
  const { testSet } = read('task_alias: Sums of two\ntag: [math, sums]\nmetadata: {version: 2}\n');
  expect(testSet).toMatchObject({ title: 'Sums of two', description: 'Version 2.' });
  expect(testSet.cases.map(({ tags }) => tags)).toEqual([
    ['math', 'sums'],
    ['math', 'sums'],
  ]);
});

it('tells what the page needs of the Hub', () => {
  const task = `${BASE}dataset_path: owner/name\ntest_split: test\ntraining_split: train\n`;
  expect(readTaskDataset(task)).toEqual({ path: 'owner/name', split: 'test' });
  expect(readTaskDataset(`${task}num_fewshot: 2\n`)).toMatchObject({ split: 'test', fewshotSplit: 'train' });
  expect(readTaskDataset(`${task}num_fewshot: 2\nfewshot_split: dev\n`)).toMatchObject({
    fewshotSplit: 'dev',
  });
  expect(() => importSet(`${task}num_fewshot: 2\n`, { rows })).toThrow('the part "train"');
});

it('leaves out and names what is too long or cannot be scored, and keeps the rest', () => {
  const task = 'doc_to_text: "{{q}}"\ndoc_to_choice: c\ndoc_to_target: 0\noutput_type: multiple_choice\n';
  const others = [
    { q: 'x'.repeat(100_001), c: ['a', 'b'] },
    { q: 'one', c: ['a', ''] },
    { q: 'two', c: ['a', 'b'.repeat(2_001)] },
    { q: 'three', c: ['a'] },
  ];
  const { testSet, notes } = importSet(task, { rows: [...others, { q: 'four', c: ['a', 'b'] }] });
  expect(testSet.cases).toMatchObject([{ prompt: 'four' }]);
  expect(notes).toContainEqual({
    code: 'skipped-rows',
    count: 4,
    detail: 'record 1: its text has 100001 characters; at most 100000 can be asked',
  });
});

it('reads what PyYAML reads: quoted keys, and of two the last', () => {
  const quoted = BASE.replace(/^(\w+):/gm, '"$1":');
  expect(detectFormat(quoted, 'a.yaml')?.id).toBe('lm-eval');
  const twice = `${quoted}"description": one\n"description": "two "\n`;
  expect(importSet(twice, { rows }).testSet.cases[0]?.prompt).toBe('two 1+1?');
});
