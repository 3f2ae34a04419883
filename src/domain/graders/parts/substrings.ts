import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../../text/answer-text';
import { badInput } from '../../fault';
import {
  commonEntries,
  defineGrader,
  fail,
  pass,
  type Grader,
  type GraderForm,
  type Verdict,
} from '../grader';
import { parseWith } from '../../parse';

/** An empty needle is in every answer, so it would pass everything. */
const needle = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.finite(), v.transform(String))]),
  v.minLength(1),
  v.maxLength(2_000),
);
const needles = v.pipe(v.array(needle), v.minLength(1), v.maxLength(100));

const optionsSchema = v.strictObject({ ...commonEntries, value: needle });
const listOptionsSchema = v.strictObject({
  ...commonEntries,
  value: v.union([v.pipe(v.string(), v.maxLength(20_000)), needles]),
});

interface Match {
  readonly ignoreCase: boolean;
  /** Of a list, whether all have to be there or any one. */
  readonly quantity: 'one' | 'all' | 'any';
  readonly form?: GraderForm;
}

/** The family of promptfoo's `contains`: text that is in the answer, character by character. */
export function defineSubstringGrader(id: string, { ignoreCase, quantity, form }: Match): Grader<Verdict> {
  const what = `${id} grader`;
  return defineGrader({
    id,
    ...(form !== undefined && { form }),
    parse: (spec): readonly string[] => {
      if (quantity === 'one') return [parseWith(optionsSchema, spec, what).value];
      const { value } = parseWith(listOptionsSchema, spec, what);
      return typeof value === 'string' ? parseWith(needles, splitList(value), what) : value;
    },
    grade: (answer, values) => {
      const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
      const haystack = fold(answer);
      const isThere = (value: string) => haystack.includes(fold(value));
      const show = (list: readonly string[]) => list.join(', ').slice(0, SHOWN_CHARACTERS);
      const missing = values.filter((value) => !isThere(value));
      const isMatch = quantity === 'any' ? missing.length < values.length : missing.length === 0;
      if (!isMatch) {
        return fail('missing', { expected: show(missing), found: answer.slice(0, SHOWN_CHARACTERS) });
      }
      return pass({ expected: show(values), found: show(values.filter(isThere)) });
    },
  });
}

/**
 * Splits a list written as one text, as promptfoo's `contains-all` and its kin take it: commas apart, blanks around
 * them dropped, nothing between two commas dropped. A value in double quotes may hold commas; in it, `""`, `\"` and
 * `\\` stand for a quote and a backslash.
 * @throws FaultError `bad-input`
 */
export function splitList(text: string): readonly string[] {
  const values: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    if (rest.startsWith(',')) {
      rest = rest.slice(1).trimStart();
    } else if (rest.startsWith('"')) {
      const quoted = /^"((?:[^"\\]|""|\\[^])*)"\s*(?=,|$)/.exec(rest);
      if (quoted?.[1] === undefined)
        throw badInput('list', 'a quoted value has no end, or no comma after it');
      values.push(quoted[1].replace(/""|\\(["\\])/g, (_, escaped?: string) => escaped ?? '"'));
      rest = rest.slice(quoted[0].length);
    } else {
      const end = rest.indexOf(',');
      values.push((end === -1 ? rest : rest.slice(0, end)).trim());
      rest = end === -1 ? '' : rest.slice(end);
    }
  }
  return values;
}
