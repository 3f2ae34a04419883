import type { ChatImage, CompletionEnd, Sampling, Session, Token } from '../engine/engine';
import { FaultError, throwIfStopped, toFault, type Fault } from '../fault';
import type { AnswerFacts, CaseGrade, ChoiceScores } from '../graders/grader';
import type { PromptTemplate } from '../model/model';
import { promptText } from '../prompt/pieces';
import { renderCase } from '../prompt/prompt';
import { nameAttempt } from './repeats';
import type { GradedResult, Result, RunEnd } from './run';
import {
  buildScoring,
  gradeScores,
  isScored,
  refuseScoring,
  scoreChoices,
  scoringText,
  type Scoring,
} from './score-case';
import type { Case, CaseImage } from '../sets/test-set';

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

type RunSession = Pick<Session, 'complete' | 'score' | 'acceptsImages'>;

export interface RunPorts {
  readonly session: RunSession;
  readonly grade: (answer: string, testCase: Case, facts: AnswerFacts) => CaseGrade | Promise<CaseGrade>;
  /** Milliseconds from any fixed moment, never going back. */
  readonly now: () => number;
  /** Resolves when the result is safe on disk. */
  readonly record: (result: Result) => Promise<void>;
  /** The bytes of a case's image; without it, no case may have one. @throws FaultError */
  readonly loadImage?: (image: CaseImage, signal: AbortSignal) => Promise<ChatImage>;
  /**
   * Tries to put another session in the place of one that broke, for the same case. Without one (undefined) the case
   * has failed.
   */
  readonly recover?: (fault: Fault, caseId: string) => Promise<RunSession | undefined>;
}

export type RunEvent =
  /** Comes again when the case starts again: what was told of it before is void. */
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
 * result too. A stop is not: the case under way is dropped, so that continuing does it afresh. So is a case whose
 * session broke and was replaced: it starts again.
 */
export async function* runCases(
  plan: RunPlan,
  ports: RunPorts,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, RunEnd, void> {
  let faults = 0;
  let session = ports.session;
  for (const { testCase, repeat } of listAttempts(plan)) {
    let done = yield* runCase(testCase, repeat, plan, ports, session, signal);
    while (done !== 'stopped' && done.brokenBy !== undefined) {
      const next = await recover(done.brokenBy, testCase.id, ports);
      if (next === undefined) break;
      if (next === 'stopped') return { kind: 'stopped' };
      session = next;
      done = yield* runCase(testCase, repeat, plan, ports, session, signal);
    }
    if (done === 'stopped') return { kind: 'stopped' };
    const { result } = done;
    await ports.record(result);
    yield { type: 'case-finished', result };
    faults = result.kind === 'failed' ? faults + 1 : 0;
    if (result.kind === 'failed' && faults === MAX_CONSECUTIVE_FAULTS) {
      return { kind: 'failed', fault: result.fault };
    }
  }
  return { kind: 'finished' };
}

async function recover(
  fault: Fault,
  caseId: string,
  ports: RunPorts,
): Promise<RunSession | 'stopped' | undefined> {
  try {
    return await ports.recover?.(fault, caseId);
  } catch (error) {
    // The first fault says more than that nothing could take over.
    return toFault(error).kind === 'stopped' ? 'stopped' : undefined;
  }
}

async function loadImages(
  { images = [] }: Case,
  { loadImage }: RunPorts,
  { acceptsImages }: RunSession,
  signal: AbortSignal,
): Promise<readonly ChatImage[]> {
  if (images.length === 0) return [];
  if (acceptsImages !== true || loadImage === undefined) {
    throw new FaultError({
      kind: 'unsupported',
      detail: 'this model reads text only, and the question has an image',
    });
  }
  return Promise.all(images.map((image) => loadImage(image, signal)));
}

interface CaseEnd {
  readonly result: Result;
  /** Present when the session failed, not the template or a grader. */
  readonly brokenBy?: Fault;
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

/** The case's own limit of an answer, where it has one. */
function limitOf({ generation }: Case): Partial<Sampling> {
  return generation?.maxTokens === undefined ? {} : { maxTokens: generation.maxTokens };
}

async function* runCase(
  testCase: Case,
  repeat: number,
  plan: RunPlan,
  ports: RunPorts,
  session: RunSession,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, CaseEnd | 'stopped', void> {
  const caseId = testCase.id;
  const attempt = { caseId, ...(repeat > 0 && { repeat }) };
  let answer = '';
  let prompt = '';
  let answering = false;
  try {
    throwIfStopped(signal);
    const scoring = isScored(testCase) ? buildScoring(plan.system, testCase, plan.template) : undefined;
    if (scoring !== undefined) {
      prompt = scoringText(scoring);
      yield { type: 'case-started', ...attempt, prompt };
      answering = true;
      return { result: await scoreCase(testCase, scoring, session, ports, signal) };
    }
    const pieces = renderCase(plan.template, plan.system, testCase);
    prompt = promptText(pieces);
    yield { type: 'case-started', ...attempt, prompt };
    const images = await loadImages(testCase, ports, session, signal);
    const startedAt = ports.now();
    let firstTokenMs: number | undefined;
    const logprobs: number[] = [];
    let tokenCount = 0;
    answering = true;
    const tokens: AsyncIterator<Token, CompletionEnd, void> = session.complete(
      {
        prompt: pieces,
        stop: [...plan.template.stop, ...(testCase.generation?.stop ?? [])],
        ...(images.length > 0 && { images }),
        // A fresh seed on a cache of the answer before would not be a fresh answer.
        ...(repeat > 0 && { fresh: true }),
      },
      { ...plan.sampling, ...limitOf(testCase), seed: (plan.sampling.seed + repeat) % 0x1_0000_0000 },
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
        tokenCount++;
        if (next.value.logprob !== undefined) logprobs.push(next.value.logprob);
        yield { type: 'token', caseId, text: next.value.text, count: 1 };
      }
    } finally {
      // An engine left in the middle of an answer would stay in it.
      await tokens.return?.();
    }
    answering = false;
    const totalMs = ports.now() - startedAt;
    const { status, score, outcomes, metrics } = await ports.grade(answer, testCase, {
      finish: end.reason,
      totalMs,
      // Some of them would say nothing of the whole answer.
      ...(tokenCount > 0 && logprobs.length === tokenCount && { logprobs }),
    });
    const result: Result = {
      kind: 'graded',
      ...attempt,
      prompt,
      answer,
      finish: end.reason,
      status,
      score,
      outcomes,
      ...(metrics !== undefined && { metrics }),
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
    return { result };
  } catch (error) {
    const fault = toFault(error);
    if (fault.kind === 'stopped') return 'stopped';
    const result: Result = { kind: 'failed', ...attempt, prompt, answer, fault };
    return { result, ...(answering && { brokenBy: fault }) };
  }
}

async function scoreCase(
  testCase: Case,
  scoring: Scoring,
  session: RunSession,
  { grade, now }: RunPorts,
  signal: AbortSignal,
): Promise<GradedResult> {
  const startedAt = now();
  const choices = await tryToScore(scoring, session, signal);
  throwIfStopped(signal);
  const totalMs = now() - startedAt;
  const { answer, status, score, outcomes, metrics }: CaseGrade & { readonly answer: string } =
    choices === undefined
      ? { answer: '', ...refuseScoring(testCase) }
      : await gradeScores(testCase, choices, grade, { totalMs });
  return {
    kind: 'graded',
    caseId: testCase.id,
    prompt: scoringText(scoring),
    answer,
    finish: 'stop',
    status,
    score,
    outcomes,
    ...(metrics !== undefined && { metrics }),
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
  session: RunSession,
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
