import { hasAdapter } from '../../domain/model/lora-model';
import { listFiles, type Model } from '../../domain/model/model';
import type { CachedFile } from '../../worker/protocol';
import type { LoraBase } from './adapters.svelte';

/** The model, of those known here, that a stored file is part of: one without an adapter before those made of it. */
export function findOwner(
  { sha256, source }: Pick<CachedFile, 'sha256' | 'source'>,
  models: readonly Model[],
): LoraBase | undefined {
  const owners = models.flatMap((model) =>
    model.artifacts
      .filter((artifact) =>
        listFiles(artifact).some(
          (file) =>
            (sha256 !== undefined && file.sha256 === sha256) ||
            (source !== undefined &&
              (file.url === source || (file.local !== undefined && `local:${file.local}` === source))),
        ),
      )
      .map((artifact) => ({ model, artifact })),
  );
  return owners.find(({ artifact }) => !hasAdapter(artifact)) ?? owners[0];
}
