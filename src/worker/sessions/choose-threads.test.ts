import { describe, expect, it } from 'vitest';
import type { CompletionEnd, Session, Token } from '../../domain/engine/engine';
import { FaultError } from '../../domain/fault';
import type { SettingsStore } from '../../domain/run/ports';
import { listThreadCandidates, openWithBestThreads } from './choose-threads';

describe('listThreadCandidates', () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
    [4, [1, 2, 4]],
    [5, [3, 5]],
    [8, [4, 8]],
    [16, [8, 16]],
    // More threads than 16 help nobody.
    [32, [8, 16]],
    [256, [8, 16]],
    // A browser that does not tell.
    [0, [1]],
  ])('for %i cores: %j', (cores, candidates) => {
    expect(listThreadCandidates(cores, true)).toEqual(candidates);
  });

  it.each([1, 2, 4, 8, 16, 32])('for %i cores without shared memory: one', (cores) => {
    expect(listThreadCandidates(cores, false)).toEqual([1]);
  });
});

const KEY = 'threads engine artifact 8';

function makeSettings(remembered?: unknown) {
  const values = new Map<string, unknown>(remembered === undefined ? [] : [[KEY, remembered]]);
  const settings: SettingsStore = {
    get: (key) => Promise.resolve(values.get(key)),
    set: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
  };
  return { values, settings };
}

/** An engine that takes as long with each number of threads as the table says. */
function makeEngine(millisecondsByThreads: Readonly<Record<number, number>>, failAt?: number) {
  const opened: number[] = [];
  const measured: number[] = [];
  const live = new Set<Session>();
  let mostLive = 0;
  const open = (threads: number): Promise<Session> => {
    opened.push(threads);
    const session: Session = {
      info: { engineId: 'engine', engineVersion: '1', backend: 'wasm', threads, contextTokens: 2048 },
      complete: (_input, sampling) => complete(threads, sampling.maxTokens),
      close: () => {
        live.delete(session);
        return Promise.resolve();
      },
    };
    live.add(session);
    mostLive = Math.max(mostLive, live.size);
    return Promise.resolve(session);
  };
  async function* complete(threads: number, tokens: number): AsyncGenerator<Token, CompletionEnd, void> {
    measured.push(threads);
    for (let count = 0; count < tokens; count++) {
      yield { text: 'x' };
      await Promise.resolve();
      if (threads === failAt) throw new FaultError({ kind: 'stopped' });
    }
    const milliseconds = millisecondsByThreads[threads] ?? 1_000;
    return {
      reason: 'length',
      promptTokens: 30,
      cachedTokens: 0,
      answerTokens: tokens,
      prefillMs: milliseconds * 0.25,
      decodeMs: milliseconds * 0.75,
    };
  }
  return { open, opened, measured, live, mostLive: () => mostLive };
}

function choose(
  engine: ReturnType<typeof makeEngine>,
  settings: SettingsStore,
  candidates: readonly number[] = [1, 4, 8],
) {
  let announced = 0;
  const session = openWithBestThreads(
    KEY,
    candidates,
    settings,
    engine.open,
    () => announced++,
    new AbortController().signal,
  );
  return { session, announced: () => announced };
}

describe('openWithBestThreads', () => {
  it.each([
    [{ 1: 100, 4: 30, 8: 50 }, 4, [1, 4, 8, 4]],
    [{ 1: 100, 4: 50, 8: 30 }, 8, [1, 4, 8]],
    [{ 1: 10, 4: 50, 8: 30 }, 1, [1, 4, 8, 1]],
    // Where more threads gain nothing, fewer are better.
    [{ 1: 30, 4: 30, 8: 30 }, 1, [1, 4, 8, 1]],
  ])('with %j opens %i threads', async (milliseconds, best, opened) => {
    const engine = makeEngine(milliseconds);
    const { values, settings } = makeSettings();
    const { session, announced } = choose(engine, settings);
    expect((await session).info.threads).toBe(best);
    expect(engine.opened).toEqual(opened);
    expect(engine.measured).toEqual([1, 4, 8]);
    expect(values.get(KEY)).toBe(best);
    expect(announced()).toBe(1);
  });

  it('counts prefill and decoding together', async () => {
    const engine = makeEngine({});
    const { settings } = makeSettings();
    const times: Readonly<Record<number, readonly [prefillMs: number, decodeMs: number]>> = {
      1: [10, 100],
      4: [50, 50],
      8: [100, 5],
    };
    const session = await openWithBestThreads(
      KEY,
      [1, 4, 8],
      settings,
      async (threads) => ({
        ...(await engine.open(threads)),
        // eslint-disable-next-line require-yield
        async *complete() {
          const [prefillMs = 0, decodeMs = 0] = times[threads] ?? [];
          await Promise.resolve();
          const counts = { promptTokens: 1, cachedTokens: 0, answerTokens: 1 };
          return { reason: 'length', ...counts, prefillMs, decodeMs };
        },
      }),
      () => undefined,
      new AbortController().signal,
    );
    expect(session.info.threads).toBe(4);
  });

  it('has one session at a time, and leaves only the winner', async () => {
    const engine = makeEngine({ 1: 100, 4: 30, 8: 50 });
    const session = await choose(engine, makeSettings().settings).session;
    expect(engine.mostLive()).toBe(1);
    expect([...engine.live]).toEqual([session]);
  });

  it('does not measure again what it remembers', async () => {
    const engine = makeEngine({ 1: 1 });
    const { session, announced } = choose(engine, makeSettings(4).settings);
    expect((await session).info.threads).toBe(4);
    expect(engine.opened).toEqual([4]);
    expect(engine.measured).toEqual([]);
    expect(announced()).toBe(0);
  });

  it.each([3, 0, -4, 1e9, '4', null, { threads: 4 }, Number.NaN])(
    'does not trust %j in the settings',
    async (remembered) => {
      const engine = makeEngine({ 1: 100, 4: 50, 8: 30 });
      const { values, settings } = makeSettings(remembered);
      expect((await choose(engine, settings).session).info.threads).toBe(8);
      expect(values.get(KEY)).toBe(8);
    },
  );

  it('does not measure a single candidate', async () => {
    const engine = makeEngine({});
    const { values, settings } = makeSettings();
    const { session, announced } = choose(engine, settings, [1]);
    expect((await session).info.threads).toBe(1);
    expect(engine.measured).toEqual([]);
    expect(announced()).toBe(0);
    expect(values.has(KEY)).toBe(false);
  });

  it('closes the session and remembers nothing when it is stopped while measuring', async () => {
    const engine = makeEngine({ 1: 100 }, 4);
    const { values, settings } = makeSettings();
    await expect(choose(engine, settings).session).rejects.toMatchObject({ fault: { kind: 'stopped' } });
    expect(engine.opened).toEqual([1, 4]);
    expect(engine.live.size).toBe(0);
    expect(values.has(KEY)).toBe(false);
  });
});
