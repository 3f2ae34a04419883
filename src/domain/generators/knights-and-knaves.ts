import { countUpTo, drawBelow, drawChance, elementAt, pick, sample, type Random } from '../seeded-stream';
import { defineGenerator, type Family, type Problem } from './generator';
import { list, NAME_COUNT, NAMES, type Language } from './wording';

interface Role {
  readonly kind: 'role';
  readonly who: number;
  readonly knight: boolean;
}

export type Statement =
  | Role
  | { readonly kind: 'alike'; readonly one: number; readonly other: number; readonly same: boolean }
  | { readonly kind: 'count'; readonly knights: number }
  | { readonly kind: 'both' | 'either'; readonly left: Role; readonly right: Role };

export interface Saying {
  readonly speaker: number;
  readonly statement: Statement;
}

type RoleQuestion =
  | { readonly kind: 'role'; readonly who: number; readonly denied: boolean }
  | { readonly kind: 'count'; readonly knights: boolean };

type Puzzle = Problem<Saying, RoleQuestion>;

/** A world: for each person, whether they are a knight. */
type World = readonly boolean[];

export const knightsAndKnavesFamily: Family<Saying, RoleQuestion> = {
  id: 'knights-and-knaves',
  title: { en: 'Knights and knaves', ru: 'Рыцари и лжецы' },
  make: (random, difficulty) => {
    const size = difficulty + 1;
    const entities = sample(random, countUpTo(NAME_COUNT), size);
    for (;;) {
      const world = entities.map(() => drawChance(random, 0.5));
      const premises = countUpTo(size).map((speaker) => ({
        speaker,
        statement: drawStatement(random, world, speaker, difficulty),
      }));
      if (findWorlds({ entities, premises }).length !== 1) continue;
      const question: RoleQuestion =
        difficulty > 1 && drawChance(random, 0.3)
          ? { kind: 'count', knights: drawChance(random, 0.5) }
          : { kind: 'role', who: drawBelow(random, size), denied: false };
      return { entities, premises, question };
    }
  },
  solve: (problem) => [...new Set(findWorlds(problem).map((world) => answer(world, problem.question)))],
  rename: ({ entities }, random) =>
    sample(
      random,
      countUpTo(NAME_COUNT).filter((name) => !entities.includes(name)),
      entities.length,
    ),
  negate: (problem) => {
    const { question } = problem;
    return {
      ...problem,
      question:
        question.kind === 'role'
          ? { ...question, denied: !question.denied }
          : { ...question, knights: !question.knights },
    };
  },
  word: (problem, language) => {
    const names = problem.entities.map((name) => elementAt(NAMES[language], name).text);
    const isRole = problem.question.kind === 'role';
    return {
      opening: WORDS[language].opening(list(language, names)),
      premises: problem.premises.map(({ speaker, statement }) =>
        WORDS[language].says(elementAt(names, speaker), wordStatement(statement, speaker, names, language)),
      ),
      question: WORDS[language].asks(problem.question, names),
      ...(isRole && { options: WORDS[language].roles }),
      people: names,
      explanation: explain(problem, names, language),
    };
  },
};
export const knightsAndKnaves = defineGenerator(knightsAndKnavesFamily);

/** A knight says what is so, a knave what is not. */
function drawStatement(random: Random, world: World, speaker: number, difficulty: number): Statement {
  const others = countUpTo(world.length).filter((who) => who !== speaker);
  const role = (who: number): Role => ({ kind: 'role', who, knight: drawChance(random, 0.5) });
  for (;;) {
    const statement = ((): Statement => {
      const kind = drawBelow(random, difficulty > 1 ? 5 : 3);
      const same = drawChance(random, 0.5);
      const [one = 0, other = speaker] = sample(random, others, 2);
      if (kind <= 1) return role(one);
      if (kind === 2)
        return { kind: 'alike', one, other: same ? speaker : other, same: drawChance(random, 0.5) };
      if (kind === 3 || others.length < 2) return { kind: 'count', knights: drawBelow(random, world.length) };
      return { kind: pick(random, ['both', 'either'] as const), left: role(one), right: role(other) };
    })();
    if (isTrue(statement, world) === elementAt(world, speaker)) return statement;
  }
}

function isTrue(statement: Statement, world: World): boolean {
  switch (statement.kind) {
    case 'role':
      return world[statement.who] === statement.knight;
    case 'alike':
      return (world[statement.one] === world[statement.other]) === statement.same;
    case 'count':
      return world.filter(Boolean).length === statement.knights;
    case 'both':
      return isTrue(statement.left, world) && isTrue(statement.right, world);
    case 'either':
      return isTrue(statement.left, world) || isTrue(statement.right, world);
  }
}

/** Every assignment of roles in which each speaks as their role demands. */
function findWorlds({ entities, premises }: Omit<Puzzle, 'question'>): World[] {
  return countUpTo(2 ** entities.length)
    .map((bits) => entities.map((_, at) => (bits & (1 << at)) !== 0))
    .filter((world) =>
      premises.every(({ speaker, statement }) => isTrue(statement, world) === world[speaker]),
    );
}

function answer(world: World, question: RoleQuestion): number {
  if (question.kind === 'count') return world.filter((knight) => knight === question.knights).length;
  return elementAt(world, question.who) === question.denied ? 1 : 0;
}

// --- words ---

const WORDS = {
  en: {
    opening: (names: string) =>
      `On an island everybody is either a knight, who always tells the truth, or a knave, who always lies. You meet ${names}.`,
    says: (name: string, statement: string) => `${name} says: "${statement}."`,
    asks: (question: RoleQuestion, names: readonly string[]) => {
      if (question.kind === 'count') {
        return `How many of these ${names.length} people are ${question.knights ? 'knights' : 'knaves'}?`;
      }
      const name = elementAt(names, question.who);
      return question.denied
        ? `Which of the two is ${name} not: a knight or a knave?`
        : `What is ${name}: a knight or a knave?`;
    },
    roles: [
      { text: 'knight', aliases: ['a knight', 'truth-teller', 'truth teller'] },
      { text: 'knave', aliases: ['a knave', 'liar', 'a liar'] },
    ],
  },
  ru: {
    opening: (names: string) =>
      `На острове живут только рыцари, которые всегда говорят правду, и лжецы, которые всегда лгут. Встретились жители острова: ${names}.`,
    says: (name: string, statement: string) => `${name} говорит: «${statement}».`,
    asks: (question: RoleQuestion, names: readonly string[]) => {
      if (question.kind === 'count') return `Сколько среди них ${question.knights ? 'рыцарей' : 'лжецов'}?`;
      const name = elementAt(names, question.who);
      return question.denied
        ? `Кем ${name} не является: рыцарем или лжецом?`
        : `Кто ${name}: рыцарь или лжец?`;
    },
    roles: [
      { text: 'рыцарь', aliases: ['рыцарем', 'рыцаря'] },
      { text: 'лжец', aliases: ['лжецом', 'лжеца', 'лгун', 'лгуном', 'лгунья', 'лгуньей'] },
    ],
  },
};

function wordRole({ who, knight }: Role, names: readonly string[], language: Language): string {
  const name = elementAt(names, who);
  if (language === 'en') return `${name} is a ${knight ? 'knight' : 'knave'}`;
  return `${name} — ${knight ? 'рыцарь' : 'лжец'}`;
}

function wordStatement(
  statement: Statement,
  speaker: number,
  names: readonly string[],
  language: Language,
): string {
  const isEnglish = language === 'en';
  switch (statement.kind) {
    case 'role':
      return wordRole(statement, names, language);
    case 'alike': {
      const { one, other, same } = statement;
      const first = elementAt(names, one);
      if (isEnglish) {
        const second = other === speaker ? 'I' : elementAt(names, other);
        return `${first} and ${second} are ${same ? 'of the same kind' : 'of different kinds'}`;
      }
      const relation = same ? 'одного и того же типа' : 'разных типов';
      return other === speaker
        ? `${first} и я — ${relation}`
        : `${first} и ${elementAt(names, other)} — ${relation}`;
    }
    case 'count': {
      const { knights } = statement;
      if (knights === 0) return isEnglish ? 'There is no knight among us' : 'Среди нас нет рыцарей';
      if (isEnglish) return `Exactly ${knights} of us ${knights === 1 ? 'is a knight' : 'are knights'}`;
      return `Рыцарей среди нас ровно ${knights}`;
    }
    case 'both':
    case 'either': {
      const left = wordRole(statement.left, names, language);
      const right = wordRole(statement.right, names, language);
      if (statement.kind === 'both') return isEnglish ? `${left}, and ${right}` : `${left}, и ${right}`;
      return isEnglish ? `${left}, or ${right}, or both` : `${left}, или ${right}, или верно и то и другое`;
    }
  }
}

function explain(problem: Puzzle, names: readonly string[], language: Language): string {
  const world = findWorlds(problem)[0] ?? [];
  const roles = world
    .map((knight, who) => wordRole({ kind: 'role', who, knight }, names, language))
    .join(', ');
  return language === 'en' ? `The only way it can be: ${roles}.` : `Возможно только одно: ${roles}.`;
}
