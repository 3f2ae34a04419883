import { describe, it } from 'vitest';
import { HANG_MS } from '../testing/hostile';
import { graderRegistry } from './registry';
import { hugePieces } from './testing/huge-pieces';
import { context, expectSound, specsOf, testCase } from './testing/samples';

/** More than any model answers. What grows with the square of the length would take hours for all of these. */
const CHARACTERS = 30_000;

describe.each([...graderRegistry.values()].map((grader) => [grader.id, grader] as const))(
  'the grader %s',
  (_id, grader) => {
    it('grades answers of 30,000 characters', { timeout: HANG_MS }, async () => {
      for (const piece of hugePieces) {
        const answer = piece.repeat(Math.ceil(CHARACTERS / piece.length));
        for (const spec of specsOf(grader)) {
          expectSound(await grader.grade(answer, spec, testCase(spec), context));
        }
      }
    });
  },
);
