// Opens hostile files with the library and with the engines of the app, in a worker as the app does.
import * as Comlink from 'comlink';
import { FaultError } from '../../src/domain/fault.ts';
import { engineRegistry } from '../../src/engines/registry.ts';
import { blobSource, openModel } from '../../src/inference/index.ts';
import { createHostileGgufs } from '../../src/inference/testing/hostile-gguf.mjs';
import { createRandomModel } from '../../src/inference/testing/random-model.mjs';

const artifact = { id: 'hostile', format: 'gguf', quantization: 'Q8_0', contextTokens: 64, files: [] };

function openWithEngine(id, bytes, signal = new AbortController().signal) {
  const engine = engineRegistry.find((each) => each.id === id);
  const options = { contextTokens: 64, threads: 1, backend: 'wasm' };
  return engine.open(artifact, [{ name: 'model.gguf', blob: new Blob([bytes]) }], options, signal);
}

/** Opens each with `open`; tells what came of it. @param {number} skip how many files go by between two that are tried */
async function openAll(count, skip, open, nameError) {
  const outcomes = [];
  let index = 0;
  for (const { kind, bytes, mustFail } of createHostileGgufs(count)) {
    if (index++ % (skip + 1) !== 0) continue;
    let outcome;
    try {
      const session = await open(bytes);
      await session.close();
      outcome = 'opened';
    } catch (error) {
      outcome = nameError(error);
    }
    outcomes.push({ kind, mustFail, outcome });
  }
  return outcomes;
}

Comlink.expose({
  library: (count) =>
    openAll(
      count,
      0,
      (bytes) => openModel([blobSource(new Blob([bytes]))], { contextTokens: 64, threads: 1 }),
      (error) =>
        error?.name === 'InferenceError' ? `${error.code}: ${error.message}` : `unexpected: ${error}`,
    ),

  engine: (id, count, skip) =>
    openAll(
      count,
      skip,
      (bytes) => openWithEngine(id, bytes),
      (error) =>
        error instanceof FaultError ? `${error.fault.kind}: ${error.fault.detail}` : `unexpected: ${error}`,
    ),

  /** A good file opens: nothing before it did harm. What random weights say is no text, so nothing is asked. */
  async openGood(id) {
    const session = await openWithEngine(id, createRandomModel({ type: 'Q8_0', seed: 3 }));
    await session.close();
    return session.info.engineId;
  },
});
