import { describe, expect, it } from 'vitest';
import { Format } from './format';

const en = new Format('en');
const ru = new Format('ru');

/** Languages differ in which kind of space they put between number and unit. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('Format', () => {
  it('writes numbers as the language does', () => {
    expect(en.number(1_234_567.89)).toBe('1,234,568');
    expect(plain(ru.number(1_234_567.89))).toBe('1 234 568');
    expect(en.number(12.345, 1)).toBe('12.3');
    expect(ru.number(12.345, 1)).toBe('12,3');
  });

  it('writes fractions as whole percent', () => {
    expect([0, 0.4583, 1].map((fraction) => en.percent(fraction))).toEqual(['0%', '46%', '100%']);
    expect([0, 0.4583, 1].map((fraction) => plain(ru.percent(fraction)))).toEqual(['0 %', '46 %', '100 %']);
  });

  it('writes differences in points with their sign, and none for nought', () => {
    expect([0.125, -0.5, 0, 0.001].map((fraction) => en.points(fraction))).toEqual([
      '+13',
      '\u221250',
      '0',
      '0',
    ]);
  });

  it('writes p-values with two digits that count, and none below 0.001', () => {
    expect([0.0625, 0.00123, 0.0009, 1, 1.2].map((p) => en.probability(p))).toEqual([
      '= 0.063',
      '= 0.0012',
      '< 0.001',
      '= 1',
      '= 1',
    ]);
    expect(ru.probability(0.0001)).toBe('< 0,001');
  });

  it('counts what is large in gigabytes', () => {
    expect([3_825_812_736, 1e9, 98e6].map((bytes) => en.size(bytes))).toEqual(['3.8 GB', '1 GB', '98 MB']);
    expect([0, 1, 14_400, 1e5].map((bytes) => en.size(bytes))).toEqual(['0 MB', '1 kB', '14 kB', '0.1 MB']);
    expect(plain(ru.size(3_825_812_736))).toBe('3,8 ГБ');
  });

  it('counts in decimal megabytes, small sizes to a tenth', () => {
    expect([0, 1_234_567, 98_362_432].map((bytes) => plain(en.megabytes(bytes)))).toEqual([
      '0 MB',
      '1.2 MB',
      '98 MB',
    ]);
    expect(plain(ru.megabytes(1_234_567))).toBe('1,2 МБ');
  });

  it('writes measured times in seconds, short ones to a tenth', () => {
    expect(plain(en.duration(1_234))).toBe('1.2 sec');
    expect(plain(en.duration(61_234))).toBe('61 sec');
    expect(plain(ru.duration(1_234))).toBe('1,2 с');
  });

  it.each([
    [0, '1 sec'],
    [0.2, '1 sec'],
    [59.4, '59 sec'],
    // Not "60 sec".
    [59.6, '1 min'],
    [120, '2 min'],
    [125, '2 min 5 sec'],
    [179.6, '3 min'],
    [3_600, '60 min'],
  ])('writes a wait of %f seconds as %s', (seconds, text) => {
    expect(plain(en.wait(seconds))).toBe(text);
  });

  it('writes a wait in Russian', () => {
    expect(plain(ru.wait(125))).toBe('2 мин 5 с');
  });

  it('writes dates as the language does', () => {
    const noon = Date.UTC(2025, 10, 22, 12);
    expect(en.date(noon)).toMatch(/Nov 2[123], 2025/);
    expect(ru.date(noon)).toMatch(/2[123] нояб\. 2025/);
  });

  it('can write any date that a link may hold', () => {
    expect(en.date(8.64e15)).toContain('275760');
    expect(en.date(0)).toMatch(/19(69|70)/);
  });

  it("names languages in the reader's own", () => {
    expect([en.language('ru'), en.language('en')]).toEqual(['Russian', 'English']);
    expect([ru.language('ru'), ru.language('en')]).toEqual(['русский', 'английский']);
  });

  it.each(['xyz', 'en-x', 'en-1234567890', '<b>'])('shows the tag %j as it is', (tag) => {
    expect(en.language(tag)).toBe(tag);
  });
});
