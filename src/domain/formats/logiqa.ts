import { defineRowFormat, gradersFor } from './row-format';
import { textOf, textsOf } from './rows';

/** LogiQA as EleutherAI publishes it: `context, question, options[4], label` with labels `a` to `d`. */
export const logiqa = defineRowFormat({
  id: 'logiqa',
  label: 'LogiQA',
  fields: ['context', 'question', 'query', 'options', 'label', 'correct_option'],
  matches: (row) => 'context' in row && 'options' in row && ('label' in row || 'correct_option' in row),
  toCase(row) {
    const question = textOf(row, 'question', 'query');
    const choices = textsOf(row, 'options');
    const gold = textOf(row, 'label', 'correct_option');
    const graders = choices && gold !== undefined ? gradersFor(gold, choices) : undefined;
    if (question === undefined || graders === undefined) return undefined;
    return { prompt: [textOf(row, 'context'), question].filter(Boolean).join('\n'), choices, graders };
  },
});
