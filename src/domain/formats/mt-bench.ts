import { defineRowFormat } from './row-format';
import { textOf, textsOf } from './rows';
import type { Format, ImportNote } from './format';
import { readRows } from './rows';

const rows = defineRowFormat({
  id: 'mt-bench',
  label: 'MT-bench',
  fields: ['question_id', 'turns', 'reference', 'category'],
  matches: (row) => 'question_id' in row && Array.isArray(row['turns']),
  toCase(row) {
    const [prompt] = textsOf(row, 'turns') ?? [];
    const [reference] = textsOf(row, 'reference') ?? [];
    const category = textOf(row, 'category');
    if (prompt === undefined) return undefined;
    const value =
      reference === undefined
        ? 'Helpful, relevant, accurate and detailed.'
        : `Agrees with this reference answer:\n${reference}`;
    return {
      id: textOf(row, 'question_id'),
      prompt,
      graders: [{ type: 'llm-rubric', value }],
      ...(category !== undefined && { tags: [category] }),
    };
  },
});

/** MT-bench's `question.jsonl`: the first turn, judged by a model, with the reference where there is one. */
export const mtBench: Format = {
  ...rows,
  read(text, options) {
    const read = rows.read(text, options);
    const later = readRows(text, 'MT-bench').filter((row) => (textsOf(row, 'turns')?.length ?? 0) > 1).length;
    const note: ImportNote = { code: 'first-turn-only', count: later };
    return later === 0 ? read : { ...read, notes: [...read.notes, note] };
  },
};
