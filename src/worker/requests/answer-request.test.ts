import { describe, expect, it } from 'vitest';
import type { Session } from '../../domain/engine/engine';
import { badInput, FaultError, type Fault } from '../../domain/fault';
import { parseModel } from '../../domain/model/model';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import type { ChatRequest, ChatWorkerEvent } from '../protocol';
import type { WantedSession } from '../sessions/session-keeper';
import { answerRequest } from './answer-request';

const model = parseModel({
  id: 'model',
  name: 'Model',
  family: 'Family',
  parameters: 1,
  licence: 'MIT',
  source: 'https://x.example/',
  template: { kind: 'jinja', source: "{{ messages[0]['content'] }}" },
  artifacts: [
    {
      id: 'artifact',
      format: 'gguf',
      quantization: 'Q4_0',
      contextTokens: 8192,
      files: [{ name: 'a.gguf', bytes: 1, sha256: 'a'.repeat(64), manifest: 'a/manifest.json' }],
    },
  ],
});

const request: ChatRequest = {
  model,
  artifactId: 'artifact',
  sampling: { ...DEFAULT_SAMPLING, maxTokens: 100 },
  modelsUrl: 'https://x.example/static-models/',
  messages: [{ role: 'user', content: 'What?' }],
};
const withImage: ChatRequest = {
  ...request,
  messages: [{ role: 'user', content: 'What?', images: [{ mediaType: 'image/png', base64: 'AQI=' }] }],
};

/** A session on this backend that says a word, or breaks. */
function makeSession(backend: 'wasm' | 'webgpu', fault?: Fault): Session & { images: number[] } {
  const images: number[] = [];
  return {
    images,
    acceptsImages: true,
    info: { engineId: backend, engineVersion: '1', backend, threads: 1, contextTokens: 2048 },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *complete(input) {
      images.push(...(input.images ?? []).map(({ bytes }) => bytes.length));
      yield { text: 'A' };
      if (fault !== undefined) throw new FaultError(fault);
      return {
        reason: 'stop',
        promptTokens: 1,
        cachedTokens: 0,
        answerTokens: 1,
        prefillMs: 1,
        decodeMs: 1,
      };
    },
    close: () => Promise.resolve(),
  };
}

async function answer(asked: ChatRequest, sessions: readonly Session[]) {
  const wanted: WantedSession[] = [];
  const events: ChatWorkerEvent[] = [];
  let closed = 0;
  const end = await answerRequest(
    asked,
    {
      open: (each) => {
        const session = sessions[wanted.length];
        wanted.push(each);
        return session === undefined
          ? Promise.reject(new FaultError({ kind: 'unsupported', detail: 'nothing left' }))
          : Promise.resolve(session);
      },
      close: () => {
        closed++;
        return Promise.resolve();
      },
    },
    (event) => events.push(event),
    new AbortController().signal,
  );
  return { wanted, end, closed, kinds: events.map(({ type }) => type) };
}

describe('answerRequest', () => {
  it('opens the model, then answers, and keeps it open', async () => {
    const { wanted, end, closed, kinds } = await answer(request, [makeSession('wasm')]);
    expect(wanted).toEqual([{ contextTokens: 1636, needsImages: false, setAside: [] }]);
    expect(end).toEqual({ kind: 'finished' });
    expect(kinds).toEqual(['phase', 'answer-started', 'token', 'answer-finished']);
    expect(closed).toBe(0);
  });

  it('asks for a session with eyes and more room where there is an image, and gives it the bytes', async () => {
    const session = makeSession('wasm');
    const { wanted } = await answer(withImage, [session]);
    expect(wanted[0]).toMatchObject({ contextTokens: 4516, needsImages: true });
    expect(session.images).toEqual([2]);
  });

  it('answers anew on the CPU when the graphics device breaks', async () => {
    const lost: Fault = { kind: 'device-lost', detail: 'gone' };
    const { wanted, end, kinds } = await answer(request, [makeSession('webgpu', lost), makeSession('wasm')]);
    expect(end).toEqual({ kind: 'finished' });
    expect(wanted[1]?.setAside).toMatchObject([{ engineId: 'webgpu', code: 'device-lost' }]);
    expect(kinds.filter((kind) => kind === 'answer-started')).toHaveLength(2);
  });

  it('closes an engine that broke, and keeps one that was asked nonsense', async () => {
    const broken = await answer(request, [makeSession('wasm', { kind: 'engine', detail: 'x' })]);
    expect(broken).toMatchObject({ closed: 1, end: { kind: 'failed' } });
    const refused = await answer(request, [makeSession('wasm', badInput('prompt', 'too long').fault)]);
    expect(refused).toMatchObject({ closed: 0, end: { kind: 'failed' } });
  });

  it('an unknown artifact opens nothing', async () => {
    await expect(answer({ ...request, artifactId: 'other' }, [])).rejects.toMatchObject({
      fault: { kind: 'unsupported' },
    });
  });
});
