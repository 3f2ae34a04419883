import { findBackendFacts } from '../../app/backend-facts';
import type { Backend } from '../../domain/engine/backends';
import { m } from '../messages/messages';

interface BackendWords {
  /** As a heading. */
  readonly name: () => string;
  /** In a sentence. */
  readonly withEngine: (engine: string) => string;
  /** In a narrow column. */
  readonly shortWithEngine: (engine: string) => string;
  /** As a fact of a run. */
  readonly describe: (threads: string) => string;
}

/** A backend without words of its own is called by its label. */
const WORDS: Readonly<Partial<Record<Backend, BackendWords>>> = {
  wasm: {
    name: () => m.way_wasm(),
    withEngine: (engine) => m.facts_on_cpu({ engine }),
    shortWithEngine: (engine) => m.speedtest_on_cpu({ engine }),
    describe: (threads) => m.facts_backend_wasm({ threads }),
  },
  webgpu: {
    name: () => m.way_webgpu(),
    withEngine: (engine) => m.facts_on_gpu({ engine }),
    shortWithEngine: (engine) => m.speedtest_on_gpu({ engine }),
    describe: () => m.facts_backend_webgpu(),
  },
};

export function findBackendWords(backend: Backend): BackendWords {
  const { label } = findBackendFacts(backend);
  const named = (engine: string) => `${engine} (${label})`;
  return (
    WORDS[backend] ?? {
      name: () => label,
      withEngine: named,
      shortWithEngine: named,
      describe: () => label,
    }
  );
}
