import { badInput } from '../fault';
import type { Format, ImportedSet, ImportOptions } from './format';
import * as formats from './index';

export const formatRegistry: readonly Format[] = Object.values(formats);

/** The format that a text is surest to be of; undefined when none reads it. Never throws. */
export function detectFormat(text: string, name = ''): Format | undefined {
  let best: { readonly format: Format; readonly sure: number } | undefined;
  for (const format of formatRegistry) {
    const sure = format.detect(text, name);
    if (sure > (best?.sure ?? 0)) best = { format, sure };
  }
  return best?.format;
}

/** Reads a set in whatever format it is. @throws FaultError `bad-input` */
export function importSet(
  text: string,
  options: ImportOptions = {},
): ImportedSet & { readonly formatId: string } {
  const format = detectFormat(text, options.name);
  if (format === undefined) {
    throw badInput(
      'test set',
      'its format is not known: choose which columns are the question and the answer',
    );
  }
  return { ...format.read(text, options), formatId: format.id };
}
