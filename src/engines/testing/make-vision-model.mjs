// A tiny vision model of random weights for the browser tests, the same each time; 1 MB with both its projectors:
//   node src/engines/testing/make-vision-model.mjs folder
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRandomModel } from '../../inference/testing/random-model.mjs';
import { createRandomProjector, IDEFICS3_TOKENS } from './random-projector.mjs';

export const TEXT_EMBEDDING = 64;
/** The end of the text; and bytes that alone are no characters: wllama cannot pass on an answer that has one. */
const UNWRITTEN = /** @type {const} */ ([0, 259]);

/** The files by name: the text model, and what gives it eyes as LLaVA and as SmolVLM have them. */
export function createVisionModel() {
  return {
    'model.gguf': createRandomModel({
      embedding: TEXT_EMBEDDING,
      heads: 4,
      kvHeads: 2,
      contextTokens: 1024,
      unwritten: UNWRITTEN,
      controlTokens: IDEFICS3_TOKENS,
      seed: 7,
    }),
    'mmproj.gguf': createRandomProjector({ textEmbedding: TEXT_EMBEDDING, seed: 8 }),
    'mmproj-idefics3.gguf': createRandomProjector({
      textEmbedding: TEXT_EMBEDDING,
      projector: 'idefics3',
      seed: 9,
    }),
  };
}

/** @param {string} folder @param {Readonly<Record<string, Uint8Array>>} files */
export function writeFiles(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , folder] = process.argv;
  if (!folder) throw new Error('usage: node src/engines/testing/make-vision-model.mjs folder');
  const files = createVisionModel();
  writeFiles(folder, files);
  for (const [name, bytes] of Object.entries(files)) console.log(`${name}: ${bytes.length} bytes`);
}
