import { elementAt } from '../../seeded-stream';
import { RUNS } from '../../testing/hostile';
import { makeProblems, type Family, type Problem } from '../generator';

/** Of each of five difficulties: 400, and 2,000 in `npm run fuzz`. */
const PROBLEMS = Math.min(2_000, Math.ceil(0.8 * RUNS));

/** Each problem has one answer, and the same by another way to solve it. @returns five at most for which that is not so */
export function findDisagreements<Premise, Question>(
  family: Family<Premise, Question>,
  solveAgain: (problem: Problem<Premise, Question>) => readonly number[],
  { every = 1, n = PROBLEMS }: { readonly every?: number; readonly n?: number } = {},
): string[] {
  const wrong: string[] = [];
  let checked = 0;
  for (const difficulty of [1, 2, 3, 4, 5]) {
    const problems = makeProblems(family, { seed: 1_000 + difficulty, n, difficulty });
    for (const [at, problem] of problems.entries()) {
      checked++;
      const answers = family.solve(problem);
      if (answers.length !== 1) wrong.push(`${answers.length} answers: ${JSON.stringify(problem)}`);
      else if (at % every === 0) {
        const again = [...solveAgain(problem)];
        if (again.length !== 1 || again[0] !== elementAt(answers, 0)) {
          wrong.push(`${answers.join()} and ${again.join()}: ${JSON.stringify(problem)}`);
        }
      }
    }
  }
  if (checked !== 5 * n) wrong.push(`only ${checked} problems`);
  return wrong.slice(0, 5);
}
