import { badInput } from '../fault';

/**
 * A small language for constraints over named variables: `A + B == 10`, `Anna != Boris`, `abs(x - y) == 1 or x < 3`,
 * `distinct(A, B, C)`, `owner == "Anna" -> pet != "dog"`. Read and evaluated here, never run as code.
 */
export type Value = number | string | boolean;

export type Expression =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly operands: readonly Expression[] }
  | { readonly kind: 'unary'; readonly operator: 'not' | '-'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: Binary;
      readonly left: Expression;
      readonly right: Expression;
    };

const FUNCTIONS = ['abs', 'min', 'max', 'distinct', 'count'] as const;
type FunctionName = (typeof FUNCTIONS)[number];

/** Loosest first. */
const LEVELS = [
  ['<->'],
  ['->'],
  ['or'],
  ['and'],
  ['==', '!=', '<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/', '%'],
] as const;
type Binary = (typeof LEVELS)[number][number];

const MOST_TOKENS = 400;
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['&&', 'and'],
  ['&', 'and'],
  ['∧', 'and'],
  ['||', 'or'],
  ['|', 'or'],
  ['∨', 'or'],
  ['!', 'not'],
  ['¬', 'not'],
  ['=', '=='],
  ['≠', '!='],
  ['≤', '<='],
  ['≥', '>='],
  ['→', '->'],
  ['=>', '->'],
  ['↔', '<->'],
]);
const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<text>"[^"]*"|'[^']*')|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<sign><->|->|=>|&&|\|\||[=!<>]=|[-+*/%<>=!&|(),¬∧∨→↔≠≤≥]))/uy;

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'sign';
  readonly text: string;
}

/** @throws FaultError `bad-input` */
export function parseConstraint(source: string, variables: ReadonlySet<string>): Expression {
  const tokens = tokenize(source);
  let at = 0;

  const peek = () => tokens[at]?.text;
  function take(text: string): void {
    if (tokens[at]?.kind !== 'sign' || peek() !== text) throw refuse(source, `expected ${text}`);
    at++;
  }

  function parseLevel(level: number): Expression {
    const operators: readonly Binary[] | undefined = LEVELS[level];
    if (operators === undefined) return parseUnary();
    let left = level === 4 ? parseNegation(level) : parseLevel(level + 1);
    for (;;) {
      const operator = operators.find((each) => each === peek() && tokens[at]?.kind !== 'text');
      if (operator === undefined) return left;
      at++;
      // Implication groups to the right.
      const right = operator === '->' ? parseLevel(level) : parseLevel(level + 1);
      left = { kind: 'binary', operator, left, right };
    }
  }

  /** `not a == b` denies the comparison, as one reads it. */
  function parseNegation(level: number): Expression {
    if (tokens[at]?.kind === 'text' || peek() !== 'not') return parseLevel(level + 1);
    at++;
    return { kind: 'unary', operator: 'not', of: parseLevel(level) };
  }

  function parseUnary(): Expression {
    const token = tokens[at++];
    if (token === undefined) throw refuse(source, 'ends early');
    if (token.kind === 'number') return { kind: 'value', value: Number(token.text) };
    if (token.kind === 'text') return { kind: 'value', value: token.text.slice(1, -1) };
    if (token.kind === 'name') return parseName(token.text);
    if (token.text === '-') return { kind: 'unary', operator: '-', of: parseUnary() };
    if (token.text !== '(') throw refuse(source, `unexpected ${token.text}`);
    const inner = parseLevel(0);
    take(')');
    return inner;
  }

  function parseName(name: string): Expression {
    const called = FUNCTIONS.find((each) => each === name);
    if (called !== undefined && peek() === '(') {
      at++;
      const operands = [parseLevel(0)];
      while (peek() === ',') {
        at++;
        operands.push(parseLevel(0));
      }
      take(')');
      return { kind: 'call', name: called, operands };
    }
    if (name === 'true' || name === 'false') return { kind: 'value', value: name === 'true' };
    if (!variables.has(name)) throw refuse(source, `no variable ${name}`);
    return { kind: 'variable', name };
  }

  const expression = parseLevel(0);
  if (at < tokens.length) throw refuse(source, `unexpected ${peek() ?? ''}`);
  return expression;
}

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== '') {
    const from = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) throw refuse(source, `unexpected ${source.slice(from).trim().charAt(0)}`);
    const { number, text, name, sign } = groups;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (text !== undefined) tokens.push({ kind: 'text', text });
    else {
      const written = SPELLINGS.get(sign ?? '') ?? sign ?? name ?? '';
      const isWord = ['and', 'or', 'not'].includes(written);
      tokens.push({ kind: name !== undefined && !isWord ? 'name' : 'sign', text: written });
    }
    if (tokens.length > MOST_TOKENS) throw refuse(source, 'too long');
  }
  return tokens;
}

function refuse(source: string, detail: string): Error {
  return badInput('constraint', `${source.slice(0, 80)}: ${detail}`);
}

export function listUsed(expression: Expression): ReadonlySet<string> {
  switch (expression.kind) {
    case 'value':
      return new Set();
    case 'variable':
      return new Set([expression.name]);
    case 'unary':
      return listUsed(expression.of);
    case 'binary':
      return new Set([...listUsed(expression.left), ...listUsed(expression.right)]);
    case 'call':
      return new Set(expression.operands.flatMap((each) => [...listUsed(each)]));
  }
}

/** Values of different kinds are never equal, and no text is less than another: such a comparison is false. */
export function evaluate(expression: Expression, values: ReadonlyMap<string, Value>): Value {
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'variable':
      return values.get(expression.name) ?? NaN;
    case 'unary': {
      const value = evaluate(expression.of, values);
      return expression.operator === 'not' ? value !== true : typeof value === 'number' ? -value : NaN;
    }
    case 'call':
      return call(
        expression.name,
        expression.operands.map((each) => evaluate(each, values)),
      );
    case 'binary':
      return apply(
        expression.operator,
        evaluate(expression.left, values),
        evaluate(expression.right, values),
      );
  }
}

function call(name: FunctionName, operands: readonly Value[]): Value {
  if (name === 'distinct') return new Set(operands).size === operands.length;
  if (name === 'count') return operands.filter((each) => each === true).length;
  const numbers = operands.map(toNumber);
  if (name === 'abs') return Math.abs(numbers[0] ?? NaN);
  return name === 'min' ? Math.min(...numbers) : Math.max(...numbers);
}

function apply(operator: Binary, left: Value, right: Value): Value {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case 'and':
      return left === true && right === true;
    case 'or':
      return left === true || right === true;
    case '->':
      return left !== true || right === true;
    case '<->':
      return (left === true) === (right === true);
    default:
      return applyToNumbers(operator, toNumber(left), toNumber(right));
  }
}

function toNumber(value: Value): number {
  return typeof value === 'number' ? value : NaN;
}

type NumberOperator = Exclude<Binary, '==' | '!=' | 'and' | 'or' | '->' | '<->'>;

function applyToNumbers(operator: NumberOperator, a: number, b: number): Value {
  switch (operator) {
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a - b * Math.floor(a / b);
  }
}

export interface Problem {
  /** What each variable may be, in order. */
  readonly domains: ReadonlyMap<string, readonly Value[]>;
  readonly constraints: readonly Expression[];
}

export function holds(constraint: Expression, values: ReadonlyMap<string, Value>): boolean {
  return evaluate(constraint, values) === true;
}

/** Steps of search after which a problem counts as too large. */
const MOST_STEPS = 200_000;

/**
 * Up to `most` solutions, by trying values in order and checking each constraint as soon as its variables are set.
 * @throws FaultError `bad-input` when the problem is too large to be searched
 */
export function findSolutions(
  { domains, constraints }: Problem,
  most: number,
): readonly ReadonlyMap<string, Value>[] {
  const names = [...domains.keys()];
  const position = new Map(names.map((name, index) => [name, index]));
  const checks: Expression[][] = names.map(() => []);
  for (const constraint of constraints) {
    const last = Math.max(0, ...[...listUsed(constraint)].map((name) => position.get(name) ?? 0));
    checks[last]?.push(constraint);
  }
  const solutions: ReadonlyMap<string, Value>[] = [];
  const values = new Map<string, Value>();
  let steps = 0;
  const search = (depth: number): void => {
    const name = names[depth];
    if (name === undefined) {
      solutions.push(new Map(values));
      return;
    }
    for (const value of domains.get(name) ?? []) {
      if (++steps > MOST_STEPS) throw badInput('constraints', 'too many possibilities to prove the solution');
      values.set(name, value);
      if (checks[depth]?.every((each) => holds(each, values)) === true) search(depth + 1);
      if (solutions.length >= most) return;
    }
    values.delete(name);
  };
  search(0);
  return solutions;
}
