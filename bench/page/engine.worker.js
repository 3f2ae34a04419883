// Our engine in a worker of its own, as the app runs it.
import * as Comlink from 'comlink';
import { obtainFile } from '../../src/domain/download/download.ts';
import { blobSource, openModel } from '../../src/inference/index.ts';
import { createShardStore } from '../../src/storage/shard-store.ts';
import { createUrlPorts } from '../../src/worker/files/url-ports.ts';

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

  /** As the app downloads: by ranges into shards, going on where an earlier page was ended. */
  async download(url, tell) {
    const start = performance.now();
    const { blob, sha256 } = await obtainFile(
      { name: 'model.gguf', source: url },
      createUrlPorts(url, createShardStore()),
      tell,
      new AbortController().signal,
    );
    downloaded = blob;
    return { ms: performance.now() - start, bytes: blob.size, sha256 };
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
