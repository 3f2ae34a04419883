/** Where an answer takes back what it said, or says that there is none; in English and Russian. */

const CORRECTION = new RegExp(
  [
    String.raw`(?:^|[.!?,;:\n—–…-]\s{0,3}|\.{3}\s?)(?:(?:oh|but|hmm+|oops|ah|well|and|so|no|нет|ой|хотя|но)[,.!]?\s+)?(?:wait|hold on|actually|correction|scratch that|strike that|oops|sorry|my mistake|apologies|i apologi[sz]e|on reflection|on second thou?ghts?|let me (?:correct|fix|redo|recompute|reconsider|recheck|double[- ]check)|i made (?:a|an) (?:mistake|error)|i meant?|or rather|no,|стоп|подожди\p{L}*|погоди\p{L}*|вернее|точнее|поправка|исправл\p{L}+|ошиб\p{L}+|извин\p{L}+|на самом деле|нет,)(?!\p{L})`,
    String.raw`(?<!\p{L})that(?:'s| is| was) (?:wrong|incorrect|not right|a mistake)(?!\p{L})`,
    String.raw`(?<!\p{L})(?:это )?(?:неверно|неправильно)[.,!]`,
  ].join('|'),
  'giu',
);

/** Where the last "wait", "no," or "that's wrong" ends, when something was said before it. */
export function findCorrection(text: string): number | undefined {
  const last = [...text.matchAll(CORRECTION)].at(-1);
  if (last === undefined || !/[\p{L}\p{N}]/u.test(text.slice(0, last.index))) return undefined;
  return last.index + last[0].length;
}

const FIND = String.raw`(?:know|tell|determin\p{L}*|say|answer\p{L}*|solv\p{L}*|calculat\p{L}*|comput\p{L}*|give|provide|help|assist|figure|decide|choose|conclude|be sure|be certain)`;
const REFUSAL = new RegExp(
  [
    String.raw`no way (?:to|of) ${FIND}`,
    String.raw`(?:cannot|can't|can not|couldn't|could not|unable to|not able to|impossible to|not possible to|no idea how to)\s+(?:be\s+)?(?:\p{L}+ly\s+)?${FIND}(?!\p{L})`,
    String.raw`(?:not enough|insufficient|too little|missing) (?:information|data|info|details|context)`,
    String.raw`(?:information|data) is (?:missing|insufficient|not given|incomplete)`,
    String.raw`i (?:really |honestly |just )?(?:don't|do not) know`,
    String.raw`i(?:'m| am) (?:not sure|unsure|not certain)`,
    String.raw`i have no idea`,
    String.raw`i(?:'d)? (?:refuse|decline|prefer not|would rather not|won't|will not)(?: to)? (?:answer|say|choose|guess|pick)`,
    String.raw`(?:нельзя|невозможно|не могу|не удастся|не получится)\s+(?:\p{L}+о\s+)?(?:знать|узнать|сказать|определить|ответить|вычислить|решить|найти|помочь|выбрать)`,
    String.raw`недостаточно (?:данных|информации|сведений)`,
    String.raw`(?:я )?не (?:знаю|уверена?)`,
  ]
    .map((each) => String.raw`(?<!\p{L})(?:${each})(?!\p{L})`)
    .join('|'),
  'giu',
);
/** After these a refusal is followed by an answer after all. */
const AFTER_ALL =
  /(?<!\p{L})(?:but|however|though|nevertheless|guess|estimate|probably|likely|therefore|thus|hence|so|i(?:'d| would)? (?:say|think|guess|choose|pick|go)|но|однако|думаю|наверное|вероятно|скорее|поэтому|значит|предположу)(?!\p{L})|≈/iu;
/** Before these it is what someone else says, or what is only supposed. */
const NOT_THE_MODEL =
  /["«“][^"»”\n]*$|(?<!\p{L})(?:says?|said|if|suppose|unless|although|though|while|если|хотя|говорит|сказал\p{L}*)(?!\p{L})[^.\n!?;]*$/iu;

/**
 * The answer says that it cannot tell, and leaves it at that: numbers and options that it mentions are no answers.
 * @param isAnswered whether an answer is clearly given in the text from an index on
 */
export function isRefusal(text: string, isAnswered: (from: number) => boolean): boolean {
  const refusals = [...text.replace(/[’ʼ]/g, "'").matchAll(REFUSAL)];
  const last = refusals.at(-1);
  const first = refusals[0];
  if (last === undefined || first === undefined) return false;
  if (NOT_THE_MODEL.test(text.slice(Math.max(0, last.index - 100), last.index))) return false;
  const end = last.index + last[0].length;
  const after = text.slice(end);
  if (AFTER_ALL.test(after) && /[\p{L}\p{N}]/u.test(after)) return false;
  return !isAnswered(0) && !isAnswered(end);
}
