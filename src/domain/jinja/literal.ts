import { badInput } from '../fault';
import { PyDict, PyFloat, PySequence, type Value } from './values';

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '\n': '',
};

/** What backslashes mean in a text of Python. */
export function readEscapes(text: string): string {
  return text.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{1,3})|([\s\S]))/gi,
    (all, byte?: string, short?: string, long?: string, octal?: string, letter?: string) => {
      const hex = byte ?? short ?? long;
      if (hex !== undefined) {
        const code = parseInt(hex, 16);
        return code <= 0x10_ffff ? String.fromCodePoint(code) : all;
      }
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      return SIMPLE[letter ?? ''] ?? all;
    },
  );
}

const MAX_DEPTH = 50;
const NUMBER = /[-+]?\s*(?:\d[\d_]*\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)/iy;
const TEXT = /(u?r?)('''[\s\S]*?'''|"""[\s\S]*?"""|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*")/iy;
const WORD = /None|True|False/y;
const CLOSE = { '[': ']', '(': ')', '{': '}' } as const;

/**
 * Python's `ast.literal_eval`: a list, tuple, dict, text, number, truth value or None, written as Python writes it.
 * @throws FaultError `bad-input` for anything else
 */
export function readLiteral(source: string): Value {
  const reader = new LiteralReader(source.replace(/^[ \t]+/, ''));
  return reader.readWhole();
}

class LiteralReader {
  #at = 0;

  constructor(private readonly source: string) {}

  readWhole(): Value {
    const value = this.#readValue(0);
    this.#skip();
    if (this.source[this.#at] === ',') {
      const items = [value];
      while (this.#take(',') && this.#at < this.source.length) items.push(this.#readValue(1));
      this.#skip();
      if (this.#at < this.source.length) this.#refuse();
      return new PySequence(items);
    }
    if (this.#at < this.source.length) this.#refuse();
    return value;
  }

  #readValue(depth: number): Value {
    if (depth > MAX_DEPTH) this.#refuse();
    this.#skip();
    const open = this.source[this.#at] ?? '';
    if (open === '[') return this.#readItems(open, depth).items;
    if (open === '(') {
      const { items, hasComma } = this.#readItems(open, depth);
      return items.length === 1 && !hasComma ? (items[0] ?? null) : new PySequence(items);
    }
    if (open === '{') return this.#readDict(depth);
    const word = this.#match(WORD)?.[0];
    if (word !== undefined) return word === 'None' ? null : word === 'True';
    const number = this.#match(NUMBER)?.[0];
    if (number !== undefined) {
      const plain = number.replace(/[\s_]/g, '');
      return /[.e]/i.test(plain) ? new PyFloat(Number(plain)) : Number(plain);
    }
    return this.#readText();
  }

  /** Texts one after the other are one. */
  #readText(): string {
    let text: string | undefined;
    for (let found = this.#match(TEXT); found !== undefined; found = this.#match(TEXT)) {
      const [, prefix = '', quoted = ''] = found;
      const marks = /^('''|""")/.test(quoted) && quoted.length >= 6 ? 3 : 1;
      const inner = quoted.slice(marks, -marks);
      text = (text ?? '') + (/r/i.test(prefix) ? inner : readEscapes(inner));
      this.#skip();
    }
    return text ?? this.#refuse();
  }

  #readItems(open: '[' | '(', depth: number): { readonly items: Value[]; readonly hasComma: boolean } {
    this.#at++;
    const items: Value[] = [];
    let hasComma = false;
    while (!this.#take(CLOSE[open])) {
      items.push(this.#readValue(depth + 1));
      if (this.#take(',')) hasComma = true;
      else if (this.#take(CLOSE[open])) break;
      else this.#refuse();
    }
    return { items, hasComma };
  }

  #readDict(depth: number): PyDict {
    this.#at++;
    const dict = new PyDict();
    while (!this.#take('}')) {
      const key = this.#readValue(depth + 1);
      if (!this.#take(':')) this.#refuse();
      dict.set(key, this.#readValue(depth + 1));
      if (!this.#take(',')) {
        if (this.#take('}')) break;
        this.#refuse();
      }
    }
    return dict;
  }

  #skip(): void {
    while (/\s/.test(this.source[this.#at] ?? '')) this.#at++;
  }

  #take(mark: string): boolean {
    this.#skip();
    if (this.source[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.source);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  #refuse(): never {
    throw badInput('template', `no literal of Python: ${this.source.slice(0, 60)}`);
  }
}
