// How long a merge takes: `node bench/lora.mjs model.gguf [--rank 16]`, a random adapter for every matrix but the
// embeddings, as is usual. Writes nothing.
import { openAsBlob } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandomLora } from '../src/inference/testing/random-lora.mjs';
import { importLibrary, readGguf } from './read-gguf.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rank: { type: 'string', default: '16' } },
});
const [path] = positionals;
if (!path) throw new Error('usage: node bench/lora.mjs model.gguf [--rank 16]');

const { mergeLora } = await importLibrary('lora/merge.ts');
const { blobSource, bytesSource } = await importLibrary('gguf/source.ts');
const { tensors } = await readGguf(path);
const targets = tensors.filter(({ name }) =>
  /^blk\..*(attn_(q|k|v|output)|ffn_(gate|up|down))\.weight$/.test(name),
);
const adapter = createRandomLora(targets, { rank: Number(values.rank), spread: 1e-3 });
const start = performance.now();
const report = await mergeLora([blobSource(await openAsBlob(path))], bytesSource(adapter), 1, () =>
  Promise.resolve(),
);
const seconds = (performance.now() - start) / 1000;
const { requantised, ...rest } = report;
console.log(`${path}: rank ${values.rank}, ${seconds.toFixed(1)} s`, {
  ...rest,
  requantised: requantised.length,
});
