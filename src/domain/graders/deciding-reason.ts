import type { GraderOutcome, NotRun, Reason, Verdict } from './grader';
import { isMajority } from './self-consistency';

/**
 * Why an answer has its status: the reason of the first grader that passed, failed or could not run, as the case did.
 * Graders that are only recorded explain nothing, and a majority is for `settleRepeats` to explain.
 */
export function findDeciding(
  status: 'pass' | 'fail' | 'not-run',
  outcomes: readonly GraderOutcome[],
): Reason | null {
  const counted = outcomes.filter(
    ({ type, recorded, verdict }) =>
      recorded !== true && !isMajority(type) && reasonOf(verdict).code !== 'self-judged',
  );
  const deciding = counted.find(({ verdict }) =>
    'notRun' in verdict ? status === 'not-run' : status !== 'not-run' && verdict.pass === (status === 'pass'),
  );
  // A threshold can fail a case whose graders all pass, and the other way round.
  const chosen = deciding ?? counted[0] ?? outcomes[0];
  return chosen === undefined ? null : reasonOf(chosen.verdict);
}

function reasonOf(verdict: Verdict | NotRun): Reason {
  return 'notRun' in verdict ? verdict.notRun : verdict.reason;
}
