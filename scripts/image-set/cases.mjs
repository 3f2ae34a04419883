// The questions of the image set: the gold answers and what they are made of come from the scenes.
import { SCENES } from './scenes.mjs';
import { COLOUR_NAMES, CORNER_NAMES, DIRECTION_NAMES, SHAPE_NAMES, SIDE_NAMES } from './words.mjs';

/** @typedef {import('./words.mjs').Language} Language @typedef {Record<Language, string>} Words */
/**
 * @typedef {object} Question
 * @property {'easy' | 'medium' | 'hard'} level
 * @property {Words} ask @property {Words} why
 * @property {'number' | 'text' | Record<Language, Record<string, import('./words.mjs').Name>>} answer a number, the text itself, or one of these
 * @property {readonly string[]} [of] of these names only
 */

const NUMBER = { en: 'Answer with one number.', ru: 'Ответь одним числом.' };
const WORD = { en: 'Answer with one word.', ru: 'Ответь одним словом.' };
/** @param {Words} ask @param {Words} how @returns {Words} */
const ask = ({ en, ru }, how) => ({ en: `${en} ${how.en}`, ru: `${ru} ${how.ru}` });

const NONE_EN = [
  'there is none',
  'there is no',
  'none',
  'no number',
  'no triangle',
  'no triangles',
  'nothing',
  'blank',
  'empty',
  'impossible',
];
const NONE_RU = [
  'там ничего нет',
  'ничего нет',
  'ничего',
  'нет числа',
  'числа нет',
  'нет треугольника',
  'треугольника нет',
  'отсутствует',
  'пусто',
  'пустой',
  'невозможно',
];
/** @type {Record<Language, import('./words.mjs').Name>} */
const NONE = {
  en: { text: NONE_EN[0], aliases: NONE_EN.slice(1) },
  ru: { text: NONE_RU[0], aliases: NONE_RU.slice(1) },
};
const NONE_HOW = {
  en: 'If there is no such thing in the picture, answer: there is none.',
  ru: 'Если такого на картинке нет, ответь: ничего нет.',
};
const DIGITS = Object.fromEntries(
  Array.from({ length: 10 }, (_, digit) => [String(digit), { text: String(digit), aliases: [] }]),
);

/** @type {Record<string, Question>} */
const QUESTIONS = {
  'counting-1': {
    level: 'easy',
    ask: ask({ en: 'How many circles are in the picture?', ru: 'Сколько кругов на картинке?' }, NUMBER),
    why: { en: 'Count the circles.', ru: 'Надо сосчитать круги.' },
    answer: 'number',
  },
  'counting-2': {
    level: 'easy',
    ask: ask(
      { en: 'How many triangles are in the picture?', ru: 'Сколько треугольников на картинке?' },
      NUMBER,
    ),
    why: { en: 'Squares and circles do not count.', ru: 'Квадраты и круги не в счёт.' },
    answer: 'number',
  },
  'counting-3': {
    level: 'medium',
    ask: ask(
      {
        en: 'How many green shapes of any kind are in the picture?',
        ru: 'Сколько на картинке зелёных фигур, каких бы то ни было?',
      },
      NUMBER,
    ),
    why: {
      en: 'Every green shape counts, the purple ones do not.',
      ru: 'Считаются все зелёные фигуры, фиолетовые — нет.',
    },
    answer: 'number',
  },
  'counting-4': {
    level: 'hard',
    ask: ask(
      {
        en: 'How many more squares than circles are in the picture?',
        ru: 'На сколько квадратов на картинке больше, чем кругов?',
      },
      NUMBER,
    ),
    why: {
      en: 'The number of squares less the number of circles.',
      ru: 'Из числа квадратов надо вычесть число кругов.',
    },
    answer: 'number',
  },
  'position-1': {
    level: 'easy',
    ask: ask(
      {
        en: 'Which shape is on the left: the star or the square?',
        ru: 'Какая фигура слева: звезда или квадрат?',
      },
      WORD,
    ),
    why: { en: 'The other shape is on the right.', ru: 'Другая фигура справа.' },
    answer: SHAPE_NAMES,
    of: ['star', 'square'],
  },
  'position-2': {
    level: 'easy',
    ask: ask(
      { en: 'Is the circle above or below the triangle?', ru: 'Круг выше или ниже треугольника?' },
      WORD,
    ),
    why: { en: 'One of them is near the top of the picture.', ru: 'Одна из фигур у верхнего края картинки.' },
    answer: SIDE_NAMES,
  },
  'position-3': {
    level: 'medium',
    ask: ask(
      {
        en: 'Which shape stands directly to the right of the diamond?',
        ru: 'Какая фигура стоит сразу справа от ромба?',
      },
      WORD,
    ),
    why: { en: 'The next one to the right in the row.', ru: 'Это следующая фигура в ряду.' },
    answer: SHAPE_NAMES,
    of: ['circle', 'star', 'square', 'triangle', 'cross'],
  },
  'position-4': {
    level: 'medium',
    ask: {
      en: 'In which corner of the picture is the star: top left, top right, bottom left or bottom right?',
      ru: 'В каком углу картинки звезда: левый верхний, правый верхний, левый нижний или правый нижний?',
    },
    why: { en: 'The other corners have circles.', ru: 'В остальных углах круги.' },
    answer: CORNER_NAMES,
  },
  'containment-1': {
    level: 'medium',
    ask: ask(
      { en: 'Which shape is inside the black ring?', ru: 'Какая фигура внутри чёрного кольца?' },
      WORD,
    ),
    why: { en: 'The other two are outside it.', ru: 'Две другие снаружи.' },
    answer: SHAPE_NAMES,
    of: ['triangle', 'square', 'star', 'diamond', 'cross'],
  },
  'size-1': {
    level: 'easy',
    ask: ask({ en: 'What colour is the largest circle?', ru: 'Какого цвета самый большой круг?' }, WORD),
    why: { en: 'The other two circles are smaller.', ru: 'Два других круга меньше.' },
    answer: COLOUR_NAMES,
  },
  'size-2': {
    level: 'hard',
    ask: ask(
      { en: 'What colour is the second largest square?', ru: 'Какого цвета второй по величине квадрат?' },
      WORD,
    ),
    why: { en: 'Only one square is larger.', ru: 'Больше него только один квадрат.' },
    answer: COLOUR_NAMES,
  },
  'reading-1': {
    level: 'easy',
    ask: ask(
      {
        en: 'Which word is written in the picture?',
        ru: 'Какое слово написано на картинке? Перепиши его буквами, как оно есть.',
      },
      WORD,
    ),
    why: { en: 'The word stands there in capitals.', ru: 'Слово написано прописными латинскими буквами.' },
    answer: 'text',
  },
  'reading-2': {
    level: 'easy',
    ask: ask(
      { en: 'Which number is written in the picture?', ru: 'Какое число написано на картинке?' },
      NUMBER,
    ),
    why: { en: 'Its four digits stand there.', ru: 'На картинке его четыре цифры.' },
    answer: 'number',
  },
  'reading-3': {
    level: 'medium',
    ask: ask(
      {
        en: 'Which word is written in red?',
        ru: 'Какое слово написано красным? Перепиши его буквами, как оно есть.',
      },
      WORD,
    ),
    why: { en: 'The other word is green.', ru: 'Другое слово зелёное.' },
    answer: {
      en: { RIVER: { text: 'RIVER', aliases: [] }, STONE: { text: 'STONE', aliases: [] } },
      ru: { RIVER: { text: 'RIVER', aliases: ['река'] }, STONE: { text: 'STONE', aliases: ['камень'] } },
    },
  },
  'reading-4': {
    level: 'hard',
    ask: ask(
      {
        en: 'What is the result of the sum in the picture?',
        ru: 'Чему равна сумма, записанная на картинке?',
      },
      NUMBER,
    ),
    why: { en: 'Read both numbers and add them.', ru: 'Надо прочитать оба числа и сложить.' },
    answer: 'number',
  },
  'odd-one-out-1': {
    level: 'easy',
    ask: ask(
      {
        en: 'One shape in the picture differs from all the others. Which shape is it?',
        ru: 'Одна фигура на картинке отличается от всех остальных. Какая это фигура?',
      },
      WORD,
    ),
    why: { en: 'All the others are circles.', ru: 'Все остальные — круги.' },
    answer: SHAPE_NAMES,
  },
  'odd-one-out-2': {
    level: 'medium',
    ask: ask(
      {
        en: 'One shape in the picture has another colour than all the others. Which colour?',
        ru: 'Одна фигура на картинке другого цвета, чем все остальные. Какого?',
      },
      WORD,
    ),
    why: { en: 'All the others are orange.', ru: 'Все остальные оранжевые.' },
    answer: COLOUR_NAMES,
  },
  'chart-1': {
    level: 'easy',
    ask: ask(
      {
        en: 'The bars of this chart are numbered from left to right. What is the number of the tallest bar?',
        ru: 'Столбцы этой диаграммы пронумерованы слева направо. Какой номер у самого высокого столбца?',
      },
      NUMBER,
    ),
    why: { en: 'The numbers stand below the bars.', ru: 'Номера стоят под столбцами.' },
    answer: 'number',
  },
  'chart-2': {
    level: 'hard',
    ask: ask(
      {
        en: 'How many bars of this chart are taller than the red bar?',
        ru: 'Сколько столбцов этой диаграммы выше красного?',
      },
      NUMBER,
    ),
    why: { en: 'Compare each bar with the red one.', ru: 'Каждый столбец надо сравнить с красным.' },
    answer: 'number',
  },
  'clock-1': {
    level: 'medium',
    ask: ask(
      {
        en: 'The long red hand of this clock points straight up. Which hour does the short black hand point at?',
        ru: 'Длинная красная стрелка этих часов смотрит прямо вверх. На какой час указывает короткая чёрная стрелка?',
      },
      NUMBER,
    ),
    why: { en: 'A quarter of the way round is three hours.', ru: 'Четверть круга — это три часа.' },
    answer: 'number',
  },
  'clock-2': {
    level: 'hard',
    ask: ask(
      {
        en: 'The long red hand of this clock is the minute hand. How many minutes past the hour is it?',
        ru: 'Длинная красная стрелка этих часов минутная. Сколько минут прошло с начала часа?',
      },
      NUMBER,
    ),
    why: { en: 'Each stroke stands for five minutes.', ru: 'Каждая отметка — пять минут.' },
    answer: 'number',
  },
  'arrow-1': {
    level: 'easy',
    ask: {
      en: 'Where does the arrow point: up, down, left or right?',
      ru: 'Куда указывает стрелка: вверх, вниз, влево или вправо?',
    },
    why: { en: 'The tip is where the arrow is widest.', ru: 'Остриё там, где стрелка шире всего.' },
    answer: DIRECTION_NAMES,
  },
  'arrow-2': {
    level: 'medium',
    ask: ask({ en: 'How many of the arrows point left?', ru: 'Сколько стрелок указывает влево?' }, NUMBER),
    why: { en: 'The others point up, down or right.', ru: 'Остальные указывают вверх, вниз или вправо.' },
    answer: 'number',
  },
  'false-premise-1': {
    level: 'medium',
    ask: ask({ en: 'What colour is the triangle?', ru: 'Какого цвета треугольник?' }, NONE_HOW),
    why: {
      en: 'There is a circle and a square, and no triangle.',
      ru: 'На картинке круг и квадрат, а треугольника нет.',
    },
    answer: { en: { none: NONE.en, ...COLOUR_NAMES.en }, ru: { none: NONE.ru, ...COLOUR_NAMES.ru } },
  },
  'false-premise-2': {
    level: 'hard',
    ask: ask(
      { en: 'Which number is written in the yellow circle?', ru: 'Какое число написано в жёлтом круге?' },
      NONE_HOW,
    ),
    why: {
      en: 'The number is in the green circle; the yellow one is empty.',
      ru: 'Число в зелёном круге, а жёлтый пустой.',
    },
    answer: { en: { none: NONE.en, ...DIGITS }, ru: { none: NONE.ru, ...DIGITS } },
  },
};

/** @param {Question} question @param {string | number} gold @param {Language} language */
function buildGrader({ answer, of }, gold, language) {
  if (answer === 'number') return { type: 'number', value: gold };
  if (answer === 'text') return { type: 'icontains', value: gold };
  const names = answer[language];
  const options = (of ?? Object.keys(names)).map((key) => names[key]);
  return { type: 'choice', value: names[gold].text, options };
}

const TITLES = {
  en: {
    title: 'Images EN',
    description:
      'questions about simple pictures in English, each with one right answer. For models that see images.',
  },
  ru: {
    title: 'Картинки RU',
    description:
      'вопросов по-русски о простых картинках, у каждого один верный ответ. Для моделей, которые видят изображения.',
  },
};

/** The set as its file holds it. @param {Language} language */
export function buildImageSet(language) {
  const { title, description } = TITLES[language];
  const scenes = Object.entries(SCENES);
  return {
    id: `images-${language}`,
    title,
    description: `${scenes.length} ${description}`,
    language,
    licence: 'Apache-2.0',
    source: 'WizardBench',
    cases: scenes.map(([id, { answer }]) => {
      const question = QUESTIONS[id];
      if (question === undefined) throw new Error(`no question for ${id}`);
      return {
        id,
        prompt: question.ask[language],
        images: [{ mediaType: 'image/png', path: `sets/images/${id}.png` }],
        graders: [buildGrader(question, answer, language)],
        tags: [id.replace(/-\d+$/, ''), question.level],
        explanation: question.why[language],
      };
    }),
  };
}
