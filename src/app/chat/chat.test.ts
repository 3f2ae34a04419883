import { describe, expect, it } from 'vitest';
import { badInput, FaultError, type Fault } from '../../domain/fault';
import type { Model } from '../../domain/model/model';
import type { RunEnd, Timing } from '../../domain/run/run';
import type { ChatRequest, ChatWorkerEvent, ModelChoice } from '../../worker/protocol';
import { HASH, makeModel } from '../../domain/testing/make-run';
import { Chat, type ChatPorts } from './chat.svelte';
import type { ReadImage } from './read-image';

const weights = { name: 'a.gguf', bytes: 1, sha256: HASH, manifest: 'a/manifest.json' };
const modelOf = (change: object = {}, companions: readonly object[] = []) =>
  makeModel({
    artifacts: [
      {
        id: 'artifact',
        format: 'gguf',
        quantization: 'Q4_0',
        contextTokens: 1000,
        files: [weights],
        companions,
      },
    ],
    ...change,
  });
const choose = (model: Model): ModelChoice => ({
  model,
  artifactId: 'artifact',
  backend: 'wasm',
  threads: 2,
});
const reads = choose(modelOf());
const sees = choose(modelOf({ vision: true }, [{ kind: 'mmproj', file: { ...weights, name: 'b.gguf' } }]));
const single = choose(modelOf({ turns: 'one' }));

const session = {
  engineId: 'engine',
  engineVersion: '1',
  backend: 'wasm',
  threads: 2,
  contextTokens: 1000,
} as const;
const timing: Timing = {
  promptTokens: 20,
  cachedTokens: 0,
  answerTokens: 5,
  firstTokenMs: 10,
  totalMs: 60,
  prefillMs: 9,
  decodeMs: 50,
};
const say = (text: string): ChatWorkerEvent => ({ type: 'token', text, count: 1 });
const finish = (change: Partial<Timing> = {}): ChatWorkerEvent => ({
  type: 'answer-finished',
  finish: 'stop',
  timing: { ...timing, ...change },
  session,
});
const started: ChatWorkerEvent = { type: 'answer-started', session };

/** The page's side of a chat, with the worker's side in the hands of the test. */
function makeChat(change: Partial<ChatPorts> = {}) {
  const requests: ChatRequest[] = [];
  let emit: (...events: ChatWorkerEvent[]) => void = () => undefined;
  let end: (end: RunEnd) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  let signal = new AbortController().signal;
  const chat = new Chat({
    client: {
      chat: (request, listener, stop) =>
        new Promise<RunEnd>((resolve, reject) => {
          requests.push(request);
          emit = (...events) => listener(events);
          end = resolve;
          fail = reject;
          signal = stop;
        }),
    },
    readImage: async (file) => ({ mediaType: 'image/png', base64: await file.text() }),
    openLocalFiles: () => Promise.resolve([]),
    modelsUrl: 'https://x.example/static-models/',
    requestPersistence: () => Promise.resolve(),
    now: () => 0,
    ...change,
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  /** Writes a question and sends it, up to where the worker has it. */
  const ask = async (question: string, choice = reads) => {
    chat.draft = question;
    void chat.send(choice);
    await settle();
  };
  const finishWith = async (how: RunEnd = { kind: 'finished' }) => {
    end(how);
    await settle();
  };
  return {
    chat,
    requests,
    ask,
    settle,
    emit: (...events: ChatWorkerEvent[]) => emit(...events),
    end: finishWith,
    fail: async (fault: Fault) => {
      fail(new FaultError(fault));
      await settle();
    },
    isStopped: () => signal.aborted,
    askAndAnswer: async (question: string, answer: string, choice = reads, counted: Partial<Timing> = {}) => {
      await ask(question, choice);
      emit(started, say(answer), finish(counted));
      await finishWith();
    },
  };
}

const textsOf = (request: ChatRequest | undefined) =>
  request?.messages.map(({ role, content }) => `${role}: ${content}`);

describe('a question', () => {
  it('goes to the worker as the person wrote it, and the answer streams in', async () => {
    const { chat, requests, ask, emit, end } = makeChat();
    chat.system = ' Be brief. ';
    await ask('  What?  ');
    expect(chat.busy).toBe(true);
    expect(chat.draft).toBe('');
    expect(textsOf(requests[0])).toEqual(['system: Be brief.', 'user: What?']);
    expect(requests[0]).toMatchObject({ artifactId: 'artifact', backend: 'wasm', threads: 2 });
    emit({ type: 'phase', phase: 'answering' }, started, say('A'), say(' cat.'));
    expect(chat.turns.at(-1)).toMatchObject({
      question: 'What?',
      answer: 'A cat.',
      session,
      modelName: 'Model',
    });
    emit(finish());
    await end();
    expect(chat.busy).toBe(false);
    expect(chat.turns.at(-1)).toMatchObject({ finish: 'stop', timing, end: { kind: 'finished' } });
  });

  it('carries the turns before it, and none of those without an answer', async () => {
    const { requests, ask, askAndAnswer, end } = makeChat();
    await askAndAnswer('What?', 'A cat.');
    await ask('And?');
    await end({ kind: 'stopped' });
    await ask('Why?');
    expect(textsOf(requests.at(-1))).toEqual(['user: What?', 'assistant: A cat.', 'user: Why?']);
  });

  it('stands alone for a model of single questions', async () => {
    const { chat, requests, ask, askAndAnswer } = makeChat();
    await askAndAnswer('What?', 'A cat.', single);
    await ask('Why?', single);
    expect(textsOf(requests.at(-1))).toEqual(['user: Why?']);
    expect(chat.turns.at(-1)?.leftOut).toBe(0);
  });

  it('says how many turns no longer fit', async () => {
    const { chat, requests, ask, askAndAnswer } = makeChat();
    await askAndAnswer('One?', 'One.', reads, { promptTokens: 300, answerTokens: 100 });
    await askAndAnswer('Two?', 'Two.', reads, { promptTokens: 480, answerTokens: 10 });
    await ask('Three?');
    expect(textsOf(requests.at(-1))).toEqual(['user: Two?', 'assistant: Two.', 'user: Three?']);
    expect(chat.turns.map(({ leftOut }) => leftOut)).toEqual([0, 0, 1]);
  });

  it('is asked again with fewer turns where the engine finds it too long, and fails when none is left', async () => {
    const { chat, requests, ask, askAndAnswer, end, fail } = makeChat();
    await askAndAnswer('One?', 'One.');
    await askAndAnswer('Two?', 'Two.');
    await ask('Three?');
    const { fault } = badInput('prompt', '2000 tokens in a context of 1000');
    await end({ kind: 'failed', fault });
    expect(textsOf(requests.at(-1))).toEqual(['user: Two?', 'assistant: Two.', 'user: Three?']);
    await fail(fault);
    expect(textsOf(requests.at(-1))).toEqual(['user: Three?']);
    expect(chat.turns.map(({ leftOut }) => leftOut)).toEqual([0, 0, 2]);
    await end({ kind: 'failed', fault });
    expect(requests).toHaveLength(5);
    expect(chat.turns.at(-1)).toMatchObject({ answer: '', end: { kind: 'failed', fault } });
    expect(chat.busy).toBe(false);
  });

  it('without words, or while another is answered, is not sent', async () => {
    const { chat, requests, ask } = makeChat();
    await ask('   ');
    expect(requests).toHaveLength(0);
    await ask('What?');
    await ask('Why?');
    expect(requests).toHaveLength(1);
    expect(chat.draft).toBe('Why?');
  });
});

describe('an answer', () => {
  it('that is stopped stays as far as it came, and is part of what follows', async () => {
    const { chat, requests, ask, emit, end, isStopped } = makeChat();
    await ask('What?');
    emit(started, say('A cat'));
    chat.stop();
    expect(chat.stopping).toBe(true);
    expect(isStopped()).toBe(true);
    await end({ kind: 'stopped' });
    expect(chat.turns.at(-1)).toMatchObject({ answer: 'A cat', end: { kind: 'stopped' } });
    expect(chat.stopping).toBe(false);
    await ask('Why?');
    expect(textsOf(requests.at(-1))).toEqual(['user: What?', 'assistant: A cat', 'user: Why?']);
  });

  it('begins anew with another engine', async () => {
    const { chat, ask, emit } = makeChat();
    await ask('What?');
    emit(started, say('garb'), started, say('A cat.'));
    expect(chat.turns.at(-1)?.answer).toBe('A cat.');
  });

  it('that fails tells why, and the next question is taken', async () => {
    const { chat, ask, fail } = makeChat();
    await ask('What?');
    const fault: Fault = { kind: 'out-of-memory', detail: 'no' };
    await fail(fault);
    expect(chat.turns.at(-1)?.end).toEqual({ kind: 'failed', fault });
    expect(chat.busy).toBe(false);
  });

  it('can be had again, with another seed and the same question', async () => {
    const { chat, requests, askAndAnswer, settle } = makeChat();
    await askAndAnswer('What?', 'A cat.');
    await askAndAnswer('Why?', 'Because.');
    void chat.regenerate(reads);
    await settle();
    expect(textsOf(requests.at(-1))).toEqual(['user: What?', 'assistant: A cat.', 'user: Why?']);
    expect(requests.at(-1)?.sampling.seed).toBe((requests[0]?.sampling.seed ?? 0) + 1);
    expect(chat.turns).toHaveLength(2);
  });

  it('a picked file that is gone is its fault, and nothing is asked', async () => {
    const { chat, requests, ask } = makeChat({
      openLocalFiles: () => Promise.reject(badInput('local file', 'gone')),
    });
    await ask('What?');
    expect(requests).toHaveLength(0);
    expect(chat.turns.at(-1)?.end).toMatchObject({ kind: 'failed', fault: { what: 'local file' } });
  });
});

describe('images', () => {
  const png = (text: string) => new Blob([text]);

  it('go with the question and stay in the conversation', async () => {
    const { chat, requests, ask, askAndAnswer } = makeChat();
    await chat.attach([png('AAAA')]);
    await askAndAnswer('What?', 'A cat.', sees);
    expect(chat.images).toEqual([]);
    expect(requests[0]?.messages[0]?.images).toEqual([{ mediaType: 'image/png', base64: 'AAAA' }]);
    await ask('Why?', sees);
    expect(requests[1]?.messages.map(({ images = [] }) => images.length)).toEqual([1, 0, 0]);
  });

  it('are refused for a model that reads text only, before anything is asked of the worker', async () => {
    const { chat, requests, ask, askAndAnswer } = makeChat();
    await chat.attach([png('AAAA')]);
    expect(chat.isBlind(reads)).toBe(true);
    expect(chat.isBlind(sees)).toBe(false);
    await ask('What?', reads);
    expect(requests).toHaveLength(0);
    expect(chat.draft).toBe('What?');
    expect(chat.images).toHaveLength(1);
    await askAndAnswer('What?', 'A cat.', sees);
    // The conversation now has one.
    expect(chat.isBlind(reads)).toBe(true);
    // It would not be shown to this one.
    expect(chat.isBlind(single)).toBe(false);
    // The question to be asked again has the image itself.
    expect(chat.canRegenerate(reads)).toBe(false);
    expect(chat.canRegenerate(sees)).toBe(true);
    chat.clear();
    expect(chat.isBlind(reads)).toBe(false);
  });

  it('at most four; the first ones are taken', async () => {
    const { chat } = makeChat();
    await chat.attach(['AAAA', 'BBBB', 'CCCC'].map(png));
    await chat.attach(['DDDD', 'EEEE'].map(png));
    expect(chat.images.map(({ base64 }) => base64)).toEqual(['AAAA', 'BBBB', 'CCCC', 'DDDD']);
    expect(chat.tooManyImages).toBe(true);
    const [first] = chat.images;
    if (first !== undefined) chat.detach(first);
    expect(chat.images.map(({ base64 }) => base64)).toEqual(['BBBB', 'CCCC', 'DDDD']);
    expect(chat.tooManyImages).toBe(false);
  });

  it('given at the same time are all taken', async () => {
    const { chat } = makeChat();
    await Promise.all([chat.attach([png('AAAA')]), chat.attach([png('BBBB')])]);
    expect(chat.images).toHaveLength(2);
  });

  it('what is no image gets a word, and nothing is sent while one is read', async () => {
    let settle: (image: ReadImage | FaultError) => void = () => undefined;
    const readImage = () =>
      new Promise<ReadImage>((resolve, reject) => {
        settle = (image) => (image instanceof FaultError ? reject(image) : resolve(image));
      });
    const { chat, requests, ask } = makeChat({ readImage });
    const reading = chat.attach([png('x')]);
    expect(chat.reading).toBe(true);
    await ask('What?', sees);
    expect(requests).toHaveLength(0);
    settle(badInput('image', 'damaged'));
    await reading;
    expect(chat.reading).toBe(false);
    expect(chat.imageFault).toMatchObject({ what: 'image' });
  });
});

it('a new chat forgets the conversation and keeps what is being written', async () => {
  const { chat, requests, ask, askAndAnswer } = makeChat();
  await askAndAnswer('What?', 'A cat.');
  chat.draft = 'half a';
  chat.clear();
  expect(chat.turns).toEqual([]);
  expect(chat.draft).toBe('half a');
  await ask('Why?');
  chat.clear();
  expect(chat.turns).toHaveLength(1);
  expect(textsOf(requests.at(-1))).toEqual(['user: Why?']);
});
