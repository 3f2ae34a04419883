import type { ChatImage, CompletionEnd, Sampling, Session, Token } from './engine';
import { FaultError, throwIfStopped, toFault, type Fault } from './fault';
import type { AnswerFacts } from './graders/grader';
import type { CaseGrade } from './graders/registry';
import type { PromptTemplate } from './model';
import { buildMessages, renderPrompt } from './prompt';
import type { Result, RunEnd } from './run';
import type { Case, CaseImage } from './test-set';

export interface RunPlan {
  readonly system: string | undefined;
  /** Only those still to do: a continued run leaves out what its journal holds. */
  readonly cases: readonly Case[];
  readonly template: PromptTemplate;
  readonly sampling: Sampling;
}

type RunSession = Pick<Session, 'complete' | 'acceptsImages'>;

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
  | { readonly type: 'case-started'; readonly caseId: string; readonly prompt: string }
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
  for (const testCase of plan.cases) {
    let done = yield* runCase(testCase, plan, ports, session, signal);
    while (done !== 'stopped' && done.brokenBy !== undefined) {
      const next = await recover(done.brokenBy, testCase.id, ports);
      if (next === undefined) break;
      if (next === 'stopped') return { kind: 'stopped' };
      session = next;
      done = yield* runCase(testCase, plan, ports, session, signal);
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

async function* runCase(
  testCase: Case,
  plan: RunPlan,
  ports: RunPorts,
  session: RunSession,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, CaseEnd | 'stopped', void> {
  const caseId = testCase.id;
  let answer = '';
  let prompt = '';
  let answering = false;
  try {
    throwIfStopped(signal);
    prompt = renderPrompt(plan.template, buildMessages(plan.system, testCase));
    yield { type: 'case-started', caseId, prompt };
    const images = await loadImages(testCase, ports, session, signal);
    const startedAt = ports.now();
    let firstTokenMs: number | undefined;
    const logprobs: number[] = [];
    let tokenCount = 0;
    answering = true;
    const tokens: AsyncIterator<Token, CompletionEnd, void> = session.complete(
      { prompt, stop: plan.template.stop, ...(images.length > 0 && { images }) },
      plan.sampling,
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
      caseId,
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
    const result: Result = { kind: 'failed', caseId, prompt, answer, fault };
    return { result, ...(answering && { brokenBy: fault }) };
  }
}
