// The models of the benchmark: the bundled SmolLM2 and what is made from it, kept in the system's temporary folder.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeShapeModel } from './make-shape-model.mjs';
import { requantise } from './requantise.mjs';

const BUNDLED = fileURLToPath(new URL('../static-models/smollm2-135m-instruct-q4_1', import.meta.url));

function cachePath(name) {
  const folder = process.env.BENCH_CACHE ?? join(tmpdir(), 'wizardbench-bench');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/** The path of a file that `make` writes if it is not there yet; a broken-off one is never taken for whole. */
async function cached(name, make) {
  const path = cachePath(name);
  if (existsSync(path)) return path;
  const partial = `${path}.part`;
  await make(partial);
  renameSync(partial, path);
  return path;
}

async function joinShards(to) {
  const { shards, bytes } = JSON.parse(readFileSync(join(BUNDLED, 'manifest.json'), 'utf8'));
  const file = openSync(to, 'w');
  for (const { path } of shards) {
    const data = readFileSync(join(BUNDLED, path));
    writeSync(file, data, 0, data.length);
  }
  closeSync(file);
  if (statSync(to).size !== bytes) throw new Error('the bundled model is incomplete');
}

/**
 * Path of SmolLM2-135M in a type or the mix Q4_K_M; `given` is a Q4_1 file to use instead of the bundled one. `Q8_0.F32`:
 * the weights of the Q8_0 model as floats.
 */
export async function prepareSmallModel(type, given) {
  const bundled = given ?? (await cached('SmolLM2-135M-Instruct.Q4_1.gguf', joinShards));
  if (type === 'Q4_1') return bundled;
  const [rounded, floats] = type.split('.');
  if (floats) {
    const from = await prepareSmallModel(rounded, given);
    return cached(`SmolLM2-135M-Instruct.${type}.gguf`, (to) => requantise(from, to, floats));
  }
  return cached(`SmolLM2-135M-Instruct.${type}.gguf`, (to) => requantise(bundled, to, type));
}

/** Path of a 7B-shaped model with random weights. */
export function prepareShapeModel(type) {
  return cached(`WizardLM-7B-shape.${type}.gguf`, (to) => makeShapeModel(to, { type }));
}
