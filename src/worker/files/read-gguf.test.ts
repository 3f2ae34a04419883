import { readdirSync } from 'node:fs';
import { openAsBlob } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startHub } from '../../../e2e/hub-stand-in.mjs';
import { FaultError, type Fault } from '../../domain/fault';
import { HANG_MS, RUNS } from '../../domain/testing/hostile';
import { encodeGguf, type GgufEntry } from '../../inference/testing/gguf-writer.mjs';
import { createRandomModel } from '../../inference/testing/random-model.mjs';
import { readUrlRange } from './url-ports';
import { blobSource, openUrlSource, readGgufHeader } from './read-gguf';

const { signal } = new AbortController();
/** Read first, and then again with what follows. */
const PREAMBLE_BYTES = 24;
const model = createRandomModel({ type: 'Q4_0' });
const read = (bytes: Uint8Array<ArrayBuffer>, name = 'tiny.Q4_0.gguf') =>
  readGgufHeader(blobSource(name, new Blob([bytes])), signal);

/** Reads a header, and counts what was asked of the file: the work that a hostile one can make. */
async function readCounted(bytes: Uint8Array<ArrayBuffer>) {
  const source = blobSource('tiny.Q4_0.gguf', new Blob([bytes]));
  let readBytes = 0;
  const counted: typeof source = {
    ...source,
    read(start, end) {
      readBytes += end - start;
      return source.read(start, end);
    },
  };
  const outcome: unknown = await readGgufHeader(counted, signal).catch((error: unknown) => error);
  return { outcome, readBytes };
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

/** A file of nothing but these entries. */
const encode = (entries: readonly GgufEntry[]) => Uint8Array.from(encodeGguf({ entries, tensors: [] }));
const setU64 = (bytes: Uint8Array<ArrayBuffer>, at: number, value: bigint) => {
  const copy = bytes.slice();
  new DataView(copy.buffer).setBigUint64(at, value, true);
  return copy;
};

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('readGgufHeader', () => {
  it('reads what a model needs', async () => {
    expect(await read(model)).toEqual({
      architecture: 'llama',
      kind: 'model',
      quantization: 'Q4_0',
      parameters: expect.any(Number) as number,
      contextTokens: 128,
      bosToken: '<s>',
      eosToken: '</s>',
      endTokens: ['</s>'],
      chatTokens: [],
      tokenizerModel: 'llama',
      shape: { layers: 2, embedding: 96, keyValueHeads: 1, headSize: 32, vocabulary: 323 },
    });
  });

  it('reads the bundled model, tells its parameters and finds its template', async () => {
    const folder = join(import.meta.dirname, '../../../static-models/smollm2-135m-instruct-q4_1');
    const shards = readdirSync(folder).filter((each) => each.endsWith('.bin'));
    const blobs = await Promise.all(shards.sort().map((each) => openAsBlob(join(folder, each))));
    const header = await readGgufHeader(blobSource('SmolLM2.gguf', new Blob(blobs)), signal);
    expect(header).toMatchObject({
      architecture: 'llama',
      quantization: 'Q4_1',
      parameters: 134_515_008,
      contextTokens: 8_192,
      eosToken: '<|im_end|>',
      tokenizerModel: 'gpt2',
      shape: { layers: 30, embedding: 576, keyValueHeads: 3, headSize: 64, vocabulary: 49_152 },
    });
    expect(header.chatTemplate).toContain('<|im_start|>');
  });

  it.each<[what: string, bytes: Uint8Array<ArrayBuffer>, detail: RegExp]>([
    ['an empty file', new Uint8Array(), /does not begin/],
    ['a page', new TextEncoder().encode('<!doctype html><title>x</title>'), /does not begin/],
    ['the old format', new TextEncoder().encode('tjgg01234567890123456789'), /before GGUF/],
    ['nothing but a magic number', model.slice(0, 7), /cut off/],
    ['version 1', model.with(4, 1), /version is 1/],
    ['version 99', model.with(4, 99), /version is 99/],
    ['a big-endian file', model.with(4, 0).with(7, 3), /version/],
    ['2^60 tensors', setU64(model, 8, 2n ** 60n), /claims/],
    ['2^63 entries', setU64(model, 16, 2n ** 63n), /claims/],
    ['more entries than fit', setU64(model, 16, 60_000n), /claims/],
    ['one entry too many', setU64(model, 16, 18n), /./],
    ['a key of 2^62 bytes', setU64(model, 24, 2n ** 62n), /./],
    ['a header cut off in the middle', model.slice(0, 3_000), /./],
    ['a header cut off at its end', model.slice(0, 12_000), /./],
    [
      'tensors that are cut off',
      model.slice(0, model.length - 100),
      /tensor 'output.*' needs \d+ bytes, past the end/,
    ],
    ['no architecture', encode([{ key: 'general.name', type: 'str', value: 'x' }]), /architecture/],
    [
      'an alignment of zero',
      encode([
        { key: 'general.architecture', type: 'str', value: 'llama' },
        { key: 'general.alignment', type: 'u32', value: 0 },
      ]),
      /alignment/,
    ],
  ])('refuses %s, and reads no more than is there', async (_what, bytes, detail) => {
    const { outcome, readBytes } = await readCounted(bytes);
    expect(readBytes).toBeLessThanOrEqual(PREAMBLE_BYTES + bytes.length);
    expect(outcome instanceof FaultError && outcome.fault).toMatchObject({
      kind: 'bad-input',
      what: 'GGUF file',
      detail: expect.stringMatching(detail) as string,
    });
  });

  it('is not fooled by metadata of the wrong type', async () => {
    const odd = encode([
      { key: 'general.architecture', type: 'str', value: 'llama' },
      { key: '__proto__', array: 'str', value: ['x'] },
      { key: 'llama.context_length', type: 'str', value: 'long' },
      { key: 'tokenizer.ggml.tokens', array: 'u32', value: [1, 2] },
      { key: 'tokenizer.ggml.bos_token_id', type: 'i32', value: -1 },
      { key: 'tokenizer.chat_template', type: 'u64', value: 7 },
      { key: 'general.url', type: 'str', value: 'javascript:alert(1)' },
      { key: 'split.count', type: 'u32', value: 3 },
      { key: 'split.no', type: 'u32', value: 9 },
    ]);
    expect(await read(odd, 'x.gguf')).toEqual({
      architecture: 'llama',
      kind: 'model',
      quantization: 'unknown',
      parameters: 1,
      endTokens: [],
      chatTokens: [],
    });
  });

  it.each<[what: string, array: 'str' | 'bool', itemBytes: number, byte: number]>([
    // The length of each, which is 0.
    ['empty strings', 'str', 8, 0],
    ['flags', 'bool', 1, 1],
  ])('reads or refuses a header of 30 MB of nothing but %s', async (_what, array, itemBytes, byte) => {
    // What takes time for its number, not for its size.
    const few = encode([
      { key: 'x', array, value: [] },
      { key: 'general.architecture', type: 'str', value: 'llama' },
    ]);
    // Behind the preamble, the length of the key, the key and two types is how many items follow.
    const countAt = PREAMBLE_BYTES + 8 + 1 + 4 + 4;
    const bytes = new Uint8Array(few.length + 30_000_000).fill(byte);
    bytes.set(few.subarray(0, countAt));
    new DataView(bytes.buffer).setBigUint64(countAt, BigInt(30_000_000 / itemBytes), true);
    bytes.set(few.subarray(countAt + 8), countAt + 8 + 30_000_000);
    const { outcome, readBytes } = await readCounted(bytes);
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(FaultError);
    expect(readBytes).toBeLessThanOrEqual(PREAMBLE_BYTES + bytes.length);
  });

  it('gives up a header without end', async () => {
    const endless = new Uint8Array(36_000_000);
    endless.set(encode([]).subarray(0, 16));
    // One string after the other of 400 kB each, until it is too much.
    new DataView(endless.buffer).setBigUint64(16, 60_000n, true);
    for (let at = 24; at < endless.length - 21; at += 400_000) {
      const view = new DataView(endless.buffer);
      view.setBigUint64(at, 1n, true);
      // A key of its own for each.
      view.setUint8(at + 8, at / 400_000);
      view.setUint32(at + 9, 8, true);
      view.setBigUint64(at + 13, 399_979n, true);
    }
    expect(await faultOf(read(endless))).toMatchObject({
      kind: 'unsupported',
      detail: 'the header is longer than 33554432 bytes',
    });
  });

  it(
    'either reads or refuses mutated headers, and reads no more than is there',
    { timeout: HANG_MS },
    async () => {
      const random = createRandom(20_261_122);
      const headerEnd = 13_000;
      let refused = 0;
      for (let round = 0; round < RUNS; round++) {
        const mutated = model.slice(0, random() < 0.2 ? Math.floor(random() * headerEnd) : model.length);
        for (let edits = 1 + Math.floor(random() * 4); edits > 0; edits--) {
          // More often near the start, where the counts and the first lengths are.
          const at = Math.floor(random() ** 3 * Math.min(headerEnd, mutated.length));
          const word = [0, 1, 0x7f, 0x80, 0xff, Math.floor(random() * 256)];
          mutated.fill(word[Math.floor(random() * word.length)] ?? 0, at, at + 1 + Math.floor(random() * 8));
        }
        const { outcome, readBytes } = await readCounted(mutated);
        expect(readBytes).toBeLessThanOrEqual(PREAMBLE_BYTES + mutated.length);
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(FaultError);
          // A type or a version that nobody knows may be a new one.
          expect(['bad-input', 'unsupported']).toContain(outcome instanceof FaultError && outcome.fault.kind);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0.2 * RUNS);
    },
  );
});

describe('a header on a host', () => {
  let hub: Awaited<ReturnType<typeof startHub>> | undefined;
  afterEach(() => hub?.close());
  const NAME = 'some-one/tiny-GGUF/tiny.Q4_0.gguf';

  it('is read by ranges, without the weights', async () => {
    const padded = new Uint8Array(30_000_000);
    padded.set(model);
    hub = await startHub({ [NAME]: { bytes: padded } });
    const { source, remote } = await openUrlSource('tiny.Q4_0.gguf', hub.fileUrl(NAME), signal);
    expect(remote).toMatchObject({ bytes: padded.length, hasRanges: true });
    expect(await readGgufHeader(source, signal)).toMatchObject({ architecture: 'llama', contextTokens: 128 });
    const sent = hub.requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    expect(sent).toBeLessThan(2_100_000);
  });

  it('is also read from a host without ranges', async () => {
    hub = await startHub({ [NAME]: { bytes: model } });
    hub.fail({ on: 'cdn', noRange: true });
    const { source } = await openUrlSource('tiny.Q4_0.gguf', hub.fileUrl(NAME), signal);
    expect(await readGgufHeader(source, signal)).toMatchObject({ architecture: 'llama' });
  });

  it('that comes byte by byte is given up', async () => {
    const trickle = createServer((_request, response) => {
      response.writeHead(206, {
        'Content-Length': model.length,
        'Content-Range': `bytes 0-${model.length - 1}/${model.length}`,
      });
      let at = 0;
      const timer = setInterval(() => response.write(model.subarray(at, ++at)), 5);
      response.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => trickle.listen(0, '127.0.0.1', resolve));
    const address = trickle.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    const reading = readUrlRange(url, 0, model.length, signal, 200);
    expect(await faultOf(reading)).toMatchObject({
      kind: 'download',
      detail: expect.stringMatching(/^too slow/) as string,
    });
    trickle.closeAllConnections();
    trickle.close();
  });

  it('that answers with a page is a download fault', async () => {
    hub = await startHub({ [NAME]: { bytes: model } });
    hub.fail({ on: 'cdn', html: true });
    const fault = await faultOf(openUrlSource('tiny.Q4_0.gguf', hub.fileUrl(NAME), signal));
    expect(fault).toMatchObject({ kind: 'download', detail: 'a web page, not a file' });
  });
});
