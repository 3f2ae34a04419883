import { toFault, type Fault } from '../../domain/fault';
import type { ModelFilesClient } from '../../worker/client';
import type { CachedFile } from '../../worker/protocol';

export interface CachedFilesPorts {
  readonly client: Pick<ModelFilesClient, 'listCached' | 'deleteCached'>;
  readonly storage: Pick<StorageManager, 'estimate' | 'persist' | 'persisted'>;
}

interface Room {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

/** What of models is kept in the browser's storage, and how much room there is. */
export class CachedFiles {
  #files = $state.raw<readonly CachedFile[] | undefined>();
  #room = $state.raw<Room | undefined>();
  #persisted = $state.raw<boolean | undefined>();
  #fault = $state.raw<Fault | undefined>();

  constructor(private readonly ports: CachedFilesPorts) {}

  /** Undefined until asked for. */
  get files(): readonly CachedFile[] | undefined {
    return this.#files;
  }

  /** Undefined where the browser does not tell. */
  get room(): Room | undefined {
    return this.#room;
  }

  /** Whether the browser has promised not to clear the storage by itself. */
  get persisted(): boolean | undefined {
    return this.#persisted;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  async refresh(): Promise<void> {
    this.#fault = undefined;
    await this.#load();
  }

  async delete(fileId: string): Promise<void> {
    this.#fault = undefined;
    try {
      await this.ports.client.deleteCached(fileId);
    } catch (error) {
      this.#fault = toFault(error);
    }
    await this.#load();
  }

  /** Asks the browser to keep the storage; it decides. */
  async persist(): Promise<void> {
    this.#persisted = await this.ports.storage.persist().catch(() => false);
  }

  async #load(): Promise<void> {
    const { client, storage } = this.ports;
    try {
      const [files, estimate, persisted] = await Promise.all([
        client.listCached(),
        storage.estimate().catch((): StorageEstimate => ({})),
        storage.persisted().catch(() => undefined),
      ]);
      this.#files = files.toSorted((a, b) => b.storedAt - a.storedAt);
      this.#persisted = persisted;
      const { quota, usage = 0 } = estimate;
      this.#room =
        quota === undefined ? undefined : { usedBytes: usage, freeBytes: Math.max(0, quota - usage) };
    } catch (error) {
      this.#fault ??= toFault(error);
    }
  }
}
