import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, notAvailable, thresholdEntry, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.regex(/\S/, 'expected a rubric'), v.maxLength(20_000)),
  threshold: v.optional(thresholdEntry),
});

const ANSWER_CHARACTERS = 4_000;

/**
 * The model under test says whether its answer meets the rubric. That is an opinion about itself: it is shown as such
 * and never counts. Models favour the option that comes first, so it is asked in both orders; where it does not agree
 * with itself there is no verdict.
 */
export const llmRubric = defineGrader({
  id: 'llm-rubric',
  counts: false,
  parse: (spec) => parseWith(optionsSchema, spec, 'llm-rubric grader'),
  grade: async (answer, { value }, testCase, { judge }): Promise<GradeOutcome> => {
    if (judge === undefined) return notAvailable('judge');
    const ask = (options: readonly string[]) => judge(buildQuestion(testCase.prompt, answer, value, options));
    const first = readLetter(await ask(['yes', 'no']));
    const second = readLetter(await ask(['no', 'yes']));
    const says = [first === 'A', second === 'B'];
    if (first === undefined || second === undefined || says[0] !== says[1]) {
      return { notRun: { code: 'judge-undecided', expected: value.slice(0, SHOWN_CHARACTERS) } };
    }
    const pass = says[0] === true;
    const shown = { expected: value.slice(0, SHOWN_CHARACTERS), found: pass ? '+' : '−' };
    return { pass, score: Number(pass), reason: { code: 'self-judged', ...shown } };
  },
  negate: ({ pass, score, reason }) => ({ pass: !pass, score: 1 - score, reason }),
});

function buildQuestion(prompt: string, answer: string, rubric: string, options: readonly string[]): string {
  return [
    `Question:\n${prompt.slice(0, ANSWER_CHARACTERS)}`,
    `Answer:\n${answer.slice(0, ANSWER_CHARACTERS)}`,
    `Rule for the answer:\n${rubric}`,
    'Does the answer follow the rule? Reply with one letter.',
    options.map((option, index) => `${'AB'[index] ?? ''}. ${option}`).join('\n'),
  ].join('\n\n');
}

/** @returns undefined when the reply does not settle on one letter */
function readLetter(reply: string): 'A' | 'B' | undefined {
  const letters = new Set(reply.match(/(?<![\p{L}\p{N}])[AB](?![\p{L}\p{N}'’])/gu));
  const [letter] = letters;
  return letters.size === 1 && (letter === 'A' || letter === 'B') ? letter : undefined;
}
