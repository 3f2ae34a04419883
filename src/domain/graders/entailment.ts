import * as v from 'valibot';
import { readEnd } from '../text/answer-text';
import { parseWith } from '../parse';
import { judgeOptions } from './choice';
import { defineGrader } from './grader';
import { simplify, type Item } from './items';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  value: v.picklist(['true', 'false', 'unknown']),
  /** Two answers only: what does not follow is false. Otherwise that leaves false and unknown open. */
  twoValued: v.optional(v.boolean(), false),
});

const ANSWERS: readonly Item[] = [
  {
    text: 'true',
    aliases: [
      ...['yes', 'correct', 'entailed', 'entailment', 'entails', 'follows', 'valid', 'holds'],
      ...['правда', 'верно', 'истина', 'истинно', 'истинное', 'истинным', 'да', 'следует', 'вытекает'],
      ...['верное', 'верным', 'правильно', 'подтверждается'],
    ],
  },
  {
    text: 'false',
    aliases: [
      ...['no', 'incorrect', 'untrue', 'contradiction', 'contradicted', 'contradicts', 'contradictory'],
      ...['refuted', 'wrong', 'invalid', 'not-entailed'],
      ...['ложь', 'ложно', 'ложное', 'ложным', 'неверно', 'неправда', 'нет', 'противоречие', 'противоречит'],
      ...['опровергается', 'неправильно', 'неверное', 'неверным'],
    ],
  },
  {
    text: 'unknown',
    aliases: [
      ...['uncertain', 'undetermined', 'undecidable', 'indeterminate', 'neutral', 'unclear', 'inconclusive'],
      ...['неизвестно', 'неопределенно', 'неясно', 'нейтрально', 'не определено', 'непонятно'],
    ],
  },
];

const word = (source: string) => new RegExp(String.raw`(?<!\p{L})(?:${source})(?!\p{L})`, 'giu');

/** In text where "n't" is written as "not". */
const UNKNOWN = word(
  [
    String.raw`(?:(?:can|could) not|impossible to|no way to|unable to)\s+(?:be\s+)?(?:\p{L}+ly\s+)?(?:determined?|deduced?|infer(?:red)?|concluded?|known?|told|tell|said|say|decided?|established?|confirm(?:ed)?|verif(?:y|ied)|proven?|answer(?:ed)?)(?:\s+or\s+(?:denied|refuted|disproven))?`,
    String.raw`not\s+(?:(?:have|give|given|contain|provide)\s+(?:us\s+)?)?(?:enough|sufficient)\s+(?:information|info|data|evidence)`,
    String.raw`(?:insufficient|no)\s+(?:information|info|data|evidence)`,
    String.raw`not\s+(?:known|certain|clear|determined|specified|stated|necessarily\s+(?:true|false|so|follow|correct|the case))`,
    String.raw`neither\s+(?:true|entailed|follows)\s*,?\s*nor\s+(?:false|contradicted|refuted|contradicts)`,
    String.raw`(?:нельзя|невозможно|не могу|не можем|не удается)\s+(?:точно\s+|однозначно\s+|с уверенностью\s+)?(?:определить|сказать|установить|узнать|вывести|заключить|утверждать|судить|проверить)`,
    String.raw`(?:недостаточно|не хватает|мало|нет)\s+(?:достаточных\s+|никаких\s+)?(?:данных|информации|сведений|условий)`,
    String.raw`не\s+(?:известно|ясно|понятно|определено|обязательно\s+(?:верно|следует|истинно|так|правда|ложно))`,
    String.raw`ни\s+(?:истинно|верно|правда|да)\s*,?\s*ни\s+(?:ложно|неверно|ложь|нет)`,
  ]
    .map(
      (source) =>
        String.raw`(?:${source})(?:\s+(?:whether|if|верно ли|истинно ли|правда ли)(?!\p{L})[^.;\n]{0,80})?`,
    )
    .join('|'),
);
const NOT_TRUE = word(
  String.raw`(?:not|never|не(?:\s+является)?)\s+(?:be\s+|at all\s+|actually\s+|really\s+)?(?:true|correct|valid|right|hold|верно|верное|верным|истин(?:но|на|ное|ным|а)|правд(?:а|ой)|правильно)`,
);
const NOT_FALSE = word(
  String.raw`(?:not|не)\s+(?:false|incorrect|wrong|untrue|ложн\p{L}+|ложь|неверно|неправда)`,
);
const NOT_FOLLOWING = word(
  String.raw`(?:(?:do|does|did)\s+not\s+(?:logically\s+|necessarily\s+)?(?:follow|entail|imply|support)|not\s+(?:logically\s+)?(?:entailed|implied|supported)(?:\s+by)?|не\s+(?:следует|вытекает|подтверждается))`,
);
/** Words of an answer that are not the answer: "as follows", "the correct answer". */
const NO_ANSWER = word(
  String.raw`(?:as follows|it follows that|отсюда следует|из этого следует|(?<=\s)следует,? что|(?:correct|right|wrong|valid)\s+(?=answer|option|choice|label|conclusion))`,
);

/**
 * The answer settles on true, false or unknown, in English or Russian. "Not true" is false, "not enough information" is
 * unknown, "not false" and "does not follow" leave it open. Several without saying which is a fail.
 */
export const entailment = defineGrader({
  id: 'entailment',
  form: 'text',
  parse: (spec) => parseWith(optionsSchema, spec, 'entailment grader'),
  grade: (answer, { value, twoValued }, testCase) => {
    // Phrases become the word they mean, so that what reads choices can read them.
    const text = simplify(readEnd(answer))
      .replace(/(?:n't|(?<=can)not)(?!\p{L})/giu, ' not')
      .replace(/(?<!\p{L})ca not/giu, 'can not')
      .replace(NO_ANSWER, ' ')
      .replace(UNKNOWN, ' unknown ')
      .replace(NOT_FOLLOWING, twoValued ? ' false ' : ' ')
      .replace(NOT_FALSE, ' ')
      .replace(NOT_TRUE, ' false ');
    const list = twoValued ? ANSWERS.slice(0, 2) : ANSWERS;
    return judgeOptions(text, { list, value, labelled: false }, testCase.prompt);
  },
});
