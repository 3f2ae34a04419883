import { toFault, type Fault } from '../../domain/fault';
import type { Model } from '../../domain/model/model';
import type { SettingsStore } from '../../domain/run/ports';
import type { RunEnd } from '../../domain/run/run';
import { parseSpeedReport, SPEED_PLANS, type SpeedPlan, type SpeedReport } from '../../domain/speed/speed';
import type { EngineClient } from '../../worker/client';
import type { SpeedEvent, SpeedPhase } from '../../worker/protocol';
import { Job } from '../run/job.svelte';

/** Where the last report is remembered. */
const KEY = 'speed';

export interface SpeedPorts {
  readonly client: EngineClient;
  readonly settings: SettingsStore;
  /** Absolute URL of `static-models/`. */
  readonly modelsUrl: string;
  readonly now: () => number;
}

type Contender = Extract<SpeedEvent, { readonly type: 'contender' }>;
type Repetition = Extract<SpeedEvent, { readonly type: 'repetition' }>;

/** The measurement of this device's speed: one at a time. The last report stays, over a reload too. */
export class Speed extends Job<SpeedPhase> {
  #planId = $state<SpeedPlan['id']>('quick');
  #contender = $state.raw<Contender | undefined>();
  #repetition = $state.raw<Repetition | undefined>();
  #report = $state.raw<SpeedReport | undefined>();
  #fault = $state.raw<Fault | undefined>();

  constructor(private readonly ports: SpeedPorts) {
    super(ports.now);
  }

  get planId(): SpeedPlan['id'] {
    return this.#planId;
  }

  set planId(id: SpeedPlan['id']) {
    this.#planId = id;
  }

  /** Whose turn it is. */
  get contender(): Contender | undefined {
    return this.#contender;
  }

  /** Which repetition is under way. */
  get repetition(): Repetition | undefined {
    return this.#repetition;
  }

  /** What has been measured, as far as it has come. */
  get report(): SpeedReport | undefined {
    return this.#report;
  }

  /** Why it could not start, or broke off. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Brings the last report back. */
  async recall(): Promise<void> {
    const stored = await this.ports.settings.get(KEY).catch(() => undefined);
    if (stored === undefined || this.busy || this.#report !== undefined) return;
    try {
      this.#report = parseSpeedReport(stored, 'speed report');
    } catch {
      // Written by another version: measuring again is cheap.
    }
  }

  /** Does nothing while one is under way. */
  async start(model: Model, artifactId: string): Promise<void> {
    if (this.busy) return;
    const plan = SPEED_PLANS.find(({ id }) => id === this.#planId) ?? SPEED_PLANS[0];
    if (plan === undefined) return;
    const { client, modelsUrl } = this.ports;
    await this.perform('checking', async (signal) => {
      this.#report = undefined;
      this.#fault = undefined;
      try {
        const request = { model, artifactId, plan, modelsUrl };
        this.#settle(await client.measureSpeed(request, (events) => events.forEach(this.#apply), signal));
      } catch (error) {
        this.#settle({ kind: 'failed', fault: toFault(error) });
      } finally {
        this.#contender = undefined;
        this.#repetition = undefined;
      }
    });
  }

  #settle(end: RunEnd): void {
    if (end.kind === 'failed') this.#fault = end.fault;
    if (this.#report === undefined) return;
    this.#report = { ...this.#report, end: end.kind };
    // A browser that forbids storage is no reason not to show it.
    if (this.#report.entries.length > 0)
      void this.ports.settings.set(KEY, this.#report).catch(() => undefined);
  }

  readonly #apply = (event: SpeedEvent): void => {
    switch (event.type) {
      case 'phase':
        this.enter(event.phase);
        this.#repetition = undefined;
        break;
      case 'transfer':
        this.receive(event.progress);
        break;
      case 'report-opened':
        this.#report = event.report;
        break;
      case 'contender':
        this.#contender = event;
        break;
      case 'repetition':
        this.#repetition = event;
        break;
      case 'roofline':
        if (this.#report !== undefined) this.#report = { ...this.#report, roofline: event.roofline };
        break;
      case 'entry':
        if (this.#report !== undefined) {
          this.#report = { ...this.#report, entries: [...this.#report.entries, event.entry] };
        }
        break;
    }
  };
}
