// Draws a scene: things on paper, the later over the earlier, with soft edges.
import { isInText, measureText } from './font.mjs';

/**
 * @typedef {'circle' | 'square' | 'triangle' | 'star' | 'diamond' | 'cross' | 'ring'} Shape
 * @typedef {'up' | 'down' | 'left' | 'right'} Direction
 * @typedef {'red' | 'blue' | 'green' | 'yellow' | 'purple' | 'orange' | 'black'} Colour
 * @typedef {{ kind: Shape, colour: Colour, x: number, y: number, size: number }} ShapeThing x, y: the middle; size: half the width
 * @typedef {{ kind: 'arrow', colour: Colour, x: number, y: number, size: number, direction: Direction }} ArrowThing
 * @typedef {{ kind: 'text', colour: Colour, x: number, y: number, size: number, text: string }} TextThing size: of a dot
 * @typedef {{ kind: 'bar', colour: Colour, x: number, y: number, size: number, height: number }} BarThing x, y: middle of its foot
 * @typedef {{ kind: 'hand', colour: Colour, x: number, y: number, size: number, length: number, turn: number }} HandThing
 *   x, y: where it is fixed; turn: 0 to 1, clockwise from above
 * @typedef {ShapeThing | ArrowThing | TextThing | BarThing | HandThing} Thing
 */

export const SIDE = 256;
/** Samples of a pixel, across and down. */
const SAMPLES = 3;
const PAPER = [250, 249, 245];
/** @type {Record<Colour, readonly [number, number, number]>} */
const COLOURS = {
  red: [208, 36, 36],
  blue: [36, 84, 204],
  green: [36, 148, 68],
  yellow: [240, 192, 24],
  purple: [132, 52, 172],
  orange: [240, 120, 16],
  black: [28, 28, 28],
};

/** Whether a point, from the middle and in half widths, is inside. @type {Record<Shape, (x: number, y: number) => boolean>} */
const SHAPES = {
  circle: (x, y) => x * x + y * y <= 1,
  ring: (x, y) => x * x + y * y <= 1 && x * x + y * y >= 0.85,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.9,
  diamond: (x, y) => Math.abs(x) * 1.3 + Math.abs(y) <= 1,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) <= 0.28 && Math.max(Math.abs(x), Math.abs(y)) <= 0.95,
  triangle: (x, y) => y <= 0.8 && y >= -0.9 && Math.abs(x) <= ((y + 0.9) / 1.7) * 0.98,
  star: (x, y) => Math.hypot(x, y) <= findStarEdge(Math.atan2(x, -y)),
};

/** How far a star of five rays goes in a direction. @param {number} angle from above */
function findStarEdge(angle) {
  const part = (2 * Math.PI) / 5;
  const from = Math.abs((((angle % part) + 1.5 * part) % part) - part / 2);
  // A straight line from the tip of a ray to the inner corner.
  const inner = 0.42;
  const [cornerX, cornerY] = [inner * Math.sin(part / 2), inner * Math.cos(part / 2)];
  return cornerX / (Math.sin(from) * (1 - cornerY) + Math.cos(from) * cornerX);
}

/** An arrow to the right. @param {number} x @param {number} y */
const isInArrow = (x, y) =>
  (x >= -1 && x <= 0.2 && Math.abs(y) <= 0.2) || (x >= 0.2 && x <= 1 && Math.abs(y) <= (1 - x) * 0.75);

/** @type {Record<Direction, (x: number, y: number) => [number, number]>} */
const TURNS = {
  right: (x, y) => [x, y],
  left: (x, y) => [-x, y],
  up: (x, y) => [-y, x],
  down: (x, y) => [y, x],
};

/** @param {Thing} thing @param {number} px @param {number} py */
function isInside(thing, px, py) {
  const [dx, dy] = [px - thing.x, py - thing.y];
  switch (thing.kind) {
    case 'arrow':
      return isInArrow(...TURNS[thing.direction](dx / thing.size, dy / thing.size));
    case 'text': {
      const { width, height } = measureText(thing.text);
      const [x, y] = [dx / thing.size + width / 2, dy / thing.size + height / 2];
      return x >= 0 && y >= 0 && x < width && y < height && isInText(thing.text, x, y);
    }
    case 'bar':
      return Math.abs(dx) <= thing.size && dy <= 0 && dy >= -thing.height;
    case 'hand': {
      const angle = thing.turn * 2 * Math.PI;
      const along = dx * Math.sin(angle) - dy * Math.cos(angle);
      const aside = dx * Math.cos(angle) + dy * Math.sin(angle);
      return along >= 0 && along <= thing.length && Math.abs(aside) <= thing.size;
    }
    default:
      return SHAPES[thing.kind](dx / thing.size, dy / thing.size);
  }
}

/** What is seen at a point; undefined where the paper is bare. @param {readonly Thing[]} things @param {number} x @param {number} y */
export const findThing = (things, x, y) => things.findLast((each) => isInside(each, x, y));

/** @param {readonly Thing[]} things @returns {import('./png.mjs').Picture} */
export function drawScene(things) {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const sum = [0, 0, 0];
      for (let sample = 0; sample < SAMPLES ** 2; sample++) {
        const [right, down] = [sample % SAMPLES, Math.floor(sample / SAMPLES)];
        const thing = findThing(things, x + (right + 0.5) / SAMPLES, y + (down + 0.5) / SAMPLES);
        const colour = thing === undefined ? PAPER : COLOURS[thing.colour];
        for (let part = 0; part < 3; part++) sum[part] += colour[part];
      }
      for (let part = 0; part < 3; part++)
        pixels[(y * SIDE + x) * 3 + part] = Math.round(sum[part] / SAMPLES ** 2);
    }
  }
  return { width: SIDE, height: SIDE, pixels };
}
