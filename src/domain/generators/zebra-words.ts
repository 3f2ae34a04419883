import { elementAt } from '../seeded-stream';
import type { Option } from './generator';
import { capitalise, list, NAME_COUNT, NAMES, pluralRu, type Language } from './wording';
import type { GridClue } from './zebra-solver';

/** How the one who has a value is spoken of; a name has no predicate. */
interface Value extends Option {
  readonly subject: string;
  /** Russian: after "слева от". */
  readonly genitive: string;
  readonly predicate: string;
  readonly deniedPredicate: string;
}

const DRINKS_EN = ['tea', 'coffee', 'milk', 'juice', 'cocoa', 'water'];
const PETS_EN = ['cat', 'dog', 'parrot', 'hamster', 'turtle', 'rabbit'];
const HOBBIES_EN = ['chess', 'dancing', 'painting', 'fishing', 'cycling', 'gardening'];
/** Nominative, then the form of the predicate, then others that people write. */
const DRINKS_RU = [
  'чай чай чая',
  'кофе кофе',
  'молоко молоко молока',
  'сок сок сока',
  'какао какао',
  'вода воду воды',
];
const PETS_RU = [
  'кошка кошку кошки кошкой',
  'собака собаку собаки собакой',
  'попугай попугая попугаем',
  'хомяк хомяка хомяком',
  'черепаха черепаху черепахи черепахой',
  'кролик кролика кроликом',
];
const HOBBIES_RU = [
  'шахматы шахматами',
  'танцы танцами',
  'живопись живописью',
  'рыбалка рыбалкой рыбалку',
  'бег бегом',
  'фотография фотографией фотографию',
];

export const ATTRIBUTES = [
  { size: NAME_COUNT },
  { size: DRINKS_EN.length },
  { size: PETS_EN.length },
  { size: HOBBIES_EN.length },
] as const;

function valueEn(attribute: number, row: number): Value {
  if (attribute === 0) {
    const { text } = elementAt(NAMES.en, row);
    return { text, aliases: [], subject: text, genitive: text, predicate: '', deniedPredicate: '' };
  }
  const text = elementAt(elementAt([DRINKS_EN, PETS_EN, HOBBIES_EN], attribute - 1), row);
  const [verb, object] = elementAt(
    [
      ['drink', text],
      ['keep', `the ${text}`],
      ['like', text],
    ] as const,
    attribute - 1,
  );
  const predicate = `${verb}s ${object}`;
  const subject = `the person who ${predicate}`;
  return {
    text,
    aliases: [],
    subject,
    genitive: subject,
    predicate,
    deniedPredicate: `does not ${verb} ${object}`,
  };
}

function valueRu(attribute: number, row: number): Value {
  if (attribute === 0) {
    const { text, genitive, aliases } = elementAt(NAMES.ru, row);
    return { text, aliases, subject: text, genitive, predicate: '', deniedPredicate: '' };
  }
  const forms = elementAt(elementAt([DRINKS_RU, PETS_RU, HOBBIES_RU], attribute - 1), row);
  const [text = '', object = '', ...others] = forms.split(' ');
  const aliases = [...new Set([object, ...others])].filter((form) => form !== text);
  const verb = elementAt(['пьёт', 'держит', 'увлекается'], attribute - 1);
  const predicate = `${verb} ${object}`;
  return {
    text,
    aliases,
    subject: `тот, кто ${predicate}`,
    genitive: `того, кто ${predicate}`,
    predicate,
    deniedPredicate: `не ${predicate}`,
  };
}

/** "Anna", "тот, кто пьёт чай," before whatever goes on. */
function subjectRu({ subject, predicate }: Value): string {
  return predicate === '' ? subject : `${subject},`;
}

function openingEn(people: readonly string[], values: readonly Value[], houses: number): string {
  const row = (attribute: number) =>
    list(
      'en',
      values.slice(attribute * houses, (attribute + 1) * houses).map(({ text }) => text),
    );
  const told = [
    `Each drinks something different (${row(1)})`,
    values.length > 2 * houses ? ` and keeps a different animal (${row(2)})` : '',
    values.length > 3 * houses ? `, and each likes something different (${row(3)})` : '',
  ].join('');
  return `${list('en', people)} live in a row of houses with the numbers 1 to ${houses} from left to right, one person in each, not necessarily in this order. ${told}.`;
}

function openingRu(people: readonly string[], values: readonly Value[], houses: number): string {
  const row = (attribute: number) =>
    values
      .slice(attribute * houses, (attribute + 1) * houses)
      .map(({ text }) => text)
      .join(', ');
  const told = [
    `У каждого свой напиток (${row(1)})`,
    ...(values.length > 2 * houses ? [`своё животное (${row(2)})`] : []),
    ...(values.length > 3 * houses ? [`своё увлечение (${row(3)})`] : []),
  ];
  const count = pluralRu(houses, 'дом', 'дома', 'домов');
  return `В ряд стоят ${houses} ${count} с номерами слева направо от 1 до ${houses}. В каждом живёт один человек: ${list('ru', people)}, но неизвестно, кто где. ${told.join(', ')}.`;
}

function clueEn(clue: GridClue, values: readonly Value[]): string {
  const one = elementAt(values, clue.one);
  if (clue.kind === 'at') return `${capitalise(one.subject)} lives in house ${clue.house + 1}.`;
  const other = elementAt(values, clue.other);
  if (clue.kind === 'same') {
    if (clue.doublyDenied === true) return `It is not true that ${one.subject} ${other.deniedPredicate}.`;
    return `${capitalise(one.subject)} ${other.predicate}.`;
  }
  if (clue.kind === 'left')
    return `${capitalise(one.subject)} lives directly to the left of ${other.subject}.`;
  return `${capitalise(one.subject)} and ${other.subject} live next door to each other.`;
}

function clueRu(clue: GridClue, values: readonly Value[]): string {
  const one = elementAt(values, clue.one);
  const subject = subjectRu(one);
  if (clue.kind === 'at') return `${capitalise(subject)} живёт в доме ${clue.house + 1}.`;
  const other = elementAt(values, clue.other);
  if (clue.kind === 'same') {
    if (clue.doublyDenied === true) return `Неверно, что ${subject} ${other.deniedPredicate}.`;
    return `${capitalise(subject)} ${other.predicate}.`;
  }
  if (clue.kind === 'left') return `${capitalise(subject)} живёт сразу слева от ${other.genitive}.`;
  return `${capitalise(subject)} и ${subjectRu(other)} живут в соседних домах.`;
}

const QUESTIONS_EN = ['Who N?', 'What does N drink?', 'Which animal does N keep?', 'What does N like?'];
const QUESTIONS_RU = ['Кто N?', 'Что пьёт N?', 'Какое животное держит N?', 'Чем увлекается N?'];

function ask(frames: readonly string[], asked: number, known: Value): string {
  return elementAt(frames, asked).replace('N', asked === 0 ? known.predicate : known.subject);
}

export const WORDS = {
  en: {
    value: valueEn,
    opening: openingEn,
    clue: clueEn,
    question: (asked: number, known: Value) => ask(QUESTIONS_EN, asked, known),
  },
  ru: {
    value: valueRu,
    opening: openingRu,
    clue: clueRu,
    question: (asked: number, known: Value) => ask(QUESTIONS_RU, asked, known),
  },
} satisfies Record<Language, unknown>;
