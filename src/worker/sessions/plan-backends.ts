import { BACKEND_FACTS, type Backend, type BackendChoice } from '../../domain/engine/backends';
import type { Engine, SetAside } from '../../domain/engine/engine';

/** One way to run a model. */
export interface Candidate {
  readonly engineId: string;
  readonly backend: Backend;
}

/** What is known of the graphics device without computing on it. */
export type Graphics =
  | { readonly kind: 'adapter'; readonly name: string; readonly software: boolean }
  | { readonly kind: 'no-webgpu' | 'no-adapter' };

export interface PlanInput {
  /** Those that support the artifact, in order of preference. */
  readonly engines: readonly Pick<Engine, 'id' | 'backends'>[];
  /** Where the person has chosen one. */
  readonly engineId?: string;
  readonly backend: BackendChoice;
  readonly graphics: Graphics;
  /** As measured on this device with this model. */
  readonly speeds: readonly (Candidate & { readonly tokensPerSecond: number })[];
  /** What failed the self-test on this device. */
  readonly failed: readonly (Candidate & { readonly reason: string })[];
}

interface BackendPlan {
  /** To be tried in this order. */
  readonly candidates: readonly Candidate[];
  /** Left out without being tried, and why: worth saying. */
  readonly setAside: readonly SetAside[];
}

/**
 * The ways to run a model, best first. `auto`: by measured speed; what was never measured comes first if it is on the
 * GPU (measured when opened) and last if on the CPU. `webgpu`: the GPU first, then the CPU. `wasm`: only the CPU.
 */
export function planBackends(input: PlanInput): BackendPlan {
  const { engineId, backend, graphics, speeds, failed } = input;
  const engines = input.engines.filter(({ id }) => engineId === undefined || id === engineId);
  const list = (wanted: (backend: Backend) => boolean): Candidate[] =>
    engines.flatMap(({ id, backends }) =>
      backends.filter(wanted).map((each) => ({ engineId: id, backend: each })),
    );
  if (backend !== 'auto' && !isSelfTested(backend)) {
    return {
      candidates: sortBySpeed(
        list((each) => each === backend),
        speeds,
      ),
      setAside: [],
    };
  }

  const cpu = list((each) => !isSelfTested(each));
  const gpu = list((each) => isSelfTested(each) && (backend === 'auto' || each === backend));
  const setAside: SetAside[] =
    backend !== 'auto' && gpu.length === 0
      ? cpu.map(({ engineId: id }) => ({ engineId: id, backend, code: 'unsupported', reason: 'CPU only' }))
      : [];
  const usable = gpu.filter((candidate) => {
    if (graphics.kind !== 'adapter') {
      // A device without a GPU is no news unless one was asked for, or nothing else can run the model.
      if (backend !== 'auto' || cpu.length === 0) {
        setAside.push({ ...candidate, code: graphics.kind, reason: '' });
      }
      return false;
    }
    // What a person asks for by name is tested again.
    if (backend !== 'auto') return true;
    const failure = failed.find((each) => isSame(each, candidate));
    if (failure !== undefined) setAside.push({ ...candidate, code: 'self-test', reason: failure.reason });
    // A graphics device made of software is the same CPU by a longer way.
    return failure === undefined && (!graphics.software || cpu.length === 0);
  });
  if (backend !== 'auto') {
    return { candidates: [...sortBySpeed(usable, speeds), ...sortBySpeed(cpu, speeds)], setAside };
  }
  return { candidates: sortBySpeed([...usable, ...cpu], speeds), setAside };
}

function isSelfTested(backend: Backend): boolean {
  return BACKEND_FACTS[backend].isSelfTested;
}

/** Whether two candidates are the same way to run. */
export function isSame(a: Candidate, b: Candidate): boolean {
  return a.engineId === b.engineId && a.backend === b.backend;
}

function sortBySpeed(candidates: readonly Candidate[], speeds: PlanInput['speeds']): readonly Candidate[] {
  const rate = (candidate: Candidate) =>
    speeds.find((each) => isSame(each, candidate))?.tokensPerSecond ??
    (isSelfTested(candidate.backend) ? Infinity : 0);
  return candidates.toSorted((a, b) => {
    const [left, right] = [rate(a), rate(b)];
    return left === right ? 0 : right - left;
  });
}
