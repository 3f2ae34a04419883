import { FILTERS, isTruthy, TESTS } from './nunjucks-filters';
import type { Arguments, Expression, Parameters, Statement } from './nunjucks-syntax';
import { failTemplate } from './nunjucks-tokens';
import {
  addValues,
  Budget,
  Callable,
  compareValues,
  isDict,
  isIn,
  isList,
  lookUp,
  toNumber,
  writeOutput,
  writeValue,
} from './nunjucks-values';

const MAX_CALLS = 40;
/** Filters that Nunjucks gives their named arguments by name. */
const NAMED_PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  sort: ['reverse', 'case_sensitive', 'attribute'],
  int: ['default', 'base'],
};

/** What names mean in one part of a template. */
class Scope {
  readonly #values = new Map<string, unknown>();

  constructor(
    readonly parent: Scope | undefined,
    /** What is set inside stays inside. */
    private readonly isolated = false,
  ) {}

  get(name: string): unknown {
    const value = this.#values.get(name);
    return value === undefined ? this.parent?.get(name) : value;
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  /** Changes the value where the name has one, else gives it one here. */
  assign(name: string, value: unknown): void {
    (this.#find(name) ?? this).set(name, value);
  }

  #find(name: string): Scope | undefined {
    if (this.#values.get(name) !== undefined) return this;
    if (this.isolated || this.parent === undefined) return undefined;
    return this.parent.#find(name);
  }
}

export function evaluateTemplate(
  template: readonly Statement[],
  variables: Readonly<Record<string, unknown>>,
): string {
  return new Evaluator(variables).write(template, new Scope(undefined));
}

class Evaluator {
  readonly #budget = new Budget();
  readonly #context: Map<string, unknown>;
  #calls = 0;

  constructor(variables: Readonly<Record<string, unknown>>) {
    this.#context = new Map<string, unknown>([...makeGlobals(this.#budget), ...Object.entries(variables)]);
  }

  write(statements: readonly Statement[], scope: Scope): string {
    let output = '';
    for (const statement of statements) {
      this.#budget.spend(1);
      output += this.#writeOne(statement, scope);
      this.#budget.grow(output.length);
    }
    return output;
  }

  #writeOne(statement: Statement, scope: Scope): string {
    switch (statement.kind) {
      case 'text':
        return statement.text;
      case 'output':
        return writeOutput(this.#evaluate(statement.value, scope), this.#budget);
      case 'if':
        return this.write(
          isTruthy(this.#evaluate(statement.test, scope)) ? statement.body : statement.otherwise,
          scope,
        );
      case 'for':
        return this.#writeLoop(statement, scope);
      case 'set': {
        const value = this.#evaluate(statement.value, scope);
        for (const name of statement.names) {
          scope.assign(name, value);
          if (scope.parent === undefined) this.#context.set(name, value);
        }
        return '';
      }
      case 'macro': {
        // A macro sees the variables of the template, and none of the loop around it.
        const macro = this.#makeMacro(
          statement.parameters,
          statement.body,
          () => new Scope(new Scope(undefined)),
        );
        scope.set(statement.name, macro);
        if (scope.parent === undefined) this.#context.set(statement.name, macro);
        return '';
      }
      case 'switch':
        return this.#writeSwitch(statement, scope);
      case 'block':
        return this.write(statement.body, new Scope(new Scope(undefined)));
    }
  }

  #writeSwitch(statement: Extract<Statement, { kind: 'switch' }>, scope: Scope): string {
    const value = this.#evaluate(statement.value, scope);
    const at = statement.cases.findIndex(({ match }) => this.#evaluate(match, scope) === value);
    // A case without a body goes on with the next.
    const found = at === -1 ? undefined : statement.cases.slice(at).find(({ body }) => body.length > 0);
    return this.write(found?.body ?? statement.otherwise ?? [], scope);
  }

  #writeLoop(statement: Extract<Statement, { kind: 'for' }>, outer: Scope): string {
    const items = this.#evaluate(statement.items, outer);
    const scope = new Scope(outer);
    const rounds = this.#listRounds(statement.names, items);
    let output = '';
    rounds.forEach((values, index) => {
      this.#budget.spend(1);
      statement.names.forEach((name, at) => {
        scope.set(name, values[at]);
      });
      const last = rounds.length - 1;
      scope.set('loop', {
        index: index + 1,
        index0: index,
        revindex: rounds.length - index,
        revindex0: last - index,
        first: index === 0,
        last: index === last,
        length: rounds.length,
      });
      output += this.write(statement.body, scope);
      this.#budget.grow(output.length);
    });
    return rounds.length === 0 && statement.otherwise !== undefined
      ? this.write(statement.otherwise, scope)
      : output;
  }

  /** The values of the names, round by round. */
  #listRounds(names: readonly string[], items: unknown): readonly (readonly unknown[])[] {
    if (typeof items === 'string') {
      this.#budget.spend(items.length);
      return [...Array(items.length).keys()].map((at) => [items.charAt(at)]);
    }
    if (isList(items)) {
      this.#budget.spend(items.length);
      if (names.length === 1) return items.map((item) => [item]);
      return items.map((item) => names.map((_name, at) => lookUp(item, at, this.#budget)));
    }
    if (!isDict(items) || names.length === 1) return [];
    this.#budget.spend(Object.keys(items).length);
    return Object.entries(items);
  }

  #makeMacro({ names, optional }: Parameters, body: readonly Statement[], open: () => Scope): Callable {
    return new Callable((positional, named) => {
      if (++this.#calls > MAX_CALLS) failTemplate('its macros call each other too deeply');
      const scope = open();
      names.forEach((name, at) => {
        scope.set(name, at < positional.length ? positional[at] : named.get(name));
      });
      optional.forEach(([name, value], at) => {
        const extra = names.length + at;
        if (extra < positional.length) scope.set(name, positional[extra]);
        else scope.set(name, named.has(name) ? named.get(name) : this.#evaluate(value, scope));
      });
      if (named.has('caller')) scope.set('caller', named.get('caller'));
      const text = this.write(body, scope);
      this.#calls--;
      return text;
    });
  }

  #evaluate(expression: Expression, scope: Scope): unknown {
    this.#budget.spend(1);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'symbol': {
        const value = scope.get(expression.name);
        return value === undefined ? this.#context.get(expression.name) : value;
      }
      case 'list':
        return expression.items.map((item) => this.#evaluate(item, scope));
      case 'group':
        return expression.items.map((item) => this.#evaluate(item, scope)).at(-1);
      case 'dict':
        return Object.fromEntries(
          expression.entries.map(([key, value]) => [
            key.kind === 'symbol' ? key.name : writeValue(this.#evaluate(key, scope), this.#budget),
            this.#evaluate(value, scope),
          ]),
        );
      case 'lookup':
        return lookUp(
          this.#evaluate(expression.target, scope),
          this.#evaluate(expression.key, scope),
          this.#budget,
        );
      case 'call':
        return this.#call(expression, scope);
      case 'filter':
        return this.#filter(expression, scope);
      case 'is': {
        const test = TESTS.get(expression.test) ?? failTemplate(`unknown test ${expression.test}`);
        const value = this.#evaluate(expression.value, scope);
        return test(value, this.#evaluateArguments(expression.args, scope)[0], this.#budget);
      }
      case 'if':
        if (isTruthy(this.#evaluate(expression.test, scope))) return this.#evaluate(expression.body, scope);
        return expression.otherwise === undefined ? '' : this.#evaluate(expression.otherwise, scope);
      case 'unary': {
        const value = this.#evaluate(expression.operand, scope);
        if (expression.operator === 'not') return !isTruthy(value);
        const number = toNumber(value, this.#budget);
        return expression.operator === '-' ? -number : number;
      }
      case 'binary':
        return this.#operate(expression, scope);
      case 'capture':
        return this.write(expression.body, scope);
      case 'caller':
        return this.#makeMacro(expression.parameters, expression.body, () => new Scope(scope, true));
    }
  }

  #operate({ operator, left, right }: Extract<Expression, { kind: 'binary' }>, scope: Scope): unknown {
    const one = this.#evaluate(left, scope);
    if (operator === 'or') return isTruthy(one) ? one : this.#evaluate(right, scope);
    if (operator === 'and') return isTruthy(one) ? this.#evaluate(right, scope) : one;
    const other = this.#evaluate(right, scope);
    const number = (value: unknown) => toNumber(value, this.#budget);
    switch (operator) {
      case 'in':
        return isIn(one, other, this.#budget);
      case '~':
        return addValues(writeValue(one, this.#budget), writeValue(other, this.#budget), this.#budget);
      case '+':
        return addValues(one, other, this.#budget);
      case '-':
        return number(one) - number(other);
      case '*':
        return number(one) * number(other);
      case '/':
        return number(one) / number(other);
      case '//':
        return Math.floor(number(one) / number(other));
      case '%':
        return number(one) % number(other);
      case '**':
        return number(one) ** number(other);
      default:
        return compareValues(operator, one, other, this.#budget);
    }
  }

  #call({ target, args }: Extract<Expression, { kind: 'call' }>, scope: Scope): unknown {
    const callable = this.#evaluate(target, scope);
    if (!(callable instanceof Callable)) {
      const name = target.kind === 'symbol' ? target.name : 'a value';
      return failTemplate(`${name.slice(0, 40)} is not a function`);
    }
    const named = new Map(args.named.map(([name, value]) => [name, this.#evaluate(value, scope)]));
    return callable.call(
      args.positional.map((value) => this.#evaluate(value, scope)),
      named,
    );
  }

  #filter({ name, input, args }: Extract<Expression, { kind: 'filter' }>, scope: Scope): unknown {
    const value = this.#evaluate(input, scope);
    const given = this.#evaluateArguments(args, scope, NAMED_PARAMETERS[name]);
    if (name === 'select' || name === 'reject') return this.#select(value, given, name === 'select');
    const filter = FILTERS.get(name) ?? failTemplate(`unknown filter ${name.slice(0, 40)}`);
    const result = filter(value, given, this.#budget);
    return typeof result === 'string' ? this.#budget.text(result) : result;
  }

  #select(value: unknown, [name = 'truthy', argument]: readonly unknown[], wanted: boolean): unknown {
    const test = TESTS.get(writeValue(name, this.#budget)) ?? failTemplate('unknown test');
    const list = isList(value) ? value : failTemplate('select takes a list');
    this.#budget.spend(list.length);
    return list.filter((item) => test(item, argument, this.#budget) === wanted);
  }

  /** Named ones come last, as one object, where the function does not know them by name: as in Nunjucks. */
  #evaluateArguments(args: Arguments, scope: Scope, parameters?: readonly string[]): readonly unknown[] {
    const values = args.positional.map((value) => this.#evaluate(value, scope));
    const named = args.named.map(([name, value]) => [name, this.#evaluate(value, scope)] as const);
    if (parameters === undefined) return named.length === 0 ? values : [...values, Object.fromEntries(named)];
    for (const [name, value] of named) {
      const at = parameters.indexOf(name);
      if (at >= values.length) values[at] = value;
    }
    return values;
  }
}

function makeGlobals(budget: Budget): readonly (readonly [string, unknown])[] {
  const range = new Callable((args) => {
    const numbers = args.map((each) => toNumber(each, budget));
    const [start = 0, stop] = numbers.length < 2 ? [0, numbers[0] ?? 0] : numbers;
    const step = numbers[2] === undefined || numbers[2] === 0 ? 1 : numbers[2];
    const list: number[] = [];
    for (let at = start; step > 0 ? at < (stop ?? 0) : at > (stop ?? 0); at += step) {
      budget.spend(1);
      list.push(at);
    }
    return list;
  });
  const cycler = new Callable((items) => {
    let at = -1;
    return {
      next: new Callable(() => {
        at = (at + 1) % items.length;
        return items[at];
      }),
      reset: new Callable(() => {
        at = -1;
        return undefined;
      }),
    };
  });
  const joiner = new Callable(([separator]) => {
    let isFirst = true;
    return new Callable(() => {
      const text = isFirst ? '' : isTruthy(separator) ? separator : ',';
      isFirst = false;
      return text;
    });
  });
  return [
    ['range', range],
    ['cycler', cycler],
    ['joiner', joiner],
  ];
}
