import type { TokenReader } from './nunjucks-reader';
import type { Arguments, Expression } from './nunjucks-syntax';
import { failTemplate } from './nunjucks-tokens';

/** Deeper ones are no text that a person wrote, and would fill the stack. */
const MAX_DEPTH = 100;
const NO_ARGUMENTS: Arguments = { positional: [], named: [] };
const COMPARISONS = ['==', '===', '!=', '!==', '<', '>', '<=', '>='];
/** From the loosest to the tightest, each with its own level (Nunjucks binds `-` tighter than `+`). */
const ARITHMETIC = ['~', '+', '-', '*', '/', '//', '%', '**'];

/** Reads expressions with the precedence of Nunjucks 3.2. */
export class ExpressionReader {
  #depth = 0;

  constructor(private readonly reader: TokenReader) {}

  read(): Expression {
    if (++this.#depth > MAX_DEPTH) failTemplate('it is nested too deeply');
    const body = this.#readOr();
    this.#depth--;
    if (!this.reader.skipWord('if')) return body;
    const test = this.#readOr();
    const otherwise = this.reader.skipWord('else') ? this.#readOr() : undefined;
    return { kind: 'if', test, body, otherwise };
  }

  #readOr(): Expression {
    let left = this.#readAnd();
    while (this.reader.skipWord('or')) {
      left = { kind: 'binary', operator: 'or', left, right: this.#readAnd() };
    }
    return left;
  }

  #readAnd(): Expression {
    let left = this.#readNot();
    while (this.reader.skipWord('and')) {
      left = { kind: 'binary', operator: 'and', left, right: this.#readNot() };
    }
    return left;
  }

  #readNot(): Expression {
    let nots = 0;
    while (this.reader.skipWord('not')) nots++;
    let value = this.#readIn();
    for (; nots > 0; nots--) value = { kind: 'unary', operator: 'not', operand: value };
    return value;
  }

  #readIn(): Expression {
    let left = this.#readIs();
    for (;;) {
      const inverted = this.reader.skipWord('not');
      if (!this.reader.skipWord('in')) {
        if (inverted) failTemplate('expected in after not');
        return left;
      }
      left = { kind: 'binary', operator: 'in', left, right: this.#readIs() };
      if (inverted) left = { kind: 'unary', operator: 'not', operand: left };
    }
  }

  #readIs(): Expression {
    const value = this.#readCompare();
    if (!this.reader.skipWord('is')) return value;
    const inverted = this.reader.skipWord('not');
    const test = this.#readCompare();
    const target = test.kind === 'call' ? test.target : test;
    const name =
      target.kind === 'symbol'
        ? target.name
        : target.kind === 'literal'
          ? String(target.value)
          : failTemplate('expected the name of a test after is');
    const read: Expression = {
      kind: 'is',
      value,
      test: name,
      args: test.kind === 'call' ? test.args : NO_ARGUMENTS,
    };
    return inverted ? { kind: 'unary', operator: 'not', operand: read } : read;
  }

  #readCompare(): Expression {
    let left = this.#readArithmetic(0);
    while (this.reader.is('operator', ...COMPARISONS)) {
      const operator = this.reader.expect('operator');
      left = { kind: 'binary', operator, left, right: this.#readArithmetic(0) };
    }
    return left;
  }

  #readArithmetic(level: number): Expression {
    const operator = ARITHMETIC[level];
    if (operator === undefined) return this.#readUnary(true);
    let left = this.#readArithmetic(level + 1);
    while (this.reader.skip('operator', operator)) {
      left = { kind: 'binary', operator, left, right: this.#readArithmetic(level + 1) };
    }
    return left;
  }

  #readUnary(withFilters: boolean): Expression {
    const operator = this.reader.is('operator', '-', '+') ? this.reader.expect('operator') : undefined;
    if (operator !== undefined && ++this.#depth > MAX_DEPTH) failTemplate('it is nested too deeply');
    const value: Expression =
      operator === undefined
        ? this.readPrimary()
        : { kind: 'unary', operator: operator === '-' ? '-' : '+', operand: this.#readUnary(false) };
    if (operator !== undefined) this.#depth--;
    return withFilters ? this.#readFilters(value) : value;
  }

  #readFilters(input: Expression): Expression {
    let value = input;
    while (this.reader.skip('operator', '|')) value = { kind: 'filter', input: value, ...this.readFilter() };
    return value;
  }

  /** The name of a filter and what stands in its brackets. */
  readFilter(): { readonly name: string; readonly args: Arguments } {
    let name = this.reader.expect('symbol');
    while (this.reader.skip('operator', '.')) name += `.${this.reader.expect('symbol')}`;
    return { name, args: this.reader.is('operator', '(') ? this.readArguments() : NO_ARGUMENTS };
  }

  readPrimary(): Expression {
    return this.#readPostfix(this.#readAtom());
  }

  #readAtom(): Expression {
    const token = this.reader.next();
    switch (token?.type) {
      case 'string':
        return { kind: 'literal', value: token.value };
      case 'int':
      case 'float':
        return { kind: 'literal', value: Number(token.value) };
      case 'boolean':
        return { kind: 'literal', value: token.value === 'true' };
      case 'none':
        return { kind: 'literal', value: null };
      case 'symbol':
        return { kind: 'symbol', name: token.value };
      case 'operator':
        if (token.value === '(') return { kind: 'group', items: this.#readItems(')') };
        if (token.value === '[') return { kind: 'list', items: this.#readItems(']') };
        if (token.value === '{') return { kind: 'dict', entries: this.#readEntries() };
        break;
      default:
    }
    return failTemplate(`expected a value, found ${token?.value.trim().slice(0, 40) ?? 'the end'}`);
  }

  #readPostfix(value: Expression): Expression {
    let read = value;
    for (;;) {
      if (this.reader.is('operator', '(')) read = { kind: 'call', target: read, args: this.readArguments() };
      else if (this.reader.skip('operator', '[')) {
        const [key, ...more] = this.#readItems(']');
        if (key === undefined || more.length > 0) return failTemplate('an index is one value');
        read = { kind: 'lookup', target: read, key };
      } else if (this.reader.skip('operator', '.')) {
        read = {
          kind: 'lookup',
          target: read,
          key: { kind: 'literal', value: this.reader.expect('symbol') },
        };
      } else return read;
    }
  }

  #readItems(close: string): Expression[] {
    const items: Expression[] = [];
    while (!this.reader.skip('operator', close)) {
      if (items.length > 0) this.reader.expect('operator', ',');
      // A comma may stand before the end.
      if (this.reader.skip('operator', close)) break;
      items.push(this.read());
    }
    return items;
  }

  #readEntries(): [Expression, Expression][] {
    const entries: [Expression, Expression][] = [];
    while (!this.reader.skip('operator', '}')) {
      if (entries.length > 0) this.reader.expect('operator', ',');
      const key = this.readPrimary();
      this.reader.expect('operator', ':');
      entries.push([key, this.read()]);
    }
    return entries;
  }

  readArguments(): Arguments {
    const positional: Expression[] = [];
    const named: [string, Expression][] = [];
    this.reader.expect('operator', '(');
    while (!this.reader.skip('operator', ')')) {
      if (positional.length + named.length > 0) this.reader.expect('operator', ',');
      const value = this.read();
      if (!this.reader.skip('operator', '=')) positional.push(value);
      else if (value.kind === 'symbol') named.push([value.name, this.read()]);
      else failTemplate('expected a name before =');
    }
    return { positional, named };
  }
}
