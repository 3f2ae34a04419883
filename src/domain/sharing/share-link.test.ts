import fc from 'fast-check';
import { deflateRawSync, gzipSync, constants } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KV_TYPES } from '../engine/engine';
import { FaultError } from '../fault';
import type { GraderOutcome } from '../graders/grader';
import {
  DEFAULT_SAMPLING,
  SAMPLING_KEYS,
  type FailedResult,
  type GradedResult,
  type Result,
  type Run,
} from '../run/run';
import {
  decodeShareLink,
  encodeSharedRun,
  encodeShareLink,
  shareRun,
  type SharedResult,
  type SharedRun,
} from './share-link';

const HASH = 'a'.repeat(64);
const MAX_LINK_CHARACTERS = 64 * 1024;

const run: Run = {
  id: 'run-1',
  startedAt: 1_763_800_000_000,
  end: { kind: 'finished' },
  device: { userAgent: 'secret agent', logicalCores: 8, memoryGiB: 4, crossOriginIsolated: true },
  setup: {
    model: { id: 'smollm2-135m-instruct', name: 'SmolLM2 135M Instruct' },
    artifact: { id: 'smollm2-135m-instruct-q4_1', quantization: 'Q4_1', sha256: HASH },
    session: {
      engineId: 'wllama',
      engineVersion: '3.8.1 / b9999',
      backend: 'wasm',
      threads: 4,
      contextTokens: 1632,
    },
    templateSha256: HASH,
    set: { id: 'logic-ru', title: 'Логика', language: 'ru', sha256: HASH, caseCount: 24 },
    sampling: DEFAULT_SAMPLING,
  },
};

const passed: GraderOutcome = {
  type: 'number',
  verdict: { pass: true, score: 1, reason: { code: 'matched', expected: '4', found: '4' } },
};

function graded(caseId: string, answer: string, outcomes: readonly GraderOutcome[] = [passed]): GradedResult {
  return {
    kind: 'graded',
    caseId,
    prompt: 'a prompt, which the set has anyway',
    answer,
    finish: 'stop',
    status: 'pass',
    score: 1,
    outcomes,
    timing: {
      promptTokens: 40,
      cachedTokens: 10,
      answerTokens: 12,
      firstTokenMs: 101.4,
      totalMs: 300.6,
      prefillMs: 90,
      decodeMs: 199.5,
    },
  };
}

const broken: FailedResult = {
  kind: 'failed',
  caseId: 'broken',
  prompt: 'prompt',
  answer: 'half an ans',
  fault: { kind: 'engine', detail: 'the address of something secret' },
};

/** Text that gzip cannot shrink much: the same in every run of the tests, another for every seed (mulberry32). */
function noise(length: number, alphabet: string, seed = 1): string {
  const characters = Array.from(alphabet);
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return Array.from({ length }, () => characters[next() % characters.length]).join('');
}

function toPayload(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
const zip = (data: unknown) => toPayload(gzipSync(JSON.stringify(data)));

/** What decoding throws; anything but bad input is a failure of the test. */
async function refusal(payload: string): Promise<string> {
  const outcome: unknown = await decodeShareLink(payload).catch((error: unknown) => error);
  if (!(outcome instanceof FaultError) || outcome.fault.kind !== 'bad-input') {
    throw new Error(`not refused as bad input: ${payload.slice(0, 80)}`, { cause: outcome });
  }
  expect(outcome.fault.what).toBe('link');
  return outcome.fault.detail;
}

// Any code units at all: HTML, surrogate pairs and halves of them.
const anyText = (maxLength: number) =>
  fc.oneof(
    fc.string({ maxLength }),
    fc
      .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: Math.floor(maxLength / 2) })
      .map((points) => String.fromCodePoint(...points)),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength })
      .map((units) => String.fromCharCode(...units)),
    fc.constantFrom(
      ...['', '<img src=x onerror=alert(1)>', '\u{1f9d9}', '\ud83e', '\0', '"\\'].filter(
        ({ length }) => length <= maxLength,
      ),
    ),
  );
const count = fc.integer({ min: 0, max: 1e9 });
const milliseconds = fc.double({ min: 0, max: 1e9, noNaN: true });
const hash = fc.string({
  unit: fc.constantFrom(...Array.from('0123456789abcdef')),
  minLength: 64,
  maxLength: 64,
});

const sharedFields = {
  caseId: anyText(80),
  repeat: fc.integer({ min: 1, max: 99 }),
  status: fc.constantFrom('pass', 'fail', 'not-run', 'broken'),
  answer: anyText(2_000),
  cut: fc.boolean(),
  reason: fc.option(
    fc.record({ code: anyText(40), expected: anyText(200), found: anyText(200) }, { requiredKeys: ['code'] }),
  ),
  answerTokens: count,
  firstTokenMs: milliseconds,
  totalMs: milliseconds,
  decodeMs: milliseconds,
};
const { repeat: _repeat, ...requiredFields } = sharedFields;
const sharedResult: fc.Arbitrary<SharedResult> = fc.record(sharedFields, {
  requiredKeys: Object.keys(requiredFields) as (keyof typeof requiredFields)[],
});

const runner = fc.record({
  engineId: anyText(40),
  engineVersion: anyText(120),
  backend: fc.constantFrom('wasm' as const, 'webgpu' as const),
  threads: count,
});

const sharedRun: fc.Arbitrary<SharedRun> = fc.record({
  version: fc.constant(1 as const),
  startedAt: fc.integer({ min: 0, max: 8.64e15 }),
  end: fc.constantFrom('finished', 'stopped', 'failed', 'open'),
  model: fc.record({ id: anyText(80), name: anyText(200) }),
  artifact: fc.record({ id: anyText(80), quantization: anyText(80), sha256: hash }),
  session: fc.record(
    {
      engineId: anyText(40),
      engineVersion: anyText(120),
      backend: fc.constantFrom('wasm', 'webgpu'),
      threads: count,
      contextTokens: count,
      layersOnGpu: count,
      kvType: fc.constantFrom(...KV_TYPES),
      batchTokens: count,
      quantization: anyText(400),
      adapter: anyText(120),
      ignoredSettings: fc.subarray([...SAMPLING_KEYS]),
      insteadOf: fc.array(
        fc.record(
          {
            engineId: anyText(40),
            reason: anyText(400),
            backend: fc.constantFrom('wasm', 'webgpu'),
            code: fc.constantFrom('self-test', 'no-adapter', 'device-lost'),
          },
          { requiredKeys: ['engineId', 'reason'] },
        ),
        { maxLength: 8 },
      ),
    },
    { requiredKeys: ['engineId', 'engineVersion', 'backend', 'threads', 'contextTokens'] },
  ),
  switches: fc.array(fc.record({ caseId: anyText(80), from: runner, to: runner, fault: anyText(40) }), {
    maxLength: 8,
  }),
  templateSha256: hash,
  set: fc.record({
    id: anyText(80),
    title: anyText(200),
    language: anyText(20),
    sha256: hash,
    caseCount: count,
  }),
  sampling: fc.record({
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    topK: fc.integer({ min: 0, max: 1000 }),
    seed: fc.integer({ min: 0, max: 0xffff_ffff }),
    maxTokens: fc.integer({ min: 1, max: 4096 }),
  }),
  logicalCores: count,
  results: fc.uniqueArray(sharedResult, { maxLength: 30, selector: ({ caseId }) => caseId }),
});

describe('a share link', () => {
  it('holds several answers to one case, and no answer twice', async () => {
    const repeated: Run = { ...run, setup: { ...run.setup, repeats: 2 } };
    const results = [graded('cat', 'Four.'), { ...graded('cat', 'Five.'), repeat: 1 }];
    const shared = await decodeShareLink((await encodeShareLink(repeated, results)).payload);
    expect(shared.repeats).toBe(2);
    expect(shared.results.map(({ caseId, repeat }) => [caseId, repeat])).toEqual([
      ['cat', undefined],
      ['cat', 1],
    ]);
    await expect(encodeShareLink(repeated, [...results, ...results])).rejects.toThrow(FaultError);
  });

  it('holds setup, verdicts, answers and rounded times, and nothing of the device but its cores', async () => {
    const { payload, shortened } = await encodeShareLink(run, [graded('cat', ' Four. \n'), broken]);
    expect(shortened).toBe(false);
    expect(payload).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(await decodeShareLink(payload)).toEqual({
      version: 1,
      startedAt: run.startedAt,
      end: 'finished',
      ...run.setup,
      logicalCores: 8,
      results: [
        {
          caseId: 'cat',
          status: 'pass',
          answer: 'Four.',
          cut: false,
          reason: { code: 'matched', expected: '4', found: '4' },
          answerTokens: 12,
          firstTokenMs: 101,
          totalMs: 301,
          decodeMs: 200,
        },
        {
          caseId: 'broken',
          status: 'broken',
          answer: 'half an ans',
          cut: false,
          // What an engine says of itself stays on the device.
          reason: { code: 'engine' },
          answerTokens: 0,
          firstTokenMs: 0,
          totalMs: 0,
          decodeMs: 0,
        },
      ],
    });
  });

  it('says what really ran, and cuts the name of a graphics device', async () => {
    const really = {
      layersOnGpu: 30,
      quantization: 'Q4_1',
      kvType: 'q8_0' as const,
      batchTokens: 128,
      ignoredSettings: ['topK'] as const,
    };
    const session = { ...run.setup.session, ...really, adapter: 'x'.repeat(500) };
    const { payload } = await encodeShareLink({ ...run, setup: { ...run.setup, session } }, []);
    expect((await decodeShareLink(payload)).session).toEqual({ ...session, adapter: 'x'.repeat(120) });
  });

  it('names the adapters that were merged, and at which scale', async () => {
    const artifact = { ...run.setup.artifact, adapters: [{ name: 'logic.gguf', scale: -0.5 }] };
    const { payload } = await encodeShareLink({ ...run, setup: { ...run.setup, artifact } }, []);
    expect((await decodeShareLink(payload)).artifact).toEqual(artifact);
  });

  it('names the engines that could not run the model, without every word of why', async () => {
    const insteadOf = [
      { engineId: 'simd', reason: 'x'.repeat(5_000) },
      { engineId: 'other', reason: 'too large' },
    ];
    const setup = { ...run.setup, session: { ...run.setup.session, insteadOf } };
    const { payload } = await encodeShareLink({ ...run, setup }, []);
    expect((await decodeShareLink(payload)).session.insteadOf).toEqual([
      { engineId: 'simd', reason: 'x'.repeat(400) },
      { engineId: 'other', reason: 'too large' },
    ]);
  });

  it('says where the engine was switched, without every word of why', async () => {
    const from = { engineId: 'wllama', engineVersion: '3', backend: 'webgpu', threads: 1 } as const;
    const to = { engineId: 'simd', engineVersion: '1', backend: 'wasm', threads: 4 } as const;
    const switches = [
      {
        caseId: 'two',
        from,
        to,
        fault: { kind: 'device-lost', detail: 'driver 1.2 on my machine' } as const,
      },
    ];
    const { payload } = await encodeShareLink({ ...run, switches }, []);
    expect((await decodeShareLink(payload)).switches).toEqual([
      { caseId: 'two', from, to, fault: 'device-lost' },
    ]);
  });

  it('says of a run without an end that it is open', async () => {
    const { end: _end, ...open } = run;
    const { payload } = await encodeShareLink(open, []);
    expect(await decodeShareLink(payload)).toMatchObject({ end: 'open', results: [] });
  });

  it('keeps why a grader could not run, and shows no reason where there is none', () => {
    const notRun: GraderOutcome = {
      type: 'of-the-future',
      verdict: { notRun: { code: 'unknown-grader', expected: 'of-the-future' } },
    };
    const results = [{ ...graded('a', 'x', [notRun]), status: 'not-run' as const }, graded('b', 'x', [])];
    expect(shareRun(run, results, 100).results).toMatchObject([
      { status: 'not-run', reason: { code: 'unknown-grader', expected: 'of-the-future' } },
      { reason: null },
    ]);
  });

  it('gives the reason of the grader that decided', () => {
    const failed = (found: string, more: Partial<GraderOutcome> = {}): GraderOutcome => ({
      type: 'number',
      verdict: { pass: false, score: 0, reason: { code: 'different', expected: '4', found } },
      ...more,
    });
    const unread: GraderOutcome = {
      type: 'x',
      verdict: { notRun: { code: 'unknown-grader', expected: 'x' } },
    };
    const opinion: GraderOutcome = {
      type: 'llm-rubric',
      verdict: { pass: false, score: 0, reason: { code: 'self-judged', found: 'no' } },
      recorded: true,
    };
    const rows = (
      [
        ['fail', [passed, failed('5'), failed('6')]],
        ['pass', [failed('5', { recorded: true }), passed]],
        ['pass', [opinion, passed]],
        ['not-run', [passed, failed('5'), unread]],
        // A threshold passed it.
        ['pass', [failed('5'), passed]],
        // Of a majority each answer tells what it voted for.
        ['fail', [failed('1/1', { type: 'self-consistency' }), failed('5')]],
      ] as const
    ).map(([status, outcomes], index) => ({ ...graded(String(index), 'x', outcomes), status }));
    expect(shareRun(run, rows, 100).results.map(({ reason }) => [reason?.code, reason?.found])).toEqual([
      ['different', '5'],
      ['matched', '4'],
      ['matched', '4'],
      ['unknown-grader', undefined],
      ['matched', '4'],
      ['different', '5'],
    ]);
  });

  it.each([
    '',
    '<script>alert(1)</script><img src=x onerror=alert(1)>',
    'Мир \u{1f9d9}\u200d\u2642\ufe0f 日本語 e\u0301',
    'a lone \ud83e half',
    '"\\\n\r\t\0\u2028"',
  ])('gives back the answer %j as it was', async (answer) => {
    const { payload } = await encodeShareLink(run, [graded('case', answer)]);
    expect((await decodeShareLink(payload)).results[0]?.answer).toBe(answer);
  });

  it('gives back any run that a link may hold', async () => {
    await fc.assert(
      fc.asyncProperty(sharedRun, async (shared) => {
        const payload = await encodeSharedRun(shared);
        expect(payload).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(await decodeShareLink(payload)).toEqual(shared);
      }),
    );
  });

  it('can be opened whatever the model answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText(3_000), { maxLength: 24 }), anyText(500), async (answers, found) => {
        const outcome: GraderOutcome = {
          type: 'equals',
          verdict: { pass: false, score: 0, reason: { code: 'different', expected: found, found } },
        };
        const results = answers.map((answer, index) => graded(`case-${index}`, answer, [outcome]));
        const { payload, shortened } = await encodeShareLink(run, results);
        const shared = await decodeShareLink(payload);
        for (const [index, { answer, cut }] of shared.results.entries()) {
          const whole = (answers[index] ?? '').trim();
          expect(whole.startsWith(answer)).toBe(true);
          expect(cut).toBe(answer !== whole);
        }
        expect(shortened).toBe(shared.results.some(({ cut }) => cut));
      }),
      { numRuns: 50, seed: 6 },
    );
  });

  it('can be opened for the longest names that a catalog and a set may have', async () => {
    const { setup } = run;
    const long: Run = {
      ...run,
      setup: {
        ...setup,
        model: { id: 'm'.repeat(80), name: 'n'.repeat(400) },
        artifact: { ...setup.artifact, id: 'a'.repeat(80), quantization: 'q'.repeat(400) },
        set: { ...setup.set, id: 's'.repeat(80), title: 't'.repeat(200), language: `en-${'x'.repeat(17)}` },
      },
    };
    const { payload } = await encodeShareLink(long, [graded('c'.repeat(80), 'x')]);
    expect((await decodeShareLink(payload)).model.name).toHaveLength(400);
  });
});

describe('the length of a link', () => {
  it.each([
    ['Latin', 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,.'],
    ['Cyrillic', 'абвгдежзийклмнопрстуфхцчшщъыьэюя АБВГДЕЖЗ,.'],
    ['emoji', '\u{1f9d9}\u{1f40d}\u{1f98a}\u{1f680}\u{1f31f}\u{1f34e}\u{1f3b2}\u{1f4da}'],
  ])(
    'is at most 8,000 characters for 24 long answers in %s, and it says that they are cut',
    async (_name, alphabet) => {
      const answers = Array.from({ length: 24 }, (_, index) => noise(4_000, alphabet, index));
      const results = answers.map((answer, index) => graded(`case-${index}`, answer));
      const { payload, shortened } = await encodeShareLink(run, results);
      expect(payload.length).toBeLessThanOrEqual(8_000);
      expect(shortened).toBe(true);
      const shared = await decodeShareLink(payload);
      expect(shared.results).toHaveLength(24);
      expect(shared.results.every(({ cut, answer }) => cut && answer.length > 0)).toBe(true);
    },
  );

  it('is not bought with answers that fit', async () => {
    const results = Array.from({ length: 24 }, (_, index) =>
      graded(`case-${index}`, noise(100, 'abcdefgh ', index)),
    );
    const { payload, shortened } = await encodeShareLink(run, results);
    expect(shortened).toBe(false);
    const { results: decoded } = await decodeShareLink(payload);
    expect(decoded.map(({ answer }) => answer)).toEqual(results.map(({ answer }) => answer.trim()));
  });

  it('stays openable for hundreds of cases, also those that pack so well that only their size is in the way', async () => {
    const answer = noise(1_000, 'abcdefgh ');
    const results = Array.from({ length: 450 }, (_, index) => graded(`case-${index}`, answer));
    const { payload, shortened } = await encodeShareLink(run, results);
    expect(shortened).toBe(true);
    expect((await decodeShareLink(payload)).results).toHaveLength(450);
  });

  it('is refused when made, not when opened, for thousands of cases', async () => {
    const results = Array.from({ length: 3_000 }, (_, index) => graded(`case-${index}`, 'x'));
    await expect(encodeShareLink(run, results)).rejects.toMatchObject({ fault: { kind: 'bad-input' } });
  });

  it('cuts by code point, never through a surrogate pair', () => {
    const answer = `x${'\u{1f9d9}'.repeat(50)}`;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), (limit) => {
        const [shared] = shareRun(run, [graded('case', answer)], limit).results;
        expect(shared?.answer).toBe(Array.from(answer).slice(0, limit).join(''));
        expect(shared?.answer).not.toMatch(/\p{Surrogate}/u);
        expect(shared?.cut).toBe(limit < 51);
      }),
    );
  });

  it('holds a thousand characters of one answer, of any width', async () => {
    const { payload } = await encodeShareLink(run, [graded('case', '\u{1f9d9}'.repeat(5_000))]);
    const { results } = await decodeShareLink(payload);
    expect(Array.from(results[0]?.answer ?? '')).toHaveLength(1_000);
  });
});

describe('a link that cannot be read', () => {
  const valid = () => encodeShareLink(run, [graded('a', 'Four legs.'), graded('b', noise(200, 'abcdef '))]);

  it.each(['', ' ', '=', 'a b', 'r=abc', '%41', '<script>', '../../x', 'abc+/', 'Привет', '\0', 'a', 'AAAA'])(
    'is refused: %j',
    async (payload) => {
      await refusal(payload);
    },
  );

  it('is refused for any text', async () => {
    await fc.assert(fc.asyncProperty(anyText(300), async (payload) => void (await refusal(payload))));
  });

  it('is refused for any base64url', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await refusal(toPayload(bytes));
      }),
    );
  });

  it('is refused for any bytes, well zipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await refusal(toPayload(gzipSync(bytes)));
      }),
    );
  });

  it('is refused for any JSON, well zipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (json) => void (await refusal(toPayload(gzipSync(json))))),
    );
  });

  it('is refused for JSON of a hundred thousand levels', async () => {
    await refusal(toPayload(gzipSync('['.repeat(100_000) + ']'.repeat(100_000))));
    await refusal(toPayload(gzipSync('{"version":'.repeat(40_000))));
  });

  it('is refused for text that is not UTF-8', async () => {
    const bytes = Buffer.from(JSON.stringify(shareRun(run, [graded('case', 'é')], 100)));
    expect(await decodeShareLink(toPayload(gzipSync(bytes)))).toMatchObject({ version: 1 });
    // The first of the two bytes of é, without the second.
    const at = bytes.indexOf('é');
    await refusal(toPayload(gzipSync(Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at + 2)]))));
  });

  it('is refused without gzip, which holds the checksum', async () => {
    await refusal(toPayload(deflateRawSync(JSON.stringify(shareRun(run, [], 100)))));
    await refusal(toPayload(Buffer.from(JSON.stringify(shareRun(run, [], 100)))));
  });

  it('never becomes another run when a character is replaced', async () => {
    const { payload } = await valid();
    const original = await decodeShareLink(payload);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(payload.length - 1),
        fc.constantFrom(...Array.from('ABCZabcz0189_-')),
        async (position, character) => {
          const changed = payload.slice(0, position) + character + payload.slice(position + 1);
          // Some bits of a gzip header mean nothing: a link with only those changed is still whole.
          const outcome: unknown = await decodeShareLink(changed).catch((error: unknown) => error);
          if (outcome instanceof FaultError) expect(outcome.fault.kind).toBe('bad-input');
          else expect(outcome).toEqual(original);
        },
      ),
      { numRuns: 300, seed: 6 },
    );
  });

  it('is refused when a character is lost', async () => {
    const { payload } = await valid();
    await fc.assert(
      fc.asyncProperty(fc.nat(payload.length - 1), async (position) => {
        await refusal(payload.slice(0, position) + payload.slice(position + 1));
      }),
      { numRuns: 200, seed: 6 },
    );
  });

  it('is refused when its end is lost', async () => {
    const { payload } = await valid();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: payload.length }), async (lost) => {
        await refusal(payload.slice(0, payload.length - lost));
      }),
    );
  });

  it('is refused by its length alone', async () => {
    expect(await refusal('A'.repeat(MAX_LINK_CHARACTERS + 1))).toMatch(/longer/);
    expect(await refusal('A'.repeat(10_000_000))).toMatch(/longer/);
    // Two characters are a byte and some: as long as a link may be, and refused for another reason.
    expect(await refusal('A'.repeat(MAX_LINK_CHARACTERS))).not.toMatch(/longer/);
  });
});

describe('the fields of a link', () => {
  const shared = shareRun(run, [graded('a', 'x'), graded('b', 'y')], 100);
  const [result] = shared.results;
  const withResult = (change: object) => ({ ...shared, results: [{ ...result, ...change }] });

  it.each<[what: string, path: string, data: unknown]>([
    ['an unknown version', 'version', { ...shared, version: 2 }],
    ['a version as text', 'version', { ...shared, version: '1' }],
    ['no version', 'version', { ...shared, version: undefined }],
    ['a field nobody knows', 'script', { ...shared, script: 'x' }],
    ['a field nobody knows in the setup', 'model.url', { ...shared, model: { ...shared.model, url: 'x' } }],
    ['a field nobody knows in a result', 'results.0.html', withResult({ html: '<b>' })],
    ['a field nobody knows in a reason', 'results.0.reason.x', withResult({ reason: { code: 'a', x: 1 } })],
    ['no results', 'results', { ...shared, results: undefined }],
    ['results that are no list', 'results', { ...shared, results: {} }],
    ['two results of one case', 'results', { ...shared, results: [result, result] }],
    ['an unknown status', 'results.0.status', withResult({ status: 'perfect' })],
    ['an answer too long', 'results.0.answer', withResult({ answer: 'x'.repeat(2_001) })],
    ['an answer that is no text', 'results.0.answer', withResult({ answer: ['x'] })],
    ['a negative time', 'results.0.decodeMs', withResult({ decodeMs: -1 })],
    ['an endless time', 'results.0.decodeMs', withResult({ decodeMs: null })],
    ['a time beyond reason', 'results.0.decodeMs', withResult({ decodeMs: 1e10 })],
    ['half a token', 'results.0.answerTokens', withResult({ answerTokens: 0.5 })],
    ['a date beyond all dates', 'startedAt', { ...shared, startedAt: 8.64e15 + 1 }],
    ['a hash that is none', 'set.sha256', { ...shared, set: { ...shared.set, sha256: '<b>' } }],
    [
      'a temperature out of bounds',
      'sampling.temperature',
      { ...shared, sampling: { ...shared.sampling, temperature: 3 } },
    ],
    [
      'a backend nobody has',
      'session.backend',
      { ...shared, session: { ...shared.session, backend: 'cloud' } },
    ],
  ])('are refused with %s', async (_what, path, data) => {
    expect(await refusal(zip(data))).toContain(`${path}: `);
  });

  it('are as many results as a link may have', async () => {
    const { answer: _answer, ...rest } = shared.results[0] ?? {};
    const many = Array.from({ length: 5_001 }, (_, index) => ({ ...rest, answer: '', caseId: `${index}` }));
    await refusal(zip({ ...shared, results: many }));
  });

  it('cannot reach the prototype of anything', async () => {
    const json = JSON.stringify(shared).replace('{', '{"__proto__":{"polluted":true},');
    const decoded = await decodeShareLink(toPayload(gzipSync(json))).catch(() => shared);
    expect(decoded).toEqual(shared);
    expect(decoded).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('a gzip bomb', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** Counts the bytes that the platform's inflater gives out. */
  function countInflatedBytes(): { bytes: number } {
    const counter = { bytes: 0 };
    const Inflater = DecompressionStream;
    vi.stubGlobal(
      'DecompressionStream',
      class {
        readonly writable: WritableStream<BufferSource>;
        readonly readable: ReadableStream<Uint8Array>;
        constructor(format: CompressionFormat) {
          const { writable, readable } = new Inflater(format);
          this.writable = writable;
          this.readable = readable.pipeThrough(
            new TransformStream<Uint8Array, Uint8Array>({
              transform(chunk, controller) {
                counter.bytes += chunk.byteLength;
                controller.enqueue(chunk);
              },
            }),
          );
        }
      },
    );
    return counter;
  }

  /** 1 GiB of zeros as one gzip member: a mebibyte, deflated once and repeated, which takes no time to make. */
  function zipGibibyteOfZeros(): Buffer {
    const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    const mebibyte = deflateRawSync(Buffer.alloc(1024 * 1024), {
      level: 9,
      finishFlush: constants.Z_FULL_FLUSH,
    });
    const trailer = Buffer.alloc(10);
    // An empty last block, the CRC-32 of 2^30 zeros, and their number.
    trailer.writeUInt16LE(0x0003, 0);
    trailer.writeUInt32LE(0x5b64c2b0, 2);
    trailer.writeUInt32LE(2 ** 30, 6);
    return Buffer.concat([header, ...Array<Buffer>(1024).fill(mebibyte), trailer]);
  }

  it('of a gibibyte is too long for a link', async () => {
    const inflated = countInflatedBytes();
    expect(await refusal(toPayload(zipGibibyteOfZeros()))).toMatch(/longer/);
    expect(inflated.bytes).toBe(0);
  });

  it('of a gibibyte, zipped twice to fit, is not inflated', async () => {
    const payload = toPayload(gzipSync(zipGibibyteOfZeros(), { level: 9 }));
    expect(payload.length).toBeLessThanOrEqual(MAX_LINK_CHARACTERS);
    const inflated = countInflatedBytes();
    await refusal(payload);
    expect(inflated.bytes).toBeLessThan(1024 * 1024);
  });

  it('as large as a link can hold is dropped after half a mebibyte', async () => {
    const zipped = gzipSync(Buffer.alloc(47 * 1024 * 1024), { level: 9 });
    const payload = toPayload(zipped);
    expect(payload.length).toBeLessThanOrEqual(MAX_LINK_CHARACTERS);
    expect(payload.length).toBeGreaterThan(MAX_LINK_CHARACTERS * 0.95);
    const inflated = countInflatedBytes();
    expect(await refusal(payload)).toMatch(/unpacks to more/);
    // Had it not been dropped, the rest would be inflated by now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(inflated.bytes).toBeGreaterThan(512 * 1024);
    expect(inflated.bytes).toBeLessThan(1024 * 1024);
  });

  it('hidden in one field of a valid link is refused', async () => {
    const shared = shareRun(run, [], 0);
    expect(await refusal(zip({ ...shared, model: { id: 'x', name: 'x'.repeat(4_000_000) } }))).toMatch(
      /unpacks to more/,
    );
  });

  it('is no link that is merely large', async () => {
    const results = Array.from({ length: 200 }, (_, index): Result => graded(`c${index}`, 'x'.repeat(1_000)));
    const payload = await encodeSharedRun(shareRun(run, results, 1_000));
    expect((await decodeShareLink(payload)).results).toHaveLength(200);
  });
});
