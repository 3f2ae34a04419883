import { listFiles, type Model } from '../domain/model';
import type { CachedFile } from '../worker/protocol';
import type { LoraBase } from './adapters.svelte';

/** The model, of those known here, that a stored file is part of: the first that has it. */
export function findOwner(
  { sha256, source }: Pick<CachedFile, 'sha256' | 'source'>,
  models: readonly Model[],
): LoraBase | undefined {
  for (const model of models) {
    for (const artifact of model.artifacts) {
      const isPart = listFiles(artifact).some(
        (file) =>
          (sha256 !== undefined && file.sha256 === sha256) ||
          (source !== undefined &&
            (file.url === source || (file.local !== undefined && `local:${file.local}` === source))),
      );
      if (isPart) return { model, artifact };
    }
  }
  return undefined;
}
