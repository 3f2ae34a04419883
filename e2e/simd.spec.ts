import { expect, test, type Page } from '@playwright/test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SimdBuild } from '../src/inference/cpu/binary';
import type { ContinuationScore, OpenOptions, ModelInfo } from '../src/inference/index';
import { serveHarness } from '../src/inference/testing/browser.mjs';
import { relativeError } from '../src/inference/testing/logits-fixture';
import { readTeacherFixture } from '../src/inference/testing/teacher-fixture';

/*
 * Our engine by itself, on a page of its own: the bundled model in each of the three builds against native llama.cpp.
 * The app's tests beside this one run whichever build the browser prefers.
 */
const BUILDS: readonly SimdBuild[] = ['wasm32-relaxed', 'wasm64-relaxed', 'wasm32-plain'];
const MODEL = join(import.meta.dirname, '../static-models/smollm2-135m-instruct-q4_1');

const fixture = readTeacherFixture();
const PROMPTS: readonly (string | readonly number[])[] = [
  'The capital of France is',
  'Если все кошки — животные, то',
  '<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n',
  // Longer than a chunk of prefill.
  fixture.ids.slice(0, 300),
];
const NEW_TOKENS = 16;

let harness: Awaited<ReturnType<typeof serveHarness>>;
let shards: string[];

test.beforeAll(async () => {
  harness = await serveHarness();
  const names = readdirSync(MODEL).filter((name) => name.endsWith('.bin'));
  shards = names.sort().map((name) => harness.serve(join(MODEL, name)));
});
test.afterAll(() => {
  harness.close();
});

/** Runs a command of the harness (src/inference/testing/page/harness.worker.ts). */
async function call(page: Page, name: string, argument?: unknown): Promise<unknown> {
  return page.evaluate(
    ([command, value]) =>
      (globalThis as unknown as { call(name: unknown, argument: unknown): Promise<unknown> }).call(
        command,
        value,
      ),
    [name, argument],
  );
}

const open = async (page: Page, options: OpenOptions) =>
  (await call(page, 'open', { shards, options })) as ModelInfo;

async function answer(page: Page): Promise<number[][]> {
  const answers: number[][] = [];
  for (const prompt of PROMPTS) {
    const { ids } = (await call(page, 'generate', { prompt, maxTokens: NEW_TOKENS })) as { ids: number[] };
    answers.push(ids);
  }
  return answers;
}

for (const build of BUILDS) {
  test(`the engine alone: ${build}`, async ({ page }) => {
    await page.goto(harness.url);

    expect(await open(page, { build, threads: 1 })).toMatchObject({ backend: { build, maxThreads: 1 } });
    const answers = await answer(page);
    expect(answers.every((ids) => ids.length > 0)).toBe(true);
    const info = await open(page, { build, threads: 2 });
    expect(info).toMatchObject({ backend: { build, maxThreads: 2 } });

    await test.step('gives the same with two threads as with one', async () => {
      expect(await answer(page)).toEqual(answers);
    });

    await test.step('agrees with native llama.cpp', async () => {
      const { ids, probeIds, probeStep } = fixture;
      const native = fixture.models.Q4_1;
      const teacher = await call(page, 'teacher', { ids, probeIds, probeStep });
      const { best, probes } = teacher as { best: number[]; probes: number[] };
      const agreeing = best.filter((id, position) => id === native.best[position]).length;
      // Both round activations to 8 bits: each agrees with exact arithmetic to 0.97 .. 0.98 on this text.
      expect(agreeing / ids.length).toBeGreaterThanOrEqual(0.95);
      expect(relativeError(probes, native.probes)).toBeLessThan(0.04);
    });

    await test.step('stops in the middle of a prompt, and goes on with the next', async () => {
      const ids = Array.from({ length: 2000 }, (_, index) => 300 + index);
      expect(await call(page, 'abortPrefill', { ids })).toMatchObject({
        error: 'Error: stopped by the test',
      });
      const { ids: after } = (await call(page, 'generate', {
        prompt: PROMPTS[0],
        maxTokens: NEW_TOKENS,
      })) as {
        ids: number[];
      };
      expect(after).toEqual(answers[0]);
    });

    await test.step('scores what its logits say', async () => {
      const prompt = 'The capital of France is';
      const continuations = [' Paris', ' London', ' Paris, and the capital of Germany is Berlin.'];
      const promptIds = (await call(page, 'tokenize', prompt)) as number[];
      const scores = (await call(page, 'score', { prompt, continuations })) as ContinuationScore[];
      expect(scores).toHaveLength(continuations.length);
      for (const { tokens, sum } of scores) {
        const ids = [...promptIds, ...tokens];
        const logprobs = (await call(page, 'logprobs', { ids, from: promptIds.length })) as number[];
        expect(logprobs).toHaveLength(tokens.length);
        expect(sum).toBeCloseTo(
          logprobs.reduce((a, b) => a + b, 0),
          3,
        );
      }
      const [paris, london] = scores;
      expect(paris?.sum).toBeGreaterThan(london?.sum ?? 0);
    });
  });
}
