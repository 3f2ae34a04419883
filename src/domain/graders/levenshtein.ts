import * as v from 'valibot';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass, type GradeOutcome, type Verdict } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.maxLength(20_000)),
  threshold: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 5),
});

/** Cells of the table of distances; about a third of a second. */
const MAX_CELLS = 50_000_000;

/** At most so many characters have to be added, dropped or replaced to make the value of the answer (promptfoo). */
export const levenshtein = defineGrader({
  id: 'levenshtein',
  parse: (spec) => parseWith(optionsSchema, spec, 'levenshtein grader'),
  grade: (answer, { value, threshold }): GradeOutcome => {
    const expected = `≤ ${threshold}`;
    const limit = Math.min(Math.floor(threshold), Math.max(answer.length, value.length));
    const far = (): Verdict => fail('out-of-range', { expected, found: `> ${limit}` });
    if (Math.abs(answer.length - value.length) > limit) return far();
    if ((2 * limit + 1) * answer.length > MAX_CELLS)
      return { notRun: { code: 'too-large', expected: 'levenshtein' } };
    const distance = measureDistance(answer, value, limit);
    return distance === undefined ? far() : pass({ expected, found: String(distance) });
  },
});

/**
 * Levenshtein's distance in UTF-16 units, if it is at most `limit`: only cells so near the diagonal are filled
 * (Ukkonen 1985).
 */
function measureDistance(one: string, other: string, limit: number): number | undefined {
  const beyond = limit + 1;
  let above = Int32Array.from({ length: other.length + 1 }, (_, column) => Math.min(column, beyond));
  let row = new Int32Array(other.length + 1);
  for (let line = 1; line <= one.length; line++) {
    const first = Math.max(1, line - limit);
    const last = Math.min(other.length, line + limit);
    row[first - 1] = first === 1 ? Math.min(line, beyond) : beyond;
    let best = row[first - 1] ?? beyond;
    for (let column = first; column <= last; column++) {
      const isSame = one.charCodeAt(line - 1) === other.charCodeAt(column - 1);
      const replaced = (above[column - 1] ?? beyond) + (isSame ? 0 : 1);
      const dropped = (column < line + limit ? (above[column] ?? beyond) : beyond) + 1;
      const added = (row[column - 1] ?? beyond) + 1;
      const distance = Math.min(replaced, dropped, added, beyond);
      row[column] = distance;
      best = Math.min(best, distance);
    }
    if (best > limit) return undefined;
    [above, row] = [row, above];
  }
  const distance = above[other.length] ?? beyond;
  return distance > limit ? undefined : distance;
}
