import type { ModelDescription } from '../architectures/architecture';
import type { InferenceError } from '../errors';
import type { ByteSource } from '../gguf/types';

/** Precision of the KV cache. */
export type KvType = 'f16' | 'f32';

/**
 * What a row of logits is wanted for. It is said beforehand: a greedy token must not cost a copy of 128k floats.
 * - `argmax`: the token of the greatest logit, the first of equals.
 * - `stats`: that, the log-sum-exp and the logits of picked tokens.
 * - `logits`: all logits and nothing else.
 * - `all`: logits, argmax and log-sum-exp.
 */
export type Want = 'argmax' | 'stats' | 'logits' | 'all';

/** What the model says after one position. What was not wanted is -1, NaN or empty. */
export interface Row {
  readonly argmax: number;
  /** Natural logarithm of the sum of exp(logit): subtracted from a logit it gives a log-probability. */
  readonly logSumExp: number;
  /** Logits of the tokens that the caller picked, in their order. */
  readonly picked: Float32Array;
  /** A logit for each token of the vocabulary. Valid until the backend's next call. */
  readonly logits: Float32Array;
}

/** One sequence's part of a decode step. */
export interface Step {
  readonly sequence: number;
  /** The token to append, and its place. */
  readonly id: number;
  readonly position: number;
  readonly want: Want;
}

/** A low-rank adapter that a backend holds, by its number, and what it is multiplied by. */
export interface ScaledAdapter {
  readonly adapter: number;
  readonly scale: number;
}

/** Facts for people and records; plain data, except that a value may be looked up each time it is read. */
export interface BackendInfo {
  readonly kind: 'cpu' | 'gpu';
  /** Sequences that can have keys and values at the same time: their numbers are 0 to this minus 1. */
  readonly sequences: number;
  readonly kvType: KvType;
  /** Tokens of a prefill chunk. */
  readonly chunkTokens: number;
  readonly weightBytes: number;
  /** All that it allocated: weights, KV cache and buffers. */
  readonly memoryBytes: number;
}

/**
 * Computes a model's forward pass and keeps keys and values. One call at a time: the caller waits for each.
 * Every call rejects with the signal's reason when aborted, with the reason given to `stop`, and with `unsupported`
 * where the backend lacks what is asked; after an abort the sequence holds what it held before the call.
 */
export interface Backend<Info extends BackendInfo = BackendInfo> {
  readonly info: Info;
  /** Positions that a sequence can have. */
  readonly contextTokens: number;
  /** Most ids of one `extend`. */
  readonly chunkTokens: number;
  /** Most rows of one `rows`. */
  readonly mostRows: number;
  /** Appends ids to a sequence at `position`. Their hidden states are kept until the next call, for `rows`. */
  extend(sequence: number, ids: readonly number[], position: number, signal?: AbortSignal): Promise<void>;
  /** Logits after the ids of the last `extend`: of `count` from the one numbered `from`. */
  rows(from: number, count: number, want: Want, pick?: readonly number[]): Promise<readonly Row[]>;
  /** One token for each of several sequences; the rows come in the order of the batch. */
  step(batch: readonly Step[], signal?: AbortSignal): Promise<readonly Row[]>;
  /** Forgets what a sequence holds from `length` on. */
  truncate(sequence: number, length: number): Promise<void>;
  /** Makes `to` begin with the first `length` positions of `from`, which are kept once where that can be. */
  share(from: number, to: number, length: number): Promise<void>;
  /** The adapters that a sequence is computed with from now on. */
  adapt(sequence: number, adapters: readonly ScaledAdapter[]): Promise<void>;
  /** Makes every later call reject with this. */
  stop(reason: InferenceError): void;
  /** Frees memory and threads. */
  close(): void;
}

/** What every backend is told when it opens. */
export interface BackendOptions {
  /** Positions of the KV cache. Default: what the model was trained for, at most 2048. */
  readonly contextTokens?: number;
  /** Precision of the KV cache. Default `f16`. */
  readonly kvType?: KvType;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** Checks, before a weight is read, that the model can run, then loads it. */
export type OpenBackend<Info extends BackendInfo, Options extends BackendOptions> = (
  model: ModelDescription,
  sources: readonly ByteSource[],
  options: Options,
  signal?: AbortSignal,
) => Promise<Backend<Info>>;
