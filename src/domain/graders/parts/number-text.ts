import { dropEcho, readEnd, unifyLetters, unwrapMarkdown } from '../../text/answer-text';
import { toAscii } from '../../text/digits';
import { BOX, flattenLatex, UNBOX } from '../../text/latex';
import type { DecimalSign } from '../../text/numerals';
import { readAnswer } from '../../text/reasoning';
import { evaluateArithmetic } from './arithmetic';

/** Characters of bold text that is taken apart: longer ones are no result. */
const LONGEST_BOLD = 120;

/** An answer with one way to write each thing, in lower case, without the question that it repeats. */
export function prepareNumberText(answer: string, prompt: string): string {
  const text = simplify(readEnd(readAnswer(answer)));
  return dropEcho(text, simplify(prompt), isWorthKeeping);
}

/** A sentence of the prompt that could be an answer: an option, an example with its answer, or a few words. */
function isWorthKeeping(sentence: string): boolean {
  const words = sentence.match(/\p{L}{2,}/gu)?.length ?? 0;
  return (
    words < 4 || /^[([]?(?:\p{L}|\d{1,2})[)\].:]/u.test(sentence) || /answer|ответ|=|####/.test(sentence)
  );
}

function simplify(text: string): string {
  const plain = flattenLatex(toAscii(unifyLetters(text)))
    .replace(/(?:https?:\/\/|www\.)\S+|[^\s@]{1,64}@[^\s@]+\.\p{L}+/gu, ' ')
    .replace(/~~[^~\n]{1,120}~~/g, ' ')
    .replace(/[^\S\n]{2,}/g, ' ');
  const lower = markVariables(spellMagnitudes(plain)).toLowerCase();
  return unwrapMarkdown(unifySigns(lower), LONGEST_BOLD)
    .replace(/(?<![\p{N}\p{L}*)\]])\*(?=[^\s*])([^*\n]{1,120})(?<=\S)\*(?![\p{L}\p{N}*(])/gu, '$1')
    .replace(/`+/g, '')
    .replace(new RegExp(`${BOX}([^${BOX}${UNBOX}]*)${UNBOX}`, 'g'), (_all, inside: string) => solve(inside));
}

/** "10k", "$1.5M": the letters that stand for thousands and more, as words. Their case tells them from units. */
function spellMagnitudes(text: string): string {
  return text
    .replace(
      /(?<=[$€£₽¥₹]\s?\d[\d.,]{0,20}\s?)([mbtMBT])(?![\p{L}\p{N}])/gu,
      (letter) => ` ${MAGNITUDES.get(letter.toUpperCase()) ?? letter}`,
    )
    .replace(
      /(?<=\d)(?:[KkMB]|[кК]|[mM]n|[bB]n|[mM]ln|[tT]n)(?![\p{L}\p{N}/^²³'])/gu,
      (letters) => ` ${MAGNITUDES.get(letters.charAt(0).toUpperCase()) ?? letters}`,
    );
}
const MAGNITUDES: ReadonlyMap<string, string> = new Map([
  ['K', 'thousand'],
  ['К', 'thousand'],
  ['M', 'million'],
  ['B', 'billion'],
  ['T', 'trillion'],
]);

/** "5x" is a product; "5m" is a unit, and so is "5N". */
function markVariables(text: string): string {
  return text.replace(/(?<=(?<!\p{L})\d)(?=[abeijnp-ru-z](?![\p{L}\p{N}'’]))(?!e[+-]?\d)/gu, '·');
}

function unifySigns(text: string): string {
  return (
    text
      // A true minus is one even with a space after it, unless it stands between two things.
      .replace(/(?<![\p{L}\p{N})\]%}°]\s{0,2})\u2212\s{0,2}(?=[$€£₽]?[\d.√])/gu, '-')
      .replace(/[\u2212\u2010\u2011\ufe63]/g, '-')
      .replace(/[⁰¹²³⁴-⁹⁺⁻]+/g, (power) => `^${power.normalize('NFKC').replace('\u2212', '-')}`)
      .replace(/[¼-¾⅐-⅞]/g, (sign, at: number, whole: string) => {
        const fraction = sign.normalize('NFKC').replace('\u2044', '/');
        return /\d/.test(whole.charAt(at - 1)) ? ` ${fraction}` : fraction;
      })
      .replaceAll('\u2044', '/')
      .replace(/[⋅∙](?=\s?\d)/g, '·')
      .replace(/(?<=\d)_(?=\d{3}(?!\d))/g, '')
      .replace(/(?<!\p{L})(?:the )?(?:square root of|sqrt|корень из|квадратный корень из)\s{0,2}/gu, '√')
      .replace(/(?<!\p{L})(?:the )?(?:cube root of|cbrt|кубический корень из)\s{0,2}/gu, '∛')
      .replace(/(?<!\p{L})half (?:an? )?(?=(?:hundred|thousand|million|billion|dozen)(?!\p{L}))/gu, '0.5 ')
      .replace(/(?<=\d)\s?(?:squared|в квадрате)(?!\p{L})/gu, '^2')
      .replace(/(?<=\d)\s?(?:cubed|в кубе)(?!\p{L})/gu, '^3')
      .replace(/(?<=\d)\s(?:(?:raised )?to the power(?: of)?|в степени)\s(?=-?\d)/gu, '^')
      .replace(/(?<=\d)\sto the (?=\d{1,3}(?:st|nd|rd|th)(?!\p{L})(?:\s+power)?)/gu, '^')
      .replace(/(?<=\d)\s?(?:pct|per cent|percent|процент\p{L}{0,3}|٪)(?!\p{L})\.?/gu, '%')
  );
}

/** A sum in a box is meant to be worked out. */
function solve(inside: string): string {
  const value = evaluateArithmetic(inside.replace(/[$€£\s]/g, ' ').trim());
  return value === undefined ? inside : String(value);
}

/** Words that most texts of a language have, where it writes 1.234,5 for a thousand and more. */
const COMMA_WORDS =
  /(?<!\p{L})(?:der|die|das|und|ist|antwort|el|la|los|es|respuesta|son|est|les|réponse|il|di|risposta|o|é|resposta|het|een|antwoord|jest|odpowiedź|bir|cevap|adalah|jawaban|svaret|och|og)(?!\p{L})|\p{Script=Cyrillic}/giu;
const POINT_WORDS = /(?<!\p{L})(?:the|is|of|how|many|what|and|are|to|answer)(?!\p{L})/giu;

/** Languages whose decimal sign is a comma (Unicode CLDR), as far as they are no variant with another. */
const COMMA_LANGUAGES = new Set(
  (
    'af az be bg bs ca cs da de el es et eu fi fo fr gl hr hu hy id is it ka kk kl ky lt lv mk mn nb nl nn no pl pt ro ru ' +
    'sk sl sq sr sv tk tr tt uk uz vi'
  ).split(' '),
);
const POINT_VARIANTS = new Set([
  'de-ch',
  'de-li',
  'it-ch',
  'es-mx',
  'es-us',
  'es-pr',
  'es-do',
  'es-gt',
  'es-hn',
  'es-ni',
  'es-pa',
  'es-pe',
  'es-sv',
  'es-cu',
]);

/**
 * Which decimal sign a case has: that of its set's language, or what its own words tell. English is what a set says that
 * does not know its language, so there the words come first.
 */
export function findDecimalSign(text: string, language?: string): DecimalSign {
  const tag = language?.toLowerCase() ?? '';
  if (POINT_VARIANTS.has(tag)) return 'point';
  const [base = ''] = tag.split('-');
  if (COMMA_LANGUAGES.has(base)) return 'comma';
  if (base !== '' && base !== 'en') return 'point';
  const told = readDecimalSign(text);
  return told === 'unknown' && base === 'en' ? 'point' : told;
}

function readDecimalSign(text: string): DecimalSign {
  const commas = new Set(text.slice(0, 4_000).toLowerCase().match(COMMA_WORDS)).size;
  const points = new Set(text.slice(0, 4_000).toLowerCase().match(POINT_WORDS)).size;
  return points > commas && points > 1 ? 'point' : commas > points ? 'comma' : 'unknown';
}
