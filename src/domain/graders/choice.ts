import * as v from 'valibot';
import {
  answerMarker,
  dropEcho,
  findBold,
  findConclusion,
  findLabels,
  findNames,
  isDenialCarriedOn,
  isDenied,
  isExcluded,
  isJoined,
  isLeadIn,
  isListed,
  isSupposed,
  measureDoubt,
  NEAR,
  type Place,
  readEnd,
  REASON_WORDS,
  SHOWN_CHARACTERS,
  textAfter,
  textBefore,
} from '../text/answer-text';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import { defineGrader, fail, pass, type Verdict } from './grader';
import { fold, itemSchema, nameSchema, simplify, type Item } from './items';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** The right option: its text, an alias, or its label `A`, `B`, `C` where the options are labelled. */
  value: nameSchema,
  /** Without it, the choices of the case, labelled from `A`. */
  options: v.optional(v.pipe(v.array(itemSchema), v.minLength(2), v.maxLength(100))),
});

/**
 * The answer settles on the right one of the options, in words or by its label. Naming several without saying which is
 * a fail, not a first match.
 */
export const choice = defineGrader({
  id: 'choice',
  form: 'text',
  parse: (spec) => {
    const options = parseWith(optionsSchema, spec, 'choice grader');
    if (options.options !== undefined) buildKey(options.options, options.value, false);
    return options;
  },
  grade: (answer, { value, options }, testCase) => {
    const choices = testCase.choices?.map((text) => ({ text, aliases: [] }));
    const list = options ?? choices;
    if (list === undefined) throw badInput('choice grader', 'neither the grader nor the case has options');
    return judgeOptions(answer, { list, value, labelled: options === undefined }, testCase.prompt);
  },
});

/** How an answer comes down to one of the options; `labelled` ones are also known as A, B, C. */
export function judgeOptions(
  answer: string,
  {
    list,
    value,
    labelled,
  }: { readonly list: readonly Item[]; readonly value: string; readonly labelled: boolean },
  prompt: string,
): Verdict {
  const key = buildKey(list, value, labelled);
  const text = dropEcho(simplify(readEnd(answer)), simplify(prompt), (each) => isOption(each, key));
  const settled = settle(text, findMentions(text, key));
  const show = (indexes: readonly number[]) =>
    indexes
      .map((index) => list[index]?.text ?? '')
      .join(', ')
      .slice(0, SHOWN_CHARACTERS);
  const expected = show([key.right]);
  const [found] = settled;
  if (found === undefined) return fail('no-answer', { expected });
  const shown = { expected, found: show(settled) };
  if (settled.length > 1) return fail('ambiguous', shown);
  return found === key.right ? pass(shown) : fail('different', shown);
}

// --- what to look for ---

interface Key {
  readonly right: number;
  /** Folded names of more than a letter, to the index of their option. */
  readonly names: ReadonlyMap<string, number>;
  /** Upper-case labels and names of one letter; these need care, as "A" and "в" are words too. */
  readonly letters: ReadonlyMap<string, number>;
}

/** @throws FaultError `bad-input` when a name is given twice or none is the right one */
function buildKey(options: readonly Item[], value: string, labelled: boolean): Key {
  const names = new Map<string, number>();
  const letters = new Map<string, number>();
  options.forEach(({ text, aliases }, index) => {
    for (const each of new Set([text, ...aliases].map(fold))) {
      const target = /^\p{L}$/u.test(each) ? letters : names;
      const key = target === letters ? each.toUpperCase() : each;
      if (each === '') continue;
      if (target.has(key) && target.get(key) !== index)
        throw badInput('choice grader', `two options named ${each}`);
      target.set(key, index);
    }
  });
  const label = value.trim().toUpperCase();
  const named = names.get(fold(value)) ?? letters.get(label);
  const position = /^[A-Z]$/.test(label) ? label.charCodeAt(0) - 65 : options.length;
  const right = named ?? (position < options.length ? position : undefined);
  if (right === undefined) throw badInput('choice grader', `value: not one of the options`);
  if ((labelled || named === undefined) && letters.size === 0) {
    for (let index = 0; index < Math.min(options.length, 26); index++) {
      letters.set(String.fromCharCode(65 + index), index);
    }
  }
  return { right, names, letters };
}

/**
 * A sentence of the prompt that lists an option. The others, such as "if it makes no sense, answer: impossible", are no
 * answer when a model repeats them.
 */
function isOption(sentence: string, { names }: Key): boolean {
  return (
    /^[([]?\p{L}[)\].:]/u.test(sentence) || names.has(sentence.toLowerCase().replace(/^\W*-\s|[.?!]+$/gu, ''))
  );
}

// --- where the options are mentioned ---

interface Mention extends Place {
  /**
   * `denied`: "not Anna". `excluded`: "Anna is not the one". `doubtful`: "Anna does not ...", which says something
   * else about Anna, or "if Anna ...".
   */
  readonly state: 'meant' | 'denied' | 'excluded' | 'doubtful';
}

/** These say "yes" or "no" by themselves, whatever follows. */
const INTERJECTIONS = new Set(['no', 'нет', 'да', 'yes']);

function findMentions(text: string, key: Key): Mention[] {
  const places = [...findNames(text, key.names), ...findLabels(text, key.letters)]
    .sort((a, b) => a.start - b.start)
    // "option B" inside a name, and the like
    .filter((each, at, all) => each.start >= (all[at - 1]?.end ?? 0));
  const mentions: Mention[] = [];
  places.forEach((place, at) => {
    const next = places[at + 1];
    mentions.push({ ...place, state: judge(text, place, mentions.at(-1), next) });
  });
  return mentions;
}

function judge(
  text: string,
  place: Place,
  previous: Mention | undefined,
  next: Place | undefined,
): Mention['state'] {
  if (isDenied(textBefore(text, place.start))) return 'denied';
  if (previous?.state === 'denied' && place.start - previous.end < NEAR) {
    if (isDenialCarriedOn(text.slice(previous.end, place.start))) return 'denied';
  }
  if (isSupposed(textBefore(text, place.start, 3 * NEAR))) return 'doubtful';
  const after = textAfter(text, place.end);
  if (isExcluded(after)) return 'excluded';
  if (INTERJECTIONS.has(text.slice(place.start, place.end).toLowerCase())) return 'meant';
  const doubt = measureDoubt(after);
  // "Anna not Boris" denies Boris only.
  return doubt > 0 && next?.start !== place.end + doubt ? 'doubtful' : 'meant';
}

// --- which one is settled on ---

const ANSWER_MARKER = new RegExp(
  [
    answerMarker('answer|conclusion', 'is|are|was|be'),
    answerMarker('(?:ответ|вывод)(?:ом)?', 'будет|это|является'),
  ].join('|'),
  'giu',
);

/** The options the answer comes down to: one, several (undecided) or none. */
function settle(text: string, mentions: readonly Mention[]): readonly number[] {
  return (
    settleMarked(text, mentions) ??
    settleBold(text, mentions) ??
    settleByPlace(text, mentions) ??
    settleBySet(dropReasons(text, mentions))
  );
}

/** After "the answer is", "Answer:", `\boxed` and the like; the last such place that names an option. */
function settleMarked(text: string, mentions: readonly Mention[]): readonly number[] | undefined {
  for (const marker of [...text.matchAll(ANSWER_MARKER)].reverse()) {
    const from = marker.index + marker[0].length;
    const rest = textAfter(text, from, 400);
    const sentence = /^\s*[^\n]*?(?:[.!?](?=\s|$)|\n|$)/u.exec(rest);
    const to = from + (sentence?.[0].length ?? rest.length);
    const named = mentions.filter(({ start, end }) => start >= from && end <= to);
    const [first] = named;
    if (first === undefined) continue;
    if (first.state === 'meant' && isLeadIn(text.slice(from, first.start))) {
      const rival = named.find(({ option, state }) => option !== first.option && state === 'meant');
      const joined = rival !== undefined && isJoined(text.slice(first.end, rival.start));
      return joined ? [first.option, rival.option] : [first.option];
    }
    const settled = settleBySet(named);
    // "The answer is not Anna" takes back what was said before.
    return settled.length > 0 ? settled : settleBySet(mentions);
  }
  return undefined;
}

/** Bold text, when all of it names one option: several in bold may be a list or a table. */
function settleBold(text: string, mentions: readonly Mention[]): readonly number[] | undefined {
  const spans = findBold(text);
  const bold = mentions.filter(
    ({ start, end, state }) =>
      state === 'meant' && spans.some((span) => start >= span.start && end <= span.end),
  );
  const options = distinct(bold);
  return options.length === 1 ? options : undefined;
}

const STOP = new RegExp(
  String.raw`^["'»)\uE001\s]*(?:$|[.!;:,\n]|[(—–]|-\s|(?:${REASON_WORDS})(?!\p{L}))`,
  'u',
);
const RELATIVE_CLAUSE = /^\W*,\s*(?:who|which|кто|котор\p{L}+)(?!\p{L})/u;

/** An option that stands alone at the start or the end, or the conclusion in the last sentence; they have to agree. */
function settleByPlace(text: string, mentions: readonly Mention[]): readonly number[] | undefined {
  const first = mentions[0];
  const last = mentions.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const settled: number[] = [];
  const rival = mentions.find(({ option, state }) => option !== first.option && state === 'meant');
  const after = textAfter(text, first.end);
  const stops = STOP.test(after) && !RELATIVE_CLAUSE.test(after);
  const opens = first.state === 'meant' && stops && isLeadIn(text.slice(0, first.start));
  const listed = rival !== undefined && isListed(text, first, rival);
  if (opens && !listed) settled.push(first.option);
  const lead = text.slice(0, last.start);
  const line = lead.slice(Math.max(lead.lastIndexOf('\n'), lead.search(/[.!?]\s[^.!?\n]*$/u)) + 1);
  const closes = last.state === 'meant' && isLeadIn(line) && !/[\p{L}\p{N}]/u.test(text.slice(last.end));
  const before = mentions.filter(({ option, state }) => option !== last.option && state === 'meant').at(-1);
  if (closes && !(before !== undefined && isListed(text, before, last))) settled.push(last.option);
  const conclusion = settleConclusion(text, mentions, last);
  if (conclusion !== undefined) settled.push(conclusion);
  return settled.length > 0 ? [...new Set(settled)] : undefined;
}

function settleConclusion(text: string, mentions: readonly Mention[], last: Mention): number | undefined {
  const from = findConclusion(text.slice(0, last.start));
  if (from === undefined) return undefined;
  // A sentence that ends before the last mention was not the conclusion.
  if (/[.!?]\s|\n/u.test(text.slice(from, last.start))) return undefined;
  const settled = settleBySet(mentions.filter(({ start }) => start >= from));
  return settled.length === 1 ? settled[0] : undefined;
}

/** Without the options that only give the reason: "Anna is, because Boris is shorter." */
function dropReasons(text: string, mentions: readonly Mention[]): readonly Mention[] {
  let inReason = false;
  return mentions.filter((each, at) => {
    const previous = mentions[at - 1];
    if (previous === undefined) return true;
    const link = text.slice(previous.end, each.start);
    if (/[.!?;]\s|\n/u.test(link)) inReason = false;
    inReason ||=
      /(?:(?<!\p{L})(?:because|since|потому что|так как|поскольку|ведь)|,\s+as)(?!\p{L})[^.!?;\n]*$/iu.test(
        link,
      );
    return !inReason;
  });
}

/** The options that are meant; one that is also spoken of in another way leaves the answer undecided. */
function settleBySet(mentions: readonly Mention[]): readonly number[] {
  const of = (state: Mention['state']) => distinct(mentions.filter((each) => each.state === state));
  const denied = new Set(of('denied'));
  const excluded = new Set(of('excluded'));
  const meant = of('meant').filter((option) => !denied.has(option));
  const doubtful = of('doubtful').filter(
    (option) => !denied.has(option) && !excluded.has(option) && !meant.includes(option),
  );
  const unclear = [...doubtful, ...meant.filter((option) => excluded.has(option))];
  const candidates = [...new Set([...meant, ...unclear])];
  // One name and only doubt about it: no answer was given.
  return candidates.length === 1 && unclear.length > 0 ? [] : candidates;
}

function distinct(mentions: readonly Mention[]): number[] {
  return [...new Set(mentions.map(({ option }) => option))];
}
