import { describe, expect, it } from 'vitest';
import { appendNumberWord } from './number-words';
import { findNumerals, isDayOfMonth, isYear } from './numerals';

describe('findNumerals', () => {
  it.each([
    ['two hundred and one', [[2], [100], [1]]],
    ['двадцать пятеро', [[20], [5]]],
    ['1,234 or 1 234,5', [[1234, 1.234], [1234.5]]],
    ['3,5,7', [[3], [5], [7]]],
    ['1 1/2 and .5', [[1.5], [0.5]]],
    ['nobody', [[0]]],
    ['on 12.05.2024 at 10:30', []],
    ['1/0', []],
  ])('reads %j', (text, readings) => {
    expect(findNumerals(text).map((each) => each.readings)).toEqual(readings);
  });

  it('says where they are and how they are written', () => {
    expect(findNumerals('a 12, two')).toEqual([
      { readings: [12], start: 2, end: 4, word: false, none: false },
      { readings: [2], start: 6, end: 9, word: true, none: false },
    ]);
  });
});

describe('appendNumberWord', () => {
  const join = (first: number, ...rest: readonly number[]) =>
    rest.reduce<ReturnType<typeof appendNumberWord>>(
      (number, next) => number && appendNumberWord(number, next),
      { value: first, base: 0, isWord: true },
    )?.value;

  it.each([
    [[20, 1], 21],
    [[2, 100, 20, 1], 221],
    [[2, 1000, 5, 100], 2500],
    [[1, 1e6, 2, 1000, 3], 1_002_003],
    [[1, 2], undefined],
    [[20, 11], undefined],
    [[100, 200], undefined],
  ] as const)('makes of %j: %j', ([first, ...rest], value) => {
    expect(join(first, ...rest)).toBe(value);
  });

  it('only multiplies digits', () => {
    const digits = { value: 20, base: 0, isWord: false };
    expect(appendNumberWord(digits, 1000)?.value).toBe(20_000);
    expect(appendNumberWord(digits, 1)).toBeUndefined();
  });
});

describe('dates', () => {
  it('tells the day and the year from other numbers', () => {
    expect(isDayOfMonth('on march ', '')).toBe(true);
    expect(isDayOfMonth('', ' мая')).toBe(true);
    expect(isDayOfMonth('', 'th of march')).toBe(true);
    expect(isDayOfMonth('', ' may be right')).toBe(false);
    expect(isYear('2024', 'march 5, ')).toBe(true);
    expect(isYear('12', 'march ')).toBe(false);
    expect(isYear('2024', 'about ')).toBe(false);
  });
});
