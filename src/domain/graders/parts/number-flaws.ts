import { textAfter, textBefore, type Span } from '../../text/answer-text';

/**
 * Why a number is not what its digits say: part of an `expression` that was not worked out ("x + 5", "5π"), one of
 * `several` ("between 5 and 7"), a `bound` ("at least 7"), or only `compared` with ("more than 7").
 */
export type Flaw = 'expression' | 'several' | 'bound' | 'compared';

const LETTER = String.raw`(?:[b-hj-z]|[α-ωπ])(?![\p{L}'’])`;
const VARIABLE_AFTER = new RegExp(
  [
    // 5π, 5·x, 5 × n
    String.raw`^\s?[*×·]?\s?(?:π|∞|pi(?!\p{L}))`,
    String.raw`^\s?[+*×·÷/^]\s?\(?(?:\d{0,9}${LETTER}|[√∛])`,
    String.raw`^-\(?\d{0,9}${LETTER}`,
    String.raw`^\s-\s\(?\d{0,9}(?:[nxyzk]|[α-ωπ])(?![\p{L}'’])`,
    // 5 x, but not 5 x 3
    String.raw`^·[a-z](?!\p{L})|^![*/+×·)]`,
    String.raw`^\s[xyz](?!\s?[\d(])(?![\p{L}'’])`,
    String.raw`^[√∛]`,
    String.raw`^\s?[+*×·÷/^]\s?\(`,
    String.raw`^\((?:[a-z]|\d+)[^\p{L}\d]`,
    String.raw`^\s?(?:mod|choose)(?!\p{L})`,
  ].join('|'),
  'u',
);
const VARIABLE_BEFORE = new RegExp(
  [
    String.raw`(?<![\p{L}])(?:[b-hj-z]|[α-ωπ]|pi|∞)(?:\^\(?-?\w{1,3}\)?)?\)?\s?[+*×·÷^]\s?\(?$`,
    String.raw`(?<![\p{L}])(?:[b-hj-z]|[α-ωπ])(?:\^\(?-?\w{1,3}\)?)?\)?(?:/|-)\(?$`,
    String.raw`(?<![\p{L}])(?:[nxyzk]|[α-ωπ])(?:\^\(?-?\w{1,3}\)?)?\)? [/-] \(?$`,
    String.raw`\)\s?[+*×·÷/^]\s?\(?$`,
    String.raw`\) - $`,
    // log 7, f(7)
    String.raw`(?<!\p{L})(?:log|ln|lg|sin|cos|tan|tg|ctg|cot|exp|arcsin|arccos|arctan|gcd|lcm|нод|нок)(?:_?\d{0,3})?\s{0,2}\(?$`,
    String.raw`(?<!\p{L})[a-z]\($`,
    String.raw`(?<!\p{L})mod\s$`,
    String.raw`[√∛]\([^)\n]{0,20}$|ⁿ√\(?$`,
  ].join('|'),
  'u',
);

const BOUND_BEFORE =
  /(?<!\p{L})(?:at (?:the )?(?:least|most)|(?:no|not) (?:more|less|fewer|greater) than|up to|exceeds|не (?:менее|меньше|более|больше)(?: чем)?|как минимум|как максимум|минимум|максимум|по (?:крайней|меньшей) мере|свыше)\s+(?:\p{L}+ly\s+)?[$€£₽]?-?$|[≤≥]\s?[$€£₽]?-?$|[<>]=?\s?[$€£₽]?-?$|±\s?$/u;
const BOUND_AFTER =
  /^\s?(?:\p{L}+\s)?(?:or (?:more|less|fewer|greater|higher|lower|above|below)|and (?:up|above|over)|at (?:the )?(?:least|most)|или (?:больше|более|меньше|менее)|и (?:более|больше|выше))(?!\p{L})|^\+(?=\s*(?:$|[.,!\n]|\p{L}))|^\s?[<>≤≥]|^\s?±/u;
const ASKS_FOR_BOUND =
  /(?<!\p{L})(?:at (?:the )?(?:least|most)|minim\p{L}+|maxim\p{L}+|smallest|largest|fewest|greatest|no (?:more|less|fewer) than|least|most|наименьш\p{L}+|наибольш\p{L}+|минимальн\p{L}+|максимальн\p{L}+|не (?:менее|меньше|более|больше)|хотя бы|как минимум|самое (?:большее|меньшее))(?!\p{L})/iu;

/** To "How many at least?" the answer "at least 7" is a number. */
export function asksForBound(prompt: string): boolean {
  return ASKS_FOR_BOUND.test(prompt);
}

const COMPARED_BEFORE =
  /(?<!\p{L})(?:(?:more|less|fewer|greater|larger|smaller|higher|lower|bigger|older|younger|longer|shorter) than|(?<!\p{N}\s?)over|(?<!не )(?:больше|меньше|более|менее)(?: чем)?)\s+[$€£₽]?-?$/u;
const BETWEEN = /(?<!\p{L})(?:between|anywhere from|somewhere between|от|между)\s+[$€£₽]?-?$/u;

export function findFlaw(text: string, span: Span & { readonly flaw?: Flaw }): Flaw | undefined {
  const before = textBefore(text, span.start);
  const after = textAfter(text, span.end);
  if (span.flaw !== undefined) return span.flaw;
  if (VARIABLE_AFTER.test(after) || VARIABLE_BEFORE.test(before)) return 'expression';
  if (BETWEEN.test(before)) return 'several';
  if (BOUND_BEFORE.test(before) || BOUND_AFTER.test(after)) return 'bound';
  return COMPARED_BEFORE.test(before) ? 'compared' : undefined;
}

const SUPPOSED =
  /(?<!\p{L})(?:if|suppose|assume|say|если|допустим|предположим)(?:\s+that)?\s+(?:(?:it|the answer|this|x|это|ответ)\s+)(?:(?:is|was|were|be|had been|равен|равно)\s+|=\s*)?$/u;

/** "If it were 7 ..." */
export function isSupposedNumber(before: string): boolean {
  return SUPPOSED.test(before);
}

/** Units that are said together, with how many of the second make the first. */
const COMPOUNDS = (
  [
    [String.raw`h|hrs?|hours?|ч|час\p{L}{0,3}`, String.raw`m|mins?|minutes?|мин\p{L}{0,4}`, 60],
    [String.raw`m|mins?|minutes?|мин\p{L}{0,4}`, String.raw`s|secs?|seconds?|с|сек\p{L}{0,4}`, 60],
    [String.raw`ft|foot|feet`, String.raw`in|inch|inches`, 12],
    [String.raw`lbs?|pounds?`, String.raw`oz|ounces?`, 16],
    [String.raw`dollars?|euros?|руб\p{L}{0,4}`, String.raw`cents?|коп\p{L}{0,4}`, 100],
    [String.raw`years?|yrs?|год\p{L}{0,2}|лет`, String.raw`months?|мес\p{L}{0,4}`, 12],
    [String.raw`weeks?|недел\p{L}`, String.raw`days?|дн\p{L}{0,2}|день`, 7],
    [String.raw`d|days?|дн\p{L}{0,2}|день`, String.raw`h|hrs?|hours?|ч|час\p{L}{0,3}`, 24],
    [String.raw`kg|kilograms?|кг`, String.raw`g|grams?|г|грамм\p{L}{0,2}`, 1000],
    [String.raw`km|kilometers?|км`, String.raw`m|meters?|м|метр\p{L}{0,2}`, 1000],
    [String.raw`m|meters?|м|метр\p{L}{0,2}`, String.raw`cm|centimeters?|см`, 100],
  ] as const
).map(([large, small, ratio]) => ({
  link: new RegExp(String.raw`^ ?(?:${large})\.?,?(?: and| и)? $`, 'u'),
  after: new RegExp(String.raw`^ ?(?:${small})(?!\p{L})`, 'u'),
  ratio,
}));

/** "2 hours 30 minutes" is 2.5 and 150; undefined where the two numbers are not one amount. */
export function readCompound(
  text: string,
  large: Span & { readonly readings: readonly number[] },
  small: Span & { readonly readings: readonly number[] },
): number[] | undefined {
  if (small.start - large.end > 20) return undefined;
  const link = text.slice(large.end, small.start);
  const after = textAfter(text, small.end, 12);
  const unit = COMPOUNDS.find((each) => each.link.test(link) && each.after.test(after));
  const [whole] = large.readings;
  const [part] = small.readings;
  if (unit === undefined || whole === undefined || part === undefined || part >= unit.ratio) return undefined;
  return [whole + part / unit.ratio, whole * unit.ratio + part];
}
