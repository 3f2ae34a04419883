import { parseTestSet } from '../sets/test-set';
import { toId, type Format } from './format';
import { parseJsonText } from './json-text';
import { checkSize } from './limits';

/** Our own JSON: a test set as it is. */
export const native: Format = {
  id: 'wizardbench',
  label: 'WizardBench JSON',
  detect: (text) =>
    /^\s*\{/.test(text) && /"cases"\s*:\s*\[/.test(text) && /"graders"\s*:/.test(text) ? 1 : 0,
  read(text) {
    checkSize('test set', text);
    return { testSet: parseTestSet(parseJsonText(text, 'test set')), notes: [] };
  },
  write: (testSet) => [
    {
      name: `${toId(testSet.id)}.json`,
      mediaType: 'application/json',
      text: `${JSON.stringify(testSet, null, 2)}\n`,
    },
  ],
};
