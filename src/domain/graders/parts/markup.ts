/** How many characters may still be looked at: quotes that never close would otherwise cost quadratic time. */
export interface SearchBudget {
  left: number;
}

export const MARKUP_BUDGET = 2_000_000;

/**
 * The position after the `>` that ends a tag; one in quotes does not.
 * @param at somewhere after the tag's name
 * @returns undefined when the next `<`, the end of the text or of the budget comes first
 */
export function findTagEnd(text: string, at: number, budget: SearchBudget): number | undefined {
  let quote: string | undefined;
  for (; at < text.length && budget.left > 0; at++, budget.left--) {
    const character = text[at];
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '<') return undefined;
    else if (character === '>') return at + 1;
  }
  return undefined;
}
