/** What a shader's text is filled with: whole numbers become WGSL constants, booleans decide what `#if` keeps. */
export type TemplateValues = Readonly<Record<string, number | boolean>>;

interface Line {
  readonly text: string;
  readonly number: number;
}

const DIRECTIVE = /^\s*\/\/#(?<word>if|else|end|for)\b\s*(?<rest>.*)$/;

/**
 * Fills a WGSL template. Lines of the form `//#if NAME`, `//#else`, `//#end` keep what the flag says, and
 * `//#for i NAME` (or a number) repeats its lines with `${i}` counting from 0. Every number of `values` is declared as a
 * constant `NAME: u32` before the text. Throws a RangeError for an unknown name or an unbalanced directive: both are
 * bugs of ours.
 */
export function fillTemplate(source: string, values: TemplateValues): string {
  const constants = Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'number' ? [`const ${name}: u32 = ${wholeNumber(name, value)}u;`] : [],
  );
  const lines = source.split('\n').map((text, index) => ({ text, number: index + 1 }));
  const { output, next } = expand(lines, 0, values, undefined);
  if (next < lines.length) throw new RangeError(`line ${next + 1}: nothing is open here`);
  return [...constants, ...output].join('\n');
}

function wholeNumber(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0) throw new RangeError(`${name} is ${value}`);
  return value;
}

interface Expanded {
  readonly output: readonly string[];
  /** Index of the line that ended the block, or the number of lines. */
  readonly next: number;
}

/** Expands from a line until the `#else` or `#end` that closes the block opened at `opened`. */
function expand(
  lines: readonly Line[],
  from: number,
  values: TemplateValues,
  opened: Line | undefined,
): Expanded {
  const output: string[] = [];
  let index = from;
  while (index < lines.length) {
    const line = lines[index];
    if (line === undefined) break;
    const { word, rest = '' } = DIRECTIVE.exec(line.text)?.groups ?? {};
    if (word === undefined) {
      if (!/^\s*(?:\/\/.*)?$/.test(line.text)) output.push(line.text);
      index++;
    } else if (word === 'if') {
      const first = expand(lines, index + 1, values, line);
      let otherwise: Expanded = { output: [], next: first.next };
      if (/#else/.test(lines[first.next]?.text ?? '')) {
        otherwise = expand(lines, first.next + 1, values, line);
      }
      output.push(...(readFlag(rest, values, line) ? first : otherwise).output);
      index = otherwise.next + 1;
    } else if (word === 'for') {
      const [name = '', count = ''] = rest.trim().split(/\s+/);
      const body = expand(lines, index + 1, values, line);
      for (let turn = 0; turn < readCount(count, values, line); turn++) {
        output.push(...body.output.map((text) => text.replaceAll('${' + name + '}', String(turn))));
      }
      index = body.next + 1;
    } else {
      return { output, next: index };
    }
  }
  if (opened) throw new RangeError(`line ${opened.number}: '${opened.text.trim()}' is not closed`);
  return { output, next: index };
}

function readFlag(text: string, values: TemplateValues, line: Line): boolean {
  const isNegated = text.startsWith('!');
  const value = values[text.trim().replace(/^!/, '')];
  if (typeof value !== 'boolean') throw new RangeError(`line ${line.number}: no flag '${text.trim()}'`);
  return value !== isNegated;
}

function readCount(text: string, values: TemplateValues, line: Line): number {
  const value = /^\d+$/.test(text) ? Number(text) : values[text];
  if (typeof value !== 'number') throw new RangeError(`line ${line.number}: no number '${text}'`);
  return value;
}
