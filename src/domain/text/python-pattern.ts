import { badInput } from '../fault';
import { PYTHON_SPACE } from './python-text';

const WHAT = 'pattern';
const MAX_CHARACTERS = 5_000;
const START = '(?<![\\s\\S])';
const END = '(?![\\s\\S])';

/** What Python's escapes stand for inside a class; with ASCII only, or with all of Unicode. */
const CLASSES: Readonly<Record<string, readonly [ascii: string, unicode: string]>> = {
  d: ['0-9', '\\p{Nd}'],
  w: ['a-zA-Z0-9_', '\\p{L}\\p{N}_'],
  s: ['\\t-\\r\\x20', PYTHON_SPACE],
};
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\\x07',
  f: '\\f',
  n: '\\n',
  r: '\\r',
  t: '\\t',
  v: '\\v',
};
/** Must be escaped in the `v` mode of JavaScript, inside a class. */
const CLASS_SIGNS = /[()[\]{}/\-\\|&!#$%*+,.:;<=>?@^`~]/;
const SIGNS = /[\^$\\.*+?()[\]{}|/]/;

export interface JsPattern {
  readonly source: string;
  readonly flags: string;
}

/** Of a type, so that a template has one translation however often it is used. */
const translated = new Map<string, JsPattern>();

/**
 * A pattern of Python's `re` in JavaScript's dialect: classes know all of Unicode, `.` is all but a newline, `$` also stands
 * before a newline at the end, and punctuation may be escaped without need. It is read here, not run.
 * @throws FaultError `bad-input` for what JavaScript has nothing for (atomic groups, conditions), and for no pattern
 */
export function translatePattern(pattern: string): JsPattern {
  const known = translated.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_CHARACTERS) throw badInput(WHAT, `longer than ${MAX_CHARACTERS} characters`);
  const made = new PatternReader(pattern).read();
  try {
    new RegExp(made.source, made.flags);
  } catch (error) {
    throw badInput(WHAT, error instanceof Error ? error.message : 'not a pattern');
  }
  if (translated.size >= 200) translated.clear();
  translated.set(pattern, made);
  return made;
}

class PatternReader {
  #at = 0;
  #flags = new Set<string>();

  constructor(private readonly text: string) {}

  read(): JsPattern {
    const global = /^\(\?([aiLmsux]+)\)/.exec(this.text);
    if (global !== null) {
      this.#flags = new Set(global[1]);
      this.#at = global[0].length;
    }
    let source = '';
    while (this.#at < this.text.length) source += this.#piece();
    return { source, flags: this.#flags.has('i') ? 'iv' : 'v' };
  }

  #piece(): string {
    const { text } = this;
    const letter = String.fromCodePoint(text.codePointAt(this.#at) ?? 0);
    this.#at += letter.length;
    if (this.#flags.has('x')) {
      if (/\s/.test(letter)) return '';
      if (letter === '#') {
        while (this.#at < text.length && text[this.#at] !== '\n') this.#at++;
        return '';
      }
    }
    switch (letter) {
      case '\\':
        return this.#escape();
      case '[':
        return this.#class();
      case '(':
        return this.#group();
      case '.':
        return this.#flags.has('s') ? '[\\s\\S]' : '[^\\n]';
      case '^':
        return this.#flags.has('m') ? '(?<![^\\n])' : START;
      case '$':
        return this.#flags.has('m') ? '(?![^\\n])' : `(?=\\n?${END})`;
      case '{':
        return this.#count();
      case '*':
      case '+':
      case '?':
        return this.#lazy(letter);
      case ')':
      case '|':
        return letter;
      default:
        return SIGNS.test(letter) ? `\\${letter}` : letter;
    }
  }

  /** `a*+` takes all it can for good, which JavaScript lacks. */
  #lazy(repeat: string): string {
    const next = this.text[this.#at];
    if (next === '+') throw badInput(WHAT, 'possessive repeats are not known here');
    if (next !== '?') return repeat;
    this.#at++;
    return `${repeat}?`;
  }

  #count(): string {
    const found = /^(\d*)(,?)(\d*)\}/.exec(this.text.slice(this.#at, this.#at + 30));
    if (found === null || (found[1] === '' && found[3] === '')) return '\\{';
    this.#at += found[0].length;
    const [, least = '', comma = '', most = ''] = found;
    return this.#lazy(`{${least === '' ? '0' : least}${comma}${most}}`);
  }

  #group(): string {
    const rest = this.text.slice(this.#at, this.#at + 120);
    const take = (length: number, made: string) => {
      this.#at += length;
      return made;
    };
    if (!rest.startsWith('?')) return '(';
    const named = /^\?P<(\w+)>/.exec(rest);
    if (named !== null) return take(named[0].length, `(?<${named[1] ?? ''}>`);
    const backwards = /^\?P=(\w+)\)/.exec(rest);
    if (backwards !== null) return take(backwards[0].length, `\\k<${backwards[1] ?? ''}>`);
    const plain = /^\?(?::|=|!|<=|<!)/.exec(rest);
    if (plain !== null) return take(plain[0].length, `(${plain[0]}`);
    const modified = /^\?([ims]*)(?:-([ims]+))?:/.exec(rest);
    if (modified !== null) {
      const [all, on = '', off = ''] = modified;
      // Here `m` and `s` are written out, so only the case can change on the way.
      if (/[ms]/.test(on + off)) throw badInput(WHAT, 'flags m and s of a part are not known here');
      return take(all.length, `(?${on}${off === '' ? '' : `-${off}`}:`);
    }
    if (rest.startsWith('?#')) {
      const end = this.text.indexOf(')', this.#at);
      if (end === -1) throw badInput(WHAT, 'a comment without an end');
      this.#at = end + 1;
      return '';
    }
    throw badInput(WHAT, `(${rest.slice(0, 3)} is not known here`);
  }

  #escape(): string {
    const { text } = this;
    const next = text.slice(this.#at, this.#at + 3);
    const reference = /^[1-9]\d?/.exec(next);
    // Three octal digits are a character.
    if (reference !== null && !/^[0-3][0-7]{2}$/.test(next)) {
      this.#at += reference[0].length;
      return `(?:\\${reference[0]})`;
    }
    const letter = text[this.#at];
    if (letter === 'A' || letter === 'Z') {
      this.#at++;
      return letter === 'A' ? START : END;
    }
    if (letter === 'b' || letter === 'B') {
      this.#at++;
      const word = `[${this.#classOf('w')}]`;
      const [one, other] = letter === 'b' ? ['!', '='] : ['=', '!'];
      return `(?:(?<=${word})(?${one}${word})|(?<!${word})(?${other}${word}))`;
    }
    const kind = letter?.toLowerCase() ?? '';
    if (kind in CLASSES) {
      this.#at++;
      return `[${letter === kind ? '' : '^'}${this.#classOf(kind)}]`;
    }
    return this.#character(false);
  }

  #classOf(kind: string): string {
    return CLASSES[kind]?.[this.#flags.has('a') ? 0 : 1] ?? '';
  }

  /** One character behind a backslash. */
  #character(isInClass: boolean): string {
    const rest = this.text.slice(this.#at, this.#at + 10);
    const code = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(0[0-7]{0,2}|[1-7][0-7]{0,2}))/.exec(
      rest,
    );
    if (code !== null) {
      this.#at += code[0].length;
      const [, byte, short, long, octal] = code;
      const value = octal === undefined ? parseInt(byte ?? short ?? long ?? '', 16) : parseInt(octal, 8);
      return `\\u{${value.toString(16)}}`;
    }
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    if (rest === '') throw badInput(WHAT, 'a backslash at the end');
    this.#at += letter.length;
    if (isInClass && letter === 'b') return '\\x08';
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (/[a-zA-Z]/.test(letter)) throw badInput(WHAT, `\\${letter} is not known here`);
    return quote(letter, isInClass);
  }

  #class(): string {
    const { text } = this;
    let made = '[';
    if (text[this.#at] === '^') {
      made += '^';
      this.#at++;
    }
    for (let isFirst = true; ; isFirst = false) {
      const letter = text.codePointAt(this.#at);
      if (letter === undefined) throw badInput(WHAT, 'a class without an end');
      const shown = String.fromCodePoint(letter);
      if (shown === ']' && !isFirst) {
        this.#at++;
        return `${made}]`;
      }
      made += this.#member();
      const end = text[this.#at + 1];
      if (
        text[this.#at] === '-' &&
        end !== undefined &&
        end !== ']' &&
        !/^\\[dwsDWS]/.test(text.slice(this.#at + 1, this.#at + 3))
      ) {
        this.#at++;
        made += `-${this.#member()}`;
      }
    }
  }

  #member(): string {
    const letter = String.fromCodePoint(this.text.codePointAt(this.#at) ?? 0);
    this.#at += letter.length;
    if (letter !== '\\') return quote(letter, true);
    const kind = this.text[this.#at] ?? '';
    if (!(kind.toLowerCase() in CLASSES)) return this.#character(true);
    this.#at++;
    const inside = this.#classOf(kind.toLowerCase());
    return kind === kind.toLowerCase() ? inside : `[^${inside}]`;
  }
}

function quote(letter: string, isInClass: boolean): string {
  return (isInClass ? CLASS_SIGNS : SIGNS).test(letter) ? `\\${letter}` : letter;
}
