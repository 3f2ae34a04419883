import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { renderJinja } from './render';

/** What Jinja 2 makes of templates with lm-eval's settings: scripts/python-expected.py. */
const { row, templates } = v.parse(
  v.object({
    row: v.record(v.string(), v.unknown()),
    templates: v.array(
      v.object({ template: v.string(), text: v.optional(v.string()), error: v.optional(v.string()) }),
    ),
  }),
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/jinja.json`, 'utf8')),
);

describe('a template', () => {
  it.each(templates.map(({ template, text, error }) => [template, text, error] as const))(
    'gives what Jinja 2 gives: %s',
    (template, text) => {
      if (text === undefined) expect(() => renderJinja(template, row)).toThrow(FaultError);
      else expect(renderJinja(template, row)).toBe(text);
    },
  );
});
