import { defineSubstringGrader } from './parts/substrings';

/** The answer has at least one value of the list in it (promptfoo). */
export const containsAny = defineSubstringGrader('contains-any', { ignoreCase: false, quantity: 'any' });
