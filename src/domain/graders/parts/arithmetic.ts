/** Deeper brackets than any answer has. */
const DEEPEST = 20;

/**
 * The value of a sum in digits with `+ - * × · / ÷ ^ √ ( )`; undefined for anything else, such as a list, a mixed number or a
 * variable, and where the value is not finite.
 */
export function evaluateArithmetic(text: string): number | undefined {
  const tokens = text.match(/\d+(?:\.\d+)?|[-+*×·/÷^√()]|[^\s]/g) ?? [];
  if (tokens.length < 2 || tokens.length > 200) return undefined;
  const value = new Reader(tokens).readAll();
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

type Value = number | undefined;

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  readAll(): Value {
    const value = this.#readSum(0);
    return this.#at === this.#tokens.length ? value : undefined;
  }

  #takes(...wanted: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#at++;
    return token;
  }

  #readSum(depth: number): Value {
    let sum = this.#readProduct(depth);
    for (;;) {
      const sign = this.#takes('+', '-');
      if (sign === undefined || sum === undefined) return sum;
      const next = this.#readProduct(depth);
      sum = next === undefined ? undefined : sign === '+' ? sum + next : sum - next;
    }
  }

  #readProduct(depth: number): Value {
    let product = this.#readSigned(depth);
    for (;;) {
      const sign = this.#takes('*', '×', '·', '/', '÷');
      if (sign === undefined || product === undefined) return product;
      const next = this.#readSigned(depth);
      if (next === undefined) return undefined;
      product = sign === '/' || sign === '÷' ? product / next : product * next;
    }
  }

  #readSigned(depth: number): Value {
    if (depth > DEEPEST) return undefined;
    if (this.#takes('-') !== undefined) {
      const value = this.#readSigned(depth + 1);
      return value === undefined ? undefined : -value;
    }
    const base = this.#readSingle(depth);
    if (base === undefined || this.#takes('^') === undefined) return base;
    const power = this.#readSigned(depth + 1);
    return power === undefined ? undefined : base ** power;
  }

  #readSingle(depth: number): Value {
    if (this.#takes('√') !== undefined) {
      const inside = depth > DEEPEST ? undefined : this.#readSingle(depth + 1);
      return inside === undefined ? undefined : Math.sqrt(inside);
    }
    if (this.#takes('(') !== undefined) {
      const inside = depth > DEEPEST ? undefined : this.#readSum(depth + 1);
      return this.#takes(')') === undefined ? undefined : inside;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined || !/^\d/.test(token)) return undefined;
    this.#at++;
    return Number(token);
  }
}
