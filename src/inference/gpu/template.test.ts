import { expect, test } from 'vitest';
import { fillTemplate } from './template';

test('numbers become constants, flags keep or drop lines, loops count', () => {
  const source = [
    '// A comment is dropped.',
    '//#if WIDE',
    'wide;',
    '//#else',
    'narrow;',
    '//#end',
    '//#for i COUNT',
    '//#for j 2',
    'x_${i}_${j};',
    '//#end',
    '//#if !WIDE',
    'not wide ${i};',
    '//#end',
    '//#end',
  ].join('\n');
  expect(fillTemplate(source, { WIDE: true, COUNT: 2 })).toBe(
    'const COUNT: u32 = 2u;\nwide;\nx_0_0;\nx_0_1;\nx_1_0;\nx_1_1;',
  );
  expect(fillTemplate(source, { WIDE: false, COUNT: 1 })).toBe(
    'const COUNT: u32 = 1u;\nnarrow;\nx_0_0;\nx_0_1;\nnot wide 0;',
  );
});

test.each([
  ['//#if A', 'not closed'],
  ['//#if B\n//#end', "no flag 'B'"],
  ['//#for i A\n//#end', "no number 'A'"],
  ['x;\n//#end', 'nothing is open'],
])('refuses %j', (source, message) => {
  expect(() => fillTemplate(source, { A: true })).toThrow(message);
});

test('refuses a constant that is no whole number', () => {
  expect(() => fillTemplate('', { A: 1.5 })).toThrow('A is 1.5');
});
