import { expect, test, type Page } from '@playwright/test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenOptions } from '../src/domain/engine/engine';
import type { Artifact } from '../src/domain/model/model';
import { serveEngines } from '../src/engines/testing/browser.mjs';
import type { CompleteCall } from '../src/engines/testing/page/harness.worker';
import { callEngines, makeArtifact, SOFTWARE_GPU } from './engines';

/*
 * The contract of src/domain/engine.ts, engine by engine, in a real browser with real weights: the bundled model for
 * GGUF, a model of our own making with known answers for ONNX. web-llm has a spec of its own.
 */
const root = join(import.meta.dirname, '..');
const TINY = 'src/engines/testing/fixtures/tiny-llama';
const BUNDLED = 'static-models/smollm2-135m-instruct-q4_1';
const GREEDY = { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: 8 };

interface Subject {
  readonly engineId: string;
  readonly backend: OpenOptions['backend'];
  readonly artifact: Artifact;
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly paths: readonly string[] }[];
  readonly prompt: string;
  /** Long enough to be stopped in the middle of it. */
  readonly longPrompt: string;
  /** Computed by other means than the engine's. */
  readonly known?: readonly KnownAnswer[];
}

interface KnownAnswer {
  readonly prompt: string;
  readonly promptIds: readonly number[];
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
}

const GGUF = makeArtifact('gguf', {
  files: [{ name: 'model.gguf', bytes: 1, sha256: 'a'.repeat(64), manifest: 'm/manifest.json' }],
});
const ONNX = makeArtifact('onnx', { onnx: { repo: 'own/tiny-llama', dtype: 'fp32' } });

const bundled = {
  artifact: GGUF,
  folder: BUNDLED,
  files: [
    {
      name: 'model.gguf',
      paths: readdirSync(join(root, BUNDLED))
        .filter((name) => name.endsWith('.bin'))
        .sort(),
    },
  ],
  prompt: 'The capital of France is',
  longPrompt: 'one two three four five six seven eight nine ten '.repeat(36),
};
const TINY_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'onnx/model.onnx',
];
const tiny = {
  artifact: ONNX,
  folder: TINY,
  files: TINY_FILES.map((name) => ({ name, paths: [name] })),
  prompt: 'The wizard asked: if every cat is grey, then',
  longPrompt: 'The wizard asked. '.repeat(60),
  // Computed by scripts/make-onnx-fixture.py.
  known: JSON.parse(readFileSync(join(root, TINY, 'expected.json'), 'utf8')) as readonly KnownAnswer[],
};

const SUBJECTS: readonly Subject[] = [
  { engineId: 'simd', backend: 'wasm', ...bundled },
  { engineId: 'wllama', backend: 'wasm', ...bundled },
  { engineId: 'transformers', backend: 'wasm', ...tiny },
  { engineId: 'transformers', backend: 'webgpu', ...tiny },
];

let served: Awaited<ReturnType<typeof serveEngines>> | undefined;

test.beforeAll(async () => {
  served = await serveEngines({ folders: { [BUNDLED]: join(root, BUNDLED), [TINY]: join(root, TINY) } });
});
test.afterAll(() => {
  served?.close();
});
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), ...SOFTWARE_GPU] });
  },
});

const open = (
  page: Page,
  { engineId, backend, artifact, folder, files }: Subject,
  threads = 1,
  more: Partial<OpenOptions> = {},
) =>
  callEngines(page, 'open', {
    engineId,
    artifact,
    files: files.map(({ name, paths }) => ({ name, urls: paths.map((path) => `/${folder}/${path}`) })),
    options: { contextTokens: 512, threads: engineId === 'simd' ? 'measure' : threads, backend, ...more },
  });

const complete = (page: Page, call: Omit<CompleteCall, 'stop'> & { stop?: readonly string[] }) =>
  callEngines(page, 'complete', { stop: [], ...call });

for (const subject of SUBJECTS) {
  const { engineId, backend, prompt } = subject;
  test(`${engineId} on ${backend} keeps the contract of an engine`, async ({ page }) => {
    await page.goto(served?.url ?? '');

    await test.step('says what runs', async () => {
      const opened = await open(page, subject);
      if (!('info' in opened)) throw new Error(JSON.stringify(opened.fault));
      expect(opened.info).toMatchObject({ engineId, backend, contextTokens: 512 });
      expect(opened.info.engineVersion).toMatch(/\d+\.\d+/);
      expect(opened.info.threads).toBeGreaterThanOrEqual(1);
      expect(opened.info.quantization).toMatch(/Q4_1|fp32/);
      if (backend === 'webgpu') expect(opened.info.adapter).toContain('swiftshader');
    });

    const greedy = await test.step('writes greedily, the same each time, and counts', async () => {
      const first = await complete(page, { prompt, sampling: GREEDY });
      expect(first.fault).toBeUndefined();
      expect(first.text).not.toBe('');
      const end = first.end;
      if (end === undefined) throw new Error('no end');
      expect(end).toMatchObject({ reason: 'length', answerTokens: 8 });
      expect(end.promptTokens).toBeGreaterThan(3);
      expect(end.decodeMs).toBeGreaterThan(0);
      expect((await complete(page, { prompt, sampling: GREEDY })).text).toBe(first.text);
      return first.text;
    });

    await test.step('ends before a stop string, also inside a token', async () => {
      const at = Math.floor(greedy.length / 2);
      const stop = greedy.slice(at, at + 3);
      const answer = await complete(page, { prompt, sampling: GREEDY, stop: [stop] });
      expect(answer.text).toBe(greedy.slice(0, greedy.indexOf(stop)));
      expect(answer.end?.reason).toBe('stop');
    });

    await test.step('draws the same with the same seed, and other text with another', async () => {
      const draw = async (seed: number) =>
        (
          await complete(page, {
            prompt,
            sampling: { ...GREEDY, temperature: 1.2, topP: 0.98, seed, maxTokens: 12 },
          })
        ).text;
      const drawn = await draw(7);
      expect(await draw(7)).toBe(drawn);
      expect(new Set([drawn, await draw(8), await draw(9)]).size).toBeGreaterThan(1);
    });

    await test.step('obeys a stop while it writes, and goes on with the next', async () => {
      const long = { ...GREEDY, maxTokens: 400 };
      const stopped = await complete(page, { prompt, sampling: long, abortAfterTokens: 3 });
      expect(stopped.fault).toEqual({ kind: 'stopped' });
      // Tokens that were on their way may still come.
      expect(stopped.ids.length).toBeLessThan(20);
      expect((await complete(page, { prompt, sampling: GREEDY })).text).toBe(greedy);
    });

    await test.step('obeys a stop while it reads', async () => {
      const long = { ...GREEDY, maxTokens: 200 };
      const stopped = await complete(page, { prompt: subject.longPrompt, sampling: long, abortAfterMs: 0 });
      expect(stopped.fault).toEqual({ kind: 'stopped' });
      expect(stopped.ids.length).toBeLessThan(20);
      expect((await complete(page, { prompt, sampling: GREEDY })).text).toBe(greedy);
    });

    await test.step('gives the known answers', async () => {
      for (const known of subject.known ?? []) {
        const sampling = { ...GREEDY, maxTokens: known.ids.length };
        const answer = await complete(page, { prompt: known.prompt, sampling });
        expect(answer.ids.filter((id) => id !== undefined)).toEqual(known.ids);
        expect(answer.end?.promptTokens).toBe(known.promptIds.length);
        // SwiftShader rounds `exp` and its kind coarsely; no choice above was closer than 0.01.
        const tolerance = backend === 'webgpu' ? 0.02 : 0.0005;
        for (const [index, logprob] of known.logprobs.entries())
          expect(Math.abs((answer.logprobs[index] ?? NaN) - logprob)).toBeLessThan(tolerance);
      }
    });

    await test.step('lets everything go when closed', async () => {
      expect(await callEngines(page, 'close')).toBe(0);
      expect((await complete(page, { prompt, sampling: GREEDY })).fault).toBeDefined();
    });
  });
}

test('transformers with two threads writes what it writes with one, and asks no other host', async ({
  page,
}) => {
  const [subject] = SUBJECTS.filter(({ engineId }) => engineId === 'transformers');
  if (subject === undefined) throw new Error('no subject');
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(served?.url ?? '')) foreign.push(request.url());
  });
  await page.goto(served?.url ?? '');
  expect(await open(page, subject, 2)).toMatchObject({ info: { threads: 2 } });
  const [known] = subject.known ?? [];
  const answer = await complete(page, {
    prompt: known?.prompt ?? '',
    sampling: { ...GREEDY, maxTokens: 24 },
  });
  expect(answer.ids.filter((id) => id !== undefined)).toEqual(known?.ids);
  expect(foreign).toEqual([]);
});

test('transformers says what is wrong with its files, and opens the next all the same', async ({ page }) => {
  const [subject] = SUBJECTS.filter(({ engineId }) => engineId === 'transformers');
  if (subject === undefined) throw new Error('no subject');
  await page.goto(served?.url ?? '');
  const without = subject.files.filter(({ name }) => !name.endsWith('.onnx'));
  expect(await open(page, { ...subject, files: without })).toMatchObject({
    fault: { kind: 'bad-input', what: 'ONNX model' },
  });
  // Not a model at all.
  const junk = [...without, { name: 'onnx/model.onnx', paths: ['tokenizer.json'] }];
  expect(await open(page, { ...subject, files: junk })).toMatchObject({ fault: { kind: 'engine' } });
  expect(await open(page, subject)).toMatchObject({ info: { engineId: 'transformers' } });
});

test.describe('what is chosen for a device', () => {
  const subjectOf = (id: string) => {
    const subject = SUBJECTS.find(({ engineId }) => engineId === id);
    if (subject === undefined) throw new Error(id);
    return subject;
  };
  /** What it was opened with, as it says itself, and the log-probabilities of an answer to a prompt of many chunks. */
  async function answerWith(page: Page, id: string, more: Partial<OpenOptions>) {
    const subject = subjectOf(id);
    const opened = await open(page, subject, 1, more);
    if (!('info' in opened)) throw new Error(JSON.stringify(opened.fault));
    const answer = await complete(page, { prompt: subject.longPrompt, sampling: GREEDY, alternatives: 1 });
    expect(answer.fault).toBeUndefined();
    return { info: opened.info, ...answer };
  }

  test('our engine measures how much of a prompt to compute at once, and answers alike with any', async ({
    page,
  }) => {
    await page.goto(served?.url ?? '');
    const measured = await answerWith(page, 'simd', { batchTokens: 'measure' });
    expect([128, 256, 512]).toContain(measured.info.batchTokens);
    expect(measured.info.kvType).toBe('f16');
    for (const batchTokens of [33, 64, 256]) {
      const given = await answerWith(page, 'simd', { batchTokens });
      expect(given.info.batchTokens).toBe(batchTokens);
      expect(given.logprobs).toEqual(measured.logprobs);
    }
  });

  test('llama.cpp keeps a coarser cache where that is asked for, and says so', async ({ page }) => {
    await page.goto(served?.url ?? '');
    const exact = await answerWith(page, 'wllama', {});
    expect(exact.info).toMatchObject({ kvType: 'f16', batchTokens: 512 });
    const coarse = await answerWith(page, 'wllama', { kvType: 'q8_0', batchTokens: 128 });
    expect(coarse.info).toMatchObject({ kvType: 'q8_0', batchTokens: 128 });
    const [first = 0, other = 0] = [exact.logprobs[0], coarse.logprobs[0]];
    expect(other).not.toBe(first);
    expect(Math.abs(other - first)).toBeLessThan(0.5);
  });
});
