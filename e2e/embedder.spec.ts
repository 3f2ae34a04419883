import { expect, test } from '@playwright/test';
import { fetchOnnxFixture } from '../scripts/fetch-onnx-fixture.mjs';
import { serveEngines } from '../src/engines/testing/browser.mjs';
import { callEngines } from './engines';

/* A real sentence model in a real browser. It is too large to keep here: without it, the test says so and is skipped. */
const SENTENCES = [
  'A cat sits on the mat.',
  'A kitten is lying on the rug.',
  'The stock market fell sharply today.',
];
/** By native ONNX Runtime 1.23 and Python's `tokenizers`: cosines of the first with the others, and where it begins. */
const COSINES = [0.5616, 0.0897];
const BEGINNING = [0.1218, -0.0321, -0.0269, 0.0421];

let folder: string | undefined;
let reason = '';
let served: Awaited<ReturnType<typeof serveEngines>> | undefined;

test.beforeAll(async () => {
  try {
    folder = fetchOnnxFixture();
  } catch (error) {
    reason = `MiniLM could not be fetched: ${error instanceof Error ? error.message : String(error)}`;
    console.warn(reason);
    return;
  }
  served = await serveEngines({ folders: { minilm: folder } });
});
test.afterAll(() => {
  served?.close();
});

test('MiniLM gives the vectors that native ONNX Runtime gives', async ({ page }) => {
  test.skip(folder === undefined, reason);
  await page.goto(served?.url ?? '');
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model_quantized.onnx'];
  const files = names.map((name) => ({ name, urls: [`/minilm/${name}`] }));
  await callEngines(page, 'openEmbedder', files, 'q8');
  const [cat = [], ...others] = await callEngines(page, 'embed', SENTENCES);
  const dot = (other: readonly number[]) =>
    cat.reduce((sum, value, index) => sum + value * (other[index] ?? NaN), 0);

  expect(cat).toHaveLength(384);
  expect(dot(cat)).toBeCloseTo(1, 4);
  // Both round activations to 8 bits, each in its own way.
  for (const [index, cosine] of COSINES.entries())
    expect(Math.abs(dot(others[index] ?? []) - cosine)).toBeLessThan(0.02);
  for (const [index, value] of BEGINNING.entries())
    expect(Math.abs((cat[index] ?? NaN) - value)).toBeLessThan(0.01);
  // One sentence alone has the vector that it has in company: padding counts for nothing.
  const [alone = []] = await callEngines(page, 'embed', SENTENCES.slice(0, 1));
  expect(dot(alone)).toBeGreaterThan(0.99);
  expect(await callEngines(page, 'close')).toBe(0);
});
