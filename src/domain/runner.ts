import type { CompletionEnd, Sampling, Session, Token } from './engine';
import { throwIfStopped, toFault } from './fault';
import type { AnswerFacts } from './graders/grader';
import type { CaseGrade } from './graders/registry';
import type { PromptTemplate } from './model';
import { buildMessages, renderPrompt } from './prompt';
import type { Result, RunEnd } from './run';
import type { Case } from './test-set';

export interface RunPlan {
  readonly system: string | undefined;
  /** Only those still to do: a continued run leaves out what its journal holds. */
  readonly cases: readonly Case[];
  readonly template: PromptTemplate;
  readonly sampling: Sampling;
}

export interface RunPorts {
  readonly session: Pick<Session, 'complete'>;
  readonly grade: (answer: string, testCase: Case, facts: AnswerFacts) => CaseGrade | Promise<CaseGrade>;
  /** Milliseconds from any fixed moment, never going back. */
  readonly now: () => number;
  /** Resolves when the result is safe on disk. */
  readonly record: (result: Result) => Promise<void>;
}

export type RunEvent =
  | { readonly type: 'case-started'; readonly caseId: string; readonly prompt: string }
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
  for (const testCase of plan.cases) {
    const result = yield* runCase(testCase, plan, ports, signal);
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

async function* runCase(
  testCase: Case,
  plan: RunPlan,
  ports: RunPorts,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, Result | 'stopped', void> {
  const caseId = testCase.id;
  let answer = '';
  let prompt = '';
  try {
    throwIfStopped(signal);
    prompt = renderPrompt(plan.template, buildMessages(plan.system, testCase));
    yield { type: 'case-started', caseId, prompt };
    const startedAt = ports.now();
    let firstTokenMs: number | undefined;
    const logprobs: number[] = [];
    let tokenCount = 0;
    const tokens: AsyncIterator<Token, CompletionEnd, void> = ports.session.complete(
      { prompt, stop: plan.template.stop },
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
    const totalMs = ports.now() - startedAt;
    const { status, score, outcomes, metrics } = await ports.grade(answer, testCase, {
      finish: end.reason,
      totalMs,
      // Some of them would say nothing of the whole answer.
      ...(tokenCount > 0 && logprobs.length === tokenCount && { logprobs }),
    });
    return {
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
  } catch (error) {
    const fault = toFault(error);
    return fault.kind === 'stopped' ? 'stopped' : { kind: 'failed', caseId, prompt, answer, fault };
  }
}
