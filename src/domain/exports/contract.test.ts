import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../run/ports';
import { DEFAULT_SAMPLING, type GradedResult, type Result } from '../run/run';
import { parseTestSet } from '../sets/test-set';
import type { ReportTerm, ReportWords } from './export';
import { exportRegistry } from './registry';

const HASH = 'a'.repeat(64);
const TERMS: readonly ReportTerm[] = [
  'answered',
  'abstained',
  'unread',
  'detectable',
  'notRun',
  'broken',
  'speed',
  'model',
  'adapters',
  'loadedAs',
  'gpu',
  'layersOnGpu',
  'ignored',
  'file',
  'engine',
  'backend',
  'threads',
  'context',
  'kvCache',
  'batch',
  'template',
  'set',
  'setHash',
  'sampling',
  'repeats',
  'started',
  'device',
];
const words: ReportWords = {
  language: 'en',
  facts: 'Facts',
  sheet: 'Sheet',
  question: 'Question',
  answer: 'Answer',
  verdict: 'Verdict',
  emptyAnswer: '(empty)',
  headline: (passed, graded) => `${passed} of ${graded}`,
  none: 'none',
  interval: (low, high) => `${low} to ${high}`,
  points: (points) => `${points} points`,
  terms: Object.fromEntries(TERMS.map((term) => [term, term])) as Record<ReportTerm, string>,
  statuses: { pass: 'Right', fail: 'Wrong', 'not-run': 'Not graded', broken: 'No answer' },
  reason: ({ code, found = '' }) => `${code} ${found}`,
  sampling: ({ maxTokens }) => `at most ${maxTokens}`,
  settings: (names) => names.join(', '),
};

/** What a model may write, and what reading it as something other than text would do. */
const HOSTILE = [
  '<script>alert(1)</script><img src=x onerror=alert(2)>',
  '=cmd()',
  '=cmd()\nsecond line',
  '  =HYPERLINK("http://x","y")',
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '＝1+1',
  '\t=1',
  'a "quoted", comma; and | pipe \\| backslash',
  'one\ntwo\r\nthree',
  '](javascript:alert(1)) `code` *bold* # [x]',
  '</pre></li></ol></main><style>*{display:none}</style>',
  '&lt;b&gt; "\' \u2028 end',
  '\u0000 \uD83D\uDE00 Привет',
  '',
];

const timing = {
  promptTokens: 5,
  cachedTokens: 0,
  answerTokens: 3,
  firstTokenMs: 10,
  totalMs: 30,
  prefillMs: 9,
  decodeMs: 20,
};
const grade = (caseId: string, answer: string, status: GradedResult['status']): Result => ({
  kind: 'graded',
  caseId,
  prompt: answer,
  answer,
  finish: 'stop',
  status,
  score: Number(status === 'pass'),
  outcomes: [
    {
      type: 'equals',
      verdict: { pass: status === 'pass', score: 0, reason: { code: 'different', found: answer } },
    },
  ],
  timing,
});

const testSet = parseTestSet({
  id: 'set',
  title: '=Set| <b>of</b> "tests"',
  language: 'en',
  licence: 'CC0-1.0',
  cases: [...HOSTILE, 'never asked'].map((text, at) => ({
    id: `case-${at}`,
    prompt: text === '' ? 'nothing' : text,
    graders: [{ type: 'equals', value: 'x' }],
    tags: ['=tag'],
    ...(at === 0 && { choices: ['<i>', '=2'] }),
  })),
});
const results: readonly Result[] = [
  ...HOSTILE.map((answer, at) => grade(`case-${at}`, answer, at % 2 === 0 ? 'pass' : 'fail')),
  { ...grade('case-0', 'again', 'fail'), repeat: 1 },
];
const record: RunRecord = {
  run: {
    id: 'run',
    startedAt: Date.UTC(2026, 10, 23),
    device: { userAgent: 'agent <x>', logicalCores: 8, crossOriginIsolated: true },
    setup: {
      model: { id: 'model', name: '=Model|<b>' },
      artifact: { id: 'artifact', quantization: 'Q4_1', sha256: HASH },
      session: { engineId: 'engine', engineVersion: '1', backend: 'wasm', threads: 4, contextTokens: 2048 },
      templateSha256: HASH,
      set: { id: 'set', title: testSet.title, language: 'en', sha256: HASH, caseCount: testSet.cases.length },
      sampling: DEFAULT_SAMPLING,
    },
    end: { kind: 'finished' },
  },
  results,
  testSet,
};

const write = (id: string, of = record): string => {
  const found = exportRegistry.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no export ${id}`);
  return found.write(of, words);
};

/** The tags of a page of ours, read as a browser reads them: text has no `<` of its own. */
const listTags = (page: string) =>
  new Set([...page.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase()));

describe('every export', () => {
  it('is one file named like its id', () => {
    const others = ['export', 'report', 'csv-text', 'markdown-text', 'index', 'registry'];
    const files = readdirSync(import.meta.dirname).flatMap((name) =>
      /^[a-z-]+\.ts$/.test(name) ? [name.replace(/\.ts$/, '')] : [],
    );
    expect(exportRegistry.map(({ id }) => id).sort()).toEqual(
      files.filter((name) => !others.includes(name)).sort(),
    );
    expect(new Set(exportRegistry.map(({ extension }) => extension)).size).toBe(exportRegistry.length);
  });

  it.each(exportRegistry.map((each) => [each.id, each] as const))(
    '%s holds what it takes to repeat the run, and writes an empty run too',
    (_id, each) => {
      const text = each.write(record, words).replace(/\\/g, '');
      for (const needed of [HASH, 'Q4_1', 'engine', '96']) expect(text).toContain(needed);
      expect(each.write({ ...record, results: [] }, words)).not.toBe('');
    },
  );
});

describe('what ran the model', () => {
  const onGpu: RunRecord = {
    ...record,
    run: {
      ...record.run,
      setup: {
        ...record.run.setup,
        artifact: { ...record.run.setup.artifact, adapters: [{ name: 'logic.gguf', scale: 0.8 }] },
        session: {
          ...record.run.setup.session,
          backend: 'webgpu',
          layersOnGpu: 33,
          kvType: 'q8_0',
          batchTokens: 384,
          quantization: 'Q8_0',
          adapter: 'SwiftShader',
          ignoredSettings: ['topK'],
        },
      },
    },
  };

  it.each(['csv', 'html', 'json', 'jsonl', 'markdown'])('is in %s, with the adapter and its scale', (id) => {
    const text = write(id, onGpu).replace(/\\/g, '');
    for (const needed of ['logic.gguf', '0.8', 'SwiftShader', '33', 'topK', 'q8_0', '384'])
      expect(text).toContain(needed);
    if (id === 'html' || id === 'markdown') expect(text).toContain('loadedAs');
  });

  it('says nothing of a graphics device where none computed', () => {
    for (const term of ['gpu', 'layersOnGpu', 'kvCache', 'batch', 'ignored', 'adapters', 'loadedAs']) {
      expect(write('html')).not.toContain(`<dt>${term}</dt>`);
    }
  });
});

describe('whatever a model writes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...Array.from('=+-@|<>&"\'`\\\r\n\t ,;#*_[](){}a')), maxLength: 40 }),
  );
  const answered = (answer: string): RunRecord => ({ ...record, results: [grade('case-1', answer, 'fail')] });

  it('is one field of a CSV, and never a formula', () => {
    fc.assert(
      fc.property(text, (answer) => {
        const { data, errors } = Papa.parse<Record<string, string>>(
          write('csv', answered(answer)).slice(0, -2),
          {
            header: true,
            newline: '\r\n',
          },
        );
        expect(errors).toEqual([]);
        expect(data).toHaveLength(testSet.cases.length);
        const field = data[1]?.['answer'];
        expect([answer, `'${answer}`]).toContain(field);
        expect(field).not.toMatch(/^\s*[=+\-@]/);
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  it('is one cell of a Markdown table, and no tag of the page', () => {
    fc.assert(
      fc.property(text, (answer) => {
        const rows = write('markdown', answered(answer))
          .split(/[\n\r]/)
          .filter((line) => line.startsWith('|'));
        expect(rows).toHaveLength(testSet.cases.length + 2);
        for (const line of rows) expect(line.match(/(?<!\\)(?:\\\\)*\|/g)).toHaveLength(5);
        const page = write('html', answered(answer));
        expect(page.match(/</g)).toHaveLength(write('html', answered('x')).match(/</g)?.length ?? 0);
      }),
      { numRuns: 300, seed: 6 },
    );
  });
});

describe('json and jsonl', () => {
  it('give back all that went in', () => {
    expect(JSON.parse(write('json'))).toMatchObject({ format: 'wizardbench-result', ...record });
  });

  it('has one line for the run and one for each answer or case without one', () => {
    const text = write('jsonl');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; result?: Result });
    expect(lines[0]).toMatchObject({ kind: 'run', run: record.run });
    const answers = lines.slice(1);
    expect(answers).toHaveLength(results.length + 1);
    const kept = answers.flatMap(({ result }) => result ?? []);
    expect(kept).toHaveLength(results.length);
    for (const result of results) expect(kept).toContainEqual(result);
  });
});

describe('csv', () => {
  const { data, errors } = Papa.parse<Record<string, string>>(write('csv').trimEnd(), { header: true });

  it('is read back field by field, whatever the answers hold', () => {
    expect(errors).toEqual([]);
    expect(data).toHaveLength(results.length + 1);
    const answers = data
      .filter(({ repeat }) => repeat === '0')
      .map(({ answer }) => answer?.replace(/^'/, ''));
    expect(answers).toEqual(HOSTILE);
    expect(data.at(-1)).toMatchObject({ status: 'not-asked', answer: '' });
    expect(data[0]).toMatchObject({ score: '1', max_tokens: '96', answer_tokens: '3', set_sha256: HASH });
  });

  it('has no field that a spreadsheet would run', () => {
    const fields = data.flatMap((row) => Object.values(row));
    expect(fields.filter((field) => /^\s*[=+\-@＝]/.test(field))).toEqual([]);
    expect(data[2]?.['answer']).toBe("'=cmd()");
    expect(data[3]?.['answer']).toBe("'=cmd()\nsecond line");
  });
});

describe('markdown', () => {
  const text = write('markdown');

  it('keeps every row on one line with as many cells as its header', () => {
    const table = text.split('\n').filter((line) => line.startsWith('|'));
    expect(table).toHaveLength(results.length + 1 + 2);
    for (const line of table) expect(line.match(/(?<!\\)(?:\\\\)*\|/g)).toHaveLength(5);
  });

  it('holds no markup of an answer', () => {
    const tags = listTags(text);
    expect([...tags]).toEqual(['br']);
    expect(text).not.toMatch(/(?<!\\)\]\(/);
  });
});

describe('html', () => {
  const text = write('html');

  it('holds no tag of an answer, and runs and fetches nothing', () => {
    const own = 'html head meta title style body main h1 p h2 ol li span div pre dl dt dd'.split(' ');
    expect([...listTags(text)].filter((tag) => !own.includes(tag))).toEqual([]);
    expect(text.match(/<style/g)).toHaveLength(1);
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/\b(?:src|href)=(?!x onerror|&)["']/);
  });

  it('shows every answer, and follows the theme of the system', () => {
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain('&amp;lt;b&amp;gt; &quot;&#39;');
    expect(text.match(/<li>/g)).toHaveLength(results.length + 1);
    expect(text).toContain('prefers-color-scheme:dark');
  });
});
