import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { PYTHON_SPACE } from '../text/python-text';
import { parseWith } from '../parse';
import { measureBits, measureWeighted } from '../statistics/perplexity';
import { commonEntries, defineGrader, fail, pass, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  /** The names are lm-eval's. Only `acc` is right or wrong; the others measure, and pass. */
  scoring: v.optional(
    v.picklist(['acc', 'perplexity', 'word_perplexity', 'byte_perplexity', 'bits_per_byte']),
    'acc',
  ),
});

/**
 * How likely the model finds the one continuation that the case asks for, as lm-eval's `loglikelihood` tasks do: `acc` passes
 * where each of its tokens is the likeliest one. Perplexities are natural exponentials of the negative log-likelihood: of the
 * whole continuation, per word, or per UTF-8 byte.
 */
export const loglikelihood = defineGrader({
  id: 'loglikelihood',
  parse: (spec) => parseWith(optionsSchema, spec, 'loglikelihood grader'),
  readScoring: () => ({
    chat: false,
    delimiter: '',
    unconditional: false,
    choose: () => 0,
  }),
  grade: (_answer, { scoring }, testCase, { choiceScores }): GradeOutcome => {
    const [request, ...others] = testCase.requests ?? [];
    const sum = choiceScores?.loglikelihoods[0];
    if (request === undefined || others.length > 0 || sum === undefined) {
      return { notRun: { code: 'not-measured', expected: 'loglikelihood' } };
    }
    const { continuation } = request;
    const expected = continuation.slice(0, SHOWN_CHARACTERS);
    if (scoring === 'acc') {
      const isGreedy = choiceScores?.greedy[0] === true;
      return isGreedy ? pass({ expected }) : fail('different', { expected });
    }
    const measured = measure(scoring, sum, continuation);
    return { ...pass({ found: measured.toPrecision(5) }), measured };
  },
});

const SPACES = new RegExp(`[${PYTHON_SPACE}]+`);

type Measure = 'perplexity' | 'word_perplexity' | 'byte_perplexity' | 'bits_per_byte';

function measure(scoring: Measure, sum: number, text: string): number {
  switch (scoring) {
    case 'perplexity':
      return measureWeighted([{ sum, weight: 1 }]);
    case 'word_perplexity':
      return measureWeighted([{ sum, weight: countWords(text) }]);
    case 'byte_perplexity':
      return measureWeighted([{ sum, weight: countBytes(text) }]);
    case 'bits_per_byte':
      return measureBits([{ sum, weight: countBytes(text) }]);
  }
}

/** `Task.count_words`: `len(re.split(r"\s+", doc))`. */
export function countWords(text: string): number {
  return text.split(SPACES).length;
}

/** Of UTF-8. */
export function countBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
