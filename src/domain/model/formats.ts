import type { Backend } from '../engine/backends';

/** A way of storing a model's weights. */
interface FormatFacts {
  /** Where it can run at all. */
  readonly backends: readonly Backend[];
  /** False where there is nothing to fetch: the model lies with whoever computes. */
  readonly hasWeights: boolean;
}

/** In order of speed, where a backend has a choice: web-llm is the faster way to a GPU. */
const FACTS = {
  mlc: { backends: ['webgpu'], hasWeights: true },
  gguf: { backends: ['wasm', 'webgpu'], hasWeights: true },
  onnx: { backends: ['wasm', 'webgpu'], hasWeights: true },
} as const satisfies Readonly<Record<string, FormatFacts>>;

export type Format = keyof typeof FACTS;

/** The fastest first. Catalogs and a person's own models hold these names: none may be renamed or taken away. */
export const FORMATS = Object.keys(FACTS) as readonly Format[];
export const FORMAT_FACTS: Readonly<Record<Format, FormatFacts>> = FACTS;
