import type { Sampling } from '../../domain/engine/engine';
import type { TestSet } from '../../domain/sets/test-set';
import type { ModelChoice } from '../../worker/protocol';

/** What a run is to be; of any model, the chosen one or another. */
export interface RunOrder extends ModelChoice {
  readonly testSet: TestSet;
  readonly sampling: Sampling;
  /** How often each case is answered; once unless given. */
  readonly repeats?: number;
  /** A person has said yes to running the set's own code, for this run. */
  readonly allowScripts?: boolean;
}

/** What decides over an answer beside model and question. */
interface RunSettings {
  readonly sampling: Sampling;
  readonly repeats: number;
}

export function makeOrder(
  choice: ModelChoice,
  testSet: TestSet,
  { sampling, repeats }: RunSettings,
): RunOrder {
  return { ...choice, testSet, sampling, ...(repeats > 1 && { repeats }) };
}
