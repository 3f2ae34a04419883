import { defineRowFormat, gradersFor, letterOf, stripLabel } from './row-format';
import { textOf, textsOf } from './rows';

/** The listing and the lead-in that the query repeats after the question. */
const LISTING = /\n?\s*Answer Choices:[\s\S]*$/i;

/** AGIEval as `hails/agieval-*` publishes it: `query, choices[], gold` (an index, or a list of one). */
export const agieval = defineRowFormat({
  id: 'agieval',
  label: 'AGIEval',
  fields: ['query', 'choices', 'gold'],
  matches: (row) => 'query' in row && 'choices' in row && 'gold' in row,
  toCase(row) {
    const query = textOf(row, 'query');
    const choices = textsOf(row, 'choices')?.map(stripLabel);
    const gold = Number(textsOf(row, 'gold')?.[0] ?? textOf(row, 'gold') ?? NaN);
    const letter = letterOf(gold);
    if (query === undefined || choices === undefined || letter === undefined) return undefined;
    const graders = gradersFor(letter, choices);
    const prompt = query
      .replace(LISTING, '')
      .replace(/^Q:\s*/, '')
      .trim();
    return graders === undefined ? undefined : { prompt, choices, graders };
  },
});
