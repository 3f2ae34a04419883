import { toFault, type Fault } from '../../domain/fault';
import type { Adapter, LoraPlan } from '../../domain/model/lora-model';
import { MAX_LORA_SCALE, type Model } from '../../domain/model/model';
import type { Adapters, LoraBase } from './adapters.svelte';
import type { PickedFile } from './own-models.svelte';

/** @returns undefined for what is no number, or out of bounds; a comma is a point */
export function readScale(text: string): number | undefined {
  const trimmed = text.trim().replace(',', '.');
  const scale = Number(trimmed);
  return trimmed !== '' && Math.abs(scale) <= MAX_LORA_SCALE ? scale : undefined;
}

/** An adapter being chosen for a model: whether they go together is found out as soon as there is one. */
export class LoraDraft {
  readonly mostScale = MAX_LORA_SCALE;
  #adapter = $state.raw<Adapter | undefined>();
  #scaleText = $state('1');
  #plan = $state.raw<LoraPlan | undefined>();
  #task = $state.raw<'reading' | 'making' | undefined>();
  #fault = $state.raw<Fault | undefined>();
  #asked = 0;
  #abort = new AbortController();

  constructor(
    private readonly adapters: Pick<Adapters, 'pick' | 'fetch' | 'plan' | 'make'>,
    private readonly base: LoraBase,
  ) {}

  get adapter(): Adapter | undefined {
    return this.#adapter;
  }

  get scaleText(): string {
    return this.#scaleText;
  }

  set scaleText(text: string) {
    this.#scaleText = text;
  }

  /** Undefined where what was typed cannot be one. */
  get scale(): number | undefined {
    return readScale(this.#scaleText);
  }

  /** What a merge with the present adapter would make, at any scale but 0. */
  get plan(): LoraPlan | undefined {
    return this.#plan;
  }

  get task(): 'reading' | 'making' | undefined {
    return this.#task;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  async choose(adapter: Adapter | undefined): Promise<void> {
    await this.#read(() => Promise.resolve(adapter));
  }

  async pick(picked: readonly PickedFile[]): Promise<void> {
    if (picked.length > 0) await this.#read(() => this.adapters.pick(picked));
  }

  async fetch(address: string): Promise<void> {
    if (address.trim() !== '') await this.#read(() => this.adapters.fetch(address));
  }

  /** @returns undefined when it could not be made: `fault` tells why */
  async make(): Promise<Model | undefined> {
    const { scale } = this;
    const adapter = this.#adapter;
    const plan = this.#plan;
    if (adapter === undefined || plan === undefined || scale === undefined) return undefined;
    if (this.#task !== undefined) return undefined;
    this.#task = 'making';
    this.#fault = undefined;
    try {
      return await this.adapters.make(this.base, adapter, scale, plan, this.#abort.signal);
    } catch (error) {
      this.#fault = toFault(error);
      return undefined;
    } finally {
      this.#task = undefined;
    }
  }

  /** The form was left. */
  close(): void {
    this.#asked++;
    this.#abort.abort();
  }

  /** Only the last thing asked for counts. */
  async #read(find: () => Promise<Adapter | undefined>): Promise<void> {
    const number = ++this.#asked;
    const isWanted = () => number === this.#asked;
    this.#task = 'reading';
    this.#plan = undefined;
    this.#fault = undefined;
    try {
      const adapter = await find();
      if (!isWanted()) return;
      this.#adapter = adapter;
      const plan = adapter && (await this.adapters.plan(this.base, adapter));
      if (isWanted()) this.#plan = plan;
    } catch (error) {
      if (isWanted()) this.#fault = toFault(error);
    } finally {
      if (isWanted()) this.#task = undefined;
    }
  }
}
