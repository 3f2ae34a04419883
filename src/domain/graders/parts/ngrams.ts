import * as v from 'valibot';

const reference = v.pipe(v.string(), v.maxLength(20_000));

/** One text to compare with, or several of which the best counts. */
export const referencesSchema = v.union([
  v.pipe(
    reference,
    v.transform((text) => [text]),
  ),
  v.pipe(v.array(reference), v.minLength(1), v.maxLength(20)),
]);

/** Words as white space parts them, in lower case. */
export function splitWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** How often each run of `length` words occurs. */
export function countGrams(words: readonly string[], length: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + length <= words.length; start++) {
    const gram = words.slice(start, start + length).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** How many grams two texts share, each counted as often as it is in both. */
export function countShared(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [gram, count] of one) shared += Math.min(count, other.get(gram) ?? 0);
  return shared;
}

const CONTRACTIONS = /\b(can)(not)\b|\b(gim|lem)(me)\b|\b(gon|wan)(na)\b|\b(got)(ta)\b|('t)(is|was)\b/g;

/** Words and punctuation marks in lower case, much as the Penn Treebank parts them: "don't." is "do", "n't", "." */
export function splitTokens(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .replace(/\.{3}|--|["“”«»;@#$%&?!()[\]{}<>]|[,:](?!\d)/g, ' $& ')
      // Only the last full stop ends a sentence for sure; others may be part of an abbreviation.
      .replace(/\.(?=[\s)\]}>"']{0,20}$)/, ' . ')
      .replace(/n't(?![\p{L}\d])|'(?:s|m|d|ll|re|ve)(?![\p{L}\d])/gu, ' $&')
      .replace(CONTRACTIONS, (...groups: (string | undefined)[]) =>
        groups
          .slice(1, 11)
          .filter((group) => group !== undefined)
          .join(' '),
      )
      .split(/\s+/)
      .filter((token) => token !== '')
  );
}
