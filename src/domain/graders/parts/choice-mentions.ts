import { badInput } from '../../fault';
import {
  findNames,
  isDenialCarriedOn,
  isDenied,
  isExcluded,
  isJoined,
  isSupposed,
  measureDoubt,
  NEAR,
  type Place,
  textAfter,
  textBefore,
} from '../../text/answer-text';
import { findLabels } from '../../text/labels';
import { fold, type Item } from '../items';
import { foldOption } from './choice-text';

export interface Key {
  readonly right: number;
  /** Folded names of more than a letter, to the index of their option. */
  readonly names: ReadonlyMap<string, number>;
  /** Upper-case labels and names of one letter; these need care, as "A" and "в" are words too. */
  readonly letters: ReadonlyMap<string, number>;
  /** Of the options. */
  readonly count: number;
}

/** @throws FaultError `bad-input` when a name is given twice or none is the right one */
export function buildKey(options: readonly Item[], value: string, labelled: boolean): Key {
  const names = new Map<string, number>();
  const letters = new Map<string, number>();
  const given = new Map<string, number>();
  options.forEach(({ text, aliases }, index) => {
    for (const name of new Set([text, ...aliases])) {
      const plain = fold(name);
      if (plain !== '' && given.has(plain) && given.get(plain) !== index)
        throw badInput('choice grader', `two options named ${plain}`);
      given.set(plain, index);
      const each = foldOption(name);
      const target = /^\p{L}$/u.test(each) ? letters : names;
      const key = target === letters ? each.toUpperCase() : each;
      if (each !== '' && !target.has(key)) target.set(key, index);
    }
  });
  const label = value.trim().toUpperCase();
  const named = names.get(foldOption(value)) ?? letters.get(label);
  const position = /^[A-Z]$/.test(label) ? label.charCodeAt(0) - 65 : options.length;
  const right = named ?? (position < options.length ? position : undefined);
  if (right === undefined) throw badInput('choice grader', `value: not one of the options`);
  if ((labelled || named === undefined) && letters.size === 0) {
    for (let index = 0; index < Math.min(options.length, 26); index++) {
      letters.set(String.fromCharCode(65 + index), index);
    }
  }
  return { right, names, letters, count: options.length };
}

/**
 * A sentence of the prompt that lists an option. The others, such as "if it makes no sense, answer: impossible", are no
 * answer when a model repeats them.
 */
export function isOption(sentence: string, { names }: Key): boolean {
  return (
    /^[([]?\p{L}[)\].:]/u.test(sentence) || names.has(sentence.toLowerCase().replace(/^\W*-\s|[.?!]+$/gu, ''))
  );
}

// --- where the options are mentioned ---

export interface Mention extends Place {
  /**
   * `denied`: "not Anna". `excluded`: "Anna is not the one". `doubtful`: "Anna does not ...", which says something
   * else about Anna, or "if Anna ...".
   */
  readonly state: 'meant' | 'denied' | 'excluded' | 'doubtful';
}

/** These say "yes" or "no" by themselves, whatever follows. */
const INTERJECTIONS = new Set(['no', 'нет', 'да', 'yes']);

/** `wrongIsMeant`: the question asks for the wrong one, so "C is wrong" names it. */
export function findMentions(text: string, key: Key, wrongIsMeant: boolean): Mention[] {
  const places = [...findNames(text, key.names), ...findLabels(text, key.letters)]
    .sort((a, b) => a.start - b.start)
    // "option B" inside a name, and the like
    .filter((each, at, all) => each.start >= (all[at - 1]?.end ?? 0));
  const mentions: Mention[] = [];
  places.forEach((_place, at) => {
    mentions.push(judge(text, places, at, mentions.at(-1), wrongIsMeant));
  });
  carryBack(text, mentions);
  return dropHedged(text, mentions);
}

/** As many options as labels have letters. */
const LONGEST_LIST = 26;
const LIST = /^["'»)\uE001]*,\s*["'«(\uE000]*$/u;
const LIST_END = /^["'»)\uE001]*,?\s+(?:or|nor|and|или|ни|и)\s+["'«(\uE000]*$/iu;
const ARTICLES = String.raw`(?:(?:the|an?|options?|choices?|letters?|answers?|вариант\p{L}*|ответ\p{L}*)\s+){0,2}["'«“(\[\uE000]*$`;
const ELIMINATED_BEFORE = new RegExp(
  [
    String.raw`(?<!\p{L})(?:eliminat\p{L}*|rul\p{L}* out|exclud\p{L}*|discard\p{L}*|reject\p{L}*|cross\p{L}* out|avoid\p{L}*|dismiss\p{L}*|исключ\p{L}+|отбрас\p{L}+|вычерк\p{L}+)\s+${ARTICLES}`,
    String.raw`(?<!\p{L})(?:everything|anything|all|any|every \p{L}+|anyone|everyone|все|что угодно|любой)(?:\s+(?:of them|options?|answers?|choices?|others?))?\s+(?:but|save|besides)\s+${ARTICLES}`,
    String.raw`(?:(?<!\p{L})(?:do not|would not|never|not|nobody would|no one would|cannot|нельзя)|n't)\s+(?:choose|pick|select|say|go with|answer|выбрать)\s+${ARTICLES}`,
    String.raw`(?<!\p{L})(?:other than|apart from|aside from|as opposed to|wouldn't (?:pick|choose|say)|would not (?:pick|choose|say)|не выбираю|не выбрал\p{L}?)\s+${ARTICLES}`,
  ].join('|'),
  'iu',
);
const WRONG_ONE_BEFORE = new RegExp(
  String.raw`(?<!\p{L})(?:(?:least|less) \p{L}+|wrong|incorrect|worst|false|invalid|неправильн\p{L}+|неверн\p{L}+|ложн\p{L}+)(?:\s+(?:one|options?|answers?|choices?|statements?|ответ|вариант|утверждение))?\s*(?:(?:is|are|was|would be|это)(?!\p{L})|[:=—–-])?\s*${ARTICLES}`,
  'iu',
);
const HYPOTHETICAL_BEFORE =
  /(?<!\p{L})(?:can|could|may|might|able to|allowed to|free to|asked to|supposed to)\s+(?:\p{L}+ly\s+)?(?:choose|pick|select|say|answer)\s+(?:(?:option|the|choice)\s+){0,2}["'«(\uE000]*$/iu;
const HEDGED_BEFORE = new RegExp(
  String.raw`(?<!\p{L})(?:could(?: also| well)? be|might(?: also| well)? be|may(?: also| well)? be|seems?(?: to be| like)?|looks? like|appears? to be|initially|at first(?: glance)?,?|first thought(?: it was| of)?|thought (?:it was|of|about)|tempt\p{L}+ to (?:say|pick|choose)|considered|не сразу|сначала(?: думал\p{L}*)?|казалось)\s+${ARTICLES}`,
  'iu',
);
const HEDGED_AFTER =
  /^["'»)\uE001]*\s+(?:is|was|seems|looks|sounds|appears)\s+(?:\p{L}+ly\s+|also\s+|a\s+){0,2}(?:tempting|plausible|close|possible|attractive|common|popular|similar|related|partly|good|right|correct)?\s*(?:distractor|at first|but|, but)(?!\p{L})/iu;

function judge(
  text: string,
  places: readonly Place[],
  at: number,
  previous: Mention | undefined,
  wrongIsMeant: boolean,
): Mention {
  const place = places[at] ?? { option: -1, start: 0, end: 0 };
  const as = (state: Mention['state']) => ({ ...place, state });
  const before = textBefore(text, place.start);
  const long = textBefore(text, place.start, 2 * NEAR);
  if (isDenied(before) || ELIMINATED_BEFORE.test(long)) return as('denied');
  if (previous?.state === 'denied' && place.start - previous.end < NEAR) {
    if (isDenialCarriedOn(text.slice(previous.end, place.start)) || isInDeniedList(text, places, at))
      return as('denied');
  }
  if (isSupposed(textBefore(text, place.start, 3 * NEAR)) || HYPOTHETICAL_BEFORE.test(long))
    return as('doubtful');
  const next = places[at + 1];
  // "C) Berlin is wrong"
  const isNamedAgain =
    next?.option === place.option &&
    /^[\s)\].:"'*\uE000\uE001–—-]{0,6}$/u.test(text.slice(place.end, next.start));
  const end = isNamedAgain ? next.end : place.end;
  const after = textAfter(text, end, 2 * NEAR);
  if (isExcluded(after)) return as(wrongIsMeant ? 'meant' : 'excluded');
  if (WRONG_ONE_BEFORE.test(long)) return as(wrongIsMeant ? 'meant' : 'excluded');
  const asked = /^["'»)\uE001]*\s*\?\s*(yes|да|correct|right|no|нет)?/iu.exec(after);
  if (asked !== null && /[\p{L}\p{N}]/u.test(text.slice(0, place.start) + text.slice(place.end))) {
    if (/^(?:no|нет)/iu.test(asked[1] ?? '')) return as('denied');
    if (asked[1] === undefined) return as('doubtful');
  }
  if (INTERJECTIONS.has(text.slice(place.start, place.end).toLowerCase())) return as('meant');
  const doubt = measureDoubt(textAfter(text, end));
  // "Anna not Boris" denies Boris only.
  return as(doubt > 0 && next?.start !== end + doubt ? 'doubtful' : 'meant');
}

const ASSERTED_AFTER =
  /^["'»)\uE001]*(?:\s+(?:is|must be|has to be|should be)\s+(?:\p{L}+ly\s+)?(?:the\s+)?(?:only\s+|most\s+)?(?:correct|right|true|answer|best|better|one)(?!\p{L})|\s+(?:is )?the answer(?!\p{L})|\s*(?:[—–-]\s+)?(?:это\s+)?(?:верн\p{L}+|правильн\p{L}+))/iu;

/** "C is right": says which one, whatever else is spoken of. */
export function isAsserted(text: string, { end, state }: Mention): boolean {
  return state === 'meant' && ASSERTED_AFTER.test(textAfter(text, end, 2 * NEAR));
}

/** In "not A, B or D" the comma says "or". */
function isInDeniedList(text: string, places: readonly Place[], at: number): boolean {
  const linkBefore = (index: number) => text.slice(places[index - 1]?.end ?? 0, places[index]?.start ?? 0);
  if (LIST_END.test(linkBefore(at)) && LIST.test(linkBefore(at - 1))) return true;
  for (let index = at; index < at + LONGEST_LIST && LIST.test(linkBefore(index)); index++) {
    if (index + 1 < places.length && LIST_END.test(linkBefore(index + 1))) return true;
  }
  return false;
}

/** "A, B and D are wrong" is about all three. */
function carryBack(text: string, mentions: Mention[]): void {
  for (let at = mentions.length - 2; at >= 0; at--) {
    const each = mentions[at];
    const next = mentions[at + 1];
    if (each?.state !== 'meant' || next?.state !== 'excluded') continue;
    const link = text.slice(each.end, next.start);
    if (link.length < NEAR && (LIST.test(link) || LIST_END.test(link)))
      mentions[at] = { ...each, state: 'excluded' };
  }
}

/** "It could be A, but it is C": what only could be counts where nothing else is said. */
function dropHedged(text: string, mentions: readonly Mention[]): Mention[] {
  const isHedged = ({ start, end, state }: Mention) =>
    state === 'meant' &&
    (HEDGED_BEFORE.test(textBefore(text, start, 2 * NEAR)) ||
      HEDGED_AFTER.test(textAfter(text, end, 2 * NEAR)));
  const hedged = new Set<Mention>();
  mentions.forEach((each, at) => {
    const previous = mentions[at - 1];
    // "It may be A or B" is no firmer about B.
    const isCarriedOn =
      previous !== undefined && hedged.has(previous) && isJoined(text.slice(previous.end, each.start));
    if (isCarriedOn || isHedged(each)) hedged.add(each);
  });
  const said = mentions.filter((each) => each.state === 'meant' && !hedged.has(each));
  const saidOptions = new Set(said.map(({ option }) => option));
  const lastSaid = said.at(-1)?.start ?? -1;
  const isOutdone = (each: Mention) =>
    hedged.has(each) && !saidOptions.has(each.option) && lastSaid > each.start;
  return mentions.map((each) => (isOutdone(each) ? { ...each, state: 'excluded' } : each));
}

const ASKS_FOR_WRONG =
  /(?<!\p{L})(?:incorrect|wrong|false|untrue|not true|not correct|least|error|mistake|неверн\p{L}+|неправильн\p{L}+|ложн\p{L}+|ошиб\p{L}+|лишн\p{L}+|невозможн\p{L}+|impossible|excluded)(?!\p{L})/iu;

/** To "Which statement is false?" the answer "C is false" names C. */
export function asksForWrong(prompt: string): boolean {
  return ASKS_FOR_WRONG.test(prompt);
}
