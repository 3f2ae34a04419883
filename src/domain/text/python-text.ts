/** What Python's `str.isspace` and `\s` take for white space, as the inside of a class of a regular expression. */
export const PYTHON_SPACE =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`[${PYTHON_SPACE}]`);

export function isSpace(character: string | undefined): boolean {
  return character !== undefined && SPACE.test(character);
}

/** Python's `str.strip()`, or one side of it. In one pass: white space inside costs nothing. */
export function stripSpace(text: string, ends: 'both' | 'left' | 'right' = 'both'): string {
  let [start, end] = [0, text.length];
  if (ends !== 'right') while (start < end && isSpace(text[start])) start++;
  if (ends !== 'left') while (end > start && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}
