/** Words that all families share. Russian needs forms; they are in tables, none is made by rule. */
export const LANGUAGES = ['en', 'ru'] as const;
export type Language = (typeof LANGUAGES)[number];

export type Gender = 'f' | 'm';

export interface Name {
  readonly gender: Gender;
  readonly text: string;
  readonly genitive: string;
  readonly dative: string;
  readonly instrumental: string;
  readonly aliases: readonly string[];
}

/** Women and men in turn, so that the index tells the gender in both languages. */
const NAMES_EN =
  'Alice Adam Beth Brian Clara Carl Diana David Emma Edgar Fiona Felix Helen George Julia Henry Laura Kevin Nora Martin Sara Oscar Tina Peter';

/** Nominative, genitive, dative, accusative, instrumental. */
const NAMES_RU = [
  'Анна Анны Анне Анну Анной',
  'Борис Бориса Борису Бориса Борисом',
  'Ольга Ольги Ольге Ольгу Ольгой',
  'Виктор Виктора Виктору Виктора Виктором',
  'Ирина Ирины Ирине Ирину Ириной',
  'Глеб Глеба Глебу Глеба Глебом',
  'Марина Марины Марине Марину Мариной',
  'Денис Дениса Денису Дениса Денисом',
  'Елена Елены Елене Елену Еленой',
  'Егор Егора Егору Егора Егором',
  'Татьяна Татьяны Татьяне Татьяну Татьяной',
  'Захар Захара Захару Захара Захаром',
  'Галина Галины Галине Галину Галиной',
  'Иван Ивана Ивану Ивана Иваном',
  'Полина Полины Полине Полину Полиной',
  'Кирилл Кирилла Кириллу Кирилла Кириллом',
  'Светлана Светланы Светлане Светлану Светланой',
  'Максим Максима Максиму Максима Максимом',
  'Наталья Натальи Наталье Наталью Натальей',
  'Олег Олега Олегу Олега Олегом',
  'Дарья Дарьи Дарье Дарью Дарьей',
  'Тимур Тимура Тимуру Тимура Тимуром',
  'Людмила Людмилы Людмиле Людмилу Людмилой',
  'Фёдор Фёдора Фёдору Фёдора Фёдором',
];

export const NAMES: Readonly<Record<Language, readonly Name[]>> = {
  en: NAMES_EN.split(' ').map((text, at) => ({
    gender: genderOf(at),
    text,
    genitive: text,
    dative: text,
    instrumental: text,
    aliases: [],
  })),
  ru: NAMES_RU.map((row, at) => {
    const [text = '', genitive = '', dative = '', accusative = '', instrumental = ''] = row.split(' ');
    const aliases = [...new Set([genitive, dative, accusative, instrumental])];
    return { gender: genderOf(at), text, genitive, dative, instrumental, aliases };
  }),
};
export const NAME_COUNT = NAMES_RU.length;

export function genderOf(name: number): Gender {
  return name % 2 === 0 ? 'f' : 'm';
}

/** "A, B and C". */
export function list(language: Language, words: readonly string[]): string {
  const and = language === 'en' ? 'and' : 'и';
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${and} ${words.slice(-1).join('')}`;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The form that goes with a count: 1 and 21, 2 to 4 and 22, the rest. */
export function pluralRu(count: number, one: string, few: string, many: string): string {
  const [tens, ones] = [count % 100, count % 10];
  if (ones === 1 && tens !== 11) return one;
  return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? few : many;
}

export function instruct(language: Language, isNumber: boolean): string {
  if (language === 'en') return isNumber ? 'Answer with one number.' : 'Answer with one of the options.';
  return isNumber ? 'Ответь одним числом.' : 'Ответь одним из вариантов.';
}

/** Sentences that decide nothing in any family: no numbers, no names, nothing that a family speaks of. */
export const FILLERS: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'A train can be heard somewhere far away.',
    'There is a small bakery round the corner.',
    'The staircase is made of oak.',
    'The local newspaper is printed on thin paper.',
    'The old bridge over the river is being repaired.',
  ],
  ru: [
    'Где-то далеко слышен поезд.',
    'За углом есть маленькая пекарня.',
    'Лестница сделана из дуба.',
    'Местную газету печатают на тонкой бумаге.',
    'Старый мост через реку сейчас чинят.',
  ],
};

/** What may be told of anybody without any consequence. */
export const HABITS: Readonly<Record<Language, readonly string[]>> = {
  en: ['has a green umbrella', 'often reads before bed', 'was born in a small town', 'usually gets up early'],
  ru: [
    'часто читает перед сном',
    'хорошо помнит свою первую школу',
    'не выносит сквозняков',
    'обычно рано встаёт',
  ],
};

/** Yes is 0, no is 1. */
export const YES_NO = {
  en: [
    { text: 'yes', aliases: ['yeah', 'yep', 'true', 'correct'] },
    {
      text: 'no',
      aliases: [
        'nope',
        'false',
        'incorrect',
        'not true',
        'not necessarily',
        'does not follow',
        "doesn't follow",
      ],
    },
  ],
  ru: [
    { text: 'да', aliases: ['верно', 'конечно', 'следует', 'правда'] },
    { text: 'нет', aliases: ['неверно', 'неправда', 'не следует', 'необязательно', 'не обязательно'] },
  ],
} as const;
