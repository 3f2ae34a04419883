import { Template } from '@huggingface/jinja';
import { badInput } from '../fault';

const MAX_TEMPLATE_CHARACTERS = 50_000;
const MAX_OUTPUT_CHARACTERS = 200_000;
/**
 * A foreign template must not be able to count for ever: one loop over a field is bounded by the data, nested loops,
 * counting and recursion are not.
 */
const UNBOUNDED = /\brange\s*\(|^\{%-?\s*(macro|call|import|include|extends)\b/;
const LOOP = /^\{%-?\s*for\b/;
/** Ends no later than the tag itself does, so that none is hidden in another. */
const TAG = /\{[{%][\s\S]*?[}%]\}/g;
const LITERAL = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;

/**
 * Renders a foreign template: Jinja as lm-eval's tasks use it, and what promptfoo's Nunjucks shares with it.
 * @throws FaultError `bad-input`
 */
export function renderTemplate(source: string, variables: Readonly<Record<string, unknown>>): string {
  if (!source.includes('{{') && !source.includes('{%')) return source;
  if (source.length > MAX_TEMPLATE_CHARACTERS) throw badInput('template', 'it is too long');
  const tags = (source.match(TAG) ?? []).map((tag) => tag.replace(LITERAL, '""'));
  if (tags.some((tag) => UNBOUNDED.test(tag)) || tags.filter((tag) => LOOP.test(tag)).length > 1) {
    throw badInput('template', 'range, macros and more than one loop are not supported');
  }
  let text: string;
  try {
    text = new Template(source).render({ ...variables });
  } catch (error) {
    throw badInput('template', error instanceof Error ? error.message : String(error));
  }
  if (text.length > MAX_OUTPUT_CHARACTERS) throw badInput('template', 'its result is too long');
  return text;
}
