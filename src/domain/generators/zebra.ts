import { countUpTo, drawBelow, elementAt, pick, sample, shuffle, type Random } from '../seeded-stream';
import { defineGenerator, type Family, type Problem } from './generator';
import { solveGrid, type GridClue } from './zebra-solver';
import { ATTRIBUTES, WORDS } from './zebra-words';
import type { Language } from './wording';

/** Which value of the attribute `asked` belongs to the one who has `known`. */
interface CellQuestion {
  readonly known: number;
  readonly asked: number;
}

/**
 * People in a row of houses, each with one value of every attribute; attribute 0 is the name. Values are numbered
 * through: value `v` is number `v % houses` of attribute `floor(v / houses)`. One cell is asked for.
 */
export type Zebra = Problem<GridClue, CellQuestion>;

/** Houses and attributes of each difficulty. */
const SIZES = [
  [3, 2],
  [3, 3],
  [4, 3],
  [4, 4],
  [5, 4],
] as const;

/** Told by the number of entities. */
export function measure({ entities }: Pick<Zebra, 'entities'>): { houses: number; attributes: number } {
  const [houses, attributes] = SIZES.find(([width, height]) => width * height === entities.length) ?? [0, 0];
  return { houses, attributes };
}

export const zebraFamily: Family<GridClue, CellQuestion> = {
  id: 'zebra',
  title: { en: 'Zebra puzzles', ru: 'Задачи Эйнштейна' },
  make: (random, difficulty) => {
    const [houses, attributes] = elementAt(SIZES, difficulty - 1);
    const entities = ATTRIBUTES.slice(0, attributes).flatMap(({ size }) =>
      sample(random, countUpTo(size), houses),
    );
    for (;;) {
      const premises = drawClues(random, houses, attributes);
      if (!premises.some(({ kind }) => kind === 'same')) continue;
      const known = drawBelow(random, entities.length);
      const others = countUpTo(attributes).filter((each) => each !== Math.floor(known / houses));
      return { entities, premises, question: { known, asked: pick(random, others) } };
    }
  },
  solve: (problem) => {
    const { houses, attributes } = measure(problem);
    const { known, asked } = problem.question;
    const answers = new Set<number>();
    for (const places of solveGrid(houses, attributes, problem.premises)) {
      answers.add(
        countUpTo(houses).findIndex((each) => places[asked * houses + each] === elementAt(places, known)),
      );
    }
    return [...answers];
  },
  rename: ({ entities }, random) => {
    const { houses, attributes } = measure({ entities });
    return ATTRIBUTES.slice(0, attributes).flatMap(({ size }, attribute) => {
      const used = entities.slice(attribute * houses, (attribute + 1) * houses);
      const free = shuffle(
        random,
        countUpTo(size).filter((each) => !used.includes(each)),
      );
      // Few drinks are left: those that stay go to somebody else.
      return [...free, ...used.slice(1), ...used.slice(0, 1)].slice(0, houses);
    });
  },
  // "Anna drinks tea" becomes "it is not true that Anna does not drink tea".
  negate: (problem, random) => {
    const at = pick(
      random,
      countUpTo(problem.premises.length).filter((each) => problem.premises[each]?.kind === 'same'),
    );
    const clue = elementAt(problem.premises, at);
    return { ...problem, premises: problem.premises.with(at, { ...clue, doublyDenied: true }) };
  },
  word: (problem, language) => {
    const { houses } = measure(problem);
    const words = WORDS[language];
    const values = problem.entities.map((row, value) => words.value(Math.floor(value / houses), row));
    const { known, asked } = problem.question;
    const people = values.slice(0, houses).map(({ text }) => text);
    return {
      opening: words.opening(people, values, houses),
      premises: problem.premises.map((clue) => words.clue(clue, values)),
      question: words.question(asked, elementAt(values, known)),
      options: values.slice(asked * houses, (asked + 1) * houses),
      people,
      explanation: explain(problem, language),
    };
  },
};
export const zebra = defineGenerator(zebraFamily);

/** Adds true clues, each of which rules out a wrong solution that is still possible, until none is. */
function drawClues(random: Random, houses: number, attributes: number): GridClue[] {
  const hidden = countUpTo(attributes).flatMap(() => shuffle(random, countUpTo(houses)));
  // There are many more neighbours than equals to tell of.
  const pool = listTrueClues(hidden, houses)
    .map((clue) => ({ clue, key: random() * (clue.kind === 'same' ? 1 : 3) }))
    .sort((a, b) => a.key - b.key)
    .map(({ clue }) => clue);
  const clues: GridClue[] = [];
  for (;;) {
    const wrong = findOther(houses, attributes, clues, hidden);
    if (wrong === undefined) return clues;
    const clue = pool.find((each) => !holdsGridClue(each, wrong));
    if (clue === undefined) throw new Error('zebra: two solutions differ in nothing that can be told');
    clues.push(clue);
  }
}

function findOther(
  houses: number,
  attributes: number,
  clues: readonly GridClue[],
  hidden: readonly number[],
) {
  for (const places of solveGrid(houses, attributes, clues)) {
    if (places.some((place, value) => place !== hidden[value])) return places;
  }
  return undefined;
}

export function holdsGridClue(clue: GridClue, places: readonly number[]): boolean {
  const one = elementAt(places, clue.one);
  if (clue.kind === 'at') return one === clue.house;
  const other = elementAt(places, clue.other);
  if (clue.kind === 'same') return one === other;
  return clue.kind === 'left' ? one + 1 === other : Math.abs(one - other) === 1;
}

function listTrueClues(hidden: readonly number[], houses: number): GridClue[] {
  const clues: GridClue[] = [];
  hidden.forEach((place, one) => {
    hidden.forEach((otherPlace, other) => {
      const isLater = Math.floor(other / houses) > Math.floor(one / houses);
      if (place === otherPlace && isLater) clues.push({ kind: 'same', one, other });
      if (place + 1 === otherPlace) clues.push({ kind: 'left', one, other });
      if (Math.abs(place - otherPlace) === 1 && one < other) clues.push({ kind: 'near', one, other });
    });
    // Rare among the others, as it tells much.
    if (one % 3 === 0) clues.push({ kind: 'at', one, house: place });
  });
  return clues;
}

function explain(problem: Zebra, language: Language): string {
  const { houses, attributes } = measure(problem);
  const [places = []] = solveGrid(houses, attributes, problem.premises);
  const rows = countUpTo(houses).map((house) => {
    const values = places.flatMap((place, value) => (place === house ? [value] : []));
    const words = values.map((value) =>
      WORDS[language].value(Math.floor(value / houses), elementAt(problem.entities, value)),
    );
    return `${house + 1}: ${words.map(({ text }) => text).join(', ')}`;
  });
  return `${rows.join('; ')}.`;
}
