import type { CaseScore } from './compare';
import { testMcNemar } from './mcnemar';
import { adjustHolm } from './multiplicity';

export interface RankedModel {
  readonly id: string;
  readonly passed: number;
  /** Cases that every model has a verdict for. */
  readonly cases: number;
  /** Of the comparison with the best one, adjusted for there being several (Holm); 1 for the best itself. */
  readonly p: number;
  /** The best one, or one that these cases do not tell apart from it. */
  readonly tiedWithBest: boolean;
}

/** Best first. A rank says little where the cases do not tell models apart: exact McNemar against the best, Holm, 5 %. */
export function rankModels(
  models: readonly { readonly id: string; readonly scores: readonly CaseScore[] }[],
  level = 0.05,
): readonly RankedModel[] {
  const passes = models.map(({ scores }) => new Map(scores.map(({ caseId, pass }) => [caseId, pass])));
  const [first] = passes;
  if (first === undefined) return [];
  const common = [...first.keys()].filter((caseId) => passes.every((each) => each.has(caseId)));
  const ranked = models
    .map(({ id }, index) => {
      const passed = common.map((caseId) => passes[index]?.get(caseId) === true);
      return { id, passed, count: passed.filter(Boolean).length };
    })
    .sort((a, b) => b.count - a.count);
  const [best, ...others] = ranked;
  const adjusted = adjustHolm(
    others.map(({ passed }) => {
      const onlyBest = passed.filter((pass, at) => !pass && best?.passed[at] === true).length;
      const onlyOther = passed.filter((pass, at) => pass && best?.passed[at] === false).length;
      return testMcNemar(onlyBest, onlyOther);
    }),
  );
  return ranked.map(({ id, count }, at) => {
    const p = at === 0 ? 1 : (adjusted[at - 1] ?? 1);
    return { id, passed: count, cases: common.length, p, tiedWithBest: p >= level };
  });
}
