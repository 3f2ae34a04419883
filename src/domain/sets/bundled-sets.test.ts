import { describe, expect, it } from 'vitest';
import { readBundledSet, readTriedAnswers, testAnsweredCases } from './testing/answered-set';
import { ahead, booleans, countTrue, daysBetween, permute, solve } from './testing/possible-worlds';

const answers = readTriedAnswers('bundled-sets.answers.json');
const sets = ['logic-en', 'logic-ru'].map((id) => ({ id, set: readBundledSet(id) }));

const categories = [
  ...['syllogism', 'ordering', 'arithmetic', 'family', 'truth-lie'],
  ...['negation', 'calendar', 'spatial', 'false-premise'],
];
const levels = ['easy', 'medium', 'hard'];

describe.each(sets)('$id', ({ id, set }) => {
  it('is a set of 24 cases with two or three of each category and every level', () => {
    expect(set.id).toBe(id);
    expect(set.language).toBe(id.slice(-2));
    expect(set.cases).toHaveLength(24);
    const count = (tag: string) => set.cases.filter(({ tags }) => tags.includes(tag)).length;
    for (const category of categories) expect([2, 3], category).toContain(count(category));
    for (const level of levels) expect(count(level), level).toBeGreaterThanOrEqual(6);
    for (const { tags } of set.cases) {
      expect(tags.filter((tag) => categories.includes(tag))).toHaveLength(1);
      expect(tags.filter((tag) => levels.includes(tag))).toHaveLength(1);
    }
  });

  testAnsweredCases(set, set.cases, answers);
});

// The right answers once more, by trying every possibility instead of thinking.

function valueOf(setId: string, caseId: string): unknown {
  const set = sets.find(({ id }) => id === setId)?.set;
  return set?.cases.find(({ id }) => id === caseId)?.graders[0]?.['value'];
}

function weekday(date: Date, locale: string): string {
  return date.toLocaleDateString(locale, { weekday: 'long', timeZone: 'UTC' });
}

/** First a year in which the given day is the given weekday (0 = Sunday), then the weekday of another day in it. */
function weekdayInYear(
  known: readonly [month: number, day: number, weekday: number],
  asked: string,
  locale: string,
) {
  const [month, day, dayOfWeek] = known;
  const years = Array.from({ length: 60 }, (_, at) => 2000 + at);
  return solve(
    years,
    (year) => new Date(Date.UTC(year, month - 1, day)).getUTCDay() === dayOfWeek,
    (year) => weekday(new Date(`${year}-${asked}T00:00:00Z`), locale),
  );
}

/** Quarter turns to the right from a compass direction. */
function turn(compass: readonly string[], from: string, ...turns: number[]): string | undefined {
  const at = turns.reduce((sum, each) => sum + each, compass.indexOf(from));
  return compass.at(at % compass.length);
}

describe('the right answers', () => {
  const computed: [setId: string, caseId: string, compute: () => unknown][] = [
    [
      'logic-en',
      'ordering-1',
      () =>
        solve(
          permute(['Nora', 'Iris', 'Hugo']),
          (order) => ahead(order, 'Nora', 'Iris') && ahead(order, 'Iris', 'Hugo'),
          (order) => order.at(-1),
        ),
    ],
    [
      'logic-en',
      'ordering-2',
      () =>
        solve(
          permute(['copper', 'brass', 'glass', 'paper', 'oak']),
          (tallest) =>
            ahead(tallest, 'copper', 'brass') &&
            ahead(tallest, 'glass', 'copper') &&
            ahead(tallest, 'brass', 'paper') &&
            ahead(tallest, 'oak', 'copper') &&
            ahead(tallest, 'glass', 'oak'),
          (tallest) => tallest[1],
        ),
    ],
    [
      'logic-en',
      'ordering-3',
      () =>
        solve(
          permute(['Ada', 'Ben', 'Cleo', 'Dov', 'Ema']),
          (queue) =>
            queue.indexOf('Ben') === queue.indexOf('Ema') + 1 &&
            queue[0] !== 'Cleo' &&
            ahead(queue, 'Cleo', 'Ema') &&
            queue[4] === 'Dov',
          (queue) => queue[2],
        ),
    ],
    ['logic-en', 'arithmetic-1', () => 6 * 4 - 7],
    ['logic-en', 'arithmetic-2', () => 2 * 8 + 3 * (8 / 2)],
    ['logic-en', 'arithmetic-3', () => (45 / 20) * (2 * 60 - 40)],
    [
      'logic-en',
      'family-2',
      () =>
        solve(
          ['Dana', 'Bruno'],
          (parent) => parent !== 'Dana',
          (parent) => parent,
        ),
    ],
    [
      'logic-en',
      'truth-lie-1',
      () =>
        solve(
          ['Pia', 'Rolf', 'Sven'],
          (thief) => countTrue([thief === 'Rolf', thief !== 'Rolf', thief !== 'Sven']) === 1,
          (thief) => thief,
        ),
    ],
    [
      'logic-en',
      'truth-lie-2',
      () =>
        solve(
          booleans.flatMap((zed) => booleans.map((quill) => ({ zed, quill }))),
          ({ zed, quill }) => zed === !quill && quill === (zed === quill),
          ({ zed, quill }) => (zed && !quill ? 'Zed' : quill && !zed ? 'Quill' : 'both or none'),
        ),
    ],
    [
      'logic-en',
      'negation-1',
      () =>
        solve(
          booleans,
          (closed) => closed,
          (closed) => (closed ? 'no' : 'yes'),
        ),
    ],
    [
      'logic-en',
      'negation-2',
      () =>
        solve(
          ['red', 'green', 'white'],
          (colour) => colour !== 'green' && colour !== 'red',
          (colour) => colour,
        ),
    ],
    ['logic-en', 'calendar-1', () => weekday(new Date(Date.UTC(2026, 0, 1 + 10)), 'en')],
    ['logic-en', 'calendar-2', () => daysBetween('2026-05-27', '2026-06-09') + 1],
    ['logic-en', 'calendar-3', () => weekdayInYear([3, 1, 2], '04-01', 'en')],
    [
      'logic-en',
      'spatial-1',
      () =>
        solve(
          permute(['cup', 'lamp', 'clock']),
          (row) => ahead(row, 'cup', 'lamp') && ahead(row, 'lamp', 'clock'),
          (row) => row[1],
        ),
    ],
    ['logic-en', 'spatial-2', () => turn(['north', 'east', 'south', 'west'], 'north', 1, 1, -1)],
    [
      'logic-ru',
      'ordering-1',
      () =>
        solve(
          permute(['груша', 'слива', 'яблоко']),
          (heaviest) => ahead(heaviest, 'груша', 'слива') && ahead(heaviest, 'яблоко', 'груша'),
          (heaviest) => heaviest.at(-1),
        ),
    ],
    [
      'logic-ru',
      'ordering-2',
      () =>
        solve(
          permute(['скорый', 'почтовый', 'ночной', 'дачный']),
          (order) =>
            ahead(order, 'скорый', 'почтовый') &&
            ahead(order, 'почтовый', 'ночной') &&
            ahead(order, 'дачный', 'скорый'),
          (order) => order[1],
        ),
    ],
    [
      'logic-ru',
      'ordering-3',
      () =>
        solve(
          permute(['Анфиса', 'Борис', 'Вика', 'Гоша', 'Дина']),
          (floors) =>
            floors[2] === 'Вика' &&
            floors[3] === 'Гоша' &&
            ahead(floors, 'Дина', 'Анфиса') &&
            ahead(floors, 'Анфиса', 'Вика'),
          (floors) => floors[4],
        ),
    ],
    ['logic-ru', 'arithmetic-1', () => 3 * 8 - 5],
    ['logic-ru', 'arithmetic-2', () => 2 * 35 + (35 - 12)],
    ['logic-ru', 'arithmetic-3', () => ((4000 * 125) / 100 / 100) * 90],
    ['logic-ru', 'family-3', () => 3 * 2 + 3],
    [
      'logic-ru',
      'truth-lie-1',
      () =>
        solve(
          ['Зоя', 'Юра', 'Клим'],
          (culprit) => countTrue([culprit === 'Юра', culprit !== 'Юра', culprit !== 'Зоя']) === 1,
          (culprit) => culprit,
        ),
    ],
    [
      'logic-ru',
      'truth-lie-2',
      () =>
        solve(
          [
            { savva: true, tikhon: false },
            { savva: false, tikhon: true },
          ],
          ({ savva, tikhon }) => savva === (savva && tikhon),
          ({ savva }) => (savva ? 'Тихон' : 'Савва'),
        ),
    ],
    [
      'logic-ru',
      'negation-1',
      () =>
        solve(
          [0, 1, 2, 3],
          (freeSeats) => !(freeSeats === 0),
          (freeSeats) => (freeSeats >= 1 ? 'да' : 'нет'),
        ),
    ],
    ['logic-ru', 'calendar-1', () => weekday(new Date(Date.UTC(2026, 0, 3 + 1 + 2)), 'ru')],
    ['logic-ru', 'calendar-2', () => daysBetween('2026-04-24', '2026-05-06') + 1],
    ['logic-ru', 'calendar-3', () => weekdayInYear([6, 1, 3], '08-01', 'ru')],
    [
      'logic-ru',
      'spatial-1',
      () =>
        solve(
          permute(['собака', 'кошка', 'попугай']),
          (row) => ahead(row, 'собака', 'кошка') && ahead(row, 'кошка', 'попугай'),
          (row) => row[0],
        ),
    ],
    ['logic-ru', 'spatial-2', () => turn(['север', 'восток', 'юг', 'запад'], 'запад', -1, 1, 1)],
  ];

  it.each(computed)('%s %s', (setId, caseId, compute) => {
    expect(compute()).toBe(valueOf(setId, caseId));
  });

  it('starts its calendar from the weekdays that the prompts name', () => {
    expect(weekday(new Date(Date.UTC(2026, 0, 1)), 'en')).toBe('Thursday');
    expect(weekday(new Date(Date.UTC(2026, 0, 3)), 'ru')).toBe('суббота');
  });
});
