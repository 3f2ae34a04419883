import { FaultError } from '../fault';
import { evaluateTemplate } from './nunjucks-evaluator';
import { parseNunjucks } from './nunjucks-parser';
import type { Statement } from './nunjucks-syntax';
import { failTemplate } from './nunjucks-tokens';

const MAX_TEMPLATE_CHARACTERS = 50_000;
/** A configuration has few templates, each for many tests. */
const MAX_KEPT = 50;
const parsed = new Map<string, readonly Statement[]>();

/**
 * Renders a template as Nunjucks 3.2 does without `autoescape`. Nunjucks itself makes code of a template, which must not
 * be done with a foreign one; here it is only read, and bounded in steps and in what it writes.
 * @throws FaultError `bad-input`
 */
export function renderNunjucks(source: string, variables: Readonly<Record<string, unknown>>): string {
  if (!/\{[{%#]|#\}/.test(source)) return source;
  if (source.length > MAX_TEMPLATE_CHARACTERS) failTemplate('it is too long');
  try {
    return evaluateTemplate(parse(source), variables);
  } catch (error) {
    if (error instanceof FaultError) throw error;
    // A stack that is full, or a value that the language itself cannot handle.
    return failTemplate(error instanceof Error ? error.message : String(error));
  }
}

function parse(source: string): readonly Statement[] {
  const known = parsed.get(source);
  if (known !== undefined) return known;
  const template = parseNunjucks(source);
  if (parsed.size >= MAX_KEPT) parsed.clear();
  parsed.set(source, template);
  return template;
}
