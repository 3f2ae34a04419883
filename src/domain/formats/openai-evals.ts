import * as v from 'valibot';
import { defineRowFormat, gradersFor } from './row-format';
import type { Row } from './rows';

const messageSchema = v.looseObject({ role: v.string(), content: v.string() });
const rowSchema = v.looseObject({
  input: v.union([v.string(), v.array(messageSchema)]),
  ideal: v.union([v.string(), v.array(v.string())]),
});

/** The conversation as one prompt: what the system says comes first, earlier turns keep their speaker's name. */
function joinMessages(
  input: string | readonly { readonly role: string; readonly content: string }[],
): string {
  if (typeof input === 'string') return input;
  const spoken = input.filter(({ role }) => role !== 'system');
  const system = input.filter(({ role }) => role === 'system').map(({ content }) => content);
  const turns =
    spoken.length === 1
      ? spoken.map(({ content }) => content)
      : spoken.map(({ role, content }) => `${role}: ${content}`);
  return [...system, ...turns].join('\n\n');
}

/** Samples of OpenAI's evals: `input` (text or messages) and `ideal` (one or several), graded as its `Includes`. */
export const openaiEvals = defineRowFormat({
  id: 'openai-evals',
  label: 'OpenAI evals',
  matches: (row) => v.is(rowSchema, row),
  toCase(row: Row) {
    if (!v.is(rowSchema, row)) return undefined;
    const graders = gradersFor([row.ideal].flat());
    return graders === undefined ? undefined : { prompt: joinMessages(row.input), graders };
  },
});
