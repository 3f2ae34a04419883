import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CompletionInput, Sampling, Session } from '../engine/engine';
import { FaultError } from '../fault';
import { gradeAnswer } from '../graders/registry';
import { parseModel } from '../model/model';
import { foreignPrompt, promptText } from '../prompt/pieces';
import { DEFAULT_SAMPLING, type GradedResult, type Result, type RunEnd } from './run';
import { runCases, type RunPlan } from './runner';
import { buildScoring, scoringText } from './score-case';
import type { Case } from '../sets/test-set';

const row = new URL('../../../static-models/catalog/smollm2-135m-instruct.json', import.meta.url);
const { template } = parseModel(JSON.parse(readFileSync(row, 'utf8')));

const scored = (change: Partial<Case> = {}): Case => ({
  id: 'scored',
  prompt: 'The sky is',
  choices: ['green', 'blue'],
  graders: [{ type: 'multiple-choice', value: 'blue' }],
  tags: [],
  ...change,
});
const asked = (id: string): Case => ({
  id,
  prompt: `${id}?`,
  graders: [{ type: 'contains', value: 'yes' }],
  tags: [],
});

type Score = NonNullable<Session['score']>;

/** Two tokens a choice; "blue" is likelier after a prompt, and even likelier without one. */
const likeBlue: Score = (prompt, continuations) =>
  Promise.resolve(
    continuations.map((each) => {
      const isBlue = each.endsWith('blue');
      const logprobs = prompt.length === 0 ? [isBlue ? -0.5 : -9, 0] : [isBlue ? -1 : -2, -0.25];
      return { logprobs, greedy: [isBlue, true] };
    }),
  );

async function run(plan: Partial<RunPlan> & Pick<RunPlan, 'cases'>, score?: Score) {
  const scores: Parameters<Score>[] = [];
  const completions: { readonly input: CompletionInput; readonly sampling: Sampling }[] = [];
  const recorded: Result[] = [];
  const cases = runCases(
    { system: undefined, template, sampling: DEFAULT_SAMPLING, ...plan },
    {
      session: {
        // eslint-disable-next-line @typescript-eslint/require-await
        async *complete(input, sampling) {
          completions.push({ input, sampling });
          yield { text: 'yes' };
          return {
            reason: 'stop',
            promptTokens: 1,
            cachedTokens: 0,
            answerTokens: 1,
            prefillMs: 1,
            decodeMs: 1,
          };
        },
        ...(score !== undefined && {
          score: (...given) => {
            scores.push(given);
            return score(...given);
          },
        }),
      },
      grade: gradeAnswer,
      now: () => 0,
      record: (result) => {
        recorded.push(result);
        return Promise.resolve();
      },
    },
    new AbortController().signal,
  );
  const started: string[] = [];
  let end: RunEnd | undefined;
  for (;;) {
    const next = await cases.next();
    if (next.done === true) {
      end = next.value;
      break;
    }
    if (next.value.type === 'case-started') started.push(`${next.value.caseId}#${next.value.repeat ?? 0}`);
  }
  return { scores, completions, recorded, started, end, first: recorded[0] as GradedResult };
}

describe('cases scored by likelihood', () => {
  it('ask the session for the choices after the bare prompt and keep what it said', async () => {
    const { scores, completions, first } = await run({ cases: [scored()] }, likeBlue);
    expect(completions).toEqual([]);
    expect(scores.map(([prompt, continuations]) => [promptText(prompt), continuations])).toEqual([
      ['The sky is', [' green', ' blue']],
    ]);
    expect(first).toMatchObject({
      kind: 'graded',
      status: 'pass',
      score: 1,
      prompt: 'The sky is',
      answer: 'blue',
      choices: { loglikelihoods: [-2.25, -1.25], greedy: [false, true], tokens: [2, 2] },
      outcomes: [{ type: 'multiple-choice', verdict: { pass: true } }],
    });
  });

  it('ask for the choices after nothing where a metric compares with that', async () => {
    const testCase = scored({
      graders: [{ type: 'multiple-choice', value: 'green', scoring: 'acc_mutual_info' }],
    });
    const { scores, first } = await run({ cases: [testCase] }, likeBlue);
    expect(scores.map(([prompt]) => promptText(prompt))).toEqual(['The sky is', '']);
    expect(first).toMatchObject({ status: 'pass', answer: 'green', choices: { unconditional: [-9, -0.5] } });
  });

  it('are not run where the session cannot score, and the run goes on', async () => {
    const unsupported: Score = () =>
      Promise.reject(new FaultError({ kind: 'unsupported', detail: 'tokenizer' }));
    for (const score of [undefined, unsupported]) {
      const { recorded, end } = await run({ cases: [scored(), asked('a')] }, score);
      expect(recorded[0]).toMatchObject({
        status: 'not-run',
        outcomes: [{ verdict: { notRun: { code: 'not-available', expected: 'loglikelihood' } } }],
      });
      expect(recorded[1]).toMatchObject({ status: 'pass' });
      expect(end).toEqual({ kind: 'finished' });
    }
  });

  it('fail as any case does when the engine does', async () => {
    const broken: Score = () => Promise.reject(new FaultError({ kind: 'engine', detail: 'gone' }));
    const { recorded } = await run({ cases: [scored()] }, broken);
    expect(recorded[0]).toMatchObject({ kind: 'failed', prompt: 'The sky is', fault: { kind: 'engine' } });
  });

  it('are graded by several metrics from one scoring, and by other graders as the text of the choice', async () => {
    const graders = [
      { type: 'multiple-choice', value: 'blue' },
      { type: 'multiple-choice', value: 'blue', scoring: 'acc_norm', weight: 2 },
      { type: 'equals', value: 'red' },
    ];
    const { first, scores } = await run({ cases: [scored({ graders })] }, likeBlue);
    expect(scores).toHaveLength(1);
    expect(first).toMatchObject({ status: 'fail', score: 3 / 4 });
    expect(first.outcomes.map(({ type }) => type)).toEqual(['multiple-choice', 'multiple-choice', 'equals']);
  });

  const right = { type: 'multiple-choice', value: 'blue' };
  const wrong = { type: 'multiple-choice', value: 'green' };

  it.each<[string, Partial<Case>, Partial<GradedResult>]>([
    [
      'pass where the weighted mean reaches their threshold',
      { graders: [right, wrong], threshold: 0.5 },
      { status: 'pass', score: 0.5 },
    ],
    ['fail below it', { graders: [right, wrong], threshold: 0.6 }, { status: 'fail', score: 0.5 }],
    [
      'are not run where no grader counts',
      { graders: [{ ...right, weight: 0 }] },
      { status: 'not-run', outcomes: [expect.objectContaining({ recorded: true })] },
    ],
    [
      'do not count an opinion',
      { graders: [right, { type: 'llm-rubric', value: 'is blue' }] },
      { status: 'pass', score: 1 },
    ],
    [
      'record the metrics that graders name',
      {
        graders: [
          { ...right, metric: 'acc' },
          { ...wrong, metric: 'wrong', weight: 0 },
        ],
      },
      { status: 'pass', metrics: { acc: 1, wrong: 0 } },
    ],
    [
      'are graded by the sets of graders in them',
      { graders: [right, { type: 'assert-set', threshold: 0.5, assert: [right, wrong] }] },
      { status: 'pass', score: 0.75 },
    ],
    [
      'vote for the choice that the model finds likeliest',
      { graders: [right, { type: 'self-consistency' }] },
      { status: 'pass', score: 1 },
    ],
  ])('%s', async (_title, change, expected) => {
    const { first } = await run({ cases: [scored(change)] }, likeBlue);
    expect(first).toMatchObject({ answer: 'blue', ...expected });
  });

  it('are answered in words where a grader asks for the opposite of a choice', async () => {
    const testCase = scored({ graders: [{ type: 'not-multiple-choice', value: 'blue' }] });
    const { completions, scores } = await run({ cases: [testCase] }, likeBlue);
    expect([completions.length, scores.length]).toEqual([1, 0]);
  });

  it('are not run where the right choice is none of them', async () => {
    const testCase = scored({ graders: [{ type: 'multiple-choice', value: 'red' }] });
    const { first } = await run({ cases: [testCase] }, likeBlue);
    expect(first).toMatchObject({
      status: 'not-run',
      outcomes: [{ verdict: { notRun: { code: 'bad-options' } } }],
    });
  });

  it('see the system text before the prompt, or the template when the grader asks for a chat', () => {
    expect(buildScoring('Be brief.', scored(), template)).toEqual({
      requests: [{ prompt: foreignPrompt('Be brief.\n\nThe sky is'), continuations: [' green', ' blue'] }],
      alone: [],
    });
    const chat = scored({ graders: [{ type: 'multiple-choice', value: 'blue', chat: true }] });
    const scoring = buildScoring('Be brief.', chat, template);
    expect(scoringText(scoring)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nThe sky is<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(scoring.requests.map(({ continuations }) => continuations)).toEqual([['green', 'blue']]);
  });

  it('see the contexts that the case gives, each with what follows it', async () => {
    const requests = [
      { context: 'The sea is green. The sky is', continuation: ' red' },
      { context: 'The sea is green. The sky is', continuation: ' blue' },
      { context: 'The sea is red. The sky is', continuation: ' blue' },
    ];
    const testCase = scored({
      requests,
      choices: ['green, red', 'green, blue', 'red, blue'],
      graders: [
        { type: 'multiple-choice', value: 2 },
        { type: 'multiple-choice', value: [0, 1], weight: 0 },
      ],
    });
    const { first, scores } = await run({ cases: [testCase] }, likeBlue);
    expect(scores.map(([prompt, continuations]) => [promptText(prompt), continuations])).toEqual([
      ['The sea is green. The sky is', [' red', ' blue']],
      ['The sea is red. The sky is', [' blue']],
    ]);
    expect(first).toMatchObject({
      status: 'fail',
      answer: 'green, blue',
      prompt: 'The sea is green. The sky is\n\nThe sea is red. The sky is',
      choices: { loglikelihoods: [-2.25, -1.25, -1.25], greedy: [false, true, true] },
      outcomes: [{ verdict: { pass: false } }, { verdict: { pass: true } }],
    });
  });

  it('are one continuation that the model writes by itself, or not', async () => {
    const ask = async (continuation: string) => {
      const { choices: _choices, ...testCase } = scored({
        requests: [{ context: 'The sky is', continuation }],
        graders: [
          { type: 'loglikelihood' },
          { type: 'loglikelihood', scoring: 'perplexity', metric: 'perplexity', weight: 0 },
          { type: 'loglikelihood', scoring: 'byte_perplexity', metric: 'bytes', weight: 0 },
        ],
      });
      return (await run({ cases: [testCase] }, likeBlue)).first;
    };
    expect(await ask(' blue')).toMatchObject({
      status: 'pass',
      answer: ' blue',
      metrics: { perplexity: Math.exp(1.25), bytes: Math.exp(1.25 / 5) },
    });
    expect(await ask(' green')).toMatchObject({ status: 'fail', metrics: { perplexity: Math.exp(2.25) } });
  });
});

describe('repeats', () => {
  it('answer each case several times, afresh, with seeds that count up', async () => {
    const { completions, recorded, started } = await run({
      cases: [asked('a'), asked('b')],
      sampling: { ...DEFAULT_SAMPLING, seed: 0xffff_ffff },
      repeats: 3,
    });
    expect(started).toEqual(['a#0', 'a#1', 'a#2', 'b#0', 'b#1', 'b#2']);
    expect(completions.slice(0, 3).map(({ sampling }) => sampling.seed)).toEqual([0xffff_ffff, 0, 1]);
    expect(completions.slice(0, 3).map(({ input }) => input.fresh)).toEqual([undefined, true, true]);
    expect(recorded.map(({ repeat }) => repeat)).toEqual([undefined, 1, 2, undefined, 1, 2]);
  });

  it('go on where a run was interrupted', async () => {
    const { started } = await run({
      cases: [asked('a'), asked('b')],
      repeats: 2,
      done: new Set(['a', 'a#1', 'b']),
    });
    expect(started).toEqual(['b#1']);
  });

  it('do not score likelihoods again', async () => {
    const { started } = await run({ cases: [scored()], repeats: 3 }, likeBlue);
    expect(started).toEqual(['scored#0']);
  });
});
