import * as v from 'valibot';
import { badInput, FaultError } from '../../domain/fault';
import type { LocalFile } from '../../domain/download/local-file';
import {
  adapterSchema,
  addAdapter,
  hasAdapter,
  nameAdapter,
  type Adapter,
  type LoraPlan,
} from '../../domain/model/lora-model';
import type { Artifact, Model } from '../../domain/model/model';
import { parseWith } from '../../domain/parse';
import type { SettingsStore } from '../../domain/run/ports';
import type { ModelFilesClient } from '../../worker/client';
import type { LocalFilesPort, OwnModels, PickedFile } from './own-models.svelte';

/** Where adapters are remembered. */
const KEY = 'adapters';
const MOST_ADAPTERS = 30;

export interface AdaptersPorts {
  readonly client: Pick<ModelFilesClient, 'inspectFiles' | 'inspectUrls' | 'planLora' | 'importLocal'>;
  readonly files: LocalFilesPort;
  readonly own: Pick<OwnModels, 'open' | 'derive'>;
  readonly settings: SettingsStore;
  /** Absolute URL of `static-models/`. */
  readonly modelsUrl: string;
  /** Of a stand-in for the Hub. */
  readonly hubUrl?: string | undefined;
}

/** A model's artifact that an adapter is to be added to. */
export interface LoraBase {
  readonly model: Model;
  readonly artifact: Artifact;
}

/** GGUF weights without an adapter: what two of them do together, neither was trained for. */
export function takesAdapter(artifact: Artifact): boolean {
  return artifact.format === 'gguf' && !hasAdapter(artifact);
}

/** A key for lists, by which it is chosen too. */
export const keyOfAdapter = nameAdapter;

/** LoRA adapters that the person picked or found, and the models that are made with them. */
export class Adapters {
  #all = $state.raw<readonly Adapter[]>([]);
  #recalled: Promise<void> | undefined;

  constructor(private readonly ports: AdaptersPorts) {}

  /** Newest first. */
  get all(): readonly Adapter[] {
    return this.#all;
  }

  /** Brings back those of earlier visits that can still be opened. */
  recall(): Promise<void> {
    return (this.#recalled ??= this.#recall());
  }

  async keep(adapter: Adapter): Promise<void> {
    // What is stored would else be written over before it was read.
    await this.recall();
    const known = this.#all.find((each) => nameAdapter(each) === nameAdapter(adapter));
    this.#store([
      { ...adapter, copied: adapter.copied || known?.copied === true },
      ...this.#all.filter((each) => each !== known),
    ]);
  }

  /** Neither the file itself nor a copy in the storage is touched. */
  forget(adapter: Adapter): void {
    this.#store(this.#all.filter((each) => nameAdapter(each) !== nameAdapter(adapter)));
  }

  /** Reads the header of a picked file. @throws FaultError `bad-input` for anything but one adapter */
  async pick([picked, ...others]: readonly PickedFile[]): Promise<Adapter> {
    if (picked === undefined || others.length > 0) throw badInput('LoRA adapter', 'pick one file');
    const file = await this.ports.files.remember(picked.file, picked.handle);
    return this.#take(await this.ports.client.inspectFiles([file]));
  }

  /** Reads the header of a file on the Hub or elsewhere. @throws FaultError */
  async fetch(address: string): Promise<Adapter> {
    return this.#take(await this.ports.client.inspectUrls([address.trim()], this.ports.hubUrl));
  }

  /** @throws FaultError */
  async plan({ artifact }: LoraBase, adapter: Adapter): Promise<LoraPlan> {
    const { client, own, modelsUrl } = this.ports;
    const localFiles = [...(await own.open(artifact)), ...(await this.#open(adapter))];
    return await client.planLora({ artifact, adapter, modelsUrl, localFiles });
  }

  /**
   * The model with the adapter, as a model of its own. Nothing is merged before it is first used; a picked adapter is
   * copied into the browser's storage, so that it need not be picked again.
   * @throws FaultError
   */
  async make(
    { model, artifact }: LoraBase,
    adapter: Adapter,
    scale: number,
    plan: LoraPlan,
    signal: AbortSignal,
  ): Promise<Model> {
    for (const file of adapter.copied ? [] : await this.#open(adapter)) {
      const end = await this.ports.client.importLocal(file, () => undefined, signal);
      if (end.kind === 'failed') throw new FaultError(end.fault);
      if (end.kind === 'stopped') throw new FaultError({ kind: 'stopped' });
      await this.keep({ ...adapter, copied: true });
    }
    const made = await addAdapter(model, artifact, adapter, scale, plan);
    await this.ports.own.derive(made);
    return made;
  }

  async #take(inspected: Awaited<ReturnType<ModelFilesClient['inspectFiles']>>): Promise<Adapter> {
    if (!('adapter' in inspected)) throw badInput('LoRA adapter', 'it is a model');
    await this.keep(inspected.adapter);
    return inspected.adapter;
  }

  /** The worker finds a copy by itself. */
  async #open({ file: { local }, copied }: Adapter): Promise<readonly LocalFile[]> {
    if (local === undefined) return [];
    const opened = this.ports.files.open(local);
    return copied ? await opened.then((each) => [each]).catch(() => []) : [await opened];
  }

  async #recall(): Promise<void> {
    try {
      const stored = parseWith(v.array(adapterSchema), await this.ports.settings.get(KEY), 'adapters');
      const keys = (await this.ports.files.list()).map(({ key }) => key);
      const isReachable = ({ file: { local }, copied }: Adapter) =>
        copied || local === undefined || keys.includes(local);
      this.#all = stored.filter(isReachable);
    } catch {
      // Never stored, of another version, or storage is forbidden: they can be picked again.
    }
  }

  #store(adapters: readonly Adapter[]): void {
    this.#all = adapters.slice(0, MOST_ADAPTERS);
    void this.ports.settings.set(KEY, this.#all).catch(() => undefined);
  }
}
