import { InferenceError } from '../errors';
import { readOptionalNumber } from '../gguf/metadata';
import type { GgufMetadata } from '../gguf/types';
import { EVERY_LAYER } from './architecture';
import type { Hyperparameters, LayerFacts } from './architecture';

/**
 * Layers that see a window of positions only, of every `period` all but the last: as the file lists them, or by its
 * period, or by the architecture's. None without a window. Throws `bad-file` for an impossible window.
 */
export function readLocalLayers(
  metadata: GgufMetadata,
  architecture: string,
  { layers }: Hyperparameters,
  { window, period, rope }: { window: number; period: number; rope: LayerFacts['rope'] },
): readonly LayerFacts[] {
  const size = readOptionalNumber(metadata, `${architecture}.attention.sliding_window`) ?? window;
  if (!Number.isInteger(size) || size < 0 || size > 1 << 24)
    throw new InferenceError('bad-file', `a window of ${size} positions`);
  if (size === 0) return [];
  const pattern = metadata.get(`${architecture}.attention.sliding_window_pattern`);
  const isLocal = (index: number) => {
    if (ArrayBuffer.isView(pattern)) return Boolean(pattern[index]);
    const every = typeof pattern === 'number' ? pattern : period;
    return every === 0 || index % every < every - 1;
  };
  const local: LayerFacts = { window: size, rope };
  return Array.from({ length: layers }, (_, index) => (isLocal(index) ? local : EVERY_LAYER));
}
