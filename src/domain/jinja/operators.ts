import {
  compare,
  fail,
  isEqual,
  isNothing,
  itemsOf,
  iterate,
  need,
  numberOf,
  PyDict,
  PyFloat,
  PyFunction,
  toText,
  typeName,
  Undefined,
  type Budget,
  type Value,
} from './values';

/** @throws FaultError `bad-input` for operands that Python does not join so */
export function binary(operator: string, a: Value, b: Value, budget: Budget): Value {
  if (operator === '~') return budget.text(toText(a) + toText(b));
  const [left, right] = [need(a), need(b)];
  if (operator === '+' && typeof left === 'string' && typeof right === 'string')
    return budget.text(left + right);
  if (operator === '+' && Array.isArray(left) && Array.isArray(right)) {
    budget.step(left.length + right.length);
    return [...left, ...right];
  }
  if (operator === '%' && typeof left === 'string') return format(left, itemsOf(right) ?? [right], budget);
  const times = typeof right === 'number' ? right : left;
  const many = typeof right === 'number' ? left : right;
  if (operator === '*' && typeof times === 'number' && typeof many === 'string') {
    budget.write(many.length * Math.max(0, times));
    return many.repeat(Math.max(0, times));
  }
  if (operator === '*' && typeof times === 'number' && Array.isArray(many)) {
    budget.step(many.length * Math.max(0, times));
    return Array.from({ length: Math.max(0, times) }, () => many).flat();
  }
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one === undefined || other === undefined) {
    return fail(
      'TypeError',
      `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
    );
  }
  if (other === 0 && ['/', '//', '%'].includes(operator)) fail('ZeroDivisionError', 'division by zero');
  const value = calculate(operator, one, other);
  const isFloat =
    operator === '/' ||
    left instanceof PyFloat ||
    right instanceof PyFloat ||
    (operator === '**' && other < 0);
  return isFloat ? new PyFloat(value) : value;
}

function calculate(operator: string, one: number, other: number): number {
  switch (operator) {
    case '+':
      return one + other;
    case '-':
      return one - other;
    case '*':
      return one * other;
    case '/':
      return one / other;
    case '//':
      return Math.floor(one / other);
    case '%':
      return one - other * Math.floor(one / other);
    default:
      return one ** other;
  }
}

function format(text: string, values: readonly Value[], budget: Budget): string {
  let at = 0;
  return budget.text(
    text.replace(/%(?:%|(?:\.(\d+))?([sdif]))/g, (all: string, digits?: string, kind?: string) => {
      if (all === '%%') return '%';
      const value = values[at++] ?? fail('TypeError', 'not enough arguments for format string');
      if (kind === 's') return toText(value);
      const number = numberOf(value) ?? fail('TypeError', `%${kind ?? ''} format: a number is required`);
      return kind === 'f' ? number.toFixed(Math.min(20, Number(digits ?? 6))) : String(Math.trunc(number));
    }),
  );
}

export function holds(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return compare(left, right) < 0;
    case '>':
      return compare(left, right) > 0;
    case '<=':
      return compare(left, right) <= 0;
    default:
      return compare(left, right) >= 0;
  }
}

function contains(whole: Value, part: Value): boolean {
  if (whole instanceof PyDict) return whole.has(need(part));
  if (typeof whole === 'string') {
    return typeof part === 'string'
      ? whole.includes(part)
      : fail('TypeError', `'in <string>' requires string as left operand, not ${typeName(part)}`);
  }
  return iterate(whole).some((each) => isEqual(each, part));
}

/** It can be gone through, and is equal to what is not there either. */
function passesUndefined(name: string, value: Value, other: Value): boolean {
  if (name === 'iterable' || name === 'sequence') return true;
  if (name === 'in') return contains(other, value);
  const isSame = isEqual(value, other);
  return /^(?:ne|!=)$/.test(name) ? !isSame : /^(?:eq|==|equalto|sameas)$/.test(name) && isSame;
}

/** Jinja's tests: `is defined` and the like. @throws FaultError `bad-input` for one that is not here */
export function passes(name: string, value: Value, [other = null]: readonly Value[]): boolean {
  if (name === 'defined') return !(value instanceof Undefined);
  if (name === 'undefined') return value instanceof Undefined;
  if (isNothing(value)) return passesUndefined(name, value, other);
  const known = need(value);
  const number = numberOf(known);
  switch (name) {
    case 'none':
      return known === null;
    case 'boolean':
      return typeof known === 'boolean';
    case 'true':
    case 'false':
      return known === (name === 'true');
    case 'string':
      return typeof known === 'string';
    case 'number':
      return number !== undefined;
    case 'integer':
      return typeof known === 'number';
    case 'float':
      return known instanceof PyFloat;
    case 'mapping':
      return known instanceof PyDict;
    case 'iterable':
    case 'sequence':
      return typeof known === 'string' || known instanceof PyDict || itemsOf(known) !== undefined;
    case 'callable':
      return known instanceof PyFunction;
    case 'odd':
      return number !== undefined && Math.abs(number % 2) === 1;
    case 'even':
      return number !== undefined && number % 2 === 0;
    case 'divisibleby':
      return number !== undefined && number % (numberOf(other) ?? 1) === 0;
    case '==':
    case 'eq':
    case 'equalto':
      return isEqual(known, other);
    case '!=':
    case 'ne':
      return !isEqual(known, other);
    case '<':
    case 'lt':
    case 'lessthan':
      return compare(known, other) < 0;
    case '>':
    case 'gt':
    case 'greaterthan':
      return compare(known, other) > 0;
    case '<=':
    case 'le':
      return compare(known, other) <= 0;
    case '>=':
    case 'ge':
      return compare(known, other) >= 0;
    case 'sameas':
      return known === other;
    case 'in':
      return contains(other, known);
    case 'lower':
      return toText(known) === toText(known).toLowerCase();
    case 'upper':
      return toText(known) === toText(known).toUpperCase();
    default:
      return fail('TemplateAssertionError', `No test named '${name}'.`);
  }
}
