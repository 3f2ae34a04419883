import { badInput } from '../fault';

export interface Token {
  readonly type:
    | 'data'
    | 'comment'
    | 'block-start'
    | 'block-end'
    | 'variable-start'
    | 'variable-end'
    | 'string'
    | 'int'
    | 'float'
    | 'boolean'
    | 'none'
    | 'symbol'
    | 'operator';
  readonly value: string;
}

const WHITESPACE = ' \n\t\r\u00a0';
const DELIMITERS = '()[]{}%*-+~/#,:|.<>=!';
const OPERATORS = ['===', '!==', '==', '!=', '<=', '>=', '//', '**'];
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

export function failTemplate(detail: string): never {
  throw badInput('template', detail);
}

/** Cuts a template into tokens as Nunjucks 3.2 does, one at a time, for `raw` has to step out of it. */
export class Tokens {
  #at = 0;
  #inCode = false;

  constructor(private readonly source: string) {}

  /** @returns undefined at the end */
  next(): Token | undefined {
    if (this.#inCode) this.#skipWhitespace();
    if (this.#at >= this.source.length) return undefined;
    return this.#inCode ? this.#readCode() : this.#readText();
  }

  /** What matches where the reading stands now, which then goes on behind it. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.source);
    if (found === null) return undefined;
    this.#at = sticky.lastIndex;
    return found;
  }

  #startsWith(text: string): boolean {
    return this.source.startsWith(text, this.#at);
  }

  #skipWhitespace(): void {
    while (this.#at < this.source.length && WHITESPACE.includes(this.source.charAt(this.#at))) this.#at++;
  }

  #emit(type: Token['type'], value: string, length = value.length): Token {
    this.#at += length;
    return { type, value };
  }

  #readText(): Token {
    for (const [type, open] of [
      ['block-start', '{%'],
      ['variable-start', '{{'],
    ] as const) {
      if (!this.#startsWith(open)) continue;
      this.#inCode = true;
      return this.#emit(type, this.#startsWith(`${open}-`) ? `${open}-` : open);
    }
    if (this.#startsWith('{#')) {
      const end = this.source.indexOf('#}', this.#at + 2);
      if (end === -1) failTemplate('a comment has no end');
      return this.#emit('comment', this.source.slice(this.#at, end + 2));
    }
    const mark = /\{[{%#]|#\}/g;
    mark.lastIndex = this.#at;
    const found = mark.exec(this.source);
    if (found?.[0] === '#}') failTemplate('the end of a comment, but no beginning');
    return this.#emit('data', this.source.slice(this.#at, found?.index ?? this.source.length));
  }

  #readCode(): Token {
    const current = this.source.charAt(this.#at);
    if (current === '"' || current === "'") return this.#readString(current);
    for (const [type, close] of [
      ['block-end', '%}'],
      ['variable-end', '}}'],
    ] as const) {
      const end = [close, `-${close}`].find((text) => this.#startsWith(text));
      if (end === undefined) continue;
      this.#inCode = false;
      return this.#emit(type, end);
    }
    if (this.#startsWith('r/')) failTemplate('patterns (r/…/) are not supported');
    if (DELIMITERS.includes(current)) {
      return this.#emit('operator', OPERATORS.find((text) => this.#startsWith(text)) ?? current);
    }
    return this.#readWord();
  }

  #readWord(): Token {
    const isEnd = (character: string) => WHITESPACE.includes(character) || DELIMITERS.includes(character);
    let end = this.#at;
    while (end < this.source.length && !isEnd(this.source.charAt(end))) end++;
    const word = this.source.slice(this.#at, end);
    if (/^\d+$/.test(word)) {
      const fraction = /^\.\d*/.exec(this.source.slice(end, end + 400))?.[0];
      return fraction === undefined ? this.#emit('int', word) : this.#emit('float', word + fraction);
    }
    if (word === 'true' || word === 'false') return this.#emit('boolean', word);
    return this.#emit(word === 'none' || word === 'null' ? 'none' : 'symbol', word);
  }

  #readString(quote: string): Token {
    let at = this.#at + 1;
    let text = '';
    while (at < this.source.length && this.source.charAt(at) !== quote) {
      if (this.source.charAt(at) === '\\') {
        at++;
        const escaped = this.source.charAt(at);
        text += ESCAPES[escaped] ?? escaped;
      } else text += this.source.charAt(at);
      at++;
    }
    return this.#emit('string', text, at + 1 - this.#at);
  }
}
