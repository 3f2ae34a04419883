import type { Format } from '../../app/format';
import type { Sampling } from '../../domain/engine';
import { m } from '../messages/messages';

/** In the page's language. */
export function describeSampling(sampling: Sampling, format: Format): string {
  return sampling.temperature === 0
    ? m.sampling_greedy({ maxTokens: sampling.maxTokens })
    : m.sampling_random({
        temperature: format.number(sampling.temperature, 2),
        seed: sampling.seed,
        maxTokens: sampling.maxTokens,
      });
}
