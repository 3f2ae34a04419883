/** Where a model can run: what the rest of the code asks of such a place, so that nothing asks for it by name. */
export interface BackendFacts {
  /** The technique's own name, the same in every language. */
  readonly label: string;
  /** Whose memory a model needs: this device's, its graphics device's, or none of ours. */
  readonly computesOn: 'processor' | 'graphics' | 'elsewhere';
  /** Some devices compute wrongly or break here: it is tested first, and another takes over when it breaks. */
  readonly isSelfTested: boolean;
  /** How many threads compute is ours to choose, and worth telling. */
  readonly hasThreads: boolean;
}

const FACTS = {
  wasm: { label: 'WebAssembly', computesOn: 'processor', isSelfTested: false, hasThreads: true },
  webgpu: { label: 'WebGPU', computesOn: 'graphics', isSelfTested: true, hasThreads: false },
} as const satisfies Readonly<Record<string, BackendFacts>>;

export type Backend = keyof typeof FACTS;

/** Stored runs and links hold these names: one may be added, none renamed or taken away. */
export const BACKENDS = Object.keys(FACTS) as readonly Backend[];
export const BACKEND_FACTS: Readonly<Record<Backend, BackendFacts>> = FACTS;

/** What a person may choose; `auto` is decided by measuring. */
export type BackendChoice = 'auto' | Backend;
