import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../../text/answer-text';
import { badInput } from '../../fault';
import { fail, notAvailable, pass, portFailed, type GradeOutcome, type GraderPorts } from '../grader';
import { jsonValueSchema, readJson } from '../../text/json-text';

/** What promptfoo's `is-json` and `contains-json` take for a value: a JSON Schema, as JSON or as its text, or nothing. */
export const jsonFormatEntries = {
  value: v.optional(jsonValueSchema),
};

/**
 * @returns undefined where the value asks for no schema
 * @throws FaultError `bad-input`
 */
export function readSchema(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined;
  const schema = typeof value === 'string' ? readJson(value)?.value : value;
  if (
    typeof schema === 'boolean' ||
    (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
  ) {
    return schema;
  }
  throw badInput('JSON schema', 'expected an object or a boolean');
}

/** @param schema undefined to take any JSON */
export async function matchTexts(
  id: string,
  schema: unknown,
  texts: readonly string[],
  { matchSchema }: GraderPorts,
): Promise<GradeOutcome> {
  const show = (text: string | undefined) => (text ?? '').slice(0, SHOWN_CHARACTERS);
  if (schema === undefined) return pass({ found: show(texts[0]) });
  if (matchSchema === undefined) return notAvailable('JSON schema');
  const reply = await matchSchema(schema, texts);
  if (!reply.ok) return portFailed(id, reply);
  if (reply.value !== null) return pass({ found: show(texts[reply.value]) });
  return fail('malformed', { expected: 'JSON by the schema', found: show(texts[0]) });
}
