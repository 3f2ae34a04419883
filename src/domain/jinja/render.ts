import { badInput } from '../fault';
import type { Statement } from './ast';
import { evaluate } from './interpreter';
import { parse } from './parser';
import { allowUndefined, Budget, fail, PyFunction, toText } from './values';

const MAX_TEMPLATE_CHARACTERS = 50_000;
const MAX_STEPS = 100_000;
const MAX_CHARACTERS = 400_000;

/** A set has few templates and many rows. */
const parsed = new Map<string, readonly Statement[]>();
const MAX_PARSED = 32;

/**
 * Renders a template as Jinja 2 does in lm-eval: a newline at the end is kept, blocks are not trimmed, and what is
 * undefined is an error. Values print as Python prints them. What a template may do is bounded in steps and characters.
 * @throws FaultError `bad-input`
 */
export function renderJinja(source: string, variables: Readonly<Record<string, unknown>>): string {
  if (source.length > MAX_TEMPLATE_CHARACTERS) throw badInput('template', 'it is too long');
  let body = parsed.get(source);
  if (body === undefined) {
    body = parse(source, { keepTrailingNewline: true });
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(source, body);
  }
  try {
    return evaluate(body, variables, new Budget(MAX_STEPS, MAX_CHARACTERS));
  } catch (error) {
    // A list that holds itself has no text.
    if (error instanceof RangeError) throw badInput('template', error.message);
    throw error;
  }
}

const MAX_CHAT_STEPS = 2_000_000;
const MAX_CHAT_CHARACTERS = 40_000_000;

/** A chat template that has been read. */
export interface ChatTemplate {
  /** @throws FaultError `bad-input`, as for a template that refuses the conversation */
  render(variables: Readonly<Record<string, unknown>>): string;
}

/**
 * Reads a chat template as transformers does (`_compile_jinja_template`): blocks take their lines along, loops can be left,
 * and what is undefined prints as nothing.
 * @throws FaultError `bad-input` for what is no template, and for what cannot be rendered here, by name
 */
export function readChatTemplate(source: string): ChatTemplate {
  if (source.length > MAX_TEMPLATE_CHARACTERS) throw badInput('template', 'it is too long');
  const body = parse(source, { keepTrailingNewline: false, trimBlocks: true });
  const refuse = new PyFunction('raise_exception', ({ positional: [message = ''] }) =>
    fail('TemplateError', toText(message)),
  );
  const today = new PyFunction('strftime_now', ({ positional: [format = ''] }) =>
    writeDate(toText(format), new Date()),
  );
  return {
    render: (variables) =>
      allowUndefined(() =>
        evaluate(body, variables, new Budget(MAX_CHAT_STEPS, MAX_CHAT_CHARACTERS), [refuse, today]),
      ),
  };
}

/** Python's `strftime` for the parts that chat templates use, in English. */
function writeDate(format: string, date: Date): string {
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', options).format(date);
  const pad = (number: number) => String(number).padStart(2, '0');
  return format.replace(/%(-?)([a-zA-Z%])/g, (all, _short: string, letter: string) => {
    switch (letter) {
      case 'Y':
        return String(date.getFullYear());
      case 'm':
        return pad(date.getMonth() + 1);
      case 'd':
        return pad(date.getDate());
      case 'b':
        return part({ month: 'short' });
      case 'B':
        return part({ month: 'long' });
      case 'a':
        return part({ weekday: 'short' });
      case 'A':
        return part({ weekday: 'long' });
      case 'H':
        return pad(date.getHours());
      case 'M':
        return pad(date.getMinutes());
      case 'S':
        return pad(date.getSeconds());
      case '%':
        return '%';
      default:
        return all;
    }
  });
}
