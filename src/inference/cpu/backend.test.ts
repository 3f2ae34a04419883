import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeModel } from '../architectures/registry';
import { elementAt } from '../element-at';
import { InferenceError } from '../errors';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { createNamedModel, RANDOM_PROMPT, VOCABULARY } from '../testing/random-model.mjs';
import { openCpu } from './open';

async function open() {
  const source = bytesSource(createNamedModel('Q8_0'));
  return openCpu(describeModel(await parseGguf([source])), [source], {
    build: 'wasm32-plain',
    loadBinary: (build) =>
      Promise.resolve(new Uint8Array(readFileSync(new URL(`./binaries/${build}.wasm`, import.meta.url)))),
  });
}

test('rows are of one mind, whatever they are wanted for', async () => {
  const backend = await open();
  await backend.extend(0, RANDOM_PROMPT, 0);
  const last = RANDOM_PROMPT.length - 1;
  const [all] = await backend.rows(last, 1, 'all');
  expect(all?.logits).toHaveLength(VOCABULARY);
  const logits = Float32Array.from(all?.logits ?? []);
  const most = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  expect(all?.argmax).toBe(logits.indexOf(most));
  expect(all?.logSumExp).toBeCloseTo(most + Math.log(sum), 4);
  expect(await backend.rows(last, 1, 'argmax')).toMatchObject([{ argmax: all?.argmax }]);
  expect(await backend.rows(last, 1, 'logits')).toMatchObject([{ logits }]);
  const picked = Float32Array.of(elementAt(logits, 7), elementAt(logits, 3));
  const stats = { argmax: all?.argmax, logSumExp: all?.logSumExp, picked };
  expect(await backend.rows(last, 1, 'stats', [7, 3])).toMatchObject([stats]);
  backend.close();
});

test('a step gives what extending by the same token gives', async () => {
  const backend = await open();
  await backend.extend(0, RANDOM_PROMPT, 0);
  const position = RANDOM_PROMPT.length;
  const [stepped] = await backend.step([{ sequence: 0, id: 9, position, want: 'all' }]);
  const logits = Float32Array.from(stepped?.logits ?? []);
  await backend.truncate(0);
  await backend.extend(0, [9], position);
  expect(await backend.rows(0, 1, 'all')).toMatchObject([{ argmax: stepped?.argmax, logits }]);
});

test('refuses by name what it lacks', async () => {
  const backend = await open();
  expect(backend.info.sequences).toBe(1);
  const step = { id: 9, position: 0, want: 'argmax' } as const;
  const refused = { code: 'unsupported' };
  await expect(backend.extend(1, [9], 0)).rejects.toMatchObject(refused);
  await expect(backend.step([{ ...step, sequence: 1 }])).rejects.toMatchObject(refused);
  await expect(
    backend.step([
      { ...step, sequence: 0 },
      { ...step, sequence: 1 },
    ]),
  ).rejects.toMatchObject(refused);
  await expect(backend.truncate(1)).rejects.toMatchObject(refused);
  await expect(backend.share(0, 1)).rejects.toMatchObject(refused);
  await expect(backend.adapt(0, [{ adapter: 0, scale: 1 }])).rejects.toMatchObject(refused);
  await expect(backend.adapt(0, [])).resolves.toBeUndefined();
});

test('rejects with the reason it was stopped for', async () => {
  const backend = await open();
  await backend.extend(0, RANDOM_PROMPT, 0);
  const reason = new InferenceError('engine', 'enough');
  backend.stop(reason);
  await expect(backend.rows(0, 1, 'argmax')).rejects.toBe(reason);
  await expect(backend.extend(0, [1], 3)).rejects.toBe(reason);
  await expect(backend.step([{ sequence: 0, id: 1, position: 3, want: 'argmax' }])).rejects.toBe(reason);
});
