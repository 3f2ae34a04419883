import { expect, it } from 'vitest';
import { importSet } from './registry';

const rows = [
  { q: '1+1?', a: '2' },
  { q: '2+2?', a: '4' },
];
const BASE = 'task: sums\ndoc_to_text: "{{q}}"\ndoc_to_target: "{{a}}"\noutput_type: generate_until\n';
const notesOf = (lines: string) => importSet(BASE + lines, { rows }).notes;

it('tells that questions are asked as bare text, and nothing else of a task that is honoured whole', () => {
  expect(notesOf('')).toEqual([{ code: 'asked-plain', count: 2 }]);
  expect(
    notesOf('generation_kwargs: {until: ["."], max_gen_toks: 5, do_sample: false, temperature: 0}'),
  ).toEqual([{ code: 'asked-plain', count: 2 }]);
});

it.each([
  ['filter_list: [{name: x, filter: [{function: take_first}]}]', 'filter_list'],
  ['should_decontaminate: true', 'should_decontaminate'],
  ['doc_to_decontamination_query: q', 'doc_to_decontamination_query'],
  ['repeats: 3', 'repeats'],
  ['tag: math', 'tag'],
  ['unsafe_code: true', 'unsafe_code'],
  ['fewshot_split: train', 'fewshot_split'],
  ['generation_kwargs: {until: ["."], temperature: 0.7}', 'generation_kwargs.temperature'],
  ['generation_kwargs: {do_sample: true}', 'generation_kwargs.do_sample'],
  ['fewshot_config: {split: train}', 'fewshot_config.split'],
  ['fewshot_config: {doc_to_text: "{{q}}"}', 'fewshot_config.doc_to_text'],
  ['metric_list: [{metric: exact_match, ignore_case: true}]', 'metric_list.ignore_case'],
  ['metric_list: [{metric: exact_match}, {metric: f1}]', 'metric_list: f1'],
])('names what changes nothing here: %s', (lines, detail) => {
  expect(notesOf(lines)).toContainEqual({ code: 'not-applied', count: 2, detail });
});

it('takes the stop that lm-eval takes where a task has none, and bounds what a file asks for', () => {
  const settingsOf = (lines: string) => importSet(BASE + lines, { rows }).testSet.cases[0]?.generation;
  expect(settingsOf('')).toEqual({ plain: true, stop: ['\n\n'], maxTokens: 256 });
  expect(settingsOf('fewshot_delimiter: "##"')).toEqual({ plain: true, stop: ['##'], maxTokens: 256 });
  expect(settingsOf('generation_kwargs: {until: x, max_gen_toks: 1000000}')).toEqual({
    plain: true,
    stop: ['x'],
    maxTokens: 4_096,
  });
});
