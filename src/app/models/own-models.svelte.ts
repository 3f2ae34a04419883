import * as v from 'valibot';
import { FaultError, toFault, type Fault } from '../../domain/fault';
import type { InspectedModel } from '../../domain/model/gguf-model';
import type { LocalFile } from '../../domain/download/local-file';
import type { Adapter } from '../../domain/model/lora-model';
import { bringWeights } from '../../domain/model/mlc-weights';
import { listFiles, parseModel, type Artifact, type Model } from '../../domain/model/model';
import { parseWith } from '../../domain/parse';
import type { SettingsStore } from '../../domain/run/ports';
import type { TransferProgress } from '../../domain/download/stored-file';
import type { ModelFilesClient } from '../../worker/client';

/** Where models from picked files are remembered. */
const KEY = 'own-models';
const MOST_MODELS = 50;

/** A file as a person brought it; browsers that have handles give one that lasts. */
export interface PickedFile {
  readonly file: File;
  readonly handle?: FileSystemFileHandle | undefined;
}

/** The part of `LocalFileStore` that the page needs. */
export interface LocalFilesPort {
  remember(file: File, handle?: FileSystemFileHandle): Promise<LocalFile>;
  open(key: string): Promise<LocalFile>;
  list(): Promise<readonly { readonly key: string }[]>;
  forget(key: string): Promise<void>;
}

export interface OwnModelsPorts {
  readonly client: Pick<ModelFilesClient, 'inspectFiles' | 'importLocal' | 'findMlcWeights'>;
  readonly files: LocalFilesPort;
  readonly settings: SettingsStore;
  /** Of a stand-in for the Hub. */
  readonly hubUrl?: string | undefined;
  /** A LoRA adapter was picked by itself. */
  readonly onAdapter: (adapter: Adapter) => void;
}

export interface OwnModel extends InspectedModel {
  /** All of its files are in the browser's storage too: they need not be picked again. */
  readonly copied: boolean;
}

interface Copying {
  readonly modelId: string;
  readonly progress: TransferProgress;
}

const storedSchema = v.array(
  v.object({
    model: v.unknown(),
    templateFrom: v.picklist(['file', 'name', 'plain', 'base']),
    templateName: v.exactOptional(v.pipe(v.string(), v.maxLength(100))),
    copied: v.boolean(),
  }),
);

/** Models from files that the person picked. */
export class OwnModels {
  #models = $state.raw<readonly OwnModel[]>([]);
  #reading = $state.raw(false);
  #copying = $state.raw<Copying | undefined>();
  #fault = $state.raw<Fault | undefined>();
  #abort: AbortController | undefined;
  #recalled: Promise<void> | undefined;

  constructor(private readonly ports: OwnModelsPorts) {}

  /** Newest first. */
  get models(): readonly OwnModel[] {
    return this.#models;
  }

  /** The headers of picked files are being read. */
  get reading(): boolean {
    return this.#reading;
  }

  get copying(): Copying | undefined {
    return this.#copying;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Brings back those of earlier visits that can still be opened. */
  recall(): Promise<void> {
    return (this.#recalled ??= this.#recall());
  }

  /** Makes one model of files picked together. */
  async pick(picked: readonly PickedFile[]): Promise<void> {
    if (picked.length === 0 || this.#reading) return;
    this.#reading = true;
    this.#fault = undefined;
    try {
      await this.recall();
      const files: LocalFile[] = [];
      for (const { file, handle } of picked) files.push(await this.ports.files.remember(file, handle));
      const inspected = await this.ports.client.inspectFiles(files);
      if ('adapter' in inspected) this.ports.onAdapter(inspected.adapter);
      else await this.#add(inspected, this.#find(inspected.model.id)?.copied ?? false);
    } catch (error) {
      this.#fault = toFault(error);
    } finally {
      this.#reading = false;
    }
  }

  /** A model made of another: with an adapter, or with weights of the person's own. */
  async derive(model: Model): Promise<void> {
    await this.recall();
    const copied = this.#models.filter((each) => each.copied).flatMap((each) => listKeysOf(each.model));
    await this.#add(
      { model, templateFrom: 'base' },
      listWeightKeys(model).every((key) => copied.includes(key)),
    );
  }

  /**
   * A row that has no weights, with those that the person has converted.
   * @param reference a repo on the Hub, or an address
   * @throws FaultError when they are not there, or are not for it
   */
  async bringWeights(model: Model, artifact: Artifact, reference: string): Promise<Model> {
    const { client, hubUrl } = this.ports;
    const request = { model, artifact, reference, ...(hubUrl !== undefined && { hubUrl }) };
    const made = await bringWeights(model, artifact, await client.findMlcWeights(request));
    await this.derive(made);
    return made;
  }

  /** Copies a model's files into the browser's storage, where they stay without being picked again. */
  async copy({ model }: OwnModel): Promise<void> {
    const [artifact] = model.artifacts;
    if (artifact === undefined || this.#copying !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#fault = undefined;
    const totalBytes = listFiles(artifact).reduce((sum, { bytes = 0 }) => sum + bytes, 0);
    this.#copying = { modelId: model.id, progress: { doneBytes: 0, totalBytes, receivedBytes: 0 } };
    try {
      let earlierBytes = 0;
      for (const file of await this.#openAll(artifact)) {
        const end = await this.ports.client.importLocal(
          file,
          (events) => {
            const doneBytes = earlierBytes + (events.at(-1)?.progress.doneBytes ?? 0);
            this.#copying = { modelId: model.id, progress: { doneBytes, totalBytes, receivedBytes: 0 } };
          },
          abort.signal,
        );
        if (end.kind === 'failed') throw new FaultError(end.fault);
        if (end.kind === 'stopped') return;
        earlierBytes += file.file.size;
      }
      const keys = listLocalKeys(artifact);
      // Also of models made of this one.
      const isCopied = (each: OwnModel) =>
        each.copied || listWeightKeys(each.model).every((key) => keys.includes(key));
      await this.#keep(this.#models.map((each) => ({ ...each, copied: isCopied(each) })));
    } catch (error) {
      this.#fault = toFault(error);
    } finally {
      this.#copying = undefined;
      this.#abort = undefined;
    }
  }

  /**
   * The picked files that an artifact names; asks the browser for them, so it follows a click.
   * @throws FaultError `bad-input` when one has to be picked again and there is no copy
   */
  async open(artifact: Artifact): Promise<readonly LocalFile[]> {
    if (listLocalKeys(artifact).length === 0) return [];
    await this.recall();
    const own = this.#find(artifact.id);
    // The worker finds the copies by itself.
    return own?.copied === true ? [] : await this.#openAll(artifact);
  }

  stopCopying(): void {
    this.#abort?.abort();
  }

  /** Neither the files themselves nor a copy in the storage are touched. */
  async forget({ model }: OwnModel): Promise<void> {
    await this.#keep(this.#models.filter((each) => each.model.id !== model.id));
    const needed = this.#models.flatMap((each) => listKeysOf(each.model));
    for (const key of listKeysOf(model).filter((each) => !needed.includes(each))) {
      await this.ports.files.forget(key).catch(() => undefined);
    }
  }

  async #openAll(artifact: Artifact): Promise<readonly LocalFile[]> {
    const opened: LocalFile[] = [];
    for (const key of listLocalKeys(artifact)) {
      const file = this.ports.files.open(key);
      // There is a copy of an adapter that was added: the worker finds it, and says so where there is none.
      const found = isAdapterKey(artifact, key) ? await file.catch(() => undefined) : await file;
      if (found !== undefined) opened.push(found);
    }
    return opened;
  }

  #find(id: string): OwnModel | undefined {
    return this.#models.find(
      ({ model }) => model.id === id || model.artifacts.some((each) => each.id === id),
    );
  }

  async #add(inspected: InspectedModel, copied: boolean): Promise<void> {
    const others = this.#models.filter(({ model }) => model.id !== inspected.model.id);
    await this.#keep([{ ...inspected, copied }, ...others]);
  }

  async #recall(): Promise<void> {
    try {
      const stored = parseWith(storedSchema, await this.ports.settings.get(KEY), 'own models');
      const keys = (await this.ports.files.list()).map(({ key }) => key);
      this.#models = stored.flatMap(({ model, ...rest }) => {
        const parsed = parseModel(model);
        const isReachable = parsed.artifacts.every((artifact) =>
          listLocalKeys(artifact).every((key) => keys.includes(key) || isAdapterKey(artifact, key)),
        );
        return rest.copied || isReachable ? [{ ...rest, model: parsed }] : [];
      });
    } catch {
      // Never stored, of another version, or storage is forbidden: they can be picked again.
    }
  }

  async #keep(models: readonly OwnModel[]): Promise<void> {
    this.#models = models.slice(0, MOST_MODELS);
    await this.ports.settings.set(KEY, this.#models).catch(() => undefined);
  }
}

function listLocalKeys(artifact: Artifact): readonly string[] {
  return listFiles(artifact).flatMap(({ local }) => local ?? []);
}

function listKeysOf({ artifacts }: Model): readonly string[] {
  return artifacts.flatMap(listLocalKeys);
}

/** Without adapters: those that were added are copied already. */
function listWeightKeys({ artifacts }: Model): readonly string[] {
  return artifacts.flatMap((artifact) =>
    listLocalKeys(artifact).filter((key) => !isAdapterKey(artifact, key)),
  );
}

function isAdapterKey({ companions }: Artifact, key: string): boolean {
  return companions.some(({ kind, file }) => kind === 'lora' && file.local === key);
}
