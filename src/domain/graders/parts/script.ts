/** More statements than any assertion written on one line. */
const MAX_TRIES = 100;

/**
 * The function body of a promptfoo `javascript` assertion. Several lines are a body already; one line is an expression,
 * or declarations and then an expression.
 * @param isValid whether a text can be a function body; only the language itself knows where a statement ends
 */
export function buildScriptBody(source: string, isValid: (body: string) => boolean): string {
  const code = source.trimEnd();
  if (code.includes('\n')) return code;
  const line = code.trim().replace(/[;\s]+$/, '');
  if (!/^(?:const|let|var)\s/.test(line)) return `return ${line}`;
  let at = line.lastIndexOf(';');
  for (let tries = 0; at > 0 && tries < MAX_TRIES; tries++) {
    const [head, expression] = [line.slice(0, at), `return ${line.slice(at + 1)}`];
    // Apart, so that a semicolon in a text or in brackets is not taken for the end of a statement.
    if (isValid(head) && isValid(expression)) return `${head}; ${expression}`;
    at = line.lastIndexOf(';', at - 1);
  }
  return line;
}
