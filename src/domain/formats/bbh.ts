import { defineRowFormat, gradersFor, stripLabel } from './row-format';
import { textOf } from './rows';

/** BIG-Bench Hard: `input, target`; the options, where there are any, are lines of the input. */
export const bbh = defineRowFormat({
  id: 'bbh',
  label: 'BIG-Bench Hard',
  fields: ['input', 'target'],
  matches: (row) => 'input' in row && 'target' in row && typeof row['input'] === 'string',
  toCase(row) {
    const input = textOf(row, 'input');
    const target = textOf(row, 'target');
    if (input === undefined || target === undefined) return undefined;
    const [question = '', listing] = input.split(/\n\s*Options:\s*\n/);
    const options = listing?.split('\n').map((line) => line.replace(/^\s*-\s+/, ''));
    const choices = options?.filter((line) => line.trim() !== '').map(stripLabel);
    const isChoice = choices !== undefined && choices.length >= 2;
    const graders = gradersFor(target, isChoice ? choices : undefined);
    if (graders === undefined) return undefined;
    return { prompt: isChoice ? question.trim() : input, ...(isChoice && { choices }), graders };
  },
});
