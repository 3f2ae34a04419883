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

/**
 * The tokens of a template as Jinja 2 reads it with its defaults: blocks keep the white space around them, unless a `-`
 * takes it away. One newline at the end is kept where `keepTrailingNewline` says so.
 * @throws FaultError `bad-input`
 */
export function tokenize(source: string, keepTrailingNewline: boolean): readonly Token[] {
  let text = source.replace(/\r\n|\r/g, '\n');
  if (!keepTrailingNewline && text.endsWith('\n')) text = text.slice(0, -1);
  const tokens: Token[] = [];
  let at = 0;
  let stripsNext = false;
  const addData = (data: string, stripsEnd: boolean) => {
    const start = stripsNext ? data.replace(/^\s+/, '') : data;
    const value = stripsEnd ? start.replace(/\s+$/, '') : start;
    stripsNext = false;
    if (value !== '') tokens.push({ kind: 'data', value });
  };
  while (at < text.length) {
    const next = findTag(text, at);
    const strips = text[next + 2] === '-';
    addData(text.slice(at, next), strips);
    at = next;
    if (at >= text.length) break;
    const raw = match(RAW, text, at);
    if (raw !== undefined) {
      const [all, , after, data = '', before, end] = raw;
      stripsNext = after === '-';
      addData(data, before === '-');
      stripsNext = end === '-';
      at += all.length;
      continue;
    }
    if (text.startsWith('{#', at)) {
      const end = text.indexOf('#}', at + 2);
      if (end === -1) throw badInput('template', 'Missing end of comment tag');
      stripsNext = text[end - 1] === '-' && end - 1 >= at + 2;
      at = end + 2;
      continue;
    }
    const isStatement = text[at + 1] === '%';
    tokens.push({ kind: 'begin', value: text.slice(at, at + 2), isStatement });
    at += /[-+]/.test(text[at + 2] ?? '') ? 3 : 2;
    ({ at, stripsNext } = readTag(text, at, isStatement, tokens));
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
): { readonly at: number; readonly stripsNext: boolean } {
  const close = isStatement ? /([-+]?)%\}/y : /(-?)\}\}/y;
  const brackets: string[] = [];
  let at = start;
  while (at < text.length) {
    at += match(SPACE, text, at)?.[0].length ?? 0;
    const end = brackets.length === 0 ? match(close, text, at) : undefined;
    if (end !== undefined) {
      tokens.push({ kind: 'end', value: end[0], isStatement });
      return { at: at + end[0].length, stripsNext: end[1] === '-' };
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
