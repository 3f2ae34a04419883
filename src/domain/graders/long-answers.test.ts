import { describe, it } from 'vitest';
import { HANG_MS, IS_THOROUGH } from '../testing/hostile';
import { graderRegistry } from './registry';
import { hugePieces } from './testing/huge-pieces';
import { context, expectSound, specsOf, testCase } from './testing/samples';

/** More than any model answers. What grows with the square of the length would take hours for all of these. */
const CHARACTERS = 30_000;

describe.each([...graderRegistry.values()].map((grader) => [grader.id, grader] as const))(
  'the grader %s',
  (_id, grader) => {
    it('grades answers of 30,000 characters', { timeout: HANG_MS }, async () => {
      const specs = specsOf(grader);
      for (const [index, piece] of hugePieces.entries()) {
        const answer = piece.repeat(Math.ceil(CHARACTERS / piece.length));
        // Each piece with one way to ask, in turn; `npm run fuzz` tries each with all.
        const asked = IS_THOROUGH ? specs : specs.filter((_, at) => at === index % specs.length);
        for (const spec of asked) {
          expectSound(await grader.grade(answer, spec, testCase(spec), context));
        }
      }
    });
  },
);
