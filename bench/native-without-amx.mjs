// A child process with llama.cpp's kernels for the next lesser processor: AMX is a matrix unit that no web page can
// reach, so this tells apart what the kernels lack and what the browser lacks. A process of its own, because a library
// that is loaded already is not loaded again.
import { fork } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateNative, loadNativeModel, openNativeContext, predictNative } from './native.mjs';

/** The builds among llama.cpp's that use AMX. */
const AMX_BUILDS = /^libggml-cpu-sapphirerapids\./;

/** Undefined where llama.cpp uses no AMX anyway. */
export function startWithoutAmx(native) {
  if (!/AMX_INT8 = 1/.test(native.systemInfo)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'wizardbench-native-'));
  const main = createRequire(import.meta.url).resolve('@node-llama-cpp/linux-x64');
  cpSync(join(dirname(main), '../bins/linux-x64'), folder, {
    recursive: true,
    filter: (path) => !AMX_BUILDS.test(basename(path)),
  });
  const child = fork(fileURLToPath(import.meta.url), [folder]);
  const ask = (question) =>
    new Promise((resolve, reject) => {
      child.once('message', ({ error, answer }) => (error ? reject(new Error(error)) : resolve(answer)));
      child.send(question);
    });
  return {
    systemInfo: () => ask({ call: 'systemInfo' }),
    open: (path, options) => ask({ call: 'open', path, options }),
    generate: (ids, maxTokens) => ask({ call: 'generate', ids, maxTokens }),
    close: () => ask({ call: 'close' }),
    predict: (path, ids, threads) => ask({ call: 'predict', path, ids, threads }),
    dispose() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function serve(folder) {
  const addon = createRequire(import.meta.url)(join(folder, 'llama-addon.node'));
  addon.setLogger(() => undefined);
  addon.setLoggerLogLevel(0);
  addon.loadBackends(folder);
  await addon.init();
  let model, context;
  const calls = {
    systemInfo: () => addon.systemInfo(),
    async open({ path, options }) {
      model = await loadNativeModel({ addon }, path);
      context = await openNativeContext({ addon }, model, options);
    },
    generate: ({ ids, maxTokens }) => generateNative(context, ids, maxTokens),
    async predict({ path, ids, threads }) {
      const other = await loadNativeModel({ addon }, path);
      const predicted = await predictNative({ addon }, other, ids, threads);
      await other.dispose();
      return predicted;
    },
    async close() {
      await context.dispose();
      await model.dispose();
    },
  };
  process.on('message', async (question) => {
    try {
      process.send({ answer: await calls[question.call](question) });
    } catch (error) {
      process.send({ error: String(error) });
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(process.argv[2]);
