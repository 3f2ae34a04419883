import { countUpTo, createRandom, elementAt, pick, shuffle, type Random } from '../seeded-stream';
import type { Case } from '../sets/test-set';
import { FILLERS, HABITS, instruct, type Language } from './wording';

interface GeneratorOptions {
  /** 0 to 2^32 - 1. */
  readonly seed: number;
  readonly n: number;
  /** 1 to 5: how many possibilities there are to search. */
  readonly difficulty: number;
  readonly language: Language;
}

/**
 * A problem before it has words: the same for every language. An answer is a number: the one asked for, or the index of
 * the option.
 */
export interface Problem<Premise, Question> {
  /** Which row of the family's tables of names each entity has. */
  readonly entities: readonly number[];
  readonly premises: readonly Premise[];
  readonly question: Question;
}

export interface Option {
  readonly text: string;
  /** Other forms in which people write it. */
  readonly aliases: readonly string[];
}

interface Wording {
  readonly opening: string;
  /** One sentence for each premise, in the same order. */
  readonly premises: readonly string[];
  readonly question: string;
  /** Absent where the answer is a number. */
  readonly options?: readonly Option[];
  /** Names in the nominative of whom something irrelevant may be told. */
  readonly people?: readonly string[];
  readonly explanation: string;
}

/** What a family of problems has to know. */
export interface Family<Premise, Question> {
  readonly id: string;
  readonly title: Readonly<Record<Language, string>>;
  /** A problem with exactly one answer. */
  make(random: Random, difficulty: number): Problem<Premise, Question>;
  /** Every answer that the premises leave open; none when they contradict each other. */
  solve(problem: Problem<Premise, Question>): readonly number[];
  /** Other names for the same entities. */
  rename(problem: Problem<Premise, Question>, random: Random): readonly number[];
  /** The question denied, or a premise told through its denied opposite; undefined where neither is possible. */
  negate(problem: Problem<Premise, Question>, random: Random): Problem<Premise, Question> | undefined;
  word(problem: Problem<Premise, Question>, language: Language): Wording;
}

export type PerturbationKind =
  'option-order' | 'entity-renaming' | 'premise-order' | 'irrelevant-premise' | 'negation';

/** A case that still knows its structure. */
export interface GeneratedItem {
  readonly base: Case;
  /**
   * The case changed in one way, its answer proven anew; undefined where that kind makes no sense for it.
   * It has the id of the base with the kind behind it, and the group of the base.
   */
  vary(kind: PerturbationKind, random: Random): Case | undefined;
}

export interface Generator {
  readonly id: string;
  readonly title: Readonly<Record<Language, string>>;
  /** The first cases are the same for every `n`, and the problems for every language. */
  generate(options: GeneratorOptions): Case[];
  generateItems(options: GeneratorOptions): GeneratedItem[];
}

/** Ties a family's types together, so that a registry can hold families of every kind. */
export function defineGenerator<Premise, Question>(family: Family<Premise, Question>): Generator {
  const generateItems = (options: GeneratorOptions) =>
    makeProblems(family, options).map((problem, at) => makeItem(family, problem, at + 1, options));
  return {
    id: family.id,
    title: family.title,
    generate: (options) => generateItems(options).map(({ base }) => base),
    generateItems,
  };
}

/** How often a problem that the set has already is drawn anew: small families run out of different ones. */
const ATTEMPTS = 100;

/** Each from a stream of its own, none twice while there are others. */
export function makeProblems<Premise, Question>(
  family: Family<Premise, Question>,
  { seed, n, difficulty }: Omit<GeneratorOptions, 'language'>,
): Problem<Premise, Question>[] {
  const seen = new Set<string>();
  return countUpTo(n).map((at) => {
    const random = createRandom(`${family.id} ${seed} ${difficulty} ${at}`);
    let problem = family.make(random, difficulty);
    for (let attempt = 1; attempt < ATTEMPTS && seen.has(JSON.stringify(problem)); attempt++) {
      problem = family.make(random, difficulty);
    }
    seen.add(JSON.stringify(problem));
    return problem;
  });
}

interface Changes {
  readonly id?: string;
  readonly group?: string;
  readonly optionOrder?: readonly number[];
  readonly filler?: { readonly at: number; readonly text: string };
}

function makeItem<Premise, Question>(
  family: Family<Premise, Question>,
  problem: Problem<Premise, Question>,
  number: number,
  { difficulty, language }: GeneratorOptions,
): GeneratedItem {
  const id = `${family.id}-${number}`;
  const tags = [family.id, `level-${difficulty}`];
  const build = (changed: Problem<Premise, Question>, changes: Changes): Case => ({
    ...wordCase(proveAnswer(family, changed), family.word(changed, language), language, changes),
    id: changes.id ?? id,
    tags,
    ...(changes.group !== undefined && { group: changes.group }),
  });
  return {
    base: build(problem, {}),
    vary: (kind, random) => {
      const variant = { id: `${id}-${kind}`, group: id };
      const wording = family.word(problem, language);
      switch (kind) {
        case 'option-order': {
          if (wording.options === undefined) return undefined;
          const optionOrder = reorder(random, countUpTo(wording.options.length));
          return build(problem, { ...variant, optionOrder });
        }
        case 'entity-renaming':
          return build({ ...problem, entities: family.rename(problem, random) }, variant);
        case 'premise-order':
          if (problem.premises.length < 2) return undefined;
          return build({ ...problem, premises: reorder(random, problem.premises) }, variant);
        case 'irrelevant-premise': {
          const text = drawFiller(random, wording, language);
          // Between the premises: at the end it would stand out.
          const at = 1 + Math.floor((problem.premises.length - 1) / 2);
          return build(problem, { ...variant, filler: { at, text } });
        }
        case 'negation': {
          const negated = family.negate(problem, random);
          return negated === undefined ? undefined : build(negated, variant);
        }
      }
    },
  };
}

/** @throws Error when there is not exactly one answer: a mistake of the family */
function proveAnswer<Premise, Question>(
  family: Family<Premise, Question>,
  problem: Problem<Premise, Question>,
): number {
  const answers = family.solve(problem);
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) {
    throw new Error(`${family.id}: ${answers.length} answers to ${JSON.stringify(problem)}`);
  }
  return answer;
}

/** Another order than the one given; the items have to be different. */
export function reorder<Item>(random: Random, items: readonly Item[]): Item[] {
  const order = shuffle(random, items);
  const isSame = order.every((item, at) => item === items[at]);
  return isSame ? [...items.slice(1), ...items.slice(0, 1)] : order;
}

function drawFiller(random: Random, { people = [] }: Wording, language: Language): string {
  const sentence = pick(random, FILLERS[language]);
  return people.length === 0 ? sentence : `${pick(random, people)} ${pick(random, HABITS[language])}.`;
}

function wordCase(
  answer: number,
  { opening, premises, question, options, explanation }: Wording,
  language: Language,
  { optionOrder, filler }: Changes,
): Omit<Case, 'id' | 'tags'> {
  const sentences = filler === undefined ? premises : premises.toSpliced(filler.at, 0, filler.text);
  const prompt = [opening, ...sentences, question, instruct(language, options === undefined)]
    .filter((each) => each !== '')
    .join(' ');
  if (options === undefined) return { prompt, graders: [{ type: 'number', value: answer }], explanation };
  const order = optionOrder ?? countUpTo(options.length);
  const shown = order.map((at) => {
    const { text, aliases } = elementAt(options, at);
    return { text, aliases: [...aliases] };
  });
  const grader = {
    type: 'choice',
    // By its letter, which stands before the choices: the answer may give it instead of the text.
    value: String.fromCharCode(65 + order.indexOf(answer)),
    options: shown,
  };
  return { prompt, choices: shown.map(({ text }) => text), graders: [grader], explanation };
}
