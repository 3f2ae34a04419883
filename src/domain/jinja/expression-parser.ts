import { badInput } from '../fault';
import type { CallArguments, Expression, FilterStep } from './ast';
import type { Token } from './lexer';

const MAX_DEPTH = 100;
const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='];
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

/** Jinja 2's expressions, in its order of precedence. */
export class ExpressionParser {
  #at = 0;
  #nesting = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  peek(): Token | undefined {
    return this.tokens[this.#at];
  }

  next(): Token {
    const token = this.tokens[this.#at++];
    if (token === undefined) throw badInput('template', 'Unexpected end of input');
    return token;
  }

  isEnd(): boolean {
    return this.peek()?.kind === 'end';
  }

  endTag(): void {
    const token = this.next();
    if (token.kind !== 'end') throw badInput('template', `Unexpected ${token.value}`);
  }

  isOperator(value: string): boolean {
    const token = this.peek();
    return token?.kind === 'operator' && token.value === value;
  }

  takeOperator(value: string): boolean {
    if (!this.isOperator(value)) return false;
    this.#at++;
    return true;
  }

  expectOperator(value: string): void {
    if (!this.takeOperator(value)) {
      throw badInput('template', `expected ${value}, got ${this.peek()?.value ?? 'the end'}`);
    }
  }

  isKeyword(value: string): boolean {
    const token = this.peek();
    return token?.kind === 'name' && token.value === value;
  }

  takeKeyword(value: string): boolean {
    if (!this.isKeyword(value)) return false;
    this.#at++;
    return true;
  }

  expectKeyword(value: string): void {
    if (!this.takeKeyword(value)) {
      throw badInput('template', `expected ${value}, got ${this.peek()?.value ?? 'the end'}`);
    }
  }

  expectName(): string {
    const token = this.next();
    if (token.kind !== 'name') throw badInput('template', `expected a name, got ${token.value}`);
    return token.value;
  }

  /** One expression, or several with commas between them, which are a tuple. */
  parseTuple(withCondition = true): Expression {
    const parseOne = () => (withCondition ? this.parseExpression() : this.#parseOr());
    const first = parseOne();
    if (!this.isOperator(',')) return first;
    const items = [first];
    while (this.takeOperator(',')) {
      if (this.isEnd() || this.isOperator(')') || this.isKeyword('if')) break;
      items.push(parseOne());
    }
    return { kind: 'tuple', items };
  }

  parseExpression(): Expression {
    if (++this.#nesting > MAX_DEPTH) throw badInput('template', 'its expressions are nested too deeply');
    let value = this.#parseOr();
    while (this.takeKeyword('if')) {
      const test = this.#parseOr();
      const otherwise = this.takeKeyword('else') ? this.parseExpression() : undefined;
      value = { kind: 'condition', test, then: value, otherwise };
    }
    this.#nesting--;
    return value;
  }

  #parseOr(): Expression {
    let left = this.#parseAnd();
    while (this.takeKeyword('or')) left = { kind: 'binary', operator: 'or', left, right: this.#parseAnd() };
    return left;
  }

  #parseAnd(): Expression {
    let left = this.#parseNot();
    while (this.takeKeyword('and')) left = { kind: 'binary', operator: 'and', left, right: this.#parseNot() };
    return left;
  }

  #parseNot(): Expression {
    if (!this.takeKeyword('not')) return this.#parseCompare();
    if (++this.#nesting > MAX_DEPTH) throw badInput('template', 'its expressions are nested too deeply');
    const of = this.#parseNot();
    this.#nesting--;
    return { kind: 'unary', operator: 'not', of };
  }

  #parseCompare(): Expression {
    const first = this.#parseSum();
    const rest: { readonly operator: string; readonly right: Expression }[] = [];
    for (;;) {
      const token = this.peek();
      if (token?.kind === 'operator' && COMPARISONS.includes(token.value)) {
        this.next();
        rest.push({ operator: token.value, right: this.#parseSum() });
      } else if (this.takeKeyword('in')) {
        rest.push({ operator: 'in', right: this.#parseSum() });
      } else if (this.isKeyword('not') && this.tokens[this.#at + 1]?.value === 'in') {
        this.#at += 2;
        rest.push({ operator: 'not in', right: this.#parseSum() });
      } else {
        return rest.length === 0 ? first : { kind: 'compare', first, rest };
      }
    }
  }

  #parseLeft(operators: readonly string[], parseOperand: () => Expression): Expression {
    let left = parseOperand();
    for (;;) {
      const token = this.peek();
      if (token?.kind !== 'operator' || !operators.includes(token.value)) return left;
      this.next();
      left = { kind: 'binary', operator: token.value, left, right: parseOperand() };
    }
  }

  #parseSum(): Expression {
    return this.#parseLeft(['+', '-'], () => this.#parseConcat());
  }

  #parseConcat(): Expression {
    return this.#parseLeft(['~'], () => this.#parseProduct());
  }

  #parseProduct(): Expression {
    return this.#parseLeft(['*', '/', '//', '%'], () => this.#parsePower());
  }

  #parsePower(): Expression {
    return this.#parseLeft(['**'], () => this.#parseUnary(true));
  }

  #parseUnary(withFilters: boolean): Expression {
    const sign = this.takeOperator('-') ? '-' : this.takeOperator('+') ? '+' : undefined;
    let value: Expression;
    if (sign === undefined) {
      value = this.#parsePrimary();
    } else {
      if (++this.#nesting > MAX_DEPTH) throw badInput('template', 'its expressions are nested too deeply');
      value = { kind: 'unary', operator: sign, of: this.#parseUnary(false) };
      this.#nesting--;
    }
    value = this.#parsePostfix(value);
    return withFilters ? this.#parseFilters(value) : value;
  }

  #parsePrimary(): Expression {
    const token = this.next();
    switch (token.kind) {
      case 'name': {
        const constant = CONSTANTS.get(token.value);
        return constant === undefined
          ? { kind: 'name', name: token.value }
          : { kind: 'literal', value: constant };
      }
      case 'string': {
        let { value } = token;
        while (this.peek()?.kind === 'string') value += this.next().value;
        return { kind: 'literal', value };
      }
      case 'int':
        return { kind: 'literal', value: Number(token.value) };
      case 'float':
        return { kind: 'literal', value: Number(token.value), isFloat: true };
      default:
        break;
    }
    if (token.value === '(') {
      if (this.takeOperator(')')) return { kind: 'tuple', items: [] };
      const inner = this.parseTuple();
      this.expectOperator(')');
      return inner;
    }
    if (token.value === '[') return { kind: 'list', items: this.#parseItems(']') };
    if (token.value === '{') return this.#parseDict();
    throw badInput('template', `Unexpected ${token.value}`);
  }

  #parseItems(close: string): Expression[] {
    const items: Expression[] = [];
    while (!this.takeOperator(close)) {
      if (items.length > 0) this.expectOperator(',');
      if (this.takeOperator(close)) break;
      items.push(this.parseExpression());
    }
    return items;
  }

  #parseDict(): Expression {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.takeOperator('}')) {
      if (entries.length > 0) this.expectOperator(',');
      if (this.takeOperator('}')) break;
      const key = this.parseExpression();
      this.expectOperator(':');
      entries.push([key, this.parseExpression()]);
    }
    return { kind: 'dict', entries };
  }

  #parsePostfix(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.takeOperator('.')) {
        const token = this.next();
        if (token.kind === 'name') value = { kind: 'attribute', of: value, name: token.value };
        else if (token.kind === 'int') {
          value = { kind: 'item', of: value, key: { kind: 'literal', value: Number(token.value) } };
        } else throw badInput('template', `expected a name, got ${token.value}`);
      } else if (this.takeOperator('[')) {
        value = this.#parseSubscript(value);
      } else if (this.isOperator('(')) {
        value = { kind: 'call', of: value, args: this.parseArguments() };
      } else {
        return value;
      }
    }
  }

  #parseSubscript(of: Expression): Expression {
    const start = this.isOperator(':') ? undefined : this.parseTuple();
    if (start !== undefined && this.takeOperator(']')) return { kind: 'item', of, key: start };
    this.expectOperator(':');
    const stop = this.isOperator(':') || this.isOperator(']') ? undefined : this.parseExpression();
    const step = this.takeOperator(':') && !this.isOperator(']') ? this.parseExpression() : undefined;
    this.expectOperator(']');
    return { kind: 'slice', of, start, stop, step };
  }

  #parseFilters(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.takeOperator('|')) {
        value = { kind: 'filter', of: value, ...this.parseFilterName() };
      } else if (this.takeKeyword('is')) {
        value = this.#parseTest(value);
      } else if (this.isOperator('(')) {
        value = { kind: 'call', of: value, args: this.parseArguments() };
      } else {
        return value;
      }
    }
  }

  parseFilterName(): FilterStep {
    let name = this.expectName();
    while (this.takeOperator('.')) name += `.${this.expectName()}`;
    const args = this.isOperator('(') ? this.parseArguments() : { positional: [], named: [] };
    return { name, args };
  }

  #parseTest(of: Expression): Expression {
    const negated = this.takeKeyword('not');
    const name = this.expectName();
    if (this.isOperator('(')) return { kind: 'test', of, name, negated, args: this.parseArguments() };
    const token = this.peek();
    const takesOne =
      token !== undefined &&
      (['string', 'int', 'float'].includes(token.kind) ||
        (token.kind === 'name' && !['else', 'or', 'and', 'is', 'if', 'in', 'not'].includes(token.value)) ||
        (token.kind === 'operator' && ['[', '{'].includes(token.value)));
    const positional = takesOne ? [{ value: this.#parsePostfix(this.#parsePrimary()), spread: false }] : [];
    return { kind: 'test', of, name, negated, args: { positional, named: [] } };
  }

  parseArguments(): CallArguments {
    const positional: { readonly value: Expression; readonly spread: boolean }[] = [];
    const named: { readonly name: string | undefined; readonly value: Expression }[] = [];
    this.expectOperator('(');
    let first = true;
    while (!this.takeOperator(')')) {
      if (!first) this.expectOperator(',');
      first = false;
      if (this.takeOperator(')')) break;
      const token = this.peek();
      const after = this.tokens[this.#at + 1];
      if (this.takeOperator('**')) named.push({ name: undefined, value: this.parseExpression() });
      else if (this.takeOperator('*')) positional.push({ value: this.parseExpression(), spread: true });
      else if (token?.kind === 'name' && after?.kind === 'operator' && after.value === '=') {
        this.#at += 2;
        named.push({ name: token.value, value: this.parseExpression() });
      } else positional.push({ value: this.parseExpression(), spread: false });
    }
    return { positional, named };
  }
}
