import type { Continuation, Session } from '../engine/engine';
import type { AnswerFacts, CaseGrade, ChoiceScores, ChoiceScoring, Grader, NotRun } from '../graders/grader';
import { findGrader } from '../graders/registry';
import type { PromptTemplate } from '../model/model';
import { foreignPrompt, promptText, type Prompt } from '../prompt/pieces';
import { buildMessages, renderPrompt } from '../prompt/prompt';
import type { Case, GraderSpec } from '../sets/test-set';

/** A case whose choices are scored by their likelihood instead of being answered in words: its first grader says so. */
export function isScored(testCase: Case): boolean {
  return testCase.graders.slice(0, 1).some((spec) => findScoringGrader(spec) !== undefined);
}

/** What the model sees and what may follow it, as lm-eval builds them: in the order of the choices. */
export interface Scoring {
  readonly requests: readonly { readonly prompt: Prompt; readonly continuations: readonly string[] }[];
  /** What a scoring wants the likelihood of after nothing, too; empty where none does. */
  readonly alone: readonly string[];
}

/**
 * Without a chat: the set's system text as lm-eval's description, a blank line, the case's prompt as it is, and each choice
 * after a space (`target_delimiter`). With `chat`, the model's template around the prompt and the choices right after it.
 * The choices are not listed in the prompt: what should be is part of its text. A case with requests of its own says itself
 * what follows what, as bare text.
 * @throws FaultError `bad-input`
 */
export function buildScoring(system: string | undefined, testCase: Case, template: PromptTemplate): Scoring {
  const { prompt, choices = [], requests } = testCase;
  const scorings = listScorings(testCase.graders);
  const delimiter = scorings[0]?.delimiter ?? ' ';
  const chat = requests === undefined && scorings[0]?.chat === true;
  const follow = (choice: string) => (chat ? choice : `${delimiter}${choice}`);
  const write = (text: string) => foreignPrompt(system === undefined ? text : `${system}\n\n${text}`);
  const shown = chat ? renderPrompt(template, buildMessages(system, { prompt })) : write(prompt);
  return {
    requests:
      requests === undefined
        ? [{ prompt: shown, continuations: choices.map(follow) }]
        : joinRequests(requests).map(({ context, continuations }) => ({
            prompt: write(context),
            continuations,
          })),
    alone: scorings.some((each) => each.unconditional) ? choices.map(follow) : [],
  };
}

/** Neighbours with the same context are scored together: the model reads it once. */
function joinRequests(
  requests: NonNullable<Case['requests']>,
): readonly { readonly context: string; readonly continuations: readonly string[] }[] {
  const joined: { context: string; continuations: string[] }[] = [];
  for (const { context, continuation } of requests) {
    const last = joined.at(-1);
    if (last?.context === context) last.continuations.push(continuation);
    else joined.push({ context, continuations: [continuation] });
  }
  return joined;
}

/** All that the model sees, for people: several contexts stand one under the other. */
export function scoringText({ requests }: Scoring): string {
  return requests.map(({ prompt }) => promptText(prompt)).join('\n\n');
}

/** @throws FaultError of the session */
export async function scoreChoices(
  { requests, alone }: Scoring,
  score: NonNullable<Session['score']>,
  signal: AbortSignal,
): Promise<ChoiceScores> {
  const conditional: Continuation[] = [];
  for (const { prompt, continuations } of requests) {
    conditional.push(...(await score(prompt, continuations, signal)));
  }
  const unconditional = alone.length > 0 ? await score([], alone, signal) : undefined;
  const add = ({ logprobs }: Continuation) => logprobs.reduce((sum, each) => sum + each, 0);
  return {
    loglikelihoods: conditional.map(add),
    ...(unconditional !== undefined && { unconditional: unconditional.map(add) }),
    greedy: conditional.map(({ greedy }) => greedy.every(Boolean)),
    tokens: conditional.map(({ logprobs }) => logprobs.length),
  };
}

/**
 * Grades a case by the likelihood of its choices. The answer is the text of the choice that the first grader's scoring
 * picks; graders that know nothing of likelihoods read that.
 */
export async function gradeScores(
  testCase: Case,
  scores: ChoiceScores,
  grade: (answer: string, testCase: Case, facts: AnswerFacts) => CaseGrade | Promise<CaseGrade>,
  facts: AnswerFacts,
): Promise<CaseGrade & { readonly answer: string }> {
  const { graders } = testCase;
  // Without choices there is one continuation, which the model finds likely or not.
  const choices = testCase.choices ?? (testCase.requests ?? []).map(({ continuation }) => continuation);
  const [scoring] = listScorings(graders.slice(0, 1));
  // Options that cannot be read make the case "not run"; the plain sum still says which choice to show.
  const chosen =
    scoring === undefined
      ? scores.loglikelihoods.indexOf(Math.max(...scores.loglikelihoods))
      : scoring.choose(choices, scores);
  const answer = choices[chosen ?? -1] ?? '';
  return { answer, ...(await grade(answer, testCase, { ...facts, choiceScores: scores })) };
}

/** What becomes of a case that this session cannot score. */
export function refuseScoring(testCase: Case): CaseGrade {
  const verdict: NotRun = { notRun: { code: 'not-available', expected: 'loglikelihood' } };
  return { outcomes: testCase.graders.map(({ type }) => ({ type, verdict })), status: 'not-run', score: 0 };
}

/** Graders whose options cannot be read ask for nothing here: they say so when it is their turn to grade. */
function listScorings(specs: readonly GraderSpec[]): readonly ChoiceScoring[] {
  return specs.flatMap((spec) => {
    try {
      return findScoringGrader(spec)?.readScoring?.(spec) ?? [];
    } catch {
      return [];
    }
  });
}

function findScoringGrader({ type }: GraderSpec): Grader | undefined {
  const found = findGrader(type);
  // The opposite of a choice is no choice: a negated grader reads an answer in words.
  return found?.negated === false && found.grader.readScoring !== undefined ? found.grader : undefined;
}
