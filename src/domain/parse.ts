import * as v from 'valibot';
import { badInput } from './fault';

/** A path below the site, never a way out of it. */
export const sitePath = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/),
  v.check((path) => !path.split('/').includes('..'), 'must not contain ..'),
);

/**
 * Checks foreign data against a schema.
 * @throws FaultError `bad-input`, naming `what` and the path of the first thing that is wrong.
 */
export function parseWith<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw badInput(what, path === null ? issue.message : `${path}: ${issue.message}`);
}

/** Reads JSON text and checks it. @throws FaultError `bad-input` */
export function parseJsonWith<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
  what: string,
): v.InferOutput<Schema> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw badInput(what, error instanceof Error ? error.message : 'not JSON');
  }
  return parseWith(schema, data, what);
}
