import type { Completion, CompletionCreateParamsStreaming, MLCEngineConfig } from '@mlc-ai/web-llm';
import { describe, expect, it } from 'vitest';
import type { CompletionEnd, Sampling } from '../domain/engine/engine';
import { toFault, type Fault } from '../domain/fault';
import { parseModel, type Artifact } from '../domain/model/model';
import { templatePrompt } from '../domain/prompt/pieces';
import { openWebLlm, webLlm, type WebLlmEngine, type WebLlmLibrary } from './web-llm';

/*
 * What comes after loading, against a stand-in of the package's documented interface (its declarations, and what its
 * source does where they are silent). The package itself is in e2e/web-llm.spec.ts.
 */
const GPU = { name: 'a gpu', software: false, features: new Set<string>(), maxStorageBufferBytes: 2 ** 30 };
const SAMPLING: Sampling = { temperature: 0.7, topP: 0.9, topK: 40, seed: 5, maxTokens: 10 };
const RECORD = { model: 'https://x.example/', model_id: 'lib', model_lib: 'https://x.example/lib.wasm' };

/** As its errors are: told apart by their names. */
function named(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

function defer() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

interface Script {
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length';
  readonly fails?: Error;
  /** Instead of the first piece, until the prompt has been read. */
  readonly prefill?: Promise<void>;
  readonly reload?: () => Promise<void>;
  readonly loaded?: boolean;
  readonly record?: Partial<WebLlmLibrary['prebuiltAppConfig']['model_list'][number]>;
}

/** One engine that writes what the script says, and notes what it is asked. */
function createLibrary(script: Script) {
  const seen = {
    configs: [] as MLCEngineConfig[],
    requests: [] as CompletionCreateParamsStreaming[],
    unloads: 0,
    running: 0,
  };
  class MLCEngine implements WebLlmEngine {
    readonly #state = { interrupted: false };

    constructor(config: MLCEngineConfig) {
      seen.configs.push(config);
    }

    async reload() {
      await script.reload?.();
    }

    unload() {
      seen.unloads++;
      return Promise.resolve();
    }

    getMessage() {
      return script.loaded === false ? Promise.reject(named('ModelNotLoadedError')) : Promise.resolve('');
    }

    interruptGenerate() {
      this.#state.interrupted = true;
      return Promise.resolve();
    }

    readonly completions = {
      create: (request: CompletionCreateParamsStreaming) => {
        seen.requests.push(request);
        return Promise.resolve(this.#write());
      },
    };

    async *#write(): AsyncGenerator<Completion, void, void> {
      expect(seen.running, 'one answer at a time').toBe(0);
      seen.running++;
      try {
        this.#state.interrupted = false;
        const isInterrupted = () => this.#state.interrupted;
        await script.prefill;
        let count = 0;
        for (const text of script.pieces) {
          // It looks between two steps, and no sooner.
          if (isInterrupted()) break;
          if (script.fails !== undefined && count === 1) throw script.fails;
          await Promise.resolve();
          count++;
          yield makeChunk([{ text, finish_reason: null, index: 0 }]);
        }
        const finish_reason = isInterrupted() ? 'abort' : script.finish;
        yield makeChunk([{ text: '', finish_reason, index: 0 }]);
        yield makeChunk([], {
          completion_tokens: count,
          prompt_tokens: 7,
          total_tokens: count + 7,
          extra: {
            e2e_latency_s: 1,
            prefill_tokens_per_s: 70,
            decode_tokens_per_s: 50,
            time_to_first_token_s: 0.1,
            time_per_output_token_s: 0.02,
          },
        });
      } finally {
        seen.running--;
      }
    }
  }
  const remove = () => Promise.resolve();
  const library: WebLlmLibrary = {
    prebuiltAppConfig: { model_list: [{ ...RECORD, ...script.record }] },
    MLCEngine,
    deleteChatConfigInCache: remove,
    deleteModelInCache: remove,
    deleteModelWasmInCache: remove,
  };
  return { seen, load: () => Promise.resolve(library) };
}

function makeChunk(choices: Completion['choices'], usage?: Completion['usage']): Completion {
  return {
    id: 'id',
    model: 'artifact',
    object: 'text_completion',
    created: 0,
    choices,
    ...(usage !== undefined && { usage }),
  };
}

function makeArtifact(mlc: object = {}): Artifact {
  const [artifact] = parseModel({
    id: 'model',
    name: 'Model',
    family: 'Family',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id: 'artifact',
        format: 'mlc',
        quantization: 'q4f32_1',
        contextTokens: 2048,
        files: [],
        mlc: { library: 'lib', repo: 'owner/weights', ...mlc },
      },
    ],
  }).artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  return artifact;
}

const HELLO: Script = { pieces: ['Hel', 'lo', ' there'], finish: 'length' };

async function open(script: Script, artifact = makeArtifact(), gpu: typeof GPU | undefined = GPU) {
  const { seen, load } = createLibrary(script);
  const { signal } = new AbortController();
  const session = await openWebLlm(load, gpu, artifact, { contextTokens: 512 }, signal);
  return { seen, session };
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  return await work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => toFault(error),
  );
}

type Opened = Awaited<ReturnType<typeof open>>['session'];

async function answer(session: Opened, stop: readonly string[] = [], signal = new AbortController().signal) {
  const tokens = session.complete({ prompt: templatePrompt('Say'), stop }, SAMPLING, signal);
  let text = '';
  for (;;) {
    const next: IteratorResult<{ text: string }, CompletionEnd> = await tokens.next();
    if (next.done === true) return { text, end: next.value };
    text += next.value.text;
  }
}

describe('opening with web-llm', () => {
  it('makes one record of the package’s library and the artifact’s weights, and says what runs', async () => {
    const { seen, session } = await open({
      ...HELLO,
      record: { overrides: { context_window_size: 4096 }, integrity: { config: 'sha256-x' } },
    });
    expect(seen.configs[0]?.appConfig).toEqual({
      cacheBackend: 'indexeddb',
      model_list: [
        {
          model: 'https://huggingface.co/owner/weights/resolve/main/',
          model_id: 'artifact',
          model_lib: RECORD.model_lib,
          required_features: [],
          integrity: { config: 'sha256-x' },
          overrides: { context_window_size: 512, sliding_window_size: -1 },
        },
      ],
    });
    expect(session.info).toMatchObject({
      engineId: 'web-llm',
      backend: 'webgpu',
      contextTokens: 512,
      quantization: 'q4f32_1',
      adapter: 'a gpu',
      ignoredSettings: ['topK'],
    });
    await session.close();
    expect(seen.unloads).toBe(1);
  });

  it.each<[string, Partial<Script>, object, typeof GPU | undefined, string]>([
    ['no graphics device', {}, {}, undefined, 'WebGPU'],
    ['no such library', {}, { library: 'other' }, GPU, 'other'],
    ['no public weights', {}, { repo: '' }, GPU, 'public'],
    [
      'a feature that the record needs',
      { record: { required_features: ['shader-f16'] } },
      {},
      GPU,
      'shader-f16',
    ],
    ['a feature that the row needs', {}, { requiredFeatures: ['subgroups'] }, GPU, 'subgroups'],
    ['too small a buffer', { record: { buffer_size_required_bytes: 2 ** 31 } }, {}, GPU, 'one buffer'],
  ])('refuses without fetching: %s', async (_what, script, mlc, gpu, detail) => {
    const { seen, load } = createLibrary({ ...HELLO, ...script });
    const opening = openWebLlm(
      load,
      gpu,
      makeArtifact(mlc),
      { contextTokens: 512 },
      new AbortController().signal,
    );
    expect(await faultOf(opening)).toMatchObject({
      kind: 'unsupported',
      detail: expect.stringContaining(detail) as unknown,
    });
    expect(seen.configs).toEqual([]);
  });

  it.each<[Error, Fault['kind']]>([
    [named('ShaderF16SupportError'), 'unsupported'],
    [named('WebGPUNotAvailableError'), 'unsupported'],
    [named('Error', 'Unable to find a compatible GPU. …'), 'unsupported'],
    [named('Error', 'Cannot initialize runtime because of requested maxBufferSize …'), 'unsupported'],
    [named('DeviceLostError'), 'device-lost'],
    [named('WindowSizeConfigurationError'), 'bad-input'],
    [
      named('IntegrityError', 'Integrity verification failed for https://x.example/a/tokenizer.json\n'),
      'integrity',
    ],
    [
      named('Error', 'Failed to store https://x.example/a with error: TypeError: Failed to fetch'),
      'download',
    ],
    [named('Error', 'Failed to store https://x.example/a with error: QuotaExceededError: …'), 'quota'],
    [named('Error', 'Out of memory'), 'out-of-memory'],
    [named('Error', 'something new'), 'engine'],
  ])('tells %s as a fault', async (error, kind) => {
    expect(await faultOf(open({ ...HELLO, reload: () => Promise.reject(error) }))).toMatchObject({ kind });
  });

  it('takes a load that ends without a model for a lost device', async () => {
    expect(await faultOf(open({ ...HELLO, loaded: false }))).toMatchObject({ kind: 'device-lost' });
  });

  it('stops while it loads, and unloads what comes of it', async () => {
    const loading = defer();
    const { seen, load } = createLibrary({ ...HELLO, reload: () => loading.promise });
    const controller = new AbortController();
    const opening = openWebLlm(load, GPU, makeArtifact(), { contextTokens: 512 }, controller.signal);
    setTimeout(() => {
      controller.abort();
    });
    expect(await faultOf(opening)).toEqual({ kind: 'stopped' });
    const before = seen.unloads;
    loading.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    expect(seen.unloads).toBeGreaterThan(before);
    // A download that begins later is ended by the first report of it.
    const report = { progress: 0, timeElapsed: 0, text: 'Start to fetch params' };
    expect(() => seen.configs[0]?.initProgressCallback?.(report)).toThrow('stopped');
  });

  it('needs a public conversion of the weights', () => {
    const device = { userAgent: '', logicalCores: 1, crossOriginIsolated: true };
    expect(webLlm.supports(makeArtifact({ repo: '' }), device)).toMatchObject({ ok: false });
    expect(webLlm.supports(makeArtifact(), device)).toEqual({ ok: true });
  });
});

describe('writing with web-llm', () => {
  it('asks for the raw text with our settings alone, and gives its measurements', async () => {
    const { seen, session } = await open(HELLO);
    expect(await answer(session)).toEqual({
      text: 'Hello there',
      end: {
        reason: 'length',
        promptTokens: 7,
        cachedTokens: 0,
        answerTokens: 3,
        prefillMs: 100,
        decodeMs: 40,
      },
    });
    expect(seen.requests[0]).toMatchObject({
      prompt: 'Say',
      temperature: 0.7,
      top_p: 0.9,
      seed: 5,
      max_tokens: 10,
      repetition_penalty: 1,
    });
  });

  it('ends at the model’s own end', async () => {
    const { session } = await open({ ...HELLO, finish: 'stop' });
    expect(await answer(session)).toMatchObject({ text: 'Hello there', end: { reason: 'stop' } });
  });

  it('ends before a stop string that is cut in two, and writes no further', async () => {
    const { session } = await open(HELLO);
    expect(await answer(session, ['llo'])).toMatchObject({
      text: 'He',
      end: { reason: 'stop', answerTokens: 2 },
    });
  });

  it('gives out what only looked like the beginning of a stop string', async () => {
    const { session } = await open(HELLO);
    expect(await answer(session, ['there!'])).toMatchObject({
      text: 'Hello there',
      end: { reason: 'length' },
    });
  });

  it('stops at once while the prompt is read, and lets that end before the next', async () => {
    const prefill = defer();
    const { seen, session } = await open({ ...HELLO, prefill: prefill.promise });
    const controller = new AbortController();
    const stopped = faultOf(answer(session, [], controller.signal));
    setTimeout(() => {
      controller.abort();
    });
    expect(await stopped).toEqual({ kind: 'stopped' });
    expect(seen.running).toBe(1);
    const next = answer(session);
    prefill.resolve();
    // The stand-in checks that the first is over by then.
    expect((await next).text).toBe('Hello there');
  });

  it.each<[Error, Fault['kind']]>([
    [named('ContextWindowSizeExceededError'), 'bad-input'],
    [named('ModelNotLoadedError'), 'device-lost'],
    [named('Error', 'Device was lost'), 'device-lost'],
    [named('RangeError'), 'bad-input'],
  ])('tells %s as a fault', async (error, kind) => {
    const { session } = await open({ ...HELLO, fails: error });
    expect(await faultOf(answer(session))).toMatchObject({ kind });
  });
});
