import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { elementAt } from '../element-at';
import type { SimdBuild } from '../cpu/binary';
import { bytesSource, openModel, InferenceError } from '../index';
import type { ByteSource, GenerateOptions, OpenOptions, Model } from '../index';
import { createNamedModel, createRandomModel, RANDOM_PROMPT, VOCABULARY } from '../testing/random-model.mjs';
import { encodeGguf } from '../testing/gguf-writer.mjs';

const loadBinary = (build: SimdBuild) =>
  Promise.resolve(new Uint8Array(readFileSync(new URL(`../cpu/binaries/${build}.wasm`, import.meta.url))));
const open = (bytes: Uint8Array, options: OpenOptions = {}, signal?: AbortSignal) =>
  openModel([bytesSource(bytes)], { loadBinary, build: 'wasm32-plain', ...options }, signal);
const BYTES = createNamedModel('Q8_0');

async function collect(
  model: Model,
  prompt: string | number[],
  options: GenerateOptions,
  signal?: AbortSignal,
) {
  const stream = model.generate(prompt, options, signal);
  const tokens = [];
  for (;;) {
    const { value, done } = await stream.next();
    if (done)
      return {
        tokens,
        ids: tokens.map(({ id }) => id),
        text: tokens.map(({ text }) => text).join(''),
        ...value,
      };
    tokens.push(value);
  }
}

function logSoftmax(row: Float32Array): number[] {
  const max = Math.max(...row);
  const sum = row.reduce((total, value) => total + Math.exp(value - max), 0);
  return Array.from(row, (value) => value - max - Math.log(sum));
}

describe('generate', () => {
  test('takes the greatest logit each time', async () => {
    const model = await open(BYTES);
    const { ids, promptTokens, generatedTokens, reason } = await collect(model, RANDOM_PROMPT, {
      maxTokens: 12,
    });
    expect([promptTokens, generatedTokens, reason]).toEqual([RANDOM_PROMPT.length, ids.length, 'length']);
    const all = [...RANDOM_PROMPT, ...ids];
    const logits = await model.logits(all);
    ids.forEach((id, index) => {
      const start = (RANDOM_PROMPT.length + index - 1) * VOCABULARY;
      const row = logits.subarray(start, start + VOCABULARY);
      expect(row[id]).toBe(Math.max(...row));
    });
  });

  test('computes a shared prefix once, with the same outcome', async () => {
    const model = await open(BYTES);
    const first = await collect(model, RANDOM_PROMPT, { maxTokens: 5 });
    const again = await collect(model, RANDOM_PROMPT, { maxTokens: 5 });
    expect([first.cachedTokens, again.cachedTokens]).toEqual([0, RANDOM_PROMPT.length - 1]);
    expect(again.ids).toEqual(first.ids);
    const other = await collect(model, [...RANDOM_PROMPT.slice(0, 20), 7, 8, 9], { maxTokens: 5 });
    expect(other.cachedTokens).toBe(20);
    const fresh = await collect(await open(BYTES), [...RANDOM_PROMPT.slice(0, 20), 7, 8, 9], {
      maxTokens: 5,
    });
    expect(other.ids).toEqual(fresh.ids);
  });

  test('gives alternatives with their log-probabilities', async () => {
    const model = await open(BYTES);
    const { tokens } = await collect(model, RANDOM_PROMPT, { maxTokens: 1, topAlternatives: 3 });
    const logits = await model.logits(RANDOM_PROMPT);
    const expected = logSoftmax(logits.subarray((RANDOM_PROMPT.length - 1) * VOCABULARY));
    const best = expected
      .map((_, id) => id)
      .toSorted((a, b) => elementAt(expected, b) - elementAt(expected, a));
    const { alternatives = [] } = elementAt(tokens, 0);
    expect(alternatives.map(({ id }) => id)).toEqual(best.slice(0, 3));
    for (const { id, logprob } of alternatives) expect(logprob).toBeCloseTo(elementAt(expected, id), 4);
  });

  test('stops at a stop text and at the end of the context', async () => {
    const model = await open(BYTES);
    const free = await collect(model, RANDOM_PROMPT, { maxTokens: 8 });
    const stop = free.text.slice(3, 6);
    const stopped = await collect(model, RANDOM_PROMPT, { maxTokens: 8, stop: [stop] });
    expect([stopped.text, stopped.reason]).toEqual([free.text.slice(0, free.text.indexOf(stop)), 'stop']);
    const small = await open(BYTES, { contextTokens: 48 });
    const full = await collect(small, RANDOM_PROMPT, {});
    expect([full.reason, full.ids.length <= 9]).toEqual([full.ids.length === 9 ? 'length' : 'stop', true]);
  });

  test('samples the same text for the same seed', async () => {
    const model = await open(BYTES);
    const options = { maxTokens: 10, sampling: { temperature: 1.5, topK: 50 }, seed: 4 };
    const a = await collect(model, RANDOM_PROMPT, options);
    const b = await collect(model, RANDOM_PROMPT, options);
    const c = await collect(model, RANDOM_PROMPT, { ...options, seed: 5 });
    expect(b.ids).toEqual(a.ids);
    expect(c.ids).not.toEqual(a.ids);
  });

  test('serves calls one after another', async () => {
    const model = await open(BYTES);
    const prompts = [RANDOM_PROMPT, [1, 5, 9], RANDOM_PROMPT.slice(0, 12)];
    const together = await Promise.all(prompts.map((prompt) => collect(model, prompt, { maxTokens: 6 })));
    for (const [index, prompt] of prompts.entries()) {
      const alone = await collect(await open(BYTES), prompt, { maxTokens: 6 });
      expect(together[index]?.ids).toEqual(alone.ids);
    }
  });
});

describe('score', () => {
  test('equals the log-softmax of full logits, whatever the lengths', async () => {
    const model = await open(BYTES, { chunkTokens: 8 });
    const long = Array.from({ length: 21 }, (_, i) => 10 + i * 3);
    const continuations = [[5], [6, 7, 8], [], long];
    const scores = await model.score(RANDOM_PROMPT, continuations);
    for (const [index, continuation] of continuations.entries()) {
      const logits = await model.logits([...RANDOM_PROMPT, ...continuation]);
      const { tokens, logprobs, sum, greedy } = elementAt(scores, index);
      expect(tokens).toEqual(continuation);
      continuation.forEach((id, place) => {
        const start = (RANDOM_PROMPT.length - 1 + place) * VOCABULARY;
        const expected = logSoftmax(logits.subarray(start, start + VOCABULARY));
        expect(logprobs[place]).toBeCloseTo(elementAt(expected, id), 4);
        expect(greedy[place]).toBe(expected[id] === Math.max(...expected));
      });
      expect(sum).toBeCloseTo(
        logprobs.reduce((a, b) => a + b, 0),
        9,
      );
    }
  });

  test('cuts a text continuation where the prompt ends', async () => {
    const model = await open(BYTES);
    const [one] = await model.score('w259 w260', [' w261']);
    const whole = model.tokenize('w259 w260 w261', { addSpecial: true, parseSpecial: true });
    const prompt = model.tokenize('w259 w260', { addSpecial: true, parseSpecial: true });
    expect(one?.tokens).toEqual(whole.slice(prompt.length));
  });
});

describe('abort and close', () => {
  test('rejects with the reason and leaves the model usable', async () => {
    const model = await open(BYTES);
    const expected = await collect(model, RANDOM_PROMPT, { maxTokens: 4 });
    await expect(collect(model, [9, 8, 7], {}, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );
    const controller = new AbortController();
    const stream = model.generate([1, 2, 3], {}, controller.signal);
    await stream.next();
    controller.abort(new Error('later'));
    await expect(stream.next()).rejects.toThrow('later');
    expect((await collect(model, RANDOM_PROMPT, { maxTokens: 4 })).ids).toEqual(expected.ids);
  });

  test('aborts while loading', async () => {
    await expect(open(BYTES, {}, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
  });

  test('ends what is under way when closed', async () => {
    const model = await open(BYTES);
    const stream = model.generate([1, 2, 3]);
    await stream.next();
    model.close();
    await expect(stream.next()).rejects.toMatchObject({ code: 'engine' });
  });

  test('refuses calls after close', async () => {
    const model = await open(BYTES);
    model.close();
    await expect(model.logits([1])).rejects.toMatchObject({ code: 'engine' });
  });
});

describe('refusals', () => {
  test.each([
    [[VOCABULARY], 'bad-input'],
    [[-1], 'bad-input'],
    [[1.5], 'bad-input'],
    [Array.from({ length: 200 }, () => 1), 'bad-input'],
  ])('bad prompts: %#', async (ids, code) => {
    const model = await open(BYTES, { contextTokens: 64 });
    await expect(collect(model, ids, { maxTokens: 1 })).rejects.toMatchObject({ code });
    await expect(model.score([1], [ids])).rejects.toMatchObject({ code });
  });

  /** A source that fails the test when anything beyond the header is read. */
  function headerOnly(bytes: Uint8Array, dataFrom: number): ByteSource {
    const source = bytesSource(bytes);
    return {
      size: source.size,
      read(offset, length, signal) {
        if (offset >= dataFrom) throw new Error('weights were read');
        return source.read(offset, length, signal);
      },
    };
  }

  const base = [
    { key: 'general.architecture', type: 'str', value: 'llama' },
    { key: 'llama.context_length', type: 'u32', value: 64 },
    { key: 'llama.embedding_length', type: 'u32', value: 32 },
    { key: 'llama.block_count', type: 'u32', value: 1 },
    { key: 'llama.feed_forward_length', type: 'u32', value: 32 },
    { key: 'llama.attention.head_count', type: 'u32', value: 2 },
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 'f32', value: 1e-5 },
    { key: 'tokenizer.ggml.model', type: 'str', value: 'llama' },
    { key: 'tokenizer.ggml.tokens', array: 'str', value: ['<unk>', '<s>', '</s>', 'a'] },
    { key: 'tokenizer.ggml.scores', array: 'f32', value: [0, 0, 0, 0] },
    { key: 'tokenizer.ggml.token_type', array: 'i32', value: [2, 3, 3, 1] },
  ] as const;
  const shapes: Record<string, number[]> = {
    'token_embd.weight': [32, 4],
    'output_norm.weight': [32],
    'blk.0.attn_norm.weight': [32],
    'blk.0.ffn_norm.weight': [32],
    ...Object.fromEntries(
      ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'].map((name) => [
        `blk.0.${name}.weight`,
        [32, 32],
      ]),
    ),
  };
  const make = (
    entries: Record<string, number | string | undefined>,
    tensors: Record<string, number[] | undefined> = {},
  ) => {
    const merged = new Map<string, object>(base.map((entry) => [entry.key, entry]));
    for (const [key, value] of Object.entries(entries)) {
      if (value === undefined) merged.delete(key);
      else
        merged.set(key, {
          key,
          type: typeof value === 'string' ? 'str' : Number.isInteger(value) ? 'u32' : 'f32',
          value,
        });
    }
    const list = Object.entries({ ...shapes, ...tensors }).filter(
      (pair): pair is [string, number[]] => pair[1] !== undefined,
    );
    return encodeGguf({
      entries: [...merged.values()] as never,
      tensors: list.map(([name, dimensions]) => ({
        name,
        dimensions,
        type: 'F32',
        data: new Uint8Array(4 * dimensions.reduce((a, b) => a * b, 1)),
      })),
    });
  };

  test('the base of these cases opens', async () => {
    const model = await open(make({}));
    expect(model.info).toMatchObject({ layers: 1, vocabulary: 4, architecture: 'llama' });
  });

  test.each([
    [
      'another architecture',
      { 'general.architecture': 'mamba' },
      {},
      'unsupported',
      "the architecture 'mamba'",
    ],
    ['experts without their number', { 'llama.expert_count': 8 }, {}, 'bad-file', 'expert_used_count'],
    [
      'a shared expert',
      { 'llama.expert_count': 8, 'llama.expert_used_count': 2, 'llama.expert_shared_count': 1 },
      {},
      'unsupported',
      "'expert_shared_count' of 1",
    ],
    ['an unknown RoPE', { 'llama.rope.scaling.type': 'ntk' }, {}, 'unsupported', "RoPE scaling 'ntk'"],
    ['no layers', { 'llama.block_count': 0 }, {}, 'bad-file', 'block_count'],
    ['too many layers', { 'llama.block_count': 4e9 }, {}, 'bad-file', 'block_count'],
    ['layers without tensors', { 'llama.block_count': 2 }, {}, 'bad-file', 'blk.1.attn_q.weight is missing'],
    ['a huge width', { 'llama.embedding_length': 4e9 }, {}, 'bad-file', 'embedding_length'],
    [
      'a width that is not the tensors’',
      { 'llama.embedding_length': 64 },
      {},
      'bad-file',
      'token_embd.weight',
    ],
    ['heads that do not divide', { 'llama.attention.head_count': 3 }, {}, 'bad-file', '3 heads'],
    ['KV heads that do not divide', { 'llama.attention.head_count_kv': 4 }, {}, 'bad-file', 'heads'],
    ['heads that are too narrow', { 'llama.attention.head_count': 16 }, {}, 'unsupported', 'heads of 2'],
    ['RoPE wider than heads', { 'llama.rope.dimension_count': 20 }, {}, 'bad-file', 'RoPE over 20'],
    ['no epsilon', { 'llama.attention.layer_norm_rms_epsilon': undefined }, {}, 'bad-file', 'epsilon'],
    ['a short matrix', {}, { 'blk.0.ffn_down.weight': [32, 31] }, 'bad-file', 'blk.0.ffn_down.weight 32x31'],
    ['a short norm', {}, { 'output_norm.weight': [31] }, 'bad-file', 'output_norm.weight'],
    ['a missing norm', {}, { 'output_norm.weight': undefined }, 'bad-file', 'output_norm.weight is missing'],
    [
      'a tensor unknown here',
      {},
      { 'blk.0.attn_sinks.weight': [32] },
      'unsupported',
      'blk.0.attn_sinks.weight',
    ],
    ['fewer rows than tokens', {}, { 'token_embd.weight': [32, 3] }, 'bad-file', '3 rows'],
  ])('%s', async (_, entries, tensors, code, message) => {
    const bytes = make(entries, tensors);
    // The header is well under this, the zeros of the weights are the rest.
    const dataFrom =
      bytes.length - Object.values({ ...shapes }).reduce((sum, [a = 0, b = 1]) => sum + a * b * 4, 0);
    const opening = openModel([headerOnly(bytes, Math.max(dataFrom, 4096))], {
      loadBinary,
      build: 'wasm32-plain',
    });
    await expect(opening).rejects.toBeInstanceOf(InferenceError);
    await expect(opening).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('a context that memory cannot hold', async () => {
    const bytes = createRandomModel({ layers: 20 });
    await expect(open(bytes, { contextTokens: 1 << 20, kvType: 'f32' })).rejects.toMatchObject({
      code: 'out-of-memory',
    });
  });
});
