import { expect, it } from 'vitest';
import { countUpTo, elementAt } from '../seeded-stream';
import { calendarArithmeticFamily } from './calendar-arithmetic';
import type { CalendarPremise, CalendarQuestion } from './calendar-facts';
import { findDisagreements } from './testing/solver-agreement';

const DAY = 86_400_000;
/** All the calendars there are come within 28 years. */
const YEARS = countUpTo(28).map((at) => 2001 + at);

/** By putting the events into real calendars, year by year, and looking what day they fall on. */
function lookUp(events: number, premises: readonly CalendarPremise[], question: CalendarQuestion): number[] {
  const answers = new Set<number>();
  const hasDates = premises.some(({ kind }) => kind === 'date');
  const starts = hasDates
    ? YEARS.map((year) => Date.UTC(year, 0, 1))
    : countUpTo(7).map((day) => Date.UTC(2026, 5, 1 + day));
  for (const start of starts) {
    const year = new Date(start).getUTCFullYear();
    const times = new Array<number | undefined>(events).fill(undefined);
    if (!hasDates) times[0] = start;
    for (let round = 0; round < events; round++) {
      for (const each of premises) {
        if (each.kind === 'date') times[each.event] = Date.UTC(year, each.month, each.day);
        if (each.kind !== 'after') continue;
        const [event, than] = [times[each.event], times[each.than]];
        if (than !== undefined) times[each.event] = than + each.days * DAY;
        else if (event !== undefined) times[each.than] = event - each.days * DAY;
      }
    }
    const timeOf = (event: number) => elementAt(times as number[], event);
    const weekdayOf = (event: number) => (new Date(timeOf(event)).getUTCDay() + 6) % 7;
    const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
    const holds = premises.every((each) => {
      switch (each.kind) {
        case 'weekday':
          return weekdayOf(each.event) === each.weekday;
        case 'leap':
          return isLeap === each.leap;
        case 'after':
          return timeOf(each.event) - timeOf(each.than) === each.days * DAY;
        case 'date':
          return new Date(timeOf(each.event)).getUTCDate() === each.day;
      }
    });
    if (!holds) continue;
    answers.add(
      question.kind === 'weekday'
        ? weekdayOf(question.event)
        : (timeOf(question.to) - timeOf(question.from)) / DAY,
    );
  }
  return [...answers];
}

it('has one answer to each problem, the same in real calendars', { timeout: 600_000 }, () => {
  const disagreements = findDisagreements(calendarArithmeticFamily, ({ entities, premises, question }) =>
    lookUp(entities.length, premises, question),
  );
  expect(disagreements).toEqual([]);
});

it('leaves open what the premises leave open, and finds nothing in a contradiction', () => {
  const dates: CalendarPremise[] = [
    { kind: 'date', event: 0, month: 1, day: 10 },
    { kind: 'date', event: 1, month: 2, day: 10 },
  ];
  const question: CalendarQuestion = { kind: 'days', from: 0, to: 1 };
  const solve = (premises: CalendarPremise[]) =>
    calendarArithmeticFamily.solve({ entities: countUpTo(2), premises, question });
  expect(solve(dates)).toEqual([28, 29]);
  expect(solve([...dates, { kind: 'leap', leap: true }])).toEqual([29]);
  expect(
    solve([...dates, { kind: 'leap', leap: true }, { kind: 'after', event: 1, than: 0, days: 28 }]),
  ).toEqual([]);
});
