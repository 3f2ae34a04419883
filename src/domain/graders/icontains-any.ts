import { defineSubstringGrader } from './parts/substrings';

/** The answer has at least one value of the list in it, in upper or lower case (promptfoo). */
export const icontainsAny = defineSubstringGrader('icontains-any', { ignoreCase: true, quantity: 'any' });
