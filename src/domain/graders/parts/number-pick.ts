import { answerMarker, findBold, NEAR, REASON_WORDS, textAfter, textBefore } from '../../text/answer-text';
import { isRefusal, findCorrection } from '../../text/second-thoughts';
import type { Found } from './number-find';

const MARKER = new RegExp(
  [
    answerMarker('answer', 'is|are|was|equals|be|becomes|comes', {
      apart: String.raw`\d`,
      or: String.raw`\s(?=[-$]?\d)`,
    }),
    answerMarker('ответ(?:ом)?', 'равен|будет|это', { apart: String.raw`\d`, or: String.raw`\s(?=-?\d)` }),
    answerMarker(
      'antwort|respuesta|r[ée]ponse|resposta|risposta|antwoord|odpowiedź|відповідь|jawaban|cevap|svaret|svar|vastaus|उत्तर|الجواب|الإجابة',
      'ist|lautet|es|est|é|è|is|to|jest|adalah|är|er|on|هو|هي|है',
      { apart: String.raw`\d`, or: String.raw`\s(?=-?\d)` },
    ),
    String.raw`(?:答案|正解|答え|答|정답|답)\s?(?:是|为|為|は|은|:|=)?\s?`,
    String.raw`คำตอบ\s?(?:คือ)?\s?:?`,
  ].join('|'),
  'gu',
);
const EQUALS = /^[^\n.,;!?=≈→⇒]{0,30}[=≈→⇒][^\n.,;!?]{0,20}$/u;
const EQUALS_IN_WORDS =
  /^[^\n.,;!?]{0,30}(?<!\p{L})(?:equals|is|makes|gives|равно|равен|равна|будет|получится)(?!\p{L})[^\n.,;!?]{0,20}$/u;
const OPERATOR =
  /^(?:[\s\p{L}()$€£₽%]{0,20}[+*×·÷/][\s($€£₽√]{0,5}|[\s)%]{0,3}[-–−:xх][\s($]{0,3}|\s(?:plus|minus|times|multiplied by|divided by|over|плюс|минус|умножить на|разделить на)\s)$/u;
/** The same, where nothing tells that it is worked out: "12: 3 boxes" is no division. */
const UNSOLVED =
  /^(?:[\s\p{L}()$€£₽%]{0,20}[+*×·÷/][\s($€£₽√]{0,5}|[\s)%]{0,3}(?:[-–]| [:xх] |[xх])[\s($]{0,3}|\s(?:plus|minus|times|multiplied by|divided by|over|плюс|минус|умножить на|разделить на)\s)$/u;

/** The number that an answer comes down to. `undecided`: one of several, and nothing says which. */
interface Picked {
  readonly found: Found;
  readonly problem?: 'expression' | 'several';
}

export function pickNumber(text: string, all: readonly Found[]): Picked | undefined {
  const correction = findCorrection(text);
  if (correction !== undefined) {
    const tail = pickCorrected(text, all, correction);
    if (tail !== undefined) return tail;
  }
  if (isRefusal(text, (from) => isAnsweredAfter(text, all, from))) return undefined;
  const found = pickFinal(text, all);
  return found && describe(text, all, found);
}

/** What follows "wait" or "no," takes the place of what was said before, when it says a number as an answer. */
function pickCorrected(text: string, all: readonly Found[], from: number): Picked | undefined {
  const later = all.filter(({ start }) => start >= from);
  const [first] = later;
  if (first === undefined) return undefined;
  const marked = pickMarked(text, later) ?? pickBold(text, later) ?? pickResult(text, later);
  if (marked !== undefined && marked.start >= from) return describe(text, later, marked);
  const lead = text.slice(from, first.start);
  const isSaid =
    /^[\s,.:!*"'\uE000—–-]*(?:(?:that's|that is|that was|no|wrong|incorrect|not right|actually|sorry|so|then|but|and|i meant|i mean|make that|it|it's|it is|this|the|should be|must be|would be|is|will be|the result|the total|the value|это|должно быть|будет|точнее|вернее|нет|не так|ошибся|ошиблась|[,.\s—–-])\s*)*[$€£₽]?$/u.test(
      lead,
    );
  return isSaid ? describe(text, later, resolve(text, later, 0) ?? flawed(first)) : undefined;
}

function isAnsweredAfter(text: string, all: readonly Found[], from: number): boolean {
  const later = all.filter(({ start }) => start >= from);
  return (pickMarked(text, later) ?? pickBold(text, later) ?? pickResult(text, later)) !== undefined;
}

function pickFinal(text: string, all: readonly Found[]): Found | undefined {
  const usable = all.filter(({ flaw }) => flaw !== 'compared');
  const strong = (usable.length > 0 ? usable : all).filter((each) => !each.weak);
  const numbers = strong.length > 0 ? strong : all;
  const last = numbers.at(-1);
  if (new Set(numbers.map((each) => each.readings[0])).size <= 1)
    return numbers.find(({ flaw }) => !flaw) ?? last;
  return (
    pickMarked(text, all) ??
    pickBold(text, numbers) ??
    pickResult(text, numbers) ??
    pickBare(text, numbers) ??
    last
  );
}

// --- what was picked, and whether it stands by itself ---

function describe(text: string, all: readonly Found[], found: Found): Picked {
  if (found.flaw !== undefined)
    return { found, problem: found.flaw === 'expression' ? 'expression' : 'several' };
  if (isOneOfSeveral(text, all, found)) return { found, problem: 'several' };
  return isPartOfSum(text, all, found)
    ? { found, problem: 'expression' }
    : { found: withRounded(text, all, found) };
}

/** "1/3 ≈ 0.333" says both. */
function withRounded(text: string, all: readonly Found[], found: Found): Found {
  const exact = all[all.indexOf(found) - 1];
  if (exact === undefined || exact.flaw !== undefined) return found;
  if (!/^\s*≈\s*$/u.test(text.slice(exact.end, found.start)) || isPartOfSum(text, all, exact)) return found;
  return { ...found, readings: [...found.readings, ...exact.readings] };
}

/** "3 × 4", where nothing says what that makes. */
function isPartOfSum(text: string, all: readonly Found[], found: Found): boolean {
  const at = all.indexOf(found);
  const previous = all[at - 1];
  const next = all[at + 1];
  const link = (left: Found, right: Found) => text.slice(left.end, right.start);
  if (previous !== undefined && UNSOLVED.test(link(previous, found)) && !link(previous, found).includes('\n'))
    return true;
  const isResult = /[=≈→⇒]\s*[-$€£₽(~]?$/u.test(textBefore(text, found.start, 6));
  return (
    !isResult && next !== undefined && UNSOLVED.test(link(found, next)) && !link(found, next).includes('\n')
  );
}

const ALTERNATIVE =
  /^[\s,(%]*(?:(?:or|или|либо)(?:\s+(?:maybe|perhaps|possibly|even|else|rather|может быть|даже))?|maybe|perhaps|possibly|может быть)\s*[$€£₽]?$/u;
const TOGETHER = /^\s?%?\s?(?:,?\s?(?:and|и)|&|to|through|до|\.{2,3}|…|~|–|—)\s?[$€£₽]?$/u;
const LISTED = /^\s?[,;]\s?(?:and\s)?$/u;

/** "5 or 6", "3 and 4", "(3, 4)" or nothing but a list: nobody gets a point for naming several. */
function isOneOfSeveral(text: string, all: readonly Found[], found: Found): boolean {
  const others = all.filter((each) => each.readings[0] !== found.readings[0]);
  if (others.length === 0) return false;
  if (/^[\d.,;\s-]+$/.test(text)) return true;
  const at = all.indexOf(found);
  const linkBefore = (index: number) => {
    const left = all[index - 1];
    const right = all[index];
    if (left === undefined || right === undefined || left.readings[0] === right.readings[0]) return undefined;
    return text.slice(left.end, right.start);
  };
  const links = [linkBefore(at), linkBefore(at + 1)].filter((link) => link !== undefined);
  if (links.some((link) => ALTERNATIVE.test(link))) return true;
  // "3 + 4 = 7 and 8" still says what the sum makes.
  const isResult = /[=≈→⇒]\s*[-$€£₽(~]?$/u.test(textBefore(text, found.start, 6));
  if (links.some((link) => TOGETHER.test(link)) && !isResult) return true;
  return isInList(text, all, at, linkBefore);
}

function isInList(
  text: string,
  all: readonly Found[],
  at: number,
  linkBefore: (index: number) => string | undefined,
): boolean {
  const isListed = (index: number) => LISTED.test(linkBefore(index) ?? '');
  let from = at;
  let to = at;
  while (isListed(from)) from--;
  while (isListed(to + 1)) to++;
  const first = all[from];
  const last = all[to];
  if (from === to || first === undefined || last === undefined) return false;
  const before = textBefore(text, first.start);
  const after = textAfter(text, last.end);
  if (/[([{]\s*$/u.test(before) && /^\s*[)\]}]/u.test(after)) return true;
  return (
    /(?:^|[\n=:]|(?<!\p{L})(?:is|are|be|answers?|и|and))[\s\uE000]*$/u.test(before) &&
    /^[\s\uE001]*(?:$|[.!\n)])/u.test(after)
  );
}

// --- choosing the final one ---

/** After "the answer is", "Answer:", `\boxed` and the like; the last such place that has a number. */
function pickMarked(text: string, all: readonly Found[]): Found | undefined {
  const ends = [...text.matchAll(MARKER)].map((match) => match.index + match[0].length);
  for (const end of ends.reverse()) {
    const at = all.findIndex((each) => {
      if (each.start < end) return false;
      const gap = text.slice(end, each.start);
      return !each.weak || !/\p{L}/u.test(gap.slice(0, NEAR));
    });
    const first = all[at];
    if (first === undefined || first.start - end > 80) continue;
    if (/\S[^\n]*\n|[.!?]\s/u.test(text.slice(end, first.start))) continue;
    return resolve(text, all, at) ?? pickResult(text, all.slice(at)) ?? flawed(first);
  }
  return undefined;
}

function flawed(found: Found): Found {
  return { ...found, flaw: found.flaw ?? 'expression' };
}

/** The last bold text that is a number, or a sum with its result; not a heading such as "**Step 2:**". */
function pickBold(text: string, numbers: readonly Found[]): Found | undefined {
  for (const span of findBold(text).reverse()) {
    if (/:\s*$/.test(span.inside) || /^\s*:/.test(textAfter(text, span.end))) continue;
    const inside = numbers.filter((each) => each.start >= span.start && each.end <= span.end);
    const result = resolve(text, inside, 0);
    if (result !== undefined && (inside.length === 1 || result !== inside[0])) return result;
  }
  return undefined;
}

/**
 * The result of the last "a + b = c". An intermediate result does not count: when a computation is followed by a
 * number that was not seen before, the text went on.
 */
function pickResult(text: string, numbers: readonly Found[]): Found | undefined {
  for (let at = numbers.length - 1; at >= 0; at--) {
    const each = numbers[at];
    if (each === undefined) continue;
    const before = textBefore(text, each.start, 12);
    if (!/(?:[=≈→⇒]|(?<!\p{L})(?:equals|равно|равен|равна))[\s~$€£₽(\uE000]*$/u.test(before)) continue;
    const result = resolve(text, numbers, at);
    if (result === undefined) {
      // "42 = 6 × 7" says its result first.
      const first = resolveBefore(text, numbers, at);
      if (first === undefined) continue;
      return first;
    }
    const seen = new Set(numbers.slice(0, at + 1).map((other) => other.readings[0]));
    const previous = numbers[at - 1];
    const isComputed = previous !== undefined && EQUALS.test(text.slice(previous.end, each.start));
    const goesOn = numbers.slice(at + 1).some((other) => !seen.has(other.readings[0]));
    return isComputed && goesOn ? undefined : result;
  }
  return undefined;
}

function resolveBefore(text: string, numbers: readonly Found[], at: number): Found | undefined {
  const previous = numbers[at - 1];
  const next = numbers[at];
  if (previous === undefined || next === undefined) return undefined;
  return EQUALS.test(text.slice(previous.end, next.start)) ? resolve(text, numbers, at - 1) : undefined;
}

const BARE_END = new RegExp(
  String.raw`^[\s%$€£₽\uE001]*(?:[.,;!](?=\s+\p{L})|\n|[(—–](?=\s*\p{L})|(?:\s\(|:\s)(?=\d+\s\p{L})|\s-\s|(?:${REASON_WORDS})(?!\p{L}))`,
  'u',
);

/** A bare number first and prose after it, unless the text also ends with a bare number. */
function pickBare(text: string, numbers: readonly Found[]): Found | undefined {
  const first = numbers[0];
  const last = numbers.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (/(?:^|\n)[^\p{L}\n]*$/u.test(text.slice(0, last.start)) && !/\p{L}/u.test(text.slice(last.end)))
    return last;
  if (/\p{L}|\d/u.test(text.slice(0, first.start))) return undefined;
  const after = textAfter(text, first.end);
  return BARE_END.test(after) ? first : undefined;
}

/** Follows a chain such as "3 + 4 = 7" from its first number to its result; a sum without a result has none. */
function resolve(text: string, numbers: readonly Found[], from: number): Found | undefined {
  const single = (each: Found | undefined) => (each?.flaw === 'expression' ? undefined : each);
  let left = numbers[from];
  let current = single(left);
  let result: Found | undefined;
  for (const right of numbers.slice(from + 1)) {
    if (left === undefined) break;
    const link = text.slice(left.end, right.start);
    if (link.length > 60) break;
    // "3 plus 4 is 7", but not "8 is 2 more than 6".
    if (EQUALS.test(link) || (current === undefined && EQUALS_IN_WORDS.test(link))) {
      result = current ?? result;
      current = single(right);
    } else if (OPERATOR.test(link)) {
      current = undefined;
    } else break;
    left = right;
  }
  return current ?? result;
}
