import type { TextPart, Tokenizer } from '../tokenizer/tokenizer';

/** A text whose control tokens count, ids, or a text in parts that says which of them may hold control tokens. */
export type Prompt = string | readonly number[] | readonly TextPart[];

const isIds = (prompt: readonly number[] | readonly TextPart[]): prompt is readonly number[] =>
  typeof prompt[0] === 'number';

/**
 * The ids of a prompt. The model's own beginning of text is added where the prompt has none: one that a template writes
 * wins, or the model would see two.
 * @param continuation what a person or a file wrote to follow the prompt, tokenized with it
 */
export function encodePrompt(tokenizer: Tokenizer, prompt: Prompt, continuation = ''): number[] {
  if (typeof prompt !== 'string' && prompt.length > 0 && isIds(prompt))
    return continuation === '' ? [...prompt] : [...prompt, ...tokenizer.encode(continuation)];
  const parts =
    typeof prompt === 'string' ? [{ text: prompt, special: true }] : (prompt as readonly TextPart[]);
  const ids = tokenizer.encodeParts([...parts, { text: continuation, special: false }], { addSpecial: true });
  if (ids.length === 0 && tokenizer.bosId !== undefined) return [tokenizer.bosId];
  return ids[0] === tokenizer.bosId && ids[1] === tokenizer.bosId ? ids.slice(1) : ids;
}
