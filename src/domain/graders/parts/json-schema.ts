import { Validator } from '@cfworker/json-schema';
import { badInput } from '../../fault';

/**
 * Index of the first JSON text that is valid by a JSON Schema (draft 2020-12), or null. A schema can hold patterns and
 * references that take for ever: what is foreign runs where it can be killed.
 * @throws FaultError `bad-input` for a schema that cannot be read
 */
export function matchSchema(schema: unknown, texts: readonly string[]): number | null {
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null)) {
    throw badInput('JSON schema', 'expected an object or a boolean');
  }
  try {
    const validator = new Validator(schema, '2020-12');
    const index = texts.findIndex((text) => validator.validate(JSON.parse(text)).valid);
    return index === -1 ? null : index;
  } catch (error) {
    throw badInput('JSON schema', error instanceof Error ? error.message : 'not a schema');
  }
}
