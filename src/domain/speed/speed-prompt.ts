/** Plain prose of about 20 tokens a sentence; the model is to read it, nobody else. */
const SENTENCES = [
  'The old clockmaker opened his shop at seven, swept the floor, and wound every clock along the wall.',
  'A girl from the next street came in with a silver watch that had stopped in the night.',
  'He turned it over, listened for a moment, and said that the spring was whole but the oil had dried.',
  'While he worked she walked from shelf to shelf and compared the hands of all the clocks.',
  'Two of them ran a minute fast, one ran slow, and the tallest struck the hour before the rest.',
  'She asked how he knew the right time when no two of them agreed.',
  'He answered that he did not trust any single clock, but that most of them could not be wrong together.',
  'Every Sunday he carried a small chronometer to the harbour and set it by the signal from the tower.',
  'Then he came home and moved the others, a little at a time, so as not to hurt them.',
  'The girl thought about that, and wrote down the numbers that the clocks were showing.',
  'When she had added them and divided by their count, the result was closer than any one of them.',
  'The clockmaker laughed, closed the silver case, and gave the watch back without asking for money.',
];

/** Goes on by itself, so that a model does not end its answer before the measurement does. */
const COUNTING =
  'Then she counted the clocks aloud: one, two, three, four, five, six, seven, eight, nine, ten, eleven,';

/**
 * Text to read and go on with. Each repetition begins differently, or an engine's cache of the last prompt would
 * answer instead of the engine.
 */
export function makeSpeedPrompt(sentences: number, repetition: number): string {
  const prose = Array.from({ length: sentences }, (_, index) => SENTENCES[index % SENTENCES.length]);
  return [`${repetition} is the number of this page.`, ...prose, COUNTING].join(' ');
}
