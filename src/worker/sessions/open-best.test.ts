import { describe, expect, it } from 'vitest';
import type { Backend, BackendChoice } from '../../domain/engine/backends';
import type { CompletionEnd, Engine, Session, Token } from '../../domain/engine/engine';
import { FaultError, type Fault } from '../../domain/fault';
import { openCalibration } from './calibration';
import { openBest, type Wish } from './open-best';
import type { Graphics } from './plan-backends';

const GPU: Graphics = { kind: 'adapter', name: 'acme one', software: false };
const device = { userAgent: 'agent', logicalCores: 8, crossOriginIsolated: true };
const end: CompletionEnd = {
  reason: 'length',
  promptTokens: 1,
  cachedTokens: 0,
  answerTokens: 1,
  prefillMs: 0,
  decodeMs: 0,
};

interface Behaviour {
  readonly tokenMs: number;
  /** Where it gives another token than the rest. */
  readonly lieAt?: number;
  readonly failOpening?: Fault;
  readonly failAnswering?: Fault;
}

/** A device with two engines that behave as told, and a memory that outlives a page. */
function makeDevice(
  behaviours: Partial<Record<'simd wasm' | 'wllama wasm' | 'wllama webgpu', Behaviour>>,
  version = '1',
) {
  const clock = { ms: 0 };
  const log: string[] = [];
  const live = new Set<string>();
  const stored = new Map<string, unknown>();
  const settings = {
    get: (key: string) => Promise.resolve(stored.get(key)),
    set: (key: string, value: unknown) => {
      stored.set(key, structuredClone(value));
      return Promise.resolve();
    },
  };
  const makeEngine = (id: string, backends: readonly Backend[]): Engine => ({
    id,
    label: id,
    formats: ['gguf'],
    backends,
    version,
    choosesThreads: false,
    supports: () => ({ ok: true }),
    open: () => Promise.reject(new Error('opened by the port')),
  });
  const engines = [makeEngine('simd', ['wasm']), makeEngine('wllama', ['wasm', 'webgpu'])];

  async function* answer(name: string, behaviour: Behaviour): AsyncGenerator<Token, CompletionEnd, void> {
    log.push(`test ${name}`);
    for (let place = 0; place < 12; place++) {
      await Promise.resolve();
      clock.ms += behaviour.tokenMs;
      if (behaviour.failAnswering !== undefined) throw new FaultError(behaviour.failAnswering);
      const id = behaviour.lieAt === place ? 666 : place;
      yield { id, text: `t${id}`, logprob: -0.1, alternatives: [{ id, text: `t${id}`, logprob: -0.1 }] };
    }
    return end;
  }

  async function open(
    wish: Partial<Wish> & { backend: BackendChoice },
    graphics = GPU,
    signal = new AbortController().signal,
  ) {
    log.length = 0;
    const session = await openBest(
      { setAside: [], ...wish },
      {
        engines,
        graphics,
        calibration: await openCalibration(settings, 'artifact', engines, device, graphics),
        settings,
        fileHash: 'hash',
        open: (engine, backend) => {
          const name = `${engine.id} ${backend}`;
          log.push(`open ${name}`);
          const behaviour = behaviours[name as keyof typeof behaviours] ?? { tokenMs: 10 };
          if (behaviour.failOpening !== undefined) throw new FaultError(behaviour.failOpening);
          expect([...live]).toEqual([]);
          live.add(name);
          const opened: Session = {
            info: { engineId: engine.id, engineVersion: '1', backend, threads: 1, contextTokens: 64 },
            complete: () => answer(name, behaviour),
            close: () => {
              live.delete(name);
              return Promise.resolve();
            },
          };
          return Promise.resolve(opened);
        },
        onPhase: () => undefined,
        now: () => clock.ms,
      },
      signal,
    );
    const { engineId, backend, insteadOf } = session.info;
    await session.close();
    expect([...live]).toEqual([]);
    return { runs: `${engineId} ${backend}`, insteadOf, log: [...log] };
  }
  return { open, stored, live, engines, settings };
}

describe('openBest', () => {
  it('compares the GPU with the CPU once, and takes the faster', async () => {
    const { open } = makeDevice({ 'wllama webgpu': { tokenMs: 2 }, 'simd wasm': { tokenMs: 10 } });
    expect(await open({ backend: 'auto' })).toEqual({
      runs: 'wllama webgpu',
      insteadOf: undefined,
      log: ['open simd wasm', 'test simd wasm', 'open wllama webgpu', 'test wllama webgpu'],
    });
    // The reference is stored; the GPU is tested each time it is loaded.
    expect((await open({ backend: 'auto' })).log).toEqual(['open wllama webgpu', 'test wllama webgpu']);
  });

  it('takes the CPU where it is faster, and next time at once', async () => {
    const { open } = makeDevice({ 'wllama webgpu': { tokenMs: 300 }, 'simd wasm': { tokenMs: 10 } });
    const first = await open({ backend: 'auto' });
    expect(first).toMatchObject({ runs: 'simd wasm', insteadOf: undefined });
    expect(first.log.at(-1)).toBe('open simd wasm');
    expect((await open({ backend: 'auto' })).log).toEqual(['open simd wasm']);
    // Asked for, it is the GPU all the same.
    expect((await open({ backend: 'webgpu' })).runs).toBe('wllama webgpu');
  });

  it('sets a GPU that computes wrongly aside, says so and remembers it', async () => {
    const { open, stored } = makeDevice({ 'wllama webgpu': { tokenMs: 1, lieAt: 2 } });
    const insteadOf = [
      {
        engineId: 'wllama',
        backend: 'webgpu',
        code: 'self-test',
        reason: 'token 3: "t666" instead of "t2", margin Infinity',
      },
    ];
    expect(await open({ backend: 'auto' })).toMatchObject({ runs: 'simd wasm', insteadOf });
    expect(await open({ backend: 'auto' })).toEqual({
      runs: 'simd wasm',
      insteadOf,
      log: ['open simd wasm'],
    });
    // Asked for, it is tested again.
    expect(await open({ backend: 'webgpu' })).toMatchObject({ runs: 'simd wasm', insteadOf });
    // Another graphics device is another matter.
    const other = await open({ backend: 'auto' }, { ...GPU, name: 'acme two' });
    expect(other.log).toContain('test wllama webgpu');
    expect([...stored.keys()].sort()).toEqual(['calibration artifact', 'self-test 1 hash']);
  });

  it('trusts it again with another version of the engine', async () => {
    const liar = makeDevice({ 'wllama webgpu': { tokenMs: 1, lieAt: 2 } });
    await liar.open({ backend: 'auto' });
    const mended = makeDevice({ 'wllama webgpu': { tokenMs: 1 } }, '2');
    for (const [key, value] of liar.stored) mended.stored.set(key, value);
    expect(await mended.open({ backend: 'auto' })).toMatchObject({
      runs: 'wllama webgpu',
      insteadOf: undefined,
    });
  });

  it.each<Fault>([
    { kind: 'device-lost', detail: 'gone' },
    { kind: 'out-of-memory', detail: 'too large' },
    { kind: 'engine', detail: 'aborted' },
    { kind: 'unsupported', detail: 'no shader' },
  ])('goes on to the CPU when the GPU fails with %j', async (fault) => {
    const inOpening = makeDevice({ 'wllama webgpu': { tokenMs: 1, failOpening: fault } });
    const inTest = makeDevice({ 'wllama webgpu': { tokenMs: 1, failAnswering: fault } });
    for (const { open } of [inOpening, inTest]) {
      expect(await open({ backend: 'auto' })).toMatchObject({
        runs: 'simd wasm',
        insteadOf: [
          {
            engineId: 'wllama',
            backend: 'webgpu',
            code: fault.kind,
            reason: 'detail' in fault && fault.detail,
          },
        ],
      });
    }
  });

  it('runs the GPU where no CPU engine could say what is right', async () => {
    const tooLarge: Fault = { kind: 'out-of-memory', detail: '13 GB' };
    const { open } = makeDevice({
      'simd wasm': { tokenMs: 1, failOpening: tooLarge },
      'wllama wasm': { tokenMs: 1, failOpening: tooLarge },
    });
    expect(await open({ backend: 'auto' })).toMatchObject({ runs: 'wllama webgpu', insteadOf: undefined });
  });

  it('touches no GPU when the CPU is asked for, and measures nothing', async () => {
    const { open } = makeDevice({});
    expect((await open({ backend: 'wasm' })).log).toEqual(['open simd wasm']);
    expect((await open({ backend: 'auto' }, { kind: 'no-adapter' })).log).toEqual(['open simd wasm']);
  });

  it('does not try again what has broken in this run', async () => {
    const { open } = makeDevice({ 'wllama webgpu': { tokenMs: 1 } });
    const broken = { engineId: 'wllama', backend: 'webgpu', code: 'device-lost', reason: 'x' } as const;
    expect(await open({ backend: 'auto', setAside: [broken] })).toEqual({
      runs: 'simd wasm',
      insteadOf: [broken],
      log: ['open simd wasm'],
    });
  });

  it('takes the next CPU engine for what the first does not handle, but not for what breaks', async () => {
    const lacking = makeDevice({
      'simd wasm': { tokenMs: 1, failOpening: { kind: 'unsupported', detail: 'mamba' } },
    });
    expect(await lacking.open({ backend: 'wasm' })).toMatchObject({
      runs: 'wllama wasm',
      insteadOf: [{ engineId: 'simd', code: 'unsupported', reason: 'mamba' }],
    });
    const breaking = makeDevice({
      'simd wasm': { tokenMs: 1, failOpening: { kind: 'engine', detail: 'x' } },
    });
    await expect(breaking.open({ backend: 'wasm' })).rejects.toMatchObject({ fault: { kind: 'engine' } });
    const nothing = makeDevice({
      'simd wasm': { tokenMs: 1, failOpening: { kind: 'unsupported', detail: 'mamba' } },
      'wllama wasm': { tokenMs: 1, failOpening: { kind: 'out-of-memory', detail: '9 GB' } },
    });
    await expect(nothing.open({ backend: 'wasm' })).rejects.toMatchObject({
      fault: { kind: 'unsupported', detail: 'simd: mamba; wllama: 9 GB' },
    });
  });

  it('passes a stop on and leaves nothing open', async () => {
    const { open, live } = makeDevice({
      'wllama webgpu': { tokenMs: 1, failAnswering: { kind: 'stopped' } },
    });
    await expect(open({ backend: 'auto' })).rejects.toMatchObject({ fault: { kind: 'stopped' } });
    expect([...live]).toEqual([]);
  });

  it('bears a settings store that fails or holds junk', async () => {
    const { open, stored } = makeDevice({ 'wllama webgpu': { tokenMs: 1 } });
    stored.set('calibration artifact', { device: 3 });
    stored.set('self-test 1 hash', 'junk');
    expect(await open({ backend: 'auto' })).toMatchObject({ runs: 'wllama webgpu' });
  });
});
