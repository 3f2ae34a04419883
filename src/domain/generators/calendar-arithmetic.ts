import {
  countUpTo,
  drawBelow,
  drawBetween,
  drawChance,
  elementAt,
  sample,
  shuffle,
  type Random,
} from '../seeded-stream';
import type { CalendarPremise, CalendarQuestion } from './calendar-facts';
import { CALENDAR_WORDS, EVENT_COUNT } from './calendar-words';
import { defineGenerator, type Family } from './generator';

/** Events told by their date, then by their distance to the one before; longest distance in days. */
const SIZES = [
  { dates: 0, steps: 1, longest: 12 },
  { dates: 0, steps: 2, longest: 40 },
  { dates: 2, steps: 0, longest: 60 },
  { dates: 2, steps: 1, longest: 200 },
  { dates: 2, steps: 3, longest: 300 },
];

export const calendarArithmeticFamily: Family<CalendarPremise, CalendarQuestion> = {
  id: 'calendar-arithmetic',
  title: { en: 'Calendar arithmetic', ru: 'Расчёты по календарю' },
  make: (random, difficulty) => {
    const { dates, steps, longest } = elementAt(SIZES, difficulty - 1);
    const leap = drawChance(random, 0.4);
    const yearDays = leap ? 366 : 365;
    for (;;) {
      const days = [dates > 0 ? drawBelow(random, yearDays) : 0];
      for (const before of countUpTo(Math.max(dates - 1, 0) + steps)) {
        const distance = drawBetween(random, 2, longest);
        days.push(elementAt(days, before) + (drawChance(random, 0.7) ? distance : -distance));
      }
      const isInYear = days.every((day) => day >= 0 && day < yearDays);
      if ((dates > 0 && !isInYear) || new Set(days).size < days.length) continue;
      const entities = sample(random, countUpTo(EVENT_COUNT), days.length);
      return { entities, ...tellDays(random, days, dates, leap) };
    }
  },
  solve: ({ entities, premises, question }) => {
    const told = premises.find((each) => each.kind === 'leap');
    const answers = (told === undefined ? [false, true] : [told.leap]).flatMap((leap) =>
      solveYear(entities.length, premises, question, leap),
    );
    return [...new Set(answers)];
  },
  rename: ({ entities }, random) => {
    const free = shuffle(
      random,
      countUpTo(EVENT_COUNT).filter((event) => !entities.includes(event)),
    );
    return free.slice(0, entities.length);
  },
  negate: (problem, random) => {
    const facts = countUpTo(problem.premises.length).filter((at) => problem.premises[at]?.kind !== 'leap');
    const at = elementAt(facts, drawBelow(random, facts.length));
    const fact = elementAt(problem.premises, at);
    return fact.kind === 'leap'
      ? undefined
      : { ...problem, premises: problem.premises.with(at, { ...fact, doublyDenied: true }) };
  },
  word: (problem, language) => {
    const words = CALENDAR_WORDS[language];
    const { entities, premises, question } = problem;
    const [answer = 0] = calendarArithmeticFamily.solve(problem);
    const isWeekday = question.kind === 'weekday';
    return {
      opening: premises.some(({ kind }) => kind === 'date') ? words.opening : '',
      premises: premises.map((each) => words.premise(each, entities)),
      question: words.question(question, entities),
      ...(isWeekday && { options: words.weekdays }),
      explanation: isWeekday ? `${elementAt(words.weekdays, answer).text}.` : `${answer}.`,
    };
  },
};
export const calendarArithmetic = defineGenerator(calendarArithmeticFamily);

function tellDays(random: Random, days: readonly number[], dates: number, leap: boolean) {
  const last = days.length - 1;
  const firstWeekday = drawBelow(random, 7);
  const first = elementAt(days, 0);
  const premises: CalendarPremise[] = days.map((day, event): CalendarPremise => {
    if (event < dates) return { kind: 'date', event, ...toDate(day, leap) };
    if (event === 0) return { kind: 'weekday', event, weekday: firstWeekday };
    return { kind: 'after', event, than: event - 1, days: day - elementAt(days, event - 1) };
  });
  if (dates > 0) premises.push({ kind: 'leap', leap });
  const isWeekday = dates === 0 || drawChance(random, 0.6);
  if (isWeekday && dates > 0) premises.push({ kind: 'weekday', event: 0, weekday: firstWeekday });
  const [from, to] = elementAt(days, last) > first ? [0, last] : [last, 0];
  const question: CalendarQuestion = isWeekday
    ? { kind: 'weekday', event: last }
    : { kind: 'days', from, to };
  return { premises, question };
}

function monthLengths(leap: boolean): readonly number[] {
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
}

function toDate(dayOfYear: number, leap: boolean): { month: number; day: number } {
  let left = dayOfYear;
  for (const [month, length] of monthLengths(leap).entries()) {
    if (left < length) return { month, day: left + 1 };
    left -= length;
  }
  throw new RangeError(`day ${dayOfYear} of a year`);
}

function toDayOfYear(month: number, day: number, leap: boolean): number {
  return monthLengths(leap)
    .slice(0, month)
    .reduce((sum, length) => sum + length, day - 1);
}

/** Follows the distances from the event asked about to those that are known. */
function solveYear(
  events: number,
  premises: readonly CalendarPremise[],
  question: CalendarQuestion,
  leap: boolean,
): readonly number[] {
  const distances = new Map([[question.kind === 'weekday' ? question.event : question.from, 0]]);
  const links = listDistances(premises, leap);
  for (let round = 0; round < events; round++) {
    for (const [one, other, days] of links) {
      const [near, far] = [distances.get(one), distances.get(other)];
      if (near === undefined && far !== undefined) distances.set(one, far - days);
      if (far === undefined && near !== undefined) distances.set(other, near + days);
      if (near !== undefined && far !== undefined && near + days !== far) return [];
    }
  }
  if (question.kind === 'days') {
    const days = distances.get(question.to);
    // No way to tell: more than one answer.
    return days === undefined ? [0, 1] : [days];
  }
  const weekdays = premises.flatMap((each) => {
    const distance = each.kind === 'weekday' ? distances.get(each.event) : undefined;
    return each.kind === 'weekday' && distance !== undefined
      ? [(((each.weekday - distance) % 7) + 7) % 7]
      : [];
  });
  const different = [...new Set(weekdays)];
  if (different.length === 0) return countUpTo(7);
  return different.length === 1 ? different : [];
}

/** From the one event to the other so many days. */
function listDistances(
  premises: readonly CalendarPremise[],
  leap: boolean,
): (readonly [one: number, other: number, days: number])[] {
  const dated = premises.filter((each) => each.kind === 'date');
  const [origin] = dated;
  return [
    ...premises.flatMap((each) =>
      each.kind === 'after' ? [[each.than, each.event, each.days] as const] : [],
    ),
    ...dated.flatMap(({ event, month, day }) =>
      origin === undefined
        ? []
        : [
            [
              origin.event,
              event,
              toDayOfYear(month, day, leap) - toDayOfYear(origin.month, origin.day, leap),
            ] as const,
          ],
    ),
  ];
}
