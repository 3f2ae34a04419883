import type { Prompt, PromptPiece } from './pieces';

/**
 * Finds out which part of a rendered prompt is the template's own text and which came from messages. A template is a
 * program, so the same conversation is rendered a second time with every letter of the messages put into a private-use
 * plane of Unicode: what is there in the result came from a message. White space stays, so that a template may trim.
 */

/** Plane 15 has a place for each of the 65,536 UTF-16 code units. */
const HIDDEN_FROM = 0xf0000;
const HIDDEN_TO = 0xfffff;

/** Where an image stands in a text that is being rendered; messages are freed of it. */
export const IMAGE_MARK = '\u{10fffd}';

/** A text with every code unit that is no white space in plane 15. */
export function hideText(text: string): string {
  return text.replace(/\S/g, (unit) => String.fromCodePoint(HIDDEN_FROM + unit.charCodeAt(0)));
}

/**
 * Cuts a rendered prompt into pieces.
 * @param plain the prompt as rendered
 * @param renderHidden renders it again, with the messages hidden
 */
export function findForeignText(plain: string, renderHidden: () => string): Prompt {
  let hidden: string;
  try {
    hidden = renderHidden();
  } catch {
    // The template reads the messages, and refuses letters that it does not know: then all of it may be from a message.
    return cutImages('foreign', plain);
  }
  const pieces = readHidden(hidden);
  if (pieces.map(({ text }) => text).join('') !== plain) return alignPieces(pieces, plain);
  return pieces.flatMap(({ kind, text }) => cutImages(kind, text));
}

interface TextPiece {
  readonly kind: 'template' | 'foreign';
  readonly text: string;
}

/** The pieces of a hidden text, in their own letters. White space between two foreign words is foreign too. */
function readHidden(hidden: string): readonly TextPiece[] {
  const pieces: { kind: TextPiece['kind']; text: string }[] = [];
  for (const [run] of hidden.matchAll(
    /[\u{f0000}-\u{fffff}]+(?:\s+[\u{f0000}-\u{fffff}]+)*|[^\u{f0000}-\u{fffff}]+/gu,
  )) {
    const kind = isHidden(run.codePointAt(0)) ? 'foreign' : 'template';
    pieces.push({ kind, text: kind === 'foreign' ? showText(run) : run });
  }
  return pieces;
}

const isHidden = (code: number | undefined) => code !== undefined && code >= HIDDEN_FROM && code <= HIDDEN_TO;

function showText(hidden: string): string {
  return hidden.replace(/[\u{f0000}-\u{fffff}]/gu, (letter) =>
    String.fromCharCode((letter.codePointAt(0) ?? HIDDEN_FROM) - HIDDEN_FROM),
  );
}

/**
 * For a template that changes what it is given, such as one that leaves out a model's earlier reasoning: what is the
 * same from the start and from the end keeps its kind, and all between is foreign, which is always safe.
 */
function alignPieces(pieces: readonly TextPiece[], plain: string): Prompt {
  const head: TextPiece[] = [];
  let from = 0;
  for (const piece of pieces) {
    if (!plain.startsWith(piece.text, from)) break;
    head.push(piece);
    from += piece.text.length;
  }
  const tail: TextPiece[] = [];
  let to = plain.length;
  for (const piece of pieces.slice(head.length).toReversed()) {
    if (to - piece.text.length < from || !plain.endsWith(piece.text, to)) break;
    tail.unshift(piece);
    to -= piece.text.length;
  }
  const middle: TextPiece = { kind: 'foreign', text: plain.slice(from, to) };
  return [...head, middle, ...tail].flatMap(({ kind, text }) => cutImages(kind, text));
}

function cutImages(kind: TextPiece['kind'], text: string): Prompt {
  return text
    .split(IMAGE_MARK)
    .flatMap((part, index): PromptPiece[] => [
      ...(index === 0 ? [] : [{ kind: 'image' as const }]),
      ...(part === '' ? [] : [{ kind, text: part }]),
    ]);
}
