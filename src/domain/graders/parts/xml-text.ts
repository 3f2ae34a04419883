import { XMLParser } from 'fast-xml-parser';
import { findTagEnd, MARKUP_BUDGET, type SearchBudget } from './markup';
import { isWellFormed } from './xml-check';

const MAX_FRAGMENTS = 200;

/**
 * Reads a text that is one XML document and nothing else. A document type with declarations of its own is refused:
 * what its entities stand for cannot be checked (as in promptfoo).
 * @returns its elements, by name, or undefined when the text is not well-formed
 */
export function readXml(text: string): unknown {
  if (!isWellFormed(text)) return undefined;
  try {
    // No entities: they could blow a small text up to gigabytes.
    return new XMLParser({ ignoreAttributes: false, processEntities: false }).parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The outermost complete elements in a text, as text, from left to right. */
export function findXmlElements(text: string): readonly string[] {
  const budget: SearchBudget = { left: MARKUP_BUDGET };
  const open: { readonly name: string; readonly start: number }[] = [];
  const spans: { start: number; end: number }[] = [];
  const close = (start: number, end: number) => {
    // What was found inside this one is part of it.
    while ((spans.at(-1)?.start ?? -1) >= start) spans.pop();
    spans.push({ start, end });
  };
  for (let at = text.indexOf('<'); at !== -1;) {
    const tag = readTag(text, at, budget);
    if (tag?.kind === 'closing') {
      const last = open.pop();
      if (last?.name === tag.name) close(last.start, tag.end);
      else open.length = 0;
    } else if (tag?.kind === 'empty') close(at, tag.end);
    else if (tag?.kind === 'opening') open.push({ name: tag.name, start: at });
    at = text.indexOf('<', tag?.end ?? at + 1);
  }
  return spans.slice(0, MAX_FRAGMENTS).map(({ start, end }) => text.slice(start, end));
}

/**
 * Whether parsed XML has an element at a path of names, parted by dots; of several elements of one name, a number
 * tells which.
 */
export function hasElement(parsed: unknown, path: string): boolean {
  let value = parsed;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return false;
    value = value[name as keyof typeof value];
  }
  return value !== undefined;
}

interface Tag {
  readonly kind: 'opening' | 'closing' | 'empty' | 'other';
  readonly name: string;
  readonly end: number;
}

const NAME = /[:_\p{L}][-:_.\p{L}\p{N}\p{M}\u00B7]*/uy;

/** @returns undefined when what begins at `start` is no tag */
function readTag(text: string, start: number, budget: SearchBudget): Tag | undefined {
  for (const [opening, closing] of [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
  ] as const) {
    if (!text.startsWith(opening, start)) continue;
    const end = text.indexOf(closing, start + opening.length);
    return { kind: 'other', name: '', end: end === -1 ? text.length : end + closing.length };
  }
  const isClosing = text[start + 1] === '/';
  NAME.lastIndex = start + (isClosing ? 2 : 1);
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return undefined;
  const end = findTagEnd(text, NAME.lastIndex, budget);
  if (end === undefined) return undefined;
  return { kind: isClosing ? 'closing' : text[end - 2] === '/' ? 'empty' : 'opening', name, end };
}
