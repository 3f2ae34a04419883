import type { Embedder, OpenFile } from '../../domain/engine/engine';
import { toFault } from '../../domain/fault';
import type { GraderPorts } from '../../domain/graders/grader';
import type { Artifact } from '../../domain/model/model';

/** MiniLM, 8-bit weights: 23 MB. Not checked against the live Hub here; a mirror of sentence-transformers/all-MiniLM-L6-v2. */
const REPO = 'https://huggingface.co/Xenova/all-MiniLM-L6-v2/resolve/main';
const PATHS = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model_quantized.onnx'];
const DTYPE = 'q8';

/** The sentence model of the `similar` grader; its files go to the store as every model's do. */
export const SENTENCE_MODEL: Artifact = {
  id: 'all-minilm-l6-v2-q8',
  format: 'onnx',
  quantization: DTYPE,
  contextTokens: 256,
  companions: [],
  unverified: true,
  files: PATHS.map((path) => ({ name: path, url: `${REPO}/${path}`, approximateBytes: 1 })),
};

export interface EmbedPorts {
  readonly obtain: (artifact: Artifact, signal: AbortSignal) => Promise<readonly OpenFile[]>;
  readonly open: (files: readonly OpenFile[], dtype: typeof DTYPE, signal: AbortSignal) => Promise<Embedder>;
}

/**
 * Embeddings for graders. The model is fetched when the first grader asks, and once; where it cannot be had there are no
 * vectors, and the grader is not run.
 */
export function createEmbed(
  { obtain, open }: EmbedPorts,
  signal: AbortSignal,
): { readonly embed: NonNullable<GraderPorts['embed']>; readonly close: () => Promise<void> } {
  let opening: Promise<Embedder | undefined> | undefined;
  const openOnce = async () => {
    try {
      return await open(await obtain(SENTENCE_MODEL, signal), DTYPE, signal);
    } catch (error) {
      if (toFault(error).kind === 'stopped') throw error;
      return undefined;
    }
  };
  return {
    async embed(texts) {
      opening ??= openOnce();
      const embedder = await opening;
      return embedder === undefined ? [] : await embedder.embed(texts, signal);
    },
    async close() {
      const embedder = await opening?.catch(() => undefined);
      await embedder?.close();
    },
  };
}
