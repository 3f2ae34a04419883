import { toFault, type Fault } from '../../domain/fault';
import type { InspectedModel } from '../../domain/model/gguf-model';
import type { Adapter } from '../../domain/model/lora-model';
import { HUB_URL, parseHubReference, type HubModel } from '../../domain/model/hub';
import type { ModelFilesClient } from '../../worker/client';
import { viewRepo, type RepoView } from './hub-repo';

export interface HubBrowserPorts {
  readonly client: Pick<ModelFilesClient, 'searchHub' | 'listRepo' | 'inspectUrls'>;
  /** Of a stand-in for the Hub. */
  readonly hubUrl?: string | undefined;
  /** A LoRA adapter's header was read. */
  readonly onAdapter: (adapter: Adapter) => void;
}

type Task = 'searching' | 'listing' | 'reading';

/** Models on the Hub: found, listed, and read as far as their headers. Only the last thing asked for counts. */
export class HubBrowser {
  #task = $state.raw<Task | undefined>();
  #hits = $state.raw<readonly HubModel[] | undefined>();
  #view = $state.raw<RepoView | undefined>();
  #inspected = $state.raw<InspectedModel | undefined>();
  #adapter = $state.raw<Adapter | undefined>();
  #fault = $state.raw<Fault | undefined>();
  #failedTask = $state.raw<Task | undefined>();
  #asked = 0;

  constructor(private readonly ports: HubBrowserPorts) {}

  get task(): Task | undefined {
    return this.#task;
  }

  /** Undefined until something was searched for. */
  get hits(): readonly HubModel[] | undefined {
    return this.#hits;
  }

  get view(): RepoView | undefined {
    return this.#view;
  }

  /** The model whose header was read. */
  get inspected(): InspectedModel | undefined {
    return this.#inspected;
  }

  /** The adapter whose header was read. */
  get adapter(): Adapter | undefined {
    return this.#adapter;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** What had been asked for when it failed. */
  get failedTask(): Task | undefined {
    return this.#failedTask;
  }

  /** A repo or an address is opened, anything else is searched for. */
  async find(text: string): Promise<void> {
    const wanted = text.trim();
    if (wanted === '') return;
    const { client, hubUrl } = this.ports;
    const place = parseHubReference(wanted, hubUrl ?? HUB_URL);
    if (place?.path !== undefined && /\.gguf$/i.test(place.path)) return this.inspect([wanted]);
    if (place !== undefined) return this.open(wanted);
    if (/^https?:\/\//i.test(wanted)) return this.inspect([wanted]);
    this.#view = undefined;
    await this.#do('searching', async (isWanted) => {
      const hits = await client.searchHub(wanted, hubUrl);
      if (isWanted()) this.#hits = hits;
    });
  }

  /** Lists the files of a repo. */
  async open(reference: string): Promise<void> {
    const { client, hubUrl } = this.ports;
    this.#view = undefined;
    await this.#do('listing', async (isWanted) => {
      const repo = await client.listRepo(reference, hubUrl);
      if (isWanted()) this.#view = viewRepo(repo);
    });
  }

  /** Back to what was found. */
  close(): void {
    this.#asked++;
    this.#task = undefined;
    this.#view = undefined;
    this.#forgetRead();
  }

  /** Reads the headers of files that belong together. */
  async inspect(urls: readonly string[]): Promise<void> {
    const { client, hubUrl } = this.ports;
    await this.#do('reading', async (isWanted) => {
      const inspected = await client.inspectUrls(urls, hubUrl);
      if (!isWanted()) return;
      if ('adapter' in inspected) {
        this.#adapter = inspected.adapter;
        this.ports.onAdapter(inspected.adapter);
      } else {
        this.#inspected = inspected;
      }
    });
  }

  #forgetRead(): void {
    this.#inspected = undefined;
    this.#adapter = undefined;
    this.#fault = undefined;
  }

  async #do(task: Task, work: (isWanted: () => boolean) => Promise<void>): Promise<void> {
    const number = ++this.#asked;
    const isWanted = () => number === this.#asked;
    this.#task = task;
    this.#forgetRead();
    try {
      await work(isWanted);
    } catch (error) {
      if (isWanted()) {
        this.#fault = toFault(error);
        this.#failedTask = task;
      }
    } finally {
      if (isWanted()) this.#task = undefined;
    }
  }
}
