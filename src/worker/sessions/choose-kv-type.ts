import { BACKEND_FACTS, type Backend } from '../../domain/engine/backends';
import type { Engine, KvType } from '../../domain/engine/engine';
import { judgeFit, type FitDevice, type FitModel } from '../../domain/engine/fit';
import type { Artifact } from '../../domain/model/model';

const NO_GPU = { available: false, code: 'no-webgpu', detail: '' } as const;

/**
 * The precision of the KV cache: the most exact one with which the model fits, by the arithmetic that the page shows. A
 * coarser one changes logits, so it is taken only where the exact one would not fit at all, never for its speed: a run
 * must give the same answers on a fast device and on a slow one. The same device always decides the same; what was
 * decided is in the run. On a graphics device the engine's own stands: there q8_0 needs kernels that not all have.
 * @returns undefined where the engine has no choice
 */
export function chooseKvType(
  engine: Pick<Engine, 'id' | 'kvTypes'>,
  backend: Backend,
  artifact: Artifact,
  model: FitModel,
  device: Omit<FitDevice, 'gpu'>,
  contextTokens: number,
): KvType | undefined {
  if (engine.kvTypes === undefined || BACKEND_FACTS[backend].computesOn !== 'processor') return undefined;
  const fits = (kvType: KvType) =>
    judgeFit(artifact, model, { ...device, gpu: NO_GPU }, contextTokens, backend, engine.id, kvType)
      .verdict !== 'wont-fit';
  return engine.kvTypes.find(fits) ?? engine.kvTypes[0];
}
