import { parseDeviceCard, type DeviceCard } from '../../domain/engine/device';
import { toFault, type Fault } from '../../domain/fault';
import type { SettingsStore } from '../../domain/run/ports';
import type { EngineClient } from '../../worker/client';

/** Where the card is remembered. */
const KEY = 'device-card';

export interface DeviceProbePorts {
  readonly client: Pick<EngineClient, 'probeDevice'>;
  readonly settings: SettingsStore;
  readonly userAgent: string;
}

/** What this device can do: asked once, then remembered until the browser is another or a person asks again. */
export class DeviceProbe {
  #card = $state.raw<DeviceCard | undefined>();
  #fault = $state.raw<Fault | undefined>();
  #busy = $state.raw(false);

  constructor(private readonly ports: DeviceProbePorts) {}

  get card(): DeviceCard | undefined {
    return this.#card;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Why it could not be found out. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /**
   * The remembered card, or a new one.
   * @param mayProbe false while something runs: the probe takes the graphics memory for a moment
   */
  async load(mayProbe: boolean): Promise<void> {
    if (this.#card !== undefined || this.#busy) return;
    this.#busy = true;
    const card = await this.#recall();
    this.#busy = false;
    if (card !== undefined) this.#card = card;
    else if (mayProbe) await this.probe();
  }

  /** Does nothing while a probe is under way. */
  async probe(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#fault = undefined;
    try {
      this.#card = await this.ports.client.probeDevice();
      // A browser that forbids storage is no reason not to show it.
      await this.ports.settings.set(KEY, this.#card).catch(() => undefined);
    } catch (error) {
      this.#fault = toFault(error);
    } finally {
      this.#busy = false;
    }
  }

  async #recall(): Promise<DeviceCard | undefined> {
    try {
      const card = parseDeviceCard(await this.ports.settings.get(KEY));
      return card.userAgent === this.ports.userAgent.slice(0, 1_000) ? card : undefined;
    } catch {
      return undefined;
    }
  }
}
