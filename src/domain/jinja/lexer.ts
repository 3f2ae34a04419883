import { badInput } from '../fault';
import { readEscapes } from './literal';

export interface Token {
  readonly kind: 'data' | 'begin' | 'end' | 'name' | 'string' | 'int' | 'float' | 'operator';
  readonly value: string;
  /** Of a `begin` or `end`: of a statement or of an expression. */
  readonly isStatement?: boolean;
}

const OPERATORS = /\/\/|\*\*|==|!=|>=|<=|[-+*/%~[\](){}<>=.:|,;]/y;
const FLOAT = /(?<![.\w])(?:\d+_)*\d+(?:\.(?:\d+_)*\d+(?:e[+-]?\d+)?|e[+-]?\d+)/iy;
const INT = /0x[\da-f]+|0b[01]+|0o[0-7]+|\d+(?:_\d+)*/iy;
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const SPACE = /\s+/y;
const RAW = /\{%([-+]?)\s*raw\s*(-?)%\}([\s\S]*?)\{%([-+]?)\s*endraw\s*([-+]?)%\}/y;

/** Settings of Jinja's environment, as it names them. */
export interface LexerOptions {
  readonly keepTrailingNewline: boolean;
  /** The newline after a statement or a comment goes, and the space before it where it begins its line. */
  readonly trimBlocks?: boolean;
}

/**
 * The tokens of a template as Jinja 2 reads it: by its defaults blocks keep the white space around them, unless a `-` takes
 * it away. With `trimBlocks` it reads as with `trim_blocks` and `lstrip_blocks`; a `+` keeps that space.
 * @throws FaultError `bad-input`
 */
export function tokenize(
  source: string,
  { keepTrailingNewline, trimBlocks = false }: LexerOptions,
): readonly Token[] {
  let text = source.replace(/\r\n|\r/g, '\n');
  if (!keepTrailingNewline && text.endsWith('\n')) text = text.slice(0, -1);
  const tokens: Token[] = [];
  let at = 0;
  let stripsNext = false;
  /** The data that comes next follows a statement or a comment that takes its newline along. */
  let trimsNext = false;
  /** Whether data begins its line: at the start of the text and after a newline. */
  let isLineStart = true;
  const addData = (data: string, stripsEnd: boolean, trimsLine: boolean) => {
    const trimmed = trimsNext && data.startsWith('\n') ? data.slice(1) : data;
    const begins = isLineStart || trimmed !== data;
    const start = stripsNext ? trimmed.replace(/^\s+/, '') : trimmed;
    const lineStart = start.lastIndexOf('\n') + 1;
    const isBare = (lineStart > 0 || begins) && /^[^\S\n]*$/.test(start.slice(lineStart));
    const value = stripsEnd
      ? start.replace(/\s+$/, '')
      : trimsLine && isBare
        ? start.slice(0, lineStart)
        : start;
    stripsNext = false;
    trimsNext = false;
    isLineStart = false;
    if (value !== '') tokens.push({ kind: 'data', value });
  };
  while (at < text.length) {
    const next = findTag(text, at);
    const mark = text[next + 2] ?? '';
    const isBlock = trimBlocks && next < text.length && text[next + 1] !== '{' && mark !== '+';
    addData(text.slice(at, next), mark === '-', isBlock);
    at = next;
    if (at >= text.length) break;
    const raw = match(RAW, text, at);
    if (raw !== undefined) {
      const [all, , after, data = '', before, end] = raw;
      stripsNext = after === '-';
      addData(data, before === '-', trimBlocks && before === '');
      stripsNext = end === '-';
      trimsNext = trimBlocks && end === '';
      at += all.length;
      continue;
    }
    if (text.startsWith('{#', at)) {
      const end = text.indexOf('#}', at + 2);
      if (end === -1) throw badInput('template', 'Missing end of comment tag');
      stripsNext = text[end - 1] === '-' && end - 1 >= at + 2;
      trimsNext = trimBlocks && text[end - 1] !== '+';
      at = end + 2;
      continue;
    }
    const isStatement = text[at + 1] === '%';
    tokens.push({ kind: 'begin', value: text.slice(at, at + 2), isStatement });
    at += /[-+]/.test(text[at + 2] ?? '') ? 3 : 2;
    ({ at, stripsNext, trimsNext } = readTag(text, at, isStatement, tokens));
    trimsNext &&= trimBlocks && isStatement;
  }
  return tokens;
}

function findTag(text: string, from: number): number {
  for (let at = text.indexOf('{', from); at !== -1; at = text.indexOf('{', at + 1)) {
    if (/[{%#]/.test(text[at + 1] ?? '')) return at;
  }
  return text.length;
}

function readTag(
  text: string,
  start: number,
  isStatement: boolean,
  tokens: Token[],
): { readonly at: number; readonly stripsNext: boolean; readonly trimsNext: boolean } {
  const close = isStatement ? /([-+]?)%\}/y : /(-?)\}\}/y;
  const brackets: string[] = [];
  let at = start;
  while (at < text.length) {
    at += match(SPACE, text, at)?.[0].length ?? 0;
    const end = brackets.length === 0 ? match(close, text, at) : undefined;
    if (end !== undefined) {
      tokens.push({ kind: 'end', value: end[0], isStatement });
      return { at: at + end[0].length, stripsNext: end[1] === '-', trimsNext: end[1] === '' };
    }
    const token = readToken(text, at);
    at += token.length;
    tokens.push(token.token);
    const { value, kind } = token.token;
    if (kind === 'operator' && '([{'.includes(value)) brackets.push(value);
    if (kind === 'operator' && ')]}'.includes(value)) brackets.pop();
  }
  throw badInput('template', 'Unexpected end of input');
}

function readToken(text: string, at: number): { readonly token: Token; readonly length: number } {
  const kinds = [
    ['float', FLOAT],
    ['int', INT],
    ['name', NAME],
    ['string', STRING],
    ['operator', OPERATORS],
  ] as const;
  for (const [kind, pattern] of kinds) {
    const found = match(pattern, text, at)?.[0];
    if (found === undefined) continue;
    const value =
      kind === 'string'
        ? readEscapes(found.slice(1, -1))
        : kind === 'int' || kind === 'float'
          ? found.replaceAll('_', '')
          : found;
    return { token: { kind, value }, length: found.length };
  }
  const what = at >= text.length ? 'Unexpected end of input' : `Unexpected character: ${text[at] ?? ''}`;
  throw badInput('template', what);
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
