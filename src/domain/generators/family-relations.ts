import { countUpTo, drawBelow, drawChance, elementAt, pick, shuffle, type Random } from '../seeded-stream';
import { defineGenerator, type Family, type Option } from './generator';
import { genderOf, NAME_COUNT, NAMES, type Gender, type Language } from './wording';

/** `one` is the parent, the child or the sibling of `other`; the name of `one` tells the gender. */
export interface Kinship {
  readonly relation: 'parent' | 'child' | 'sibling';
  readonly one: number;
  readonly other: number;
  /** Told as "it is not true that ... is not ...". */
  readonly doublyDenied?: boolean;
}

/** What is `one` to `other`? */
interface KinshipQuestion {
  readonly one: number;
  readonly other: number;
}

/**
 * What somebody is to a person: so many generations up from the person to the nearest common ancestor, so many down
 * from there. The index is the answer; -1 stands for relations without an everyday name.
 */
const DEGREES = [
  [1, 0],
  [2, 0],
  [3, 0],
  [1, 1],
  [2, 1],
  [2, 2],
  [1, 2],
  [0, 1],
  [0, 2],
  [0, 3],
] as const;

export function findDegree(up: number, down: number): number {
  return DEGREES.findIndex(([ups, downs]) => ups === up && downs === down);
}

export const familyRelationsFamily: Family<Kinship, KinshipQuestion> = {
  id: 'family-relations',
  title: { en: 'Family relations', ru: 'Родство' },
  make: (random, difficulty) => {
    for (;;) {
      const premises = drawKinships(random, difficulty + 1);
      const question = { one: difficulty + 1, other: 0 };
      const more = drawMore(random, difficulty + 2, difficulty - 1);
      const size = difficulty + 2 + more.length;
      const entities = shuffle(random, countUpTo(NAME_COUNT)).slice(0, size);
      const problem = { entities, premises: shuffle(random, [...premises, ...more]), question };
      if (familyRelationsFamily.solve(problem).length === 1) return problem;
    }
  },
  solve: ({ premises, question }) => [...findDegrees(premises, question.other, question.one)],
  // Names of the same gender: the answer depends on it.
  rename: ({ entities }, random) => {
    const free = shuffle(
      random,
      countUpTo(NAME_COUNT).filter((name) => !entities.includes(name)),
    );
    const names = [...free, ...shuffle(random, entities)];
    return entities.map((name) => {
      const at = names.findIndex((each) => genderOf(each) === genderOf(name) && each !== name);
      return at === -1 ? name : elementAt(names.splice(at, 1), 0);
    });
  },
  negate: (problem, random) => {
    const at = drawBelow(random, problem.premises.length);
    const denied = { ...elementAt(problem.premises, at), doublyDenied: true };
    return { ...problem, premises: problem.premises.with(at, denied) };
  },
  word: (problem, language) => {
    const { entities, premises, question } = problem;
    const names = entities.map((name) => elementAt(NAMES[language], name));
    const [one, other] = [elementAt(names, question.one), elementAt(names, question.other)];
    const options = TITLES[language][one.gender];
    const [answer = 0] = familyRelationsFamily.solve(problem);
    const title = elementAt(options, answer);
    return {
      opening:
        language === 'en'
          ? 'All brothers and sisters here have the same two parents, and different names are different people.'
          : 'Все братья и сёстры здесь родные, с общими отцом и матерью; разные имена — разные люди.',
      premises: premises.map((each) => {
        const [subject, object] = [elementAt(names, each.one), elementAt(names, each.other)];
        const word = elementAt(TITLES[language][subject.gender], RELATION_DEGREES[each.relation]).text;
        const denied = each.doublyDenied === true;
        if (language === 'en') {
          const relation = `the ${word} of ${object.text}`;
          return denied
            ? `It is not true that ${subject.text} is not ${relation}.`
            : `${subject.text} is ${relation}.`;
        }
        return denied
          ? `Неверно, что ${subject.text} — не ${word} ${object.genitive}.`
          : `${subject.text} — ${word} ${object.genitive}.`;
      }),
      question:
        language === 'en'
          ? `What is ${one.text} to ${other.text}?`
          : `Кем ${one.text} приходится ${other.dative}?`,
      options,
      people: names.map(({ text }) => text),
      explanation:
        language === 'en'
          ? `${one.text} is the ${title.text} of ${other.text}.`
          : `${one.text} — ${title.text} ${other.genitive}.`,
    };
  },
};
export const familyRelations = defineGenerator(familyRelationsFamily);

const RELATION_DEGREES = { parent: 0, sibling: 3, child: 7 } as const;
const INVERSE = { parent: 'child', child: 'parent', sibling: 'sibling' } as const;

/** A path of links from person 0 to person `length`, each told from either end. */
function drawKinships(random: Random, length: number): Kinship[] {
  for (;;) {
    let degree: Degree | undefined = [0, 0];
    const path: Kinship[] = [];
    for (let at = 0; at < length && degree !== undefined; at++) {
      const relation = pick(random, ['parent', 'child', 'sibling'] as const);
      degree = compose(degree, relation);
      path.push(tell(random, { relation, one: at + 1, other: at }));
    }
    if (degree !== undefined && findDegree(...degree) !== -1) return path;
  }
}

/** Relatives that the question is not about. */
function drawMore(random: Random, people: number, count: number): Kinship[] {
  return countUpTo(count).map((at) =>
    tell(random, {
      relation: pick(random, ['child', 'sibling'] as const),
      one: people + at,
      other: drawBelow(random, people),
    }),
  );
}

function tell(random: Random, { relation, one, other }: Kinship): Kinship {
  return drawChance(random, 0.5)
    ? { relation, one, other }
    : { relation: INVERSE[relation], one: other, other: one };
}

type Degree = readonly [up: number, down: number];

/** What the parent, child or sibling of a relative is; undefined where it could be several things. */
function compose([up, down]: Degree, relation: Kinship['relation']): Degree | undefined {
  const next = ((): Degree | undefined => {
    switch (relation) {
      case 'parent':
        if (down === 0) return [up + 1, 0];
        // A sister's father is one's own; a child's father may be oneself or one's husband.
        return down === 1 && up > 0 ? [up, 0] : undefined;
      case 'sibling':
        return down === 0 ? [up + 1, 1] : [up, down];
      case 'child':
        // A mother's son may be oneself.
        return down === 0 && up > 0 ? undefined : [up, down + 1];
    }
  })();
  return next !== undefined && next[0] <= 3 && next[1] <= 3 ? next : undefined;
}

/** Along all the paths from one person to another that pass nobody twice. */
function findDegrees(premises: readonly Kinship[], from: number, to: number): Set<number> {
  const found = new Set<number>();
  const links = premises.flatMap(({ relation, one, other }) => [
    { relation, one, other },
    { relation: INVERSE[relation], one: other, other: one },
  ]);
  const walk = (person: number, degree: Degree, passed: readonly number[]) => {
    if (person === to) {
      found.add(findDegree(...degree));
      return;
    }
    for (const { relation, one, other } of links) {
      if (other !== person || passed.includes(one)) continue;
      const next = compose(degree, relation);
      if (next !== undefined) walk(one, next, [...passed, one]);
    }
  };
  walk(from, [0, 0], [from]);
  return found;
}

// --- words ---

const parse = (rows: readonly string[]): readonly Option[] =>
  rows.map((row) => {
    const [text = '', ...aliases] = row.split(', ');
    return { text, aliases };
  });

/** In the order of the degrees: the option, then other forms. */
const TITLES: Readonly<Record<Language, Readonly<Record<Gender, readonly Option[]>>>> = {
  en: {
    f: parse([
      'mother, mum, mom',
      'grandmother, grandma, granny',
      'great-grandmother, great grandmother',
      'sister',
      'aunt, auntie',
      'cousin, first cousin',
      'niece',
      'daughter',
      'granddaughter',
      'great-granddaughter, great granddaughter',
    ]),
    m: parse([
      'father, dad',
      'grandfather, grandpa, granddad',
      'great-grandfather, great grandfather',
      'brother',
      'uncle',
      'cousin, first cousin',
      'nephew',
      'son',
      'grandson',
      'great-grandson, great grandson',
    ]),
  },
  ru: {
    f: parse([
      'мать, матерью, мама, мамой',
      'бабушка, бабушкой',
      'прабабушка, прабабушкой',
      'сестра, сестрой, родная сестра, родной сестрой',
      'тётя, тётей, тётка, тёткой',
      'двоюродная сестра, двоюродной сестрой, кузина, кузиной',
      'племянница, племянницей',
      'дочь, дочерью, дочка, дочкой',
      'внучка, внучкой',
      'правнучка, правнучкой',
    ]),
    m: parse([
      'отец, отцом, папа, папой',
      'дедушка, дедушкой, дед, дедом',
      'прадедушка, прадедушкой, прадед, прадедом',
      'брат, братом, родной брат, родным братом',
      'дядя, дядей',
      'двоюродный брат, двоюродным братом, кузен, кузеном',
      'племянник, племянником',
      'сын, сыном',
      'внук, внуком',
      'правнук, правнуком',
    ]),
  },
};
