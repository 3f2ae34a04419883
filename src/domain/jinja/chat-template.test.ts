import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { readChatTemplate } from './render';

/** What transformers' own environment makes of each, for the messages below (bench/chat-templates.py). */
const rows = v.parse(
  v.array(v.object({ template: v.string(), text: v.nullable(v.string()) })),
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/chat-templates.json`, 'utf8')),
);
const messages = [
  { role: 'user', content: 'u1' },
  { role: 'assistant', content: 'a1' },
  { role: 'user', content: 'u2' },
];
const render = (source: string) =>
  readChatTemplate(source).render({ messages, bos_token: '<s>', add_generation_prompt: true });

describe('a chat template', () => {
  it.each(rows.map(({ template, text }) => [template, text] as const))('%j', (template, text) => {
    if (text === null) expect(() => render(template)).toThrow(FaultError);
    else expect(render(template)).toBe(text);
  });

  it('says in its own words why it refuses', () => {
    expect(() => render("{{ raise_exception('roles must alternate') }}")).toThrow('roles must alternate');
  });

  it.each([
    ["{% include 'x' %}", 'the tag include is not supported'],
    ['{{ messages | nosuch }}', 'nosuch'],
    ['{{ messages is nosuch }}', 'nosuch'],
    ['{% break %}', 'break outside of a loop'],
    ['{{ unclosed', 'Unexpected'],
  ])('names what %j has and cannot be rendered', (template, message) => {
    expect(() => render(template)).toThrow(message);
  });

  it.each([
    '{% for a in range(1000000000) %}x{% endfor %}',
    '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}',
    "{% set x = 'x' * 1000 %}{{ x * 100000 }}",
    '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
  ])('is bounded: %s', (template) => {
    expect(() => render(template)).toThrow(FaultError);
  });

  it('knows the day, and leaves what is undefined an error elsewhere', () => {
    expect(render("{{ strftime_now('%Y-%m-%d %%') }}")).toMatch(/^\d{4}-\d\d-\d\d %$/);
    expect(render('{{ nothing }}')).toBe('');
  });
});
