import { findTagEnd, MARKUP_BUDGET, type SearchBudget } from './markup';

/** Elements of the HTML standard, but for those that it calls obsolete. */
const ELEMENTS = new Set(
  (
    'html head title base link meta style body article section nav aside h1 h2 h3 h4 h5 h6 hgroup header footer ' +
    'address p hr pre blockquote ol ul menu li dl dt dd figure figcaption main search div a em strong small s cite q ' +
    'dfn abbr ruby rt rp data time code var samp kbd sub sup i b u mark bdi bdo span br wbr ins del picture source ' +
    'img iframe embed object video audio track map area table caption colgroup col tbody thead tfoot tr td th form ' +
    'label input button select datalist optgroup option textarea output progress meter fieldset legend ' +
    'selectedcontent details summary dialog script noscript template slot canvas svg math'
  ).split(' '),
);
/** Never closed. */
const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
/** The standard lets their end tags be left out. */
const MAY_STAY_OPEN = new Set(
  'html head body p li dt dd rt rp optgroup option colgroup caption thead tbody tfoot tr td th'.split(' '),
);
/** What is in them is text, whatever it looks like. */
const RAW_TEXT = new Set('script style textarea title'.split(' '));

const OPENING = /<[a-z][\w:-]*(?:\s[^<>]*)?\/?>/i;
const CLOSING = /<\/[a-z][\w:-]*\s*>/i;
const COMMON =
  /<(?:html|head|body|div|span|p|a|img|h[1-6]|ul|ol|li|table|tr|td|th|form|input|button|script|style|link|meta|br|hr)\b/i;

/**
 * Whether a text has HTML in it, by signs of which two are needed, so that "a < b" does not count (promptfoo's
 * `contains-html`): a pair of tags, a well-known tag or a document type count as two, one tag, a self-closing one, an
 * entity, a comment and an attribute as one each.
 */
export function hasHtml(text: string): boolean {
  const opening = OPENING.test(text);
  const closing = CLOSING.test(text);
  const comment = text.indexOf('<!--');
  const signs = [
    opening && 1,
    closing && 1,
    /<[a-z][\w:-]*(?:\s[^<>]*)?\/>/i.test(text) && 1,
    /&(?:[a-z]{1,32}|#\d{1,8}|#x[\da-f]{1,8});/i.test(text) && 1,
    /<!doctype\s+html/i.test(text) && 2,
    comment !== -1 && text.includes('-->', comment + 4) && 1,
    /\s[a-z-]{1,60}=\s?["'][^"']*["']/i.test(text) && 1,
    COMMON.test(text) && 2,
  ];
  return signs.reduce<number>((sum, sign) => sum + (sign === false ? 0 : sign), 0) >= 2;
}

/**
 * Whether a whole text is HTML (promptfoo's `is-html`): a document or elements side by side, with nothing outside them,
 * closed in the order they were opened, and at least one of them known or named by its author.
 */
export function isHtmlOnly(text: string): boolean {
  const html = text.trim();
  if (/^<\?xml/i.test(html)) return false;
  const lowerCase = html.toLowerCase();
  const budget: SearchBudget = { left: MARKUP_BUDGET };
  const open: string[] = [];
  let isKnown = false;
  for (let at = 0; at < html.length;) {
    const next = html.indexOf('<', at);
    const isText = next === -1 || next > at;
    if (isText && open.length === 0 && html.slice(at, next === -1 ? undefined : next).trim() !== '')
      return false;
    if (next === -1) break;
    const mark = readMark(html, next, budget);
    if (mark === undefined) {
      // A "<" that begins no tag is text.
      if (open.length === 0) return false;
      at = next + 1;
      continue;
    }
    at = mark.end;
    if (mark.name === '') continue;
    if (mark.isClosing) {
      if (!closeElement(open, mark.name)) return false;
      continue;
    }
    isKnown ||= ELEMENTS.has(mark.name) || mark.name.includes('-');
    if (VOID.has(mark.name) || mark.isEmpty) continue;
    if (RAW_TEXT.has(mark.name)) {
      const close = lowerCase.indexOf(`</${mark.name}`, at);
      const end = close === -1 ? -1 : html.indexOf('>', close);
      if (end === -1) return false;
      at = end + 1;
      continue;
    }
    open.push(mark.name);
  }
  // Browsers close what is left open, and so does promptfoo.
  return isKnown;
}

/** Closes an element and those in it that may be left open. */
function closeElement(open: string[], name: string): boolean {
  for (let last = open.pop(); last !== undefined; last = open.pop()) {
    if (last === name) return true;
    if (!MAY_STAY_OPEN.has(last)) return false;
  }
  return false;
}

interface Mark {
  /** In lower case; empty for comments and the document type. */
  readonly name: string;
  readonly isClosing: boolean;
  readonly isEmpty: boolean;
  readonly end: number;
}

const NAME = /<\/?([a-z][^\s/><]*)/iy;

function readMark(html: string, start: number, budget: SearchBudget): Mark | undefined {
  const nameless = (end: number): Mark => ({
    name: '',
    isClosing: false,
    isEmpty: false,
    end: end === -1 ? html.length : end,
  });
  if (html.startsWith('<!--', start)) {
    const end = html.indexOf('-->', start + 4);
    return nameless(end === -1 ? -1 : end + 3);
  }
  if (html.slice(start, start + 9).toLowerCase() === '<!doctype') {
    const end = html.indexOf('>', start);
    return nameless(end === -1 ? -1 : end + 1);
  }
  NAME.lastIndex = start;
  const name = NAME.exec(html)?.[1];
  const end = name === undefined ? undefined : findTagEnd(html, NAME.lastIndex, budget);
  if (name === undefined || end === undefined) return undefined;
  return {
    name: name.toLowerCase(),
    isClosing: html[start + 1] === '/',
    isEmpty: html[end - 2] === '/',
    end,
  };
}
