import * as v from 'valibot';
import { defineRowFormat, gradersFor } from './row-format';
import type { CaseDraft } from './format';
import type { Row } from './rows';

const messageSchema = v.looseObject({ role: v.string(), content: v.string() });
const turnSchema = v.object({ role: v.picklist(['system', 'user', 'assistant']), content: v.string() });
const rowSchema = v.looseObject({
  input: v.union([v.string(), v.array(messageSchema)]),
  ideal: v.union([v.string(), v.array(v.string())]),
});

type Message = v.InferOutput<typeof messageSchema>;

/** A conversation as its last question and what was said before it; undefined where it does not end with a question. */
function readMessages(input: string | readonly Message[]): Pick<CaseDraft, 'prompt' | 'turns'> | undefined {
  if (typeof input === 'string') return { prompt: input };
  const parsed = v.safeParse(v.array(turnSchema), input);
  if (!parsed.success) return undefined;
  // Examples in a system message's name are said by nobody: OpenAI's models see them as system messages too.
  const turns = parsed.output.map(({ role, content }) => ({ role, content }));
  const last = turns.pop();
  if (last === undefined || last.role === 'assistant') return undefined;
  return { prompt: last.content, ...(turns.length > 0 && { turns }) };
}

/** Samples of OpenAI's evals: `input` (text or messages) and `ideal` (one or several), graded as its `Includes`. */
export const openaiEvals = defineRowFormat({
  id: 'openai-evals',
  label: 'OpenAI evals',
  fields: ['input', 'ideal'],
  matches: (row) => v.is(rowSchema, row),
  toCase(row: Row) {
    if (!v.is(rowSchema, row)) return undefined;
    const graders = gradersFor([row.ideal].flat());
    const asked = readMessages(row.input);
    return graders === undefined || asked === undefined ? undefined : { ...asked, graders };
  },
});
