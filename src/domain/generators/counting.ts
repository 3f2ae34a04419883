import { countUpTo, drawBetween, elementAt, pick, sample, shuffle } from '../seeded-stream';
import { defineGenerator, type Family } from './generator';
import { list, pluralRu, type Language } from './wording';

/** Whom is counted, of people who do some of two or three things. */
export type Quantity =
  | { readonly kind: 'total' | 'any' | 'none' }
  | { readonly kind: 'has'; readonly things: readonly number[] }
  | { readonly kind: 'only'; readonly thing: number }
  | { readonly kind: 'exactly'; readonly count: number };

export interface Count {
  readonly quantity: Quantity;
  readonly people: number;
}

export interface CountQuestion {
  readonly quantity: Quantity;
  readonly denied: boolean;
}

/** Things that are done; people in a region of the diagram, at the most. */
const SIZES = [
  { things: 2, most: 5 },
  { things: 2, most: 12 },
  { things: 3, most: 6 },
  { things: 3, most: 12 },
  { things: 3, most: 30 },
];

export const countingFamily: Family<Count, CountQuestion> = {
  id: 'counting',
  title: { en: 'Counting', ru: 'Подсчёт' },
  make: (random, difficulty) => {
    const { things, most } = elementAt(SIZES, difficulty - 1);
    const entities = sample(random, countUpTo(DOINGS.en.length), things);
    for (;;) {
      // Bit t of a region's number: they do thing t.
      const regions = countUpTo(2 ** things).map(() => drawBetween(random, 1, most));
      const count = (quantity: Quantity) =>
        regions.reduce((sum, people, region) => sum + people * weigh(quantity, region, things), 0);
      const asked = pick(random, listAskable(things));
      const question = { quantity: asked, denied: false };
      const pool = listQuantities(things).filter((each) => JSON.stringify(each) !== JSON.stringify(asked));
      const premises: Count[] = [{ quantity: { kind: 'total' }, people: count({ kind: 'total' }) }];
      for (const quantity of shuffle(random, pool)) {
        if (deduce(things, premises, question).length === 1) break;
        premises.push({ quantity, people: count(quantity) });
      }
      const needed = dropNeedless(things, premises, question);
      if (needed.length < 3 || (difficulty > 3 && needed.length < 5)) continue;
      if (needed.some(({ people }) => people < 2)) continue;
      return { entities, premises: needed, question };
    }
  },
  solve: ({ entities, premises, question }) => deduce(entities.length, premises, question),
  rename: ({ entities }, random) =>
    sample(
      random,
      countUpTo(DOINGS.en.length).filter((each) => !entities.includes(each)),
      entities.length,
    ),
  negate: (problem) => ({
    ...problem,
    question: { ...problem.question, denied: !problem.question.denied },
  }),
  word: (problem, language) => {
    const { entities, premises, question } = problem;
    const doings = entities.map((row) => elementAt(DOINGS[language], row));
    const [answer = 0] = deduce(entities.length, premises, question);
    const predicate = wordQuantity(question.quantity, doings, language, 2);
    return {
      opening: OPENINGS[language](doings),
      premises: premises.map((each) => wordCount(each, doings, language)),
      question:
        language === 'en'
          ? question.denied
            ? `For how many members is it not true that they ${predicate}?`
            : `How many members ${predicate}?`
          : question.denied
            ? `Для скольких членов клуба неверно, что они ${predicate}?`
            : `Сколько членов клуба ${predicate}?`,
      explanation: language === 'en' ? `It follows that there are ${answer}.` : `Получается ${answer}.`,
    };
  },
};
export const counting = defineGenerator(countingFamily);

/** 1 when the people of a region are counted. */
export function weigh(quantity: Quantity, region: number, things: number): number {
  const done = countUpTo(things).filter((thing) => (region >> thing) & 1);
  switch (quantity.kind) {
    case 'total':
      return 1;
    case 'any':
      return done.length > 0 ? 1 : 0;
    case 'none':
      return done.length === 0 ? 1 : 0;
    case 'has':
      return quantity.things.every((thing) => done.includes(thing)) ? 1 : 0;
    case 'only':
      return done.length === 1 && done[0] === quantity.thing ? 1 : 0;
    case 'exactly':
      return done.length === quantity.count ? 1 : 0;
  }
}

function listQuantities(things: number): Quantity[] {
  const singles = countUpTo(things).map((thing): Quantity => ({ kind: 'has', things: [thing] }));
  const pairs = singles.flatMap((_, one) =>
    countUpTo(one).map((other): Quantity => ({ kind: 'has', things: [other, one] })),
  );
  const threes: Quantity[] = things > 2 ? [{ kind: 'has', things: [0, 1, 2] }] : [];
  return [...singles, ...pairs, ...threes, { kind: 'none' }, { kind: 'exactly', count: 1 }];
}

function listAskable(things: number): Quantity[] {
  return [
    ...listQuantities(things),
    { kind: 'any' },
    ...countUpTo(things).map((thing): Quantity => ({ kind: 'only', thing })),
  ];
}

function dropNeedless(things: number, premises: readonly Count[], question: CountQuestion): readonly Count[] {
  let needed = premises;
  // The first is the total, which the denied question needs.
  for (const each of premises.slice(1)) {
    const without = needed.filter((other) => other !== each);
    if (deduce(things, without, question).length === 1) needed = without;
  }
  return needed;
}

/** Far above the rounding of a few steps with whole numbers, far below one person. */
const ROUNDING = 1e-6;

/**
 * By Gaussian elimination: the answer is certain when the quantity asked for is a sum of multiples of those told. When
 * it is not, every number up to the total counts as an answer.
 */
function deduce(
  things: number,
  premises: readonly Count[],
  { quantity, denied }: CountQuestion,
): readonly number[] {
  const width = 2 ** things;
  const toRow = (each: Quantity, people: number) => [
    ...countUpTo(width).map((region) => weigh(each, region, things)),
    people,
  ];
  const rows = premises.map((each) => toRow(each.quantity, each.people));
  const asked = toRow(quantity, 0).map((weight, region) => (denied && region < width ? 1 - weight : weight));
  let pivots = 0;
  for (let column = 0; column < width; column++) {
    const at = rows.findIndex((row, index) => index >= pivots && Math.abs(elementAt(row, column)) > ROUNDING);
    const pivot = rows[at];
    if (pivot === undefined) continue;
    rows.splice(at, 1);
    for (const row of [...rows.slice(pivots), asked]) subtract(row, pivot, column);
    rows.splice(pivots++, 0, pivot);
  }
  const isFalse = (row: readonly number[]) => Math.abs(elementAt(row, width)) > ROUNDING;
  if (rows.slice(pivots).some(isFalse)) return [];
  const isOpen = asked.slice(0, width).some((weight) => Math.abs(weight) > ROUNDING);
  if (!isOpen) return [Math.round(-elementAt(asked, width))];
  const total = premises.find((each) => each.quantity.kind === 'total')?.people ?? 1;
  return countUpTo(total + 1);
}

function subtract(row: number[], pivot: readonly number[], column: number): void {
  const factor = elementAt(row, column) / elementAt(pivot, column);
  if (factor === 0) return;
  pivot.forEach((value, at) => {
    row[at] = elementAt(row, at) - factor * value;
  });
}

// --- words ---

/** For one person and for several. */
type Doing = readonly [one: string, several: string];

const DOINGS: Readonly<Record<Language, readonly Doing[]>> = {
  en: [
    ['plays chess', 'play chess'],
    ['swims', 'swim'],
    ['paints', 'paint'],
    ['sings', 'sing'],
    ['rides a bicycle', 'ride a bicycle'],
    ['speaks Spanish', 'speak Spanish'],
    ['grows roses', 'grow roses'],
    ['keeps bees', 'keep bees'],
  ],
  ru: [
    ['играет в шахматы', 'играют в шахматы'],
    ['плавает', 'плавают'],
    ['рисует', 'рисуют'],
    ['поёт', 'поют'],
    ['ездит на велосипеде', 'ездят на велосипеде'],
    ['говорит по-испански', 'говорят по-испански'],
    ['выращивает розы', 'выращивают розы'],
    ['разводит пчёл', 'разводят пчёл'],
  ],
};

const OPENINGS: Readonly<Record<Language, (doings: readonly Doing[]) => string>> = {
  en: (doings) =>
    `It is known of every member of a club which of these things they do: ${doings.map(([, several]) => several).join(', ')}. The numbers below include those who do more than what is named.`,
  ru: (doings) =>
    `Про каждого члена клуба известно, что из этого он делает: ${doings.map(([one]) => one).join(', ')}. В числах ниже учтены и те, кто делает не только названное.`,
};

function wordCount({ quantity, people }: Count, doings: readonly Doing[], language: Language): string {
  if (language === 'en') {
    if (quantity.kind === 'total') return `The club has ${people} members.`;
    return `${people} ${people === 1 ? 'member' : 'members'} ${wordQuantity(quantity, doings, language, people)}.`;
  }
  const count = `${people} ${pluralRu(people, 'человек', 'человека', 'человек')}`;
  if (quantity.kind === 'total') return `В клубе ${count}.`;
  return `${count} ${wordQuantity(quantity, doings, language, people)}.`;
}

/** The predicate for so many people. */
function wordQuantity(
  quantity: Quantity,
  doings: readonly Doing[],
  language: Language,
  people: number,
): string {
  const isOne = language === 'en' ? people === 1 : pluralRu(people, 'one', '', '') === 'one';
  const doing = (thing: number) => elementAt(doings, thing)[isOne ? 0 : 1];
  if (language === 'en') {
    const verb = isOne ? 'does' : 'do';
    switch (quantity.kind) {
      case 'has':
        return list(language, quantity.things.map(doing));
      case 'only':
        return `${doing(quantity.thing)} and ${verb} nothing else of this`;
      case 'exactly':
        return `${verb} exactly one of these things`;
      case 'any':
        return `${verb} at least one of these things`;
      case 'none':
        return `${verb} none of these things`;
      case 'total':
        return isOne ? 'belongs to the club' : 'belong to the club';
    }
  }
  const verb = isOne ? 'делает' : 'делают';
  switch (quantity.kind) {
    case 'has':
      return quantity.things.length === 1
        ? quantity.things.map(doing).join('')
        : quantity.things.map((thing) => `и ${doing(thing)}`).join(', ');
    case 'only':
      return `${doing(quantity.thing)} и больше ничего из этого не ${verb}`;
    case 'exactly':
      return `${verb} ровно одно из перечисленного`;
    case 'any':
      return `${verb} хотя бы одно из перечисленного`;
    case 'none':
      return `не ${verb} ничего из перечисленного`;
    case 'total':
      return isOne ? 'состоит в клубе' : 'состоят в клубе';
  }
}
