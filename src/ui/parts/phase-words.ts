import type { Bench } from '../../app/run/bench.svelte';
import { m } from '../messages/messages';

type OpeningPhase = Exclude<NonNullable<Bench['phase']>, 'running'>;

/** What is being done on the way to a loaded model. */
export function namePhase(phase: OpeningPhase): string {
  switch (phase) {
    case 'checking':
      return m.phase_checking();
    case 'downloading':
      return m.phase_downloading();
    case 'merging':
      return m.phase_merging();
    case 'loading':
      return m.phase_loading();
    case 'measuring':
      return m.phase_measuring();
    case 'testing':
      return m.phase_testing();
  }
}
