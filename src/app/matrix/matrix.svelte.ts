import { badInput, toFault, type Fault } from '../../domain/fault';
import {
  findSampling,
  parseMatrixPlan,
  planMatrix,
  type MatrixCell,
  type MatrixPlan,
} from '../../domain/matrix/plan';
import type { RunRecord, SettingsStore } from '../../domain/run/ports';
import type { Bench } from '../run/bench.svelte';
import { makeOrder } from '../run/run-order';
import type { LoadedSet } from '../sets/test-sets';
import { emptyKeyed, withEntry, type Keyed } from './keyed';

/** Where the plan is remembered. */
const KEY = 'matrix';

export interface MatrixPorts {
  readonly bench: Pick<
    Bench,
    'busy' | 'run' | 'results' | 'testSet' | 'end' | 'fault' | 'start' | 'resume' | 'stop' | 'clear'
  >;
  readonly settings: SettingsStore;
  readonly findRun: (runId: string) => Promise<RunRecord | undefined>;
  /** Settles once nobody runs this one any more. */
  readonly awaitRunEnd: (runId: string) => Promise<void>;
  /** @throws FaultError */
  readonly openSet: (id: string) => Promise<LoadedSet>;
  readonly createId: () => string;
  /** Does the work once no other tab does it. */
  readonly holdAlone: (work: () => Promise<void>) => Promise<void>;
  /** Keeps the device awake until it is told that it may sleep. */
  readonly holdAwake: () => () => void;
}

/**
 * Several models on several sets, unattended. Each cell is a run of its own in the journal, under an id that was given
 * before it began: so a page that was closed in the middle goes on where it was.
 */
export class Matrix {
  #plan = $state.raw<MatrixPlan | undefined>();
  #isRead = $state(false);
  #activity = $state.raw<'idle' | 'waiting' | 'running'>('idle');
  #pausing = $state(false);
  #currentId = $state.raw<string | undefined>();
  #records = $state.raw(emptyKeyed<RunRecord>());
  #faults = $state.raw(emptyKeyed<Fault>());

  constructor(private readonly ports: MatrixPorts) {}

  /** Undefined where none is planned, and until it was asked for. */
  get plan(): MatrixPlan | undefined {
    return this.#plan;
  }

  /** What was stored has been looked at. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** `waiting`: another tab works through it. */
  get activity(): 'idle' | 'waiting' | 'running' {
    return this.#activity;
  }

  /** A pause was asked for, and the case under way is being dropped. */
  get pausing(): boolean {
    return this.#pausing;
  }

  /** Of the cell that is being run. */
  get currentId(): string | undefined {
    return this.#currentId;
  }

  /** Why a cell could not begin or broke off, since the page was opened. */
  get faults(): Keyed<Fault> {
    return this.#faults;
  }

  /** What is known of a cell's run, as far as it has come. */
  findRecord(runId: string): RunRecord | undefined {
    const { run, results, testSet } = this.ports.bench;
    if (run?.id === runId && testSet !== undefined) return { run, results, testSet };
    return this.#records.get(runId);
  }

  isDone({ runId, skipped }: MatrixCell): boolean {
    return skipped === true || this.#records.get(runId)?.run.end?.kind === 'finished';
  }

  /** Brings the stored plan back, and goes on with it where it was under way when the page was closed. */
  async recall(): Promise<void> {
    if (this.#activity !== 'idle') return;
    await this.#read();
    this.#isRead = true;
    if (this.#plan?.running === true) await this.go();
  }

  /** Plans a new one in place of the one there is, and begins. */
  async start(wanted: Pick<MatrixPlan, 'models' | 'sets' | 'sampling' | 'repeats'>): Promise<void> {
    if (this.#activity !== 'idle' || this.ports.bench.busy) return;
    this.#records = emptyKeyed();
    this.#faults = emptyKeyed();
    await this.#keep(planMatrix(wanted, this.ports.createId));
    await this.go();
  }

  /** Works through what is left. Does nothing while that is under way, or another run is. */
  async go(): Promise<void> {
    if (this.#activity !== 'idle' || this.#plan === undefined || this.ports.bench.busy) return;
    this.#activity = 'waiting';
    this.#pausing = false;
    try {
      await this.ports.holdAlone(() => this.#workThrough());
    } finally {
      this.#activity = 'idle';
      this.#pausing = false;
    }
  }

  pause(): void {
    if (this.#activity !== 'running') return;
    this.#pausing = true;
    this.ports.bench.stop();
  }

  /** Leaves a cell out; the next begins. What it has finished stays in the journal. */
  async skip(runId: string): Promise<void> {
    const kept = this.#changeCell(runId, (cell) => ({ ...cell, skipped: true }));
    if (this.#currentId === runId) this.ports.bench.stop();
    await kept;
  }

  /** Takes a cell back in. */
  async restore(runId: string): Promise<void> {
    await this.#changeCell(runId, ({ skipped: _skipped, ...cell }) => cell);
  }

  /** Forgets the plan; its runs stay in the journal. */
  async discard(): Promise<void> {
    if (this.#activity !== 'idle') return;
    this.#plan = undefined;
    this.#records = emptyKeyed();
    this.#faults = emptyKeyed();
    await this.ports.settings.set(KEY, undefined).catch(() => undefined);
  }

  async #workThrough(): Promise<void> {
    this.#activity = 'running';
    const letSleep = this.ports.holdAwake();
    try {
      // Another tab may have gone on meanwhile.
      await this.#read();
      await this.#change((plan) => ({ ...plan, running: true }));
      const tried: string[] = [];
      for (;;) {
        const cell = this.#plan?.cells.find((each) => !tried.includes(each.runId) && !this.isDone(each));
        if (cell === undefined || this.#pausing) break;
        tried.push(cell.runId);
        await this.#work(cell);
      }
    } finally {
      letSleep();
      this.#currentId = undefined;
      await this.#change((plan) => ({ ...plan, running: false }));
    }
  }

  async #work(cell: MatrixCell): Promise<void> {
    const { bench } = this.ports;
    const { runId } = cell;
    this.#currentId = runId;
    this.#setFault(runId, undefined);
    try {
      await this.#run(cell);
      const { end, fault } = bench;
      if (end?.kind === 'failed') this.#setFault(runId, fault ?? end.fault);
      // Stopped elsewhere on the page, where the run is shown too.
      if (end?.kind === 'stopped' && !this.#isSkipped(runId)) this.#pausing = true;
    } catch (error) {
      this.#setFault(runId, toFault(error));
    }
    await this.#readRecord(runId).catch(() => undefined);
    bench.clear();
  }

  async #run(cell: MatrixCell): Promise<void> {
    const { bench, awaitRunEnd, findRun, openSet } = this.ports;
    const plan = this.#plan;
    const choice = plan?.models[cell.modelAt];
    const wanted = plan?.sets[cell.setAt];
    if (plan === undefined || choice === undefined || wanted === undefined) return;
    // The worker of a page that was just closed may still be writing.
    await awaitRunEnd(cell.runId);
    const record = await findRun(cell.runId);
    if (record?.run.end?.kind === 'finished') return;
    if (record !== undefined) {
      await bench.resume(record, choice.model);
      return;
    }
    const { testSet, sha256 } = await openSet(wanted.id);
    if (sha256 !== wanted.sha256) throw badInput(wanted.title, 'it has changed since the matrix was planned');
    const order = makeOrder(choice, testSet, { sampling: findSampling(plan, cell), repeats: 1 });
    await bench.start(order, false, cell.runId);
  }

  #isSkipped(runId: string): boolean {
    return this.#plan?.cells.some((cell) => cell.runId === runId && cell.skipped === true) === true;
  }

  async #read(): Promise<void> {
    const stored = await this.ports.settings.get(KEY).catch(() => undefined);
    try {
      // Where storage is forbidden, what this page holds is all there is.
      if (stored !== undefined) this.#plan = parseMatrixPlan(stored);
    } catch {
      // Of another version of this page; its runs are in the journal.
    }
    await Promise.all(
      (this.#plan?.cells ?? []).map(({ runId }) => this.#readRecord(runId).catch(() => undefined)),
    );
  }

  async #readRecord(runId: string): Promise<void> {
    const record = await this.ports.findRun(runId);
    if (record === undefined) return;
    this.#records = withEntry(this.#records, runId, record);
  }

  #setFault(runId: string, fault: Fault | undefined): void {
    this.#faults = withEntry(this.#faults, runId, fault);
  }

  async #changeCell(runId: string, change: (cell: MatrixCell) => MatrixCell): Promise<void> {
    await this.#change((plan) => ({
      ...plan,
      cells: plan.cells.map((cell) => (cell.runId === runId ? change(cell) : cell)),
    }));
  }

  async #change(change: (plan: MatrixPlan) => MatrixPlan): Promise<void> {
    if (this.#plan !== undefined) await this.#keep(change(this.#plan));
  }

  /** A browser that forbids storage is no reason not to run. */
  async #keep(plan: MatrixPlan): Promise<void> {
    this.#plan = plan;
    this.#isRead = true;
    await this.ports.settings.set(KEY, plan).catch(() => undefined);
  }
}
