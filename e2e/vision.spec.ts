import { expect, test, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '../scripts/image-set/png.mjs';
import { IMAGE_MARKER } from '../src/domain/prompt/pieces';
import { serveEngines } from '../src/engines/testing/browser.mjs';
import { createVisionModel, TEXT_EMBEDDING, writeFiles } from '../src/engines/testing/make-vision-model.mjs';
import { createRandomProjector, PATCHES } from '../src/engines/testing/random-projector.mjs';
import type { Completed } from '../src/engines/testing/page/harness.worker';
import { callEngines, makeArtifact } from './engines';

/*
 * Whether an image reaches the model: llama.cpp in a real browser, with a vision model of our own making. Its weights are
 * random, so its answers are noise; but every part of it computes, and what it is shown decides the noise.
 */
const model = createVisionModel();
const projector = model['mmproj.gguf'];
const damaged = {
  'cut.gguf': projector.subarray(0, 100_000),
  'cut-header.gguf': projector.subarray(0, 300),
  'text.gguf': new TextEncoder().encode('<!doctype html><title>404</title>'),
  'other-size.gguf': createRandomProjector({ textEmbedding: TEXT_EMBEDDING / 2 }),
  'crystal-ball.gguf': createRandomProjector({ textEmbedding: TEXT_EMBEDDING, projector: 'crystal-ball' }),
};

let folder = '';
let served: Awaited<ReturnType<typeof serveEngines>> | undefined;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vision-model-'));
  writeFiles(folder, { ...model, ...damaged });
  served = await serveEngines({ folders: { vision: folder } });
});
test.afterAll(() => {
  served?.close();
  rmSync(folder, { recursive: true });
});
test.beforeEach(async ({ page }) => {
  await page.goto(served?.url ?? '');
});

const ARTIFACT = makeArtifact('gguf', {
  files: [{ name: 'model.gguf', bytes: 1, sha256: 'a'.repeat(64), manifest: 'm/manifest.json' }],
});
const GREEDY = { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: 6 };
const QUESTION = `${IMAGE_MARKER}\nabc`;

const open = (page: Page, eyes: string | undefined, { threads = 1, engineId = 'wllama' } = {}) =>
  callEngines(page, 'open', {
    engineId,
    artifact: ARTIFACT,
    files: [
      { name: 'model.gguf', urls: ['/vision/model.gguf'] },
      ...(eyes === undefined ? [] : [{ name: eyes, urls: [`/vision/${eyes}`], role: 'mmproj' as const }]),
    ],
    options: { contextTokens: 512, threads, backend: 'wasm' },
  });

/** Bytes cross into the page as a list. */
const ask = (page: Page, images: readonly Uint8Array[], prompt = QUESTION) =>
  page.evaluate(
    async ([lists, text, sampling]) => {
      const { engines } = globalThis as unknown as {
        engines: { complete: (call: object) => Promise<Completed> };
      };
      return engines.complete({
        prompt: text,
        stop: [],
        alternatives: 1,
        images: lists.map((bytes) => ({ mediaType: 'image/png', bytes: new Uint8Array(bytes) })),
        sampling,
      });
    },
    [images.map((bytes) => [...bytes]), prompt, GREEDY] as const,
  );
function draw(colourAt: (x: number, y: number) => readonly [number, number, number]): Uint8Array {
  const size = 64;
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, index) => {
    const pixel = Math.floor(index / 3);
    return colourAt(pixel % size, Math.floor(pixel / size))[index % 3] ?? 0;
  });
  return encodePng({ width: size, height: size, pixels });
}
const RED = draw(() => [220, 20, 20]);
const BLUE = draw(() => [20, 20, 220]);
const STRIPES = draw((x) => ((x >> 3) % 2 === 0 ? [0, 0, 200] : [250, 250, 240]));
const TURNED = draw((_, y) => ((y >> 3) % 2 === 0 ? [0, 0, 200] : [250, 250, 240]));

for (const { like, file, threads } of [
  { like: 'LLaVA', file: 'mmproj.gguf', threads: 1 },
  { like: 'LLaVA', file: 'mmproj.gguf', threads: 2 },
  { like: 'SmolVLM', file: 'mmproj-idefics3.gguf', threads: 1 },
]) {
  test(`what a model like ${like} sees decides what it writes, with ${threads} threads`, async ({ page }) => {
    expect(await open(page, file, { threads })).toMatchObject({ acceptsImages: true, info: { threads } });

    const seen = [];
    for (const image of [RED, BLUE, STRIPES, TURNED]) {
      const answer = await ask(page, [image]);
      expect(answer.fault).toBeUndefined();
      expect(answer.end?.answerTokens).toBe(6);
      seen.push(JSON.stringify([answer.ids, answer.logprobs]));
    }
    expect(new Set(seen).size).toBe(4);

    // Also after others were in the KV cache, and when it is taken from there.
    for (const cached of [false, true]) {
      const again = await ask(page, [RED]);
      expect(JSON.stringify([again.ids, again.logprobs])).toBe(seen[0]);
      if (cached) expect(again.end?.cachedTokens).toBeGreaterThan(PATCHES);
    }
    expect(await callEngines(page, 'close')).toBe(0);
  });
}

test('each image stands at its own place in the prompt', async ({ page }) => {
  await open(page, 'mmproj.gguf');
  const one = await ask(page, [RED]);
  // The beginning of text and the seven bytes of "\nabc" with its space.
  expect(one.end?.promptTokens).toBe(PATCHES + 8);
  const prompt = `a ${IMAGE_MARKER} b ${IMAGE_MARKER} c`;
  const there = await ask(page, [RED, STRIPES], prompt);
  const back = await ask(page, [STRIPES, RED], prompt);
  expect(there.fault ?? back.fault).toBeUndefined();
  expect(there.end?.promptTokens).toBeGreaterThan(2 * PATCHES);
  expect(there.logprobs).not.toEqual(back.logprobs);
  expect((await ask(page, [RED], prompt)).fault).toMatchObject({ kind: 'bad-input', what: 'prompt' });
});

test('a JPEG is seen as the PNG of the same picture is', async ({ page }) => {
  await open(page, 'mmproj.gguf');
  const jpeg = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(64, 64);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.fillStyle = 'rgb(220 20 20)';
    context.fillRect(0, 0, 64, 64);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 1 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const [photo, drawn] = [await ask(page, [Uint8Array.from(jpeg)]), await ask(page, [RED])];
  expect(photo.fault).toBeUndefined();
  expect(photo.ids).toEqual(drawn.ids);
});

test('an image that is none is the fault of that question alone', async ({ page }) => {
  await open(page, 'mmproj.gguf');
  const first = await ask(page, [RED]);
  for (const image of [RED.subarray(0, 60), RED.subarray(8), new Uint8Array([1, 2, 3])])
    expect((await ask(page, [image])).fault).toMatchObject({ kind: 'bad-input', what: 'image' });
  expect((await ask(page, [RED])).logprobs).toEqual(first.logprobs);
});

test('a model without eyes says so, and so does one whose eyes are broken', async ({ page }) => {
  for (const engineId of ['simd', 'wllama'])
    expect(await open(page, undefined, { engineId })).toMatchObject({ acceptsImages: false });
  expect((await ask(page, [RED])).fault).toEqual({
    kind: 'unsupported',
    detail: 'this model was opened for text only',
  });
  expect((await ask(page, [], 'abc')).fault).toBeUndefined();
  const WHAT = 'image projector (mmproj)';
  for (const [file, fault] of [
    ['cut.gguf', { kind: 'bad-input', what: WHAT, detail: /past the end of a file/ }],
    ['cut-header.gguf', { kind: 'bad-input', what: WHAT, detail: /cannot fit/ }],
    ['text.gguf', { kind: 'bad-input', what: WHAT, detail: /not a GGUF file/ }],
    ['model.gguf', { kind: 'bad-input', what: WHAT, detail: /'llama', not 'clip'/ }],
    ['other-size.gguf', { kind: 'unsupported', detail: /n_embd = 64\) and mmproj \(n_embd = 32/ }],
    ['crystal-ball.gguf', { kind: 'unsupported', detail: /image projector .*'crystal-ball'/ }],
  ] as const) {
    const detail: unknown = expect.stringMatching(fault.detail);
    expect(await open(page, file), file).toMatchObject({ fault: { ...fault, detail } });
  }
  expect(await open(page, 'mmproj.gguf')).toMatchObject({ acceptsImages: true });
});

test('a model with eyes still scores text', async ({ page }) => {
  await open(page, 'mmproj.gguf');
  const scores = await callEngines(page, 'score', 'abc', ['d', 'e']);
  expect(scores).toMatchObject([{ logprobs: [expect.any(Number)] }, { logprobs: [expect.any(Number)] }]);
});
