// What the engine libraries need of a Vite build; the app's own and the test pages' builds share it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** @param {string} folder of a package, from the root of this one @returns {string} */
function readVersion(folder) {
  const { version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  if (typeof version !== 'string') throw new TypeError(`${folder} has no version`);
  return version;
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
  __APP_VERSION__: JSON.stringify(readVersion('.')),
};
