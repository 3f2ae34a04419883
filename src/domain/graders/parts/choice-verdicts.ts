import type { Key, Mention } from './choice-mentions';

/** Answers that judge each option by itself: "A. Paris ❌", "B) incorrect", "- [x] C". */

const TICK = String.raw`[✅✔☑✓👍🟢🎯]`;
const CROSS = String.raw`[❌✗✘✖☒🚫👎🔴⛔]`;
const RIGHT = 'yes|true|correct|right|верно|да|правильно|верный|правильный';
const WRONG =
  "no|false|incorrect|wrong|not correct|not right|not true|isn't correct|isn't right|неверно|нет|неправильно|неверный|неправильный|не верно|ложно";
const LEAD = String.raw`^[\s.):\]"'»\uE001—–-]*(?:\(|=|[-=]>|→|:)?\s*(?:(?:it's|it is|this is|that is|that's|is|это)\s+)?(?:(?:definitely|clearly|also|the|an?|явно|тоже)\s+){0,2}[*\uE000]?`;
const TAIL = String.raw`(?=[\s.,;!?)\]—–\uE001-]|$)`;
const SAYS_RIGHT = new RegExp(String.raw`${LEAD}(?:${RIGHT})${TAIL}`, 'iu');
const SAYS_WRONG = new RegExp(String.raw`${LEAD}(?:${WRONG})${TAIL}`, 'iu');
const HAS_TICK = new RegExp(TICK, 'u');
const HAS_CROSS = new RegExp(CROSS, 'u');
const TICKED_BEFORE = new RegExp(String.raw`(?:${TICK}|\[[xX]\])\s*$`, 'u');
const CROSSED_BEFORE = new RegExp(String.raw`(?:${CROSS}|\[ ?\])\s*$`, 'u');
/** What is read of an option's line after its name. */
const READ = 200;
/** These names are verdicts themselves. */
const VERDICTS = new Set(`${RIGHT}|${WRONG}`.split('|'));

interface Judged {
  readonly option: number;
  /** The label and the name. */
  readonly mentions: readonly Mention[];
  readonly end: number;
  readonly verdict: 'right' | 'wrong' | 'none';
}

interface Verdicts {
  /** What a list of verdicts leaves; undefined without such a list. */
  readonly settled?: readonly number[];
  /** Where that list ends. */
  readonly end: number;
  /** What is called wrong, there and then. */
  readonly wrong: ReadonlySet<Mention>;
  /** By ticks and crosses, not by words. */
  readonly ticked: boolean;
}

export function findVerdicts(text: string, mentions: readonly Mention[], { names, count }: Key): Verdicts {
  if ([...names.keys()].some((name) => VERDICTS.has(name)))
    return { end: 0, wrong: new Set(), ticked: false };
  const judged = judgeEach(text, mentions);
  const of = (verdict: Judged['verdict']) => [
    ...new Set(judged.filter((each) => each.verdict === verdict).map(({ option }) => option)),
  ];
  const right = of('right');
  const wrong = of('wrong').filter((option) => !right.includes(option));
  const refuted = new Set(judged.flatMap((each) => (each.verdict === 'wrong' ? each.mentions : [])));
  const end = judged.findLast(({ verdict }) => verdict !== 'none')?.end ?? 0;
  const ticked = isMarked(text);
  const isList = right.length + wrong.length > 1 || (right.length === 1 && ticked);
  if (isList && right.length > 0) return { settled: right, end, wrong: refuted, ticked };
  // All but one are crossed out.
  const open = of('none').filter((option) => !wrong.includes(option));
  const isLeft = isList && open.length === 1 && wrong.length === count - 1;
  return { ...(isLeft && { settled: open }), end, wrong: refuted, ticked };
}

function isMarked(text: string): boolean {
  return HAS_TICK.test(text) || /\[[xX]\]/.test(text);
}

function judgeEach(text: string, mentions: readonly Mention[]): Judged[] {
  return mentions.flatMap((mention, at) => {
    const next = mentions[at + 1];
    // "A. Paris" names it twice.
    if (next?.option === mention.option && next.start - mention.end < 8) return [];
    let first = mention;
    const previous = mentions[at - 1];
    if (previous?.option === mention.option && mention.start - previous.end < 8) first = previous;
    const line = text.slice(mention.end, mention.end + READ).split('\n', 1)[0] ?? '';
    const own = next === undefined ? line : line.slice(0, Math.max(0, next.start - mention.end));
    const before =
      text
        .slice(Math.max(0, first.start - 12), first.start)
        .split('\n')
        .at(-1) ?? '';
    return [
      {
        option: mention.option,
        mentions: [first, mention],
        end: mention.end + own.length,
        verdict: judgeOne(before, own),
      },
    ];
  });
}

function judgeOne(before: string, after: string): Judged['verdict'] {
  if (SAYS_WRONG.test(after)) return 'wrong';
  if (SAYS_RIGHT.test(after)) return 'right';
  if (/[✅✔☑✓👍🟢🎯❌✗✘✖☒🚫👎🔴⛔]|\[[xX ]?\]/u.test(before)) {
    if (TICKED_BEFORE.test(before)) return 'right';
    if (CROSSED_BEFORE.test(before)) return 'wrong';
  }
  if (HAS_TICK.test(after)) return HAS_CROSS.test(after) ? 'none' : 'right';
  return HAS_CROSS.test(after) ? 'wrong' : 'none';
}
