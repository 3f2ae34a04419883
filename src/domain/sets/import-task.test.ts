import { describe, expect, it } from 'vitest';
import { strToU8, zipSync } from 'fflate';
import { runImport, type GivenFile, type ImportTask } from './import-task';

const read = (
  files: Readonly<Record<string, string>>,
  more: Partial<Extract<ImportTask, { kind: 'read' }>> = {},
) =>
  runImport({
    kind: 'read',
    language: 'en',
    given: Object.entries(files).map(([path, text]): GivenFile => ({ path, text })),
    ...more,
  });

const CONFIG = 'prompts: ["{{q}}"]\ntests: file://tests.yaml\n';
const TESTS = '- vars: { q: why }\n  assert: [{ type: contains, value: x }]\n';

describe('several files', () => {
  it('reads the configuration of an archive with what it refers to', () => {
    const bytes = zipSync({ 'a/promptfooconfig.yaml': strToU8(CONFIG), 'a/tests.yaml': strToU8(TESTS) });
    expect(read({}, { given: [{ path: 'a.zip', bytes }] })).toMatchObject({
      kind: 'preview',
      formatLabel: 'promptfoo',
      imported: { testSet: { title: 'promptfooconfig', cases: [{ prompt: 'why' }] } },
    });
  });

  it.each([
    [['promptfooconfig.yaml', 'tests.yaml'], { 'tests.yaml': TESTS, 'promptfooconfig.yaml': CONFIG }],
    [
      ['mine.yaml'],
      { 'tests.yaml': TESTS, 'mine.yaml': CONFIG, 'package.json': '{"name":"x"}', 'readme.md': '# Hi' },
    ],
  ])('finds %j among others', (_mains, files) => {
    expect(read(files as unknown as Record<string, string>)).toMatchObject({
      kind: 'preview',
      formatLabel: 'promptfoo',
    });
  });

  it('asks where there are several, unless one is the usual one at the top', () => {
    const other = 'prompts: [a]\ntests: [{ vars: {} }]\n';
    expect(read({ 'b.yaml': other, 'a.yaml': other })).toEqual({
      kind: 'choose',
      paths: ['b.yaml', 'a.yaml'],
    });
    expect(read({ 'b.yaml': other, 'a.yaml': other }, { main: 'a.yaml' })).toMatchObject({ kind: 'preview' });
    const tree = {
      'x/y/promptfooconfig.yaml': other,
      'x/promptfooconfig.yaml': CONFIG,
      'x/tests.yaml': TESTS,
    };
    expect(read(tree)).toMatchObject({
      kind: 'preview',
      imported: { testSet: { cases: [{ prompt: 'why' }] } },
    });
  });

  it('refuses files of which none is a set', () => {
    expect(() => read({ 'a.md': 'x', 'b.js': 'y' })).toThrow('none of them is a set of tests');
  });
});

describe('a task of lm-eval in several files', () => {
  const BASE = 'doc_to_text: "{{q}}"\ndoc_to_target: "{{a}}"\noutput_type: generate_until\ntask: base\n';
  const ROWS = '{"q":"1+1?","a":"2"}\n';

  it('takes what it includes, and the rows beside it', () => {
    const files = { 'sums.yaml': 'include: _base_yaml\ntask: sums\n', _base_yaml: BASE, 'rows.jsonl': ROWS };
    expect(read(files)).toMatchObject({
      kind: 'preview',
      imported: { testSet: { title: 'sums', cases: [{ prompt: '1+1?' }] } },
    });
    expect(read({ 'sums.yaml': 'include: _base_yaml\ntask: sums\n' })).toEqual({
      kind: 'files',
      missing: ['_base_yaml'],
    });
    expect(() => read({ 'a.yaml': 'include: a.yaml\ntask: a\n' })).toThrow('include each other');
    // As lm-eval's own files are written: quoted keys, fields of null, a key that stands twice.
    const own = {
      'sums.yaml': '"include": "_base_yaml"\n"task": "sums"\n"test_split": null\n"tag": a\n"tag": b\n',
      _base_yaml: `${BASE}dataset_kwargs: null\n`,
      'rows.jsonl': ROWS,
    };
    expect(read(own)).toMatchObject({ kind: 'preview', formatLabel: 'lm-eval task' });
  });

  it('takes the rows of the examples beside it, by the name of their part', () => {
    const task = `${BASE}num_fewshot: 1\ntest_split: test\nfewshot_split: dev\n`;
    const files = { 'sums.yaml': task, 'rows.jsonl': ROWS };
    expect(read(files)).toMatchObject({ kind: 'examples', part: 'dev', questions: 1 });
    expect(read({ ...files, 'dev.jsonl': ROWS })).toMatchObject({ kind: 'preview' });
  });

  it('takes the file that its test split names', () => {
    const task = `${BASE}dataset_path: json\ndataset_kwargs: { data_files: { train: t.jsonl, test: data/rows.jsonl } }\ntest_split: test\n`;
    const outcome = read({ 'x/a.yaml': task, 'x/t.jsonl': '{"q":"no","a":"no"}', 'x/data/rows.jsonl': ROWS });
    expect(outcome).toMatchObject({
      kind: 'preview',
      imported: { testSet: { cases: [{ prompt: '1+1?' }] } },
    });
  });

  it('asks for its rows otherwise', () => {
    expect(read({ 'a.yaml': `${BASE}dataset_path: o/d\n` })).toMatchObject({
      kind: 'rows',
      dataset: { path: 'o/d' },
    });
  });

  it('takes part of rows that are too many', () => {
    const rows = Array.from({ length: 20_001 }, (_, n) => ({ q: `${n}?`, a: String(n) }));
    const task = { kind: 'join', text: BASE, name: 'a.yaml', language: 'en', rows } as const;
    expect(runImport(task)).toEqual({ kind: 'limit', rows: 20_001 });
    expect(runImport({ ...task, limit: { count: 2 } })).toMatchObject({
      kind: 'preview',
      imported: { testSet: { cases: [{ prompt: '0?' }, { prompt: '1?' }] } },
    });
    const text = rows.map((row) => JSON.stringify(row)).join('\n');
    const inFile = { ...task, rows: { text, name: 'rows.jsonl' } };
    expect(runImport(inFile)).toEqual({ kind: 'limit', rows: 20_001 });
    const sampled = runImport({ ...inFile, limit: { count: 50, seed: 3 } });
    expect(sampled).toMatchObject({ kind: 'preview', imported: { testSet: { cases: { length: 50 } } } });
    expect(runImport({ ...task, limit: { count: 50, seed: 3 } })).toEqual(sampled);
  });
});
