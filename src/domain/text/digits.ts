/** Digits and marks of other scripts, as ASCII has them: ４２, ٤٢ and ४२ are 42. */

const MARKS: ReadonlyMap<string, string> = new Map([
  ['٫', '.'],
  ['٬', ','],
  ['٪', '%'],
  ['،', ','],
  ['。', '. '],
  ['、', ', '],
  ['।', '. '],
  ['「', '"'],
  ['」', '"'],
  ['『', '"'],
  ['』', '"'],
  ['【', '['],
  ['】', ']'],
]);
/** Scripts that are written without spaces around numbers and letters of ours. */
const UNSPACED = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]`;
const AFTER_UNSPACED = new RegExp(String.raw`(?<=${UNSPACED})(?=[-+$A-Za-z\d"'(])`, 'gu');
const BEFORE_UNSPACED = new RegExp(String.raw`(?<=[%A-Za-z\d"')])(?=${UNSPACED})`, 'gu');

export function toAscii(text: string): string {
  // eslint-disable-next-line no-control-regex -- most answers have nothing else
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return (
    text
      .replace(/[٫٬٪،。、।「」『』【】]/g, (mark) => MARKS.get(mark) ?? mark)
      // Full-width forms, and letters and digits in circles, brackets and mathematical type.
      .replace(/[\uff01-\uff5e\u2460-\u24ff\u{1d400}-\u{1d7ff}\u{1f110}-\u{1f189}]/gu, unstyle)
      .replace(/(?![\d])\p{Nd}/gu, toDigit)
      .replace(AFTER_UNSPACED, ' ')
      .replace(BEFORE_UNSPACED, ' ')
  );
}

function unstyle(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // White on black: Unicode names no letter for these.
  if (code >= 0x1f150 && code <= 0x1f169) return String.fromCharCode(code - 0x1f150 + 65);
  if (code >= 0x1f170 && code <= 0x1f189) return String.fromCharCode(code - 0x1f170 + 65);
  return character.normalize('NFKC');
}

/** Every script's digits are ten code points in order. */
function toDigit(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  let digit = 0;
  while (digit < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - digit - 1))) digit++;
  return String(digit);
}
