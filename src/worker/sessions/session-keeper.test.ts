import { describe, expect, it } from 'vitest';
import type { Backend } from '../../domain/engine/backends';
import type { CompletionEnd, Engine, OpenOptions, Session, Token } from '../../domain/engine/engine';
import { FaultError, type Fault } from '../../domain/fault';
import { parseModel } from '../../domain/model/model';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import type { SessionRequest } from '../protocol';
import type { OpeningEvent } from '../files/obtain-files';
import type { Graphics } from './plan-backends';
import { createSessionKeeper, type WantedSession } from './session-keeper';

const weights = { name: 'a.gguf', bytes: 1, sha256: 'a'.repeat(64), manifest: 'a/manifest.json' };
const artifact = { format: 'gguf', quantization: 'Q4_0', contextTokens: 8192, files: [weights] };
const model = parseModel({
  id: 'model',
  name: 'Model',
  family: 'Family',
  parameters: 1,
  licence: 'MIT',
  source: 'https://x.example/',
  template: { kind: 'jinja', source: '{{ messages }}' },
  artifacts: [
    { ...artifact, id: 'plain' },
    { ...artifact, id: 'seeing', companions: [{ kind: 'mmproj', file: { ...weights, name: 'eye.gguf' } }] },
  ],
});
const request: SessionRequest = {
  model,
  artifactId: 'plain',
  sampling: DEFAULT_SAMPLING,
  modelsUrl: 'https://x.example/static-models/',
};
const wanted: WantedSession = { contextTokens: 2048, needsImages: false, setAside: [] };
const end: CompletionEnd = {
  reason: 'stop',
  promptTokens: 1,
  cachedTokens: 0,
  answerTokens: 1,
  prefillMs: 1,
  decodeMs: 1,
};

// eslint-disable-next-line @typescript-eslint/require-await
async function* answer(): AsyncGenerator<Token, CompletionEnd, void> {
  yield { id: 1, text: 'A', logprob: -0.1, alternatives: [{ id: 1, text: 'A', logprob: -0.1 }] };
  return end;
}

/** A worker with two CPU engines, the second of which sees images and can use a GPU. */
function makeWorker(graphics: Graphics = { kind: 'no-adapter' }, breakClosing = false) {
  const log: string[] = [];
  const asked: OpenOptions[] = [];
  const faults = new Map<string, Fault>();
  const makeEngine = (id: string, backends: readonly Backend[], acceptsImages: boolean): Engine => ({
    id,
    label: id,
    formats: ['gguf'],
    backends,
    choosesThreads: true,
    acceptsImages,
    supports: () => ({ ok: true }),
    open: (_artifact, _files, options) => {
      const name = `${id} ${options.backend}`;
      log.push(`open ${name}`);
      asked.push(options);
      const fault = faults.get(name);
      if (fault !== undefined) return Promise.reject(new FaultError(fault));
      const session: Session = {
        info: {
          engineId: id,
          engineVersion: '1',
          backend: options.backend,
          threads: 2,
          contextTokens: options.contextTokens,
        },
        complete: answer,
        close: () => {
          log.push(`close ${name}`);
          return breakClosing ? Promise.reject(new Error('broken')) : Promise.resolve();
        },
      };
      return Promise.resolve(session);
    },
  });
  const stored = new Map<string, unknown>();
  const keeper = createSessionKeeper({
    engines: [makeEngine('fast', ['wasm'], false), makeEngine('wide', ['wasm', 'webgpu'], true)],
    settings: {
      get: (key) => Promise.resolve(stored.get(key)),
      set: (key, value) => {
        stored.set(key, value);
        return Promise.resolve();
      },
    },
    device: { userAgent: 'agent', logicalCores: 4, crossOriginIsolated: true },
    findGraphics: () => {
      log.push('look for a GPU');
      return Promise.resolve(graphics);
    },
    wasm: { simd: true, relaxedSimd: true, memory64: true },
    obtain: ({ id }, _request, emit) => {
      log.push(`files of ${id}`);
      emit({ type: 'phase', phase: 'checking' });
      return Promise.resolve([{ name: 'a.gguf', blob: new Blob(['a']), sha256: `hash of ${id}` }]);
    },
    now: () => 0,
  });
  const events: OpeningEvent[] = [];
  const open = (change: Partial<SessionRequest> = {}, want: Partial<WantedSession> = {}) =>
    keeper.open(
      { ...request, ...change },
      { ...wanted, ...want },
      (event) => events.push(event),
      new AbortController().signal,
    );
  return { keeper, open, log, asked, events, faults };
}

describe('createSessionKeeper', () => {
  it('opens the files with the best engine, and says what the weights are', async () => {
    const { keeper, open, log, events } = makeWorker();
    expect(keeper.opened).toBeUndefined();
    const opened = await open({ backend: 'wasm' });
    expect(opened).toMatchObject({ sha256: 'hash of plain', session: { info: { engineId: 'fast' } } });
    expect(keeper.opened).toBe(opened);
    expect(log).toEqual(['files of plain', 'open fast wasm']);
    expect(events.map((event) => event.type === 'phase' && event.phase)).toEqual(['checking', 'loading']);
  });

  it('keeps the session for a request of the same kind', async () => {
    const { open, log } = makeWorker();
    const first = await open();
    const before = log.length;
    expect(await open({ sampling: { ...DEFAULT_SAMPLING, seed: 7 } })).toBe(first);
    expect(log).toHaveLength(before);
  });

  it.each([
    ['another artifact', { artifactId: 'seeing' }, {}],
    ['another engine', { engineId: 'wide' }, {}],
    ['another backend', { backend: 'wasm' }, {}],
    ['another number of threads', { threads: 3 }, {}],
    ['more context', {}, { contextTokens: 4096 }],
    ['images', {}, { needsImages: true }],
    ['something else than what broke', {}, { setAside: [{ engineId: 'fast', reason: 'broken' }] }],
  ] as const)('closes it and opens another for %s', async (_what, change, want) => {
    const { open, log } = makeWorker();
    const first = await open();
    log.length = 0;
    expect(await open(change, want)).not.toBe(first);
    expect(log[0]).toBe('close fast wasm');
    expect(log.at(-1)).toMatch(/^open /);
  });

  it('shows images to an engine that sees, where the model has a projector', async () => {
    const { open } = makeWorker();
    const engineOf = async (artifactId: string) =>
      (await open({ artifactId }, { needsImages: true })).session.info.engineId;
    expect(await engineOf('seeing')).toBe('wide');
    expect(await engineOf('plain')).toBe('fast');
  });

  it('looks for a GPU only where one may be used', async () => {
    const { open, log } = makeWorker({ kind: 'adapter', name: 'card', software: false });
    await open({ backend: 'wasm' });
    expect(log).not.toContain('look for a GPU');
    await open({ backend: 'webgpu' });
    expect(log).toContain('look for a GPU');
    expect(log.at(-1)).toBe('open wide webgpu');
  });

  it('goes on with what a run began with, whatever is chosen now', async () => {
    const { open, asked } = makeWorker();
    const info = { engineId: 'wide', engineVersion: '1', backend: 'wasm', threads: 3 } as const;
    const { session } = await open(
      { engineId: 'fast', backend: 'webgpu' },
      { before: { ...info, contextTokens: 2048, batchTokens: 64 } },
    );
    expect(session.info).toMatchObject({ engineId: 'wide', backend: 'wasm' });
    expect(asked.at(-1)).toMatchObject({ batchTokens: 64 });
  });

  it('has nothing open after a close, even of a session that breaks in closing, or after a failure', async () => {
    const { keeper, open, faults } = makeWorker(undefined, true);
    await open();
    await keeper.close();
    expect(keeper.opened).toBeUndefined();
    await open();
    faults.set('fast wasm', { kind: 'engine', detail: 'broken' });
    await expect(open({ threads: 1 })).rejects.toMatchObject({ fault: { kind: 'engine' } });
    expect(keeper.opened).toBeUndefined();
  });

  it('refuses an artifact that the model does not have', async () => {
    const { open, log } = makeWorker();
    await expect(open({ artifactId: 'none' })).rejects.toMatchObject({ fault: { kind: 'unsupported' } });
    expect(log).toEqual([]);
  });
});
