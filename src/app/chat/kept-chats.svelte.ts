import * as v from 'valibot';
import { toFault, type Fault } from '../../domain/fault';
import { parseWith } from '../../domain/parse';
import type { SettingsStore } from '../../domain/run/ports';

/** Where they are remembered. */
const KEY = 'chats';
/** More than these, nobody looks through; the oldest goes. */
export const MOST_CHATS = 50;
const MOST_TURNS = 200;
const TITLE_LENGTH = 80;

const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const turnSchema = v.strictObject({
  question: text(20_000),
  answer: text(100_000),
  modelName: text(400),
  quantization: text(400),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff)),
});
const chatSchema = v.strictObject({
  id: text(80),
  title: text(TITLE_LENGTH),
  /** Milliseconds since 1970. */
  keptAt: v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15)),
  system: text(8_000),
  turns: v.pipe(v.array(turnSchema), v.minLength(1), v.maxLength(MOST_TURNS), v.readonly()),
});

/** A conversation as it is kept: words alone, no images. */
export type KeptChat = Readonly<v.InferOutput<typeof chatSchema>>;
export type KeptTurn = Readonly<v.InferOutput<typeof turnSchema>>;

/** A conversation that is being held. */
interface HeldChat {
  readonly system: string;
  readonly turns: readonly (KeptTurn & { readonly end?: unknown })[];
}

/** Where a kept one is put. */
interface ChatPlace {
  readonly busy: boolean;
  restore(kept: KeptChat): void;
}

export interface KeptChatsPorts {
  readonly settings: SettingsStore;
  readonly createId: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Conversations that a person has asked to keep on this device. */
export class KeptChats {
  #all = $state.raw<readonly KeptChat[]>([]);
  #currentId = $state<string>();
  #fault = $state.raw<Fault | undefined>();
  #recalled = false;

  constructor(private readonly ports: KeptChatsPorts) {}

  /** Newest first. */
  get all(): readonly KeptChat[] {
    return this.#all;
  }

  /** The kept one that is being held now. */
  get currentId(): string | undefined {
    return this.#currentId;
  }

  /** Why they could not be stored. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Reads what was kept before; once. */
  async recall(): Promise<void> {
    if (this.#recalled) return;
    this.#recalled = true;
    const stored = await this.ports.settings.get(KEY).catch(() => undefined);
    if (!Array.isArray(stored)) return;
    const read = stored.slice(0, MOST_CHATS).flatMap((each) => {
      try {
        return [parseWith(chatSchema, each, 'chat')];
      } catch {
        // Of another version of this page.
        return [];
      }
    });
    this.#all = [...this.#all, ...read.filter(({ id }) => this.#all.every((each) => each.id !== id))];
  }

  /** Keeps the conversation as it is now; under the same name where it is kept already. */
  async keep({ turns, system }: HeldChat): Promise<void> {
    const answered = turns.filter(({ answer, end }) => answer !== '' && end !== undefined).slice(-MOST_TURNS);
    const [first] = answered;
    if (first === undefined) return;
    const id = this.#currentId ?? this.ports.createId();
    const chat: KeptChat = {
      id,
      title: first.question.slice(0, TITLE_LENGTH),
      keptAt: this.ports.now(),
      system,
      turns: answered.map(({ question, answer, modelName, quantization, seed }) => ({
        question,
        answer,
        modelName,
        quantization,
        seed,
      })),
    };
    this.#currentId = id;
    await this.#store([chat, ...this.#all.filter((each) => each.id !== id)].slice(0, MOST_CHATS));
  }

  /** Goes on with a kept conversation. */
  open(kept: KeptChat, chat: ChatPlace): void {
    if (chat.busy) return;
    chat.restore(kept);
    this.#currentId = kept.id;
  }

  /** The conversation that is held now is another one: what was kept stays as it is. */
  leave(): void {
    this.#currentId = undefined;
  }

  async delete(id: string): Promise<void> {
    if (this.#currentId === id) this.#currentId = undefined;
    await this.#store(this.#all.filter((each) => each.id !== id));
  }

  async #store(chats: readonly KeptChat[]): Promise<void> {
    this.#all = chats;
    try {
      await this.ports.settings.set(KEY, chats);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = toFault(error);
    }
  }
}
