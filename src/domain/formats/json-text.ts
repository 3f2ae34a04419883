import { FaultError } from '../fault';

/** Where a text stops being JSON. Lines and columns count from 1, columns in UTF-16 code units. */
export interface JsonBreak {
  readonly line: number;
  readonly column: number;
  /** What stands there; empty at the end of a line or of the text. */
  readonly found: string;
}

/** A text that is no JSON, and where it stops being JSON; for `ui/` to word. */
export class BrokenJson extends FaultError {
  constructor(
    what: string,
    readonly at: JsonBreak,
  ) {
    const found = at.found === '' ? 'the end' : `“${at.found}”`;
    super({
      kind: 'bad-input',
      what,
      detail: `line ${at.line}, column ${at.column}: ${found} is not expected there`,
      at,
    });
  }
}

/** @throws BrokenJson */
export function parseJsonText(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BrokenJson(what, locate(text, findBreak(text)));
  }
}

const SHOWN_CHARACTERS = 20;

function locate(text: string, offset: number): JsonBreak {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return {
    line: before.split('\n').length,
    column: offset - start + 1,
    found: text.slice(offset, offset + SHOWN_CHARACTERS).split('\n')[0] ?? '',
  };
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORD = /true|false|null/y;

/**
 * The offset of the first character that no JSON text could have there (RFC 8259), as a browser's own message says it in
 * one way or another, or not at all. Without recursion: a hostile text is nested as deep as it likes.
 */
function findBreak(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return false;
    at += found[0].length;
    return found[0] !== '';
  };
  const takeString = (): boolean => {
    if (text[at] !== '"') return false;
    const { end, isWhole } = scanString(text, at);
    at = end;
    return isWhole;
  };
  const open: ('[' | '{')[] = [];
  let wants: 'value' | 'first-value' | 'key' | 'first-key' | 'end' = 'value';
  for (;;) {
    take(SPACE);
    const next = text[at];
    if (wants === 'end') {
      const inside = open.at(-1);
      if (inside === undefined) return at;
      if (next === ',') wants = inside === '[' ? 'value' : 'key';
      else if (next === (inside === '[' ? ']' : '}')) open.pop();
      else return at;
      at++;
      continue;
    }
    const isClosed = (wants === 'first-value' && next === ']') || (wants === 'first-key' && next === '}');
    if (isClosed) {
      open.pop();
      at++;
      wants = 'end';
    } else if (wants === 'key' || wants === 'first-key') {
      if (!takeString()) return at;
      take(SPACE);
      if (text[at] !== ':') return at;
      at++;
      wants = 'value';
    } else if (next === '[' || next === '{') {
      open.push(next);
      at++;
      wants = next === '[' ? 'first-value' : 'first-key';
    } else if (takeString() || take(NUMBER) || take(WORD)) wants = 'end';
    else return at;
  }
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

/** Where a text in quotes ends, or breaks: at the end of its line, at a wrong escape. */
function scanString(text: string, from: number): { readonly end: number; readonly isWhole: boolean } {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { end: at + 1, isWhole: true };
    if (code < 0x20) break;
    if (code !== 0x5c) {
      at++;
      continue;
    }
    ESCAPE.lastIndex = at;
    const escape = ESCAPE.exec(text);
    if (escape === null) break;
    at += escape[0].length;
  }
  return { end: at, isWhole: false };
}
