import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CompletionEnd, CompletionInput, Sampling, Token } from '../engine/engine';
import { FaultError } from '../fault';
import { gradeAnswer } from '../graders/registry';
import { parseModel } from '../model/model';
import { promptText } from '../prompt/pieces';
import { DEFAULT_SAMPLING, type Result, type RunEnd } from './run';
import { runCases, type RunEvent, type RunPlan, type RunPorts } from './runner';
import type { Case } from '../sets/test-set';

const row = new URL('../../../static-models/catalog/smollm2-135m-instruct.json', import.meta.url);
const { template } = parseModel(JSON.parse(readFileSync(row, 'utf8')));

const makeCase = (id: string, change: Partial<Case> = {}): Case => ({
  id,
  prompt: `Question ${id}?`,
  graders: [{ type: 'contains', value: 'yes' }],
  tags: [],
  ...change,
});
const makePlan = (cases: readonly Case[], change: Partial<RunPlan> = {}): RunPlan => ({
  system: undefined,
  cases,
  template,
  sampling: DEFAULT_SAMPLING,
  ...change,
});

const end: CompletionEnd = {
  reason: 'stop',
  promptTokens: 40,
  cachedTokens: 30,
  answerTokens: 2,
  prefillMs: 11,
  decodeMs: 22,
};

type Answer = (
  caseId: string,
  signal: AbortSignal,
) => AsyncGenerator<Token, CompletionEnd, void> | Generator<Token, CompletionEnd, void>;

/** A session that answers as told, and remembers what it was asked. */
function makeBench(answer: Answer = () => say('yes', '.')) {
  const asked: { readonly input: CompletionInput; readonly sampling: Sampling }[] = [];
  const recorded: Result[] = [];
  const abort = new AbortController();
  const clock = { ms: 1_000 };
  const ports: RunPorts = {
    session: {
      async *complete(input, sampling, signal) {
        asked.push({ input, sampling });
        const caseId = /Question (\S+)\?/.exec(promptText(input.prompt))?.[1] ?? '';
        return yield* answer(caseId, signal);
      },
    },
    grade: (answer, testCase, facts) => gradeAnswer(answer, testCase, facts),
    now: () => clock.ms,
    record: (result) => {
      recorded.push(result);
      return Promise.resolve();
    },
  };
  return { asked, recorded, abort, clock, ports };
}

function* say(...texts: string[]): Generator<Token, CompletionEnd, void> {
  for (const text of texts) yield { text };
  return { ...end, answerTokens: texts.length };
}

async function collect(
  run: AsyncGenerator<RunEvent, RunEnd, void>,
): Promise<{ events: RunEvent[]; end: RunEnd }> {
  const events: RunEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { events, end: next.value };
    events.push(next.value);
  }
}

const outline = (events: readonly RunEvent[]) =>
  events.map((event) => {
    switch (event.type) {
      case 'case-started':
        return `start ${event.caseId}`;
      case 'token':
        return `token ${event.caseId} ${event.text}`;
      case 'case-finished':
        return `finish ${event.result.caseId} ${event.result.kind === 'graded' ? event.result.status : 'failed'}`;
    }
  });

const noInput = [
  { prompt: [], stop: [] },
  DEFAULT_SAMPLING,
  new AbortController().signal,
] as const satisfies Parameters<RunPorts['session']['complete']>;

/** Longer than any chain of promises that does not wait for something outside. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('runCases', () => {
  it('works through the cases one by one', async () => {
    const bench = makeBench((id) => (id === 'a' ? say('y', 'es') : say('no')));
    const { events, end: runEnd } = await collect(
      runCases(makePlan([makeCase('a'), makeCase('b')]), bench.ports, bench.abort.signal),
    );
    expect(outline(events)).toEqual([
      'start a',
      'token a y',
      'token a es',
      'finish a pass',
      'start b',
      'token b no',
      'finish b fail',
    ]);
    expect(runEnd).toEqual({ kind: 'finished' });
    expect(bench.recorded.map(({ caseId }) => caseId)).toEqual(['a', 'b']);
  });

  it('is finished at once without cases', async () => {
    const bench = makeBench();
    expect(await collect(runCases(makePlan([]), bench.ports, bench.abort.signal))).toEqual({
      events: [],
      end: { kind: 'finished' },
    });
  });

  it("gives the engine the text of the model's own template, its stops and the sampling", async () => {
    const bench = makeBench();
    const sampling = { ...DEFAULT_SAMPLING, seed: 7 };
    const plan = makePlan([makeCase('a', { choices: ['red', 'blue'] })], { system: 'Be brief.', sampling });
    const { events } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    const prompt =
      '<|im_start|>system\nBe brief.<|im_end|>\n' +
      '<|im_start|>user\nQuestion a?\nA. red\nB. blue<|im_end|>\n' +
      '<|im_start|>assistant\n';
    const template = (text: string) => ({ kind: 'template', text });
    const foreign = (text: string) => ({ kind: 'foreign', text });
    const pieces = [
      template('<|im_start|>system\n'),
      foreign('Be brief.'),
      template('<|im_end|>\n<|im_start|>user\n'),
      foreign('Question a?\nA. red\nB. blue'),
      template('<|im_end|>\n<|im_start|>assistant\n'),
    ];
    expect(bench.asked).toEqual([{ input: { prompt: pieces, stop: ['<|im_end|>'] }, sampling }]);
    expect(events[0]).toEqual({ type: 'case-started', caseId: 'a', prompt });
    expect(bench.recorded[0]?.prompt).toBe(prompt);
  });

  it('asks a case as bare text, with its own stops and length, where the case says so', async () => {
    const bench = makeBench();
    const generation = { plain: true as const, stop: ['\n\n'], maxTokens: 7 };
    const plan = makePlan([makeCase('a', { generation }), makeCase('b')], { system: 'Be brief.' });
    await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(bench.asked[0]?.input).toEqual({
      prompt: [{ kind: 'foreign', text: 'Be brief.\n\nQuestion a?' }],
      stop: ['<|im_end|>', '\n\n'],
    });
    expect(bench.asked[0]?.sampling).toEqual({ ...DEFAULT_SAMPLING, maxTokens: 7 });
    expect(bench.asked[1]?.input.stop).toEqual(['<|im_end|>']);
    expect(bench.asked[1]?.sampling).toEqual(DEFAULT_SAMPLING);
  });

  it('shows the model the system text of its template when the set has none', async () => {
    const bench = makeBench();
    await collect(runCases(makePlan([makeCase('a')]), bench.ports, bench.abort.signal));
    expect(promptText(bench.asked[0]?.input.prompt ?? [])).toBe(
      '<|im_start|>system\n' +
        'You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' +
        '<|im_start|>user\nQuestion a?<|im_end|>\n' +
        '<|im_start|>assistant\n',
    );
  });

  it('has a result on disk before it tells of it and before the next case starts', async () => {
    const bench = makeBench();
    const saving: (() => void)[] = [];
    const ports: RunPorts = {
      ...bench.ports,
      record: () => new Promise<void>((resolve) => saving.push(resolve)),
    };
    const events: RunEvent[] = [];
    const run = runCases(makePlan([makeCase('a'), makeCase('b')]), ports, bench.abort.signal);
    const done = (async () => {
      for await (const event of run) events.push(event);
    })();

    await settle();
    expect(saving).toHaveLength(1);
    expect(outline(events)).toEqual(['start a', 'token a yes', 'token a .']);
    expect(bench.asked).toHaveLength(1);

    saving[0]?.();
    await settle();
    expect(saving).toHaveLength(2);
    expect(outline(events).slice(3)).toEqual(['finish a pass', 'start b', 'token b yes', 'token b .']);

    saving[1]?.();
    await done;
    expect(outline(events).at(-1)).toBe('finish b pass');
  });

  it('does not go on when a result cannot be saved', async () => {
    const bench = makeBench();
    const fault = { kind: 'quota', neededBytes: 1 } as const;
    const ports: RunPorts = { ...bench.ports, record: () => Promise.reject(new FaultError(fault)) };
    const run = runCases(makePlan([makeCase('a'), makeCase('b')]), ports, bench.abort.signal);
    await expect(collect(run)).rejects.toMatchObject({ fault });
    expect(bench.asked).toHaveLength(1);
  });

  it('measures an answer by its own clock and keeps what the engine measured', async () => {
    const bench = makeBench(function* () {
      bench.clock.ms += 120;
      yield { text: 'yes' };
      bench.clock.ms += 30;
      yield { text: '.' };
      bench.clock.ms += 5;
      return { ...end, reason: 'length' };
    });
    await collect(runCases(makePlan([makeCase('a')]), bench.ports, bench.abort.signal));
    expect(bench.recorded).toEqual([
      {
        kind: 'graded',
        caseId: 'a',
        prompt: expect.stringContaining('Question a?') as unknown,
        answer: 'yes.',
        finish: 'length',
        status: 'pass',
        score: 1,
        outcomes: [{ type: 'contains', verdict: expect.objectContaining({ pass: true }) as unknown }],
        timing: {
          promptTokens: 40,
          cachedTokens: 30,
          answerTokens: 2,
          firstTokenMs: 120,
          totalMs: 155,
          prefillMs: 11,
          decodeMs: 22,
        },
      },
    ]);
  });

  it('does not count the time that it takes to grade', async () => {
    const bench = makeBench();
    const ports: RunPorts = {
      ...bench.ports,
      grade: async (answer, testCase) => {
        bench.clock.ms += 1_000;
        await Promise.resolve();
        return gradeAnswer(answer, testCase);
      },
    };
    await collect(runCases(makePlan([makeCase('a')]), ports, bench.abort.signal));
    expect(bench.recorded[0]).toMatchObject({ timing: { totalMs: 0 } });
  });

  it('takes an empty answer for an answer', async () => {
    const bench = makeBench(function* () {
      bench.clock.ms += 40;
      yield* [];
      return { ...end, answerTokens: 0 };
    });
    await collect(runCases(makePlan([makeCase('a')]), bench.ports, bench.abort.signal));
    expect(bench.recorded[0]).toMatchObject({
      kind: 'graded',
      answer: '',
      status: 'fail',
      timing: { firstTokenMs: 40, totalMs: 40 },
    });
  });

  it('says of a case with an unknown grader that it was not run', async () => {
    const bench = makeBench();
    const graders = [{ type: 'contains', value: 'yes' }, { type: 'of-the-future' }];
    const plan = makePlan([makeCase('a', { graders }), makeCase('b')]);
    const { events } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(outline(events).filter((line) => line.startsWith('finish'))).toEqual([
      'finish a not-run',
      'finish b pass',
    ]);
    expect(bench.recorded[0]).toMatchObject({
      outcomes: [{ type: 'contains' }, { verdict: { notRun: { code: 'unknown-grader' } } }],
    });
  });
});

describe('a case that fails', () => {
  const breaking: Answer = function* (caseId) {
    yield { text: 'half an' };
    if (caseId.startsWith('bad')) throw new FaultError({ kind: 'engine', detail: `broke at ${caseId}` });
    return end;
  };

  it('is a result like any other, with what was written before, and the run goes on', async () => {
    const bench = makeBench(breaking);
    const plan = makePlan([makeCase('bad'), makeCase('b')]);
    const { events, end: runEnd } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(outline(events)).toEqual([
      'start bad',
      'token bad half an',
      'finish bad failed',
      'start b',
      'token b half an',
      'finish b fail',
    ]);
    expect(bench.recorded[0]).toEqual({
      kind: 'failed',
      caseId: 'bad',
      prompt: expect.stringContaining('Question bad?') as unknown,
      answer: 'half an',
      fault: { kind: 'engine', detail: 'broke at bad' },
    });
    expect(runEnd).toEqual({ kind: 'finished' });
  });

  it('ends the run when it is the third in a row; all three are kept', async () => {
    const bench = makeBench(breaking);
    const plan = makePlan(['bad1', 'bad2', 'bad3', 'd'].map((id) => makeCase(id)));
    const { events, end: runEnd } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(runEnd).toEqual({ kind: 'failed', fault: { kind: 'engine', detail: 'broke at bad3' } });
    expect(bench.recorded.map(({ caseId }) => caseId)).toEqual(['bad1', 'bad2', 'bad3']);
    expect(outline(events).at(-1)).toBe('finish bad3 failed');
    expect(bench.asked).toHaveLength(3);
  });

  it('starts the count again after one that does not', async () => {
    const bench = makeBench(breaking);
    const plan = makePlan(['bad1', 'bad2', 'c', 'bad4', 'bad5', 'f'].map((id) => makeCase(id)));
    const { end: runEnd } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(runEnd).toEqual({ kind: 'finished' });
    expect(bench.recorded).toHaveLength(6);
  });

  it('shows images to a model that sees, and refuses the question for one that does not', async () => {
    const image = { mediaType: 'image/png' as const, base64: 'AAAA' };
    const seen = makeCase('a', { images: [image] });
    const bench = makeBench();
    const bytes = new Uint8Array(3);
    const loadImage = () => Promise.resolve({ mediaType: 'image/png', bytes });
    const plan = makePlan([seen, makeCase('b')]);
    const sighted: RunPorts = {
      ...bench.ports,
      session: { ...bench.ports.session, acceptsImages: true },
      loadImage,
    };
    await collect(runCases(plan, sighted, bench.abort.signal));
    expect(bench.asked[0]?.input.images).toEqual([{ mediaType: 'image/png', bytes }]);
    expect(bench.asked[1]?.input).not.toHaveProperty('images');

    const blind = makeBench();
    await collect(runCases(plan, { ...blind.ports, loadImage }, blind.abort.signal));
    expect(blind.recorded).toMatchObject([
      { kind: 'failed', fault: { kind: 'unsupported' } },
      { kind: 'graded', caseId: 'b' },
    ]);
    expect(blind.asked).toHaveLength(1);
  });

  it('asks for another session when its own broke, and not when a grader or a template did', async () => {
    const asked: unknown[] = [];
    const bench = makeBench((id) => {
      if (id === 'b') throw new FaultError({ kind: 'device-lost', detail: 'gone' });
      return say('yes');
    });
    const ports: RunPorts = {
      ...bench.ports,
      grade: (answer, testCase) => {
        if (testCase.id === 'a') throw new Error('no such grader');
        return gradeAnswer(answer, testCase);
      },
      recover: (fault, caseId) => {
        asked.push([fault.kind, caseId]);
        return Promise.resolve({ complete: () => makeBench().ports.session.complete(...noInput) });
      },
    };
    await collect(runCases(makePlan([makeCase('a'), makeCase('b')]), ports, bench.abort.signal));
    expect(asked).toEqual([['device-lost', 'b']]);
  });

  it('may fail in its template, before the engine is asked', async () => {
    const bench = makeBench();
    const plan = makePlan(
      ['a', 'b', 'c', 'd'].map((id) => makeCase(id)),
      { template: { ...template, source: '{% for %}' } },
    );
    const { events, end: runEnd } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(runEnd).toMatchObject({ kind: 'failed', fault: { kind: 'bad-input', what: 'chat template' } });
    expect(outline(events)).toEqual(['finish a failed', 'finish b failed', 'finish c failed']);
    expect(bench.asked).toEqual([]);
  });

  it('may fail in its grader', async () => {
    const bench = makeBench();
    const ports: RunPorts = {
      ...bench.ports,
      grade: () => {
        throw new RangeError('too deep');
      },
    };
    await collect(runCases(makePlan([makeCase('a')]), ports, bench.abort.signal));
    expect(bench.recorded).toMatchObject([
      { kind: 'failed', answer: 'yes.', fault: { kind: 'engine', detail: 'too deep' } },
    ]);
  });
});

describe('a stop', () => {
  it.each<[how: string, answer: (abort: AbortController) => Answer]>([
    [
      'an engine that says so',
      (abort) =>
        function* () {
          yield { text: 'ye' };
          abort.abort();
          throw new FaultError({ kind: 'stopped' });
        },
    ],
    [
      'an engine that throws what the signal gives',
      (abort) =>
        function* (_caseId, signal) {
          yield { text: 'ye' };
          abort.abort();
          signal.throwIfAborted();
          return end;
        },
    ],
    [
      'an engine that does not listen',
      (abort) =>
        function* () {
          yield { text: 'ye' };
          abort.abort();
          yield { text: 's' };
          return end;
        },
    ],
    [
      'an engine that ends the answer short',
      (abort) =>
        function* () {
          yield { text: 'ye' };
          abort.abort();
          return end;
        },
    ],
  ])('in the middle of an answer drops the case under way: %s', async (_how, answer) => {
    const bench = makeBench((caseId, signal) =>
      caseId === 'b' ? answer(bench.abort)(caseId, signal) : say('yes'),
    );
    const plan = makePlan([makeCase('a'), makeCase('b'), makeCase('c')]);
    const { events, end: runEnd } = await collect(runCases(plan, bench.ports, bench.abort.signal));
    expect(runEnd).toEqual({ kind: 'stopped' });
    expect(bench.recorded.map(({ caseId }) => caseId)).toEqual(['a']);
    expect(outline(events)).toEqual(['start a', 'token a yes', 'finish a pass', 'start b', 'token b ye']);
  });

  it('between two cases keeps the first and does not start the second', async () => {
    const bench = makeBench();
    const ports: RunPorts = {
      ...bench.ports,
      record: (result) => {
        bench.abort.abort();
        return bench.ports.record(result);
      },
    };
    const { events, end: runEnd } = await collect(
      runCases(makePlan([makeCase('a'), makeCase('b')]), ports, bench.abort.signal),
    );
    expect(runEnd).toEqual({ kind: 'stopped' });
    expect(outline(events).at(-1)).toBe('finish a pass');
    expect(bench.asked).toHaveLength(1);
  });

  it('before the first case asks the engine nothing', async () => {
    const bench = makeBench();
    bench.abort.abort();
    expect(await collect(runCases(makePlan([makeCase('a')]), bench.ports, bench.abort.signal))).toEqual({
      events: [],
      end: { kind: 'stopped' },
    });
    expect(bench.asked).toEqual([]);
  });

  it('after the last case comes too late', async () => {
    const bench = makeBench();
    const ports: RunPorts = {
      ...bench.ports,
      record: (result) => {
        bench.abort.abort();
        return bench.ports.record(result);
      },
    };
    const { end: runEnd } = await collect(runCases(makePlan([makeCase('a')]), ports, bench.abort.signal));
    expect(runEnd).toEqual({ kind: 'finished' });
  });

  it('is told from a fault by the engine, not by the count of faults', async () => {
    const bench = makeBench(() => {
      throw new DOMException('aborted', 'AbortError');
    });
    const { end: runEnd } = await collect(
      runCases(makePlan([makeCase('a')]), bench.ports, bench.abort.signal),
    );
    expect(runEnd).toEqual({ kind: 'stopped' });
    expect(bench.recorded).toEqual([]);
  });
});
