import { badInput } from '../fault';
import { MAX_CASES, TooManyRows } from './limits';
import { buildSet, type ImportedSet, type ImportOptions } from './format';
import { chooseRows, type RowLimit } from './row-limit';

const WHAT = 'text';
const MAX_CHARACTERS = 20_000;

/** How a text without any format is cut into questions. */
export type TextCut = 'lines' | 'paragraphs' | 'whole';

/** The questions of a plain text. */
export function cutText(text: string, cut: TextCut): readonly string[] {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (cut === 'whole') return clean.trim() === '' ? [] : [clean.trim()];
  return clean
    .split(cut === 'lines' ? /\n/ : /\n[ \t]*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * Questions without answers: nothing grades them until a person adds how.
 * @throws FaultError `bad-input`; `TooManyRows`
 */
export function readPlainText(
  text: string,
  cut: TextCut,
  options: ImportOptions = {},
  limit?: RowLimit,
): ImportedSet {
  const all = cutText(text, cut);
  const chosen = limit === undefined ? undefined : chooseRows(all.length, limit, WHAT);
  const questions = chosen === undefined ? all : all.filter((_question, index) => chosen.has(index));
  if (questions.length > MAX_CASES) throw new TooManyRows(WHAT, questions.length);
  const long = questions.findIndex((question) => question.length > MAX_CHARACTERS);
  if (long !== -1) throw badInput(WHAT, `question ${long + 1} is longer than ${MAX_CHARACTERS} characters`);
  const title = options.name?.replace(/\.[a-z0-9]+$/i, '') ?? '';
  return buildSet(
    WHAT,
    { title, language: options.language },
    questions.map((prompt) => ({ prompt, graders: [{ type: 'no-assertion' }] })),
    [{ code: 'no-assertion', count: questions.length }],
  );
}
