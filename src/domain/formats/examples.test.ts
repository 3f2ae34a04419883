import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { guessMapping, readMapped } from './plain';
import { readCell } from './promptfoo-csv';
import { importSet } from './registry';
import { readRows } from './rows';

const jsonl = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const read = (text: string, name = 'file') => {
  const { testSet, formatId, notes } = importSet(text, { name });
  return { formatId, notes, cases: testSet.cases, title: testSet.title };
};
const yesNo = expect.arrayContaining([expect.objectContaining({ text: 'yes' })]) as unknown;

describe('data sets as they are published', () => {
  it('LogiQA', () => {
    const row = {
      label: 'b',
      context: 'All are red.',
      question: 'Which?',
      options: ['one', 'two', 'three', 'four'],
    };
    expect(read(jsonl(row, row))).toMatchObject({
      formatId: 'logiqa',
      cases: [
        {
          prompt: 'All are red.\nWhich?',
          choices: ['one', 'two', 'three', 'four'],
          graders: [{ type: 'choice', value: 'B' }],
        },
        {},
      ],
    });
  });

  it('AGIEval', () => {
    const row = {
      query: 'Q: Seven boats.\nWho? Answer Choices: (A)x (B)y\nA: Among A through B, the answer is',
      choices: ['(A)x', '(B)y'],
      gold: [1],
    };
    expect(read(jsonl(row))).toMatchObject({
      formatId: 'agieval',
      cases: [
        { prompt: 'Seven boats.\nWho?', choices: ['x', 'y'], graders: [{ type: 'choice', value: 'B' }] },
      ],
    });
  });

  it('ARC, with letters and with numbers for labels', () => {
    const row = (label: string[], answerKey: string) => ({
      id: `M_${answerKey}`,
      question: 'Which is a metal?',
      choices: { text: ['wood', 'iron'], label },
      answerKey,
    });
    expect(read(jsonl(row(['A', 'B'], 'B'), row(['1', '2'], '1')))).toMatchObject({
      formatId: 'arc',
      cases: [
        { id: 'M_B', graders: [{ type: 'choice', value: 'B' }] },
        { id: 'M_1', graders: [{ type: 'choice', value: 'A' }] },
      ],
    });
  });

  it('BIG-Bench Hard, with options and without', () => {
    const choice = { input: 'Who is oldest?\nOptions:\n(A) Ann\n(B) Bob', target: '(B)' };
    const lie = { input: 'Does Ann tell the truth?', target: 'No' };
    expect(read(JSON.stringify({ canary: 'x', examples: [choice, lie] }))).toMatchObject({
      cases: [{ graders: [{ type: 'icontains' }] }, {}],
    });
    expect(read(jsonl(choice, lie))).toMatchObject({
      formatId: 'bbh',
      cases: [
        { prompt: 'Who is oldest?', choices: ['Ann', 'Bob'], graders: [{ type: 'choice', value: 'B' }] },
        { graders: [{ type: 'choice', value: 'no', options: yesNo }] },
      ],
    });
  });

  it('GSM8K: the number after the marks, and the way to it', () => {
    const row = { question: 'How many?', answer: 'He has 3 * 4 = <<3*4=12>>12.\n#### 1,012' };
    expect(read(jsonl(row))).toMatchObject({
      formatId: 'gsm8k',
      cases: [{ graders: [{ type: 'number', value: 1012 }], explanation: 'He has 3 * 4 = 12.' }],
    });
  });

  it('bAbI', () => {
    const row = { passage: 'Mary went to the hall.\n', question: 'Where is Mary?', answer: 'hall', task: 1 };
    expect(read(jsonl(row))).toMatchObject({
      formatId: 'babi',
      cases: [
        {
          prompt: 'Mary went to the hall.\nWhere is Mary?',
          graders: [{ type: 'icontains', value: 'hall' }],
          tags: ['task 1'],
        },
      ],
    });
  });

  it('BIG-bench: a target, several, and scores', () => {
    const task = {
      name: 'toy',
      description: 'A toy.',
      keywords: ['logic'],
      task_prefix: 'Think. ',
      examples: [
        { input: 'One?', target: '1' },
        { input: 'Two?', target: ['two', 'zwei'] },
        { input: 'Three?', target_scores: { red: 0, blue: 1 } },
        { input: 'Four?' },
      ],
    };
    expect(read(JSON.stringify(task))).toMatchObject({
      formatId: 'big-bench',
      title: 'toy',
      notes: [{ code: 'skipped-rows', count: 1 }],
      cases: [
        { prompt: 'Think. One?', graders: [{ type: 'number', value: 1 }], tags: ['logic'] },
        { graders: [{ type: 'icontains-any', value: ['two', 'zwei'] }] },
        { choices: ['red', 'blue'], graders: [{ type: 'choice', value: 'B' }] },
      ],
    });
  });

  it("OpenAI's evals, text and messages", () => {
    const rows = [
      { input: 'Say hi', ideal: 'hi' },
      {
        input: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: '2+2?' },
        ],
        ideal: ['4', 'four'],
      },
    ];
    expect(read(jsonl(...rows))).toMatchObject({
      formatId: 'openai-evals',
      cases: [
        { prompt: 'Say hi', graders: [{ type: 'icontains', value: 'hi' }] },
        {
          prompt: '2+2?',
          turns: [{ role: 'system', content: 'Be brief.' }],
          graders: [{ type: 'icontains-any', value: ['4', 'four'] }],
        },
      ],
    });
  });

  it('MT-bench: the first turn, and it says so', () => {
    const row = { question_id: 81, category: 'math', turns: ['Add.', 'And now?'], reference: ['4', '5'] };
    expect(read(jsonl(row))).toMatchObject({
      formatId: 'mt-bench',
      notes: [{ code: 'first-turn-only', count: 1 }],
      cases: [{ id: '81', prompt: 'Add.', tags: ['math'], graders: [{ type: 'llm-rubric' }] }],
    });
  });

  it('samples of lm-eval, scored and generated, new and old', () => {
    const scored = {
      doc_id: 3,
      target: 1,
      arguments: {
        gen_args_0: { arg_0: 'Sky?', arg_1: ' red' },
        gen_args_1: { arg_0: 'Sky?', arg_1: ' blue' },
      },
    };
    const generated = { doc_id: 4, target: 'so #### 7', arguments: [['Q: 3+4', { until: ['\n'] }]] };
    expect(read(jsonl(scored, generated))).toMatchObject({
      formatId: 'lm-eval-samples',
      cases: [
        {
          id: 'doc-3',
          prompt: 'Sky?',
          choices: ['red', 'blue'],
          graders: [{ type: 'multiple-choice', value: 1 }],
        },
        { id: 'doc-4', prompt: 'Q: 3+4', graders: [{ type: 'number', value: 7 }] },
      ],
    });
  });

  it('samples of lm-eval whose requests are no choices after one context', () => {
    const sample = (target: string | number, ...pairs: readonly (readonly [string, string])[]) => ({
      doc_id: 1,
      target,
      arguments: pairs,
    });
    const request = (context: string, continuation: string) => ({ context, continuation });
    const { cases } = read(
      jsonl(
        sample(1, ['Pick:\n', 'a'], ['Pick:\n', 'b']),
        sample(0, ['Ann left as Ann', ' was tired.'], ['Ann left as Bob', ' was tired.']),
        sample(' ship', ['There was no', ' ship']),
        sample(1, ['Sky?', ' red'], ['Sky?', ' blue'], ['', ' red'], ['', ' blue']),
        sample(0, ['', ' It is.'], ['', ' It am.']),
      ),
    );
    expect(cases).toMatchObject([
      { choices: ['a', 'b'], requests: [request('Pick:\n', 'a'), request('Pick:\n', 'b')] },
      {
        choices: ['Ann', 'Bob'],
        requests: [request('Ann left as Ann', ' was tired.'), request('Ann left as Bob', ' was tired.')],
        graders: [{ type: 'multiple-choice', value: 0 }],
      },
      { requests: [request('There was no', ' ship')], graders: [{ type: 'loglikelihood' }] },
      { prompt: 'Sky?', choices: ['red', 'blue'] },
      { choices: ['It is.', 'It am.'], requests: [request('', ' It is.'), request('', ' It am.')] },
    ]);
    expect(cases[3]).not.toHaveProperty('requests');
  });

  it('the dataset viewer of the Hub', () => {
    const rows = [{ row_idx: 0, row: { question: 'A?', answer: 'x #### 5' }, truncated_cells: [] }];
    expect(read(JSON.stringify({ features: [], rows }))).toMatchObject({ formatId: 'gsm8k' });
  });
});

describe('a task of lm-eval', () => {
  const task = (lines: string) =>
    `task: toy\ndataset_path: me/toy\ndoc_to_text: "Q: {{question}}\\nA:"\n${lines}`;
  const rows = [{ question: 'Why?', label: 1, options: ['x', 'y'], answer: 'so #### 3' }];

  it('gives choices to be scored', () => {
    const text = task(
      'output_type: multiple_choice\ndoc_to_choice: options\ndoc_to_target: label\nmetric_list:\n  - metric: acc_norm\n',
    );
    expect(importSet(text, { rows }).testSet).toMatchObject({
      id: 'toy',
      cases: [
        {
          prompt: 'Q: Why?\nA:',
          choices: ['x', 'y'],
          graders: [{ type: 'multiple-choice', value: 1, scoring: 'acc_norm' }],
        },
      ],
    });
  });

  it('reads choices from a template, as Python writes lists', () => {
    const text = task(
      'output_type: multiple_choice\ndoc_to_choice: "{{[\'no\', \'yes\']}}"\ndoc_to_target: "{{label}}"\n',
    );
    expect(importSet(text, { rows }).testSet.cases[0]).toMatchObject({ choices: ['no', 'yes'] });
  });

  it('gives answers to be graded', () => {
    expect(importSet(task('doc_to_target: answer\n'), { rows }).testSet.cases[0]).toMatchObject({
      graders: [{ type: 'exact-match', value: 'so #### 3' }],
    });
  });

  it.each([
    ['doc_to_target: !function utils.target\n', 'asks for code (!function)'],
    ['process_docs: x\n', 'process_docs is Python'],
    ['include: base.yaml\n', 'it includes base.yaml'],
    ['output_type: dialogue\n', 'output_type'],
  ])('refuses %j by name', (lines, message) => {
    expect(() => importSet(task(lines), { rows })).toThrow(message);
  });

  it('asks for its rows', () => {
    expect(() => importSet(task('doc_to_target: answer\n'))).toThrow('the rows of me/toy are needed too');
  });
});

describe('promptfoo', () => {
  const config = `
description: Two prompts
prompts:
  - "{{question}}"
  - raw: 'Briefly: {{question}}'
    label: brief
providers: [openai:gpt-4o]
defaultTest:
  assert: [{ type: not-icontains, value: sorry }]
  vars: { unit: m }
tests:
  - description: length
    vars: { question: ['How long in {{unit}}?', How wide?] }
    threshold: 0.5
    assert:
      - type: contains
        value: '{{unit}}'
        weight: 2
        metric: units
      - { type: python, value: 'x' }
      - { type: javascript, value: 'output.length > 1' }
`;

  it('makes a case of each prompt, test and item of a list', () => {
    const { cases, notes, title } = read(config, 'promptfooconfig.yaml');
    expect(title).toBe('Two prompts');
    expect(cases.map(({ id, prompt }) => [id, prompt])).toEqual([
      ['length-p1', 'How long in m?'],
      ['length-p2', 'Briefly: How long in m?'],
      ['length-p1-2', 'How wide?'],
      ['length-p2-2', 'Briefly: How wide?'],
    ]);
    expect(cases[0]).toMatchObject({
      threshold: 0.5,
      variables: { unit: 'm' },
      graders: [
        { type: 'not-icontains', value: 'sorry' },
        { type: 'contains', value: 'm', weight: 2, metric: 'units' },
        { type: 'python' },
        { type: 'javascript' },
      ],
    });
    expect(notes).toEqual([
      { code: 'kept-not-run', count: 4, detail: 'python' },
      { code: 'has-scripts', count: 4 },
      { code: 'not-applied', count: 4, detail: 'providers' },
    ]);
  });

  it.each([
    ['prompts: [file://prompt.txt]\ntests: [{vars: {a: 1}}]', 'it needs other files: prompt.txt'],
    ['prompts: ["x"]\ntests: tests.csv', 'it needs other files: tests.csv'],
    ['tests:\n  - vars: {a: 1, b: 2}\n', 'name one variable "prompt"'],
    ['prompts: ["{{a|nosuch}}"]\ntests: [{vars: {a: 1}}]', 'test 1: unknown filter nosuch'],
    ['prompts: ["{{a}}"]\ntests: [{vars: {a: file://a.txt}}]', 'it needs other files: a.txt'],
    ['prompts: ["{{a}}"]\ntests: [{$ref: "other.yaml#/a"}]', 'it needs other files: other.yaml'],
    ['a: {$ref: "#/b"}\nb: {$ref: "#/a"}\nprompts: [x]', 'its references name each other'],
    ['prompts: [\'[{"role":"assistant","content":"a"}]\']', 'the chat does not end with a question'],
    ['prompts: [\'[{"role":"tool","content":"a"}]\']', 'a role or parts that cannot be asked here'],
    ['prompts: [\n', 'at line 2'],
  ])('refuses %j and says what to do', (text, message) => {
    expect(() => importSet(text)).toThrow(message);
  });

  it('reads its CSV', () => {
    const text = [
      'question,__expected,__expected2,__description,__metric,__threshold,__metadata:tags[],__config:__expected2:threshold',
      '"2+2?",4,similar:four,sum,maths,0.9,"a,b\\,c",0.6',
    ].join('\n');
    expect(read(text, 'tests.csv')).toMatchObject({
      formatId: 'promptfoo',
      cases: [
        {
          id: 'sum',
          prompt: '2+2?',
          threshold: 0.9,
          tags: ['a', 'b,c'],
          graders: [
            { type: 'equals', value: '4', metric: 'maths' },
            { type: 'similar', value: 'four', threshold: 0.6, metric: 'maths' },
          ],
        },
      ],
    });
  });

  it('asks a chat as a chat', () => {
    const chat = JSON.stringify([
      { role: 'system', content: 'Be {{how}}' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: '{{q}}' },
    ]);
    const text = JSON.stringify({ prompts: [chat], tests: [{ vars: { how: 'kind', q: 'A "b"\n?' } }] });
    expect(read(text).cases).toMatchObject([
      {
        prompt: 'A "b"\n?',
        turns: [
          { role: 'system', content: 'Be kind' },
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello' },
        ],
      },
    ]);
  });

  it('knows the env of its configuration', () => {
    const text = 'env: {CITY: Bern}\nprompts: ["In {{ env.CITY }}{{ env.HOME }}."]';
    expect(read(text).cases).toMatchObject([{ prompt: 'In Bern.' }]);
  });

  it('keeps what is in another file ungraded', () => {
    const text = `prompts: [x]
tests:
  - assert: [{ type: javascript, value: file://check.js }]
  - options: { transform: file://t.js }
    assert: [{ type: contains, value: a }]
`;
    const { cases, notes } = read(text);
    expect(cases.map(({ graders }) => graders[0]?.type)).toEqual(['other-file', 'other-file']);
    expect(notes).toEqual([
      { code: 'kept-not-run', count: 2, detail: 'other-file' },
      { code: 'missing-file', count: 1, detail: 'check.js' },
      { code: 'missing-file', count: 1, detail: 't.js' },
    ]);
  });

  it.each([
    ['Paris', { type: 'equals', value: 'Paris' }],
    ['contains:Paris', { type: 'contains', value: 'Paris' }],
    ['not-contains:Paris', { type: 'not-contains', value: 'Paris' }],
    ['contains-all:"1,000",x', { type: 'contains-all', value: ['1,000', 'x'] }],
    ['similar:x', { type: 'similar', value: 'x', threshold: 0.8 }],
    ['similar(0.9):x', { type: 'similar', value: 'x', threshold: 0.9 }],
    ['levenshtein:x', { type: 'levenshtein', value: 'x', threshold: 0.75 }],
    ['is-json', { type: 'is-json' }],
    ['fn: output.length', { type: 'javascript', value: 'output.length' }],
    ['grade: is polite', { type: 'llm-rubric', value: 'is polite' }],
    ['yes', { type: 'equals', value: 'yes' }],
    // promptfoo's cells give these no threshold: their own default counts.
    ['bleu:a b', { type: 'bleu', value: 'a b' }],
    ['gleu(0.3):a b', { type: 'gleu', value: 'a b', threshold: 0.3 }],
    ['rouge-n:a b', { type: 'rouge-n', value: 'a b', threshold: 0.75 }],
    ['meteor:a b', { type: 'meteor', value: 'a b' }],
    ['cost(0.1)', { type: 'cost', threshold: 0.1 }],
    // No type, but a text with a colon.
    ['warning: hot', { type: 'equals', value: 'warning: hot' }],
  ])('reads the cell %j', (cell, spec) => {
    expect(readCell(cell)).toEqual(spec);
  });
});

describe('what promptfoo has and a set of ours has not', () => {
  /** Of promptfoo's own schemas; each is honoured, or named with the cases that it touches. */
  const ofConfig = {
    ...{ providers: ['openai:gpt-4o'], nunjucksFilters: { f: 'f.js' }, extensions: ['file://x.js:hook'] },
    ...{ evaluateOptions: { repeat: 2 }, commandLineOptions: {}, derivedMetrics: [], outputPath: 'o.json' },
    ...{
      sharing: true,
      tracing: {},
      redteam: {},
      targets: ['x'],
      tags: { a: 'b' },
      writeLatestResults: true,
    },
  };
  const ofTest = {
    ...{ provider: 'openai:gpt-4o', providers: ['x'], providerOutput: 'y' },
    ...{ assertScoringFunction: 'file://s.js' },
  };
  const ofOptions = {
    ...{ provider: 'x', rubricPrompt: 'y', transformVars: 'vars', repeat: 3, storeOutputAs: 'z' },
    ...{ runSerially: true, factuality: {} },
  };
  const ofAssertion = {
    ...{ provider: 'x', rubricPrompt: 'y', contextTransform: 'z', config: { a: 1 } },
  };
  const assert = [{ type: 'contains', value: 'x' }];
  const named = (config: unknown) => read(JSON.stringify(config)).notes;

  it.each(Object.entries(ofConfig))('names %s of a configuration', (name, value) => {
    expect(named({ prompts: ['q'], tests: [{ assert }, { assert }], [name]: value })).toEqual([
      { code: 'not-applied', count: 2, detail: name },
    ]);
  });

  it.each(Object.entries(ofTest))('names %s of a test', (name, value) => {
    const note = { code: 'not-applied', count: 1, detail: name };
    expect(named({ prompts: ['q'], tests: [{ assert }, { assert, [name]: value }] })).toEqual([note]);
    expect(named({ prompts: ['q'], tests: [{ assert }], defaultTest: { [name]: value } })).toEqual([note]);
  });

  it.each(Object.entries(ofOptions))('names %s of the options', (name, value) => {
    const tests = [{ assert, options: { [name]: value } }, { assert }];
    expect(named({ prompts: ['q'], tests })).toEqual([
      { code: 'not-applied', count: 1, detail: `options.${name}` },
    ]);
  });

  it.each(Object.entries(ofAssertion))('names %s of an assertion', (name, value) => {
    const tests = [{ assert: [{ type: 'contains', value: 'x', [name]: value }] }];
    expect(named({ prompts: ['q'], tests })).toEqual([
      { code: 'not-applied', count: 1, detail: `assert.${name}` },
    ]);
  });

  it('names files of prompts, tests and scenarios beside what is here', () => {
    const config = {
      prompts: ['q', 'file://p.txt'],
      tests: ['file://t.yaml', { assert }],
      scenarios: ['file://s.yaml'],
      defaultTest: 'file://d.yaml',
    };
    expect(named(config)).toEqual([
      { code: 'missing-tests', count: 2, detail: 'file://t.yaml, file://s.yaml' },
      { code: 'missing-file', count: 1, detail: 'defaultTest: file://d.yaml' },
      { code: 'missing-file', count: 1, detail: 'prompts: file://p.txt' },
    ]);
  });

  it('names options that a grader does not take', () => {
    const tests = [{ assert: [{ type: 'contains', value: { a: 1 } }] }];
    expect(named({ prompts: ['q'], tests })).toEqual([
      { code: 'kept-not-run', count: 1, detail: expect.stringContaining('contains (') as string },
    ]);
  });

  it('names columns that mean nothing here', () => {
    expect(read('q,__expected,__providerOutput\n1,2,3\n').notes).toEqual([
      { code: 'not-applied', count: 1, detail: '__providerOutput' },
    ]);
  });
});

describe('a plain table', () => {
  const csv =
    'Question,Option A,Option B,Answer,Topic\n"Sky, at noon?",red,blue,B,colours\nSea?,wet,dry,wet,"sea;water"\n';

  it('guesses its columns', () => {
    expect(guessMapping(readRows(csv))).toMatchObject({
      prompt: 'Question',
      answer: 'Answer',
      choices: ['Option A', 'Option B'],
      tags: 'Topic',
    });
    expect(read(csv, 'my table.csv')).toMatchObject({
      formatId: 'plain',
      title: 'my table',
      cases: [
        {
          prompt: 'Sky, at noon?',
          choices: ['red', 'blue'],
          graders: [{ type: 'choice', value: 'B' }],
          tags: ['colours'],
        },
        { graders: [{ type: 'choice', value: 'A' }], tags: ['sea', 'water'] },
      ],
    });
  });

  it('follows a mapping', () => {
    const mapping = { prompt: 'q', answer: 'a', choices: [], grader: 'equals' as const };
    const { testSet, notes } = readMapped('q\ta\nx\t1\ny\t\n', mapping);
    expect(testSet.cases).toMatchObject([{ prompt: 'x', graders: [{ type: 'equals', value: '1' }] }]);
    expect(notes).toEqual([
      { code: 'skipped-rows', count: 1, detail: 'record 2 has no question or no answer' },
    ]);
  });

  it.each([
    ['a,b\n1,2,3\n', 'row 2 has 3 cells, the header 2'],
    ['{"a":1}\n{"a":\n', 'line 2, column 6: the end is not expected there'],
    ['{"a":1}\n[]\n', 'line 2 is no JSON object'],
    ['[1]', 'record 1 is no object'],
    ['', 'it is empty'],
    ['a,b\n', 'no rows below the header'],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => readRows(text)).toThrow(message);
    expect(() => readRows(text)).toThrow(FaultError);
  });

  it('reads 5,000 cases', () => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({
      question: `What is ${index} plus one?`,
      answer: `#### ${index + 1}`,
    }));
    expect(read(jsonl(...rows)).cases).toHaveLength(5000);
  });
});

describe('readRows', () => {
  const many = Array.from({ length: 20_001 }, (_, index) => ({ q: index }));

  it.each([
    ['a list', JSON.stringify(many)],
    ['lines', many.map((row) => JSON.stringify(row)).join('\n')],
    ['a table', `q,a\n${many.map(({ q }) => `${q},1`).join('\n')}`],
  ])('reads no more than anyone can run: %s', (_what, text) => {
    expect(() => readRows(text)).toThrow(/: 20001 \/ 20000/);
  });

  it('counts rows and not lines', () => {
    expect(readRows(JSON.stringify({ rows: many.slice(0, 9_000) }, null, 2))).toHaveLength(9_000);
    expect(
      readRows(
        `q,a\n${many
          .slice(1)
          .map(({ q }) => `${q},1`)
          .join('\n')}`,
      ),
    ).toHaveLength(20_000);
  });
});
