import { describe, expect, it } from 'vitest';
import { nodePorts } from '../graders/testing/node-ports';
import { gradeAnswer } from '../graders/registry';
import { MissingFiles } from './format';
import { importSet } from './registry';
import { SourceFiles, type SourceFile } from './source-files';

const toFiles = (files: Readonly<Record<string, string>>): readonly SourceFile[] =>
  Object.entries(files).map(([path, text]) => ({ path, text }));
const read = (config: unknown, files: Readonly<Record<string, string>> = {}, name = 'promptfooconfig.yaml') =>
  importSet(typeof config === 'string' ? config : JSON.stringify(config), { name, files: toFiles(files) });
const prompts = (config: unknown, files?: Readonly<Record<string, string>>, name?: string) =>
  read(config, files, name).testSet.cases.map(({ prompt }) => prompt);
const assert = [{ type: 'contains', value: 'x' }];

describe('prompts in files', () => {
  const tests = [{ vars: { q: 'why' }, assert }];
  it.each([
    ['one text', 'file://p.txt', { 'p.txt': 'Say {{q}}\n' }, ['Say why']],
    ['several texts', 'p.txt', { 'p.txt': 'A {{q}}\n---\nB {{q}}\n' }, ['A why', 'B why']],
    ['Markdown', 'file://p.md', { 'p.md': '# {{q}}\n' }, ['# why\n']],
    ['Jinja', 'file://p.j2', { 'p.j2': '{{q}}?' }, ['why?']],
    [
      'lines of JSON',
      'file://p.jsonl',
      { 'p.jsonl': '["{{q}}"]\n["b"]\n' },
      ['[\n  "why"\n]', '[\n  "b"\n]'],
    ],
    ['CSV', 'file://p.csv', { 'p.csv': 'prompt,label\n"A, {{q}}",a\nB,b\n' }, ['A, why', 'B']],
    ['a line each', 'file://p.csv', { 'p.csv': 'prompt\nA {{q}}\nB\n' }, ['A why', 'B']],
    ['a pattern', 'file://all/*.txt', { 'all/b.txt': 'B', 'all/a.txt': 'A', 'c.txt': 'C' }, ['A', 'B']],
  ] as const)('reads %s', (_name, reference, files, expected) => {
    expect(prompts({ prompts: [reference], tests }, files)).toEqual(expected);
  });

  it('reads a chat of JSON or YAML, with what its messages refer to', () => {
    const chat = [
      { role: 'system', content: 'file://system.txt' },
      { role: 'user', content: '{{q}}' },
    ];
    for (const [name, text] of Object.entries({
      'chat.json': JSON.stringify(chat),
      'chat.yaml': '- role: system\n  content: file://system.txt\n- role: user\n  content: "{{q}}"\n',
    })) {
      const { testSet } = read(
        { prompts: `file://${name}`, tests },
        { [name]: text, 'system.txt': 'Be brief.' },
      );
      expect(testSet.cases).toMatchObject([
        { prompt: 'why', turns: [{ role: 'system', content: 'Be brief.' }] },
      ]);
    }
  });

  it('takes a question with signs of a pattern for a question', () => {
    expect(prompts({ prompts: ['What is 2*3? {{q}}', 'yes/no?'], tests })).toEqual([
      'What is 2*3? why',
      'yes/no?',
    ]);
  });
});

describe('tests in files', () => {
  const CSV = 'q,__expected\n1+1?,contains:2\n';
  const YAML = '- vars: { q: 2+2? }\n  assert: [{ type: contains, value: "4" }]\n';
  it.each([
    ['CSV', 'file://t.csv', { 't.csv': CSV }, ['1+1?']],
    ['without a scheme', 't.yaml', { 't.yaml': YAML }, ['2+2?']],
    ['a list of files', ['t.csv', 'file://t.yml'], { 't.csv': CSV, 't.yml': YAML }, ['1+1?', '2+2?']],
    [
      'a pattern',
      ['file://t/**/*.yaml'],
      { 't/a/x.yaml': YAML, 't/y.yaml': YAML, 'z.yaml': YAML },
      ['2+2?', '2+2?'],
    ],
    [
      'lines of JSON',
      'file://t.jsonl',
      { 't.jsonl': '{"vars":{"q":"a"}}\n{"vars":{"q":"b"}}\n' },
      ['a', 'b'],
    ],
    ['JSON', 'file://t.json', { 't.json': '[{"vars":{"q":"a"}}]' }, ['a']],
    ['a path of its own', [{ path: 'file://t.csv' }], { 't.csv': CSV }, ['1+1?']],
    ['variables in a file', [{ vars: 'v.yaml' }], { 'v.yaml': 'q: z' }, ['z']],
    ['variables of several', [{ vars: ['a.yaml', 'b.yaml'] }], { 'a.yaml': 'q: z', 'b.yaml': 'q: y' }, ['y']],
  ])('reads %s', (_name, tests, files, expected) => {
    expect(prompts({ prompts: ['{{q}}'], tests }, files as unknown as Record<string, string>)).toEqual(
      expected,
    );
  });

  it('finds what a file of tests names from its own folder, and parts of tests in further files', () => {
    const files = {
      'eval/tests/t.yaml': '- vars: v/one.yaml\n  assert: file://eval/checks.yaml\n',
      'eval/tests/v/one.yaml': 'q: "file://eval/q.txt"',
      'eval/checks.yaml': '- { type: contains, value: file://gold.txt }',
      'eval/q.txt': ' Why? \n',
      'gold.txt': 'because\n',
    };
    const { testSet } = read({ prompts: ['{{q}}'], tests: 'file://eval/tests/t.yaml' }, files);
    expect(testSet.cases).toMatchObject([
      { prompt: ' Why? ', graders: [{ type: 'contains', value: 'because' }] },
    ]);
  });

  it('reads defaults and scenarios', () => {
    const files = {
      'd.yaml': 'assert: [{ type: contains, value: z }]\n',
      's.yaml': '- config: [{ vars: { q: a } }, { vars: { q: b } }]\n  tests: file://st.yaml\n',
      'st.yaml': '- assert: [{ type: icontains, value: "{{q}}" }]\n',
    };
    const config = { prompts: ['{{q}}'], defaultTest: 'file://d.yaml', scenarios: ['file://s.yaml'] };
    expect(read(config, files).testSet.cases).toMatchObject([
      { prompt: 'a', graders: [{ value: 'z' }, { type: 'icontains', value: 'a' }] },
      { prompt: 'b', graders: [{ value: 'z' }, { type: 'icontains', value: 'b' }] },
    ]);
  });

  it('reads what is referred to in another file', () => {
    const files = {
      'shared/a.yaml': 'checks:\n  short: { $ref: "#/base" }\nbase: { type: contains, value: s }\n',
    };
    const config = { prompts: ['q'], tests: [{ assert: [{ $ref: 'shared/a.yaml#/checks/short' }] }] };
    expect(read(config, files).testSet.cases[0]?.graders).toEqual([{ type: 'contains', value: 's' }]);
  });
});

describe('variables and assertions in files', () => {
  it.each([
    ['a text', 'file://a.txt', { 'a.txt': ' A\n' }, ['A']],
    ['YAML as JSON', 'file://a.yaml', { 'a.yaml': 'x: [1, 2]' }, ['{"x":[1,2]}']],
    ['JSON as it is', 'file://a.json', { 'a.json': '{ "x": 1 }\n' }, ['{ "x": 1 }']],
    ['a pattern', 'file://*.txt', { 'a.txt': 'A', 'b.txt': 'B' }, ['A', 'B']],
    ['a list', ['file://a.txt', 'plain'], { 'a.txt': 'A' }, ['A', 'plain']],
  ])('reads %s', (_name, value, files, expected) => {
    const config = { prompts: ['{{a}}'], tests: [{ vars: { a: value }, assert }] };
    expect(prompts(config, files as unknown as Record<string, string>)).toEqual(expected);
  });

  it.each([
    [
      { type: 'is-json', value: 'file://s.yaml' },
      { 's.yaml': 'type: object' },
      { value: { type: 'object' } },
    ],
    [{ type: 'contains', value: 'file://g.txt' }, { 'g.txt': ' {{q}}\n' }, { value: '{{q}}' }],
    [{ type: 'contains-any', value: ['file://g.txt', 'b'] }, { 'g.txt': 'a' }, { value: ['a', 'b'] }],
  ])('reads the value of %j', (assertion, files, expected) => {
    const config = { prompts: ['q'], tests: [{ assert: [assertion] }] };
    expect(read(config, files as unknown as Record<string, string>).testSet.cases[0]?.graders).toMatchObject([
      expected,
    ]);
  });

  it.each([
    ['CommonJS', 'file://c.js', 'module.exports = (output, { vars }) => output.length < vars.most;'],
    [
      'a named export',
      'file://c.cjs:short',
      'exports.short = (output, context) => output.length < context.vars.most;',
    ],
    [
      'a module',
      'file://c.mjs',
      'export default async function (output, { vars }) {\n  return output.length < vars.most;\n}',
    ],
    [
      'a name in a module',
      'file://c.js:short',
      'const n = 1;\nexport function short(output, c) { return output.length < c.vars.most * n; }',
    ],
  ])('grades with code in a file: %s', async (_name, value, code) => {
    const path = value.replace('file://', '').replace(/:\w+$/, '');
    const config = {
      prompts: ['q'],
      tests: [{ vars: { most: 4 }, assert: [{ type: 'javascript', value }] }],
    };
    const { testSet, notes } = read(config, { [path]: code });
    expect(notes).toEqual([{ code: 'has-scripts', count: 1 }]);
    const [testCase] = testSet.cases;
    if (testCase === undefined) throw new Error('no case');
    expect((await gradeAnswer('abc', testCase, nodePorts)).status).toBe('pass');
    expect((await gradeAnswer('abcd', testCase, nodePorts)).status).toBe('fail');
  });

  it('changes answers with code in a file before it grades them', async () => {
    const config = {
      prompts: ['q'],
      tests: [{ options: { transform: 'file://t.js' }, assert: [{ type: 'equals', value: 'B' }] }],
    };
    const { testSet } = read(config, { 't.js': 'module.exports = (output) => output.toUpperCase();' });
    const [testCase] = testSet.cases;
    if (testCase === undefined) throw new Error('no case');
    expect((await gradeAnswer('b', testCase, nodePorts)).status).toBe('pass');
  });
});

describe('files that are not here', () => {
  it('tells which, and how many cases each touches', () => {
    const config = {
      prompts: ['{{q}}'],
      tests: [
        { vars: { q: 'file://a.txt' }, assert },
        { vars: { q: 'b' }, assert: [{ type: 'is-json', value: 'file://s.json' }] },
        { vars: { q: 'c' }, assert: [{ type: 'is-json', value: 'file://s.json' }, ...assert] },
        'file://more.yaml',
      ],
    };
    const { testSet, notes, missing } = read(config);
    expect(missing).toEqual(['more.yaml', 'a.txt', 's.json']);
    expect(notes).toEqual([
      { code: 'missing-tests', count: 1, detail: 'file://more.yaml' },
      { code: 'kept-not-run', count: 2, detail: 'other-file' },
      { code: 'missing-file', count: 1, detail: 'a.txt' },
      { code: 'missing-file', count: 2, detail: 's.json' },
    ]);
    expect(testSet.cases.map(({ prompt }) => prompt)).toEqual(['b', 'c']);
  });

  it.each([
    [{ prompts: ['file://p.txt'], tests: [{ assert }] }, ['p.txt']],
    [{ prompts: ['q'], tests: 'file://t.csv' }, ['t.csv']],
    [{ prompts: ['{{a}}'], tests: [{ vars: { a: 'file://x/a.txt' } }] }, ['x/a.txt']],
    [{ prompts: ['q'], tests: [{ $ref: 'other.yaml#/a' }] }, ['other.yaml']],
  ])('asks for them where nothing is left without: %j', (config, files) => {
    let thrown: unknown;
    try {
      read(config);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MissingFiles);
    expect(thrown).toMatchObject({ files });
  });

  it('names code, other hosts and what is no text: no file given here could stand for them', () => {
    const config = {
      prompts: ['{{q}}', 'file://p.py'],
      tests: [
        { vars: { q: 'a' }, assert: [{ type: 'javascript', value: 'file://c.js' }] },
        { vars: { q: 'file://i.png' }, assert },
        'file://t.js',
        'huggingface://datasets/x/y',
      ],
    };
    const { notes, missing } = read(config, {
      'c.js': 'const fs = require("fs"); module.exports = () => true;',
    });
    expect(missing).toBeUndefined();
    expect(notes).toEqual([
      { code: 'kept-not-run', count: 1, detail: 'other-file' },
      { code: 'not-applied', count: 1, detail: 'javascript: file://c.js' },
      { code: 'not-applied', count: 1, detail: 'tests: file://t.js' },
      { code: 'not-applied', count: 1, detail: 'tests: huggingface://datasets/x/y' },
      { code: 'not-applied', count: 1, detail: 'prompts: file://p.py' },
      {
        code: 'skipped-rows',
        count: 1,
        detail: 'test 2: the variable q is in a file that is no text (file://i.png)',
      },
    ]);
  });
});

describe('where a reference leads', () => {
  const find = (main: string, reference: string, ...paths: readonly string[]) =>
    new SourceFiles(
      paths.map((path) => ({ path, text: '' })),
      main,
    ).find(reference)?.path;

  it.each([
    ['p/config.yaml', 'file://a.txt', ['a.txt', 'p/a.txt'], 'p/a.txt'],
    ['p/config.yaml', 'file://../a.txt', ['a.txt', 'p/a.txt'], 'a.txt'],
    ['p/config.yaml', './x/../a.txt', ['p/a.txt'], 'p/a.txt'],
    ['config.yaml', 'file://x/a.txt', ['a.txt'], 'a.txt'],
    ['config.yaml', 'file://x/a.txt', ['y/a.txt'], undefined],
    ['config.yaml', 'file:///home/me/x/a.txt', ['x/a.txt', 'a.txt'], 'x/a.txt'],
    ['config.yaml', 'file://a.txt', ['x/a.txt', 'y/a.txt'], undefined],
    ['config.yaml', 'file://../../../../etc/passwd', ['etc/passwd'], 'etc/passwd'],
    ['config.yaml', 'file://x\\a.txt', ['x/a.txt'], 'x/a.txt'],
    ['config.yaml', 'file://c.js:check', ['c.js'], 'c.js'],
  ] as const)('from %s to %s of %j', (main, reference, paths, expected) => {
    expect(find(main, reference, ...paths)).toBe(expected);
  });
});
