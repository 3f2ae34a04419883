// What the pictures show, in the words of answers: a text and what else people call it.

/** @typedef {'en' | 'ru'} Language @typedef {{ text: string, aliases: readonly string[] }} Name */

/** @param {string} stem @param {readonly string[]} endings @returns {Name} */
const decline = (stem, [first = '', ...others]) => ({
  text: stem + first,
  aliases: others.map((ending) => stem + ending),
});
const HARD = ['ый', 'ая', 'ое', 'ые', 'ого', 'ой', 'ым', 'ую'];
const NOUN = ['', 'а', 'у', 'ом', 'е', 'ы'];
/** @param {string} text @param {...string} aliases @returns {Name} */
const name = (text, ...aliases) => ({ text, aliases });

/** @type {Record<Language, Record<string, Name>>} */
export const COLOUR_NAMES = {
  en: {
    red: name('red'),
    blue: name('blue'),
    green: name('green'),
    yellow: name('yellow', 'gold', 'golden'),
    purple: name('purple', 'violet'),
    orange: name('orange'),
    black: name('black'),
  },
  ru: {
    red: decline('красн', HARD),
    blue: decline('син', ['ий', 'яя', 'ее', 'ие', 'его', 'ей', 'им', 'юю']),
    green: decline('зелён', HARD),
    yellow: decline('жёлт', HARD),
    purple: name(
      'фиолетовый',
      ...decline('фиолетов', HARD.slice(1)).aliases,
      ...HARD.map((ending) => `пурпурн${ending}`),
    ),
    orange: decline('оранжев', HARD),
    black: decline('чёрн', HARD),
  },
};

/** @type {Record<Language, Record<string, Name>>} */
export const SHAPE_NAMES = {
  en: {
    circle: name('circle', 'disc', 'disk', 'dot'),
    square: name('square'),
    triangle: name('triangle'),
    star: name('star'),
    diamond: name('diamond', 'rhombus'),
    cross: name('cross', 'plus', 'plus sign'),
  },
  ru: {
    circle: name('круг', 'круга', 'кругу', 'кругом', 'круге', 'кружок', 'кружком'),
    square: decline('квадрат', NOUN),
    triangle: decline('треугольник', [...NOUN.slice(0, 5), 'и']),
    star: name('звезда', 'звезды', 'звезде', 'звезду', 'звездой', 'звёздочка', 'звёздочкой'),
    diamond: decline('ромб', NOUN),
    cross: name('крест', 'креста', 'кресту', 'крестом', 'кресте', 'крестик', 'крестиком', 'плюс'),
  },
};

/** @type {Record<Language, Record<string, Name>>} */
export const DIRECTION_NAMES = {
  en: {
    up: name('up', 'upward', 'upwards', 'top'),
    down: name('down', 'downward', 'downwards', 'bottom'),
    left: name('left', 'leftward', 'leftwards'),
    right: name('right', 'rightward', 'rightwards'),
  },
  ru: {
    up: name('вверх', 'наверх', 'верх'),
    down: name('вниз', 'низ'),
    left: name('влево', 'налево', 'левую сторону'),
    right: name('вправо', 'направо', 'правую сторону'),
  },
};

/** @type {Record<Language, Record<string, Name>>} */
export const SIDE_NAMES = {
  en: { above: name('above', 'over', 'higher'), below: name('below', 'under', 'beneath', 'lower') },
  ru: { above: name('выше', 'над', 'сверху'), below: name('ниже', 'под', 'снизу') },
};

/** @type {Record<Language, Record<string, Name>>} */
export const CORNER_NAMES = {
  en: {
    'top left': name('top left', 'upper left', 'top-left', 'upper-left'),
    'top right': name('top right', 'upper right', 'top-right', 'upper-right'),
    'bottom left': name('bottom left', 'lower left', 'bottom-left', 'lower-left'),
    'bottom right': name('bottom right', 'lower right', 'bottom-right', 'lower-right'),
  },
  ru: {
    'top left': name('левый верхний', 'верхний левый', 'левом верхнем', 'верхнем левом'),
    'top right': name('правый верхний', 'верхний правый', 'правом верхнем', 'верхнем правом'),
    'bottom left': name('левый нижний', 'нижний левый', 'левом нижнем', 'нижнем левом'),
    'bottom right': name('правый нижний', 'нижний правый', 'правом нижнем', 'нижнем правом'),
  },
};
