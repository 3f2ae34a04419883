import { describeModel } from '../architectures/registry';
import { matricesInFileOrder } from '../architectures/weights';
import type { ModelWeights } from '../architectures/weights';
import { InferenceError } from '../errors';
import { parseGguf } from '../gguf/parse';
import type { ByteSource } from '../gguf/types';
import { checkVocabularySize, createTokenizer } from '../tokenizer/tokenizer';
import type { DecodeOptions, EncodeOptions, Tokenizer } from '../tokenizer/tokenizer';
import type { BackendInfo, BackendOptions, OpenBackend } from './backend';
import { generate } from './generate';
import type { GenerateOptions, GenerateResult, GeneratedToken } from './generate';
import type { Prompt } from './prompt-ids';
import { allLogits, score } from './score';
import type { Continuation, ContinuationScore } from './score';
import { Sequence } from './sequence';

export interface ModelInfo<Info extends BackendInfo = BackendInfo> {
  readonly architecture: string;
  readonly contextTokens: number;
  readonly vocabulary: number;
  readonly layers: number;
  readonly parameters: number;
  /** Tensor types by the bytes they have in the file, largest first. */
  readonly tensorTypes: readonly string[];
  readonly loadMs: number;
  /** What computes, and with what. */
  readonly backend: Info;
}

export interface Model<Info extends BackendInfo = BackendInfo> {
  readonly info: ModelInfo<Info>;
  readonly tokenizer: Tokenizer;
  tokenize(text: string, options?: EncodeOptions): number[];
  detokenize(ids: Iterable<number>, options?: DecodeOptions): string;
  /**
   * Continues a prompt. A string is tokenized with special tokens read as themselves, a text in parts with those of
   * its special parts; the model's own beginning-of-text is added where there is none. What the prompt shares with the last call is not computed again.
   * Rejects with `bad-input`, `engine` or the signal's reason.
   */
  generate(
    prompt: Prompt,
    options?: GenerateOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, GenerateResult, void>;
  /** Exact log-likelihoods of continuations of one prompt, which is computed once. Natural logarithms. */
  score(
    prompt: Prompt,
    continuations: readonly Continuation[],
    signal?: AbortSignal,
  ): Promise<ContinuationScore[]>;
  /** Logits after every position: `ids.length` rows of `vocabulary`. */
  logits(ids: readonly number[], signal?: AbortSignal): Promise<Float32Array>;
  /** Ends the threads and frees the memory. Calls under way reject. */
  close(): void;
}

/**
 * Opens a GGUF model, from its file or its parts, on a backend. Everything that can be known from the header (an
 * unsupported architecture or tensor type, a contradiction, too little memory) is refused before any weight is read:
 * InferenceError `unsupported`, `bad-file`, `out-of-memory`.
 */
export async function openModelOn<Info extends BackendInfo, Options extends BackendOptions>(
  openBackend: OpenBackend<Info, Options>,
  sources: readonly ByteSource[],
  options: Options,
  signal?: AbortSignal,
): Promise<Model<Info>> {
  const startedAt = performance.now();
  const file = await parseGguf(sources, signal);
  const description = describeModel(file);
  const { vocabulary } = description.weights;
  const tokenizer = createTokenizer(file.metadata);
  checkVocabularySize(tokenizer, vocabulary);
  const backend = await openBackend(description, sources, options, signal);
  const loadMs = performance.now() - startedAt;

  let closed = false;
  const check = () => {
    if (closed) throw new InferenceError('engine', 'the model is closed');
  };
  const enter = createQueue(check);
  const context = { sequence: new Sequence(backend, 0), tokenizer, vocabulary, check };
  return {
    info: {
      architecture: description.architecture,
      contextTokens: backend.contextTokens,
      vocabulary,
      layers: description.h.layers,
      ...sumWeights(description.weights),
      loadMs,
      backend: backend.info,
    },
    tokenizer,
    tokenize: (text, how) => tokenizer.encode(text, how),
    detokenize: (ids, how) => tokenizer.decode(ids, how),
    async *generate(prompt, how = {}, stop) {
      const leave = await enter();
      try {
        return yield* generate(context, prompt, how, stop);
      } finally {
        leave();
      }
    },
    async score(prompt, continuations, stop) {
      const leave = await enter();
      try {
        return await score(context, prompt, continuations, stop);
      } finally {
        leave();
      }
    },
    async logits(ids, stop) {
      const leave = await enter();
      try {
        return await allLogits(context, ids, stop);
      } finally {
        leave();
      }
    },
    close() {
      if (closed) return;
      closed = true;
      backend.stop(new InferenceError('engine', 'the model is closed'));
      backend.close();
    },
  };
}

/** The returned function waits for the calls before; what it gives lets the next one in. */
function createQueue(check: () => void): () => Promise<() => void> {
  let last: Promise<unknown> = Promise.resolve();
  return async () => {
    const before = last;
    let leave = () => {};
    last = new Promise<void>((resolve) => (leave = resolve));
    await before;
    try {
      check();
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  };
}

function sumWeights(weights: ModelWeights): Pick<ModelInfo, 'parameters' | 'tensorTypes'> {
  const bytesByType = new Map<string, number>();
  let parameters = 0;
  for (const { tensor, rows, columns } of matricesInFileOrder(weights)) {
    bytesByType.set(tensor.type, (bytesByType.get(tensor.type) ?? 0) + tensor.bytes);
    parameters += rows * columns;
  }
  return {
    parameters,
    tensorTypes: [...bytesByType].toSorted((a, b) => b[1] - a[1]).map(([type]) => type),
  };
}
