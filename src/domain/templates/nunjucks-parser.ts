import { ExpressionReader } from './nunjucks-expressions';
import { TokenReader } from './nunjucks-reader';
import type { Arguments, Expression, Parameters, Statement } from './nunjucks-syntax';
import { failTemplate } from './nunjucks-tokens';

const MAX_DEPTH = 50;
/** Tags that need other templates, of which there are none. */
const FOREIGN_TAGS = ['include', 'import', 'from', 'extends', 'asyncEach', 'asyncAll', 'ifAsync'];

/** Reads a template of Nunjucks 3.2. @throws FaultError `bad-input`, naming what it cannot read */
export function parseNunjucks(source: string): readonly Statement[] {
  return new Parser(source).parse();
}

class Parser {
  readonly #reader: TokenReader;
  readonly #expressions: ExpressionReader;
  #depth = 0;

  constructor(source: string) {
    this.#reader = new TokenReader(source);
    this.#expressions = new ExpressionReader(this.#reader);
  }

  parse(): readonly Statement[] {
    return this.#readUntil();
  }

  /** Up to a tag of one of these names, which is left to be read; without names, up to the end. */
  #readUntil(...ends: readonly string[]): readonly Statement[] {
    if (++this.#depth > MAX_DEPTH) failTemplate('it is nested too deeply');
    const statements: Statement[] = [];
    for (let token = this.#reader.next(); ; token = this.#reader.next()) {
      if (token === undefined) {
        if (ends.length > 0) failTemplate(`${ends.at(-1) ?? ''} is missing`);
        break;
      }
      if (token.type === 'data') statements.push({ kind: 'text', text: this.#trim(token.value) });
      else if (token.type === 'comment') this.#reader.dropsWhitespace = token.value.endsWith('-#}');
      else if (token.type === 'variable-start') {
        const value = this.#expressions.read();
        this.#reader.endVariable();
        statements.push({ kind: 'output', value });
      } else {
        this.#reader.dropsWhitespace = false;
        const tag = this.#reader.peek();
        if (tag?.type !== 'symbol') failTemplate('expected the name of a tag');
        if (ends.includes(tag.value)) break;
        statements.push(this.#readTag());
      }
    }
    this.#depth--;
    return statements;
  }

  /** White space control on both sides of a text. */
  #trim(data: string): string {
    const text = this.#reader.dropsWhitespace ? data.trimStart() : data;
    this.#reader.dropsWhitespace = false;
    const next = this.#reader.peek();
    const isTrimmed =
      next?.type === 'comment'
        ? next.value.startsWith('{#-')
        : (next?.type === 'block-start' || next?.type === 'variable-start') && next.value.endsWith('-');
    return isTrimmed ? text.trimEnd() : text;
  }

  #readTag(): Statement {
    const tag = this.#reader.expect('symbol');
    switch (tag) {
      case 'raw':
      case 'verbatim':
        return this.#readRaw(tag);
      case 'if':
        return this.#readIf();
      case 'for':
        return this.#readFor();
      case 'set':
        return this.#readSet();
      case 'macro':
        return this.#readMacro();
      case 'call':
        return this.#readCall();
      case 'filter':
        return this.#readFilter();
      case 'switch':
        return this.#readSwitch();
      case 'block':
        return this.#readBlock();
    }
    return FOREIGN_TAGS.includes(tag)
      ? failTemplate(`{% ${tag} %} is not supported`)
      : failTemplate(`unknown tag ${tag.slice(0, 40)}`);
  }

  #readRaw(tag: string): Statement {
    this.#reader.endBlock();
    const pattern = new RegExp(`([\\s\\S]*?)\\{%\\s*(${tag}|end${tag})\\s*%\\}`);
    let text = '';
    let level = 1;
    for (
      let found = this.#reader.takeRaw(pattern);
      found !== undefined;
      found = this.#reader.takeRaw(pattern)
    ) {
      const [all, before = '', name] = found;
      level += name === tag ? 1 : -1;
      text += level === 0 ? before : all;
      if (level === 0) break;
    }
    return { kind: 'text', text };
  }

  #readIf(): Statement {
    const test = this.#expressions.read();
    this.#reader.endBlock();
    const body = this.#readUntil('elif', 'elseif', 'else', 'endif');
    const end = this.#reader.expect('symbol');
    let otherwise: readonly Statement[] = [];
    if (end === 'elif' || end === 'elseif') {
      if (++this.#depth > MAX_DEPTH) failTemplate('it is nested too deeply');
      otherwise = [this.#readIf()];
      this.#depth--;
    } else {
      this.#reader.endBlock();
      if (end === 'else') {
        otherwise = this.#readUntil('endif');
        this.#endTag('endif');
      }
    }
    return { kind: 'if', test, body, otherwise };
  }

  #readFor(): Statement {
    const names = [this.#reader.expect('symbol')];
    while (this.#reader.skip('operator', ',')) names.push(this.#reader.expect('symbol'));
    this.#reader.expect('symbol', 'in');
    const items = this.#expressions.read();
    this.#reader.endBlock();
    const body = this.#readUntil('endfor', 'else');
    let otherwise: readonly Statement[] | undefined;
    if (this.#reader.is('symbol', 'else')) {
      this.#endTag('else');
      otherwise = this.#readUntil('endfor');
    }
    this.#endTag('endfor');
    return { kind: 'for', names, items, body, otherwise };
  }

  #readSet(): Statement {
    const names = [this.#reader.expect('symbol')];
    while (this.#reader.skip('operator', ',')) names.push(this.#reader.expect('symbol'));
    if (this.#reader.skip('operator', '=')) {
      const value = this.#expressions.read();
      this.#reader.endBlock();
      return { kind: 'set', names, value };
    }
    this.#reader.endBlock();
    const body = this.#readUntil('endset');
    this.#endTag('endset');
    return { kind: 'set', names, value: { kind: 'capture', body } };
  }

  #readMacro(): Statement {
    const name = this.#reader.expect('symbol');
    const parameters = toParameters(this.#expressions.readArguments());
    this.#reader.endBlock();
    const body = this.#readUntil('endmacro');
    this.#endTag('endmacro');
    return { kind: 'macro', name, parameters, body };
  }

  #readCall(): Statement {
    const given = this.#reader.is('operator', '(')
      ? this.#expressions.readArguments()
      : { positional: [], named: [] };
    const call = this.#expressions.readPrimary();
    if (call.kind !== 'call') return failTemplate('expected a call of a macro');
    this.#reader.endBlock();
    const body = this.#readUntil('endcall');
    this.#endTag('endcall');
    const caller: Expression = { kind: 'caller', parameters: toParameters(given), body };
    const args = { ...call.args, named: [...call.args.named, ['caller', caller] as const] };
    return { kind: 'output', value: { ...call, args } };
  }

  #readFilter(): Statement {
    const filter = this.#expressions.readFilter();
    this.#reader.endBlock();
    const body = this.#readUntil('endfilter');
    this.#endTag('endfilter');
    return { kind: 'output', value: { kind: 'filter', input: { kind: 'capture', body }, ...filter } };
  }

  #readSwitch(): Statement {
    const value = this.#expressions.read();
    this.#reader.endBlock();
    // What stands before the first case is written nowhere.
    this.#readUntil('case', 'default', 'endswitch');
    const cases: { match: Expression; body: readonly Statement[] }[] = [];
    while (this.#reader.skipWord('case')) {
      const match = this.#expressions.read();
      this.#reader.endBlock();
      cases.push({ match, body: this.#readUntil('case', 'default', 'endswitch') });
    }
    let otherwise: readonly Statement[] | undefined;
    if (this.#reader.is('symbol', 'default')) {
      this.#endTag('default');
      otherwise = this.#readUntil('endswitch');
    }
    this.#endTag('endswitch');
    return { kind: 'switch', value, cases, otherwise };
  }

  #readBlock(): Statement {
    const name = this.#reader.expect('symbol');
    this.#reader.endBlock();
    const body = this.#readUntil('endblock');
    this.#reader.expect('symbol', 'endblock');
    this.#reader.skipWord(name);
    this.#reader.endBlock();
    return { kind: 'block', body };
  }

  #endTag(name: string): void {
    this.#reader.expect('symbol', name);
    this.#reader.endBlock();
  }
}

function toParameters({ positional, named }: Arguments): Parameters {
  const names = positional.map((each) =>
    each.kind === 'symbol' ? each.name : failTemplate('expected the name of a parameter'),
  );
  return { names, optional: named };
}
