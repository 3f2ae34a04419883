import type { CompletionEnd, Sampling, Session, Token } from './engine';
import { throwIfStopped, toFault } from './fault';
import type { ChoiceScores } from './graders/multiple-choice';
import type { CaseGrade } from './graders/registry';
import type { PromptTemplate } from './model';
import { buildMessages, renderPrompt } from './prompt';
import { nameAttempt } from './repeats';
import type { GradedResult, Result, RunEnd } from './run';
import { buildScoring, gradeScores, isScored, refuseScoring, scoreChoices, type Scoring } from './score-case';
import type { Case } from './test-set';

export interface RunPlan {
  readonly system: string | undefined;
  readonly cases: readonly Case[];
  readonly template: PromptTemplate;
  readonly sampling: Sampling;
  /** How often each case is answered, with seeds that count up; once unless given. */
  readonly repeats?: number;
  /** What a continued run's journal holds, as `nameAttempt` names it: that is left out. */
  readonly done?: ReadonlySet<string>;
}

export interface RunPorts {
  readonly session: Pick<Session, 'complete' | 'score'>;
  readonly grade: (answer: string, testCase: Case) => CaseGrade | Promise<CaseGrade>;
  /** Milliseconds from any fixed moment, never going back. */
  readonly now: () => number;
  /** Resolves when the result is safe on disk. */
  readonly record: (result: Result) => Promise<void>;
}

export type RunEvent =
  | {
      readonly type: 'case-started';
      readonly caseId: string;
      /** Which of several answers to the case, from 0; absent for the first. */
      readonly repeat?: number;
      readonly prompt: string;
    }
  | { readonly type: 'token'; readonly caseId: string; readonly text: string; readonly count: number }
  | { readonly type: 'case-finished'; readonly result: Result };

/** So many cases failing in a row mean that the engine is gone, not that the cases are hard. */
const MAX_CONSECUTIVE_FAULTS = 3;

/**
 * Works through the cases one by one. Each result is recorded before the next case starts; a case that fails is a
 * result too. A stop is not: the case under way is dropped, so that continuing does it afresh.
 */
export async function* runCases(
  plan: RunPlan,
  ports: RunPorts,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, RunEnd, void> {
  let faults = 0;
  for (const { testCase, repeat } of listAttempts(plan)) {
    const result = yield* runCase(testCase, repeat, plan, ports, signal);
    if (result === 'stopped') return { kind: 'stopped' };
    await ports.record(result);
    yield { type: 'case-finished', result };
    faults = result.kind === 'failed' ? faults + 1 : 0;
    if (result.kind === 'failed' && faults === MAX_CONSECUTIVE_FAULTS) {
      return { kind: 'failed', fault: result.fault };
    }
  }
  return { kind: 'finished' };
}

interface Attempt {
  readonly testCase: Case;
  readonly repeat: number;
}

/** All answers to one case before the next one; likelihoods are the same each time. */
function* listAttempts({ cases, repeats = 1, done }: RunPlan): Generator<Attempt, void, void> {
  for (const testCase of cases) {
    for (let repeat = 0; repeat < (isScored(testCase) ? 1 : repeats); repeat++) {
      if (done?.has(nameAttempt({ caseId: testCase.id, repeat })) !== true) yield { testCase, repeat };
    }
  }
}

async function* runCase(
  testCase: Case,
  repeat: number,
  plan: RunPlan,
  ports: RunPorts,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, Result | 'stopped', void> {
  const caseId = testCase.id;
  const attempt = { caseId, ...(repeat > 0 && { repeat }) };
  let answer = '';
  let prompt = '';
  try {
    throwIfStopped(signal);
    const scoring = isScored(testCase) ? buildScoring(plan.system, testCase, plan.template) : undefined;
    prompt = scoring?.prompt ?? renderPrompt(plan.template, buildMessages(plan.system, testCase));
    yield { type: 'case-started', ...attempt, prompt };
    if (scoring !== undefined) return await scoreCase(testCase, scoring, ports, signal);
    const startedAt = ports.now();
    let firstTokenMs: number | undefined;
    const tokens: AsyncIterator<Token, CompletionEnd, void> = ports.session.complete(
      // A fresh seed on a cache of the answer before would not be a fresh answer.
      { prompt, stop: plan.template.stop, ...(repeat > 0 && { fresh: true }) },
      { ...plan.sampling, seed: (plan.sampling.seed + repeat) % 0x1_0000_0000 },
      signal,
    );
    let end: CompletionEnd;
    try {
      for (;;) {
        const next = await tokens.next();
        throwIfStopped(signal);
        if (next.done === true) {
          end = next.value;
          break;
        }
        firstTokenMs ??= ports.now() - startedAt;
        answer += next.value.text;
        yield { type: 'token', caseId, text: next.value.text, count: 1 };
      }
    } finally {
      // An engine left in the middle of an answer would stay in it.
      await tokens.return?.();
    }
    const totalMs = ports.now() - startedAt;
    const { status, score, outcomes } = await ports.grade(answer, testCase);
    return {
      kind: 'graded',
      ...attempt,
      prompt,
      answer,
      finish: end.reason,
      status,
      score,
      outcomes,
      timing: {
        promptTokens: end.promptTokens,
        cachedTokens: end.cachedTokens,
        answerTokens: end.answerTokens,
        firstTokenMs: firstTokenMs ?? totalMs,
        totalMs,
        prefillMs: end.prefillMs,
        decodeMs: end.decodeMs,
      },
    };
  } catch (error) {
    const fault = toFault(error);
    return fault.kind === 'stopped' ? 'stopped' : { kind: 'failed', ...attempt, prompt, answer, fault };
  }
}

async function scoreCase(
  testCase: Case,
  scoring: Scoring,
  { session, grade, now }: RunPorts,
  signal: AbortSignal,
): Promise<GradedResult> {
  const startedAt = now();
  const choices = await tryToScore(scoring, session, signal);
  throwIfStopped(signal);
  const totalMs = now() - startedAt;
  const { answer, status, score, outcomes } =
    choices === undefined
      ? { answer: '', ...refuseScoring(testCase) }
      : await gradeScores(testCase, choices, grade);
  return {
    kind: 'graded',
    caseId: testCase.id,
    prompt: scoring.prompt,
    answer,
    finish: 'stop',
    status,
    score,
    outcomes,
    ...(choices !== undefined && { choices }),
    // Nothing is written: all of the time goes into reading.
    timing: {
      promptTokens: 0,
      cachedTokens: 0,
      answerTokens: 0,
      firstTokenMs: totalMs,
      totalMs,
      prefillMs: totalMs,
      decodeMs: 0,
    },
  };
}

/** Undefined where the engine cannot score, or not with this model. */
async function tryToScore(
  scoring: Scoring,
  session: RunPorts['session'],
  signal: AbortSignal,
): Promise<ChoiceScores | undefined> {
  if (session.score === undefined) return undefined;
  try {
    return await scoreChoices(scoring, session.score.bind(session), signal);
  } catch (error) {
    if (toFault(error).kind === 'unsupported') return undefined;
    throw error;
  }
}
