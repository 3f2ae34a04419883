// The pictures of the image set: what is in each, and the gold answer, found by looking at what is in it.
import { SIDE } from './raster.mjs';

/** @typedef {import('./raster.mjs').Thing} Thing @typedef {import('./raster.mjs').Colour} Colour */
/** @typedef {import('./raster.mjs').Shape} Shape @typedef {import('./raster.mjs').Direction} Direction */
/** @typedef {{ readonly things: readonly Thing[], readonly answer: string | number }} Scene */

const MIDDLE = SIDE / 2;

/** mulberry32. @param {number} seed */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Scatters shapes so that none touches another.
 * @param {number} seed @param {readonly (readonly [Shape, Colour, number])[]} kinds with how many of each
 */
function scatter(seed, kinds, size = 19) {
  const random = createRandom(seed);
  /** @type {Thing[]} */
  const things = [];
  for (const [kind, colour, count] of kinds) {
    for (let placed = 0; placed < count;) {
      const [x, y] = [random(), random()].map((part) => Math.round(size + 8 + part * (SIDE - 2 * size - 16)));
      if (things.some((each) => Math.hypot(each.x - x, each.y - y) < 2.5 * size)) continue;
      things.push({ kind, colour, x, y, size });
      placed++;
    }
  }
  return things;
}

/** @param {readonly Thing[]} things @param {Partial<Thing>} wanted */
const count = (things, wanted) =>
  things.filter((thing) => Object.entries(wanted).every(([key, value]) => thing[key] === value)).length;

/** @param {readonly Thing[]} things @param {(thing: Thing) => boolean} test */
function only(things, test) {
  const [found, ...others] = things.filter(test);
  if (found === undefined || others.length > 0) throw new Error('not exactly one thing is meant');
  return found;
}

/** The kind or colour that one thing has and all others have not. @param {readonly Thing[]} things @param {'kind' | 'colour'} key */
const findOdd = (things, key) => only(things, (thing) => count(things, { [key]: thing[key] }) === 1)[key];

/** @param {readonly Thing[]} things */
const bySize = (things) => things.toSorted((one, other) => other.size - one.size);

/** @param {Thing} one @param {Thing} other */
const contains = (one, other) => Math.hypot(one.x - other.x, one.y - other.y) + other.size <= one.size;

/** A grid of three by three. @param {(at: number) => { kind: Shape, colour: Colour }} choose @returns {Thing[]} */
const makeGrid = (choose) =>
  Array.from({ length: 9 }, (_, at) => ({
    ...choose(at),
    x: MIDDLE + ((at % 3) - 1) * 76,
    y: MIDDLE + (Math.floor(at / 3) - 1) * 76,
    size: 26,
  }));

const CHART_FOOT = 216;
/** Bars side by side with their numbers below. @param {readonly (readonly [Colour, number])[]} bars @returns {Thing[]} */
const makeChart = (bars) => [
  ...bars.flatMap(([colour, height], at) => {
    const x = 46 + at * ((SIDE - 92) / (bars.length - 1));
    return /** @type {Thing[]} */ ([
      { kind: 'bar', colour, x, y: CHART_FOOT, size: 17, height },
      { kind: 'text', colour: 'black', x, y: 236, size: 3, text: String(at + 1) },
    ]);
  }),
  { kind: 'bar', colour: 'black', x: MIDDLE, y: CHART_FOOT + 3, size: 112, height: 3 },
];
/** @param {readonly Thing[]} things */
const listBars = (things) =>
  things.flatMap((thing) => (thing.kind === 'bar' && thing.colour !== 'black' ? [thing] : []));

/** A face with strokes at the hours, and no digits. @param {number} hour @param {number} minute @returns {Thing[]} */
const makeClock = (hour, minute) => [
  { kind: 'circle', colour: 'black', x: MIDDLE, y: MIDDLE, size: 112 },
  { kind: 'circle', colour: 'yellow', x: MIDDLE, y: MIDDLE, size: 106 },
  ...Array.from({ length: 12 }, (_, at) => {
    const angle = (at / 12) * 2 * Math.PI;
    const [x, y] = [MIDDLE + 86 * Math.sin(angle), MIDDLE - 86 * Math.cos(angle)];
    return /** @type {Thing} */ ({
      kind: 'hand',
      colour: 'black',
      x,
      y,
      size: at % 3 === 0 ? 4 : 2,
      length: 14,
      turn: at / 12,
    });
  }),
  {
    kind: 'hand',
    colour: 'black',
    x: MIDDLE,
    y: MIDDLE,
    size: 5,
    length: 50,
    turn: (hour + minute / 60) / 12,
  },
  { kind: 'hand', colour: 'red', x: MIDDLE, y: MIDDLE, size: 3, length: 80, turn: minute / 60 },
  { kind: 'circle', colour: 'black', x: MIDDLE, y: MIDDLE, size: 8 },
];
/** Where a hand of the clock points, in hours or minutes. @param {readonly Thing[]} things @param {Colour} colour @param {number} parts */
const readHand = (things, colour, parts) => {
  const hand = only(
    things,
    (thing) => thing.kind === 'hand' && thing.colour === colour && thing.x === MIDDLE && thing.y === MIDDLE,
  );
  return hand.kind === 'hand' ? Math.round(hand.turn * parts * 60) / 60 : NaN;
};

/** @param {string} text @param {Colour} colour @param {number} [y] @param {number} [size] @returns {Thing} */
const write = (text, colour, y = MIDDLE, size = 5) => ({ kind: 'text', colour, x: MIDDLE, y, size, text });
/** @param {readonly Thing[]} things @param {Colour} colour */
const readText = (things, colour) => {
  const thing = only(things, (each) => each.kind === 'text' && each.colour === colour);
  return thing.kind === 'text' ? thing.text : '';
};
/** @param {string} sum such as `2 + 3 =` */
const add = (sum) => (sum.match(/\d+/g) ?? []).reduce((total, part) => total + Number(part), 0);

/** @template {readonly Thing[]} Things @param {Things} things @param {(things: Things) => string | number} look @returns {Scene} */
const show = (things, look) => ({ things, answer: look(things) });

/** @type {Record<string, Scene>} */
export const SCENES = {
  'counting-1': show(scatter(11, [['circle', 'blue', 5]], 22), (things) => count(things, { kind: 'circle' })),
  'counting-2': show(
    scatter(12, [
      ['triangle', 'red', 4],
      ['square', 'red', 3],
      ['circle', 'red', 2],
    ]),
    (things) => count(things, { kind: 'triangle' }),
  ),
  'counting-3': show(
    scatter(13, [
      ['circle', 'green', 3],
      ['star', 'purple', 3],
      ['square', 'green', 2],
      ['diamond', 'green', 2],
      ['triangle', 'purple', 2],
    ]),
    (things) => count(things, { colour: 'green' }),
  ),
  'counting-4': show(
    scatter(
      14,
      [
        ['square', 'orange', 8],
        ['circle', 'orange', 5],
      ],
      17,
    ),
    (things) => count(things, { kind: 'square' }) - count(things, { kind: 'circle' }),
  ),
  'position-1': show(
    [
      { kind: 'star', colour: 'blue', x: 190, y: MIDDLE, size: 44 },
      { kind: 'square', colour: 'blue', x: 66, y: MIDDLE, size: 40 },
    ],
    (things) => things.toSorted((one, other) => one.x - other.x)[0].kind,
  ),
  'position-2': show(
    [
      { kind: 'circle', colour: 'red', x: MIDDLE, y: 70, size: 40 },
      { kind: 'triangle', colour: 'green', x: MIDDLE, y: 186, size: 44 },
    ],
    (things) => (only(things, isKind('circle')).y < only(things, isKind('triangle')).y ? 'above' : 'below'),
  ),
  'position-3': show(
    [
      { kind: 'circle', colour: 'purple', x: 36, y: MIDDLE, size: 24 },
      { kind: 'diamond', colour: 'purple', x: 97, y: MIDDLE, size: 28 },
      { kind: 'star', colour: 'purple', x: 159, y: MIDDLE, size: 27 },
      { kind: 'square', colour: 'purple', x: 220, y: MIDDLE, size: 24 },
    ],
    (things) => {
      const { x } = only(things, isKind('diamond'));
      return things.filter((thing) => thing.x > x).toSorted((one, other) => one.x - other.x)[0].kind;
    },
  ),
  'position-4': show(
    [
      { kind: 'circle', colour: 'orange', x: 50, y: 50, size: 32 },
      { kind: 'circle', colour: 'orange', x: 206, y: 50, size: 32 },
      { kind: 'star', colour: 'orange', x: 50, y: 206, size: 36 },
      { kind: 'circle', colour: 'orange', x: 206, y: 206, size: 32 },
    ],
    (things) => {
      const { x, y } = only(things, isKind('star'));
      return `${y < MIDDLE ? 'top' : 'bottom'} ${x < MIDDLE ? 'left' : 'right'}`;
    },
  ),
  'containment-1': show(
    [
      { kind: 'ring', colour: 'black', x: 92, y: 110, size: 76 },
      { kind: 'triangle', colour: 'red', x: 92, y: 108, size: 38 },
      { kind: 'square', colour: 'red', x: 212, y: 52, size: 30 },
      { kind: 'star', colour: 'red', x: 206, y: 204, size: 36 },
    ],
    (things) => {
      const ring = only(things, isKind('ring'));
      return only(things, (thing) => thing !== ring && contains(ring, thing)).kind;
    },
  ),
  'size-1': show(
    [
      { kind: 'circle', colour: 'red', x: 46, y: 170, size: 26 },
      { kind: 'circle', colour: 'green', x: 128, y: 92, size: 62 },
      { kind: 'circle', colour: 'blue', x: 208, y: 186, size: 36 },
    ],
    (things) => bySize(things)[0].colour,
  ),
  'size-2': show(
    [
      { kind: 'square', colour: 'yellow', x: 190, y: 62, size: 34 },
      { kind: 'square', colour: 'blue', x: 70, y: 74, size: 60 },
      { kind: 'square', colour: 'red', x: 186, y: 186, size: 48 },
      { kind: 'square', colour: 'green', x: 72, y: 202, size: 24 },
    ],
    (things) => bySize(things)[1].colour,
  ),
  'reading-1': show([write('LANTERN', 'black')], (things) => readText(things, 'black')),
  'reading-2': show([write('4827', 'blue', MIDDLE, 8)], (things) => Number(readText(things, 'blue'))),
  'reading-3': show([write('RIVER', 'green', 78, 6), write('STONE', 'red', 178, 6)], (things) =>
    readText(things, 'red'),
  ),
  'reading-4': show([write('17 + 25 =', 'black', MIDDLE, 4)], (things) => add(readText(things, 'black'))),
  'odd-one-out-1': show(
    makeGrid((at) => ({ kind: at === 5 ? 'triangle' : 'circle', colour: 'blue' })),
    (things) => findOdd(things, 'kind'),
  ),
  'odd-one-out-2': show(
    makeGrid((at) => ({ kind: at % 2 === 0 ? 'square' : 'diamond', colour: at === 6 ? 'purple' : 'orange' })),
    (things) => findOdd(things, 'colour'),
  ),
  'chart-1': show(
    makeChart([
      ['blue', 90],
      ['blue', 60],
      ['blue', 180],
      ['blue', 130],
    ]),
    (things) => {
      const heights = listBars(things).map(({ height }) => height);
      return heights.indexOf(Math.max(...heights)) + 1;
    },
  ),
  'chart-2': show(
    makeChart([
      ['green', 150],
      ['purple', 70],
      ['red', 110],
      ['orange', 180],
      ['yellow', 90],
      ['blue', 140],
    ]),
    (things) => {
      const bars = listBars(things);
      const red = bars.find(({ colour }) => colour === 'red')?.height ?? NaN;
      return bars.filter(({ height }) => height > red).length;
    },
  ),
  'clock-1': show(makeClock(3, 0), (things) => readHand(things, 'black', 12)),
  'clock-2': show(makeClock(7, 20), (things) => readHand(things, 'red', 60)),
  'arrow-1': show(
    [{ kind: 'arrow', colour: 'red', x: MIDDLE, y: MIDDLE, size: 90, direction: 'left' }],
    (things) => things[0].direction,
  ),
  'arrow-2': show(
    /** @type {Thing[]} */ (
      ['left', 'up', 'left', 'right', 'left', 'down', 'up', 'left', 'left'].map((direction, at) => ({
        kind: 'arrow',
        colour: 'green',
        x: MIDDLE + ((at % 3) - 1) * 78,
        y: MIDDLE + (Math.floor(at / 3) - 1) * 78,
        size: 30,
        direction,
      }))
    ),
    (things) => count(things, { direction: 'left' }),
  ),
  'false-premise-1': show(
    [
      { kind: 'circle', colour: 'red', x: 72, y: 88, size: 46 },
      { kind: 'square', colour: 'blue', x: 182, y: 168, size: 48 },
    ],
    (things) => (count(things, { kind: 'triangle' }) === 0 ? 'none' : 'some'),
  ),
  'false-premise-2': show(
    [
      { kind: 'circle', colour: 'green', x: 74, y: MIDDLE, size: 50 },
      { kind: 'circle', colour: 'yellow', x: 184, y: MIDDLE, size: 50 },
      { kind: 'text', colour: 'black', x: 74, y: MIDDLE, size: 8, text: '5' },
    ],
    (things) => {
      const circle = only(things, (thing) => thing.kind === 'circle' && thing.colour === 'yellow');
      return things.some((thing) => thing.kind === 'text' && contains(circle, thing)) ? 'some' : 'none';
    },
  ),
};

/** @param {Thing['kind']} kind @returns {(thing: Thing) => boolean} */
function isKind(kind) {
  return (thing) => thing.kind === kind;
}
