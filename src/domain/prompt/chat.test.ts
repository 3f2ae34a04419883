import { describe, expect, it } from 'vitest';
import {
  answerChat,
  countChatContextTokens,
  countTurnTokens,
  keepTurns,
  listShown,
  renderConversation,
  type ChatEvent,
  type ChatMessage,
  type ChatPorts,
  type PastTurn,
} from './chat';
import { promptText } from './pieces';
import type { CompletionInput, SessionInfo, Token } from '../engine/engine';
import { FaultError, type Fault } from '../fault';
import { DEFAULT_SAMPLING, type RunEnd } from '../run/run';

const template = {
  kind: 'jinja' as const,
  source:
    "{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}[answer]{% endif %}",
  bosToken: '',
  eosToken: '',
  stop: ['[user]'],
};
const image = { mediaType: 'image/png' as const, base64: 'AAAA' };
const info: SessionInfo = {
  engineId: 'engine',
  engineVersion: '1',
  backend: 'webgpu',
  threads: 1,
  contextTokens: 2048,
};
const ask = (content: string, images: ChatMessage['images'] = []): ChatMessage => ({
  role: 'user',
  content,
  images,
});

describe('keepTurns', () => {
  const turn = (question: string, change: Partial<PastTurn> = {}): PastTurn => ({
    question,
    images: [],
    answer: 'yes',
    tokens: 100,
    ...change,
  });
  const next = { question: '?', images: [] };
  const keep = (past: readonly PastTurn[], contextTokens: number, maxTokens = 200, system = '') =>
    keepTurns(past, system, next, { contextTokens, maxTokens }).map(({ question }) => question);

  it('keeps all that fit beside the answer, in their order', () => {
    expect(keep([turn('a'), turn('b')], 1000)).toEqual(['a', 'b']);
    expect(keep([], 1000)).toEqual([]);
  });

  it('keeps the newest where not all fit, and never one before a gap', () => {
    const past = [turn('a', { tokens: 10 }), turn('b', { tokens: 700 }), turn('c')];
    expect(keep(past, 1000)).toEqual(['c']);
  });

  it('keeps none beside a question that fills the context by itself', () => {
    expect(
      keepTurns(
        [turn('a')],
        '',
        { ...next, images: [image] },
        {
          contextTokens: 1000,
          maxTokens: 10,
        },
      ),
    ).toEqual([]);
  });

  it('makes room for the system text', () => {
    expect(keep([turn('a'), turn('b')], 500, 200)).toEqual(['a', 'b']);
    expect(keep([turn('a'), turn('b')], 500, 200, 'be brief '.repeat(40))).toEqual(['b']);
  });

  it('leaves at least half of the context to the questions, however long the answer may be', () => {
    expect(keep([turn('a'), turn('b')], 1000, 4096)).toEqual(['a', 'b']);
  });

  it('guesses what was not counted', () => {
    const { tokens: _tokens, ...uncounted } = turn('x'.repeat(3000));
    expect(keep([turn('a'), uncounted, turn('c')], 1000)).toEqual(['c']);
  });

  it('a model is shown what was answered, and nothing where it was tuned on single questions', () => {
    const past = [turn('a'), turn('b', { answer: '' }), turn('c')];
    const shown = (turns: 'many' | 'one' | 'base') =>
      listShown(past, { turns }).map(({ question }) => question);
    expect(shown('many')).toEqual(['a', 'c']);
    expect(shown('one')).toEqual([]);
    expect(shown('base')).toEqual([]);
  });

  it('a turn is what the engine counted, less what was counted before', () => {
    const first = countTurnTokens({ promptTokens: 40, answerTokens: 10 }, '', []);
    expect(first).toBe(50);
    const kept = [turn('a', { tokens: first })];
    expect(countTurnTokens({ promptTokens: 70, answerTokens: 5 }, '', kept)).toBe(25);
  });
});

describe('the context of a chat', () => {
  it('is that of a run, and more where there are images, within what the model has', () => {
    const sampling = { ...DEFAULT_SAMPLING, maxTokens: 512 };
    expect(countChatContextTokens({ contextTokens: 8192 }, sampling, false)).toBe(2048);
    expect(countChatContextTokens({ contextTokens: 8192 }, sampling, true)).toBeGreaterThan(4096);
    expect(countChatContextTokens({ contextTokens: 4096 }, sampling, true)).toBe(4096);
  });
});

it('renders all turns by the template, each with its images before its text', () => {
  const messages: ChatMessage[] = [
    { role: 'system', content: 'Be brief.' },
    ask('What?', [image]),
    { role: 'assistant', content: 'A cat.' },
    ask('Why?'),
  ];
  expect(promptText(renderConversation(template, messages))).toBe(
    '[system]Be brief.[user]<__media__>\nWhat?[assistant]A cat.[user]Why?[answer]',
  );
});

/** A session that says these words, then ends, or breaks where a fault stands among them. */
function makeSession(words: readonly (string | Fault)[], change: Partial<ChatPorts['session']> = {}) {
  const asked: CompletionInput[] = [];
  let left = 0;
  const session: ChatPorts['session'] = {
    info,
    // eslint-disable-next-line @typescript-eslint/require-await
    async *complete(input) {
      asked.push(input);
      try {
        for (const word of words) {
          if (typeof word !== 'string') throw new FaultError(word);
          yield { text: word } satisfies Token;
        }
        return {
          reason: 'length',
          promptTokens: 7,
          cachedTokens: 3,
          answerTokens: words.length,
          prefillMs: 1,
          decodeMs: 2,
        };
      } finally {
        left++;
      }
    },
    ...change,
  };
  return { session, asked, countLeft: () => left };
}

async function answer(
  messages: readonly ChatMessage[],
  session: ChatPorts['session'],
  change: Partial<ChatPorts> = {},
  abort = new AbortController(),
  onEvent: (event: ChatEvent) => void = () => undefined,
): Promise<{ events: ChatEvent[]; end: RunEnd }> {
  let ms = 0;
  const events: ChatEvent[] = [];
  const ports: ChatPorts = {
    session,
    now: () => (ms += 10),
    loadImage: ({ mediaType }) => Promise.resolve({ mediaType, bytes: new Uint8Array([1]) }),
    recover: () => Promise.resolve(undefined),
    ...change,
  };
  const chat = answerChat({ messages, template, sampling: DEFAULT_SAMPLING }, ports, abort.signal);
  for (;;) {
    const next = await chat.next();
    if (next.done === true) return { events, end: next.value };
    events.push(next.value);
    onEvent(next.value);
  }
}

const textOf = (events: readonly ChatEvent[]) =>
  events.map((event) => (event.type === 'token' ? event.text : '')).join('');

describe('answerChat', () => {
  it('gives the tokens and then how it went', async () => {
    const { session, asked } = makeSession(['A', ' cat']);
    const { events, end } = await answer([ask('What?')], session);
    expect(end).toEqual({ kind: 'finished' });
    expect(events.map(({ type }) => type)).toEqual(['answer-started', 'token', 'token', 'answer-finished']);
    expect(events.at(-1)).toMatchObject({
      finish: 'length',
      session: info,
      timing: { promptTokens: 7, cachedTokens: 3, answerTokens: 2, firstTokenMs: 10, totalMs: 20 },
    });
    expect(asked.map(({ prompt, ...input }) => ({ prompt: promptText(prompt), ...input }))).toEqual([
      { prompt: '[user]What?[answer]', stop: ['[user]'] },
    ]);
  });

  it('shows the images to a model that sees', async () => {
    const { session, asked } = makeSession(['A'], { acceptsImages: true });
    await answer([ask('What?', [image, image])], session);
    expect(asked[0]?.images).toHaveLength(2);
  });

  it('a model that only reads is not asked about an image', async () => {
    const { session, asked } = makeSession(['A']);
    const { events, end } = await answer([ask('What?', [image]), ask('Why?')], session);
    expect(end).toMatchObject({ kind: 'failed', fault: { kind: 'unsupported' } });
    expect(events).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('a template that refuses the conversation is its end', async () => {
    const { session } = makeSession(['A']);
    const strict = { ...template, source: "{{ raise_exception('no system role') }}" };
    const chat = answerChat(
      { messages: [ask('x')], template: strict, sampling: DEFAULT_SAMPLING },
      {
        session,
        now: () => 0,
        loadImage: () => Promise.reject(new Error('none here')),
        recover: () => Promise.resolve(undefined),
      },
      new AbortController().signal,
    );
    expect((await chat.next()).value).toMatchObject({
      kind: 'failed',
      fault: { kind: 'bad-input', what: 'chat template' },
    });
  });

  it('a stop in mid-answer ends it and leaves the engine idle', async () => {
    const { session, countLeft } = makeSession(['A', ' cat', ' sat']);
    const abort = new AbortController();
    const { events, end } = await answer([ask('What?')], session, {}, abort, (event) => {
      if (event.type === 'token') abort.abort();
    });
    expect(end).toEqual({ kind: 'stopped' });
    expect(textOf(events)).toBe('A');
    expect(countLeft()).toBe(1);
  });

  it('what replaces a broken session begins the answer anew', async () => {
    const broken = makeSession(['A', { kind: 'device-lost', detail: 'gone' }]);
    const other = makeSession(['A', ' cat'], { info: { ...info, backend: 'wasm' } });
    const { events, end } = await answer([ask('What?')], broken.session, {
      recover: () => Promise.resolve(other.session),
    });
    expect(end).toEqual({ kind: 'finished' });
    expect(events.filter(({ type }) => type === 'answer-started')).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ session: { backend: 'wasm' } });
  });

  it('the first fault counts where nothing takes over', async () => {
    const { session } = makeSession([{ kind: 'device-lost', detail: 'gone' }]);
    const recover = () => Promise.reject(new FaultError({ kind: 'engine', detail: 'second' }));
    expect((await answer([ask('?')], session, { recover })).end).toEqual({
      kind: 'failed',
      fault: { kind: 'device-lost', detail: 'gone' },
    });
    const stop = () => Promise.reject(new FaultError({ kind: 'stopped' }));
    expect((await answer([ask('?')], session, { recover: stop })).end).toEqual({ kind: 'stopped' });
  });
});
