import { parseDocument } from 'yaml';
import { badInput, FaultError } from '../fault';
import { parseJsonText } from './json-text';

/** Four million characters: longer YAML takes seconds to read, and sets of that size are JSON Lines or CSV. */
const MAX_CHARACTERS = 4_000_000;
/** References may be used so often; more is how a small file grows without bound. */
const MAX_ALIASES = 100;

/**
 * JSON or YAML as plain data.
 * @param options `takesLast`: of a key that stands twice the last one counts, as PyYAML takes it, and is no error
 * @throws FaultError `bad-input`, naming line and column, and any tag that asks for code
 */
export function readYaml(
  text: string,
  what: string,
  { takesLast = false }: { readonly takesLast?: boolean } = {},
): unknown {
  try {
    if (/^\s*[[{]/.test(text)) return JSON.parse(text);
  } catch {
    // Flow style YAML begins the same way.
  }
  if (text.length > MAX_CHARACTERS) throw badInput(what, 'more than 4 MB of YAML');
  let document;
  try {
    document = parseDocument(text, {
      prettyErrors: true,
      logLevel: 'silent',
      merge: true,
      uniqueKeys: !takesLast,
    });
  } catch (error) {
    throw badInput(what, error instanceof Error ? error.message : String(error));
  }
  const [error] = document.errors;
  if (error !== undefined) {
    // What begins as JSON and is neither was meant to be JSON.
    if (/^\s*(?:\{\s*"|\[\s*[["{])/.test(text)) parseJsonText(text, what);
    const detail = error.message.split('\n')[0] ?? 'not YAML';
    const { line, col: column } = error.linePos?.[0] ?? {};
    const found = text.slice(error.pos[0], error.pos[0] + 20).split('\n')[0] ?? '';
    throw line === undefined || column === undefined
      ? badInput(what, detail)
      : new FaultError({ kind: 'bad-input', what, detail, at: { line, column, found } });
  }
  const tag = document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  if (tag !== undefined) {
    const name = /!\S+/.exec(tag.message)?.[0] ?? 'a tag';
    throw badInput(what, `it asks for code (${name}), which cannot be run in a page`);
  }
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (failure) {
    throw badInput(what, failure instanceof Error ? failure.message : String(failure));
  }
}
