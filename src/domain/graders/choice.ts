import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import { defineGrader, fail, pass, type Verdict } from './grader';
import { itemSchema, nameSchema, type Item } from './items';
import { asksForWrong, buildKey, findMentions, isOption } from './parts/choice-mentions';
import { settle } from './parts/choice-settle';
import { prepareChoiceText } from './parts/choice-text';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** The right option: its text, an alias, or its label `A`, `B`, `C` where the options are labelled. */
  value: nameSchema,
  /** Without it, the choices of the case, labelled from `A`. */
  options: v.optional(v.pipe(v.array(itemSchema), v.minLength(2), v.maxLength(100))),
});

/**
 * The answer settles on the right one of the options, in words or by its label. Naming several without saying which is
 * a fail, not a first match.
 */
export const choice = defineGrader({
  id: 'choice',
  form: 'text',
  parse: (spec) => {
    const options = parseWith(optionsSchema, spec, 'choice grader');
    if (options.options !== undefined) buildKey(options.options, options.value, false);
    return options;
  },
  grade: (answer, { value, options }, testCase) => {
    const choices = testCase.choices?.map((text) => ({ text, aliases: [] }));
    const list = options ?? choices;
    if (list === undefined) throw badInput('choice grader', 'neither the grader nor the case has options');
    return judgeOptions(answer, { list, value, labelled: options === undefined }, testCase.prompt);
  },
});

/** How an answer comes down to one of the options; `labelled` ones are also known as A, B, C. */
export function judgeOptions(
  answer: string,
  {
    list,
    value,
    labelled,
  }: { readonly list: readonly Item[]; readonly value: string; readonly labelled: boolean },
  prompt: string,
): Verdict {
  const key = buildKey(list, value, labelled);
  const text = prepareChoiceText(answer, prompt, (sentence) => isOption(sentence, key));
  const wrongIsMeant = asksForWrong(prompt);
  const settled = settle(text, findMentions(text, key, wrongIsMeant), key, wrongIsMeant);
  const show = (indexes: readonly number[]) =>
    indexes
      .map((index) => list[index]?.text ?? '')
      .join(', ')
      .slice(0, SHOWN_CHARACTERS);
  const expected = show([key.right]);
  const [found] = settled;
  if (found === undefined) return fail('no-answer', { expected });
  const shown = { expected, found: show(settled) };
  if (settled.length > 1) return fail('ambiguous', shown);
  return found === key.right ? pass(shown) : fail('different', shown);
}
