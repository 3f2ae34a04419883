import * as v from 'valibot';
import { parseWith } from '../../parse';
import type { Case, GraderSpec } from '../../sets/test-set';
import { SHOWN_CHARACTERS } from '../../text/answer-text';
import { fail, portFailed, type GradeContext, type GradeOutcome } from '../grader';

const transformSchema = v.optional(
  v.union([
    v.pipe(
      v.string(),
      v.maxLength(20_000),
      v.transform((code) => [code]),
    ),
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(20_000))), v.maxLength(8)),
  ]),
  [],
);

/** The set's own code that makes of an answer what the grader is to look at, in its order (promptfoo's `transform`). */
export function readTransforms({ transform }: GraderSpec): readonly string[] {
  return parseWith(transformSchema, transform, 'transform');
}

/**
 * What the grader is to look at instead of the answer: `output` as the code gave it, and its text.
 * @returns an outcome where the code could not run, or failed; that fails the answer, as in promptfoo
 * @throws FaultError `bad-input`
 */
export async function transformAnswer(
  answer: string,
  spec: GraderSpec,
  testCase: Case,
  { runScript }: GradeContext,
): Promise<{ readonly text: string; readonly output: unknown } | { readonly outcome: GradeOutcome }> {
  let output: unknown = answer;
  for (const code of readTransforms(spec)) {
    if (runScript === undefined)
      return { outcome: { notRun: { code: 'not-allowed', expected: 'transform' } } };
    // Of several lines it is a body, even where all but one are empty.
    const source = code.includes('\n') ? `\n${code}` : code;
    const reply = await runScript(source, output, { prompt: testCase.prompt, ...testCase.variables });
    if (!reply.ok && reply.code !== 'threw') return { outcome: portFailed('transform', reply) };
    if (!reply.ok || reply.value === undefined || reply.value === null) {
      const found = reply.ok ? 'returned nothing' : reply.detail.slice(0, SHOWN_CHARACTERS);
      return { outcome: fail('script-error', { expected: 'transform', found }) };
    }
    output = reply.value;
  }
  return { text: typeof output === 'string' ? output : JSON.stringify(output), output };
}
