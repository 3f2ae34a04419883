import type { Artifact } from '../model/model';
import type { Prompt } from '../prompt/pieces';
import type { Backend } from './backends';

/** What the page knows of this device; filled by a probe, stored with every run. */
export interface Device {
  readonly userAgent: string;
  readonly logicalCores: number;
  /** As the browser rounds it; absent where the browser does not tell. */
  readonly memoryGiB?: number;
  /** Shared memory, and so threads, are available. */
  readonly crossOriginIsolated: boolean;
}

/** Everything that decides which tokens come next. `temperature` 0 is greedy. */
export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  /** 0 keeps every token. */
  readonly topK: number;
  readonly seed: number;
  readonly maxTokens: number;
}

export interface ChatImage {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * The prompt exactly as the model sees it, rendered in `domain`; `stop` ends the answer and is not part of it. Control
 * tokens come from the pieces of the template alone, in every engine that takes ids.
 */
export interface CompletionInput {
  readonly prompt: Prompt;
  readonly stop: readonly string[];
  readonly images?: readonly ChatImage[];
  /** Asks for so many of the likeliest tokens at each place; engines that cannot tell leave them out. */
  readonly alternatives?: number;
  /** Computes the whole prompt anew instead of taking part of it from the KV cache. */
  readonly fresh?: boolean;
}

export interface Alternative {
  readonly text: string;
  readonly id?: number;
  /** Natural logarithm, before temperature and penalties. */
  readonly logprob: number;
}

export interface Token {
  readonly text: string;
  readonly id?: number;
  /** Natural logarithm, before temperature and penalties. */
  readonly logprob?: number;
  /** Likeliest first; only when asked for. */
  readonly alternatives?: readonly Alternative[];
}

export interface CompletionEnd {
  readonly reason: 'stop' | 'length';
  readonly promptTokens: number;
  /** Of `promptTokens`, those taken from the KV cache of an earlier prompt. */
  readonly cachedTokens: number;
  readonly answerTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface Continuation {
  readonly logprobs: readonly number[];
  /** Whether each token was the most likely one. */
  readonly greedy: readonly boolean[];
}

/** What was to run and did not, and why. */
export interface SetAside {
  readonly engineId: string;
  readonly backend?: Backend;
  /** For the page's words: a kind of fault, or what was found before or after opening. */
  readonly code?: SetAsideCode;
  readonly reason: string;
}

export const SET_ASIDE_CODES = [
  'unsupported',
  'out-of-memory',
  'device-lost',
  'engine',
  /** The browser has no WebGPU. */
  'no-webgpu',
  /** The browser has WebGPU, and no graphics device for it. */
  'no-adapter',
  /** It computes wrongly on this device. */
  'self-test',
] as const;
export type SetAsideCode = (typeof SET_ASIDE_CODES)[number];

/** What really runs, as opposed to what was asked for. */
export interface SessionInfo {
  readonly engineId: string;
  readonly engineVersion: string;
  readonly backend: Backend;
  readonly threads: number;
  readonly contextTokens: number;
  /** Of the model's layers, those whose weights are on the graphics device; absent where the engine has no such split. */
  readonly layersOnGpu?: number;
  /** Of the weights as loaded. */
  readonly quantization?: string;
  /** Of the KV cache; absent where the engine does not tell. */
  readonly kvType?: KvType;
  /** How much of a prompt is computed at once; absent where the engine does not tell. */
  readonly batchTokens?: number;
  /** The graphics device as the browser names it, where one computes. */
  readonly adapter?: string;
  /** It is given only text, so that a control token which a question spells out counts as one. */
  readonly readsControlText?: boolean;
  /** Settings that the engine does not know: they change nothing. */
  readonly ignoredSettings?: readonly (keyof Sampling)[];
  /** Engines that came before and could not, and why: nothing is replaced silently. */
  readonly insteadOf?: readonly SetAside[];
}

export interface Session {
  readonly info: SessionInfo;
  /** The model sees images, and was opened with what that takes. */
  readonly acceptsImages?: boolean;
  /** Yields tokens as they are generated and returns the measurements. Abort ends it with a `stopped` fault. */
  complete(
    input: CompletionInput,
    sampling: Sampling,
    signal: AbortSignal,
  ): AsyncGenerator<Token, CompletionEnd, void>;
  /** Log-likelihood of each continuation after the prompt; absent where the engine cannot. */
  score?(
    prompt: Prompt,
    continuations: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Continuation[]>;
  close(): Promise<void>;
}

/** A sentence model. */
export interface Embedder {
  /** One vector of length 1 for each text: their dot product is the cosine. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

/** A file of an artifact; reading is lazy, so gigabytes cost nothing until read. */
export interface OpenFile {
  readonly name: string;
  readonly blob: Blob;
  /** Of the whole file, as hex. */
  readonly sha256?: string;
  /** What it is beside the weights; absent for the weights, which come first. */
  readonly role?: 'mmproj' | 'lora';
}

/** Precision of a KV cache, the most exact first. */
export const KV_TYPES = ['f32', 'f16', 'q8_0'] as const;
export type KvType = (typeof KV_TYPES)[number];

export interface OpenOptions {
  readonly contextTokens: number;
  /** One of the engine's `kvTypes`; otherwise its own. */
  readonly kvType?: KvType;
  /** `measure` only for engines that choose their threads themselves. */
  readonly threads: number | 'measure';
  /** How much of a prompt to compute at once; `measure` only for engines that choose it themselves. */
  readonly batchTokens?: number | 'measure';
  readonly backend: Backend;
  /** For engines that fetch or prepare for long. */
  readonly onProgress?: (progress: OpenProgress) => void;
}

/** Of one stage of opening: the next one begins at 0 again. */
export interface OpenProgress {
  /** Fetched, where the engine fetches; absent while it prepares. */
  readonly doneBytes?: number;
  /** 0 to 1. */
  readonly fraction: number;
  /** As the engine says it, untranslated. */
  readonly text: string;
}

type Support = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface Engine {
  readonly id: string;
  readonly label: string;
  readonly formats: readonly Artifact['format'][];
  readonly backends: readonly Backend[];
  /** Of its library, known before it is loaded: what was measured with another version counts for nothing. */
  readonly version?: string;
  /** Measures and adapts its thread count itself; others are measured from outside. */
  readonly choosesThreads: boolean;
  /** Can measure itself how much of a prompt to compute at once. */
  readonly choosesBatch?: boolean;
  /** Of the KV cache, those that can be asked for on the CPU, the most exact first; absent where there is one. */
  readonly kvTypes?: readonly KvType[];
  /** Can show images to models that have a projector for them. */
  readonly acceptsImages?: boolean;
  supports(artifact: Artifact, device: Device): Support;
  /** @throws FaultError `unsupported`, `out-of-memory`, `engine` or `stopped`; from engines that fetch, of any kind */
  open(
    artifact: Artifact,
    files: readonly OpenFile[],
    options: OpenOptions,
    signal: AbortSignal,
  ): Promise<Session>;
}
