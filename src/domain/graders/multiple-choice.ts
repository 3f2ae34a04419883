import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import type { Case, GraderSpec } from '../sets/test-set';
import { defineGrader, fail, pass, type ChoiceScores, type GradeOutcome } from './grader';

const place = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** The right choice of the case: its index from 0, its text, or its label from `A`. */
  value: v.union([
    place,
    v.pipe(v.string(), v.maxLength(2_000)),
    /** Of several right choices, by their indices, one is enough. */
    v.pipe(v.array(place), v.minLength(1), v.maxLength(26)),
  ]),
  /**
   * How the likeliest choice is found; the names are lm-eval's, but for `greedy`, its `exact_match` of choices: each token of
   * the right choice is the likeliest of all.
   */
  scoring: v.optional(
    v.picklist(['acc', 'acc_norm', 'acc_bytes', 'acc_mutual_info', 'brier', 'greedy']),
    'acc',
  ),
  /**
   * Whether the model sees the prompt as a turn of a chat. Otherwise it is the bare text, as in lm-eval, with the choice
   * after a space.
   */
  chat: v.optional(v.boolean(), false),
  /** Between the prompt and a choice, where the prompt is bare text (lm-eval's `target_delimiter`). */
  delimiter: v.optional(v.pipe(v.string(), v.maxLength(100)), ' '),
});

type MultipleChoiceOptions = v.InferOutput<typeof optionsSchema>;

const WHAT = 'multiple-choice grader';

/** @throws FaultError `bad-input` */
export function parseMultipleChoice(spec: GraderSpec): MultipleChoiceOptions {
  return parseWith(optionsSchema, spec, WHAT);
}

/**
 * The choice that the model finds likeliest is the right one. Where the likelihoods are not known, as of an answer in words,
 * the text of the answer is compared with the right choice.
 */
export const multipleChoice = defineGrader({
  id: 'multiple-choice',
  form: 'place',
  parse: parseMultipleChoice,
  readScoring: ({ chat, delimiter, scoring }) => ({
    chat,
    delimiter,
    unconditional: scoring === 'acc_mutual_info',
    choose: (choices, scores) => chooseLikeliest(choices, scoring, scores),
  }),
  grade: (answer, options, testCase, { choiceScores }): GradeOutcome => {
    if (choiceScores !== undefined) return judgeChoices(options, testCase, choiceScores);
    const { value } = options;
    const choices = choicesOf(testCase);
    const right = findRight(choices, value);
    const expected = name(choices, right);
    if (answer.trim() === '') return fail('no-answer', { expected });
    const shown = { expected, found: shorten(answer.trim()) };
    return right.includes(choices.findIndex((each) => each.trim() === answer.trim()))
      ? pass(shown)
      : fail('different', shown);
  },
});

/**
 * Scores the choices as lm-eval does: `acc` by the sum of log-probabilities, `acc_norm` by that over the choice's
 * characters (Unicode code points), `acc_bytes` over its UTF-8 bytes, `acc_mutual_info` less the unconditional sum.
 * `brier` passes as `acc` does; its score is 1 − B/2 of the Brier score B = Σ(softmax − onehot)², 0 to 2, which it measures.
 * @throws FaultError `bad-input` when the right choice is not one of the case's
 */
export function judgeChoices(
  { value, scoring }: MultipleChoiceOptions,
  testCase: Case,
  scores: ChoiceScores,
): GradeOutcome {
  const choices = choicesOf(testCase);
  const right = findRight(choices, value);
  const chosen = chooseLikeliest(choices, scoring, scores);
  if (chosen === undefined) return { notRun: { code: 'not-available', expected: 'unconditional' } };
  const shown = { expected: name(choices, right), found: shorten(choices[chosen] ?? '') };
  const isRight = scoring === 'greedy' ? right.some((at) => scores.greedy[at]) : right.includes(chosen);
  const verdict = isRight ? pass(shown) : fail('different', shown);
  if (scoring !== 'brier') return verdict;
  const brier = computeBrier(scores.loglikelihoods, right[0] ?? 0);
  return { ...verdict, score: 1 - brier / 2, measured: brier };
}

/** Index of the likeliest choice, the first of equal ones; undefined where the scoring lacks its figures. */
export function chooseLikeliest(
  choices: readonly string[],
  scoring: MultipleChoiceOptions['scoring'],
  { loglikelihoods, unconditional }: ChoiceScores,
): number | undefined {
  if (scoring === 'acc_mutual_info' && unconditional === undefined) return undefined;
  const values = loglikelihoods.map((sum, index) => {
    const text = choices[index] ?? '';
    if (scoring === 'acc_norm') return sum / Array.from(text).length;
    if (scoring === 'acc_bytes') return sum / new TextEncoder().encode(text).length;
    return scoring === 'acc_mutual_info' ? sum - (unconditional?.[index] ?? 0) : sum;
  });
  const best = values.indexOf(Math.max(...values));
  return best === -1 ? undefined : best;
}

/** Σ(softmax(loglikelihoods) − onehot)²: 0 is best, 2 worst. */
export function computeBrier(loglikelihoods: readonly number[], right: number): number {
  const largest = Math.max(...loglikelihoods);
  const weights = loglikelihoods.map((each) => Math.exp(each - largest));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.reduce((sum, each, index) => sum + (each / total - (index === right ? 1 : 0)) ** 2, 0);
}

/** @throws FaultError `bad-input` */
function choicesOf({ choices }: Case): readonly string[] {
  if (choices === undefined) throw badInput(WHAT, 'the case has no choices');
  return choices;
}

/** @throws FaultError `bad-input` */
function findRight(choices: readonly string[], value: MultipleChoiceOptions['value']): readonly number[] {
  return typeof value === 'object' ? value.map((each) => findOne(choices, each)) : [findOne(choices, value)];
}

function findOne(choices: readonly string[], value: string | number): number {
  if (typeof value === 'number' && value < choices.length) return value;
  const text = String(value).trim();
  const named = choices.findIndex((each) => each.trim() === text);
  const label = /^[A-Z]$/.test(text) ? text.charCodeAt(0) - 65 : -1;
  if (named !== -1) return named;
  if (typeof value === 'number' || label < 0 || label >= choices.length) {
    throw badInput(WHAT, 'value: not one of the choices');
  }
  return label;
}

function name(choices: readonly string[], right: readonly number[]): string {
  return shorten(right.map((at) => choices[at] ?? '').join(' | '));
}

function shorten(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS);
}
