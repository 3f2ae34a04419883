// Our engine in a worker of its own, as the app runs it.
import * as Comlink from 'comlink';
import { sha256Hex } from '../../src/domain/hash.ts';
import { blobSource, openModel, urlSource } from '../../src/simd/index.ts';
import { createShardStore } from '../../src/storage/shard-store.ts';

const SHARD_BYTES = 16 * 1024 * 1024;
const PARALLEL_FETCHES = 4;

/** Likeliest tokens to tell at each place: enough to find another engine's choice among them. */
const RIVALS = 10;

let model;
let downloaded;

/** Fails early with a clear message instead of a wrong measurement. */
function opened() {
  if (!model) throw new Error('no model is open');
  return model;
}

const engine = {
  async open(file, options) {
    const start = performance.now();
    model = await openModel([blobSource(file)], options);
    return { loadMs: performance.now() - start, info: { ...model.info } };
  },

  /** Fetches a file by ranges into shards, as many at once as the app does; the file is one Blob over them then. */
  async download(url) {
    const start = performance.now();
    const source = await urlSource(url);
    const store = createShardStore();
    const shards = new Array(Math.ceil(source.size / SHARD_BYTES));
    let next = 0;
    const fetchShards = async () => {
      while (next < shards.length) {
        const index = next++;
        const at = index * SHARD_BYTES;
        const bytes = await source.read(at, Math.min(SHARD_BYTES, source.size - at));
        shards[index] = { bytes: bytes.length, sha256: await sha256Hex(bytes) };
        await store.writeShard(url, index, new Blob([bytes]));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_FETCHES }, fetchShards));
    await store.commitFile({ fileId: url, name: url, bytes: source.size, shards, storedAt: Date.now() });
    downloaded = new Blob(await Promise.all(shards.map((_, index) => store.readShard(url, index))));
    return { ms: performance.now() - start, bytes: downloaded.size };
  },

  openDownloaded: (options) => engine.open(downloaded, options),

  tokenize: (text) => opened().tokenize(text),

  /** Wall-clock times as a caller sees them: to the first token, and from there to the last. */
  async generate(ids, maxTokens) {
    const start = performance.now();
    const produced = [];
    let first = start;
    let last = start;
    for await (const { id } of opened().generate(ids, { maxTokens })) {
      last = performance.now();
      if (produced.length === 0) first = last;
      produced.push(id);
    }
    return {
      prefillMs: first - start,
      decodeMs: last - first,
      decodedTokens: produced.length - 1,
      ids: produced,
    };
  },

  /** Greedy tokens, each with its likeliest rivals. */
  async answer(prompt, maxTokens) {
    const tokens = [];
    for await (const { id, text, alternatives } of opened().generate(prompt, {
      maxTokens,
      topAlternatives: RIVALS,
    })) {
      tokens.push({ id, text, rivals: alternatives ?? [] });
    }
    return tokens;
  },

  /** Greatest logit's token after each position. */
  async predictEach(ids) {
    const rows = await opened().logits(ids);
    const width = rows.length / ids.length;
    return ids.map((_, position) => {
      const row = rows.subarray(position * width, (position + 1) * width);
      let best = 0;
      for (let id = 1; id < width; id++) if (row[id] > row[best]) best = id;
      return best;
    });
  },

  /** Log-probabilities of each continuation after the prompt, and the prompt's ids with its own. */
  async score(prompt, continuations) {
    const scores = await opened().score(prompt, continuations);
    return scores.map(({ sum, tokens }) => ({ sum, tokens: [...tokens] }));
  },

  info: () => ({ ...opened().info }),

  close() {
    model?.close();
    model = undefined;
  },
};

Comlink.expose(engine);
