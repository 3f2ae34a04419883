import type { Format } from '../../app/format';
import type { Sampling } from '../../domain/engine/engine';
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

/** Names of settings, as the settings' form has them. */
export function nameSettings(names: readonly (keyof Sampling)[]): string {
  const words: Readonly<Record<keyof Sampling, string>> = {
    temperature: m.temperature_label(),
    topP: 'top-p',
    topK: 'top-k',
    seed: m.seed_label(),
    maxTokens: m.max_tokens_label(),
  };
  return names.map((name) => words[name]).join(', ');
}
