import { m } from '../messages/messages';

/** Topics of the sets that come with the page, and families of its generators. */
const WORDS: Readonly<Record<string, () => string>> = {
  easy: m.tag_easy,
  medium: m.tag_medium,
  hard: m.tag_hard,
  arithmetic: m.tag_arithmetic,
  counting: m.tag_counting,
  ordering: m.tag_ordering,
  syllogism: m.tag_syllogism,
  'false-premise': m.tag_false_premise,
  family: m.tag_family,
  calendar: m.tag_calendar,
  conditional: m.tag_conditional,
  negation: m.tag_negation,
  'truth-lie': m.tag_truth_lie,
  spatial: m.tag_spatial,
  sets: m.tag_sets,
  logic: m.tag_logic,
  position: m.tag_position,
  reading: m.tag_reading,
  riddle: m.tag_riddle,
  'common-sense': m.tag_common_sense,
  everyday: m.tag_everyday,
  instructions: m.tag_instructions,
  time: m.tag_time,
  pattern: m.tag_pattern,
  size: m.tag_size,
  'odd-one-out': m.tag_odd_one_out,
  chart: m.tag_chart,
  clock: m.tag_clock,
  arrow: m.tag_arrow,
  space: m.tag_space,
  truth: m.tag_truth,
  containment: m.tag_containment,
  'calendar-arithmetic': m.tag_calendar_arithmetic,
  'family-relations': m.tag_family_relations,
  'knights-and-knaves': m.tag_knights_and_knaves,
  'propositional-entailment': m.tag_propositional_entailment,
  syllogisms: m.tag_syllogisms,
  zebra: m.tag_zebra,
};

/** A topic in the page's language; as the set has it, where the page does not know it. */
export function nameTag(tag: string): string {
  const level = /^level-(\d+)$/.exec(tag)?.[1];
  if (level !== undefined) return m.tag_level({ level });
  return Object.hasOwn(WORDS, tag) ? (WORDS[tag]?.() ?? tag) : tag;
}
