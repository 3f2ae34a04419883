import { defineSubstringGrader } from './parts/substrings';

/** The answer has each value of the list in it (promptfoo). */
export const containsAll = defineSubstringGrader('contains-all', { ignoreCase: false, quantity: 'all' });
