import { toFault, type Fault } from '../../domain/fault';
import type { RunRecord, RunStore, RunSummary } from '../../domain/run/ports';

export interface HistoryPorts {
  readonly runStore: RunStore;
  /** Ids of the runs under way in any tab. */
  readonly findLiveRuns: () => Promise<readonly string[]>;
  /** Settles once nobody runs this one any more. */
  readonly awaitRunEnd: (runId: string) => Promise<void>;
}

/** The journal as the page shows it. */
export class History {
  #runs = $state.raw<readonly RunSummary[] | undefined>();
  #live = $state.raw<readonly string[]>([]);
  #fault = $state.raw<Fault | undefined>();
  /** Not state: nothing is drawn from it. */
  readonly #awaited: string[] = [];

  constructor(private readonly ports: HistoryPorts) {}

  /** Newest first; undefined until read. */
  get runs(): readonly RunSummary[] | undefined {
    return this.#runs;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Ids of runs under way, here or in another tab. */
  get live(): readonly string[] {
    return this.#live;
  }

  /** The newest run, when the page or the browser closed before its end. */
  get interrupted(): RunSummary | undefined {
    const newest = this.#runs?.[0];
    return newest !== undefined && newest.run.end === undefined && !this.#live.includes(newest.run.id)
      ? newest
      : undefined;
  }

  async refresh(): Promise<void> {
    try {
      const [runs, live] = await Promise.all([this.ports.runStore.listRuns(), this.ports.findLiveRuns()]);
      this.#runs = runs;
      this.#live = live;
      this.#fault = undefined;
    } catch (error) {
      this.#fault = toFault(error);
    }
    const newest = this.#runs?.[0]?.run;
    if (newest !== undefined && newest.end === undefined && this.#live.includes(newest.id))
      void this.#refreshAfter(newest.id);
  }

  /**
   * A run may end without telling this page: in another tab, or in the worker of the page that was just reloaded, which
   * the browser ends a moment after this one has begun.
   */
  async #refreshAfter(runId: string): Promise<void> {
    if (this.#awaited.includes(runId)) return;
    this.#awaited.push(runId);
    try {
      await this.ports.awaitRunEnd(runId);
      await this.refresh();
    } finally {
      this.#awaited.splice(this.#awaited.indexOf(runId), 1);
    }
  }

  find(runId: string): Promise<RunRecord | undefined> {
    return this.ports.runStore.findRun(runId);
  }

  /** Gives up on an interrupted run; what it finished stays. */
  async endInterrupted(runId: string): Promise<void> {
    await this.ports.runStore.endRun(runId, { kind: 'stopped' });
    await this.refresh();
  }

  async delete(runId: string): Promise<void> {
    await this.ports.runStore.deleteRun(runId);
    await this.refresh();
  }
}
