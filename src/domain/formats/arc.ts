import * as v from 'valibot';
import { defineRowFormat, letterOf } from './row-format';
import { textOf } from './rows';

const choicesSchema = v.object({ text: v.array(v.string()), label: v.array(v.string()) });

/** ARC: `question, choices{text[],label[]}, answerKey`; labels are letters or numbers. */
export const arc = defineRowFormat({
  id: 'arc',
  label: 'ARC',
  fields: ['id', 'question', 'choices', 'answerKey'],
  matches: (row) => 'answerKey' in row && v.is(choicesSchema, row['choices']),
  toCase(row) {
    const prompt = textOf(row, 'question');
    const key = textOf(row, 'answerKey');
    if (prompt === undefined || !v.is(choicesSchema, row['choices'])) return undefined;
    const { text, label } = row['choices'];
    const value = letterOf(label.indexOf(key ?? ''));
    if (value === undefined || text.length < 2) return undefined;
    return { id: textOf(row, 'id'), prompt, choices: text, graders: [{ type: 'choice', value }] };
  },
});
