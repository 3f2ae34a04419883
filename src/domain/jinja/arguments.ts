import { fail, isTruthy, numberOf, toText, type Arguments, type Value } from './values';

/** Reads the arguments of a call by place or by name, as the function's signature lists them. */
export class ArgumentReader {
  constructor(
    private readonly of: string,
    private readonly args: Arguments,
    private readonly signature: readonly string[] = [],
  ) {
    if (args.positional.length > signature.length) {
      fail('TypeError', `${of}() takes at most ${signature.length} arguments`);
    }
    for (const name of args.named.keys()) {
      if (!signature.includes(name)) fail('TypeError', `${of}() got an unexpected argument '${name}'`);
    }
  }

  get(name: string): Value | undefined {
    return this.args.named.get(name) ?? this.args.positional[this.signature.indexOf(name)];
  }

  need(name: string): Value {
    return this.get(name) ?? fail('TypeError', `${this.of}() needs ${name}`);
  }

  text(name: string, fallback?: string): string {
    const value = this.get(name) ?? fallback;
    return typeof value === 'string'
      ? value
      : fail(
          'TypeError',
          `${this.of}(): ${name} must be text, not ${value === undefined ? 'absent' : toText(value)}`,
        );
  }

  integer(name: string, fallback?: number): number {
    const value = this.get(name);
    if (value === undefined || value === null) {
      return fallback ?? fail('TypeError', `${this.of}() needs ${name}`);
    }
    const number = typeof value === 'object' ? undefined : numberOf(value);
    return number ?? fail('TypeError', `${this.of}(): ${name} must be a whole number`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name);
    return value === undefined ? fallback : isTruthy(value);
  }
}
