import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import {
  commonEntries,
  defineGrader,
  fail,
  flip,
  pass,
  portFailed,
  thresholdEntry,
  type GradeOutcome,
  type Verdict,
} from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.regex(/\S/, 'expected code'), v.maxLength(20_000)),
  threshold: v.optional(thresholdEntry),
});

const finite = v.pipe(v.number(), v.finite());
const resultSchema = v.union([
  v.boolean(),
  finite,
  v.looseObject({
    pass: v.boolean(),
    score: finite,
    reason: v.optional(v.string(), ''),
    namedScores: v.optional(v.record(v.pipe(v.string(), v.maxLength(60)), finite)),
  }),
]);

/**
 * The set's own code decides: an expression or the body of a function of `output` and `context.vars` that gives a
 * boolean, a number or `{pass, score, reason, namedScores}` (promptfoo). It runs only where a person has allowed it.
 */
export const javascript = defineGrader({
  id: 'javascript',
  parse: (spec) => parseWith(optionsSchema, spec, 'javascript grader'),
  grade: async (
    answer,
    { value, threshold },
    testCase,
    { runScript, output = answer },
  ): Promise<GradeOutcome> => {
    if (runScript === undefined) return { notRun: { code: 'not-allowed', expected: 'javascript' } };
    const reply = await runScript(value, output, { prompt: testCase.prompt, ...testCase.variables });
    // Code that trips over an answer fails it, as in promptfoo.
    if (!reply.ok && reply.code === 'threw') return failScript(reply.detail);
    if (!reply.ok) return portFailed('javascript', reply);
    const { success, output: result } = v.safeParse(resultSchema, reply.value);
    if (!success)
      return failScript(`returned ${reply.value === undefined ? 'nothing' : JSON.stringify(reply.value)}`);
    if (typeof result === 'boolean') return judge(result, Number(result), String(result));
    if (typeof result === 'number') {
      return judge(threshold === undefined ? result > 0 : result >= threshold, result, String(result));
    }
    const verdict = judge(result.pass, result.score, result.reason || String(result.score));
    return result.namedScores === undefined ? verdict : { ...verdict, metrics: result.namedScores };
  },
  // The score is the script's own; a script that failed says nothing of the opposite either.
  negate: (verdict) => {
    if (verdict.reason.code === 'script-error') return verdict;
    const isBoolean = verdict.reason.found === 'true' || verdict.reason.found === 'false';
    return { ...verdict, ...flip(verdict), ...(!isBoolean && { score: verdict.score }) };
  },
});

function judge(isPassed: boolean, score: number, found: string): Verdict {
  const shown = { expected: 'javascript', found: found.slice(0, SHOWN_CHARACTERS) };
  const verdict = isPassed ? pass(shown) : fail('different', shown);
  return { ...verdict, score: Math.min(1, Math.max(0, score)) };
}

function failScript(detail: string): Verdict {
  return fail('script-error', { expected: 'javascript', found: detail.slice(0, SHOWN_CHARACTERS) });
}
