import { defineRowFormat, gradersFor } from './row-format';
import { textOf } from './rows';

/** GSM8K: `question, answer`; the gold number follows `####`, the way to it comes before. */
export const gsm8k = defineRowFormat({
  id: 'gsm8k',
  label: 'GSM8K',
  fields: ['question', 'answer'],
  matches: (row) => typeof row['question'] === 'string' && /####\s*\S/.test(textOf(row, 'answer') ?? ''),
  toCase(row) {
    const prompt = textOf(row, 'question');
    const [way = '', gold = ''] = (textOf(row, 'answer') ?? '').split(/####/);
    const graders = gradersFor(gold);
    if (prompt === undefined || graders === undefined) return undefined;
    // Marks of the calculator that the data set was made with.
    return { prompt, graders, explanation: way.replace(/<<[^>]*>>/g, '').trim() };
  },
});
