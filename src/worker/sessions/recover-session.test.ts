import { describe, expect, it } from 'vitest';
import type { Backend } from '../../domain/engine/backends';
import type { CompletionEnd, Session, SetAside, Token } from '../../domain/engine/engine';
import { FaultError, type Fault } from '../../domain/fault';
import { gradeAnswer } from '../../domain/graders/registry';
import { promptText } from '../../domain/prompt/pieces';
import { DEFAULT_SAMPLING, type EngineSwitch, type Result, type RunEnd } from '../../domain/run/run';
import { runCases, type RunEvent } from '../../domain/run/runner';
import { createRecovery, findSwitch } from './recover-session';

const LOST: Fault = { kind: 'device-lost', detail: 'driver reset' };
const template = {
  kind: 'jinja' as const,
  source: '{{ messages[0].content }}',
  bosToken: '',
  eosToken: '',
  stop: [],
};
const cases = ['one', 'two', 'three'].map((id) => ({
  id,
  prompt: id,
  graders: [{ type: 'contains', value: 'right' }],
  tags: [],
}));
const end: CompletionEnd = {
  reason: 'stop',
  promptTokens: 1,
  cachedTokens: 0,
  answerTokens: 4,
  prefillMs: 1,
  decodeMs: 1,
};
const info = (engineId: string, backend: Backend) => ({
  engineId,
  engineVersion: `${engineId} 1`,
  backend,
  threads: 2,
  contextTokens: 64,
});

/** Answers in four tokens; breaks at the third of the second case, and is of no use from then on. */
function makeSession(engineId: string, backend: Backend, fault?: Fault): Session & { asked: string[] } {
  const asked: string[] = [];
  let broken = false;
  return {
    asked,
    info: info(engineId, backend),
    async *complete({ prompt }): AsyncGenerator<Token, CompletionEnd, void> {
      asked.push(promptText(prompt));
      for (const [place, text] of ['the', ' right', ' one', '.'].entries()) {
        await Promise.resolve();
        broken ||= fault !== undefined && promptText(prompt) === 'two' && place === 2;
        if (broken && fault !== undefined) throw new FaultError(fault);
        yield { text };
      }
      return end;
    },
    close: () => Promise.resolve(),
  };
}

async function run(first: Session, reopen: (setAside: readonly SetAside[]) => Promise<Session>) {
  const events: RunEvent[] = [];
  const recorded: Result[] = [];
  const switches: EngineSwitch[] = [];
  const steps = runCases(
    { system: undefined, cases, template, sampling: DEFAULT_SAMPLING },
    {
      session: first,
      grade: gradeAnswer,
      now: () => 0,
      record: (result) => {
        recorded.push(result);
        return Promise.resolve();
      },
      recover: createRecovery(first, {
        reopen,
        record: (change) => {
          switches.push(change);
          return Promise.resolve();
        },
      }),
    },
    new AbortController().signal,
  );
  let runEnd: RunEnd | undefined;
  while (runEnd === undefined) {
    const next = await steps.next();
    if (next.done === true) runEnd = next.value;
    else events.push(next.value);
  }
  return { events, recorded, switches, runEnd };
}

describe('a run whose graphics device is lost at the third token of the second case', () => {
  it.each<Fault>([LOST, { kind: 'out-of-memory', detail: 'x' }, { kind: 'engine', detail: 'abort' }])(
    'goes on at the same case with the next engine (%j)',
    async (fault) => {
      const gpu = makeSession('wllama', 'webgpu', fault);
      const cpu = makeSession('simd', 'wasm');
      const asides: (readonly SetAside[])[] = [];
      const { events, recorded, switches, runEnd } = await run(gpu, (setAside) => {
        asides.push([...setAside]);
        return Promise.resolve(cpu);
      });
      expect(runEnd).toEqual({ kind: 'finished' });
      expect(gpu.asked).toEqual(['one', 'two']);
      expect(cpu.asked).toEqual(['two', 'three']);
      expect(recorded.map(({ kind, caseId, answer }) => [kind, caseId, answer])).toEqual(
        ['one', 'two', 'three'].map((id) => ['graded', id, 'the right one.']),
      );
      expect(events.filter(({ type }) => type === 'case-started')).toMatchObject(
        ['one', 'two', 'two', 'three'].map((caseId) => ({ caseId })),
      );
      const name = (engineId: string, backend: Backend) => ({
        engineId,
        backend,
        engineVersion: `${engineId} 1`,
        threads: 2,
      });
      expect(switches).toEqual([
        { caseId: 'two', from: name('wllama', 'webgpu'), to: name('simd', 'wasm'), fault },
      ]);
      expect(asides).toEqual([
        [
          {
            engineId: 'wllama',
            backend: 'webgpu',
            code: fault.kind,
            reason: 'detail' in fault && fault.detail,
          },
        ],
      ]);
    },
  );

  it('may lose one after the other', async () => {
    const sessions = [makeSession('b', 'webgpu', LOST), makeSession('c', 'wasm')];
    const { recorded, switches } = await run(makeSession('a', 'webgpu', LOST), () => {
      const next = sessions.shift();
      return next === undefined ? Promise.reject(new Error('none left')) : Promise.resolve(next);
    });
    expect(switches.map(({ from, to }) => `${from.engineId} ${to.engineId}`)).toEqual(['a b', 'b c']);
    expect(recorded.map(({ kind }) => kind)).toEqual(['graded', 'graded', 'graded']);
  });

  it('fails the case with the first fault when nothing can take over', async () => {
    const { recorded, switches, runEnd } = await run(makeSession('a', 'webgpu', LOST), () =>
      Promise.reject(new FaultError({ kind: 'unsupported', detail: 'nothing' })),
    );
    expect(recorded).toMatchObject([{ kind: 'graded' }, { fault: LOST }, { fault: LOST }]);
    expect(switches).toEqual([]);
    expect(runEnd).toEqual({ kind: 'finished' });
  });

  it('stops when it is stopped while reopening: the case is not recorded', async () => {
    const { recorded, runEnd } = await run(makeSession('a', 'webgpu', LOST), () =>
      Promise.reject(new FaultError({ kind: 'stopped' })),
    );
    expect(runEnd).toEqual({ kind: 'stopped' });
    expect(recorded).toHaveLength(1);
  });

  it('replaces neither a CPU engine nor one that was given bad input', async () => {
    const never = () => Promise.reject(new Error('reopened'));
    const onCpu = await run(makeSession('a', 'wasm', { kind: 'engine', detail: 'x' }), never);
    expect(onCpu.recorded.map(({ kind }) => kind)).toEqual(['graded', 'failed', 'failed']);
    const tooLong = await run(
      makeSession('a', 'webgpu', { kind: 'bad-input', what: 'prompt', detail: 'long' }),
      never,
    );
    expect(tooLong.recorded[1]).toMatchObject({ fault: { kind: 'bad-input' } });
  });
});

describe('findSwitch', () => {
  it('tells that a run goes on with something else', () => {
    const aside = { engineId: 'wllama', backend: 'webgpu', code: 'no-adapter', reason: '' } as const;
    const now = { ...info('simd', 'wasm'), insteadOf: [aside] };
    expect(findSwitch(info('wllama', 'webgpu'), now, 'two')).toMatchObject({
      caseId: 'two',
      from: { engineId: 'wllama' },
      to: { engineId: 'simd' },
      fault: { kind: 'unsupported', detail: 'no-adapter' },
    });
    expect(findSwitch(info('simd', 'wasm'), now, 'two')).toBeUndefined();
    expect(findSwitch(undefined, now, 'two')).toBeUndefined();
  });
});
