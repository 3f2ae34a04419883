import { describe, expect, it } from 'vitest';
import type { CompletionEnd, Session, Token } from '../../domain/engine/engine';
import { gradeAnswer } from '../../domain/graders/registry';
import { promptText, templatePrompt } from '../../domain/prompt/pieces';
import { DEFAULT_SAMPLING, type EngineSwitch, type Result } from '../../domain/run/run';
import { runCases } from '../../domain/run/runner';
import { createRecovery } from './recover-session';
import { watchSession, type WatchClock } from './watch-session';

const { signal } = new AbortController();
const end: CompletionEnd = {
  reason: 'stop',
  promptTokens: 1,
  cachedTokens: 0,
  answerTokens: 3,
  prefillMs: 1,
  decodeMs: 1,
};

/** Time that passes only while somebody waits for it, and then at once. */
function makeClock() {
  let ms = 0;
  const waiting = new Set<{ readonly at: number; readonly resolve: () => void }>();
  const clock: WatchClock = {
    now: () => ms,
    wait(milliseconds) {
      let entry: { readonly at: number; readonly resolve: () => void } | undefined;
      const over = new Promise<void>((resolve) => {
        entry = { at: ms + milliseconds, resolve };
        waiting.add(entry);
      });
      return { over, cancel: () => entry && waiting.delete(entry) };
    },
  };
  return {
    clock,
    now: () => ms,
    pending: () => waiting.size,
    /** Lets time pass, wait by wait, until `isOver`. */
    async run(isOver: () => boolean): Promise<void> {
      for (let step = 0; step < 100_000 && !isOver(); step++) {
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
        const [next] = [...waiting].sort((a, b) => a.at - b.at);
        if (isOver() || next === undefined) continue;
        ms = next.at;
        waiting.delete(next);
        next.resolve();
      }
    },
  };
}
type Clock = ReturnType<typeof makeClock>;

/** A device that takes so long for each token; at Infinity it hangs. */
function makeDevice(time: Clock, tokenMs: readonly number[], backend: 'webgpu' | 'wasm' = 'webgpu') {
  const log: string[] = [];
  const pass = (milliseconds: number) =>
    milliseconds === Infinity ? new Promise<never>(() => undefined) : time.clock.wait(milliseconds).over;
  const session: Session = {
    info: { engineId: backend, engineVersion: '1', backend, threads: 1, contextTokens: 64 },
    async *complete({ prompt }): AsyncGenerator<Token, CompletionEnd, void> {
      log.push(promptText(prompt));
      try {
        for (const [index, milliseconds] of tokenMs.entries()) {
          await pass(milliseconds);
          yield { text: `right ${index} ` };
        }
        return end;
      } finally {
        log.push('returned');
      }
    },
    async score() {
      await pass(tokenMs[0] ?? 0);
      return [];
    },
    close() {
      log.push('closed');
      return tokenMs.includes(Infinity) ? new Promise(() => undefined) : Promise.resolve();
    },
  };
  return { session, log };
}

/** What comes of an answer, and when. */
async function answer(time: Clock, session: Session, prompt = '?') {
  let outcome: unknown;
  const texts: string[] = [];
  const reading = (async () => {
    const tokens = session.complete({ prompt: templatePrompt(prompt), stop: [] }, DEFAULT_SAMPLING, signal);
    for (;;) {
      const next = await tokens.next();
      if (next.done === true) return next.value;
      texts.push(next.value.text);
    }
  })().then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error),
  );
  await time.run(() => outcome !== undefined);
  await reading;
  return { outcome, texts, ms: time.now() };
}

const LOST = { fault: { kind: 'device-lost' } };

describe('watchSession', () => {
  it('lets through what comes, however slowly, and leaves no timer', async () => {
    const time = makeClock();
    // The first one compiles; then 25 s a token is a slow device, not a lost one.
    const { session, log } = makeDevice(time, [55_000, 25_000, 25_000]);
    const { outcome, texts } = await answer(time, watchSession(session, time.clock));
    expect(outcome).toEqual(end);
    expect(texts).toHaveLength(3);
    expect(time.pending()).toBe(0);
    expect(log).toEqual(['?', 'returned']);
  });

  it('gives a device up that hangs in the middle of an answer', async () => {
    const time = makeClock();
    const { session } = makeDevice(time, [100, 100, Infinity]);
    const { outcome, texts, ms } = await answer(time, watchSession(session, time.clock));
    expect(outcome).toMatchObject(LOST);
    expect(texts).toHaveLength(2);
    expect(ms).toBeGreaterThanOrEqual(30_000);
    expect(ms).toBeLessThan(40_000);
  });

  it('waits 20 times as long as for the slowest token so far', async () => {
    const time = makeClock();
    const { session } = makeDevice(time, [100, 4_000, Infinity]);
    const { ms } = await answer(time, watchSession(session, time.clock));
    expect(ms).toBeGreaterThanOrEqual(80_000);
    expect(ms).toBeLessThan(90_000);
  });

  it('gives a long prompt its time', async () => {
    const short = makeClock();
    const hanging = makeDevice(short, [Infinity]);
    const { ms } = await answer(short, watchSession(hanging.session, short.clock));
    expect(ms).toBeLessThan(70_000);
    const long = makeClock();
    const slow = makeDevice(long, [300_000]);
    const { outcome } = await answer(long, watchSession(slow.session, long.clock), 'x'.repeat(4_000));
    expect(outcome).toEqual(end);
  });

  it('asks a lost device nothing more, and does not wait for it to close', async () => {
    const time = makeClock();
    const { session, log } = makeDevice(time, [Infinity]);
    const watched = watchSession(session, time.clock);
    await answer(time, watched, 'one');
    const { outcome } = await answer(time, watched, 'two');
    expect(outcome).toMatchObject(LOST);
    await expect(watched.score?.(templatePrompt('?'), ['a'], signal)).rejects.toMatchObject(LOST);
    await watched.close();
    expect(log).toEqual(['one', 'closed']);
  });

  it('watches over likelihoods too', async () => {
    const time = makeClock();
    const watched = watchSession(makeDevice(time, [Infinity]).session, time.clock);
    let outcome: unknown;
    watched.score?.(templatePrompt('?'), ['a', 'b'], signal).catch((error: unknown) => (outcome = error));
    await time.run(() => outcome !== undefined);
    expect(outcome).toMatchObject(LOST);
  });

  it('has the run go on at the same case on the CPU', async () => {
    const time = makeClock();
    const gpu = watchSession(makeDevice(time, [100, Infinity]).session, time.clock);
    const cpu = makeDevice(time, [100, 100], 'wasm');
    const switches: EngineSwitch[] = [];
    const recorded: Result[] = [];
    let isOver = false;
    const running = (async () => {
      const steps = runCases(
        {
          system: undefined,
          cases: ['one', 'two'].map((id) => ({
            id,
            prompt: id,
            graders: [{ type: 'contains', value: 'right' }],
            tags: [],
          })),
          template: {
            kind: 'jinja',
            source: '{{ messages[0].content }}',
            bosToken: '',
            eosToken: '',
            stop: [],
          },
          sampling: DEFAULT_SAMPLING,
        },
        {
          session: gpu,
          grade: gradeAnswer,
          now: time.now,
          record: (result) => Promise.resolve(void recorded.push(result)),
          recover: createRecovery(gpu, {
            async reopen() {
              await gpu.close();
              return cpu.session;
            },
            record: (change) => Promise.resolve(void switches.push(change)),
          }),
        },
        signal,
      );
      while ((await steps.next()).done !== true);
      isOver = true;
    })();
    await time.run(() => isOver);
    await running;
    expect(recorded.map(({ kind, caseId }) => `${kind} ${caseId}`)).toEqual(['graded one', 'graded two']);
    expect(switches).toMatchObject([
      { caseId: 'one', fault: { kind: 'device-lost' }, from: { backend: 'webgpu' }, to: { backend: 'wasm' } },
    ]);
  });
});
