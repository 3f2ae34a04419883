import { parseModel, type Model } from '../model/model';
import {
  DEFAULT_SAMPLING,
  type FailedResult,
  type GradedResult,
  type Run,
  type Setup,
  type Timing,
} from '../run/run';
import { parseTestSet, type TestSet } from '../sets/test-set';

/** What a SHA-256 looks like. */
export const HASH = 'a'.repeat(64);

/** A model of one GGUF file, as a row of the catalog. */
export function makeModel(change: object = {}): Model {
  return parseModel({
    id: 'model',
    name: 'Model',
    family: 'Family',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id: 'artifact',
        format: 'gguf',
        quantization: 'Q4_0',
        contextTokens: 2048,
        files: [{ name: 'a.gguf', bytes: 1, sha256: HASH, manifest: 'a/manifest.json' }],
      },
    ],
    ...change,
  });
}

/** A set of cases with these ids; the right answer to each is `x`. */
export function makeSet(
  ids: readonly string[],
  change: (id: string, at: number) => object = () => ({}),
): TestSet {
  return parseTestSet({
    id: 'set',
    title: 'Set',
    language: 'en',
    licence: 'CC0-1.0',
    cases: ids.map((id, at) => ({
      id,
      prompt: `${id}?`,
      graders: [{ type: 'equals', value: 'x' }],
      ...change(id, at),
    })),
  });
}

export function makeSetup({
  set,
  ...change
}: Partial<Omit<Setup, 'set'>> & { readonly set?: Partial<Setup['set']> } = {}): Setup {
  return {
    model: { id: 'model', name: 'Model' },
    artifact: { id: 'artifact', quantization: 'Q4_1', sha256: HASH },
    session: { engineId: 'engine', engineVersion: '1', backend: 'wasm', threads: 4, contextTokens: 2048 },
    templateSha256: HASH,
    set: { id: 'set', title: 'Set', language: 'en', sha256: HASH, caseCount: 24, ...set },
    sampling: DEFAULT_SAMPLING,
    ...change,
  };
}

export function makeRun(change: Partial<Run> = {}): Run {
  return {
    id: 'run',
    startedAt: 1,
    device: { userAgent: 'agent', logicalCores: 8, crossOriginIsolated: true },
    setup: makeSetup(),
    ...change,
  };
}

export function makeTiming(change: Partial<Timing> = {}): Timing {
  return {
    promptTokens: 40,
    cachedTokens: 0,
    answerTokens: 10,
    firstTokenMs: 100,
    totalMs: 300,
    prefillMs: 90,
    decodeMs: 200,
    ...change,
  };
}

/** A right answer unless the change says otherwise; its graders have said nothing. */
export function makeGraded(change: Partial<GradedResult> = {}): GradedResult {
  const { status = 'pass' } = change;
  return {
    kind: 'graded',
    caseId: 'case',
    prompt: 'prompt',
    answer: 'answer',
    finish: 'stop',
    status,
    score: Number(status === 'pass'),
    outcomes: [],
    timing: makeTiming(),
    ...change,
  };
}

export function makeFailed(change: Partial<FailedResult> = {}): FailedResult {
  return {
    kind: 'failed',
    caseId: 'case',
    prompt: 'prompt',
    answer: '',
    fault: { kind: 'engine', detail: 'gone' },
    ...change,
  };
}
