import { defineSubstringGrader } from './parts/substrings';

/** The answer has each value of the list in it, in upper or lower case (promptfoo). */
export const icontainsAll = defineSubstringGrader('icontains-all', { ignoreCase: true, quantity: 'all' });
