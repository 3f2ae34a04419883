import { shareOf, type CaseScore } from './compare';

/**
 * Repeated runs of one setup as one: of each case, how many of the runs' answers are right. A case counts where one run at
 * least has a verdict on it. In order of first appearance.
 */
export function poolScores(runs: readonly (readonly CaseScore[])[]): readonly CaseScore[] {
  const byCase = new Map<string, CaseScore[]>();
  for (const score of runs.flat()) {
    const known = byCase.get(score.caseId);
    if (known === undefined) byCase.set(score.caseId, [score]);
    else known.push(score);
  }
  return [...byCase.values()].flatMap((scores): CaseScore[] => {
    const [first] = scores;
    if (first === undefined) return [];
    const answers = scores.reduce((sum, { pooled }) => sum + (pooled?.answers ?? 1), 0);
    const right = scores.reduce(
      (sum, score) => sum + Math.round(shareOf(score) * (score.pooled?.answers ?? 1)),
      0,
    );
    return [
      {
        ...first,
        pass: 2 * right > answers,
        score: scores.reduce((sum, { score }) => sum + score, 0) / scores.length,
        pooled: { right, answers },
      },
    ];
  });
}
