import type { DeviceCard } from '../../domain/engine/device';
import { BACKEND_FACTS, BACKENDS, type Backend } from '../../domain/engine/backends';
import type { Sampling } from '../../domain/engine/engine';
import {
  chooseArtifact,
  judgeFit,
  type ChosenArtifact,
  type Fit,
  type FitModel,
} from '../../domain/engine/fit';
import type { Artifact, Model } from '../../domain/model/model';
import { countContextTokens } from '../../domain/run/run';
import type { EngineSummary } from '../../worker/protocol';

/** One backend that engines here can run an artifact on. */
export interface Way {
  readonly backend: Backend;
  /** In order of preference. */
  readonly engines: readonly EngineSummary[];
  readonly fit: Fit;
}

/** The GPU first, unless it is made of software: that is the same CPU by a longer way. */
export function orderBackends({ gpu }: DeviceCard): readonly Backend[] {
  const isGpu = (backend: Backend) => BACKEND_FACTS[backend].computesOn === 'graphics';
  const gpus = BACKENDS.filter(isGpu);
  const others = BACKENDS.filter((each) => !isGpu(each));
  return gpu.available && !gpu.software ? [...gpus, ...others] : [...others, ...gpus];
}

/** The backends that some engine here runs the artifact on, the better one first, each with its arithmetic. */
export function listWays(
  artifact: Artifact,
  model: FitModel,
  device: DeviceCard,
  engines: readonly EngineSummary[],
  sampling: Sampling,
): readonly Way[] {
  return orderBackends(device).flatMap((backend) => {
    const able = listEngines(artifact, backend, engines);
    if (able.length === 0) return [];
    const tokens = countContextTokens(artifact, sampling);
    return [{ backend, engines: able, fit: judgeFit(artifact, model, device, tokens, backend, able[0]?.id) }];
  });
}

const VERDICTS: readonly Fit['verdict'][] = ['fits', 'tight', 'unknown', 'wont-fit'];

/** The way with the best verdict. */
export function pickWay(ways: readonly Way[]): Way | undefined {
  return VERDICTS.flatMap((verdict) => ways.filter(({ fit }) => fit.verdict === verdict))[0];
}

/** The artifact to offer first on this device. @returns undefined when none has room or an engine */
export function pickArtifact(
  model: Model,
  device: DeviceCard,
  engines: readonly EngineSummary[],
  sampling: Sampling,
): ChosenArtifact | undefined {
  return chooseArtifact(model, device, {
    contextTokens: countContextTokens({ contextTokens: Infinity }, sampling),
    backends: orderBackends(device),
    canRun: (artifact, backend) => listEngines(artifact, backend, engines).length > 0,
    findEngineId: (artifact, backend) => listEngines(artifact, backend, engines)[0]?.id,
  });
}

/** What a file's size alone tells of its fit: a model of which nothing else is known, at four to five bits a weight. */
export function judgeFileSize(
  bytes: number,
  device: DeviceCard,
  engines: readonly EngineSummary[],
  sampling: Sampling,
): Way | undefined {
  const artifact: Artifact = {
    id: 'file',
    format: 'gguf',
    quantization: '?',
    contextTokens: 2048,
    files: [{ name: 'file', bytes }],
    companions: [],
    unverified: false,
  };
  return pickWay(listWays(artifact, { parameters: Math.ceil((bytes * 8) / 4.5) }, device, engines, sampling));
}

function listEngines(
  { format }: Artifact,
  backend: Backend,
  engines: readonly EngineSummary[],
): readonly EngineSummary[] {
  return engines.filter(({ formats, backends }) => formats.includes(format) && backends.includes(backend));
}

export interface ArtifactView {
  readonly artifact: Artifact;
  /** Empty where no engine here takes it, or while the device or the engines are not known. */
  readonly ways: readonly Way[];
  /** The way with the best verdict. */
  readonly best: Way | undefined;
  /** Undefined while the device or the engines are not known; otherwise why it cannot be chosen, or that it can. */
  readonly use: 'ready' | 'no-engine' | 'own-weights' | undefined;
}

export interface ModelView {
  readonly model: Model;
  readonly artifacts: readonly ArtifactView[];
  /** The one to offer first. */
  readonly offered: ArtifactView | undefined;
}

/** A model as this device sees it. @param device undefined while it is being found out */
export function viewModel(
  model: Model,
  device: DeviceCard | undefined,
  engines: readonly EngineSummary[],
  sampling: Sampling,
): ModelView {
  const artifacts = model.artifacts.map((artifact): ArtifactView => {
    const ways = device === undefined ? [] : listWays(artifact, model, device, engines, sampling);
    return {
      artifact,
      ways,
      best: pickWay(ways),
      use: judgeUse(artifact, ways, device !== undefined && engines.length > 0),
    };
  });
  const chosen = device && pickArtifact(model, device, engines, sampling);
  const offered =
    artifacts.find(({ artifact }) => artifact === chosen?.artifact) ??
    artifacts.find(({ use }) => use !== 'no-engine' && use !== 'own-weights') ??
    artifacts[0];
  return { model, artifacts, offered };
}

function judgeUse({ mlc }: Artifact, ways: readonly Way[], isKnown: boolean): ArtifactView['use'] {
  if (mlc?.repo === '') return 'own-weights';
  if (!isKnown) return undefined;
  return ways.length === 0 ? 'no-engine' : 'ready';
}

/** Whether a model answers to what a person typed, and has room here where that is asked for. */
export function matchesView({ model, artifacts }: ModelView, query: string, onlyFitting: boolean): boolean {
  const text = [model.name, model.family, model.licence, model.id].join(' ').toLowerCase();
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const hasRoom = artifacts.some(
    ({ best, use }) => use === 'ready' && (best?.fit.verdict === 'fits' || best?.fit.verdict === 'tight'),
  );
  return words.every((word) => text.includes(word)) && (!onlyFitting || hasRoom);
}
