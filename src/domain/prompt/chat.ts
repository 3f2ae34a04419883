import type { ChatImage, CompletionEnd, Sampling, Session, SessionInfo, Token } from '../engine/engine';
import { FaultError, throwIfStopped, toFault, type Fault } from '../fault';
import type { Model, PromptTemplate } from '../model/model';
import type { Prompt } from './pieces';
import { renderPrompt, type Message } from './prompt';
import { countContextTokens, type RunEnd, type Timing } from '../run/run';
import type { CaseImage } from '../sets/test-set';

export interface ChatMessage extends Omit<Message, 'images'> {
  /** Shown to the model before the text. */
  readonly images?: readonly CaseImage[];
}

export interface Question {
  readonly question: string;
  readonly images: readonly CaseImage[];
}

/** What has been asked and answered. */
export interface PastTurn extends Question {
  /** Empty where there was none; the model is then not told of the question either. */
  readonly answer: string;
  /** Of the question, its images and the answer, where an engine has counted them: see `countTurnTokens`. */
  readonly tokens?: number;
}

export type ChatEvent =
  /** Comes again when another session begins the answer anew: what was told of it before is void. */
  | { readonly type: 'answer-started'; readonly session: SessionInfo }
  | { readonly type: 'token'; readonly text: string; readonly count: number }
  | {
      readonly type: 'answer-finished';
      readonly finish: CompletionEnd['reason'];
      readonly timing: Timing;
      /** As it is after the answer: some engines go on adapting their threads. */
      readonly session: SessionInfo;
    };

/** What an image takes, at most, in the models of the catalog: LLaVA 1.6 cuts it in five tiles of 576. */
const MOST_IMAGE_TOKENS = 2_880;
/** What an image takes in most of them; also where an engine has not yet counted. */
const IMAGE_TOKENS = 1_024;
/** Of a text that no engine has counted yet. Engines refuse what is too long all the same. */
const BYTES_PER_TOKEN = 3;
/** What a template adds to a question. */
const TURN_TOKENS = 24;

/** The context that a chat opens a model with: a run's, and room for an image. */
export function countChatContextTokens(
  artifact: { readonly contextTokens: number },
  sampling: Sampling,
  hasImages: boolean,
): number {
  const text = countContextTokens(artifact, sampling);
  return hasImages ? Math.min(artifact.contextTokens, text + MOST_IMAGE_TOKENS) : text;
}

/** The past turns that a model can be shown: those with an answer; none where it was tuned on single questions. */
export function listShown<Turn extends PastTurn>(
  past: readonly Turn[],
  { turns }: Pick<Model, 'turns'>,
): readonly Turn[] {
  return turns === 'many' ? past.filter(({ answer }) => answer !== '') : [];
}

/** The newest past turns that go with a question: as many as fit beside the answer. */
export function keepTurns<Turn extends PastTurn>(
  past: readonly Turn[],
  system: string,
  next: Question,
  { contextTokens, maxTokens }: { readonly contextTokens: number; readonly maxTokens: number },
): readonly Turn[] {
  const room = contextTokens - Math.min(maxTokens, contextTokens / 2);
  let used = estimateTokens(system) + estimateTurn(next);
  let kept = 0;
  for (const turn of past.toReversed()) {
    used += turn.tokens ?? estimateTurn(turn);
    if (used > room) break;
    kept++;
  }
  return past.slice(past.length - kept);
}

/** What a turn has added to the conversation, by what the engine counted for all of it. */
export function countTurnTokens(
  { promptTokens, answerTokens }: Pick<Timing, 'promptTokens' | 'answerTokens'>,
  system: string,
  kept: readonly PastTurn[],
): number {
  const others = kept.reduce(
    (sum, turn) => sum + (turn.tokens ?? estimateTurn(turn)),
    estimateTokens(system),
  );
  return Math.max(1, promptTokens + answerTokens - others);
}

function estimateTurn({ question, images, answer = '' }: Question & { readonly answer?: string }): number {
  return estimateTokens(question + answer) + images.length * IMAGE_TOKENS + TURN_TOKENS;
}

function estimateTokens(text: string): number {
  return Math.ceil(new TextEncoder().encode(text).length / BYTES_PER_TOKEN);
}

/** The prompt of a conversation. @throws FaultError `bad-input` */
export function renderConversation(template: PromptTemplate, messages: readonly ChatMessage[]): Prompt {
  return renderPrompt(
    template,
    messages.map(({ role, content, images = [] }) => ({ role, content, images: images.length })),
  );
}

type ChatSession = Pick<Session, 'info' | 'complete' | 'acceptsImages'>;

export interface ChatPorts {
  readonly session: ChatSession;
  /** @throws FaultError */
  readonly loadImage: (image: CaseImage, signal: AbortSignal) => Promise<ChatImage>;
  /** Milliseconds from any fixed moment, never going back. */
  readonly now: () => number;
  /** Tries to put another session in the place of one that broke; without one (undefined) there is no answer. */
  readonly recover: (fault: Fault) => Promise<ChatSession | undefined>;
}

interface Conversation {
  readonly messages: readonly ChatMessage[];
  readonly template: PromptTemplate;
  readonly sampling: Sampling;
}

/** The model's next turn in a conversation. Faults are its end, not thrown. */
export async function* answerChat(
  conversation: Conversation,
  ports: ChatPorts,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, RunEnd, void> {
  let session: ChatSession | undefined = ports.session;
  let fault: Fault = { kind: 'stopped' };
  while (session !== undefined) {
    try {
      yield* answerOnce(conversation, session, ports, signal);
      return { kind: 'finished' };
    } catch (error) {
      fault = toFault(error);
    }
    if (fault.kind === 'stopped') return fault;
    try {
      session = await ports.recover(fault);
    } catch (error) {
      // The first fault says more than that nothing could take over.
      if (toFault(error).kind === 'stopped') return { kind: 'stopped' };
      break;
    }
  }
  return { kind: 'failed', fault };
}

async function* answerOnce(
  { messages, template, sampling }: Conversation,
  session: ChatSession,
  { loadImage, now }: ChatPorts,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, void> {
  throwIfStopped(signal);
  const asked = messages.flatMap(({ images = [] }) => images);
  if (asked.length > 0 && session.acceptsImages !== true) {
    throw new FaultError({
      kind: 'unsupported',
      detail: 'this model reads text only, and the conversation has an image',
    });
  }
  const prompt = renderConversation(template, messages);
  const images = await Promise.all(asked.map((image) => loadImage(image, signal)));
  yield { type: 'answer-started', session: session.info };
  const startedAt = now();
  let firstTokenMs: number | undefined;
  const tokens: AsyncIterator<Token, CompletionEnd, void> = session.complete(
    { prompt, stop: template.stop, ...(images.length > 0 && { images }) },
    sampling,
    signal,
  );
  try {
    for (;;) {
      const next = await tokens.next();
      throwIfStopped(signal);
      if (next.done === true) {
        const { reason: finish, ...counted } = next.value;
        const totalMs = now() - startedAt;
        const timing = { ...counted, firstTokenMs: firstTokenMs ?? totalMs, totalMs };
        yield { type: 'answer-finished', finish, timing, session: session.info };
        return;
      }
      firstTokenMs ??= now() - startedAt;
      yield { type: 'token', text: next.value.text, count: 1 };
    }
  } finally {
    // An engine left in the middle of an answer would stay in it.
    await tokens.return?.();
  }
}
