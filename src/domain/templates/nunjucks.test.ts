import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { renderNunjucks } from './nunjucks';

/** What Nunjucks 3.2.4 makes of each template; null where it throws. */
const table = v.parse(
  v.object({
    variables: v.record(v.string(), v.unknown()),
    rows: v.array(v.object({ template: v.string(), expected: v.nullable(v.string()) })),
  }),
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/nunjucks-table.json`, 'utf8')),
);

describe('renderNunjucks', () => {
  it.each(table.rows)('$template', ({ template, expected }) => {
    const render = () => renderNunjucks(template, table.variables);
    if (expected === null) expect(render).toThrow(FaultError);
    else expect(render()).toBe(expected);
  });

  it.each([
    ['counting', '{% for i in range(100000000) %}x{% endfor %}'],
    ['an endless range', '{{ range(0, 1, 0.00000001) | length }}'],
    ['nested loops', '{% for a in l %}'.repeat(20) + 'x' + '{% endfor %}'.repeat(20)],
    ['a text that doubles', `{% set a = "xxxxxxxx" %}${'{% set a = a ~ a %}'.repeat(40)}{{ a }}`],
    ['a list that doubles', `{% set a = l %}${'{% set a = [a, a, a, a] %}'.repeat(40)}{{ a }}`],
    ['such a list as JSON', `{% set a = l %}${'{% set a = [a, a, a, a] %}'.repeat(40)}{{ a | dump }}`],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ['a long repetition', '{{ "x".repeat(100000000) }}'],
    ['brackets', `{{ ${'('.repeat(5_000)}1${')'.repeat(5_000)} }}`],
    ['signs', `{{ ${'-'.repeat(40_000)}1 }}`],
    ['tags', '{% if 1 %}'.repeat(4_000)],
    ['filters', `{{ a${' | indent(190000, true)'.repeat(1_000)} }}`],
    ['replacing nothing', `{% set a = a.repeat(50) %}${'{% set a = a | replace("", a) %}'.repeat(9)}{{ a }}`],
  ])('ends %s', (_name, template) => {
    expect(() => renderNunjucks(template, { l: ['1', '2', '3', '4'], a: 'abcd' })).toThrow(FaultError);
  });

  it.each([
    '{{ "".constructor.constructor("return 1")() }}',
    '{{ l.constructor }}',
    '{{ range.constructor("return 1")() }}',
    '{{ l.map(range) }}',
    '{{ (1).constructor }}',
    '{{ a.__proto__ }}',
  ])('leads out of the data nowhere: %s', (template) => {
    expect(() => renderNunjucks(template, { l: [1], a: 'x' })).toThrow(FaultError);
  });

  it('knows no members but those that are data', () => {
    expect(renderNunjucks('{{ o.constructor }}{{ o.__proto__ }}{{ o.toString }}.', { o: { a: 1 } })).toBe(
      '.',
    );
  });
});
