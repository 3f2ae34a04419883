import {
  countUpTo,
  drawBelow,
  drawChance,
  elementAt,
  pick,
  sample,
  shuffle,
  type Random,
} from '../seeded-stream';
import { defineGenerator, type Family, type Problem } from './generator';
import { list, NAME_COUNT, NAMES, pluralRu, type Language, type Name } from './wording';

/** What can be said of places in a queue; `ahead` is nearer the front, places count from 0. */
type Fact =
  | { readonly kind: 'ahead' | 'directly-ahead'; readonly one: number; readonly other: number }
  | { readonly kind: 'between'; readonly one: number; readonly other: number; readonly count: number }
  | { readonly kind: 'at' | 'not-at'; readonly one: number; readonly place: number };

/** A fact, or the denial of one. */
export interface Clue {
  readonly fact: Fact;
  readonly denied: boolean;
}

interface PlaceQuestion {
  readonly place: number;
}

export const orderingFamily: Family<Clue, PlaceQuestion> = {
  id: 'ordering',
  title: { en: 'Ordering', ru: 'Порядок' },
  make: (random, difficulty) => {
    const size = difficulty + 2;
    const entities = sample(random, countUpTo(NAME_COUNT), size);
    for (;;) {
      const premises = drawClues(random, size, difficulty);
      if (premises.length < 2 || !premises.some(isReversible)) continue;
      return { entities, premises, question: { place: drawBelow(random, size) } };
    }
  },
  solve: ({ entities, premises, question }) => {
    const found = new Set<number>();
    for (const order of findOrders(entities.length, premises)) found.add(elementAt(order, question.place));
    return [...found];
  },
  rename: ({ entities }, random) =>
    sample(
      random,
      countUpTo(NAME_COUNT).filter((name) => !entities.includes(name)),
      entities.length,
    ),
  // One of the clues is told as the denial of its opposite: nobody shares a place.
  negate: (problem, random) => {
    const at = pick(
      random,
      countUpTo(problem.premises.length).filter((each) => isReversible(elementAt(problem.premises, each))),
    );
    return { ...problem, premises: problem.premises.with(at, reverse(elementAt(problem.premises, at))) };
  },
  word: (problem, language) => {
    const names = problem.entities.map((name) => elementAt(NAMES[language], name));
    const people = names.map(({ text }) => text);
    const place = problem.question.place + 1;
    const isEnglish = language === 'en';
    return {
      opening: isEnglish
        ? `${list(language, people)} stand in a queue. Number 1 is at the front.`
        : `В очереди стоят ${list(language, people)}. Первое место — самое близкое к кассе.`,
      premises: problem.premises.map((clue) => wordClue(clue, names, language)),
      question: isEnglish
        ? `Who is number ${place} in the queue?`
        : `Кто занимает в очереди ${place}-е место?`,
      options: names,
      people,
      explanation: explain(problem, people, language),
    };
  },
};
export const ordering = defineGenerator(orderingFamily);

export function holdsClue({ fact, denied }: Clue, places: ArrayLike<number>): boolean {
  return holdsFact(fact, places) !== denied;
}

function holdsFact(fact: Fact, places: ArrayLike<number>): boolean {
  const place = elementAt(places, fact.one);
  switch (fact.kind) {
    case 'ahead':
      return place < elementAt(places, fact.other);
    case 'directly-ahead':
      return place + 1 === elementAt(places, fact.other);
    case 'between':
      return Math.abs(place - elementAt(places, fact.other)) === fact.count + 1;
    case 'at':
      return place === fact.place;
    case 'not-at':
      return place !== fact.place;
  }
}

/** Adds clues that rule something out until one order is left. */
function drawClues(random: Random, size: number, difficulty: number): Clue[] {
  const places = shuffle(random, countUpTo(size));
  const clues: Clue[] = [];
  let orders = listPlacings(size);
  while (orders.length > 1) {
    const clue = { fact: drawFact(random, places, difficulty), denied: false };
    const left = orders.filter((each) => holdsClue(clue, each));
    if (left.length === orders.length) continue;
    clues.push(clue);
    orders = left;
  }
  return clues;
}

function drawFact(random: Random, places: readonly number[], difficulty: number): Fact {
  const [one = 0, other = 1] = sample(random, countUpTo(places.length), 2);
  const [place, otherPlace] = [elementAt(places, one), elementAt(places, other)];
  const kind = drawBelow(random, 10);
  // Places that are told outright leave little to think about.
  if (kind === 0 && drawChance(random, 1 / difficulty)) return { kind: 'at', one, place };
  if (kind <= 2) {
    const not = pick(
      random,
      countUpTo(places.length).filter((each) => each !== place),
    );
    return { kind: 'not-at', one, place: not };
  }
  const distance = Math.abs(place - otherPlace);
  if (kind <= 4 && distance > 1) return { kind: 'between', one, other, count: distance - 1 };
  const [first, second] = place < otherPlace ? [one, other] : [other, one];
  if (kind <= 5 && distance === 1) return { kind: 'directly-ahead', one: first, other: second };
  return { kind: 'ahead', one: first, other: second };
}

const placings = new Map<number, readonly Uint8Array[]>();

/** Every way to give `size` people a place each. */
function listPlacings(size: number): readonly Uint8Array[] {
  const known = placings.get(size);
  if (known !== undefined) return known;
  const all: Uint8Array[] = [];
  const extend = (places: readonly number[]) => {
    if (places.length === size) all.push(Uint8Array.from(places));
    else for (let place = 0; place < size; place++) if (!places.includes(place)) extend([...places, place]);
  };
  extend([]);
  placings.set(size, all);
  return all;
}

/** Fills the queue from the front, dropping a beginning as soon as a clue about the people in it fails. */
function* findOrders(size: number, clues: readonly Clue[]): Generator<readonly number[]> {
  const places = new Array<number>(size).fill(-1);
  const order: number[] = [];
  const isOpen = ({ fact }: Clue) =>
    places[fact.one] === -1 || ('other' in fact && places[fact.other] === -1);
  function* extend(): Generator<readonly number[]> {
    if (order.length === size) {
      yield [...order];
      return;
    }
    for (let who = 0; who < size; who++) {
      if (places[who] !== -1) continue;
      places[who] = order.length;
      order.push(who);
      const about = (clue: Clue) =>
        clue.fact.one === who || ('other' in clue.fact && clue.fact.other === who);
      if (clues.every((clue) => !about(clue) || isOpen(clue) || holdsClue(clue, places))) yield* extend();
      order.pop();
      places[who] = -1;
    }
  }
  yield* extend();
}

function isReversible({ fact }: Clue): boolean {
  return fact.kind === 'ahead' || fact.kind === 'at' || fact.kind === 'not-at';
}

function reverse({ fact, denied }: Clue): Clue {
  switch (fact.kind) {
    case 'ahead':
      return { fact: { kind: 'ahead', one: fact.other, other: fact.one }, denied: !denied };
    case 'at':
    case 'not-at':
      return { fact: { ...fact, kind: fact.kind === 'at' ? 'not-at' : 'at' }, denied: !denied };
    default:
      return { fact, denied };
  }
}

// --- words ---

function wordClue({ fact, denied }: Clue, names: readonly Name[], language: Language): string {
  const sentence = language === 'en' ? wordFactEn(fact, names) : wordFactRu(fact, names);
  if (!denied) return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
  return language === 'en' ? `It is not true that ${sentence}.` : `Неверно, что ${sentence}.`;
}

function wordFactEn(fact: Fact, names: readonly Name[]): string {
  const one = elementAt(names, fact.one).text;
  const other = 'other' in fact ? elementAt(names, fact.other).text : '';
  switch (fact.kind) {
    case 'ahead':
      return `${one} stands somewhere ahead of ${other}`;
    case 'directly-ahead':
      return `${one} stands directly ahead of ${other}`;
    case 'between':
      return fact.count === 1
        ? `exactly 1 person stands between ${one} and ${other}`
        : `exactly ${fact.count} people stand between ${one} and ${other}`;
    case 'at':
      return `${one} is number ${fact.place + 1}`;
    case 'not-at':
      return `${one} is not number ${fact.place + 1}`;
  }
}

function wordFactRu(fact: Fact, names: readonly Name[]): string {
  const one = elementAt(names, fact.one);
  const other = 'other' in fact ? elementAt(names, fact.other) : one;
  switch (fact.kind) {
    case 'ahead':
      return `${one.text} стоит где-то впереди ${other.genitive}`;
    case 'directly-ahead':
      return `${one.text} стоит сразу перед ${other.instrumental}`;
    case 'between': {
      const people = pluralRu(
        fact.count,
        'стоит ровно 1 человек',
        'стоят ровно N человека',
        'стоят ровно N человек',
      );
      return `между ${one.instrumental} и ${other.instrumental} ${people.replace('N', String(fact.count))}`;
    }
    case 'at':
      return `${one.text} занимает ${fact.place + 1}-е место`;
    case 'not-at':
      return `${one.text} занимает не ${fact.place + 1}-е место`;
  }
}

function explain(
  { entities, premises }: Problem<Clue, PlaceQuestion>,
  names: readonly string[],
  language: Language,
) {
  const [order = []] = findOrders(entities.length, premises);
  const shown = order.map((who) => elementAt(names, who)).join(', ');
  return language === 'en' ? `From the front: ${shown}.` : `От начала очереди: ${shown}.`;
}
