/** Deeper than any XML that a test asks for; what reads it may call itself once a level. */
const MAX_DEPTH = 200;

const NAME = String.raw`[:_\p{L}][-:_.\p{L}\p{N}\p{M}\u00B7]*`;
const OPENING = new RegExp(String.raw`<(${NAME})((?:\s+${NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>`, 'uy');
const CLOSING = new RegExp(String.raw`</(${NAME})\s*>`, 'uy');
const ATTRIBUTE = new RegExp(String.raw`(${NAME})\s*=\s*(?:"[^"]*"|'[^']*')`, 'gu');
const DOCTYPE = new RegExp(
  String.raw`<!DOCTYPE\s+${NAME}(?:\s+(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+(?:"[^"]*"|'[^']*'))?\s*>`,
  'uy',
);
const LOOSE_AMPERSAND = new RegExp(String.raw`&(?!(?:${NAME}|#\d{1,7}|#x[\dA-Fa-f]{1,6});)`, 'u');

/**
 * Whether a text is one well-formed XML document (XML 1.0, section 2): one element with all others in it, tags in pairs,
 * attributes quoted and not twice, nothing but comments and instructions outside. A document type with declarations of
 * its own is refused: what its entities stand for cannot be checked.
 */
export function isWellFormed(text: string): boolean {
  const open: string[] = [];
  let hasRoot = false;
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const between = text.slice(at, next === -1 ? undefined : next);
    if (open.length === 0 ? between.trim() !== '' : isBadText(between)) return false;
    if (next === -1) break;
    const skipped = skipOther(text, next, open.length > 0, hasRoot);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    CLOSING.lastIndex = next;
    const closed = CLOSING.exec(text)?.[1];
    if (closed !== undefined) {
      if (open.pop() !== closed) return false;
      at = CLOSING.lastIndex;
      continue;
    }
    OPENING.lastIndex = next;
    const [, name, attributes = '', slash] = OPENING.exec(text) ?? [];
    if (name === undefined || !areAttributesSound(attributes)) return false;
    if (open.length === 0 && hasRoot) return false;
    hasRoot = true;
    at = OPENING.lastIndex;
    if (slash === '' && open.push(name) > MAX_DEPTH) return false;
  }
  return hasRoot && open.length === 0;
}

/** @returns where a comment, instruction, CDATA section or document type ends, if there is one and it may be here */
function skipOther(text: string, at: number, isInside: boolean, hasRoot: boolean): number | undefined {
  const find = (opening: string, closing: string) => {
    if (!text.startsWith(opening, at)) return undefined;
    const end = text.indexOf(closing, at + opening.length);
    return end === -1 ? undefined : end + closing.length;
  };
  const comment = find('<!--', '--');
  if (comment !== undefined) return text[comment] === '>' ? comment + 1 : undefined;
  if (isInside && text.startsWith('<![CDATA[', at)) return find('<![CDATA[', ']]>');
  if (/^<\?xml\s/i.test(text.slice(at, at + 6)) && at > 0) return undefined;
  if (text.startsWith('<?', at)) return find('<?', '?>');
  DOCTYPE.lastIndex = at;
  return !isInside && !hasRoot && DOCTYPE.test(text) ? DOCTYPE.lastIndex : undefined;
}

function isBadText(text: string): boolean {
  return text.includes(']]>') || LOOSE_AMPERSAND.test(text);
}

function areAttributesSound(attributes: string): boolean {
  const names = [...attributes.matchAll(ATTRIBUTE)].map(([, name]) => name);
  return new Set(names).size === names.length && !LOOSE_AMPERSAND.test(attributes);
}
