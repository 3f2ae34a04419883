import { toFault, type Fault } from '../../domain/fault';
import type { LocalFile } from '../../domain/download/local-file';
import type { Artifact, Model } from '../../domain/model/model';
import type { RunRecord, RunStore } from '../../domain/run/ports';
import { nameAttempt } from '../../domain/run/repeats';
import type { Result, Run, RunEnd } from '../../domain/run/run';
import type { TestSet } from '../../domain/sets/test-set';
import type { EngineClient } from '../../worker/client';
import type { RunPhase, RunRequest, WorkerEvent } from '../../worker/protocol';
import { Job } from './job.svelte';
import type { RunOrder } from './run-order';
import { RunPace } from './run-pace';

export interface BenchPorts {
  readonly client: EngineClient;
  readonly runStore: RunStore;
  /** The picked files that an artifact names; asks the browser for them, so it follows a click. */
  readonly openLocalFiles: (artifact: Artifact) => Promise<readonly LocalFile[]>;
  /** Absolute URL of `static-models/`. */
  readonly modelsUrl: string;
  /** Asks the browser not to evict the model; whatever it answers, the run goes on. */
  readonly requestPersistence: () => Promise<unknown>;
  /** What the page shows now has been drawn. */
  readonly awaitPaint: () => Promise<unknown>;
  readonly createId: () => string;
  readonly now: () => number;
  /** The journal changed. */
  readonly onJournal: () => void;
}

/** The case being answered. */
export interface CurrentCase {
  readonly caseId: string;
  readonly prompt: string;
  readonly answer: string;
  readonly tokens: number;
  readonly firstTokenAtMs?: number;
  readonly lastTokenAtMs?: number;
}

/** What a run is of, as a person calls it. */
export interface RunSubject {
  readonly modelName: string;
  readonly quantization: string;
  readonly setTitle: string;
  readonly repeats: number;
}

function describeSubject({ model, artifactId, testSet, repeats = 1 }: RunRequest): RunSubject {
  const artifact = model.artifacts.find(({ id }) => id === artifactId);
  return {
    modelName: model.name,
    quantization: artifact?.quantization ?? '',
    setTitle: testSet.title,
    repeats,
  };
}

/** The run on this page: one at a time, from pressing Run to its end. */
export class Bench extends Job<RunPhase> {
  #testSet = $state.raw<TestSet | undefined>();
  #run = $state.raw<Run | undefined>();
  #results = $state.raw<readonly Result[]>([]);
  #current = $state.raw<CurrentCase | undefined>();
  #end = $state.raw<RunEnd | undefined>();
  #fault = $state.raw<Fault | undefined>();
  #subject = $state.raw<RunSubject | undefined>();
  #remainingSeconds = $state.raw<number | undefined>();
  #isTrial = $state.raw(false);
  #pace = new RunPace(0);

  constructor(private readonly ports: BenchPorts) {
    super(ports.now);
  }

  /** The model, known before anything of it is fetched. */
  get subject(): RunSubject | undefined {
    return this.#subject;
  }

  /** Answers that there will be: a case may be asked several times. */
  get answerCount(): number {
    return (this.#testSet?.cases.length ?? 0) * (this.#subject?.repeats ?? 1);
  }

  /** Until the last answer, at the pace of those so far; undefined until there is something to go by. */
  get remainingSeconds(): number | undefined {
    return this.#remainingSeconds;
  }

  /** One question tried in the editor: no other screen has to tell of it. */
  get isTrial(): boolean {
    return this.#isTrial;
  }

  /** The set of the run under way or just ended. */
  get testSet(): TestSet | undefined {
    return this.#testSet;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  get results(): readonly Result[] {
    return this.#results;
  }

  get current(): CurrentCase | undefined {
    return this.#current;
  }

  get end(): RunEnd | undefined {
    return this.#end;
  }

  /** Why the run could not start, or broke off. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /**
   * Does nothing while a run is under way.
   * @param isTrial of one question, in the editor
   * @param runId of a run whose id was given before
   */
  async start(order: RunOrder, isTrial = false, runId = this.ports.createId()): Promise<void> {
    if (this.busy) return;
    this.#run = undefined;
    this.#results = [];
    this.#isTrial = isTrial;
    await this.#execute({ ...order, runId, modelsUrl: this.ports.modelsUrl });
  }

  /**
   * Goes on with a run that was stopped or interrupted; what it has finished stays. Does nothing while one is under way.
   * @param allowScripts a person has said yes, now: no yes is kept with a run
   */
  async resume({ run, results, testSet }: RunRecord, model: Model, allowScripts = false): Promise<void> {
    if (this.busy) return;
    this.#run = run;
    this.#results = results;
    this.#isTrial = false;
    await this.#execute({
      runId: run.id,
      model,
      artifactId: run.setup.artifact.id,
      testSet,
      sampling: run.setup.sampling,
      ...(run.setup.repeats !== undefined && { repeats: run.setup.repeats }),
      modelsUrl: this.ports.modelsUrl,
      ...(allowScripts && { allowScripts }),
      continued: {
        doneAttempts: results.map(nameAttempt),
        // What runs it since the last switch.
        session: { ...run.setup.session, ...run.switches?.at(-1)?.to },
      },
    });
  }

  /** Has the next run measure anew what is fastest here for an artifact. */
  async recalibrate(artifactId: string): Promise<void> {
    await this.ports.client.recalibrate(artifactId);
  }

  /** Back to the empty sheet. */
  clear(): void {
    if (this.busy) return;
    this.#run = undefined;
    this.#testSet = undefined;
    this.#results = [];
    this.#end = undefined;
    this.#fault = undefined;
    this.#subject = undefined;
    this.#isTrial = false;
  }

  async #execute(request: RunRequest): Promise<void> {
    await this.perform('checking', (signal) => this.#ask(request, signal));
    this.ports.onJournal();
  }

  async #ask(request: RunRequest, signal: AbortSignal): Promise<void> {
    this.#testSet = request.testSet;
    this.#end = undefined;
    this.#fault = undefined;
    this.#subject = describeSubject(request);
    this.#pace = new RunPace(this.answerCount - this.#results.length);
    this.#remainingSeconds = undefined;
    try {
      const localFiles = await this.#openLocalFiles(request);
      await this.ports.requestPersistence().catch(() => undefined);
      // Drawing a run's beginning during its first answer would take a core from the engine.
      await this.ports.awaitPaint();
      const end = await this.ports.client.run(
        localFiles.length === 0 ? request : { ...request, localFiles },
        (events) => events.forEach(this.#apply),
        signal,
      );
      this.#end = end;
      if (end.kind === 'failed') this.#fault = end.fault;
      if (end.kind === 'stopped') await this.#settleJournal(end);
    } catch (error) {
      const fault = toFault(error);
      this.#fault = fault;
      this.#end = { kind: 'failed', fault };
      await this.#settleJournal(this.#end);
    } finally {
      if (this.#run !== undefined && this.#end !== undefined) this.#run = { ...this.#run, end: this.#end };
      this.#current = undefined;
    }
  }

  async #openLocalFiles({ model, artifactId }: RunRequest): Promise<readonly LocalFile[]> {
    const artifact = model.artifacts.find(({ id }) => id === artifactId);
    return artifact === undefined ? [] : await this.ports.openLocalFiles(artifact);
  }

  /**
   * Writes the end, which a worker that had to be ended could not, and reads what was finished just before it: the page
   * was not told of that any more, and would do those cases again when it goes on.
   */
  async #settleJournal(end: RunEnd): Promise<void> {
    if (this.#run === undefined) return;
    const { id } = this.#run;
    try {
      await this.ports.runStore.endRun(id, end);
      this.#results = (await this.ports.runStore.findRun(id))?.results ?? this.#results;
    } catch (error) {
      // What the page shows is still true; that it may not be on disk is worth a word.
      this.#fault ??= toFault(error);
    }
  }

  readonly #apply = (event: WorkerEvent): void => {
    switch (event.type) {
      case 'phase':
        this.enter(event.phase);
        break;
      case 'transfer':
        this.receive(event.progress);
        break;
      case 'run-opened':
        this.#run = event.run;
        this.ports.onJournal();
        break;
      case 'engine-switched':
        if (this.#run !== undefined) {
          this.#run = { ...this.#run, switches: [...(this.#run.switches ?? []), event.change] };
        }
        break;
      case 'case-started':
        this.#pace.start(this.ports.now());
        this.#current = { caseId: event.caseId, prompt: event.prompt, answer: '', tokens: 0 };
        break;
      case 'token':
        this.#appendToken(event.text, event.count);
        break;
      case 'case-finished':
        this.#results = [...this.#results, event.result];
        this.#current = undefined;
        this.#remainingSeconds = this.#pace.finish(this.ports.now());
        break;
    }
  };

  #appendToken(text: string, count: number): void {
    const current = this.#current;
    if (current === undefined) return;
    const now = this.ports.now();
    this.#current = {
      ...current,
      answer: current.answer + text,
      tokens: current.tokens + count,
      firstTokenAtMs: current.firstTokenAtMs ?? now,
      lastTokenAtMs: now,
    };
  }
}
