// What the engine libraries need of a Vite build; the app's own and the test pages' builds share it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** @param {string} folder of a package, from the root of this one @returns {string} */
function readVersion(folder) {
  const { version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  if (typeof version !== 'string') throw new TypeError(`${folder} has no version`);
  return version;
}

/**
 * A version that changes with the kernels: what was measured with other ones counts for nothing, and a shared result
 * tells them apart.
 * @param {string} version of the package
 * @param {string} folder of the built WASM files, or of the shaders
 * @param {string} [ending] of their names
 * @returns {string} the version and the first 32 bits of the files' SHA-256
 */
export function nameEngineVersion(version, folder, ending = '.wasm') {
  const hash = createHash('sha256');
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  if (names.length === 0) throw new Error(`${folder} has no ${ending} files`);
  for (const name of names.sort()) {
    // Hashed one by one, so that bytes that move from one file to the next count as a change.
    hash.update(name).update(
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest(),
    );
  }
  return `${version}+${hash.digest('hex').slice(0, 8)}`;
}

export const engineResolve = {
  alias: [
    // The package's own entry is its TypeScript source; this is what it builds from that.
    { find: /^@wllama\/wllama$/, replacement: '@wllama/wllama/esm/index.js' },
    // ONNX Runtime with its loader in a file of its own: inlined, its threads would start from our worker, and hang.
    {
      find: /^onnxruntime-web\/webgpu$/,
      replacement: join(root, 'node_modules/onnxruntime-web/dist/ort.webgpu.min.mjs'),
    },
  ],
};

export const engineDefine = {
  __WLLAMA_VERSION__: JSON.stringify(readVersion('node_modules/@wllama/wllama')),
  __WEB_LLM_VERSION__: JSON.stringify(readVersion('node_modules/@mlc-ai/web-llm')),
  __TRANSFORMERS_VERSION__: JSON.stringify(readVersion('node_modules/@huggingface/transformers')),
  __ENGINE_VERSION__: JSON.stringify(
    nameEngineVersion(readVersion('.'), join(root, 'src/inference/cpu/binaries')),
  ),
  __GPU_ENGINE_VERSION__: JSON.stringify(
    nameEngineVersion(readVersion('.'), join(root, 'src/inference/gpu/shaders'), '.wgsl'),
  ),
};
