import { describe, expect, it } from 'vitest';
import type { CompletionEnd, Session, Token } from '../../domain/engine/engine';
import { FaultError } from '../../domain/fault';
import { promptText } from '../../domain/prompt/pieces';
import {
  SPEED_PLANS,
  type MeasuredSpeed,
  type SpeedPlan,
  type SpeedRoofline,
} from '../../domain/speed/speed';
import type { SpeedEvent } from '../protocol';
import { measureSession, measureSpeed, type SpeedContender } from './speed';

const PLAN: SpeedPlan = {
  id: 'quick',
  promptSentences: 5,
  answerTokens: 11,
  repetitions: 5,
  budgetMs: 10_000,
};
const ROOFLINE: SpeedRoofline = {
  threads: 2,
  readBytesPerSecond: 1e10,
  dotOpsPerSecond: 1e11,
  build: 'wasm32-relaxed',
  dotMode: 'unsigned',
  oneThread: { threads: 1, readBytesPerSecond: 1e10, dotOpsPerSecond: 1e11 },
};
const PROMPT_TOKENS = 100;

/** A machine with a clock of its own: sessions take exactly as long as they say. */
class FakeMachine {
  now = 0;
  open = 0;
  readonly prompts: string[] = [];

  session(prefillMs: number, tokenMs: number, cachedTokens = 0): Session {
    return {
      info: { engineId: 'fake', engineVersion: '1.0', backend: 'wasm', threads: 3, contextTokens: 512 },
      complete: (input, { maxTokens }) =>
        this.#complete(promptText(input.prompt), maxTokens, { prefillMs, tokenMs, cachedTokens }),
      close: () => {
        this.open--;
        return Promise.resolve();
      },
    };
  }

  contender(engineId: string, session: () => Session, change: Partial<SpeedContender> = {}): SpeedContender {
    return {
      engineId,
      engineLabel: `The ${engineId}`,
      backend: 'wasm',
      check: () => Promise.resolve({}),
      open: () => {
        const opened = session();
        this.open++;
        return Promise.resolve({ session: opened, loadMs: 12.3456 });
      },
      ...change,
    };
  }

  async *#complete(
    prompt: string,
    maxTokens: number,
    { prefillMs, tokenMs, cachedTokens }: { prefillMs: number; tokenMs: number; cachedTokens: number },
  ): AsyncGenerator<Token, CompletionEnd, void> {
    await Promise.resolve();
    this.prompts.push(prompt);
    for (let index = 0; index < maxTokens; index++) {
      this.now += index === 0 ? prefillMs : tokenMs;
      yield { text: 'x' };
    }
    return {
      reason: 'length',
      promptTokens: PROMPT_TOKENS,
      cachedTokens,
      answerTokens: maxTokens,
      prefillMs: 1,
      decodeMs: 1,
    };
  }
}

async function measure(machine: FakeMachine, contenders: readonly SpeedContender[], signal?: AbortSignal) {
  const events: SpeedEvent[] = [];
  const end = measureSpeed(
    { contenders, measureRoofline: () => Promise.resolve(ROOFLINE), now: () => machine.now },
    PLAN,
    (event) => {
      if (event.type === 'contender') expect(machine.open).toBe(0);
      events.push(event);
    },
    signal ?? new AbortController().signal,
  );
  const settled = await end.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const entries = events.flatMap((event) => (event.type === 'entry' ? [event.entry] : []));
  return { events, entries, settled };
}

describe('measureSession', () => {
  it('does not count the warm-up, and times by its own clock', async () => {
    const machine = new FakeMachine();
    const session = machine.session(200, 10);
    const samples = await measureSession(
      session,
      PLAN,
      () => machine.now,
      () => undefined,
      new AbortController().signal,
    );
    expect(samples).toEqual({
      promptTokens: PROMPT_TOKENS,
      answerTokens: 11,
      firstTokenMs: [200, 200, 200, 200, 200],
      prefillTokensPerSecond: [500, 500, 500, 500, 500],
      decodeTokensPerSecond: [100, 100, 100, 100, 100],
    });
    expect(machine.prompts).toHaveLength(6);
  });

  it('begins every prompt differently and counts only tokens that were read', async () => {
    const machine = new FakeMachine();
    const samples = await measureSession(
      machine.session(200, 10, 20),
      PLAN,
      () => machine.now,
      () => undefined,
      new AbortController().signal,
    );
    expect(new Set(machine.prompts.map((prompt) => prompt.slice(0, 8))).size).toBe(6);
    expect(new Set(machine.prompts.map((prompt) => prompt.length)).size).toBe(1);
    expect(samples.promptTokens).toBe(80);
    expect(samples.prefillTokensPerSecond[0]).toBe(400);
  });

  it('repeats a slow engine less often', async () => {
    const machine = new FakeMachine();
    const { firstTokenMs } = await measureSession(
      machine.session(4_000, 100),
      PLAN,
      () => machine.now,
      () => undefined,
      new AbortController().signal,
    );
    expect(firstTokenMs).toEqual([4_000, 4_000]);
  });
});

describe('measureSpeed', () => {
  it('measures the roof, then one engine at a time, and closes each', async () => {
    const machine = new FakeMachine();
    const { events, entries, settled } = await measure(machine, [
      machine.contender('fast', () => machine.session(100, 5)),
      machine.contender('slow', () => machine.session(2_000, 50), {
        check: () => Promise.resolve({ adapter: 'some gpu' }),
      }),
    ]);
    expect(settled).toEqual({ value: { kind: 'finished' } });
    expect(events[1]).toEqual({ type: 'roofline', roofline: ROOFLINE });
    expect(entries.map(({ engineId }) => engineId)).toEqual(['fast', 'slow']);
    expect(entries[0]).toMatchObject({
      engineLabel: 'The fast',
      engineVersion: '1.0',
      threads: 3,
      loadMs: 12.35,
    });
    expect(entries[1]).toMatchObject({ adapter: 'some gpu' });
    expect((entries[1] as MeasuredSpeed).firstTokenMs).toHaveLength(4);
    expect(machine.open).toBe(0);
  });

  it('says why an engine has no figures and goes on with the next', async () => {
    const machine = new FakeMachine();
    const fail = (fault: FaultError) => () => Promise.reject(fault);
    const { entries, settled } = await measure(machine, [
      machine.contender('none', () => machine.session(1, 1), {
        check: () => Promise.resolve({ unavailable: { code: 'no-adapter' as const, detail: '' } }),
      }),
      machine.contender('refuses', () => machine.session(1, 1), {
        open: fail(new FaultError({ kind: 'unsupported', detail: 'Q9_9' })),
      }),
      machine.contender('breaks', () => machine.session(1, 1), {
        open: fail(new FaultError({ kind: 'engine', detail: 'x'.repeat(900) })),
      }),
      // A clock that stands still times nothing.
      machine.contender('stands', () => machine.session(0, 0)),
      machine.contender('works', () => machine.session(100, 5)),
    ]);
    expect(settled).toEqual({ value: { kind: 'finished' } });
    expect(entries.map((entry) => ('unavailable' in entry ? entry.unavailable.code : 'measured'))).toEqual([
      'no-adapter',
      'unsupported',
      'failed',
      'failed',
      'measured',
    ]);
    expect(machine.open).toBe(0);
  });

  it('keeps what was measured when it is stopped, and closes what is open', async () => {
    const machine = new FakeMachine();
    const stop = new AbortController();
    const { entries, settled } = await measure(
      machine,
      [
        machine.contender('first', () => machine.session(100, 5)),
        machine.contender('second', () => {
          stop.abort();
          return machine.session(100, 5);
        }),
        machine.contender('third', () => machine.session(100, 5)),
      ],
      stop.signal,
    );
    expect(entries.map(({ engineId }) => engineId)).toEqual(['first']);
    expect(settled).toMatchObject({ error: { fault: { kind: 'stopped' } } });
    expect(machine.open).toBe(0);
  });

  it('goes without a roof where it cannot be measured', async () => {
    const machine = new FakeMachine();
    const events: SpeedEvent[] = [];
    await measureSpeed(
      {
        contenders: [machine.contender('works', () => machine.session(100, 5))],
        measureRoofline: () => Promise.reject(new Error('no SIMD')),
        now: () => machine.now,
      },
      PLAN,
      (event) => events.push(event),
      new AbortController().signal,
    );
    expect(events.some(({ type }) => type === 'roofline')).toBe(false);
    expect(events.some(({ type }) => type === 'entry')).toBe(true);
  });
});

describe('SPEED_PLANS', () => {
  it('repeat at least five times, as a spread needs', () => {
    for (const { repetitions } of SPEED_PLANS) expect(repetitions).toBeGreaterThanOrEqual(5);
  });
});
