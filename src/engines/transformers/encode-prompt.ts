import type { Prompt } from '../../domain/prompt/pieces';

interface Splitter {
  split: (text: string) => string[];
}

/** What `@huggingface/tokenizers` 0.2 has inside and does not declare. */
export interface OpenTokenizer {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly number[] };
  readonly added_tokens: readonly { readonly content: string }[];
  /** By their content, and by what the normalizer makes of it. */
  readonly added_tokens_map: ReadonlyMap<string, unknown>;
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
}

/** Whether a tokenizer can be told which text holds control tokens. One that tokenizes by likelihood finds them in any. */
export function canReadPieces(tokenizer: unknown): tokenizer is OpenTokenizer {
  const { encode, added_tokens, added_tokens_map, splitter_unnormalized, splitter_normalized, model } =
    tokenizer as Partial<Record<keyof OpenTokenizer | 'model', unknown>>;
  const splits = (splitter: unknown) =>
    typeof (splitter as Partial<Splitter> | undefined)?.split === 'function';
  const isByLikelihood =
    (model as { readonly config?: { readonly type?: unknown } } | undefined)?.config?.type === 'Unigram';
  return (
    typeof encode === 'function' &&
    Array.isArray(added_tokens) &&
    added_tokens_map instanceof Map &&
    splits(splitter_unnormalized) &&
    splits(splitter_normalized) &&
    !isByLikelihood
  );
}

/**
 * The ids of a prompt: control tokens count only in the template's own text. All else is one text from one control token
 * to the next, so that words are split where they would be without pieces.
 */
export function encodePieces(tokenizer: OpenTokenizer, prompt: Prompt): readonly number[] {
  const { splitter_unnormalized: first, splitter_normalized: second } = tokenizer;
  const known = tokenizer.added_tokens_map;
  const names = tokenizer.added_tokens.map(({ content }) => content).filter((name) => name !== '');
  const sections = cutSections(prompt, names, known);
  const text = sections.join('');
  // Own properties, over those of their class.
  first.split = () => [...sections];
  second.split = (each) => cutLookalike(each, known);
  try {
    return tokenizer.encode(text, { add_special_tokens: false }).ids;
  } finally {
    Reflect.deleteProperty(first, 'split');
    Reflect.deleteProperty(second, 'split');
  }
}

/** Control tokens and the texts between them, in turn. */
function cutSections(
  prompt: Prompt,
  names: readonly string[],
  known: ReadonlyMap<string, unknown>,
): readonly string[] {
  const sections: string[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') sections.push(...cutLookalike(text, known));
    text = '';
  };
  for (const piece of prompt) {
    if (piece.kind === 'image') continue;
    if (piece.kind === 'foreign') {
      text += piece.text;
      continue;
    }
    for (const part of splitAt(piece.text, names)) {
      if (!names.includes(part)) {
        text += part;
        continue;
      }
      flush();
      sections.push(part);
    }
  }
  flush();
  return sections;
}

/** The longest of the names at each place. */
function splitAt(text: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [text];
  const sorted = names.toSorted((one, other) => other.length - one.length);
  const pattern = sorted.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(${pattern})`)).filter((part) => part !== '');
}

/** A text that reads like a control token all by itself would be taken for it: in two, it is not. */
function cutLookalike(text: string, known: ReadonlyMap<string, unknown>): string[] {
  return known.has(text) && text.length > 1 ? [text.slice(0, 1), text.slice(1)] : [text];
}
