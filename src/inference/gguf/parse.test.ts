import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGguf } from './parse';
import { blobSource, bytesSource } from './source';
import { encodeGguf } from '../testing/gguf-writer.mjs';
import type { GgufEntry } from '../testing/gguf-writer.mjs';
import { InferenceError } from '../errors';
import type { ByteSource } from './types';

const entries: GgufEntry[] = [
  { key: 'general.architecture', type: 'str', value: 'llama' },
  { key: 'llama.block_count', type: 'u32', value: 2 },
  { key: 'llama.rope.freq_base', type: 'f32', value: 10000 },
  { key: 'big', type: 'u64', value: 2 ** 40 },
  { key: 'negative', type: 'i64', value: -3 },
  { key: 'flag', type: 'bool', value: true },
  {
    key: 'tokenizer.ggml.tokens',
    array: 'str',
    value: ['<unk>', '\u2581при\u0432', '\ufeff', '👋🏽', 'plain', ''],
  },
  { key: 'tokenizer.ggml.scores', array: 'f32', value: [0, -1, -2.5, 0, 0, 1] },
  { key: 'tokenizer.ggml.token_type', array: 'i32', value: [2, 1, 1, 1, 1, 1] },
  { key: 'longs', array: 'i64', value: [1, -2] },
];

const q8 = { name: 'w', dimensions: [64, 2], type: 'Q8_0', data: new Uint8Array(34 * 4).fill(7) };
const norm = { name: 'norm', dimensions: [3], type: 'F32', data: new Uint8Array(12).fill(9) };
const sample = encodeGguf({ entries, tensors: [norm, q8] });

function parse(...files: Uint8Array[]) {
  return parseGguf(files.map(bytesSource));
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof InferenceError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

function patch(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(new DataView(copy.buffer));
  return copy;
}

function oneTensor(change: Partial<typeof q8>) {
  return encodeGguf({ entries, tensors: [{ ...q8, ...change }] });
}

describe('parseGguf', () => {
  test('reads metadata of every kind', async () => {
    const { version, metadata } = await parse(sample);
    expect(version).toBe(3);
    expect(metadata.get('general.architecture')).toBe('llama');
    expect(metadata.get('big')).toBe(2 ** 40);
    expect(metadata.get('negative')).toBe(-3);
    expect(metadata.get('flag')).toBe(true);
    expect(metadata.get('tokenizer.ggml.tokens')).toEqual([
      '<unk>',
      '\u2581прив',
      '\ufeff',
      '👋🏽',
      'plain',
      '',
    ]);
    expect(metadata.get('tokenizer.ggml.scores')).toEqual(Float32Array.of(0, -1, -2.5, 0, 0, 1));
    expect(metadata.get('tokenizer.ggml.token_type')).toEqual(Int32Array.of(2, 1, 1, 1, 1, 1));
    expect(metadata.get('longs')).toEqual(Float64Array.of(1, -2));
  });

  test('locates tensors by absolute offset, also through a Blob and in version 2', async () => {
    const bytes = encodeGguf({ version: 2, entries, tensors: [norm, q8] });
    const { tensors, version } = await parseGguf([blobSource(new Blob([bytes]))]);
    expect(version).toBe(2);
    expect(tensors.map(({ name, type, bytes: size }) => [name, type, size])).toEqual([
      ['norm', 'F32', 12],
      ['w', 'Q8_0', 136],
    ]);
    for (const { offset, bytes: size, name } of tensors) {
      const data = (name === 'w' ? q8 : norm).data;
      expect(bytes.subarray(offset, offset + size)).toEqual(data);
    }
  });

  test('reads a split in any order and refuses an incomplete one', async () => {
    const split = (no: number, count: number, total: number): GgufEntry[] => [
      { key: 'split.no', type: 'u16', value: no },
      { key: 'split.count', type: 'u16', value: count },
      { key: 'split.tensors.count', type: 'i32', value: total },
    ];
    const first = encodeGguf({ entries: [...entries, ...split(0, 2, 2)], tensors: [norm] });
    const second = encodeGguf({ entries: split(1, 2, 2), tensors: [q8] });
    const { metadata, tensors } = await parse(second, first);
    expect(metadata.get('general.architecture')).toBe('llama');
    expect(tensors.map(({ name, part }) => [name, part])).toEqual([
      ['w', 0],
      ['norm', 1],
    ]);
    expect(await codeOf(parse(first))).toContain('bad-file: the model is split into 2 parts, 1 given');
    expect(await codeOf(parse(first, first))).toContain('doubled');
    const doubled = encodeGguf({ entries: split(1, 2, 2), tensors: [norm] });
    expect(await codeOf(parse(first, doubled))).toContain("tensor 'norm' appears twice");
    const short = encodeGguf({ entries: split(1, 2, 3), tensors: [] });
    expect(await codeOf(parse(first, short))).toContain('2 tensors promised, 1 found');
  });

  test('fetches only the header, in growing chunks, of a large vocabulary', async () => {
    const tokens = Array.from({ length: 128_000 }, (_, index) => `token ${index} ж`);
    const bytes = encodeGguf({
      entries: [...entries.slice(0, 2), { key: 'tokenizer.ggml.tokens', array: 'str', value: tokens }],
      tensors: [{ ...q8, dimensions: [32, 300_000], data: new Uint8Array(34 * 300_000) }],
    });
    let asked = 0;
    let reads = 0;
    const source: ByteSource = {
      size: bytes.length,
      read(offset, length) {
        asked += length;
        reads++;
        return Promise.resolve(bytes.subarray(offset, offset + length));
      },
    };
    const { metadata } = await parseGguf([source]);
    expect(metadata.get('tokenizer.ggml.tokens')).toEqual(tokens);
    expect(reads).toBeLessThan(10);
    expect(asked).toBeLessThan(bytes.length / 2);
  });

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'bad-file: the file ends inside the magic number'],
    ['another format', new TextEncoder().encode('PK\u0003\u0004 a zip'), 'bad-file: not a GGUF file'],
    ['ggjt', new TextEncoder().encode('tjgg\u0003   '), 'unsupported: a file of the old ggjt format'],
    ['version 1', patch(sample, (view) => view.setUint32(4, 1, true)), 'unsupported: GGUF version 1'],
    ['big endian', patch(sample, (view) => view.setUint32(4, 3, false)), 'unsupported: a big-endian GGUF'],
    ['many tensors', patch(sample, (view) => view.setBigUint64(8, 60000n, true)), '60000 tensors cannot fit'],
    [
      'huge counts',
      patch(sample, (view) => view.setBigUint64(16, 2n ** 64n - 1n, true)),
      'metadata count is absurd',
    ],
    ['a cut header', sample.slice(0, 200), 'bad-file'],
    ['cut data', sample.slice(0, sample.length - 40), "tensor 'w' needs 136 bytes, past the end"],
    ['an odd row', oneTensor({ dimensions: [40, 2] }), 'rows of 40 do not divide into Q8_0 blocks'],
    ['no dimensions', oneTensor({ dimensions: [] }), 'has 0 dimensions'],
    ['five dimensions', oneTensor({ dimensions: [32, 1, 1, 1, 1] }), 'has 5 dimensions'],
    ['an empty dimension', oneTensor({ dimensions: [32, 0] }), 'has an empty dimension'],
    ['an overflow', oneTensor({ dimensions: [2 ** 40, 2 ** 40] }), 'absurdly large'],
    ['a long name', oneTensor({ name: 'w'.repeat(65) }), 'more than 64'],
    ['equal names', encodeGguf({ entries, tensors: [q8, q8] }), "tensor 'w' appears twice"],
    [
      'equal keys',
      encodeGguf({ entries: [...entries, ...entries.slice(0, 1)], tensors: [] }),
      'appears twice',
    ],
    [
      'a bad alignment',
      encodeGguf({ entries: [{ key: 'general.alignment', type: 'u32', value: 24 }], tensors: [] }),
      'general.alignment is 24',
    ],
    [
      'misaligned tensors',
      encodeGguf({ entries: [{ key: 'general.alignment', type: 'u32', value: 64 }], tensors: [norm, q8] }),
      'not aligned to 64',
    ],
  ])('refuses %s', async (_name, bytes, message) => {
    expect(await codeOf(parse(bytes))).toContain(message);
  });

  test('refuses absurdly many strings before reading them', async () => {
    const entry: GgufEntry = { key: 'k', array: 'str', value: [''] };
    const header = patch(encodeGguf({ entries: [entry], tensors: [] }), (view) =>
      view.setBigUint64(24 + 9 + 8, 2n ** 30n, true),
    );
    // A sparse file of 16 GiB: only the header is ever asked for.
    const source: ByteSource = {
      size: 2 ** 34,
      read(offset, length) {
        const bytes = new Uint8Array(length);
        bytes.set(header.subarray(offset, offset + length));
        return Promise.resolve(bytes);
      },
    };
    expect(await codeOf(parseGguf([source]))).toBe("unsupported: 'k' has 1073741824 strings");
  });

  test('refuses unknown tensor types and overlapping tensors', async () => {
    // The last 12 bytes of a tensor header are its type and offset; the header ends where the padding starts.
    const header = encodeGguf({ entries: [], tensors: [norm, q8] });
    const typeAt = 24 + (8 + 4 + 4 + 8) + 12 + (8 + 1 + 4 + 16);
    const unknown = patch(header, (view) => view.setUint32(typeAt, 77, true));
    expect(await codeOf(parse(unknown))).toBe("unsupported: tensor 'w' has the unknown type 77");
    const overlapping = patch(header, (view) => view.setBigUint64(typeAt + 4, 0n, true));
    expect(await codeOf(parse(overlapping))).toContain('overlaps another');
  });

  test('stops when aborted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(parseGguf([bytesSource(sample)], controller.signal)).rejects.toThrow('enough');
  });

  test('10,000 damaged headers give an InferenceError or a consistent file', async () => {
    const mutation = fc.record({
      at: fc.nat(sample.length - 9),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    });
    const interesting = fc.constantFrom(
      0n,
      1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n - 1n,
    );
    const damage = fc.record({
      edits: fc.array(
        fc.record({ edit: mutation, special: fc.option(interesting), bytes: fc.constantFrom(1, 4, 8) }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      cut: fc.option(fc.nat(sample.length)),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ edits, cut }) => {
        const bytes = patch(sample, (view) => {
          for (const { edit, special, bytes: width } of edits) {
            const value = special ?? edit.value;
            if (width === 1) view.setUint8(edit.at, Number(value & 255n));
            else if (width === 4) view.setUint32(edit.at, Number(value & 0xffffffffn), true);
            else view.setBigUint64(edit.at, value, true);
          }
        }).slice(0, cut ?? sample.length);
        const startedAt = performance.now();
        try {
          const { tensors } = await parse(bytes);
          for (const { offset, bytes: size } of tensors)
            expect(offset + size).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          if (!(error instanceof InferenceError)) throw error;
          expect(['bad-file', 'unsupported']).toContain(error.code);
          expect(error.message).not.toBe('');
        }
        expect(performance.now() - startedAt).toBeLessThan(1_000);
      }),
      { numRuns: 10_000, seed: 4 },
    );
  });
});
