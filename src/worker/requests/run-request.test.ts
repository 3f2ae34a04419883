import { describe, expect, it } from 'vitest';
import type { Session } from '../../domain/engine/engine';
import { FaultError, type Fault } from '../../domain/fault';
import { parseModel } from '../../domain/model/model';
import type { RunStore } from '../../domain/run/ports';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import { parseTestSet } from '../../domain/sets/test-set';
import type { RunRequest, WorkerEvent } from '../protocol';
import type { WantedSession } from '../sessions/session-keeper';
import { runRequest } from './run-request';

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
const testSet = parseTestSet({
  id: 'set',
  title: 'Set',
  language: 'en',
  licence: 'MIT',
  source: 'https://x.example/',
  cases: ['one', 'two'].map((id) => ({
    id,
    prompt: `${id}?`,
    graders: [{ type: 'equals', value: 'A' }],
    tags: [],
  })),
});
const request: RunRequest = {
  runId: 'run',
  model,
  artifactId: 'artifact',
  testSet,
  sampling: DEFAULT_SAMPLING,
  modelsUrl: 'https://x.example/static-models/',
};

/** A session that always says `A`, or always breaks. */
function makeSession(engineId: string, backend: 'wasm' | 'webgpu', fault?: Fault): Session {
  return {
    info: { engineId, engineVersion: '1', backend, threads: 1, contextTokens: 2048 },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *complete() {
      if (fault !== undefined) throw new FaultError(fault);
      yield { text: 'A' };
      return { reason: 'stop', promptTokens: 1, cachedTokens: 0, answerTokens: 1, prefillMs: 1, decodeMs: 1 };
    },
    close: () => Promise.resolve(),
  };
}

async function run(asked: RunRequest, sessions: readonly Session[]) {
  const journal: string[] = [];
  const events: WorkerEvent[] = [];
  const wanted: WantedSession[] = [];
  const note = (entry: string) => {
    journal.push(entry);
    return Promise.resolve();
  };
  const runStore: RunStore = {
    createRun: ({ id, setup }) => note(`create ${id} ${setup.artifact.sha256}`),
    reopenRun: (id) => note(`reopen ${id}`),
    appendResult: (_id, { caseId, kind }) => note(`${kind} ${caseId}`),
    appendSwitch: (_id, { from, to }) => note(`switch ${from.engineId} to ${to.engineId}`),
    endRun: (_id, { kind }) => note(`end ${kind}`),
    findRun: () => Promise.resolve(undefined),
    listRuns: () => Promise.resolve([]),
    deleteRun: () => Promise.resolve(),
  };
  const end = await runRequest(
    asked,
    {
      runStore,
      device: { userAgent: 'agent', logicalCores: 4, crossOriginIsolated: true },
      open: (each) => {
        wanted.push(each);
        const session = sessions[wanted.length - 1];
        if (session === undefined) throw new FaultError({ kind: 'unsupported', detail: 'none left' });
        return Promise.resolve({ session, sha256: 'hash' });
      },
      close: () => note('close'),
      withGraderPorts: (_allowScripts, work) => work({}),
      embedding: { obtain: () => Promise.resolve([]), open: () => Promise.reject(new Error('not asked')) },
    },
    (event) => events.push(event),
    new AbortController().signal,
  );
  const types = events.flatMap(({ type }) => (type === 'token' || type === 'case-started' ? [] : [type]));
  return { end, events, journal, types, wanted };
}

describe('runRequest', () => {
  it('has the run in the journal before its first answer, and each result before the next case', async () => {
    const { end, journal, types, wanted } = await run(request, [makeSession('cpu', 'wasm')]);
    expect(end).toEqual({ kind: 'finished' });
    expect(journal).toEqual(['create run hash', 'graded one', 'graded two', 'end finished']);
    expect(types).toEqual(['run-opened', 'phase', 'case-finished', 'case-finished']);
    expect(wanted).toMatchObject([{ needsImages: false, setAside: [] }]);
  });

  it('goes on with what an interrupted run has left', async () => {
    const session = makeSession('cpu', 'wasm');
    const continued = { doneAttempts: ['one'], session: session.info };
    const { journal, types, wanted } = await run({ ...request, continued }, [session]);
    expect(journal).toEqual(['reopen run', 'graded two', 'end finished']);
    expect(types).toEqual(['phase', 'case-finished']);
    expect(wanted).toMatchObject([{ before: { engineId: 'cpu' } }]);
  });

  it('says what runs it now, where what ran it before cannot any more', async () => {
    const before = makeSession('gpu', 'webgpu').info;
    const { journal } = await run({ ...request, continued: { doneAttempts: ['one'], session: before } }, [
      makeSession('cpu', 'wasm'),
    ]);
    expect(journal).toEqual(['reopen run', 'switch gpu to cpu', 'graded two', 'end finished']);
  });

  it('answers the same case with another session when the graphics device is lost', async () => {
    const lost = makeSession('gpu', 'webgpu', { kind: 'device-lost', detail: '' });
    const { end, journal, wanted } = await run(request, [lost, makeSession('cpu', 'wasm')]);
    expect(end).toEqual({ kind: 'finished' });
    expect(journal).toEqual([
      'create run hash',
      'switch gpu to cpu',
      'graded one',
      'graded two',
      'end finished',
    ]);
    expect(wanted[1]).toMatchObject({ setAside: [{ engineId: 'gpu', backend: 'webgpu' }] });
  });

  it('does not keep an engine that fails case after case', async () => {
    const cases = Array.from({ length: 8 }, (_, index) => ({ ...testSet.cases[0], id: `case-${index}` }));
    const broken = makeSession('cpu', 'wasm', { kind: 'engine', detail: 'broken' });
    const long = parseTestSet({ ...testSet, cases });
    const { end, journal } = await run({ ...request, testSet: long }, [broken]);
    expect(end).toMatchObject({ kind: 'failed' });
    expect(journal.slice(-2)).toEqual(['end failed', 'close']);
  });

  it('says where a template has no place for the system text', async () => {
    const findSetup = async (source: string) => {
      const asked = { ...request, testSet: { ...testSet, system: 'Be brief.' } };
      const template = { ...model.template, source };
      const { events } = await run({ ...asked, model: { ...model, template } }, [makeSession('cpu', 'wasm')]);
      return events.flatMap((event) => (event.type === 'run-opened' ? [event.run.setup] : []))[0];
    };
    const refusing = "{{ raise_exception('no') if messages[0].role == 'system' else messages[0].content }}";
    expect(await findSetup(refusing)).toHaveProperty('systemInQuestion', true);
    const taking = '{% for message in messages %}{{ message.content }}{% endfor %}';
    expect(await findSetup(taking)).not.toHaveProperty('systemInQuestion');
  });

  it('writes nothing where the model cannot be opened', async () => {
    await expect(run(request, [])).rejects.toMatchObject({ fault: { kind: 'unsupported' } });
  });
});
