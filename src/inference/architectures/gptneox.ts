import { InferenceError } from '../errors';
import { readOptionalBoolean } from '../gguf/metadata';
import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** GPT-NeoX, Pythia, RedPajama, Dolly: LayerNorm, biases everywhere, RoPE over a part of each head. */
export const gptneox: Architecture = {
  id: 'gptneox',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'gptneox', { norm: 'layer' }),
  readBlock: ({ metadata }) => {
    const parallelResidual = readOptionalBoolean(metadata, 'gptneox.use_parallel_residual');
    if (parallelResidual === undefined)
      throw new InferenceError('bad-file', "metadata 'gptneox.use_parallel_residual' is missing");
    return {
      ...LLAMA_BLOCK,
      norm: 'layer',
      rope: 'half',
      activation: 'gelu',
      gated: false,
      parallelResidual,
    };
  },
  takeWeights: (tensors, h, block) =>
    takeDecoderWeights(tensors, h, block, {
      required: ['ffnNorm', 'qBias', 'kBias', 'vBias', 'oBias', 'upBias', 'downBias'],
      output: 'own',
    }),
};
