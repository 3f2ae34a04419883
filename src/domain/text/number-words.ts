/** Numbers as English and Russian words. All text is in lower case and has е for ё. */

/** Of each number word in its case forms; "thousand" is 1000. */
export const WORD_VALUES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    0: 'zero ноль нуль ноля нуля',
    1: 'one один одна одно одну одного одной одному одним',
    2: 'two два две двух двум двумя двое двоих',
    3: 'three три трех трем тремя трое троих',
    4: 'four четыре четырех четырем четырьмя четверо четверых',
    5: 'five пять пяти пятью пятеро пятерых',
    6: 'six шесть шести шестью шестеро шестерых',
    // Not "семью": nearly always the accusative of "семья".
    7: 'seven семь семи семеро семерых',
    8: 'eight восемь восьми восемью восьмью восьмеро',
    9: 'nine девять девяти девятью',
    10: 'ten десять десяти десятью',
    11: 'eleven одиннадцать одиннадцати одиннадцатью',
    12: 'twelve двенадцать двенадцати двенадцатью',
    13: 'thirteen тринадцать тринадцати тринадцатью',
    14: 'fourteen четырнадцать четырнадцати четырнадцатью',
    15: 'fifteen пятнадцать пятнадцати пятнадцатью',
    16: 'sixteen шестнадцать шестнадцати шестнадцатью',
    17: 'seventeen семнадцать семнадцати семнадцатью',
    18: 'eighteen восемнадцать восемнадцати восемнадцатью',
    19: 'nineteen девятнадцать девятнадцати девятнадцатью',
    20: 'twenty двадцать двадцати двадцатью',
    30: 'thirty тридцать тридцати тридцатью',
    40: 'forty fourty сорок сорока',
    50: 'fifty пятьдесят пятидесяти пятьюдесятью',
    60: 'sixty шестьдесят шестидесяти шестьюдесятью',
    70: 'seventy семьдесят семидесяти семьюдесятью',
    80: 'eighty восемьдесят восьмидесяти восемьюдесятью',
    90: 'ninety девяносто девяноста',
    100: 'hundred hundreds сто ста',
    200: 'двести двухсот',
    300: 'триста трехсот',
    400: 'четыреста четырехсот',
    500: 'пятьсот пятисот',
    600: 'шестьсот шестисот',
    700: 'семьсот семисот',
    800: 'восемьсот восьмисот',
    900: 'девятьсот девятисот',
    1.5: 'полтора полторы полутора',
    500_000: 'полмиллиона',
    1000: 'thousand thousands тысяча тысячи тысяч тысячу тыс',
    1e4: '万 萬 만',
    1e5: 'lakh lakhs',
    1e6: 'million millions mln mio миллион миллиона миллионов млн',
    1e7: 'crore crores',
    1e8: '亿 億 억',
    1e9: 'billion billions bn mrd миллиард миллиарда миллиардов млрд',
    1e12: 'trillion trillions триллион триллиона триллионов трлн',
  }).flatMap(([value, words]) => words.split(' ').map((word) => [word, Number(value)] as const)),
);

/** What has been read of a number that is written in several words. */
interface WordNumber {
  readonly value: number;
  /** The part of the value that is complete: 2000 in "two thousand five hundred". */
  readonly base: number;
  /** Written in digits it can only be multiplied, as in "5 thousand". */
  readonly isWord: boolean;
}

/** "two" + "hundred", "two hundred" + "twenty", "twenty" + "one"; `undefined` where the word starts a number of its own. */
export function appendNumberWord({ value, base, isWord }: WordNumber, next: number): WordNumber | undefined {
  const rest = value - base;
  const grow = (grown: number) => ({ value: base + grown, base, isWord: true });
  if (next === 100 && rest >= 1 && rest < 100) return grow(rest * 100);
  // Digits are multiplied whatever their size: "0.5 million", "1500 thousand".
  if (next >= 1000 && (isWord ? rest >= 1 && rest < 1000 : rest > 0)) {
    const complete = base + rest * next;
    return { value: complete, base: complete, isWord: true };
  }
  if (!isWord) return undefined;
  if (rest >= 100 && rest % 100 === 0 && next < 100) return grow(rest + next);
  if (rest % 100 >= 20 && rest % 10 === 0 && next >= 1 && next < 10) return grow(rest + next);
  return rest === 0 && base > 0 && next < 1000 ? grow(next) : undefined;
}

// --- fractions ---

const DENOMINATORS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    2: 'half halves половина половину половины половин',
    3: 'third thirds треть трети третей',
    4: 'quarter quarters fourth fourths четверть четверти четвертей',
    5: 'fifth fifths пятая пятую пятых',
    6: 'sixth sixths шестая шестую шестых',
    7: 'seventh sevenths седьмая седьмую седьмых',
    8: 'eighth eighths восьмая восьмую восьмых',
    9: 'ninth ninths девятая девятую девятых',
    10: 'tenth tenths десятая десятую десятых',
    12: 'twelfth twelfths',
    16: 'sixteenth sixteenths',
    20: 'twentieth twentieths',
    100: 'hundredth hundredths сотая сотую сотых',
    1000: 'thousandth thousandths тысячная тысячную тысячных',
  }).flatMap(([value, words]) => words.split(' ').map((word) => [word, Number(value)] as const)),
);

/** 4 of "quarters", which counts only after a number or "a". */
export function findDenominator(word: string): number | undefined {
  return DENOMINATORS.get(word);
}

export function isDozen(word: string): boolean {
  return /^(?:dozens?|дюжин[аыу]?)$/.test(word);
}
