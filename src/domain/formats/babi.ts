import { defineRowFormat, gradersFor } from './row-format';
import { textOf } from './rows';

/** bAbI: `passage, question, answer`. */
export const babi = defineRowFormat({
  id: 'babi',
  label: 'bAbI',
  fields: ['passage', 'question', 'answer', 'task'],
  matches: (row) => 'passage' in row && 'question' in row && 'answer' in row,
  toCase(row) {
    const question = textOf(row, 'question');
    const graders = gradersFor(textOf(row, 'answer') ?? '');
    if (question === undefined || graders === undefined) return undefined;
    const task = textOf(row, 'task');
    return {
      prompt: [textOf(row, 'passage')?.trim(), question].filter(Boolean).join('\n'),
      graders,
      ...(task !== undefined && { tags: [`task ${task}`] }),
    };
  },
});
