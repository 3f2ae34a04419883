import { defineSubstringGrader } from './parts/substrings';

/** The answer has the value in it, in upper or lower case (promptfoo). */
export const icontains = defineSubstringGrader('icontains', {
  ignoreCase: true,
  quantity: 'one',
  form: 'text',
});
