import type { CallArguments, Expression, FilterStep, Parameter, Statement, Target } from './ast';
import { applyFilter } from './filters';
import { attributeOf } from './methods';
import { binary, holds, passes } from './operators';
import {
  type Budget,
  fail,
  fromJson,
  isTruthy,
  itemsOf,
  iterate,
  need,
  orUndefined,
  PyDict,
  PyFloat,
  PyFunction,
  PyNamespace,
  PySequence,
  toText,
  typeName,
  Undefined,
  type Arguments,
  type Value,
} from './values';

const MAX_CALLS = 50;

class Scope {
  readonly #variables = new Map<string, Value>();

  constructor(private readonly parent?: Scope) {}

  get(name: string): Value | undefined {
    return this.#variables.has(name) ? this.#variables.get(name) : this.parent?.get(name);
  }

  set(name: string, value: Value): void {
    this.#variables.set(name, value);
  }
}

/** Runs a template over a row. @throws FaultError `bad-input` for an error of the template, or too much work */
export function evaluate(
  body: readonly Statement[],
  variables: Readonly<Record<string, unknown>>,
  budget: Budget,
  functions: readonly PyFunction[] = [],
): string {
  const scope = new Scope(globals(budget));
  for (const each of functions) scope.set(each.name, each);
  for (const [name, value] of Object.entries(variables)) scope.set(name, fromJson(value));
  try {
    return new Interpreter(budget).run(body, new Scope(scope));
  } catch (error) {
    if (error instanceof Jump) fail('TemplateSyntaxError', error.message);
    throw error;
  }
}

function globals(budget: Budget): Scope {
  const scope = new Scope();
  const define = (name: string, call: (args: Arguments) => Value) =>
    scope.set(name, new PyFunction(name, call));
  define('range', ({ positional }) => {
    const [first = 0, second, step = 1] = positional.map((each) =>
      typeof each === 'number' ? each : fail('TypeError', 'range() takes whole numbers'),
    );
    const [start, stop] = second === undefined ? [0, first] : [first, second];
    if (step === 0) fail('ValueError', 'range() arg 3 must not be zero');
    const count = Math.max(0, Math.ceil((stop - start) / step));
    budget.step(count);
    return Array.from({ length: count }, (_, at) => start + at * step);
  });
  define('dict', ({ named }) => new PyDict(named));
  define('namespace', ({ named }) => new PyNamespace(new Map(named)));
  return scope;
}

/** `break` and `continue` on their way to their loop, with what was written before. */
class Jump extends Error {
  constructor(
    readonly to: 'break' | 'continue',
    readonly text: string,
  ) {
    super(`${to} outside of a loop`);
  }
}

class Interpreter {
  #calls = 0;

  constructor(private readonly budget: Budget) {}

  run(body: readonly Statement[], scope: Scope): string {
    let text = '';
    for (const statement of body) {
      try {
        text += this.#execute(statement, scope);
      } catch (error) {
        throw error instanceof Jump ? new Jump(error.to, text + error.text) : error;
      }
    }
    return text;
  }

  #execute(statement: Statement, scope: Scope): string {
    this.budget.step();
    switch (statement.kind) {
      case 'data':
        return this.budget.text(statement.text);
      case 'output':
        return this.budget.text(toText(this.#evaluate(statement.value, scope)));
      case 'jump':
        throw new Jump(statement.to, '');
      case 'if': {
        const taken = statement.branches.find(({ test }) => isTruthy(this.#evaluate(test, scope)));
        return this.run(taken?.body ?? statement.otherwise, scope);
      }
      case 'for':
        return this.#loop(statement, scope);
      case 'set':
        this.#assign(statement.target, this.#evaluate(statement.value, scope), scope);
        return '';
      case 'set-block':
        this.#assign(statement.target, this.#filterBlock(statement, scope), scope);
        return '';
      case 'filter-block':
        return toText(this.#filterBlock(statement, scope));
      case 'macro': {
        const { name, parameters, body } = statement;
        scope.set(name, this.#macro(name, parameters, body, scope));
        return '';
      }
      case 'call-block': {
        if (statement.call.kind !== 'call') return fail('TemplateSyntaxError', 'expected call');
        const inner = new Scope(scope);
        const caller = this.#macro('caller', statement.parameters, statement.body, scope);
        const callee = this.#evaluate(statement.call.of, scope);
        const { positional, named } = this.#arguments(statement.call.args, inner);
        return toText(this.#call(callee, { positional, named: new Map([...named, ['caller', caller]]) }));
      }
      case 'with': {
        const inner = new Scope(scope);
        for (const [target, value] of statement.bindings)
          this.#assign(target, this.#evaluate(value, inner), inner);
        return this.run(statement.body, inner);
      }
    }
  }

  #filterBlock(
    { body, filters }: { readonly body: readonly Statement[]; readonly filters: readonly FilterStep[] },
    scope: Scope,
  ): Value {
    return filters.reduce<Value>(
      (value, { name, args }) => applyFilter(name, value, this.#arguments(args, scope), this.budget),
      this.run(body, new Scope(scope)),
    );
  }

  #macro(
    name: string,
    parameters: readonly Parameter[],
    body: readonly Statement[],
    scope: Scope,
  ): PyFunction {
    return new PyFunction(name, ({ positional, named }) => {
      if (++this.#calls > MAX_CALLS) fail('RecursionError', 'macros call each other too deeply');
      const inner = new Scope(scope);
      parameters.forEach((parameter, at) => {
        const given = named.has(parameter.name) ? named.get(parameter.name) : positional[at];
        const other = parameter.fallback && this.#evaluate(parameter.fallback, inner);
        inner.set(
          parameter.name,
          orUndefined(given === undefined ? other : given, `parameter '${parameter.name}' was not provided`),
        );
      });
      const caller = named.get('caller');
      if (caller !== undefined) inner.set('caller', caller);
      const text = this.run(body, inner);
      this.#calls--;
      return text;
    });
  }

  #loop(statement: Extract<Statement, { kind: 'for' }>, scope: Scope): string {
    if (statement.recursive) fail('TemplateSyntaxError', 'recursive loops are not supported');
    const { test } = statement;
    const items = iterate(this.#evaluate(statement.of, scope)).filter((item) => {
      this.budget.step();
      if (test === undefined) return true;
      const inner = new Scope(scope);
      this.#assign(statement.target, item, inner);
      return isTruthy(this.#evaluate(test, inner));
    });
    if (items.length === 0) return this.run(statement.otherwise, scope);
    let text = '';
    for (const [at, item] of items.entries()) {
      const inner = new Scope(scope);
      inner.set('loop', describeLoop(items, at));
      this.#assign(statement.target, item, inner);
      try {
        text += this.run(statement.body, inner);
      } catch (error) {
        if (!(error instanceof Jump)) throw error;
        text += error.text;
        if (error.to === 'break') break;
      }
    }
    return text;
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.kind === 'name') {
      scope.set(target.name, value);
    } else if (target.kind === 'attribute') {
      const owner = scope.get(target.of);
      if (!(owner instanceof PyNamespace))
        fail('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
      else owner.attributes.set(target.name, value);
    } else {
      const parts = iterate(value);
      if (parts.length !== target.items.length)
        fail('ValueError', `expected ${target.items.length} values to unpack`);
      target.items.forEach((each, at) => this.#assign(each, parts[at] ?? null, scope));
    }
  }

  #arguments({ positional, named }: CallArguments, scope: Scope): Arguments {
    const pairs = named.flatMap(({ name, value }) => {
      const given = this.#evaluate(value, scope);
      if (name !== undefined) return [[name, given] as const];
      return given instanceof PyDict
        ? given.entries().map(([key, each]) => [toText(key), each] as const)
        : [];
    });
    return {
      positional: positional.flatMap(({ value, spread }) => {
        const given = this.#evaluate(value, scope);
        return spread ? [...iterate(given)] : [given];
      }),
      named: new Map(pairs),
    };
  }

  #call(callee: Value, args: Arguments): Value {
    const known = need(callee);
    if (!(known instanceof PyFunction))
      return fail('TypeError', `'${typeName(known)}' object is not callable`);
    return known.call(args);
  }

  #evaluate(node: Expression, scope: Scope): Value {
    this.budget.step();
    switch (node.kind) {
      case 'literal':
        return node.isFloat === true && typeof node.value === 'number' ? new PyFloat(node.value) : node.value;
      case 'name':
        return orUndefined(scope.get(node.name), `'${node.name}' is undefined`);
      case 'list':
        return node.items.map((each) => this.#evaluate(each, scope));
      case 'tuple':
        return new PySequence(node.items.map((each) => this.#evaluate(each, scope)));
      case 'dict':
        return new PyDict(
          node.entries.map(([key, each]) => [this.#evaluate(key, scope), this.#evaluate(each, scope)]),
        );
      case 'attribute': {
        const of = need(this.#evaluate(node.of, scope));
        const found = attributeOf(of, node.name, this.budget);
        return found === undefined ? itemOf(of, node.name, 'attribute') : found;
      }
      case 'item': {
        const of = need(this.#evaluate(node.of, scope));
        const key = need(this.#evaluate(node.key, scope));
        const found = itemOf(of, key, 'element');
        return found instanceof Undefined && typeof key === 'string'
          ? (attributeOf(of, key, this.budget) ?? found)
          : found;
      }
      case 'slice': {
        const of = need(this.#evaluate(node.of, scope));
        const read = (each: Expression | undefined) => {
          const value = each === undefined ? null : this.#evaluate(each, scope);
          return typeof value === 'number' ? value : undefined;
        };
        return slice(of, read(node.start), read(node.stop), read(node.step) ?? 1);
      }
      case 'call':
        return this.#call(this.#evaluate(node.of, scope), this.#arguments(node.args, scope));
      case 'filter':
        return applyFilter(
          node.name,
          this.#evaluate(node.of, scope),
          this.#arguments(node.args, scope),
          this.budget,
        );
      case 'test': {
        const passed = passes(
          node.name,
          this.#evaluate(node.of, scope),
          this.#arguments(node.args, scope).positional,
        );
        return passed !== node.negated;
      }
      case 'unary': {
        const value = this.#evaluate(node.of, scope);
        if (node.operator === 'not') return !isTruthy(value);
        return binary(node.operator, 0, value, this.budget);
      }
      case 'binary': {
        const left = this.#evaluate(node.left, scope);
        if (node.operator === 'and') return isTruthy(left) ? this.#evaluate(node.right, scope) : left;
        if (node.operator === 'or') return isTruthy(left) ? left : this.#evaluate(node.right, scope);
        return binary(node.operator, left, this.#evaluate(node.right, scope), this.budget);
      }
      case 'compare': {
        let left = this.#evaluate(node.first, scope);
        return node.rest.every(({ operator, right }) => {
          const next = this.#evaluate(right, scope);
          const held = holds(operator, left, next);
          left = next;
          return held;
        });
      }
      case 'condition':
        if (isTruthy(this.#evaluate(node.test, scope))) return this.#evaluate(node.then, scope);
        return node.otherwise === undefined
          ? // Jinja's own undefined, not the strict one: it prints as nothing.
            ''
          : this.#evaluate(node.otherwise, scope);
    }
  }
}

function itemOf(of: Value, key: Value, what: 'attribute' | 'element'): Value {
  const list = typeof of === 'string' ? Array.from(of) : itemsOf(of);
  const found = of instanceof PyDict ? of.get(key) : typeof key === 'number' ? list?.at(key) : undefined;
  const kind = of instanceof PyDict ? 'dict' : typeName(of);
  return orUndefined(
    found,
    `'${kind} object' has no ${what} ${typeof key === 'string' ? `'${key}'` : toText(key)}`,
  );
}

function slice(of: Value, start: number | undefined, stop: number | undefined, step: number): Value {
  const items =
    typeof of === 'string' ? Array.from(of) : [...(itemsOf(of) ?? fail('TypeError', 'it has no slices'))];
  if (step === 0) fail('ValueError', 'slice step cannot be zero');
  const size = items.length;
  const place = (at: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, step < 0 ? -1 : 0), step < 0 ? size - 1 : size);
  const from = start === undefined ? (step < 0 ? size - 1 : 0) : place(start);
  const to = stop === undefined ? (step < 0 ? -1 : size) : place(stop);
  const taken: Value[] = [];
  for (let at = from; step < 0 ? at > to : at < to; at += step) taken.push(items[at] ?? null);
  if (typeof of === 'string') return taken.map(toText).join('');
  return of instanceof PySequence ? new PySequence(taken) : taken;
}

function describeLoop(items: readonly Value[], at: number): PyNamespace {
  const cycle = new PyFunction('cycle', ({ positional }) =>
    orUndefined(positional[at % positional.length], 'there is no cycled item'),
  );
  const facts: readonly (readonly [string, Value])[] = [
    ['index', at + 1],
    ['index0', at],
    ['revindex', items.length - at],
    ['revindex0', items.length - at - 1],
    ['first', at === 0],
    ['last', at === items.length - 1],
    ['length', items.length],
    ['previtem', orUndefined(items[at - 1], 'there is no previous item')],
    ['nextitem', orUndefined(items[at + 1], 'there is no next item')],
    ['cycle', cycle],
  ];
  return new PyNamespace(new Map(facts));
}
