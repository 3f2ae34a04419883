import * as v from 'valibot';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import type { CaseDraft, Format, ImportedSet, ImportOptions } from './format';
import { buildFromRows, gradersFor, indexOfChoice, letterOf, readNumber, stripLabel } from './row-format';
import { probeRows, readRows, textOf, textsOf, type Row } from './rows';

const column = v.pipe(v.string(), v.maxLength(200));
/** Which column is what. */
const mappingSchema = v.strictObject({
  prompt: v.pipe(column, v.minLength(1)),
  /** The right answer. */
  answer: v.pipe(column, v.minLength(1)),
  /** One column with a list, or several with one choice each. */
  choices: v.optional(v.pipe(v.array(column), v.maxLength(26)), []),
  /** Put before the prompt: a passage, a context. */
  context: v.optional(column),
  id: v.optional(column),
  tags: v.optional(column),
  group: v.optional(column),
  explanation: v.optional(column),
  /** How the answer is graded; `auto` decides by what it looks like. */
  grader: v.optional(v.picklist(['auto', 'equals', 'icontains', 'number', 'choice', 'regex']), 'auto'),
});
export type Mapping = v.InferOutput<typeof mappingSchema>;

const GUESSES: Readonly<
  Record<'prompt' | 'answer' | 'context' | 'id' | 'tags' | 'group' | 'explanation', RegExp>
> = {
  prompt: /^(prompt|question|query|input|instruction|text|problem|вопрос|задание)$/i,
  answer: /^(expected|answer|target|ideal|gold|label|answer_?key|solution|output|correct|ответ)$/i,
  context: /^(context|passage|premise|paragraph|текст)$/i,
  id: /^(id|question_id|uid|key)$/i,
  tags: /^(tags?|category|topic|subject|type)$/i,
  group: /^(group|cluster)$/i,
  explanation: /^(explanation|rationale|reason)$/i,
};
const CHOICE_LIST = /^(choices|options|endings|варианты)$/i;
const CHOICE_COLUMN = /^(?:(?:option|choice|answer)[ _-]?)?([A-H]|[1-8])$/i;

/** The likeliest mapping of a file's columns; undefined where no column is a question or none an answer. */
export function guessMapping(rows: readonly Row[]): Mapping | undefined {
  const columns = [...new Set(rows.slice(0, 20).flatMap((row) => Object.keys(row)))];
  const find = (pattern: RegExp) => columns.find((name) => pattern.test(name.trim()));
  const prompt = find(GUESSES.prompt);
  const answer = find(GUESSES.answer);
  if (prompt === undefined || answer === undefined) return undefined;
  const list = find(CHOICE_LIST);
  const single = columns.filter((name) => CHOICE_COLUMN.test(name.trim()) && name !== answer);
  const optional = (name: 'context' | 'id' | 'tags' | 'group' | 'explanation') => {
    const found = find(GUESSES[name]);
    return found === undefined ? {} : { [name]: found };
  };
  return {
    prompt,
    answer,
    choices: list !== undefined ? [list] : single.length >= 2 ? single : [],
    ...optional('context'),
    ...optional('id'),
    ...optional('tags'),
    ...optional('group'),
    ...optional('explanation'),
    grader: 'auto',
  };
}

/** One record as the mapping reads it; undefined where the question or the answer is missing. @throws FaultError `bad-input` */
export function mapRow(row: Row, mapping: Mapping): CaseDraft | undefined {
  const question = textOf(row, mapping.prompt);
  const gold = textOf(row, mapping.answer) ?? textsOf(row, mapping.answer)?.[0];
  if (question === undefined || gold === undefined) return undefined;
  const [only] = mapping.choices;
  const choices =
    mapping.choices.length === 1 && only !== undefined
      ? textsOf(row, only)?.map(stripLabel)
      : mapping.choices.flatMap((name) => textOf(row, name) ?? []);
  const listed = choices !== undefined && choices.length >= 2 ? choices : undefined;
  const graders = mapGraders(gold, listed, mapping.grader);
  if (graders === undefined) return undefined;
  const field = (name: string | undefined) => (name === undefined ? undefined : textOf(row, name));
  return {
    id: field(mapping.id),
    prompt: [field(mapping.context), question].filter((part) => part !== undefined).join('\n'),
    ...(listed !== undefined && { choices: listed }),
    graders,
    tags: field(mapping.tags)?.split(/[,;|]/) ?? textsOf(row, mapping.tags ?? '') ?? [],
    group: field(mapping.group),
    explanation: field(mapping.explanation),
  };
}

function mapGraders(
  gold: string,
  choices: readonly string[] | undefined,
  grader: Mapping['grader'],
): CaseDraft['graders'] | undefined {
  switch (grader) {
    case 'auto':
      return gradersFor(gold, choices);
    case 'choice': {
      const index = choices && indexOfChoice(gold, choices);
      const value = index === undefined ? undefined : letterOf(index);
      return value === undefined ? undefined : [{ type: 'choice', value }];
    }
    case 'number':
      return [{ type: 'number', value: readNumber(gold.trim()) ?? gold.trim() }];
    case 'equals':
    case 'icontains':
    case 'regex':
      return [{ type: grader, value: gold }];
  }
}

function columnsOf({ grader: _grader, choices, ...single }: Mapping): readonly string[] {
  return [...choices, ...Object.values(single).filter((name) => name !== undefined)];
}

/** @throws FaultError `bad-input` */
export function readMapped(text: string, mapping: Mapping, options: ImportOptions = {}): ImportedSet {
  const checked = parseWith(mappingSchema, mapping, 'mapping');
  return buildFromRows(
    'table',
    readRows(text, 'table'),
    (row) => mapRow(row, checked),
    options,
    [],
    {},
    columnsOf(checked),
  );
}

/** Any JSON, JSON Lines or CSV with a column that is a question and one that is an answer. */
export const plain: Format = {
  id: 'plain',
  label: 'CSV, JSON Lines or JSON',
  detect: (text) => (guessMapping(probeRows(text)) === undefined ? 0 : 0.3),
  read(text, options = {}) {
    const rows = readRows(text, 'table');
    const mapping = guessMapping(rows);
    if (mapping === undefined) {
      const columns = Object.keys(rows[0] ?? {})
        .slice(0, 12)
        .join(', ');
      throw badInput('table', `no column is a question and one an answer (${columns}): choose them`);
    }
    return buildFromRows('table', rows, (row) => mapRow(row, mapping), options, [], {}, columnsOf(mapping));
  },
};
