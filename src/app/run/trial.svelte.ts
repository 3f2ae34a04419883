import type { Fault } from '../../domain/fault';
import type { Result } from '../../domain/run/run';
import type { Case, TestSet } from '../../domain/sets/test-set';
import type { Bench } from './bench.svelte';
import type { Choices } from './choices.svelte';
import type { History } from '../results/history.svelte';

export interface TrialPorts {
  readonly bench: Bench;
  readonly choices: Pick<Choices, 'order'>;
  readonly history: Pick<History, 'delete'>;
}

/**
 * One case tried on the chosen model. It is a run like any other, on the same bench, but of one case, and it is taken out
 * of the journal when it is over: a score of one case is none.
 */
export class Trial {
  #testCase = $state.raw<Case | undefined>();
  #results = $state.raw<readonly Result[]>([]);
  #fault = $state.raw<Fault | undefined>();
  #busy = $state(false);

  constructor(private readonly ports: TrialPorts) {}

  get busy(): boolean {
    return this.#busy;
  }

  /** The case as it was tried. */
  get testCase(): Case | undefined {
    return this.#testCase;
  }

  get results(): readonly Result[] {
    return this.#busy ? this.ports.bench.results : this.#results;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Does nothing while a run is under way. */
  async start(testSet: TestSet, testCase: Case): Promise<void> {
    const { bench, choices, history } = this.ports;
    const order = choices.order({ ...testSet, cases: [testCase] });
    if (bench.busy || order === undefined) return;
    this.#testCase = testCase;
    this.#busy = true;
    this.#fault = undefined;
    this.#results = [];
    const { repeats: _repeats, ...once } = order;
    await bench.start(once, true);
    this.#results = bench.results;
    this.#fault = bench.fault;
    const runId = bench.run?.id;
    bench.clear();
    this.#busy = false;
    if (runId !== undefined) await history.delete(runId).catch(() => undefined);
  }

  stop(): void {
    if (this.#busy) this.ports.bench.stop();
  }
}
