import { defineSubstringGrader } from './parts/substrings';

/** The answer has the value in it, character by character (promptfoo). */
export const contains = defineSubstringGrader('contains', { ignoreCase: false, quantity: 'one' });
