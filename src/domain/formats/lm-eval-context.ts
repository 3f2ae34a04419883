import { badInput } from '../fault';
import { readLiteral } from '../jinja/literal';
import { renderJinja } from '../jinja/render';
import { toJson } from '../jinja/values';
import type { Row } from './rows';

type Field = string | number | readonly unknown[] | undefined;

/** The parts of a task that make its text. */
export interface TextParts {
  readonly description: string;
  readonly doc_to_text?: Field;
  readonly doc_to_target?: Field;
  readonly doc_to_choice?: Field;
  readonly target_delimiter: string;
  readonly fewshot_delimiter: string;
  readonly gen_prefix?: string | undefined;
}

/** lm-eval reads a field that names a column as that column, else as a template. */
function resolve(field: string, row: Row): unknown {
  return field in row ? row[field] : renderJinja(field, row);
}

function isDigits(text: unknown): text is string {
  return typeof text === 'string' && /^\d+$/.test(text);
}

/** `doc_to_text`: text, or the index of a choice. */
export function readText({ doc_to_text: field, doc_to_choice }: TextParts, row: Row): string | number {
  if (typeof field !== 'string') return typeof field === 'number' ? field : '';
  const value = resolve(field, row);
  if (!(field in row) && isDigits(value) && doc_to_choice !== undefined) return Number(value);
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw badInput('lm-eval task', 'doc_to_text is no text');
}

/** `doc_to_target` as `ConfigurableTask` reads it: a column as it is, rendered digits as an index, a rendered list as a list. */
export function readTarget({ doc_to_target: field, doc_to_choice }: TextParts, row: Row): unknown {
  if (typeof field !== 'string') return field ?? '';
  if (field in row) return row[field];
  const text = renderJinja(field, row);
  if (isDigits(text) && doc_to_choice !== undefined) return Number(text);
  if (!/^\[[\s\S]*\]$/.test(text)) return text;
  try {
    return toJson(readLiteral(text));
  } catch {
    return text;
  }
}

/** @throws FaultError `bad-input` where the field gives no list of texts */
export function readChoices({ doc_to_choice: field }: TextParts, row: Row): readonly string[] {
  if (field === undefined) return [];
  const value =
    typeof field !== 'string'
      ? field
      : field in row
        ? row[field]
        : toJson(readLiteral(renderJinja(field, row)));
  if (!Array.isArray(value)) throw badInput('lm-eval task', 'doc_to_choice gives no list');
  return value.map(String);
}

/** The index of the right choice; undefined where lm-eval finds none either. */
export function findGold(target: unknown, choices: readonly string[]): number | undefined {
  const gold: unknown = Array.isArray(target) ? target[0] : target;
  const index = typeof gold === 'number' ? gold : typeof gold === 'string' ? choices.indexOf(gold) : -1;
  return Number.isInteger(index) && index >= 0 && index < choices.length ? index : undefined;
}

const SPACE_AT_END = /\s$/;
const SPACE_AT_START = /^\s/;

function needsDelimiter(before: string, after: string): boolean {
  return before !== '' && !SPACE_AT_END.test(before) && !SPACE_AT_START.test(after);
}

function prefixOf({ gen_prefix }: TextParts, row: Row): string {
  return gen_prefix === undefined ? '' : String(resolve(gen_prefix, row));
}

/** An example with its answer, and the delimiter after it. */
function renderExample(task: TextParts, row: Row): string {
  const question = String(readText(task, row));
  const choices = readChoices(task, row);
  const target = readTarget(task, row);
  const first: unknown = Array.isArray(target) ? target[0] : target;
  const answer = (typeof first === 'number' ? choices[first] : undefined) ?? String(first);
  const prefix = prefixOf(task, row);
  const delimiter = prefix === '' || needsDelimiter(question, prefix) ? task.target_delimiter : '';
  const said = prefix === '' ? answer : prefix + (needsDelimiter(prefix, answer) ? ' ' : '') + answer;
  return question + delimiter + said + task.fewshot_delimiter;
}

/** The whole prompt as `fewshot_context` builds it for a plain model. @throws FaultError `bad-input` */
export function buildContext(task: TextParts, row: Row, examples: readonly Row[]): string {
  const description = task.description === '' ? '' : String(resolve(task.description, row));
  const question = readText(task, row);
  if (typeof question === 'number') {
    throw badInput('lm-eval task', 'doc_to_text is an index of several contexts, which is not supported yet');
  }
  const prefix = prefixOf(task, row);
  const delimiter = prefix !== '' && needsDelimiter(question, prefix) ? task.target_delimiter : '';
  return (
    description + examples.map((each) => renderExample(task, each)).join('') + question + delimiter + prefix
  );
}
