import { badInput } from '../fault';
import type { Statement } from './ast';
import { evaluate } from './interpreter';
import { parse } from './parser';
import { Budget } from './values';

const MAX_TEMPLATE_CHARACTERS = 50_000;
const MAX_STEPS = 100_000;
const MAX_CHARACTERS = 400_000;

/** A set has few templates and many rows. */
const parsed = new Map<string, readonly Statement[]>();
const MAX_PARSED = 32;

/**
 * Renders a template as Jinja 2 does in lm-eval: a newline at the end is kept, blocks are not trimmed, and what is
 * undefined is an error. Values print as Python prints them. What a template may do is bounded in steps and characters.
 * @throws FaultError `bad-input`
 */
export function renderJinja(source: string, variables: Readonly<Record<string, unknown>>): string {
  if (source.length > MAX_TEMPLATE_CHARACTERS) throw badInput('template', 'it is too long');
  let body = parsed.get(source);
  if (body === undefined) {
    body = parse(source, { keepTrailingNewline: true });
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(source, body);
  }
  try {
    return evaluate(body, variables, new Budget(MAX_STEPS, MAX_CHARACTERS));
  } catch (error) {
    // A list that holds itself has no text.
    if (error instanceof RangeError) throw badInput('template', error.message);
    throw error;
  }
}
