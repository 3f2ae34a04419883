import { FaultError } from '../fault';
import type { GraderSpec } from '../sets/test-set';
import { toAscii } from '../text/digits';
import { flattenLatex } from '../text/latex';
import {
  buildSet,
  type CaseDraft,
  type Format,
  type ImportOptions,
  type ImportNote,
  type SetFacts,
} from './format';
import { probeRows, readRows, type Row } from './rows';

interface RowFormat {
  readonly id: string;
  readonly label: string;
  /** Of a record, that shape the case; any other that a record has is named in the preview. */
  readonly fields: readonly string[];
  /** Whether a record has the fields of this data set. */
  readonly matches: (row: Row) => boolean;
  /** @returns undefined for a record without a question or a gold answer */
  readonly toCase: (row: Row) => CaseDraft | undefined;
}

/** A format whose file is a list of records, each a case of its own. */
export function defineRowFormat({ id, label, fields, matches, toCase }: RowFormat): Format {
  return {
    id,
    label,
    detect(text) {
      const rows = probeRows(text);
      return rows.length > 0 && rows.every((row) => matches(row)) ? 0.9 : 0;
    },
    read: (text, options = {}) =>
      buildFromRows(label, readRows(text, label), toCase, options, [], {}, fields),
  };
}

/** Cases from records; those that give none are counted, not fatal. @throws FaultError `bad-input` */
export function buildFromRows(
  label: string,
  rows: readonly Row[],
  toCase: (row: Row) => CaseDraft | undefined,
  options: ImportOptions,
  notes: readonly ImportNote[] = [],
  facts: Partial<SetFacts> = {},
  fields?: readonly string[],
) {
  const drafts: CaseDraft[] = [];
  const others = new OtherFields(fields);
  let skipped = 0;
  let first: string | undefined;
  rows.forEach((row, index) => {
    try {
      const draft = toCase(row);
      if (draft !== undefined && draft.prompt.trim() !== '') {
        drafts.push(draft);
        others.add(row);
        return;
      }
      first ??= `record ${index + 1} has no question or no answer`;
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
      first ??= `record ${index + 1}: ${error.fault.detail}`;
    }
    skipped++;
  });
  const skippedNote: ImportNote = {
    code: 'skipped-rows',
    count: skipped,
    ...(first !== undefined && { detail: first }),
  };
  const title = options.name?.replace(/\.[a-z0-9]+$/i, '') ?? label;
  return buildSet(label, { title, language: options.language, source: label, ...facts }, drafts, [
    ...notes,
    ...others.list(),
    skippedNote,
  ]);
}

/** Fields that shape nothing, and how many cases have each. */
export class OtherFields {
  readonly #known: ReadonlySet<string> | undefined;
  readonly #counts = new Map<string, number>();

  /** @param known undefined where every field is known */
  constructor(known: readonly string[] | undefined) {
    this.#known = known && new Set(known);
  }

  add(row: Row): void {
    if (this.#known === undefined) return;
    for (const [name, value] of Object.entries(row)) {
      if (!this.#known.has(name) && !isEmpty(value))
        this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  /** A note for all that as many cases have. */
  list(): readonly ImportNote[] {
    const byCount = new Map<number, string[]>();
    for (const [name, count] of this.#counts) byCount.set(count, [...(byCount.get(count) ?? []), name]);
    return [...byCount].map(([count, names]) => ({
      code: 'dropped-fields',
      count,
      detail: names.slice(0, 40).join(', ').slice(0, 1_000),
    }));
  }
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const YES_NO: GraderSpec['options'] = [
  { text: 'yes', aliases: ['true', 'correct'] },
  { text: 'no', aliases: ['false', 'incorrect'] },
];

/** The letter of a choice: 0 is A. */
export function letterOf(index: number): string | undefined {
  return LETTERS[index];
}

/**
 * Graders for a gold answer as data sets give it: a letter or text of the choices, a number, yes or no, else text that
 * the answer has to hold. Of several gold answers one is enough.
 */
export function gradersFor(
  gold: string | readonly string[],
  choices?: readonly string[],
): GraderSpec[] | undefined {
  if (typeof gold !== 'string') return gradersForAny(gold);
  const answer = gold.trim();
  if (answer === '') return undefined;
  if (choices !== undefined) {
    const index = indexOfChoice(answer, choices);
    const value = index === undefined ? undefined : letterOf(index);
    return value === undefined ? undefined : [{ type: 'choice', value }];
  }
  const number = readNumber(answer);
  if (number !== undefined) return [{ type: 'number', value: number }];
  if (/^(yes|no|true|false)\.?$/i.test(answer)) {
    const value = /^(yes|true)/i.test(answer) ? 'yes' : 'no';
    return [{ type: 'choice', value, options: YES_NO }];
  }
  return [{ type: 'icontains', value: answer }];
}

/** Numbers are read as numbers: "14" does not hold the answer 4. */
function gradersForAny(golds: readonly string[]): GraderSpec[] | undefined {
  const [only] = golds;
  if (only === undefined) return undefined;
  if (golds.length === 1) return gradersFor(only);
  const numbers = [...new Set(golds.map((gold) => readNumber(gold.trim())))];
  if (numbers.includes(undefined)) return [{ type: 'icontains-any', value: [...golds] }];
  const graders = numbers.slice(0, 32).map((value) => ({ type: 'number', value }));
  return graders.length === 1
    ? graders
    : [{ type: 'assert-set', threshold: 1 / graders.length, assert: graders }];
}

const PLAIN_NUMBER =
  /^[-+]?(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d{1,3}(?: \d{3})+)?(?:\.\d+)?(?:e[-+]?\d{1,2})?$/i;

/**
 * A gold answer that is a number, as the number grader takes it: a number, or text for a fraction or a percentage. Undefined
 * for any other: a year with a word, a unit, a list.
 */
export function readNumber(gold: string): number | string | undefined {
  const text = flattenLatex(toAscii(gold))
    .replace(/^\s*answer:/i, '')
    .replace(/[\uE002\uE003]/g, '')
    .replace(/^\$([^$]*)\$$/, '$1')
    .replace(/[\u2212\u2013]/g, '-')
    .replace(/[\u00a0\u202f\u2009]/g, ' ')
    .trim();
  const plain = text.replace(/^([-+]?)[$€£₽]\s?|\s?[$€£₽]$/g, '$1').replace(/\.$/, '');
  if (/^[-+]?(?:\d{1,6} )?\d{1,9}\/0*[1-9]\d{0,8}$/.test(plain)) return plain.replace(/^\+/, '');
  const isPercent = plain.endsWith('%');
  const digits = isPercent ? plain.slice(0, -1).trim() : plain;
  if (!/\d/.test(digits) || !PLAIN_NUMBER.test(digits)) return undefined;
  const value = Number(digits.replace(/[, ]/g, ''));
  if (!Number.isFinite(value)) return undefined;
  return isPercent && value >= 0 && !/e/i.test(String(value)) ? `${value}%` : value;
}

/** The index of a gold answer that is a choice's text, its letter, `(A)`, or its number from 0. */
export function indexOfChoice(gold: string, choices: readonly string[]): number | undefined {
  const fold = (text: string) => text.trim().toLowerCase();
  const byText = choices.findIndex((choice) => fold(choice) === fold(gold));
  if (byText >= 0) return byText;
  const letter = /^\(?([A-Za-z])\)?\.?$/.exec(gold.trim())?.[1]?.toUpperCase();
  const index =
    letter === undefined ? (/^\d{1,2}$/.test(gold.trim()) ? Number(gold) : -1) : LETTERS.indexOf(letter);
  return index >= 0 && index < choices.length ? index : undefined;
}

/** Choices as some data sets write them, less their own labels: `(A) red`, `B. blue`. */
export function stripLabel(choice: string): string {
  return choice.replace(/^\s*(?:\(([A-Za-z])\)|([A-Za-z])[.)])\s*/, '').trim() || choice.trim();
}
