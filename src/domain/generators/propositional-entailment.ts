import { countUpTo, drawBelow, drawChance, elementAt, sample, type Random } from '../seeded-stream';
import { defineGenerator, type Family } from './generator';
import { capitalise, type Language } from './wording';

/** A proposition or its denial. */
export interface Literal {
  readonly variable: number;
  readonly holds: boolean;
}

export type Formula =
  | { readonly kind: 'fact'; readonly left: Literal }
  | { readonly kind: 'if' | 'or' | 'not-both' | 'only-if'; readonly left: Literal; readonly right: Literal };

/** Is the literal true, false or unknown? 0, 1, 2. */
export const propositionalEntailmentFamily: Family<Formula, Literal> = {
  id: 'propositional-entailment',
  title: { en: 'Propositional entailment', ru: 'Логика высказываний' },
  make: (random, difficulty) => {
    const size = difficulty + 1;
    const entities = sample(random, countUpTo(PROPOSITIONS.en.length), size);
    const wanted = drawBelow(random, 3);
    for (;;) {
      const premises = drawFormulas(random, size);
      const question = { variable: drawBelow(random, size), holds: drawChance(random, 0.5) };
      const [answer] = solve(size, premises, question);
      if (answer !== wanted) continue;
      // It takes two premises to find it, and it is spoken of.
      if (!premises.some((each) => mentions(each, question.variable))) continue;
      if (premises.some((each) => solve(size, [each], question)[0] !== 2)) continue;
      return { entities, premises, question };
    }
  },
  solve: ({ entities, premises, question }) => solve(entities.length, premises, question),
  rename: ({ entities }, random) =>
    sample(
      random,
      countUpTo(PROPOSITIONS.en.length).filter((each) => !entities.includes(each)),
      entities.length,
    ),
  negate: (problem) => ({
    ...problem,
    question: { ...problem.question, holds: !problem.question.holds },
  }),
  word: ({ entities, premises, question }, language) => {
    const literal = ({ variable, holds }: Literal) =>
      elementAt(elementAt(PROPOSITIONS[language], elementAt(entities, variable)), holds ? 0 : 1);
    const [answer = 2] = solve(entities.length, premises, question);
    return {
      opening: '',
      premises: premises.map((each) => `${capitalise(wordFormula(each, literal, language))}.`),
      question:
        language === 'en'
          ? `Is the statement "${literal(question)}" true, false or unknown?`
          : `Что можно сказать об утверждении «${literal(question)}»: истинно, ложно или неизвестно?`,
      options: OPTIONS[language],
      explanation: elementAt(EXPLANATIONS[language], answer),
    };
  },
};
export const propositionalEntailment = defineGenerator(propositionalEntailmentFamily);

/** As many formulas as variables, of which one or two are facts. */
function drawFormulas(random: Random, size: number): Formula[] {
  const variables = countUpTo(size);
  const literal = (variable: number) => ({ variable, holds: drawChance(random, 0.5) });
  const facts = sample(random, variables, size > 4 ? 2 : 1);
  const seen = new Set<string>();
  const rules: Formula[] = [];
  while (rules.length < size - (size > 2 ? 1 : 0)) {
    const [left = 0, right = 1] = sample(random, variables, 2);
    const pair = [left, right].sort().join();
    if (seen.has(pair) && size > 2) continue;
    seen.add(pair);
    const kind = drawBelow(random, 8);
    rules.push({
      kind: kind < 4 ? 'if' : elementAt(['or', 'or', 'not-both', 'only-if'] as const, kind - 4),
      left: literal(left),
      right: literal(right),
    });
    if (size === 2 && rules.length === 1) break;
  }
  const all: Formula[] = [
    ...rules,
    ...facts.map((variable): Formula => ({ kind: 'fact', left: literal(variable) })),
  ];
  return sample(random, all, all.length);
}

function mentions(formula: Formula, variable: number): boolean {
  return formula.left.variable === variable || ('right' in formula && formula.right.variable === variable);
}

/** By truth table: bit v of a row is the value of variable v. */
function solve(size: number, premises: readonly Formula[], asked: Literal): readonly number[] {
  let canHold = false;
  let canFail = false;
  for (let row = 0; row < 1 << size; row++) {
    if (!premises.every((each) => isTrue(each, row))) continue;
    if (isLiteralTrue(asked, row)) canHold = true;
    else canFail = true;
  }
  if (!canHold && !canFail) return [];
  return [canHold && canFail ? 2 : canHold ? 0 : 1];
}

function isLiteralTrue({ variable, holds }: Literal, row: number): boolean {
  return ((row >> variable) & 1) === (holds ? 1 : 0);
}

function isTrue(formula: Formula, row: number): boolean {
  const left = isLiteralTrue(formula.left, row);
  if (formula.kind === 'fact') return left;
  const right = isLiteralTrue(formula.right, row);
  switch (formula.kind) {
    case 'if':
      return !left || right;
    case 'or':
      return left || right;
    case 'not-both':
      return !(left && right);
    case 'only-if':
      return left === right;
  }
}

// --- words ---

/** Affirmed and denied. */
const PROPOSITIONS: Readonly<Record<Language, readonly (readonly [string, string])[]>> = {
  en: [
    ['the lamp is on', 'the lamp is not on'],
    ['the door is open', 'the door is not open'],
    ['the radio is playing', 'the radio is not playing'],
    ['the kettle is hot', 'the kettle is not hot'],
    ['the gate is locked', 'the gate is not locked'],
    ['the flag is up', 'the flag is not up'],
    ['the heater is working', 'the heater is not working'],
    ['the window is clean', 'the window is not clean'],
    ['the fan is turning', 'the fan is not turning'],
    ['the bell is ringing', 'the bell is not ringing'],
    ['the box is full', 'the box is not full'],
    ['the tap is dripping', 'the tap is not dripping'],
  ],
  ru: [
    ['лампа горит', 'лампа не горит'],
    ['дверь открыта', 'дверь не открыта'],
    ['радио играет', 'радио не играет'],
    ['чайник горячий', 'чайник не горячий'],
    ['ворота заперты', 'ворота не заперты'],
    ['флаг поднят', 'флаг не поднят'],
    ['обогреватель работает', 'обогреватель не работает'],
    ['окно чистое', 'окно не чистое'],
    ['вентилятор крутится', 'вентилятор не крутится'],
    ['звонок звенит', 'звонок не звенит'],
    ['ящик полон', 'ящик не полон'],
    ['кран капает', 'кран не капает'],
  ],
};

const OPTIONS = {
  en: [
    { text: 'true', aliases: ['yes', 'correct'] },
    { text: 'false', aliases: ['no', 'not true', 'incorrect'] },
    {
      text: 'unknown',
      aliases: [
        'not known',
        'undetermined',
        'cannot be determined',
        "can't be determined",
        'not enough information',
      ],
    },
  ],
  ru: [
    { text: 'истинно', aliases: ['истина', 'истинным', 'верно', 'правда', 'да'] },
    { text: 'ложно', aliases: ['ложь', 'ложным', 'неверно', 'неправда', 'нет'] },
    {
      text: 'неизвестно',
      aliases: [
        'нельзя определить',
        'невозможно определить',
        'определить нельзя',
        'нельзя сказать',
        'неопределённо',
      ],
    },
  ],
} as const;

const EXPLANATIONS = {
  en: [
    'In every case that the premises allow, the statement is true.',
    'In every case that the premises allow, the statement is false.',
    'The premises allow a case in which the statement is true and one in which it is false.',
  ],
  ru: [
    'Во всех случаях, которые допускают посылки, утверждение истинно.',
    'Во всех случаях, которые допускают посылки, утверждение ложно.',
    'Посылки допускают и случай, где утверждение истинно, и случай, где оно ложно.',
  ],
} as const;

function wordFormula(formula: Formula, literal: (each: Literal) => string, language: Language): string {
  const left = literal(formula.left);
  if (formula.kind === 'fact') return left;
  const right = literal(formula.right);
  const isEnglish = language === 'en';
  switch (formula.kind) {
    case 'if':
      return isEnglish ? `if ${left}, then ${right}` : `если ${left}, то ${right}`;
    case 'or':
      return isEnglish ? `${left}, or ${right}, or both` : `${left}, или ${right}, или верно и то и другое`;
    case 'not-both':
      return isEnglish
        ? `it is not the case that both ${left} and ${right}`
        : `неверно, что ${left} и в то же время ${right}`;
    case 'only-if':
      return isEnglish ? `${left} if and only if ${right}` : `${left} тогда и только тогда, когда ${right}`;
  }
}
