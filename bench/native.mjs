// Native llama.cpp through the addon of node-llama-cpp: the reference for fixtures and the peer for benchmarks.
// The package's public API hides raw logits and batches, hence the addon's own classes (AddonTypes.d.ts).
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

/** Opens the prebuilt CPU addon; call `dispose` at the end. */
export async function openNative() {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
  const addon = llama._bindings;
  return { addon, systemInfo: addon.systemInfo(), dispose: () => llama.dispose() };
}

/** Loads a model file, or only its vocabulary. */
export async function loadNativeModel(native, path, { vocabularyOnly = false } = {}) {
  const model = new native.addon.AddonModel(path, {
    addonExports: native.addon,
    vocabOnly: vocabularyOnly,
    gpuLayers: 0,
    useMmap: true,
  });
  if (!(await model.init())) throw new Error(`llama.cpp cannot load ${path}`);
  return model;
}

/** Ids of a text as `llama_tokenize(add_special = false)` gives them. */
export function tokenizeNative(model, text, parseSpecial = false) {
  return Array.from(model.tokenize(text, parseSpecial));
}

/** A context with one sequence and room for `contextTokens`, f16 KV as in llama.cpp's defaults. */
export async function openNativeContext(
  native,
  model,
  { contextTokens, threads, f32Cache = false, flashAttention },
) {
  const cache = f32Cache ? { kvCacheKeyType: 0, kvCacheValueType: 0 } : {};
  const context = new native.addon.AddonContext(model, {
    contextSize: contextTokens,
    batchSize: contextTokens,
    sequences: 1,
    flashAttention: flashAttention ?? false,
    threads,
    ...cache,
  });
  if (!(await context.init())) throw new Error('llama.cpp cannot make a context');
  const sampler = new native.addon.AddonSampler(model);
  sampler.applyConfig({ temperature: 0 });
  let position = 0;

  /** Evaluates tokens in one batch; returns what `greedy` and `logits` take, for the positions in `wanted`. */
  async function decode(tokens, wanted = [tokens.length - 1]) {
    context.initBatch(tokens.length);
    const indexes = context.addToBatch(0, position, Uint32Array.from(tokens), Uint32Array.from(wanted));
    await context.decodeBatch();
    position += tokens.length;
    return Array.from(indexes);
  }

  return {
    decode,
    greedy: (index) => context.sampleToken(index, sampler),
    /** The `count` greatest logits of a position with their tokens. */
    async top(index, count) {
      const [, , , pairs] = await context.sampleToken(index, sampler, false, false, [
        [],
        false,
        false,
        false,
        count,
      ]);
      return Array.from({ length: count }, (_, at) => ({ id: pairs[at * 2], logit: pairs[at * 2 + 1] }));
    },
    /** All logits of a position, by token id. */
    async logits(index, vocabularySize) {
      const [, , , pairs] = await context.sampleToken(index, sampler, false, false, true);
      if (pairs.length !== vocabularySize * 2)
        throw new Error(`${pairs.length / 2} logits of ${vocabularySize}`);
      const logits = new Float32Array(vocabularySize);
      for (let at = 0; at < pairs.length; at += 2) logits[pairs[at]] = pairs[at + 1];
      return logits;
    },
    reset() {
      context.removeTokenCellsFromSequence(0, 0, -1);
      position = 0;
    },
    async dispose() {
      await context.dispose();
    },
  };
}

/** Tokens per second of both phases. */
export function rates({ promptTokens, prefillMs, decodedTokens, decodeMs }) {
  return { prefill: (promptTokens / prefillMs) * 1000, decode: (decodedTokens / decodeMs) * 1000 };
}

/** Times of native llama.cpp for one prompt and greedy decoding. */
export async function generateNative(context, ids, maxTokens) {
  context.reset();
  const start = performance.now();
  let [index] = await context.decode(ids);
  let id = await context.greedy(index);
  const first = performance.now();
  for (let count = 1; count < maxTokens; count++) {
    [index] = await context.decode([id]);
    id = await context.greedy(index);
  }
  const decodeMs = performance.now() - first;
  return rates({
    promptTokens: ids.length,
    prefillMs: first - start,
    decodedTokens: maxTokens - 1,
    decodeMs,
  });
}

/** The likeliest next token after every token of a text. F32 cache, no flash attention: its most exact setting. */
export async function predictNative(native, model, ids, threads) {
  const context = await openNativeContext(native, model, {
    contextTokens: ids.length,
    threads,
    f32Cache: true,
  });
  const predicted = [];
  for (const index of await context.decode(ids, Array.from(ids.keys())))
    predicted.push((await context.top(index, 1))[0].id);
  await context.dispose();
  return predicted;
}
