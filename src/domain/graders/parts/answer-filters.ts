import * as v from 'valibot';
import { translatePattern } from '../../text/python-pattern';
import { stripSpace } from '../../text/python-text';
import { notAvailable, portFailed, type GradeOutcome, type GraderPorts } from '../grader';

const pattern = v.pipe(v.string(), v.maxLength(5_000));
const place = v.pipe(v.number(), v.safeInteger(), v.minValue(-100_000), v.maxValue(100_000));
const text = v.pipe(v.string(), v.maxLength(2_000));
const matchEntries = {
  /** In Python's dialect. */
  pattern,
  /** Which match counts, from 0, or from -1 at the end. */
  match: v.optional(place, 0),
  /** What is read where nothing matches. */
  fallback: v.optional(text, '[invalid]'),
};
const ignoreEntries = {
  ignoreCase: v.optional(v.boolean(), false),
  ignorePunctuation: v.optional(v.boolean(), false),
  /** Patterns, in Python's dialect, whose matches are taken out. */
  ignore: v.optional(v.pipe(v.array(pattern), v.maxLength(20)), []),
};

/** A step of lm-eval's `filter_list`, for one answer; steps that choose among several answers are none. */
export const answerFilterSchema = v.variant('function', [
  v.strictObject({ function: v.literal('regex'), ...matchEntries }),
  v.strictObject({
    function: v.literal('multi_choice_regex'),
    ...matchEntries,
    ...ignoreEntries,
    choices: v.pipe(v.array(text), v.maxLength(100)),
  }),
  v.strictObject({ function: v.picklist(['remove_whitespace', 'lowercase', 'uppercase']) }),
  v.strictObject({
    function: v.literal('map'),
    entries: v.record(text, text),
    /** Absent where what is not named is no answer. */
    otherwise: v.optional(text),
  }),
]);
export type AnswerFilter = v.InferOutput<typeof answerFilterSchema>;

/** Reads the patterns of a filter. @throws FaultError `bad-input` */
export function checkAnswerFilter(filter: AnswerFilter): void {
  if ('pattern' in filter) translatePattern(filter.pattern);
  if ('ignore' in filter) filter.ignore.forEach(translatePattern);
}

/** What is left of an answer; undefined where the filters read nothing out of it. `isFallback`: they say so in words. */
export interface Filtered {
  readonly text: string | undefined;
  readonly isFallback: boolean;
}

/** Thrown inside, so that each step need not hand it on. */
class Unfinished extends Error {
  constructor(readonly outcome: GradeOutcome) {
    super('a port could not do its part');
  }
}

/** Runs what asks ports; gives the outcome "not run" where one could not do its part. @throws FaultError `bad-input` */
export async function whileRunning<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly outcome: GradeOutcome }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof Unfinished) return { outcome: error.outcome };
    throw error;
  }
}

async function matchOf(
  source: string,
  given: string,
  at: number,
  { findMatch }: GraderPorts,
): Promise<readonly string[] | null> {
  if (findMatch === undefined) throw new Unfinished(notAvailable('regex'));
  const js = translatePattern(source);
  const reply = await findMatch(js.source, js.flags, given, at);
  if (!reply.ok) throw new Unfinished(portFailed('regex', reply));
  return reply.value;
}

/** A text less what patterns of Python's match, as `re.sub` with nothing in its place. */
export async function removePatterns(
  given: string,
  sources: readonly string[],
  { removeMatches }: GraderPorts,
): Promise<string> {
  let left = given;
  for (const source of sources) {
    if (removeMatches === undefined) throw new Unfinished(notAvailable('regex'));
    const js = translatePattern(source);
    const reply = await removeMatches(js.source, js.flags, left);
    if (!reply.ok) throw new Unfinished(portFailed('regex', reply));
    left = reply.value;
  }
  return left;
}

/** Puts an answer through the filters in their order, as lm-eval's `FilterEnsemble` does. Only inside `whileRunning`. */
export async function filterAnswer(
  answer: string,
  filters: readonly AnswerFilter[],
  ports: GraderPorts,
): Promise<Filtered> {
  let filtered: Filtered = { text: answer, isFallback: false };
  for (const filter of filters) filtered = await applyFilter(filtered, filter, ports);
  return filtered;
}

async function applyFilter(given: Filtered, filter: AnswerFilter, ports: GraderPorts): Promise<Filtered> {
  // A pattern takes what is no text for an empty one.
  const { text: answer = '' } = given;
  const orFallback = (found: string | undefined, fallback: string): Filtered =>
    found === undefined ? { text: fallback, isFallback: true } : { text: found, isFallback: false };
  switch (filter.function) {
    case 'regex':
      return orFallback(
        firstGroup(await matchOf(filter.pattern, answer, filter.match, ports)),
        filter.fallback,
      );
    case 'multi_choice_regex':
      return orFallback(await findChoice(answer, filter, ports), filter.fallback);
    case 'remove_whitespace':
      return { ...given, text: stripSpace(answer) };
    case 'lowercase':
      return { ...given, text: answer.toLowerCase() };
    case 'uppercase':
      return { ...given, text: answer.toUpperCase() };
    case 'map': {
      const named = Object.hasOwn(filter.entries, answer) ? filter.entries[answer] : undefined;
      return { text: named ?? filter.otherwise, isFallback: false };
    }
  }
}

/** Of a match with several groups the first that is not empty; undefined where there is none. */
function firstGroup(groups: readonly string[] | null): string | undefined {
  const found = groups?.length === 1 ? groups[0] : groups?.find((group) => group !== '');
  return found === undefined ? undefined : stripSpace(found);
}

/**
 * `(A)` for the first choice: by the task's own pattern, else by the text of a choice, else by a letter after a colon
 * (lm-eval's `MultiChoiceRegexFilter`).
 */
async function findChoice(
  answer: string,
  filter: Extract<AnswerFilter, { function: 'multi_choice_regex' }>,
  ports: GraderPorts,
): Promise<string | undefined> {
  const { match, choices } = filter;
  const named = firstGroup(await matchOf(filter.pattern, answer, match, ports));
  if (named !== undefined && named !== '') return named;
  const reduce = async (each: string) => {
    const left = await removePatterns(each, filter.ignore, ports);
    const cased = filter.ignoreCase ? left.toLowerCase() : left;
    return filter.ignorePunctuation ? cased.replace(/\p{P}/gu, '') : cased;
  };
  const letters = new Map<string, string>();
  for (const [index, choice] of choices.entries()) {
    letters.set(await reduce(stripSpace(choice)), `(${letterAt(index)})`);
  }
  const escaped = [...letters.keys()].map(escapeLikePython).sort((one, other) => other.length - one.length);
  const byText = firstGroup(await matchOf(escaped.join('|'), await reduce(answer), match, ports));
  if (byText !== undefined && byText !== '') return letters.get(byText) ?? byText;
  const alphabet = choices.map((_, index) => letterAt(index)).join('|');
  const byLetter = firstGroup(await matchOf(`:[\\s]*(${alphabet})`, answer, match, ports));
  return byLetter === undefined || byLetter === '' ? undefined : `(${byLetter})`;
}

function letterAt(index: number): string {
  return String.fromCharCode(65 + index);
}

/** `re.escape`: longer texts come first by the length that they have with it. */
function escapeLikePython(given: string): string {
  return given.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&');
}
