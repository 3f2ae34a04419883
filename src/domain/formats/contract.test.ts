import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseTestSet, parseTestSetJson, type TestSet } from '../sets/test-set';
import { FIXED_RUNS, HANG_MS } from '../testing/hostile';
import { detectFormat, formatRegistry, importSet } from './registry';

const fileOf: Readonly<Record<string, string>> = { wizardbench: 'native' };

describe('the registry of formats', () => {
  it('holds every format of the folder, named after its file', () => {
    const parts = [
      'index',
      'registry',
      'format',
      'rows',
      'row-format',
      'source-files',
      'json-text',
      'plain-text',
      'row-limit',
      'yaml-text',
      'limits',
      'promptfoo-csv',
      'promptfoo-script',
      'promptfoo-test',
    ];
    const files = readdirSync(import.meta.dirname)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => name.replace('.ts', ''))
      .filter((name) => !parts.includes(name));
    expect(formatRegistry.map(({ id }) => fileOf[id] ?? id).sort()).toEqual(files.sort());
  });
});

/** Texts near enough to a real file to get far into a parser. */
const scraps = fc.constantFrom(
  '{"cases":[{"id":"a","prompt":"?","graders":[{"type":"equals"}]}]}',
  'prompts: ["{{q}}"]\ntests:\n  - vars: {q: [1, 2]}\n    assert:\n      - type: equals\n        value: "{{q}}"\n',
  'task: x\ndoc_to_text: "{{question}}"\ndoc_to_target: "{{answer}}"\noutput_type: generate_until\n',
  '{"question_id":1,"turns":["a","b"]}\n{"question_id":2,"turns":[]}',
  'question,answer,__expected\n"a, b",c,"contains-any(0.5):x\\,y,z"\n',
  '{"examples":[{"input":"a","target_scores":{"x":1,"y":0}}]}',
  '[{"question":"a","choices":{"text":["x"],"label":["A"]},"answerKey":"A"}]',
  '{"doc_id":1,"arguments":{"gen_args_0":{"arg_0":"p","arg_1":" a"}},"target":0}',
  '{"query":"q","choices":["(A) x","(B) y"],"gold":[1]}',
  '&a [*a, *a]',
  '!function x.y',
  '{{ a }}{% for x in y %}{% endfor %}',
);
const pieces = fc.oneof(
  scraps,
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    '\n',
    '{',
    '}',
    '[',
    ']',
    ':',
    '"',
    ',',
    '- ',
    '  ',
    '|',
    '#',
    '(A)',
    '\\',
    '{{',
    '}}',
    '{%',
    '%}',
  ),
);
/** Two scraps spliced into each other, or scraps in a row. */
const hostile = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((all) => all.join('')),
  fc
    .tuple(scraps, fc.nat(120), fc.string({ maxLength: 12 }))
    .map(([text, at, cut]) => text.slice(0, at) + cut + text.slice(at + cut.length)),
  fc.json(),
);
const rows = fc.array(fc.dictionary(fc.constantFrom('question', 'answer', 'choices', 'x'), fc.jsonValue()), {
  maxLength: 4,
});

describe.each(formatRegistry.map((format) => [format.id, format] as const))('%s', (_id, format) => {
  it('throws nothing but bad-input', { timeout: HANG_MS }, () => {
    fc.assert(
      fc.property(hostile, rows, (text, data) => {
        expect(format.detect(text, 'file.txt')).toBeGreaterThanOrEqual(0);
        try {
          const { testSet } = format.read(text, { rows: data });
          parseTestSet(testSet);
        } catch (error) {
          if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
        }
      }),
      FIXED_RUNS,
    );
  });
});

const bundled: TestSet[] = ['logic-en', 'logic-ru'].map((id) =>
  parseTestSetJson(readFileSync(`public/sets/${id}.json`, 'utf8')),
);
const rich = parseTestSet({
  id: 'rich',
  title: 'Rich {{ set }}',
  description: 'All fields',
  language: 'de',
  licence: 'CC0-1.0',
  source: 'me',
  system: 'Be brief.',
  cases: [
    {
      id: 'one',
      prompt: 'What is {{ this }} and {% raw %}? "quoted" \'too\'\n- line\n#hash: yes',
      graders: [
        { type: 'contains-all', value: ['a, b', '{{ c }} range(3)'], weight: 2, metric: 'm' },
        {
          type: 'assert-set',
          threshold: 0.5,
          assert: [
            { type: 'not-equals', value: 'x' },
            { type: 'levenshtein', value: 'abc', threshold: 3 },
          ],
        },
        { type: 'nobody-knows', value: { deep: [1, null, true] } },
      ],
      threshold: 0.4,
      variables: { a: 'b', q: 'Ünïcode – «да»' },
      tags: ['x', 'y z'],
      group: 'g',
      explanation: 'Because:\n  indented',
    },
    {
      id: 'two',
      prompt: 'Pick',
      choices: ['red', '7', 'no'],
      graders: [{ type: 'choice', value: 'B' }],
      tags: [],
    },
    {
      id: 'three',
      prompt: 'yes',
      graders: [
        { type: 'equals', value: 'null' },
        { type: 'number', value: 3 },
      ],
      tags: [],
    },
  ],
});

describe('a round trip', () => {
  it.each([...bundled, rich].map((testSet) => [testSet.title, testSet] as const))(
    'through our own JSON keeps all of %s',
    (_title, testSet) => {
      const [file] = formatRegistry.find(({ id }) => id === 'wizardbench')?.write?.(testSet) ?? [];
      expect(importSet(file?.text ?? '', { name: file?.name ?? '' })).toEqual({
        testSet,
        notes: [],
        formatId: 'wizardbench',
      });
    },
  );

  it.each([...bundled, rich].map((testSet) => [testSet.title, testSet] as const))(
    'through promptfoo keeps all of %s',
    (_title, testSet) => {
      const [file] = formatRegistry.find(({ id }) => id === 'promptfoo')?.write?.(testSet) ?? [];
      const read = importSet(file?.text ?? '', { name: file?.name ?? '' });
      expect(read.formatId).toBe('promptfoo');
      // A set's id is made from its title there.
      expect({ ...read.testSet, id: testSet.id }).toEqual(testSet);
    },
  );

  it.each([...bundled, rich].map((testSet) => [testSet.title, testSet] as const))(
    'through lm-eval keeps every case of %s',
    (_title, testSet) => {
      const [task, data] = formatRegistry.find(({ id }) => id === 'lm-eval')?.write?.(testSet) ?? [];
      const dataRows = (data?.text ?? '')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const read = importSet(task?.text ?? '', { name: task?.name ?? '', rows: dataRows });
      expect(read.formatId).toBe('lm-eval');
      const prefix = testSet.system === undefined ? '' : `${testSet.system}\n\n`;
      expect(read.testSet.cases).toEqual(
        testSet.cases.map((each) => ({ ...each, prompt: prefix + each.prompt })),
      );
    },
  );
});

describe('detectFormat', () => {
  it('knows nothing of what is nothing', () => {
    expect(detectFormat('')).toBeUndefined();
    expect(detectFormat('Dear diary')).toBeUndefined();
  });
});
