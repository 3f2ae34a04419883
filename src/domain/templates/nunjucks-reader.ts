import { failTemplate, Tokens, type Token } from './nunjucks-tokens';

/** Tokens with one look ahead, and what `-` before the end of a tag asks of the text behind it. */
export class TokenReader {
  readonly #tokens: Tokens;
  #peeked: Token | undefined;
  /** The text that comes next loses the white space at its head. */
  dropsWhitespace = false;

  constructor(source: string) {
    this.#tokens = new Tokens(source);
  }

  peek(): Token | undefined {
    this.#peeked ??= this.#tokens.next();
    return this.#peeked;
  }

  next(): Token | undefined {
    const token = this.peek();
    this.#peeked = undefined;
    return token;
  }

  takeRaw(pattern: RegExp): RegExpExecArray | undefined {
    return this.#tokens.take(pattern);
  }

  is(type: Token['type'], ...values: readonly string[]): boolean {
    const token = this.peek();
    return token?.type === type && (values.length === 0 || values.includes(token.value));
  }

  skip(type: Token['type'], value: string): boolean {
    if (!this.is(type, value)) return false;
    this.next();
    return true;
  }

  skipWord(word: string): boolean {
    return this.skip('symbol', word);
  }

  expect(type: Token['type'], ...values: readonly string[]): string {
    const token = this.next();
    if (token?.type === type && (values.length === 0 || values.includes(token.value))) return token.value;
    return failTemplate(
      `expected ${values[0] ?? type}, found ${token?.value.trim().slice(0, 40) ?? 'the end'}`,
    );
  }

  endBlock(): void {
    if (this.expect('block-end').startsWith('-')) this.dropsWhitespace = true;
  }

  endVariable(): void {
    this.dropsWhitespace = this.expect('variable-end').startsWith('-');
  }
}
