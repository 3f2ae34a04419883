import { badInput } from '../../fault';
import { readLiteral } from '../../jinja/literal';
import { renderJinja } from '../../jinja/render';
import { fromJson, toJson, toText } from '../../jinja/values';
import { isSpace } from '../../text/python-text';
import type { Row } from '../rows';
import { WHAT, type LmEvalTask } from './task';

/** The parts of a task that make its text; few-shot examples can have their own. */
export type TextParts = Pick<
  LmEvalTask,
  'doc_to_text' | 'doc_to_target' | 'doc_to_choice' | 'target_delimiter' | 'fewshot_delimiter' | 'gen_prefix'
>;

/** lm-eval reads a field that names a column as that column, else as a template. */
function resolve(field: string, row: Row): unknown {
  return Object.hasOwn(row, field) ? row[field] : renderJinja(field, row);
}

function isDigits(text: unknown): text is string {
  return typeof text === 'string' && /^\d+$/.test(text);
}

/** `doc_to_text`: text, or the index of a choice. @throws FaultError `bad-input` */
export function readText({ doc_to_text: field, doc_to_choice }: TextParts, row: Row): string | number {
  if (typeof field !== 'string') return typeof field === 'number' ? field : '';
  const value = resolve(field, row);
  if (!Object.hasOwn(row, field) && isDigits(value) && doc_to_choice !== undefined) return Number(value);
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw badInput(WHAT, 'doc_to_text is no text');
}

/**
 * `doc_to_target` as `ConfigurableTask` reads it: a column as it is, rendered digits as an index, a rendered list as a list.
 * @throws FaultError `bad-input`
 */
export function readTarget({ doc_to_target: field, doc_to_choice }: TextParts, row: Row): unknown {
  if (typeof field !== 'string') return field ?? '';
  if (Object.hasOwn(row, field)) return row[field];
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
    typeof field === 'object'
      ? Object.values(field)
      : Object.hasOwn(row, field)
        ? row[field]
        : toJson(readLiteral(renderJinja(field, row)));
  if (!Array.isArray(value)) throw badInput(WHAT, 'doc_to_choice gives no list');
  return value.map(asText);
}

/**
 * The indices of the right choices; none where lm-eval finds none either.
 * @param target an index, the text of a choice, or a list of indices
 */
export function findGolds(target: unknown, choices: readonly string[]): readonly number[] {
  const golds = (Array.isArray(target) ? (target as readonly unknown[]) : [target]).map((gold) =>
    typeof gold === 'number'
      ? gold
      : typeof gold === 'string' && !Array.isArray(target)
        ? choices.indexOf(gold)
        : -1,
  );
  return [...new Set(golds)].filter(
    (index) => Number.isInteger(index) && index >= 0 && index < choices.length,
  );
}

/** As Python prints it. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : toText(fromJson(value));
}

/** `requires_delimiter` of lm-eval: neither text has white space where they meet. */
function needsDelimiter(before: string, after: string): boolean {
  return before !== '' && !isSpace(before.at(-1)) && !isSpace(after[0]);
}

function prefixOf({ gen_prefix }: TextParts, row: Row): string {
  return gen_prefix === undefined || gen_prefix === '' ? '' : asText(resolve(gen_prefix, row));
}

/** An example with its answer, and the delimiter after it (`build_qa_turn`). */
function renderExample(parts: TextParts, row: Row, hasSeveralContexts: boolean): string {
  const asked = readText(parts, row);
  const choices = readChoices(parts, row);
  const question = hasSeveralContexts && typeof asked === 'number' ? choices[asked] : asked;
  if (typeof question !== 'string') throw badInput(WHAT, 'the question of an example is no text');
  const target = readTarget(parts, row);
  const first: unknown = Array.isArray(target) ? target[0] : target;
  const isIndex = typeof target === 'number' && !hasSeveralContexts && choices.length > 0;
  const answer = isIndex ? choices.at(target) : first;
  // An example without an answer is only its question, with the start of an answer where the task has one.
  const prefix = prefixOf(parts, row);
  if (target === '' || target === null) return ask(question, prefix, parts);
  if (typeof answer !== 'string') throw badInput(WHAT, 'the answer of an example is no text');
  const delimiter = prefix === '' || needsDelimiter(question, prefix) ? parts.target_delimiter : '';
  const said =
    prefix === '' ? answer : prefix + (answer !== '' && needsDelimiter(prefix, answer) ? ' ' : '') + answer;
  return question + delimiter + said + parts.fewshot_delimiter;
}

function ask(question: string, prefix: string, { target_delimiter }: TextParts): string {
  return question + (prefix !== '' && needsDelimiter(question, prefix) ? target_delimiter : '') + prefix;
}

/** What a model is shown before it goes on: one text, or one for each choice where the choices are in the question. */
export type TaskContext =
  | { readonly kind: 'one'; readonly context: string }
  | {
      readonly kind: 'several';
      readonly contexts: readonly string[];
      /** Of the right one, as the file gives it. */
      readonly right: number;
    };

/** As `fewshot_context` builds it for a plain model. @throws FaultError `bad-input` */
export function buildContext(
  task: LmEvalTask,
  row: Row,
  examples: readonly Row[],
  hasSeveralContexts: boolean,
): TaskContext {
  const description = task.description === '' ? '' : asText(resolve(task.description, row));
  const shown = exampleParts(task);
  const before =
    description + examples.map((each) => renderExample(shown, each, hasSeveralContexts)).join('');
  const question = readText(task, row);
  const prefix = prefixOf(task, row);
  if (hasSeveralContexts) {
    if (typeof question !== 'number') throw badInput(WHAT, 'doc_to_text is no index of a choice');
    // Here lm-eval puts nothing between the question and its prefix.
    const contexts = readChoices(task, row).map((choice) => before + choice + prefix);
    return { kind: 'several', contexts, right: question };
  }
  if (typeof question !== 'string') throw badInput(WHAT, 'doc_to_text is no text');
  return { kind: 'one', context: before + ask(question, prefix, task) };
}

/** Examples are written as the questions are, but for what `fewshot_config` says. */
function exampleParts(task: LmEvalTask): TextParts {
  const own = task.fewshot_config;
  return {
    doc_to_text: own?.doc_to_text ?? task.doc_to_text,
    doc_to_target: own?.doc_to_target ?? task.doc_to_target,
    doc_to_choice: own?.doc_to_choice ?? task.doc_to_choice,
    gen_prefix: own?.gen_prefix ?? task.gen_prefix,
    target_delimiter: own?.target_delimiter ?? task.target_delimiter,
    fewshot_delimiter: own?.fewshot_delimiter ?? task.fewshot_delimiter,
  };
}
