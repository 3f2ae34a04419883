import { splitList } from '../graders/parts/substrings';
import { findGrader } from '../graders/registry';
import type { PromptfooTest } from './promptfoo-test';
import { readRows } from './rows';

/** Types that promptfoo's cells may name before a colon; without one, the cell is an `equals`. */
const TYPED = /^(not-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?:\((\d+(?:\.\d+)?)\))?(?::([\s\S]*))?$/;
const BARE_TYPES = new Set([
  'is-json',
  'contains-json',
  'is-xml',
  'contains-xml',
  'is-html',
  'contains-html',
  'is-refusal',
]);
/** Types of promptfoo's that this page cannot run: kept, and reported as not run. Anything else is a text with a colon. */
const FOREIGN_TYPES = new Set(
  (
    'agent-rubric answer-relevance classifier contains-sql context-faithfulness context-recall context-relevance ' +
    'conversation-relevance cost factuality g-eval guardrails is-sql is-valid-function-call ' +
    'is-valid-openai-function-call is-valid-openai-tools-call pi meteor model-graded-closedqa ' +
    'model-graded-factuality moderation python ruby tool-call-f1 skill-used trace-error-spans trace-span-count ' +
    'trace-span-duration search-rubric webhook'
  ).split(' '),
);
const SIMILAR_THRESHOLD = 0.8;
const OTHER_THRESHOLD = 0.75;
/** Types of promptfoo's whose cells get its default threshold. */
const SCORED = new Set([
  'similar',
  'levenshtein',
  'rouge-n',
  'perplexity',
  'perplexity-score',
  'latency',
  'cost',
  'classifier',
  'answer-relevance',
  'context-recall',
  'context-relevance',
  'context-faithfulness',
]);

/** promptfoo's CSV of tests: columns are variables, `__` columns are the rest. @throws FaultError `bad-input` */
export function readPromptfooCsv(text: string): readonly PromptfooTest[] {
  return readRows(text, 'promptfoo').map((row) => {
    const vars: Record<string, string> = {};
    const assert: PromptfooTest['assert'] & object = [];
    const metadata: Record<string, unknown> = {};
    const options: { prefix?: string; suffix?: string } = {};
    /** Columns that mean nothing here, for the import to name. */
    const others: Record<string, string> = {};
    let description: string | undefined;
    let threshold: number | undefined;
    let metric: string | undefined;
    const perAssertion = new Map<string, Record<string, unknown>>();
    for (const [name, raw] of Object.entries(row)) {
      const cell = typeof raw === 'string' ? raw : '';
      const config = /^__config:(__expected\d*):(\w+)$/.exec(name);
      const metadataKey = /^__metadata:(.+?)(\[\])?$/.exec(name);
      if (config !== null) {
        const [, key = '', field = ''] = config;
        if (cell !== '')
          perAssertion.set(column(key), { ...perAssertion.get(column(key)), [field]: Number(cell) });
      } else if (metadataKey !== null) {
        const [, key = '', list] = metadataKey;
        if (cell !== '') metadata[key] = list === undefined ? cell : splitMetadata(cell);
      } else if (/^__expected\d*$/.test(name)) {
        if (cell.trim() !== '') assert.push({ ...readCell(cell.trim()), column: column(name) });
      } else if (name === '__prefix') options.prefix = cell;
      else if (name === '__suffix') options.suffix = cell;
      else if (name === '__description') description = cell;
      else if (name === '__threshold') threshold = cell === '' ? undefined : Number(cell);
      else if (name === '__metric') metric = cell === '' ? undefined : cell;
      else if (!name.startsWith('__')) vars[name] = cell;
      else if (cell !== '') others[name] = cell;
    }
    return {
      ...others,
      vars,
      assert: assert.map(({ column: key, ...spec }) => ({
        ...spec,
        ...(metric !== undefined && { metric }),
        ...perAssertion.get(String(key)),
      })),
      options,
      metadata,
      ...(description !== undefined && description !== '' && { description }),
      ...(threshold !== undefined && Number.isFinite(threshold) && { threshold }),
    };
  });
}

/** `__expected` and `__expected1` are the same column. */
function column(name: string): string {
  return name === '__expected' ? '__expected1' : name;
}

/** `\,` is a comma within an item. */
function splitMetadata(cell: string): string[] {
  return cell.split(/(?<!\\),/).map((item) => item.replaceAll('\\,', ',').trim());
}

/** One cell: `type(threshold):value`, `javascript:`, `fn:`, `eval:`, `grade:`, else the text itself. */
export function readCell(cell: string): {
  readonly type: string;
  readonly value?: unknown;
  readonly threshold?: number;
} {
  const script = /^(?:javascript|fn|eval):([\s\S]*)$/.exec(cell);
  if (script !== null) return { type: 'javascript', value: script[1]?.trim() ?? '' };
  const rubric = /^(?:grade|llm-rubric):([\s\S]*)$/.exec(cell);
  if (rubric !== null) return { type: 'llm-rubric', value: rubric[1]?.trim() ?? '' };
  const typed = TYPED.exec(cell);
  if (typed === null) return { type: 'equals', value: cell };
  const [, not = '', type = '', threshold, value] = typed;
  if (findGrader(type) === undefined && !FOREIGN_TYPES.has(type)) return { type: 'equals', value: cell };
  if (value === undefined && threshold === undefined && !BARE_TYPES.has(type))
    return { type: 'equals', value: cell };
  const isList = /^i?contains-(all|any)$/.test(type);
  return {
    type: `${not}${type}`,
    ...(value !== undefined && value !== '' && { value: isList ? splitList(value) : value.trim() }),
    ...(threshold !== undefined
      ? { threshold: Number(threshold) }
      : SCORED.has(type) && { threshold: type === 'similar' ? SIMILAR_THRESHOLD : OTHER_THRESHOLD }),
  };
}
