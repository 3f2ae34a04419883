import type { Page } from '@playwright/test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GraderSpec } from '../src/domain/sets/test-set';
import type { SandboxWork } from '../src/worker/sandbox/sandbox-protocol';
import type { GradeRequest, GradedAnswer } from '../src/worker/protocol';
import { expect, openIsolated, test, visitedTest } from './site';

/** The built file of a worker, by the start of its name. */
function findAsset(name: string): string {
  const file = readdirSync(join(import.meta.dirname, '../dist/assets')).find((each) => each.startsWith(name));
  if (file === undefined) throw new Error(`no ${name} in the built site`);
  return `assets/${file}`;
}

interface Replies {
  readonly waysOut: readonly string[];
  readonly replies: readonly { readonly type: string; readonly json?: string; readonly detail?: string }[];
}

/** Starts the sandbox's own worker from the page and gives it jobs, one after the other. */
function askSandbox(page: Page, jobs: readonly SandboxWork[]): Promise<Replies> {
  return page.evaluate(
    ([path, works]) =>
      new Promise<Replies>((resolve, reject) => {
        const worker = new Worker(new URL(path, document.baseURI), { type: 'module' });
        const replies: { readonly type: string }[] = [];
        let waysOut: readonly string[] = [];
        const next = () => {
          const work = works[replies.length];
          if (work !== undefined) worker.postMessage({ ...work, id: replies.length });
          else {
            worker.terminate();
            resolve({ waysOut, replies });
          }
        };
        worker.addEventListener('error', () => {
          reject(new Error('the sandbox could not start'));
        });
        worker.addEventListener(
          'message',
          ({ data }: MessageEvent<{ type: string; waysOut?: readonly string[] }>) => {
            if (data.type === 'ready') waysOut = data.waysOut ?? ['?'];
            else replies.push(data);
            next();
          },
        );
      }),
    [findAsset('sandbox.worker'), jobs] as const,
  );
}

/** Has the built engine worker grade answers, over comlink's own messages. */
function gradeInWorker(page: Page, requests: readonly GradeRequest[]) {
  return page.evaluate(
    async ([path, all]) => {
      const worker = new Worker(new URL(path, document.baseURI), { type: 'module' });
      const results: { readonly grades: readonly GradedAnswer[] }[] = [];
      for (const [index, request] of all.entries()) {
        const id = `call-${index}`;
        const grades = await new Promise<readonly GradedAnswer[]>((resolve, reject) => {
          const listen = ({ data }: MessageEvent<{ id: string; type: string; value: unknown }>) => {
            if (data.id !== id) return;
            worker.removeEventListener('message', listen);
            if (data.type === 'RAW') resolve(data.value as readonly GradedAnswer[]);
            else reject(new Error(JSON.stringify(data.value)));
          };
          worker.addEventListener('message', listen);
          const argumentList = [{ type: 'RAW', value: request }];
          worker.postMessage({ id, type: 'APPLY', path: ['gradeAnswers'], argumentList });
        });
        results.push({ grades });
      }
      worker.terminate();
      return results;
    },
    [findAsset('engine.worker'), requests] as const,
  );
}

function makeRequest(
  graders: GraderSpec[],
  answers: readonly string[],
  allowScripts?: boolean,
): GradeRequest {
  return {
    testSet: {
      id: 'set',
      title: 'Set',
      language: 'en',
      licence: 'CC0-1.0',
      cases: answers.map((_, index) => ({ id: `case-${index}`, prompt: '?', graders, tags: [] })),
    },
    answers: answers.map((answer, index) => ({ caseId: `case-${index}`, answer })),
    ...(allowScripts !== undefined && { allowScripts }),
  };
}

const script = (source: string): SandboxWork => ({ kind: 'script', source, output: 'x', variables: {} });

/** What a script could use to reach out, keep something, talk to others or make code of text. */
const REACHES = [
  ...[
    'fetch',
    'XMLHttpRequest',
    'WebSocket',
    'WebSocketStream',
    'EventSource',
    'WebTransport',
    'importScripts',
  ],
  ...['indexedDB', 'caches', 'navigator', 'location', 'cookieStore', 'localStorage', 'storage', 'crypto'],
  ...[
    'document',
    'window',
    'self',
    'postMessage',
    'addEventListener',
    'onmessage',
    'close',
    'BroadcastChannel',
  ],
  ...[
    'MessageChannel',
    'Worker',
    'SharedWorker',
    'SharedArrayBuffer',
    'Atomics',
    'WebAssembly',
    'performance',
  ],
  ...[
    'setTimeout',
    'queueMicrotask',
    'FontFace',
    'fonts',
    'OffscreenCanvas',
    'createImageBitmap',
    'Blob',
    'File',
  ],
  ...[
    'FileReader',
    'Response',
    'Request',
    'URL.createObjectURL',
    'eval',
    'Function',
    'reportError',
    'Notification',
    'EventTarget',
  ],
];

visitedTest('a script reaches nothing but the language', async ({ page, site }) => {
  await openIsolated(page, site.url);
  const { waysOut, replies } = await askSandbox(
    page,
    REACHES.map((name) => script(`typeof ${name}`)),
  );
  expect(waysOut).toEqual([]);
  const found = REACHES.filter((_, index) => replies[index]?.json !== '"undefined"');
  expect(found).toEqual([]);

  const left = await askSandbox(page, [
    script('Reflect.ownKeys(globalThis).map(String)'),
    // Some constants cannot be deleted; a number leads nowhere.
    script(
      'const scope = Object.getPrototypeOf(globalThis); ' +
        'Reflect.ownKeys(scope).filter((name) => typeof scope[name] !== "number").map(String)',
    ),
  ]);
  const names = JSON.parse(left.replies[0]?.json ?? '[]') as string[];
  expect(names).toContain('JSON');
  expect(names.length).toBeLessThan(80);
  expect(JSON.parse(left.replies[1]?.json ?? 'null')).toEqual([]);
});

visitedTest('a script finds no way round', async ({ page, site }) => {
  await openIsolated(page, site.url);
  const target = JSON.stringify(new URL('icon.svg?stolen', site.url).href);
  const before = site.requests.length;
  const ways = [
    `import(${target})`,
    `import('data:text/javascript,1')`,
    `(() => 0).constructor('return 1')()`,
    `(async () => 0).constructor('return 1')()`,
    `(function* () {}).constructor('return 1')()`,
    `Object.getPrototypeOf(async function* () {}).constructor('return 1')()`,
    `Array.constructor('return 1')()`,
    `this.postMessage({ type: 'done', id: 99, json: '1' })`,
    `arguments.callee.caller.arguments[0]`,
  ];
  const { replies } = await askSandbox(page, ways.map(script));
  const through = ways.filter((_, index) => replies[index]?.type !== 'failed');
  expect(through).toEqual([]);
  await page.waitForTimeout(300);
  expect(site.requests.slice(before).filter((path) => path.includes('stolen'))).toEqual([]);
});

visitedTest('scripts of one line and of many do their work', async ({ page, site }) => {
  await openIsolated(page, site.url);
  const { replies } = await askSandbox(page, [
    script('output === "x"'),
    script('const s = "a;b"; s.length'),
    script('console.log(output);\nreturn { pass: true, score: 0.5, reason: context.vars.none ?? "fine" };'),
    script('Promise.resolve(JSON.parse("[1]").length)'),
    script('return return'),
    script('// Two lines.\nthrow new Error("oops")'),
    script('"y".repeat(30000)'),
    { kind: 'regex', pattern: '(b+)c', flags: 'i', text: 'abBCd' },
    { kind: 'schema', schema: { type: 'string', pattern: '^a' }, texts: ['1', '"b"', '"ab"'] },
  ]);
  expect(replies).toEqual([
    { type: 'done', id: 0, json: 'true' },
    { type: 'done', id: 1, json: '3' },
    { type: 'done', id: 2, json: '{"pass":true,"score":0.5,"reason":"fine"}' },
    { type: 'done', id: 3, json: '1' },
    { type: 'failed', id: 4, code: 'bad-options', detail: expect.any(String) as unknown },
    { type: 'failed', id: 5, code: 'threw', detail: 'oops' },
    { type: 'failed', id: 6, code: 'too-large', detail: '' },
    { type: 'done', id: 7, json: '"bBC"' },
    { type: 'done', id: 8, json: '2' },
  ]);
});

visitedTest('what takes for ever is stopped in its time, and grading goes on', async ({ page, site }) => {
  await openIsolated(page, site.url);
  const catastrophe = { type: 'regex', value: '^(a+)+$' };
  const endless = { type: 'javascript', value: 'while (true);\nreturn true;' };
  const nested = {
    type: 'is-json',
    value: { $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
  };
  const bomb = `${'a'.repeat(40)}!`;
  const [warm, regex, loop, schema, next] = await gradeInWorker(page, [
    makeRequest([{ type: 'regex', value: '^a' }], ['abc']),
    makeRequest([catastrophe], [bomb]),
    makeRequest([endless], ['x'], true),
    makeRequest([nested], ['1']),
    makeRequest(
      [
        { type: 'regex', value: '^a' },
        { type: 'javascript', value: 'output.length' },
      ],
      ['abc'],
      true,
    ),
  ]);
  const verdictOf = (result: typeof warm) => result?.grades[0]?.grade.outcomes[0]?.verdict;
  expect(warm?.grades[0]?.grade.status).toBe('pass');
  expect(verdictOf(regex)).toMatchObject({ notRun: { code: 'timeout', expected: 'regex' } });
  expect(verdictOf(loop)).toMatchObject({ notRun: { code: 'timeout', expected: 'javascript' } });
  // Its references lead in a circle: an error or a stop, never a verdict.
  expect(verdictOf(schema)).toMatchObject({ notRun: {} });
  expect(next?.grades[0]?.grade.status).toBe('pass');

  // A pattern that is hopeless for one answer is not tried on a thousand (sandbox.test.ts counts how often it is).
  const [many] = await gradeInWorker(page, [
    makeRequest(
      [catastrophe],
      Array.from({ length: 1_000 }, () => bomb),
    ),
  ]);
  expect(many?.grades.every(({ grade }) => grade.status === 'not-run')).toBe(true);
});

visitedTest("a set's own code is not run without a yes", async ({ page, site }) => {
  await openIsolated(page, site.url);
  const graders = [{ type: 'javascript', value: 'true' }];
  const [unasked, refused, allowed] = await gradeInWorker(page, [
    makeRequest(graders, ['x']),
    makeRequest(graders, ['x'], false),
    makeRequest(graders, ['x'], true),
  ]);
  for (const result of [unasked, refused]) {
    expect(result?.grades[0]?.grade.outcomes[0]?.verdict).toMatchObject({ notRun: { code: 'not-allowed' } });
  }
  expect(allowed?.grades[0]?.grade).toMatchObject({ status: 'pass', score: 1 });
});

visitedTest('5,000 stored answers are graded', async ({ page, site }) => {
  await openIsolated(page, site.url);
  const graders = [
    { type: 'regex', value: 'answer is (\\d+)\\.' },
    { type: 'contains-json', value: { type: 'object', required: ['n'] } },
    { type: 'number', value: 42 },
    { type: 'javascript', value: 'JSON.parse(output.slice(output.indexOf("{"))).n === 42' },
    { type: 'icontains-any', value: 'answer, ответ' },
  ];
  const text = 'We look at each of the premises in turn and see what follows from it. '.repeat(8);
  const answers = Array.from({ length: 5_000 }, (_, index) => `${index}. ${text}The answer is 42. {"n": 42}`);
  const [result] = await gradeInWorker(page, [makeRequest(graders, answers, true)]);
  expect(result?.grades).toHaveLength(5_000);
  expect(result?.grades.filter(({ grade }) => grade.status === 'pass')).toHaveLength(5_000);
});

test.describe('without the service worker that locks it', () => {
  test.use({ serviceWorkers: 'block' });

  test('the sandbox runs patterns, but no script', async ({ page, site }) => {
    await page.goto(site.url);
    const graders = (type: string, value: string) => [{ type, value }];
    const [pattern, code] = await gradeInWorker(page, [
      makeRequest(graders('regex', '^x$'), ['x']),
      makeRequest(graders('javascript', 'true'), ['x'], true),
    ]);
    expect(pattern?.grades[0]?.grade.status).toBe('pass');
    expect(code?.grades[0]?.grade.outcomes[0]?.verdict).toMatchObject({ notRun: { code: 'not-available' } });
  });
});
