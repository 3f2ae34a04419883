import { transferHandlers } from 'comlink';
import type { ChatEvent, ChatMessage } from '../domain/prompt/chat';
import type { TransferProgress } from '../domain/download/stored-file';
import type { DeviceCard } from '../domain/engine/device';
import type { Backend, BackendChoice } from '../domain/engine/backends';
import type { Engine, Sampling, SessionInfo } from '../domain/engine/engine';
import { FaultError, type Fault } from '../domain/fault';
import type { AnswerFacts, CaseGrade } from '../domain/graders/grader';
import type { Inspected } from '../domain/model/gguf-model';
import type { HubModel, HubRepo } from '../domain/model/hub';
import type { Row, SomeRows } from '../domain/formats/rows';
import type { runImport } from '../domain/sets/import-task';
import type { HubSplit } from '../domain/sets/set-address';
import type { LocalFile } from '../domain/download/local-file';
import type { Adapter, LoraPlan } from '../domain/model/lora-model';
import type { MlcWeights } from '../domain/model/mlc-weights';
import type { Artifact, Model } from '../domain/model/model';
import type { EngineSwitch, Run, RunEnd } from '../domain/run/run';
import type { RunEvent } from '../domain/run/runner';
import type { SpeedEntry, SpeedPlan, SpeedReport, SpeedRoofline } from '../domain/speed/speed';
import type { TestSet } from '../domain/sets/test-set';

/** A model, and how a person wants it to be run. */
export interface ModelChoice {
  readonly model: Model;
  readonly artifactId: string;
  /** Where the person has chosen one; otherwise the first that can run the model. */
  readonly engineId?: string;
  /** Where the person has chosen a count; otherwise as many as are fastest here. */
  readonly threads?: number;
  /** Default: `auto`. */
  readonly backend?: BackendChoice;
}

/** What a session is opened by. */
export interface SessionRequest extends ModelChoice {
  readonly sampling: Sampling;
  /** Absolute URL of the folder that holds the models' files, with a slash at its end. */
  readonly modelsUrl: string;
  /** The picked files that the artifact names. */
  readonly localFiles?: readonly LocalFile[];
}

export interface RunRequest extends SessionRequest {
  readonly runId: string;
  readonly testSet: TestSet;
  /** How often each case is answered, with seeds that count up; once unless given. */
  readonly repeats?: number;
  /** A person has said yes to running the set's own code; without it such graders are not run. */
  readonly allowScripts?: boolean;
  /** Present when an interrupted run goes on. */
  readonly continued?: {
    /** As `nameAttempt` names them. */
    readonly doneAttempts: readonly string[];
    /** What ran it before, so that one run is not measured two ways. */
    readonly session: SessionInfo;
  };
}

/** Stored answers to be graded once more, without a model. */
export interface GradeRequest {
  readonly testSet: TestSet;
  /** Those of cases that the set does not have are left out. */
  readonly answers: readonly {
    readonly caseId: string;
    readonly answer: string;
    readonly facts?: AnswerFacts;
  }[];
  readonly allowScripts?: boolean;
}

export interface GradedAnswer {
  readonly caseId: string;
  readonly grade: CaseGrade;
}

/** On the way to a session. */
export type OpeningPhase = 'checking' | 'downloading' | 'merging' | 'loading' | 'measuring' | 'testing';
export type RunPhase = OpeningPhase | 'running';

export interface TransferEvent {
  readonly type: 'transfer';
  readonly progress: TransferProgress;
}

export type WorkerEvent =
  | RunEvent
  | { readonly type: 'phase'; readonly phase: RunPhase }
  | TransferEvent
  /** The journal has the run; what runs it is known. */
  | { readonly type: 'run-opened'; readonly run: Run }
  /** What runs it broke; the journal has what runs it now. The case starts again. */
  | { readonly type: 'engine-switched'; readonly change: EngineSwitch };

/** A conversation that ends with a question. */
export interface ChatRequest extends SessionRequest {
  readonly messages: readonly ChatMessage[];
}

export type ChatPhase = OpeningPhase | 'answering';

export type ChatWorkerEvent =
  ChatEvent | { readonly type: 'phase'; readonly phase: ChatPhase } | TransferEvent;

export interface SpeedRequest {
  readonly model: Model;
  readonly artifactId: string;
  readonly plan: SpeedPlan;
  /** Absolute URL of the folder that holds the models' files, with a slash at its end. */
  readonly modelsUrl: string;
  /** The picked files that the artifact names. */
  readonly localFiles?: readonly LocalFile[];
}

export type SpeedPhase = OpeningPhase | 'roofline' | 'warming-up' | 'timing';

/** What a measurement of speed tells as it goes; the page puts the report together, so a stop keeps what is done. */
export type SpeedEvent =
  | { readonly type: 'phase'; readonly phase: SpeedPhase }
  | TransferEvent
  /** What is known before anything is measured. */
  | { readonly type: 'report-opened'; readonly report: SpeedReport }
  | { readonly type: 'roofline'; readonly roofline: SpeedRoofline }
  /** The next engine's turn; `number` counts from 1. */
  | {
      readonly type: 'contender';
      readonly engineId: string;
      readonly engineLabel: string;
      readonly backend: Backend;
      readonly number: number;
      readonly total: number;
    }
  | { readonly type: 'repetition'; readonly number: number; readonly total: number }
  | { readonly type: 'entry'; readonly entry: SpeedEntry };

export interface EngineSummary {
  readonly id: string;
  readonly label: string;
  readonly formats: Engine['formats'];
  readonly backends: Engine['backends'];
}

export interface LoraRequest {
  readonly artifact: Artifact;
  readonly adapter: Adapter;
  /** Absolute URL of the folder that holds the models' files, with a slash at its end. */
  readonly modelsUrl: string;
  /** The picked files that the artifact and the adapter name. */
  readonly localFiles?: readonly LocalFile[];
}

/** Weights that a person has converted, for a row that has none. */
export interface MlcRequest {
  readonly model: Model;
  readonly artifact: Artifact;
  /** A repo on the Hub, or an address. */
  readonly reference: string;
  readonly hubUrl?: string;
}

/** A file in the store, or what is there of one. */
export interface CachedFile {
  readonly fileId: string;
  /** Where it came from: an address, or `local:` and the key of a picked file. */
  readonly source?: string;
  /** Of the whole file, where it is whole. */
  readonly sha256?: string;
  readonly name: string;
  /** Of the whole file. */
  readonly bytes: number;
  /** Milliseconds since 1970; when its download began, where it is unfinished. */
  readonly storedAt: number;
  readonly isWhole: boolean;
}

/** What the page may ask about models that are not in the catalog, and about the store. `hubUrl` is for stand-ins. */
export interface ModelFilesApi {
  /** Reads the headers of files picked together: weights, whole or in parts, and companions. @throws FaultError */
  inspectFiles(files: readonly LocalFile[]): Promise<Inspected>;
  /** The same for addresses; any one part of a split file stands for all. @throws FaultError */
  inspectUrls(urls: readonly string[], hubUrl?: string): Promise<Inspected>;
  /** Whether an adapter goes with a model, and what a merge would make of both; reads headers. @throws FaultError */
  planLora(request: LoraRequest): Promise<LoraPlan>;
  /** Whether converted weights are there, and are what the row's library takes. @throws FaultError */
  findMlcWeights(request: MlcRequest): Promise<MlcWeights>;
  /** Models with GGUF files. @throws FaultError */
  searchHub(text: string, hubUrl?: string): Promise<readonly HubModel[]>;
  /** @param reference `owner/name`, or any address of it on the Hub @throws FaultError */
  listRepo(reference: string, hubUrl?: string): Promise<HubRepo>;
  listCached(): Promise<readonly CachedFile[]>;
  /** @throws FaultError `engine` while the file is being downloaded */
  deleteCached(fileId: string): Promise<void>;
  /** Copies a picked file into the store; from then on its key finds the copy. `stop` ends it. @throws FaultError */
  importLocal(file: LocalFile, listener: (events: readonly TransferEvent[]) => void): Promise<RunEnd>;
}

/** What the worker that reads foreign sets does, and fetches them: the page's own policy forbids it that. */
export interface ImportWorkerApi {
  readonly runImport: typeof runImport;
  /** @throws FaultError */
  fetchText(address: string): Promise<string>;
  /** @param rowsUrl of a stand-in for the Hub's service @throws FaultError */
  listSplits(dataset: string, rowsUrl?: string): Promise<readonly HubSplit[]>;
  /** At most `most` rows; tells of each page of them how many have come. @throws FaultError */
  fetchRows(
    split: HubSplit,
    most: number,
    onRows: (count: number) => void,
    rowsUrl?: string,
  ): Promise<readonly Row[]>;
  /** The rows of a part from which a task draws the examples of so many questions. @throws FaultError */
  fetchExamples(
    split: HubSplit,
    task: string,
    questions: number,
    onRows: (count: number) => void,
    rowsUrl?: string,
  ): Promise<SomeRows>;
}

/** What the page may ask of the engine worker. */
export interface EngineWorkerApi {
  /** In order of preference. */
  listEngines(): readonly EngineSummary[];
  /**
   * Runs a test set to its end. Events come batched, in order.
   * @throws FaultError when the run could not start; once it has, its end says how it went
   */
  run(request: RunRequest, listener: (events: readonly WorkerEvent[]) => void): Promise<RunEnd>;
  /**
   * Has the model answer. Events come batched, in order.
   * @throws FaultError when the model could not be opened; once it is, the end says how it went
   */
  chat(request: ChatRequest, listener: (events: readonly ChatWorkerEvent[]) => void): Promise<RunEnd>;
  /**
   * Measures every engine that can run the model, one after the other. Nothing else may run meanwhile.
   * @throws FaultError when it could not start; an engine that fails is an entry
   */
  measureSpeed(request: SpeedRequest, listener: (events: readonly SpeedEvent[]) => void): Promise<RunEnd>;
  /** Grades stored answers, in their order; also while a run is under way. */
  gradeAnswers(request: GradeRequest): Promise<readonly GradedAnswer[]>;
  /** Forgets what was measured of an artifact on this device: its next use measures anew. */
  recalibrate(artifactId: string): Promise<void>;
  /** Finds out what this device can do; takes some seconds where there is a graphics device. */
  probeDevice(): Promise<DeviceCard>;
  /** Asks what is under way, a run, an answer or a measurement, to end; its promise tells when it has. */
  stop(): void;
}

/** The name of the Web Lock held while a run is under way, in whichever tab. */
export function nameRunLock(runId: string): string {
  return `wizardbench-run-${runId}`;
}

interface Thrown {
  readonly value: unknown;
}

/**
 * comlink turns a thrown error into a plain `Error` and drops its fields. This keeps a FaultError one.
 * Called once on both sides, before anything is exposed or wrapped.
 */
export function carryFaults(): void {
  const plain = transferHandlers.get('throw');
  if (plain === undefined) throw new Error('comlink has no handler for thrown values');
  transferHandlers.set('throw', {
    canHandle: (value): value is Thrown => plain.canHandle(value),
    serialize: (thrown: Thrown) =>
      thrown.value instanceof FaultError ? [{ fault: thrown.value.fault }, []] : plain.serialize(thrown),
    deserialize(serialized: { readonly fault?: Fault }) {
      if (serialized.fault !== undefined) throw new FaultError(serialized.fault);
      return plain.deserialize(serialized);
    },
  });
}
