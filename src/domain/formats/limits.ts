import { badInput, FaultError } from '../fault';

/** 64 MiB of text: a set larger than that has more cases than anyone runs in a page. */
export const MAX_TEXT_CHARACTERS = 64 * 1024 * 1024;
export const MAX_CASES = 20_000;

/** Refuses a text that is too large to read. @throws FaultError `bad-input` */
export function checkSize(what: string, text: string): void {
  if (text.length > MAX_TEXT_CHARACTERS) {
    throw badInput('large file', `${what} (${Math.round(text.length / 1024 / 1024)} MB)`);
  }
}

/** More rows, or more cases, than a set may have. */
export class TooManyRows extends FaultError {
  constructor(
    what: string,
    readonly rows: number,
  ) {
    super({ kind: 'bad-input', what: 'many rows', detail: `${what}: ${rows} / ${MAX_CASES}` });
  }
}
