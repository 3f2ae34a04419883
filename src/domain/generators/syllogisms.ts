import {
  countUpTo,
  drawBelow,
  drawChance,
  elementAt,
  pick,
  sample,
  shuffle,
  type Random,
} from '../seeded-stream';
import { defineGenerator, type Family } from './generator';
import { capitalise, YES_NO, type Language } from './wording';

type Quantifier = 'all' | 'none' | 'some' | 'some-not';

/** "All", "no", "some" or "some ... not": of one term, about another. */
export interface Categorical {
  readonly quantifier: Quantifier;
  readonly subject: number;
  readonly object: number;
}

/** Terms, links between the two terms asked about, premises beside them. */
const SIZES = [
  { terms: 3, links: 2, more: 0 },
  { terms: 4, links: 2, more: 1 },
  { terms: 4, links: 3, more: 1 },
  { terms: 5, links: 3, more: 2 },
  { terms: 5, links: 4, more: 2 },
];
const OPPOSITES = { all: 'some-not', none: 'some', some: 'none', 'some-not': 'all' } as const;

/** Does the conclusion follow? 0 is yes, 1 is no. */
export const syllogismsFamily: Family<Categorical, Categorical> = {
  id: 'syllogisms',
  title: { en: 'Syllogisms', ru: 'Силлогизмы' },
  make: (random, difficulty) => {
    const size = elementAt(SIZES, difficulty - 1);
    const entities = sample(random, countUpTo(TERMS.en.length), size.terms);
    const wanted = drawBelow(random, 2);
    for (;;) {
      const chain = shuffle(random, countUpTo(size.terms)).slice(0, size.links + 1);
      const links = countUpTo(size.links).map((at) => drawCategorical(random, chain.slice(at, at + 2)));
      const more = countUpTo(size.more).map(() => drawCategorical(random, countUpTo(size.terms)));
      const premises = shuffle(random, [...links, ...more]);
      const ends = [elementAt(chain, 0), elementAt(chain, size.links)];
      const problem = { entities, premises, question: drawCategorical(random, ends) };
      const pairs = new Set(
        [...premises, problem.question].map(({ subject, object }) => [subject, object].sort().join()),
      );
      // A pair told twice may contradict itself or say the answer.
      if (pairs.size <= premises.length) continue;
      const [answer, ...others] = findAnswers(problem);
      if (answer !== wanted || others.length > 0) continue;
      if (findAnswers(oppose(problem)).length === 1) return problem;
    }
  },
  solve: findAnswers,
  rename: ({ entities }, random) =>
    sample(
      random,
      countUpTo(TERMS.en.length).filter((term) => !entities.includes(term)),
      entities.length,
    ),
  // The conclusion is denied, which makes a yes a no; a no may stay one.
  negate: oppose,
  word: ({ entities, premises, question }, language) => {
    const terms = entities.map((term) => elementAt(TERMS[language], term));
    const conclusion = wordCategorical(question, terms, language);
    return {
      opening:
        language === 'en' ? 'Go only by what is said here.' : 'Опирайся только на то, что здесь сказано.',
      premises: premises.map((each) => `${capitalise(wordCategorical(each, terms, language))}.`),
      question:
        language === 'en' ? `Does it follow that ${conclusion}?` : `Следует ли из этого, что ${conclusion}?`,
      options: YES_NO[language],
      explanation: explain(findAnswers({ premises, question }), language),
    };
  },
};
export const syllogisms = defineGenerator(syllogismsFamily);

function drawCategorical(random: Random, terms: readonly number[]): Categorical {
  const [subject = 0, object = 1] = sample(random, terms, 2);
  const quantifier = drawChance(random, 0.5) ? 'all' : pick(random, ['none', 'some', 'some-not'] as const);
  return { quantifier, subject, object };
}

function oppose<Kind extends { readonly question: Categorical }>(problem: Kind): Kind {
  const { question } = problem;
  return { ...problem, question: { ...question, quantifier: OPPOSITES[question.quantifier] } };
}

/** Both readings of "all" have to agree: with and without taking it that there is one of each. */
function findAnswers(problem: {
  readonly premises: readonly Categorical[];
  readonly question: Categorical;
}): readonly number[] {
  const answers = [false, true].map((exists) => follows(problem.premises, problem.question, exists));
  if (answers.includes(undefined)) return [];
  return [...new Set(answers.map((each) => (each === true ? 0 : 1)))];
}

/** Bit c of a term's set: region c of the Venn diagram lies in it. Five terms have 32 regions, the bits of an integer. */
const REGIONS = countUpTo(5).map((term) =>
  countUpTo(32).reduce((bits, region) => bits | (((region >> term) & 1) << region), 0),
);

/** Undefined when the premises contradict each other. */
function follows(
  premises: readonly Categorical[],
  conclusion: Categorical,
  exists: boolean,
): boolean | undefined {
  let empty = 0;
  for (const each of premises) if (isUniversal(each)) empty |= regionsOf(each);
  const inhabited = premises.filter((each) => !isUniversal(each)).map((each) => regionsOf(each) & ~empty);
  const used = [...premises, conclusion].flatMap(({ subject, object }) => [subject, object]);
  if (exists) for (const term of new Set(used)) inhabited.push(elementAt(REGIONS, term) & ~empty);
  if (inhabited.includes(0)) return undefined;
  const asked = regionsOf(conclusion);
  return isUniversal(conclusion)
    ? (asked & ~empty) === 0
    : inhabited.some((regions) => (regions & ~asked) === 0);
}

function isUniversal({ quantifier }: Categorical): boolean {
  return quantifier === 'all' || quantifier === 'none';
}

/** Those that are empty if the statement is universal, and not all empty if it is not. */
function regionsOf({ quantifier, subject, object }: Categorical): number {
  const other = elementAt(REGIONS, object);
  return elementAt(REGIONS, subject) & (quantifier === 'all' || quantifier === 'some-not' ? ~other : other);
}

// --- words ---

/** Made up, so that nothing is known about them; Russian: nominative and instrumental. */
const TERMS = {
  en: 'blorks dapps fendles glims jurps krets morvans nabbles plooks snerks tivers zuffs'
    .split(' ')
    .map((text) => [text, text] as const),
  ru: 'брул зюм клаф мурт нефл тивер фент хальм шурн лод гвин дарб'.split(' ').map((stem) => {
    const isSoft = stem.endsWith('л');
    return [`${stem}${isSoft ? 'и' : 'ы'}`, `${stem}${isSoft ? 'ями' : 'ами'}`] as const;
  }),
};

function wordCategorical(
  { quantifier, subject, object }: Categorical,
  terms: readonly (readonly [string, string])[],
  language: Language,
): string {
  const [one] = elementAt(terms, subject);
  const [other, instrumental] = elementAt(terms, object);
  if (language === 'en') {
    if (quantifier === 'some-not') return `some ${one} are not ${other}`;
    return `${quantifier === 'none' ? 'no' : quantifier} ${one} are ${other}`;
  }
  switch (quantifier) {
    case 'all':
      return `все ${one} — ${other}`;
    case 'none':
      return `${one} не бывают ${instrumental}`;
    case 'some':
      return `некоторые ${one} — ${other}`;
    case 'some-not':
      return `некоторые ${one} — не ${other}`;
  }
}

function explain([answer]: readonly number[], language: Language): string {
  if (language === 'en') {
    return answer === 0
      ? 'Whatever else is the case, the conclusion holds where the premises do.'
      : 'The premises can all hold while the conclusion does not.';
  }
  return answer === 0
    ? 'Если посылки верны, вывод верен всегда.'
    : 'Все посылки могут быть верны, а вывод при этом — нет.';
}
