import type { CompletionEnd, CompletionInput, Sampling, Token } from '../../domain/engine/engine';
import { badInput, FaultError } from '../../domain/fault';
import { promptText, type Prompt } from '../../domain/prompt/pieces';
import { createStopMatcher } from '../../inference/sampling/stop-matcher';
import { canReadPieces, encodePieces, type OpenTokenizer } from './encode-prompt';
import { filterLogits } from './filter-logits';
import type { Library, Model, Tensor, Tokenizer } from './library';
import { createTextStream } from './text-stream';

export interface Writer {
  /** @throws FaultError `stopped` after an interrupt, `bad-input` for a prompt that leaves no room */
  write(input: CompletionInput, sampling: Sampling, emit: (token: Token) => void): Promise<CompletionEnd>;
  interrupt(): void;
  /** A control token that a person or a file wrote is one to this tokenizer. */
  readonly readsControlText: boolean;
}

/**
 * What a model's own `generation_config.json` may ask for and we did not: the settings alone decide. The declarations
 * leave out that null is each filter's default.
 */
const PLAIN = {
  num_beams: 1,
  num_return_sequences: 1,
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  min_length: 0,
  min_new_tokens: 0,
  bad_words_ids: null,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  guidance_scale: null,
};

/** Writes answers with transformers.js: its model and tokenizer, its loop and its draws; our filters and stop strings. */
export function createWriter(
  library: Library,
  model: Model,
  tokenizer: Tokenizer,
  contextTokens: number,
): Writer {
  const interruptable = new library.InterruptableStoppingCriteria();
  const endIds = readEndIds(model);
  // On WASM the loop never leaves the microtasks, and a message to stop would be heard after the answer.
  const forward = model.forward.bind(model);
  model.forward = async (inputs: object) => {
    await letMessagesIn();
    return (await forward(inputs)) as object;
  };
  const decode = (ids: readonly number[]) =>
    tokenizer.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false });

  return {
    readsControlText: findInner(tokenizer) === undefined,

    interrupt() {
      interruptable.interrupt();
    },

    async write({ prompt, stop }, sampling, emit) {
      interruptable.reset();
      const inputs = encode(library, tokenizer, prompt);
      const promptTokens = inputs.input_ids.dims.at(-1) ?? 0;
      const room = contextTokens - promptTokens;
      if (promptTokens === 0) throw badInput('prompt', 'no tokens');
      if (room <= 0) throw badInput('prompt', `${promptTokens} tokens in a context of ${contextTokens}`);

      const stream = createTextStream(decode);
      const stops = createStopMatcher(stop);
      const filter = createFilter(library, sampling);
      const { temperature, topK, seed, maxTokens } = sampling;
      const startedAt = performance.now();
      const state = {
        firstAt: startedAt,
        answerTokens: 0,
        /** The model's own end came. */
        ended: false,
        /** A stop string came. */
        met: false,
      };

      const streamer = new (class extends library.BaseStreamer {
        #sawPrompt = false;

        override put(value: bigint[][]) {
          if (!this.#sawPrompt) {
            this.#sawPrompt = true;
            return;
          }
          const id = Number(value[0]?.at(-1));
          if (state.answerTokens++ === 0) state.firstAt = performance.now();
          state.ended = endIds.has(id);
          if (state.ended || state.met) return;
          const match = stops.push(stream.push(id));
          state.met = match.stop !== undefined;
          if (state.met) interruptable.interrupt();
          emit({ text: match.text, id, logprob: filter.logprobOf(id) });
        }

        override end() {
          // Nothing is left to do: the rest is given out below.
        }
      })();

      // The declarations lose its type.
      (library.random.seed as (value: number) => void)(seed);
      await model.generate({
        ...inputs,
        ...PLAIN,
        max_new_tokens: Math.min(maxTokens, room),
        do_sample: temperature > 0,
        // The filter has divided by it already.
        temperature: 1,
        top_k: topK,
        logits_processor: filter.processors,
        stopping_criteria: interruptable,
        streamer,
      } as unknown as Parameters<Model['generate']>[0]);
      const doneAt = performance.now();

      if (!state.met) {
        if (interruptable.interrupted && !state.ended) throw new FaultError({ kind: 'stopped' });
        const last = stops.push(stream.flush());
        state.met = last.stop !== undefined;
        const text = last.text + stops.flush();
        if (text !== '') emit({ text });
      }
      return {
        reason: state.ended || state.met ? 'stop' : 'length',
        promptTokens,
        cachedTokens: 0,
        answerTokens: state.answerTokens,
        prefillMs: state.firstAt - startedAt,
        decodeMs: doneAt - state.firstAt,
      };
    },
  };
}

/** The prompt is final text: nothing is put before or after it. */
function encode(
  library: Library,
  tokenizer: Tokenizer,
  prompt: Prompt,
): { readonly input_ids: Tensor; readonly attention_mask: Tensor } {
  const inner = findInner(tokenizer);
  if (inner === undefined) return tokenizer(promptText(prompt), { add_special_tokens: false });
  const ids = encodePieces(inner, prompt);
  const toTensor = (values: readonly number[]) =>
    new library.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  return { input_ids: toTensor(ids), attention_mask: toTensor(ids.map(() => 1)) };
}

/** The tokenizer inside the library's own, where it can be told which text holds control tokens. */
function findInner(tokenizer: Tokenizer): OpenTokenizer | undefined {
  const { _tokenizer: inner } = tokenizer as unknown as { readonly _tokenizer?: unknown };
  return typeof inner === 'object' && inner !== null && canReadPieces(inner) ? inner : undefined;
}

function createFilter(library: Library, sampling: Sampling) {
  let row: Float32Array = new Float32Array();
  let logSum = 0;
  const scale = sampling.temperature > 0 ? sampling.temperature : 1;
  const processors = new library.LogitsProcessorList();
  processors.push(
    new (class extends library.LogitsProcessor {
      override _call(_ids: bigint[][], logits: Tensor): Tensor {
        row = logits.data as Float32Array;
        logSum = filterLogits(row, sampling);
        return logits;
      }
    })(),
  );
  return {
    processors,
    /** Before temperature and filters. */
    logprobOf: (id: number) => (row[id] ?? NaN) * scale - logSum,
  };
}

function readEndIds(model: Model): ReadonlySet<number> {
  const sources = [model.generation_config, model.config] as readonly ({ eos_token_id?: unknown } | null)[];
  const ids = sources
    .map((source) => source?.eos_token_id)
    .find((each) => each !== undefined && each !== null);
  return new Set([ids].flat().filter((id) => typeof id === 'number'));
}

function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
