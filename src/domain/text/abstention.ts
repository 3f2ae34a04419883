import {
  answerMarker,
  findConclusion,
  readEnd,
  unifyLetters,
  unwrapLatex,
  unwrapMarkdown,
} from './answer-text';

const NOT = String.raw`(?:do not|don't|cannot|can't|can not|could not|couldn't|am unable to|'m unable to|am not able to|'m not able to)`;
const ABSTAINS = new RegExp(
  [
    String.raw`(?<!\p{L})i\s+(?:really\s+|honestly\s+|just\s+)?${NOT}\s+(?:really\s+|definitively\s+)?(?:know|answer|say|tell|determine|solve|figure)(?!\p{L})`,
    String.raw`(?<!\p{L})i(?:\s+am|'m)\s+(?:not\s+(?:sure|certain|able to)|unsure|unable to)(?!\p{L})`,
    String.raw`(?<!\p{L})(?:i have\s+)?no idea(?!\p{L})`,
    String.raw`(?<!\p{L})(?:don't|do not) know(?=[\s.!]*$)`,
    String.raw`(?<!\p{L})i\s+(?:would rather not|prefer not to|decline to|refuse to)\s+(?:answer|guess|say)`,
    String.raw`(?<!\p{L})(?:я\s+)?(?:не знаю|не могу\s+(?:точно\s+)?(?:ответить|сказать|определить|дать ответ|решить)|не уверена?|затрудняюсь|не берусь)(?!\p{L})`,
    String.raw`(?<!\p{L})(?:мне (?:это )?неизвестно|понятия не имею)(?!\p{L})`,
  ].join('|'),
  'giu',
);
/** What follows names an answer after all. */
const ANSWERS_AFTER_ALL = new RegExp(
  [
    answerMarker('answer', 'is|are|was|be'),
    answerMarker('ответ(?:ом)?', 'будет|это|является'),
    String.raw`(?<!\p{L})(?:but|however|though|my (?:best )?guess|i(?:'d| would)? (?:think|guess|say|believe)|probably|но|однако|думаю|наверное|скорее всего|предположу)(?!\p{L})`,
  ].join('|'),
  'iu',
);
/** Somebody else says it, or it is only supposed. */
const NOT_THE_MODEL =
  /(?:["«“][^"»”\n]*|(?<!\p{L})(?:says?|said|replies|replied|answers|answered|говорит|сказала?|отвечает|ответила?|if|suppose|если|допустим)(?!\p{L})[^.\n!?]*)$/iu;

/**
 * The model says that it does not know, in English or Russian, and leaves it at that. "It cannot be determined" is an
 * answer, and so is "I don't know, but probably 5".
 */
export function isAbstention(answer: string): boolean {
  const text = unwrapMarkdown(unwrapLatex(unifyLetters(readEnd(answer)), 200), 200)
    .replace(/[’ʼ`´]/g, "'")
    .replace(/[^\S\n]+/g, ' ');
  const last = [...text.matchAll(ABSTAINS)].at(-1);
  if (last === undefined) return false;
  const before = text.slice(0, last.index);
  if (NOT_THE_MODEL.test(before.slice(-200))) return false;
  const [said = ''] = new RegExp(answerMarker('answer|ответ', 'is|будет|это'), 'iu').exec(before) ?? [];
  // "The answer is 5. I am not sure." has an answer; "The answer is: I don't know" has none.
  if (said !== '' && /[\p{L}\p{N}]/u.test(before.slice(before.lastIndexOf(said) + said.length))) return false;
  const after = text.slice(last.index + last[0].length);
  return !ANSWERS_AFTER_ALL.test(after) && findConclusion(after) === undefined;
}
