import {
  countChatContextTokens,
  countTurnTokens,
  keepTurns,
  listShown,
  type ChatMessage,
  type PastTurn,
} from '../../domain/prompt/chat';
import type { CompletionEnd, Sampling, SessionInfo } from '../../domain/engine/engine';
import { toFault, type Fault } from '../../domain/fault';
import type { LocalFile } from '../../domain/download/local-file';
import { hasProjector, type Artifact, type Model } from '../../domain/model/model';
import { parseWith } from '../../domain/parse';
import { DEFAULT_SAMPLING, samplingSchema, type RunEnd, type Timing } from '../../domain/run/run';
import { MAX_IMAGES } from '../../domain/sets/test-set';
import type { EngineClient } from '../../worker/client';
import type { ChatPhase, ChatRequest, ChatWorkerEvent, ModelChoice } from '../../worker/protocol';
import type { KeptChat } from './kept-chats.svelte';
import type { ReadImage } from './read-image';
import { Job } from '../run/job.svelte';

export interface ChatPorts {
  readonly client: Pick<EngineClient, 'chat'>;
  readonly readImage: (file: Blob) => Promise<ReadImage>;
  /** The picked files that an artifact names; asks the browser for them, so it follows a click. */
  readonly openLocalFiles: (artifact: Artifact) => Promise<readonly LocalFile[]>;
  /** Absolute URL of `static-models/`. */
  readonly modelsUrl: string;
  /** Asks the browser not to evict the model; whatever it answers, the chat goes on. */
  readonly requestPersistence: () => Promise<unknown>;
  readonly now: () => number;
}

/** A question and its answer. */
export interface ChatTurn extends PastTurn {
  readonly id: number;
  readonly images: readonly ReadImage[];
  readonly modelName: string;
  readonly quantization: string;
  /** Earlier turns that the model was not given, for want of room. */
  readonly leftOut: number;
  readonly seed: number;
  readonly session?: SessionInfo;
  readonly finish?: CompletionEnd['reason'];
  readonly timing?: Timing;
  /** Absent while it is under way. */
  readonly end?: RunEnd;
}

/** An answer of a chat may be longer than one of a test, and need not be the same each time. */
const CHAT_SAMPLING: Sampling = { ...DEFAULT_SAMPLING, temperature: 0.7, maxTokens: 512 };
/** Faults of engines that say that the prompt is too long. */
const PROMPT_FAULTS = ['prompt', 'request'];

/** A conversation with a model: in this page's memory only, gone when it is closed. One answer at a time. */
export class Chat extends Job<ChatPhase> {
  /** Comes before everything else; empty for none. */
  system = $state('');
  /** What is being written. */
  draft = $state('');
  #images = $state.raw<readonly ReadImage[]>([]);
  #imageFault = $state.raw<Fault | undefined>();
  #tooManyImages = $state(false);
  #reading = $state(0);
  #turns = $state.raw<readonly ChatTurn[]>([]);
  #sampling = $state.raw<Sampling>(CHAT_SAMPLING);
  #lastId = 0;

  constructor(private readonly ports: ChatPorts) {
    super(ports.now);
  }

  get turns(): readonly ChatTurn[] {
    return this.#turns;
  }

  /** Go with one question, at most. */
  readonly mostImages = MAX_IMAGES;

  /** Of the next question. */
  get images(): readonly ReadImage[] {
    return this.#images;
  }

  /** Images are being read. */
  get reading(): boolean {
    return this.#reading > 0;
  }

  /** Why the last image was not taken. */
  get imageFault(): Fault | undefined {
    return this.#imageFault;
  }

  get sampling(): Sampling {
    return this.#sampling;
  }

  /** @throws FaultError `bad-input` when out of bounds */
  changeSampling(change: Partial<Sampling>): void {
    this.#sampling = parseWith(samplingSchema, { ...this.#sampling, ...change }, 'sampling');
  }

  /** More images were given than go with one question; the first were taken. */
  get tooManyImages(): boolean {
    return this.#tooManyImages;
  }

  /** The next question, or what it follows, has an image, and the model reads text only. Nothing is loaded to know it. */
  isBlind(choice: ModelChoice): boolean {
    return isBlindTo(choice, this.#images, this.#turns);
  }

  /** The last question can be answered anew. */
  canRegenerate(choice: ModelChoice): boolean {
    const last = this.#turns.at(-1);
    return !this.busy && last !== undefined && !isBlindTo(choice, last.images, this.#turns.slice(0, -1));
  }

  /** Adds images to the next question. What cannot be read is refused; see `imageFault`. */
  async attach(files: readonly Blob[]): Promise<void> {
    this.#imageFault = undefined;
    this.#tooManyImages = false;
    this.#reading++;
    try {
      for (const file of files) {
        const image = await this.ports.readImage(file);
        this.#tooManyImages = this.#images.length >= MAX_IMAGES;
        if (this.#tooManyImages) break;
        this.#images = [...this.#images, image];
      }
    } catch (error) {
      this.#imageFault = toFault(error);
    } finally {
      this.#reading--;
    }
  }

  detach(image: ReadImage): void {
    this.#images = this.#images.filter((each) => each !== image);
    this.#tooManyImages = false;
    this.#imageFault = undefined;
  }

  /** Asks what has been written. Does nothing while an answer is under way, or where something is missing. */
  async send(choice: ModelChoice): Promise<void> {
    const question = this.draft.trim();
    const artifact = findArtifact(choice);
    if (this.busy || this.reading || question === '' || artifact === undefined) return;
    if (this.isBlind(choice)) return;
    const images = this.#images;
    this.draft = '';
    this.#images = [];
    this.#tooManyImages = false;
    this.#imageFault = undefined;
    await this.#ask({ question, images }, this.#sampling.seed, choice, artifact);
  }

  /** Has the last question answered anew, with another seed. Does nothing while an answer is under way. */
  async regenerate(choice: ModelChoice): Promise<void> {
    const last = this.#turns.at(-1);
    const artifact = findArtifact(choice);
    if (last === undefined || artifact === undefined || !this.canRegenerate(choice)) return;
    this.#turns = this.#turns.slice(0, -1);
    await this.#ask(last, (last.seed + 1) % 0x1_0000_0000, choice, artifact);
  }

  /**
   * Asks a question anew in other words; what came after it is taken out of the conversation.
   * Does nothing while an answer is under way.
   */
  async edit(turn: ChatTurn, words: string, choice: ModelChoice): Promise<void> {
    const at = this.#turns.indexOf(turn);
    const question = words.trim();
    const artifact = findArtifact(choice);
    const before = this.#turns.slice(0, Math.max(0, at));
    if (this.busy || at < 0 || question === '' || artifact === undefined) return;
    if (isBlindTo(choice, turn.images, before)) return;
    this.#turns = before;
    await this.#ask({ question, images: turn.images }, this.#sampling.seed, choice, artifact);
  }

  /** Puts a kept conversation in place of this one. Does nothing while an answer is under way. */
  restore({ system, turns }: KeptChat): void {
    if (this.busy) return;
    this.system = system;
    this.#turns = turns.map((turn) => ({
      ...turn,
      id: ++this.#lastId,
      images: [],
      leftOut: 0,
      end: { kind: 'finished' },
    }));
  }

  /** Forgets the conversation; what is being written stays. */
  clear(): void {
    if (!this.busy) this.#turns = [];
  }

  async #ask(
    { question, images }: Pick<ChatTurn, 'question' | 'images'>,
    seed: number,
    choice: ModelChoice,
    artifact: Artifact,
  ): Promise<void> {
    const past = listShown(this.#turns, choice.model);
    const system = this.system.trim();
    const sampling = { ...this.#sampling, seed };
    const { model } = choice;
    const hasImages = [{ images }, ...past].some((turn) => turn.images.length > 0);
    const room = {
      contextTokens: countChatContextTokens(artifact, sampling, hasImages),
      maxTokens: sampling.maxTokens,
    };
    let kept = keepTurns(past, system, { question, images }, room);
    const begin = () => {
      this.#begin({ question, images, seed, leftOut: past.length - kept.length }, model, artifact);
    };
    await this.perform('checking', async (signal) => {
      try {
        begin();
        const localFiles = await this.ports.openLocalFiles(artifact);
        await this.ports.requestPersistence().catch(() => undefined);
        for (;;) {
          const end = await this.#request(
            {
              ...choice,
              sampling,
              modelsUrl: this.ports.modelsUrl,
              ...(localFiles.length > 0 && { localFiles }),
              messages: buildConversation(system, kept, { question, images }),
            },
            signal,
          );
          const [, ...fewer] = kept;
          if (!isTooLong(end) || kept.length === 0) {
            this.#finish(end, system, kept);
            break;
          }
          // The engine counts more tokens than was reckoned with.
          kept = fewer;
          this.#turns = this.#turns.slice(0, -1);
          begin();
        }
      } catch (error) {
        this.#finish({ kind: 'failed', fault: toFault(error) }, system, kept);
      }
    });
  }

  async #request(request: ChatRequest, signal: AbortSignal): Promise<RunEnd> {
    try {
      return await this.ports.client.chat(request, (events) => events.forEach(this.#apply), signal);
    } catch (error) {
      return { kind: 'failed', fault: toFault(error) };
    }
  }

  #begin(
    turn: Pick<ChatTurn, 'question' | 'images' | 'seed' | 'leftOut'>,
    { name }: Model,
    { quantization }: Artifact,
  ): void {
    const id = ++this.#lastId;
    this.#turns = [...this.#turns, { ...turn, id, answer: '', modelName: name, quantization }];
  }

  #finish(end: RunEnd, system: string, kept: readonly ChatTurn[]): void {
    this.#changeLast(({ timing }) => ({
      end,
      ...(timing !== undefined && { tokens: countTurnTokens(timing, system, kept) }),
    }));
  }

  #changeLast(change: (turn: ChatTurn) => Partial<ChatTurn>): void {
    const last = this.#turns.at(-1);
    if (last !== undefined) this.#turns = [...this.#turns.slice(0, -1), { ...last, ...change(last) }];
  }

  readonly #apply = (event: ChatWorkerEvent): void => {
    switch (event.type) {
      case 'phase':
        this.enter(event.phase);
        break;
      case 'transfer':
        this.receive(event.progress);
        break;
      case 'answer-started':
        this.#changeLast(() => ({ answer: '', session: event.session }));
        break;
      case 'token':
        this.#changeLast(({ answer }) => ({ answer: answer + event.text }));
        break;
      case 'answer-finished': {
        const { finish, timing, session } = event;
        this.#changeLast(() => ({ finish, timing, session }));
        break;
      }
    }
  };
}

function findArtifact({ model, artifactId }: ModelChoice): Artifact | undefined {
  return model.artifacts.find(({ id }) => id === artifactId);
}

/** Whether the model can be shown images. */
export function seesImages(choice: ModelChoice): boolean {
  const artifact = findArtifact(choice);
  return artifact !== undefined && hasProjector(artifact);
}

function isBlindTo(choice: ModelChoice, images: readonly ReadImage[], turns: readonly ChatTurn[]): boolean {
  const shown = [{ images }, ...listShown(turns, choice.model)];
  return shown.some((turn) => turn.images.length > 0) && !seesImages(choice);
}

function isTooLong(end: RunEnd): boolean {
  return end.kind === 'failed' && end.fault.kind === 'bad-input' && PROMPT_FAULTS.includes(end.fault.what);
}

function buildConversation(
  system: string,
  kept: readonly ChatTurn[],
  { question, images }: Pick<ChatTurn, 'question' | 'images'>,
): readonly ChatMessage[] {
  return [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...kept.flatMap((turn): ChatMessage[] => [
      { role: 'user', content: turn.question, images: turn.images },
      { role: 'assistant', content: turn.answer },
    ]),
    { role: 'user', content: question, images },
  ];
}
