import { describe, expect, it } from 'vitest';
import { readBundledSet as readSet, readTriedAnswers, testAnsweredCases } from './testing/answered-set';
import { ahead, countTrue, daysBetween, pairs, permute, solve, triples } from './testing/possible-worlds';

const answers = readTriedAnswers('large-sets.answers.json');

const categories = [
  ...['syllogism', 'ordering', 'arithmetic', 'family', 'truth-lie', 'negation'],
  ...['calendar', 'spatial', 'false-premise', 'sets', 'conditional', 'counting'],
];
const levels = ['easy', 'medium', 'hard'];

describe.each(['en', 'ru'])('the 100 logic cases in %s', (language) => {
  const set = readSet(`logic-100-${language}`);

  it('are the 24 of the quick set and 76 more', () => {
    expect(set.cases).toHaveLength(100);
    expect(set.cases.slice(0, 24)).toEqual(readSet(`logic-${language}`).cases);
  });

  it('are of a dozen categories and every level', () => {
    const count = (tag: string) => set.cases.filter(({ tags }) => tags.includes(tag)).length;
    for (const category of categories) expect(count(category), category).toBeGreaterThanOrEqual(7);
    for (const level of levels) expect(count(level), level).toBeGreaterThanOrEqual(20);
    for (const { tags } of set.cases) {
      expect(tags.filter((tag) => categories.includes(tag))).toHaveLength(1);
      expect(tags.filter((tag) => levels.includes(tag))).toHaveLength(1);
    }
  });
});

const added = [
  ...['en', 'ru'].map((language) => ({ id: `logic-100-${language}`, from: 24 })),
  ...['en', 'ru'].map((language) => ({ id: `wizardlm-classic-${language}`, from: 0 })),
].map(({ id, from }) => ({ id, set: readSet(id), cases: readSet(id).cases.slice(from) }));

describe.each(added)('$id', ({ id, set, cases }) => {
  it('is what its name says', () => {
    expect(set.id).toBe(id);
    expect(set.language).toBe(id.slice(-2));
  });

  testAnsweredCases(set, cases, answers);
});

// The right answers once more, by trying every possibility instead of thinking.

const WEEKDAYS_EN = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const WEEKDAYS_RU = ['понедельник', 'вторник', 'среда', 'четверг', 'пятница', 'суббота', 'воскресенье'];
describe('the right answers', () => {
  const computed: [setId: string, caseId: string, compute: () => unknown][] = [
    [
      'logic-100-en',
      'ordering-4',
      () =>
        solve(
          permute(['green', 'red', 'blue']),
          (o) => ahead(o, 'green', 'red') && ahead(o, 'red', 'blue'),
          (o) => o[2],
        ),
    ],
    [
      'logic-100-en',
      'ordering-5',
      () =>
        solve(
          permute(['Kit', 'Lou', 'Max', 'Ned']),
          (o) => ahead(o, 'Kit', 'Lou') && ahead(o, 'Lou', 'Max') && ahead(o, 'Ned', 'Kit'),
          (o) => o[0],
        ),
    ],
    [
      'logic-100-en',
      'ordering-6',
      () =>
        solve(
          permute(['honey', 'salt', 'rice', 'tea', 'oats']),
          (o) =>
            o.indexOf('salt') === o.indexOf('honey') + 1 &&
            o.indexOf('rice') === o.indexOf('salt') + 1 &&
            o[0] === 'tea' &&
            o[4] === 'oats',
          (o) => o[2],
        ),
    ],
    [
      'logic-100-en',
      'ordering-7',
      () =>
        solve(
          permute(['Gwen', 'Hal', 'Ivo', 'Jude', 'Kara']),
          (o) =>
            ahead(o, 'Ivo', 'Gwen') &&
            ahead(o, 'Gwen', 'Hal') &&
            ahead(o, 'Jude', 'Ivo') &&
            ahead(o, 'Hal', 'Kara'),
          (o) => o[2],
        ),
    ],
    [
      'logic-100-en',
      'ordering-8',
      () =>
        solve(
          permute(['Ola', 'Piet', 'Quin', 'Rosa', 'Sten', 'Tuva']),
          (o) =>
            o.indexOf('Ola') === o.indexOf('Piet') + 1 &&
            o.indexOf('Rosa') === o.indexOf('Quin') + 1 &&
            o[5] === 'Sten' &&
            ahead(o, 'Ola', 'Tuva') &&
            ahead(o, 'Tuva', 'Quin'),
          (o) => o[3],
        ),
    ],
    [
      'logic-100-en',
      'ordering-9',
      () =>
        solve(
          permute([8, 6, 4, 2]),
          ([k = 0, l = 0, m = 0]) => k === 2 * l && m > k && m < 8,
          (o) => o[3],
        ),
    ],
    ['logic-100-en', 'arithmetic-4', () => 9 * 7],
    ['logic-100-en', 'arithmetic-5', () => 50 - 3 * 8],
    ['logic-100-en', 'arithmetic-6', () => 16 * 60 + 20 - (14 * 60 + 35)],
    ['logic-100-en', 'arithmetic-7', () => 84 / 3],
    ['logic-100-en', 'arithmetic-8', () => 1 / (1 / 6 + 1 / 3)],
    ['logic-100-en', 'arithmetic-9', () => 120 / 0.8],
    ['logic-100-en', 'family-4', () => 3 + 1],
    ['logic-100-en', 'family-8', () => 5 + 2],
    [
      'logic-100-en',
      'truth-lie-3',
      () =>
        solve(
          ['mat', 'jar', 'drawer'],
          (k) => !(k === 'mat' || k === 'jar'),
          (k) => k,
        ),
    ],
    [
      'logic-100-en',
      'truth-lie-4',
      () =>
        solve(
          pairs,
          ([u, v]) => u === (!u || !v),
          ([, v]) => (v ? 'knight' : 'knave'),
        ),
    ],
    [
      'logic-100-en',
      'truth-lie-5',
      () =>
        solve(
          ['red', 'green', 'blue'],
          (r) => countTrue([r === 'red', r !== 'green', r !== 'red']) === 1,
          (r) => r,
        ),
    ],
    [
      'logic-100-en',
      'truth-lie-6',
      () =>
        solve(
          ['Ari', 'Bea', 'Cal', 'Dag'],
          (t) => countTrue([t === 'Bea', t === 'Cal', t !== 'Cal', t !== 'Dag']) === 1,
          (t) => t,
        ),
    ],
    [
      'logic-100-en',
      'truth-lie-7',
      () =>
        solve(
          [1, 2, 3, 4, 5, 6],
          (d) => d < 3 === d - 1 >= 3,
          (d) => WEEKDAYS_EN[d],
        ),
    ],
    [
      'logic-100-en',
      'negation-6',
      () =>
        solve(
          pairs,
          ([a, b]) => !(a && b),
          ([a, b]) => (!a || !b ? 'yes' : 'no'),
        ),
    ],
    ['logic-100-en', 'calendar-4', () => WEEKDAYS_EN[6 - 2]],
    ['logic-100-en', 'calendar-5', () => (10 + 5) % 12],
    ['logic-100-en', 'calendar-6', () => daysBetween('2024-02-28', '2024-03-02')],
    ['logic-100-en', 'calendar-7', () => WEEKDAYS_EN[(25 - 3) % 7]],
    ['logic-100-en', 'calendar-8', () => WEEKDAYS_EN[(2 + 364) % 7]],
    [
      'logic-100-en',
      'calendar-9',
      () => Array.from({ length: 31 }, (_, day) => (4 + day) % 7).filter((day) => day === 6).length,
    ],
    ['logic-100-en', 'spatial-4', () => ['north', 'east', 'south', 'west'][(1 + 2 + 3) % 4]],
    ['logic-100-en', 'spatial-6', () => Math.hypot(3 - 3, 4)],
    ['logic-100-en', 'spatial-7', () => ['Amy', 'Bob', 'Cid', 'Dee', 'Eli', 'Fay'][1 + 3]],
    ['logic-100-en', 'sets-1', () => 20 - 12],
    ['logic-100-en', 'sets-2', () => 15 - 4],
    ['logic-100-en', 'sets-3', () => 25 - (14 + 9 - 5)],
    ['logic-100-en', 'sets-4', () => 18 + 20 - 30],
    ['logic-100-en', 'sets-6', () => 22 - (22 + 15 - (40 - 10))],
    ['logic-100-en', 'sets-7', () => 7 + 6 - 10],
    ['logic-100-en', 'sets-8', () => Math.min(5, 8)],
    [
      'logic-100-en',
      'sets-9',
      () => [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((x) => x % 2 === 0 && x >= 2 && x <= 20).length,
    ],
    [
      'logic-100-en',
      'conditional-2',
      () =>
        solve(
          pairs,
          ([h, closed]) => (!h || closed) && !closed,
          ([h]) => (h ? 'yes' : 'no'),
        ),
    ],
    [
      'logic-100-en',
      'conditional-6',
      () =>
        solve(
          triples,
          ([a, b, stays]) => (!a || b) && (!b || stays) && !stays,
          ([a]) => (a ? 'yes' : 'no'),
        ),
    ],
    ['logic-100-en', 'conditional-8', () => ['A', 'K', 4, 7].filter((x) => x === 'A' || x === 7).length],
    [
      'logic-100-en',
      'conditional-9',
      () =>
        solve(
          pairs,
          ([opens, broken]) => (opens || broken) && !broken,
          ([opens]) => (opens ? 'yes' : 'no'),
        ),
    ],
    ['logic-100-en', 'counting-1', () => 15 - 7 + 1],
    ['logic-100-en', 'counting-2', () => 3 * 4],
    ['logic-100-en', 'counting-3', () => 2 + 1],
    ['logic-100-en', 'counting-4', () => (5 * 4) / 2],
    ['logic-100-en', 'counting-5', () => 100 / 4],
    [
      'logic-100-en',
      'counting-6',
      () => Array.from({ length: 90 }, (_, x) => x + 10).filter((x) => x % 11 === 0).length,
    ],
    ['logic-100-en', 'counting-7', () => permute([1, 2, 3, 4]).length],
    ['logic-100-en', 'counting-8', () => (100 * 3) / (3 + 7)],
    ['logic-100-en', 'counting-9', () => [1, 2, 3, 4, 5, 6].filter((x) => 7 - x >= 1 && 7 - x <= 6).length],
    [
      'logic-100-ru',
      'ordering-4',
      () =>
        solve(
          permute(['сумка', 'портфель', 'чемодан']),
          (o) => ahead(o, 'сумка', 'портфель') && ahead(o, 'чемодан', 'сумка'),
          (o) => o[2],
        ),
    ],
    [
      'logic-100-ru',
      'ordering-5',
      () =>
        solve(
          permute(['Чайка', 'Волна', 'Ласточка', 'Стриж']),
          (o) => ahead(o, 'Чайка', 'Волна') && ahead(o, 'Волна', 'Ласточка') && ahead(o, 'Стриж', 'Чайка'),
          (o) => o[1],
        ),
    ],
    [
      'logic-100-ru',
      'ordering-6',
      () =>
        solve(
          permute(['Орловы', 'Гусевы', 'Зайцевы', 'Белкины', 'Рыбины']),
          (o) =>
            o.indexOf('Орловы') === o.indexOf('Гусевы') + 1 &&
            o[0] === 'Зайцевы' &&
            o[4] === 'Белкины' &&
            ahead(o, 'Орловы', 'Рыбины') &&
            ahead(o, 'Гусевы', 'Рыбины'),
          (o) => o[1],
        ),
    ],
    [
      'logic-100-ru',
      'ordering-7',
      () =>
        solve(
          permute(['Лена', 'Тарас', 'Рита', 'Фаина', 'Павел']),
          (o) =>
            ahead(o, 'Тарас', 'Лена') &&
            ahead(o, 'Лена', 'Рита') &&
            ahead(o, 'Фаина', 'Тарас') &&
            ahead(o, 'Рита', 'Павел'),
          (o) => o[2],
        ),
    ],
    [
      'logic-100-ru',
      'ordering-8',
      () =>
        solve(
          permute(['марш', 'вальс', 'романс', 'гимн', 'частушки', 'баллада']),
          (o) =>
            o.indexOf('марш') === o.indexOf('вальс') + 1 &&
            o.indexOf('гимн') === o.indexOf('романс') + 1 &&
            o[5] === 'частушки' &&
            ahead(o, 'марш', 'баллада') &&
            ahead(o, 'баллада', 'романс'),
          (o) => o[2],
        ),
    ],
    [
      'logic-100-ru',
      'ordering-9',
      () =>
        solve(
          permute([5, 4, 3, 2]),
          ([a = 0, v = 0, g = 0]) => a === v + 2 && g > a,
          (o) => o[3],
        ),
    ],
    ['logic-100-ru', 'arithmetic-4', () => 12 * 5],
    ['logic-100-ru', 'arithmetic-5', () => 200 - 4 * 35],
    ['logic-100-ru', 'arithmetic-6', () => 10 * 60 + 15 - (8 * 60 + 50)],
    ['logic-100-ru', 'arithmetic-7', () => 48 / 4],
    ['logic-100-ru', 'arithmetic-8', () => 1 / (1 / 12 + 1 / 4)],
    ['logic-100-ru', 'arithmetic-9', () => 450 / 0.75],
    ['logic-100-ru', 'family-5', () => 2 + 1],
    ['logic-100-ru', 'family-9', () => 4 + 3],
    [
      'logic-100-ru',
      'truth-lie-3',
      () =>
        solve(
          ['под диваном', 'за шкафом', 'на балконе'],
          (m) => !(m === 'под диваном' || m === 'на балконе'),
          (m) => m,
        ),
    ],
    [
      'logic-100-ru',
      'truth-lie-4',
      () =>
        solve(
          pairs,
          ([p, u]) => p === (p !== u),
          ([, u]) => (u ? 'рыцарь' : 'лжец'),
        ),
    ],
    [
      'logic-100-ru',
      'truth-lie-5',
      () =>
        solve(
          ['дуб', 'липа', 'клён'],
          (k) => countTrue([k === 'дуб', k !== 'дуб', k !== 'клён']) === 1,
          (k) => k,
        ),
    ],
    [
      'logic-100-ru',
      'truth-lie-6',
      () =>
        solve(
          ['Ася', 'Боря', 'Галя', 'Витя'],
          (t) => countTrue([t === 'Боря', t === 'Галя', t !== 'Галя', t !== 'Витя']) === 1,
          (t) => t,
        ),
    ],
    [
      'logic-100-ru',
      'truth-lie-7',
      () =>
        solve(
          [1, 2, 3, 4, 5, 6],
          (d) => d >= 3 === d - 1 < 3,
          (d) => WEEKDAYS_RU[d],
        ),
    ],
    [
      'logic-100-ru',
      'negation-5',
      () =>
        solve(
          pairs,
          ([a, b]) => a || b,
          ([a, b]) => (a || b ? 'да' : 'нет'),
        ),
    ],
    ['logic-100-ru', 'calendar-4', () => WEEKDAYS_RU[3 - 2]],
    ['logic-100-ru', 'calendar-5', () => (22 + 7) % 24],
    ['logic-100-ru', 'calendar-6', () => daysBetween('2024-02-27', '2024-03-03')],
    ['logic-100-ru', 'calendar-7', () => WEEKDAYS_RU[(4 + 25) % 7]],
    ['logic-100-ru', 'calendar-8', () => WEEKDAYS_RU[365 % 7]],
    [
      'logic-100-ru',
      'calendar-9',
      () => Array.from({ length: 30 }, (_, day) => (5 + day) % 7).filter((day) => day === 6).length,
    ],
    ['logic-100-ru', 'spatial-4', () => ['север', 'восток', 'юг', 'запад'][(2 + 2 + 1) % 4]],
    ['logic-100-ru', 'spatial-6', () => Math.hypot(6 - 6, 5)],
    [
      'logic-100-ru',
      'spatial-7',
      () => ['Алла', 'Булат', 'Вера', 'Глеб', 'Дина', 'Ефим', 'Жанна', 'Захар'][2 + 4],
    ],
    ['logic-100-ru', 'sets-1', () => 30 - 19],
    ['logic-100-ru', 'sets-2', () => 18 - 3],
    ['logic-100-ru', 'sets-3', () => 32 - (20 + 13 - 6)],
    ['logic-100-ru', 'sets-4', () => 17 + 15 - 24],
    ['logic-100-ru', 'sets-6', () => 21 - (28 + 21 - (50 - 12))],
    ['logic-100-ru', 'sets-7', () => 15 + 12 - 20],
    ['logic-100-ru', 'sets-8', () => Math.min(6, 9)],
    [
      'logic-100-ru',
      'sets-9',
      () => Array.from({ length: 20 }, (_, at) => at + 1).filter((x) => x % 2 === 0 && x % 3 === 0).length,
    ],
    [
      'logic-100-ru',
      'conditional-2',
      () =>
        solve(
          pairs,
          ([ready, rang]) => (!ready || rang) && !rang,
          ([ready]) => (ready ? 'да' : 'нет'),
        ),
    ],
    [
      'logic-100-ru',
      'conditional-6',
      () =>
        solve(
          triples,
          ([n, k, yu]) => (!n || k) && (!k || !yu) && yu,
          ([n]) => (n ? 'да' : 'нет'),
        ),
    ],
    [
      'logic-100-ru',
      'conditional-8',
      () => ['пиво', 'квас', 16, 40].filter((x) => x === 'пиво' || (typeof x === 'number' && x < 18)).length,
    ],
    [
      'logic-100-ru',
      'conditional-9',
      () =>
        solve(
          pairs,
          ([port, motor]) => (port || motor) && !motor,
          ([port]) => (port ? 'да' : 'нет'),
        ),
    ],
    ['logic-100-ru', 'counting-1', () => 30 - 12 + 1],
    ['logic-100-ru', 'counting-2', () => 4 * 5],
    ['logic-100-ru', 'counting-3', () => 8 + 1],
    ['logic-100-ru', 'counting-4', () => (6 * 5) / 2],
    ['logic-100-ru', 'counting-5', () => (100 * 4) / (4 + 6)],
    ['logic-100-ru', 'counting-6', () => 2 ** 3],
    [
      'logic-100-ru',
      'counting-7',
      () => Array.from({ length: 90 }, (_, x) => x + 10).filter((x) => x % 10 === 7).length,
    ],
    ['logic-100-ru', 'counting-8', () => permute([1, 2, 3, 4]).length],
    ['logic-100-ru', 'counting-9', () => [1, 2, 3, 4, 5, 6].length],
  ];

  it.each(computed)('%s %s', (setId, caseId, compute) => {
    const value = added.find(({ id }) => id === setId)?.cases.find(({ id }) => id === caseId)?.graders[0]?.[
      'value'
    ];
    expect(compute()).toBe(value);
  });
});
