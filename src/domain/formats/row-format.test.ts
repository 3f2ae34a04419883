import { describe, expect, it } from 'vitest';
import { gradersFor } from './row-format';

describe('gradersFor', () => {
  it.each([
    ['4', 4],
    [' 1,234.5 ', 1234.5],
    ['12,34,567', 1234567],
    ['1 234 567', 1234567],
    ['-3', -3],
    ['\u22123', -3],
    ['+7', 7],
    ['.5', 0.5],
    ['1e5', 100_000],
    ['$18', 18],
    ['-$18.50', -18.5],
    ['18 €', 18],
    ['29.', 29],
    ['٤٢', 42],
    ['$7$', 7],
    [String.raw`\boxed{7}`, 7],
    ['3/4', '3/4'],
    ['-1/4', '-1/4'],
    ['1 1/2', '1 1/2'],
    [String.raw`\frac{3}{4}`, '3/4'],
    [String.raw`$\dfrac{1}{3}$`, '1/3'],
    ['25%', '25%'],
    ['12.5 %', '12.5%'],
  ])('reads %j as a number', (gold, value) => {
    expect(gradersFor(gold)).toEqual([{ type: 'number', value }]);
  });

  it.each(['12 cm', 'in 1999', '3, 4', '1/0', '12:30', 'x', '1-2', '1.2.3', '1,2,3', '', '-', '%'])(
    'leaves %j as text',
    (gold) => {
      expect(gradersFor(gold)?.[0]?.type).not.toBe('number');
    },
  );
});

describe('gradersFor several answers', () => {
  it('reads numbers as numbers, and all else as text', () => {
    expect(gradersFor([])).toBeUndefined();
    expect(gradersFor(['4'])).toEqual([{ type: 'number', value: 4 }]);
    expect(gradersFor(['4', '4.0'])).toEqual([{ type: 'number', value: 4 }]);
    expect(gradersFor(['4', 'four'])).toEqual([{ type: 'icontains-any', value: ['4', 'four'] }]);
    expect(gradersFor(['4', '1/2'])).toEqual([
      {
        type: 'assert-set',
        threshold: 0.5,
        assert: [
          { type: 'number', value: 4 },
          { type: 'number', value: '1/2' },
        ],
      },
    ]);
  });
});
