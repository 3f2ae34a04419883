import type { Format } from '../../app/format';
import { listClaims } from '../../app/results/verdict';
import type { Contest } from '../../domain/statistics/contest';
import type { Claim } from '../../domain/statistics/verdict';
import { m } from '../messages/messages';

/** A number of questions beyond which nobody would go on. */
const MOST_QUESTIONS = 20_000;

/** What a contest shows, in whole sentences; the most important first. @param nameOf what a reader knows each by */
export function describeVerdict(
  contest: Contest,
  nameOf: (id: string) => string,
  format: Format,
): readonly string[] {
  const sentences = listClaims(contest).map((claim) => describeClaim(claim, nameOf, format));
  return sentences.length === 0 ? [m.verdict_nothing()] : sentences;
}

function describeClaim(claim: Claim, nameOf: (id: string) => string, format: Format): string {
  switch (claim.kind) {
    case 'better':
      return m.verdict_better({
        better: nameOf(claim.betterId),
        worse: format.list(claim.worseIds.map(nameOf)),
        count: format.number(claim.cases),
      });
    case 'tied':
      return describeTie(claim, nameOf, format);
    case 'many-tied':
      return m.verdict_many({
        names: format.list(claim.ids.map(nameOf)),
        best: nameOf(claim.bestId),
        count: format.number(claim.cases),
      });
    case 'others':
      return m.verdict_others({ pairs: format.number(claim.pairs), shown: format.number(claim.shown) });
  }
}

function describeTie(
  { firstId, secondId, cases, casesNeeded }: Extract<Claim, { kind: 'tied' }>,
  nameOf: (id: string) => string,
  format: Format,
): string {
  const both = { first: nameOf(firstId), second: nameOf(secondId), count: format.number(cases) };
  if (casesNeeded === undefined) return m.verdict_same(both);
  if (casesNeeded <= cases) return m.verdict_tied_few(both);
  if (casesNeeded > MOST_QUESTIONS) {
    return m.verdict_tied_many({ ...both, most: format.number(MOST_QUESTIONS) });
  }
  return m.verdict_tied_about({ ...both, needed: format.about(casesNeeded) });
}
