/**
 * How the answers of language models are read, in English and Russian: markup taken apart, and what the words around a
 * mention say about it. Shared by the graders that read prose; `graders/` has one file per grader.
 */

/** Of a longer answer only the end is read: the conclusion is there, and the time stays bounded. */
const READ_CHARACTERS = 20_000;
/** How much of an option or an answer a verdict shows. */
export const SHOWN_CHARACTERS = 80;
/** How far around a mention its sign, unit, negation or marker is looked for, in characters. */
export const NEAR = 40;

/** Where something is in a text: from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The part of an answer that is read. */
export function readEnd(answer: string): string {
  return answer.slice(-READ_CHARACTERS);
}

export function textBefore(text: string, at: number, characters = NEAR): string {
  return text.slice(Math.max(0, at - characters), at);
}

export function textAfter(text: string, at: number, characters = NEAR): string {
  return text.slice(at, at + characters);
}

// --- markup ---

/** Private-use characters that stand for the start and the end of bold text; patterns have them as \uE000 and \uE001. */
export const BOLD = '\uE000';
export const UNBOLD = '\uE001';

/** One code for each letter; ё is written as е, as most people type it. */
export function unifyLetters(text: string): string {
  return text.normalize('NFC').replaceAll('ё', 'е').replaceAll('Ё', 'Е');
}

/** Takes LaTeX text apart; boxed text becomes a line "answer: ...". Groups of more than `longest` characters stay. */
export function unwrapLatex(text: string, longest: number): string {
  const group = String.raw`\{([^{}]{0,${longest}})\}`;
  return text
    .replace(new RegExp(String.raw`\\(?:text|textbf|mathrm|mathbf)${group}`, 'g'), '$1')
    .replace(new RegExp(String.raw`\\boxed${group}`, 'g'), '\nanswer: $1\n');
}

/**
 * Puts \uE000 and \uE001 around bold text of at most `longest` characters. The `####` that gsm8k has before a result
 * becomes a line "answer:".
 */
export function unwrapMarkdown(text: string, longest: number): string {
  return text
    .replace(/####/g, '\nanswer:')
    .replace(new RegExp(String.raw`\*\*([^*\n]{1,${longest}})\*\*`, 'g'), `${BOLD}$1${UNBOLD}`)
    .replace(new RegExp(String.raw`__([^_\n]{1,${longest}})__`, 'g'), `${BOLD}$1${UNBOLD}`);
}

interface BoldSpan extends Span {
  readonly inside: string;
}

/** Bold text in what `unwrapMarkdown` returned; the spans include the characters that stand for the markup. */
export function findBold(text: string): BoldSpan[] {
  return [...text.matchAll(/\uE000([^\uE000\uE001]*)\uE001/gu)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    inside: match[1] ?? '',
  }));
}

/** Without the sentences of the prompt, which small models repeat. Both texts have to be simplified in the same way. */
export function dropEcho(text: string, prompt: string, isKept: (sentence: string) => boolean): string {
  return prompt
    .split(/(?<=[.?!])\s+|\n/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length >= 12 && !isKept(sentence))
    .reduce((rest, sentence) => rest.replaceAll(sentence, '\n'), text);
}

// --- words that lead to the answer ---

/** What introduces a reason, as part of a pattern. */
export const REASON_WORDS = 'because|since|as|ведь|потому|так как';

/**
 * Source of a pattern for "the answer (to all this) is", "Answer:", "answer - " and the like.
 * @param nouns what is announced, as alternatives
 * @param verbs what announces it, as alternatives
 * @param more.apart further characters that may not stand between noun and verb
 * @param more.or a further alternative to the verbs
 */
export function answerMarker(
  nouns: string,
  verbs: string,
  { apart = '', or }: { readonly apart?: string; readonly or?: string } = {},
): string {
  const announces = [String.raw`(?<!\p{L})(?:${verbs})(?!\p{L})`, '[:=]', String.raw`[-–—](?=\s)`];
  if (or !== undefined) announces.push(or);
  return String.raw`(?<!\p{L})(?:${nouns})(?!\p{L})[^\n.:;!?${apart}]{0,40}?(?:${announces.join('|')})`;
}

/** "Therefore" and the like. */
const CONCLUSION = new RegExp(
  String.raw`(?<!\p{L})(?:therefore|thus|hence|consequently|значит|следовательно|итак|таким образом|поэтому|выходит|получается)(?!\p{L})|(?:^|[.!?,;:\n—–]|(?<!\p{L})(?:and|а|и))\s{0,20}so(?!\p{L})`,
  'giu',
);

/** Where the last conclusion begins, after its "therefore". */
export function findConclusion(text: string): number | undefined {
  const marker = [...text.matchAll(CONCLUSION)].at(-1);
  return marker === undefined ? undefined : marker.index + marker[0].length;
}

const BEFORE_ANSWER =
  /^[\s\uE000\uE001"'«“([:*_—-]*(?:(?:the|an?|that|it|it's|is|be|this|definitely|option|choice|letter|это|вариант|буква|именно)\s+){0,4}["'«“([\uE000]*$/iu;

/** The text up to a mention has nothing but "the", "it is", "option" and the like. */
export function isLeadIn(before: string): boolean {
  return BEFORE_ANSWER.test(before);
}

/** Between two options these words say "one or the other", not which. */
const JOINERS = new Set(
  (
    'or and either both also maybe perhaps possibly then it is might could be the an a option ' +
    'или и либо а может быть возможно также затем потом это вариант'
  ).split(' '),
);

/** Nothing but "or", "and", commas and the like between two options. */
export function isJoined(link: string): boolean {
  if (link.length > NEAR) return false;
  return (link.toLowerCase().match(/[\p{L}']+/gu) ?? []).every((word) => JOINERS.has(word));
}

/** "Anna or Boris", "Anna. Boris. Vera", "Anna: 5, Boris: 6", but not "Anna. Boris is shorter." */
export function isListed(text: string, one: Span, other: Span): boolean {
  const isEntry = (end: number) => /^["'»)\uE001]*\s*:/u.test(textAfter(text, end, 8));
  if (isEntry(one.end) && isEntry(other.end)) return true;
  const link = text.slice(one.end, other.start);
  if (!isJoined(link)) return false;
  return /[\p{L},/&]/u.test(link) || (isAlone(text, one) && isAlone(text, other));
}

function isAlone(text: string, { start, end }: Span): boolean {
  return (
    /(?:^|[\n.!?;,(])[\s\uE000"'«*-]*$/u.test(textBefore(text, start)) &&
    /^["'»)\uE001]*\s*(?:[.!?;,\n)]|$)/u.test(textAfter(text, end))
  );
}

// --- places where options are named ---

/** An option, by its index, is named here. */
export interface Place extends Span {
  readonly option: number;
}

/** These are answers and also small words: "there is no milk", "да и нет". */
const SMALL_WORDS = new Set(['no', 'нет', 'да']);

/**
 * Where the names stand as words of their own; not as the owner of something ("Anna's hat"). The keys of `names` are in
 * lower case, with single spaces.
 */
export function findNames(text: string, names: ReadonlyMap<string, number>): Place[] {
  if (names.size === 0) return [];
  const patterns = [...names.keys()]
    // Of names that begin alike the longest is meant.
    .sort((a, b) => b.length - a.length)
    .map((each) => each.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`).replace(/\s+/g, String.raw`\s+`));
  const possessive = String.raw`(?!'s\s+(?!(?:the|an?|not)\s))`;
  const pattern = new RegExp(
    String.raw`(?<![\p{L}\p{N}_]|\d[.,])(?:${patterns.join('|')})(?![\p{L}\p{N}_]|[.,]\d)${possessive}`,
    'giu',
  );
  return [...text.matchAll(pattern)].flatMap((match) => {
    const start = match.index;
    const end = start + match[0].length;
    const matched = match[0].toLowerCase().replace(/\s+/g, ' ');
    const option = names.get(matched);
    if (option === undefined) return [];
    if (SMALL_WORDS.has(matched)) {
      const opens = /(?:^|[\n.!?:—("«\uE000])\s*$/u.test(textBefore(text, start));
      const closes = !/^\s+\p{L}/u.test(textAfter(text, end));
      if (!opens && !closes) return [];
    }
    return [{ option, start, end }];
  });
}

// --- negation and doubt ---

/** What may stand between "not" and the option. */
const FILLER = String.raw`(?:(?:the|an?|be|option|choice|letter|answer|his|her|its|their|\p{L}+'s|это|его|ее|их|вариант|буква|ответ)\s+){0,2}["'«“(\[\uE000]*$`;
const DENIED_BEFORE = new RegExp(
  String.raw`(?:(?<!\p{L})(?:not|never|neither|nor|rather than|instead of|except(?: for)?|unlike|cannot|не|ни|кроме|вместо|нежели|в отличие от)|n't)\s+${FILLER}`,
  'iu',
);
const OR_BEFORE = new RegExp(String.raw`^["'»\uE001]*,?\s+(?:or|nor|или|ни)\s+${FILLER}`, 'iu');
const WRONG = String.raw`(?:(?:the |an? )?(?:only |most |least )?(?:wrong|incorrect|false|untrue|invalid|mistake\p{L}*|error|distractor|trap|trick|red herring|unlikely|likely wrong|implausible|impossible|irrelevant|off|out|ruled out|excluded|eliminated|rejected|nonsense|absurd|a bad (?:answer|choice)))`;
const EXCLUDED_AFTER = new RegExp(
  [
    String.raw`^["'»)\uE001]*(?:\s+(?:is|was)(?:\s+not|n't)|'s\s+not)\s+(?:the|an?|correct|right|true|it|possible|valid|likely|an option)(?!\p{L})`,
    String.raw`^["'»)\uE001]*\s+(?:cannot|can't|can not|could not|couldn't|won't|will not)\s+(?:be|work|hold)(?!\p{L})`,
    String.raw`^["'»)\uE001]*\s+(?:is|was|are|were|has been|have been|would be|will be|must be|looks|seems|appears|has to be|can be)\s+(?:\p{L}+ly\s+|also\s+|just\s+|both\s+){0,2}${WRONG}(?!\p{L})`,
    String.raw`^["'»)\uE001]*\s+(?:does not|doesn't|do not|don't|would not|wouldn't)\s+(?:fit|work|match|apply|hold|make sense|answer|belong|satisfy)(?!\p{L})`,
    String.raw`^["'»)\uE001]*\s*(?:[—–-]\s+)?(?:это\s+)?(?:точно\s+)?не\s+(?:сам\p{L}+|ответ|подход\p{L}+|верн\p{L}+|прав\p{L}+|может|годит\p{L}+)(?!\p{L})`,
    String.raw`^["'»)\uE001]*\s*(?:[—–-]\s+)?(?:это\s+)?(?:явно\s+|точно\s+)?(?:неверн\p{L}+|неправильн\p{L}+|ошиб\p{L}+|исключ\p{L}+|отпада\p{L}+|лишн\p{L}+)(?!\p{L})`,
    String.raw`^["'»)\uE001]*\s*(?:=|:|[—–-]|\()\s*(?:wrong|incorrect|false)(?!\p{L})`,
  ].join('|'),
  'iu',
);
/** "If it is Anna, ..." supposes it, and so does what follows up to a conclusion. */
const SUPPOSED_BEFORE =
  /(?<!\p{L})(?:if|suppose|assume|если|допустим|предположим)(?!\p{L})(?:(?!(?<!\p{L})(?:so|therefore|thus|hence|значит|следовательно|поэтому)(?!\p{L}))[^\n.!?;])*$/iu;
const DOUBTFUL_AFTER =
  /^["'»)\uE001]*\s+(?:[—-]\s+)?(?:\p{L}+\s+)?(?:\p{L}+n't|not|never|cannot|не|никогда)(?!\p{L})\s*/iu;

/** "not Anna": `before` ends where the mention starts. */
export function isDenied(before: string): boolean {
  return DENIED_BEFORE.test(before);
}

/** "(not Anna) or Boris": what denied the one mention denies the next. */
export function isDenialCarriedOn(link: string): boolean {
  return OR_BEFORE.test(link);
}

/** "Anna is not the one", "Anna is ruled out": `after` starts where the mention ends. */
export function isExcluded(after: string): boolean {
  return EXCLUDED_AFTER.test(after);
}

/** "if Anna": `before` ends where the mention starts. */
export function isSupposed(before: string): boolean {
  return SUPPOSED_BEFORE.test(before);
}

/** Length of the " does not " after a mention, which says something else about it; 0 without one. */
export function measureDoubt(after: string): number {
  return DOUBTFUL_AFTER.exec(after)?.[0].length ?? 0;
}
