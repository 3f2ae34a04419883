import { badInput } from '../fault';
import type { FilterStep, Parameter, Statement, Target, Expression } from './ast';
import { ExpressionParser } from './expression-parser';
import { tokenize, type LexerOptions } from './lexer';

/** @throws FaultError `bad-input` for what is no template of Jinja 2, and for what asks for other files */
export function parse(source: string, options: LexerOptions): readonly Statement[] {
  return new Parser(tokenize(source, options)).parseTemplate();
}

const MAX_DEPTH = 60;

class Parser extends ExpressionParser {
  #depth = 0;

  parseTemplate(): readonly Statement[] {
    const { body, end } = this.#parseBody([]);
    if (end !== '') throw badInput('template', `Unexpected ${end}`);
    return body;
  }

  /** Up to one of the names, whose tag is begun and left open. */
  #parseBody(ends: readonly string[]): { readonly body: readonly Statement[]; readonly end: string } {
    const body: Statement[] = [];
    if (++this.#depth > MAX_DEPTH) throw badInput('template', 'its blocks are nested too deeply');
    for (;;) {
      const token = this.peek();
      if (token === undefined) {
        if (ends.length > 0)
          throw badInput('template', `Unexpected end of input: ${ends.at(-1) ?? ''} is missing`);
        this.#depth--;
        return { body, end: '' };
      }
      this.next();
      if (token.kind === 'data') {
        body.push({ kind: 'data', text: token.value });
      } else if (token.isStatement !== true) {
        body.push({ kind: 'output', value: this.parseTuple() });
        this.endTag();
      } else {
        const name = this.expectName();
        if (ends.includes(name)) {
          this.#depth--;
          return { body, end: name };
        }
        body.push(this.#parseStatement(name));
      }
    }
  }

  #parseStatement(name: string): Statement {
    switch (name) {
      case 'if':
        return this.#parseIf();
      case 'for':
        return this.#parseFor();
      case 'set':
        return this.#parseSet();
      case 'macro': {
        const macro = this.expectName();
        const parameters = this.#parseParameters();
        return { kind: 'macro', name: macro, parameters, body: this.#parseBlock('endmacro') };
      }
      case 'call': {
        const parameters = this.isOperator('(') ? this.#parseParameters() : [];
        const call = this.parseExpression();
        return { kind: 'call-block', parameters, call, body: this.#parseBlock('endcall') };
      }
      case 'filter': {
        const filters = this.#parseFilters();
        return { kind: 'filter-block', filters, body: this.#parseBlock('endfilter') };
      }
      case 'with': {
        const bindings: (readonly [Target, Expression])[] = [];
        while (!this.isEnd()) {
          if (bindings.length > 0) this.expectOperator(',');
          const target = this.#parseTarget();
          this.expectOperator('=');
          bindings.push([target, this.parseExpression()]);
        }
        return { kind: 'with', bindings, body: this.#parseBlock('endwith') };
      }
      case 'break':
      case 'continue':
        this.endTag();
        return { kind: 'jump', to: name };
      case 'generation':
        // Marks what a model wrote, for training.
        return { kind: 'with', bindings: [], body: this.#parseBlock('endgeneration') };
      default:
        throw badInput('template', `the tag ${name} is not supported`);
    }
  }

  #parseBlock(end: string): readonly Statement[] {
    this.endTag();
    const { body } = this.#parseBody([end]);
    // `endmacro` may repeat the name.
    if (end === 'endmacro' && !this.isEnd()) this.next();
    this.endTag();
    return body;
  }

  #parseIf(): Statement {
    const branches: { readonly test: Expression; readonly body: readonly Statement[] }[] = [];
    let otherwise: readonly Statement[] = [];
    for (let end = 'elif'; end === 'elif';) {
      const test = this.parseTuple();
      this.endTag();
      const inner = this.#parseBody(['elif', 'else', 'endif']);
      branches.push({ test, body: inner.body });
      end = inner.end;
      if (end === 'else') {
        this.endTag();
        otherwise = this.#parseBody(['endif']).body;
      }
    }
    this.endTag();
    return { kind: 'if', branches, otherwise };
  }

  #parseFor(): Statement {
    const target = this.#parseTarget();
    this.expectKeyword('in');
    const of = this.parseTuple(false);
    const test = this.takeKeyword('if') ? this.parseExpression() : undefined;
    const recursive = this.takeKeyword('recursive');
    this.endTag();
    const inner = this.#parseBody(['else', 'endfor']);
    let otherwise: readonly Statement[] = [];
    if (inner.end === 'else') {
      this.endTag();
      otherwise = this.#parseBody(['endfor']).body;
    }
    this.endTag();
    return { kind: 'for', target, of, test, recursive, body: inner.body, otherwise };
  }

  #parseSet(): Statement {
    const target = this.#parseTarget();
    if (this.takeOperator('=')) {
      const value = this.parseTuple();
      this.endTag();
      return { kind: 'set', target, value };
    }
    const filters = this.isOperator('|') ? (this.next(), this.#parseFilters()) : [];
    return { kind: 'set-block', target, filters, body: this.#parseBlock('endset') };
  }

  #parseFilters(): readonly FilterStep[] {
    const filters: FilterStep[] = [];
    do filters.push(this.parseFilterName());
    while (this.takeOperator('|'));
    return filters;
  }

  #parseTarget(): Target {
    const first = this.#parseTargetItem();
    if (!this.isOperator(',')) return first;
    const items = [first];
    while (this.takeOperator(',')) {
      if (this.isKeyword('in') || this.isOperator('=')) break;
      items.push(this.#parseTargetItem());
    }
    return { kind: 'tuple', items };
  }

  #parseTargetItem(): Target {
    if (this.takeOperator('(')) {
      const inner = this.#parseTarget();
      this.expectOperator(')');
      return inner;
    }
    const name = this.expectName();
    return this.takeOperator('.')
      ? { kind: 'attribute', of: name, name: this.expectName() }
      : { kind: 'name', name };
  }

  #parseParameters(): readonly Parameter[] {
    const parameters: Parameter[] = [];
    this.expectOperator('(');
    while (!this.takeOperator(')')) {
      if (parameters.length > 0) this.expectOperator(',');
      const name = this.expectName();
      parameters.push({ name, fallback: this.takeOperator('=') ? this.parseExpression() : undefined });
    }
    return parameters;
  }
}
