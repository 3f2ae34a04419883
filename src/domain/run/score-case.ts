import type { Continuation, Session } from '../engine/engine';
import { FaultError } from '../fault';
import type { NotRun, Verdict } from '../graders/grader';
import {
  chooseLikeliest,
  judgeChoices,
  parseMultipleChoice,
  type ChoiceScores,
  type MultipleChoiceOptions,
} from '../graders/multiple-choice';
import type { CaseGrade, GraderOutcome } from '../graders/registry';
import type { PromptTemplate } from '../model/model';
import { buildMessages, renderPrompt } from '../prompt/prompt';
import type { Case, GraderSpec } from '../sets/test-set';

/** A case whose choices are scored by their likelihood instead of being answered in words: its first grader says so. */
export function isScored(testCase: Case): boolean {
  return testCase.graders[0]?.type === 'multiple-choice';
}

/** The prompt and what may follow it, as lm-eval builds them. */
export interface Scoring {
  readonly prompt: string;
  readonly continuations: readonly string[];
  /** A scoring compares with the likelihood of the choices after nothing. */
  readonly unconditional: boolean;
}

/**
 * Without a chat: the set's system text as lm-eval's description, a blank line, the case's prompt as it is, and each choice
 * after a space (`target_delimiter`). With `chat`, the model's template around the prompt and the choices right after it.
 * The choices are not listed in the prompt: what should be is part of its text.
 * @throws FaultError `bad-input`
 */
export function buildScoring(system: string | undefined, testCase: Case, template: PromptTemplate): Scoring {
  const options = multipleChoiceSpecs(testCase)
    .map(readOptions)
    .filter((each) => each !== undefined);
  const chat = options[0]?.chat === true;
  const delimiter = options[0]?.delimiter ?? ' ';
  const text = system === undefined ? testCase.prompt : `${system}\n\n${testCase.prompt}`;
  return {
    prompt: chat ? renderPrompt(template, buildMessages(system, { prompt: testCase.prompt })) : text,
    continuations: (testCase.choices ?? []).map((choice) => (chat ? choice : `${delimiter}${choice}`)),
    unconditional: options.some(({ scoring }) => scoring === 'acc_mutual_info'),
  };
}

/** @throws FaultError of the session */
export async function scoreChoices(
  { prompt, continuations, unconditional }: Scoring,
  score: NonNullable<Session['score']>,
  signal: AbortSignal,
): Promise<ChoiceScores> {
  const conditional = await score(prompt, continuations, signal);
  const alone = unconditional ? await score('', continuations, signal) : undefined;
  const add = ({ logprobs }: Continuation) => logprobs.reduce((sum, each) => sum + each, 0);
  return {
    loglikelihoods: conditional.map(add),
    ...(alone !== undefined && { unconditional: alone.map(add) }),
    greedy: conditional.map(({ greedy }) => greedy.every(Boolean)),
    tokens: conditional.map(({ logprobs }) => logprobs.length),
  };
}

/**
 * Grades a case by the likelihood of its choices. The answer is the text of the likeliest one by the first grader's
 * scoring; graders of other types read that.
 */
export async function gradeScores(
  testCase: Case,
  scores: ChoiceScores,
  gradeText: (answer: string, testCase: Case) => CaseGrade | Promise<CaseGrade>,
): Promise<CaseGrade & { readonly answer: string }> {
  const choices = testCase.choices ?? [];
  const [first] = testCase.graders;
  const scoring = (first && readOptions(first))?.scoring ?? 'acc';
  const answer = choices[chooseLikeliest(choices, scoring, scores) ?? -1] ?? '';
  const outcomes: GraderOutcome[] = [];
  const counted: { readonly verdict: Verdict | NotRun; readonly weight: number }[] = [];
  for (const spec of testCase.graders) {
    const verdict =
      spec.type === 'multiple-choice'
        ? judge(spec, testCase, scores)
        : ((await gradeText(answer, { ...testCase, graders: [spec] })).outcomes[0]?.verdict ?? unknown(spec));
    outcomes.push({ type: spec.type, verdict });
    counted.push({ verdict, weight: spec.weight ?? 1 });
  }
  const weighty = counted.filter(({ weight }) => weight > 0);
  const ran = weighty.flatMap(({ verdict, weight }) => ('notRun' in verdict ? [] : [{ verdict, weight }]));
  const total = ran.reduce((sum, { weight }) => sum + weight, 0);
  const score = ran.reduce((sum, { verdict, weight }) => sum + verdict.score * weight, 0) / (total || 1);
  const passed = ran.every(({ verdict }) => verdict.pass);
  return {
    answer,
    outcomes,
    score,
    status: ran.length < weighty.length ? 'not-run' : passed ? 'pass' : 'fail',
  };
}

/** What becomes of a case that this session cannot score. */
export function refuseScoring(testCase: Case): CaseGrade {
  const verdict: NotRun = { notRun: { code: 'not-available', expected: 'loglikelihood' } };
  return { outcomes: testCase.graders.map(({ type }) => ({ type, verdict })), status: 'not-run', score: 0 };
}

function multipleChoiceSpecs(testCase: Case): readonly GraderSpec[] {
  return testCase.graders.filter(({ type }) => type === 'multiple-choice');
}

/** Undefined for options that cannot be read: their grader says so, when it is its turn. */
function readOptions(spec: GraderSpec): MultipleChoiceOptions | undefined {
  try {
    return parseMultipleChoice(spec);
  } catch {
    return undefined;
  }
}

function judge(spec: GraderSpec, testCase: Case, scores: ChoiceScores): Verdict | NotRun {
  try {
    return judgeChoices(parseMultipleChoice(spec), testCase, scores);
  } catch (error) {
    if (error instanceof FaultError && error.fault.kind === 'bad-input') {
      return { notRun: { code: 'bad-options', expected: spec.type, found: error.fault.detail } };
    }
    throw error;
  }
}

function unknown({ type }: GraderSpec): NotRun {
  return { notRun: { code: 'unknown-grader', expected: type } };
}
