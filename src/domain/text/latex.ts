/** LaTeX as plain text, as far as answers use it: `\frac12` becomes `1/2`, `\text{cm}^2` becomes `cm^2`. */

/** Around the content of a `\boxed`. */
export const BOX = '\uE002';
export const UNBOX = '\uE003';

/** Groups inside groups: deeper ones are left out. */
const DEEPEST = 24;
/** A longer result is no answer; it bounds what nesting can cost. */
const LONGEST_GROUP = 2_000;

const SYMBOLS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    times: ' × ',
    cdot: ' · ',
    ast: ' × ',
    div: ' ÷ ',
    pm: '±',
    mp: '±',
    approx: ' ≈ ',
    simeq: ' ≈ ',
    sim: ' ≈ ',
    le: ' ≤ ',
    leq: ' ≤ ',
    leqslant: ' ≤ ',
    ge: ' ≥ ',
    geq: ' ≥ ',
    geqslant: ' ≥ ',
    lt: ' < ',
    gt: ' > ',
    ne: ' ≠ ',
    neq: ' ≠ ',
    infty: '∞',
    circ: '°',
    degree: '°',
    to: ' → ',
    rightarrow: ' → ',
    Rightarrow: ' → ',
    implies: ' → ',
    ldots: '…',
    cdots: '…',
    dots: '…',
    quad: '  ',
    qquad: '  ',
    colon: ':',
    pounds: '£',
    euro: '€',
    checkmark: '✓',
    alpha: 'α',
    beta: 'β',
    gamma: 'γ',
    delta: 'δ',
    epsilon: 'ε',
    varepsilon: 'ε',
    zeta: 'ζ',
    eta: 'η',
    theta: 'θ',
    lambda: 'λ',
    mu: 'μ',
    nu: 'ν',
    xi: 'ξ',
    pi: 'π',
    rho: 'ρ',
    sigma: 'σ',
    tau: 'τ',
    phi: 'φ',
    varphi: 'φ',
    chi: 'χ',
    psi: 'ψ',
    omega: 'ω',
  }),
);
/** What these say is said by their content alone. */
const WRAPPERS = new Set(
  'text textbf textit textrm textsf texttt textnormal mathrm mathbf mathit mathsf mathbb mathcal boldsymbol bm operatorname emph mbox hbox underline overline mathop'.split(
    ' ',
  ),
);
const NOTHING = new Set(
  'left right big Big bigl bigr Bigl Bigr bigg displaystyle textstyle limits bf rm it tt large Large ! ( ) [ ] - /'.split(
    ' ',
  ),
);
const SPACES = new Set([',', ';', ':', ' ', '>', 'enspace', 'thinspace']);
const FRACTIONS = new Set(['frac', 'dfrac', 'tfrac', 'cfrac']);

export function flattenLatex(text: string): string {
  return /\\|\^\{|\{,\}/.test(text) ? new Flattener(text).read() : text;
}

class Flattener {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): string {
    let all = '';
    while (this.#at < this.#text.length) {
      all += this.#readUntilBrace(0);
      if (this.#text[this.#at] === '}') {
        all += '}';
        this.#at++;
      }
    }
    return all;
  }

  #readUntilBrace(depth: number): string {
    let all = '';
    while (this.#at < this.#text.length && this.#text[this.#at] !== '}') all += this.#readOne(all, depth);
    return all;
  }

  /** @param before what stands before it in the same group */
  #readOne(before: string, depth: number): string {
    const character = this.#text[this.#at] ?? '';
    this.#at++;
    switch (character) {
      case '\\':
        return this.#readCommand(before, depth);
      case '^':
        return this.#readPower(depth);
      case '{': {
        const inside = this.#readGroup(depth);
        return inside === ',' ? ',' : `{${inside}}`;
      }
      case '$':
        // `$$` opens a formula; a single one may be a currency.
        if (this.#text[this.#at] !== '$') return '$';
        this.#at++;
        return ' ';
      default:
        return character;
    }
  }

  #readCommand(before: string, depth: number): string {
    const name = /^(?:[A-Za-z]+|[^])/u.exec(this.#text.slice(this.#at, this.#at + 24))?.[0] ?? '';
    this.#at += name.length;
    if (FRACTIONS.has(name)) {
      const top = wrap(this.#readArgument(depth));
      const bottom = wrap(this.#readArgument(depth));
      return `${isDigit(before.at(-1)) ? ' ' : ''}${top}/${bottom}`;
    }
    if (name === 'sqrt') return this.#readRoot(depth);
    if (name === 'boxed' || name === 'fbox')
      return `\nanswer: ${BOX}${this.#readArgument(depth).trim()}${UNBOX}\n`;
    if (WRAPPERS.has(name)) return this.#readArgument(depth);
    if (name === 'begin' || name === 'end') {
      this.#readArgument(depth);
      return '\n';
    }
    if (name === '\\' || name === 'newline') return '\n';
    if (name === ',' || name === ';') return this.#isThousands(before) ? ',' : ' ';
    if (SPACES.has(name)) return ' ';
    if (name === '!') return '';
    if (NOTHING.has(name)) return /^[A-Za-z]/.test(name) ? '' : ' ';
    const symbol = SYMBOLS.get(name);
    if (symbol !== undefined) return symbol;
    return /^[A-Za-z]/.test(name) ? ` ${name} ` : name;
  }

  /** `1\,234` */
  #isThousands(before: string): boolean {
    return isDigit(before.at(-1)) && /^\d{3}(?!\d)/.test(this.#text.slice(this.#at, this.#at + 4));
  }

  #readRoot(depth: number): string {
    const degree = /^\s?\[([^\]\n]{1,8})\]/.exec(this.#text.slice(this.#at, this.#at + 12));
    this.#at += degree?.[0].length ?? 0;
    const inside = this.#readArgument(depth);
    const sign = degree === null || degree[1] === '2' ? '√' : degree[1] === '3' ? '∛' : 'ⁿ√';
    return `${sign}(${inside})`;
  }

  #readPower(depth: number): string {
    const rest = this.#text.slice(this.#at, this.#at + 8);
    if (!/^\s?[{\\]/.test(rest)) return '^';
    const power = this.#readArgument(depth).trim();
    if (power === '°') return '°';
    return /^-?\d+$/.test(power) ? `^${power}` : `^(${power})`;
  }

  /** A group, a command or a single character. */
  #readArgument(depth: number): string {
    if (depth >= DEEPEST) return '';
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    const character = this.#text[this.#at];
    if (character === undefined || character === '}') return '';
    this.#at++;
    if (character === '{') return this.#readGroup(depth);
    return character === '\\' ? this.#readCommand('', depth + 1) : character;
  }

  #readGroup(depth: number): string {
    if (depth >= DEEPEST) return '';
    const inside = this.#readUntilBrace(depth + 1);
    this.#at++;
    return inside.slice(0, LONGEST_GROUP);
  }
}

/** The parts of a fraction, in brackets unless they are single things. */
function wrap(part: string): string {
  const trimmed = part.trim();
  return /^-?[\p{L}\d.]+$/u.test(trimmed) ? trimmed : `(${trimmed})`;
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && /\d/.test(character);
}
