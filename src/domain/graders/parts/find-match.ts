/** A pattern that matches nowhere and everywhere has so many matches. */
const MAX_MATCHES = 100_000;
/** Of a group: more is no answer. */
const MAX_GROUP_CHARACTERS = 4_000;

/**
 * One match as Python's `findall` gives it: its groups, or the whole where the pattern has none. Where there are matches, but
 * none at this place, nothing is found: lm-eval breaks off there.
 * @param at from 0, or from -1 at the end
 */
export function findMatch(
  pattern: string,
  flags: string,
  text: string,
  at: number,
): readonly string[] | null {
  const matches: string[][] = [];
  for (const [whole, ...groups] of text.matchAll(new RegExp(pattern, `g${flags}`))) {
    matches.push(
      groups.length === 0 ? [whole] : (groups as (string | undefined)[]).map((group) => group ?? ''),
    );
    if (matches.length > MAX_MATCHES || (at >= 0 && matches.length > at)) break;
  }
  return chooseMatch(matches, at);
}

export function chooseMatch(matches: readonly (readonly string[])[], at: number): readonly string[] | null {
  return matches.at(at)?.map((group) => group.slice(0, MAX_GROUP_CHARACTERS)) ?? null;
}
