import {
  answerMarker,
  findBold,
  findConclusion,
  isJoined,
  isLeadIn,
  isListed,
  REASON_WORDS,
  textAfter,
} from '../../text/answer-text';
import { findCorrection, isRefusal } from '../../text/second-thoughts';
import { isAsserted, type Key, type Mention } from './choice-mentions';
import { findVerdicts } from './choice-verdicts';

const ANSWER_MARKER = new RegExp(
  [
    answerMarker('answer|ans|conclusion|choice|pick|selection|verdict', 'is|are|was|be'),
    answerMarker('(?:ответ|вывод|выбор)(?:ом)?', 'будет|это|является'),
    answerMarker(
      'antwort|respuesta|r[ée]ponse|resposta|risposta|antwoord|odpowiedź|відповідь|jawaban|cevap|svaret|svar|vastaus|उत्तर|الجواب|الإجابة',
      'ist|lautet|es|est|é|è|is|to|jest|adalah|är|er|on|هو|هي|है',
    ),
    String.raw`(?<!\p{L})i(?:'d| would|'ll| will)? (?:go with|choose|chose|pick|picked|select|selected|answer|opt for|settle on)(?=\s)`,
    String.raw`(?<!\p{L})(?:я )?(?:выбираю|выбрала?)(?=\s)`,
    String.raw`(?:答案|正解|答え|答|故选|选择|选|정답|답)\s?(?:是|为|為|は|은|는|:|=)?\s?`,
    String.raw`คำตอบ\s?(?:คือ)?\s?:?`,
  ].join('|'),
  'giu',
);
/** A label that no option has, or "none of them". */
const NO_OPTION =
  /^[\s"'«([*$\uE000]*(?:[A-Z](?=[\s.,;!:)\]"'*$\uE001]|$)(?!\s+\p{Ll})|(?:none|neither|nothing|no option|no answer|не один|ни один|никак\p{L}+)(?!\p{L}))/u;
/** What stands between "wait" and the option that takes the place of another. */
const RESTATES =
  /^[\s,.:!*"'\uE000—–-]*(?:(?:that's|that is|that was|no|not|wrong|incorrect|right|actually|sorry|so|then|but|and|i meant|i mean|make that|it|it's|it is|this|the|answer|correct|option|should|must|has to|would|be|is|choose|pick|go with|это|должно быть|будет|точнее|вернее|нет|не так|ответ|[,.\s:—–-])\s*)*["'(\uE000]*$/iu;

/** The options the answer comes down to: one, several (undecided) or none. */
export function settle(
  text: string,
  found: readonly Mention[],
  key: Key,
  wrongIsMeant: boolean,
): readonly number[] {
  const verdicts = findVerdicts(text, found, key);
  const all = wrongIsMeant
    ? found
    : found.map((each) => (verdicts.wrong.has(each) ? { ...each, state: 'excluded' as const } : each));
  const refusesAsOption = [...key.names.keys()].some((name) => isRefusal(name, () => false));
  if (!refusesAsOption && isRefusal(text, (from) => isMarkedAfter(text, all, key, from))) return [];
  const corrected = settleCorrected(text, all, key);
  if (corrected !== undefined) return corrected;
  if (verdicts.settled !== undefined && (verdicts.ticked || !wrongIsMeant)) {
    const later = all.filter(({ start }) => start >= verdicts.end);
    return settleMarked(text, later, key, verdicts.end) ?? verdicts.settled;
  }
  const echoed = findRepeated(text, all);
  const mentions = all.filter((each) => !echoed.has(each));
  if (echoed.size > 0 && mentions.length === 0) return distinct(all);
  return (
    settleMarked(text, mentions, key) ??
    settleBold(text, mentions) ??
    settleAsserted(text, mentions) ??
    settleByPlace(text, mentions) ??
    settleBySet(dropReasons(text, mentions))
  );
}

function isMarkedAfter(text: string, all: readonly Mention[], key: Key, from: number): boolean {
  const later = all.filter(({ start }) => start >= from);
  const settled = settleMarked(text, later, key, from) ?? settleBold(text, later);
  return settled !== undefined && settled.length > 0;
}

/** What follows "wait" or "no," takes the place of what was said before, when it names an option as the answer. */
function settleCorrected(text: string, all: readonly Mention[], key: Key): readonly number[] | undefined {
  const from = findCorrection(text);
  const later = from === undefined ? [] : all.filter(({ start }) => start >= from);
  const [first] = later;
  if (from === undefined || first === undefined || later.length === all.length) return undefined;
  const marked = settleMarked(text, later, key, from);
  if (marked !== undefined && marked.length > 0) return marked;
  return first.state === 'meant' && RESTATES.test(text.slice(from, first.start)) ? [first.option] : undefined;
}

/** What stands in lines that only repeat the options, one after the other, unless one of them stands out in bold. */
function findRepeated(text: string, mentions: readonly Mention[]): ReadonlySet<Mention> {
  const repeated = new Set<Mention>();
  let boldLines = 0;
  let start = 0;
  let at = 0;
  for (const line of text.split('\n')) {
    const end = start + line.length;
    const own: Mention[] = [];
    for (let each = mentions[at]; each !== undefined && each.start < end; each = mentions[++at])
      own.push(each);
    if (repeatsOption(text, line, own)) {
      for (const each of own) repeated.add(each);
      if (findBold(line).length > 0) boldLines++;
    }
    start = end + 1;
  }
  const isList = distinct([...repeated]).length > 1;
  return isList && boldLines !== 1 ? repeated : new Set();
}

/** "A. Paris", and no word more */
function repeatsOption(text: string, line: string, own: readonly Mention[]): boolean {
  const [first] = own;
  if (first === undefined || own.length < 2 || own.length > 4) return false;
  if (!/^[\s>*•\uE000-]{0,10}[([]?\p{L}[)\].:]\uE001?\s{0,4}\S/u.test(line)) return false;
  const rest = own.reduce((left, each) => left.replace(text.slice(each.start, each.end), ''), line);
  return !/[\p{L}\p{N}\p{So}]/u.test(rest) && own.every(({ option }) => option === first.option);
}

/** After "the answer is", "Answer:", `\boxed` and the like; the last such place that names an option. */
function settleMarked(
  text: string,
  mentions: readonly Mention[],
  { letters, names }: Key,
  earliest = 0,
): readonly number[] | undefined {
  for (const marker of [...text.matchAll(ANSWER_MARKER)].reverse()) {
    if (marker.index < earliest) break;
    const from = marker.index + marker[0].length;
    const rest = textAfter(text, from, 400);
    const sentence = /^\s*[^\n]*?(?:[.!?](?=\s|$)|\n|$)/u.exec(rest);
    const to = from + (sentence?.[0].length ?? rest.length);
    const named = mentions.filter(({ start, end }) => start >= from && end <= to);
    const [first] = named;
    if (first === undefined) {
      const said = NO_OPTION.exec(rest)?.[0].trim().toLowerCase();
      if (said !== undefined && letters.size > 0 && !names.has(said)) return [];
      continue;
    }
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

/** The one option that is called right. */
function settleAsserted(text: string, mentions: readonly Mention[]): readonly number[] | undefined {
  const asserted = distinct(mentions.filter((each) => isAsserted(text, each)));
  return asserted.length === 1 ? asserted : undefined;
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
