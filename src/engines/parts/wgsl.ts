import type { Engine, Session, SessionInfo } from '../../domain/engine/engine';
import { FaultError, throwIfStopped } from '../../domain/fault';
import type { GpuModel } from '../../inference/webgpu';
import { answerWith } from './answer-with';
import { findGpu } from './find-gpu';
import { classifySimdError } from './simd-faults';

/** More prompt tokens at once than this our shaders do not take. */
const MOST_BATCH_TOKENS = 512;

/** Our own WebGPU engine: the same files, tokenizer, sampler and scoring as `simd`, and no optional feature needed. */
export const wgsl: Engine = {
  id: 'wgsl',
  label: 'WizardBench WGSL',
  formats: ['gguf'],
  backends: ['webgpu'],
  version: __GPU_ENGINE_VERSION__,
  choosesThreads: false,

  supports: (artifact) =>
    artifact.format === 'gguf' ? { ok: true } : { ok: false, reason: `format ${artifact.format}` },

  async open(artifact, files, options, signal): Promise<Session> {
    const { blobSource, openGpuModel } = await import('../../inference/webgpu');
    throwIfStopped(signal);
    let model: GpuModel;
    try {
      model = await openGpuModel(
        // What goes with the weights is for other engines.
        files.filter(({ role }) => role === undefined).map((file) => blobSource(file.blob)),
        {
          contextTokens: options.contextTokens,
          ...(options.kvType === 'f32' && { kvType: 'f32' }),
          ...(typeof options.batchTokens === 'number' && {
            chunkTokens: Math.min(options.batchTokens, MOST_BATCH_TOKENS),
          }),
        },
        signal,
      );
    } catch (error) {
      throw new FaultError(classifySimdError(error, 'GGUF file'), { cause: error });
    }
    const { contextTokens, backend } = model.info;
    const [least, most] = backend.subgroupSizes;
    // Measurements are kept under the name that the page knows.
    const adapter = (await findGpu())?.name ?? backend.adapter;
    const info: SessionInfo = {
      engineId: 'wgsl',
      engineVersion: `${__GPU_ENGINE_VERSION__} subgroups ${least === most ? most : `${least}-${most}`}`,
      backend: 'webgpu',
      threads: 1,
      contextTokens,
      quantization: artifact.quantization,
      kvType: backend.kvType,
      batchTokens: backend.chunkTokens,
      // As llama.cpp counts them: the output layer is one.
      layersOnGpu: model.info.layers + 1,
      adapter,
    };
    return {
      info,
      ...answerWith(model),
      close: () => {
        model.close();
        return Promise.resolve();
      },
    };
  },
};
