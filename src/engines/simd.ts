import type { Engine, Session, SessionInfo } from '../domain/engine/engine';
import { FaultError, throwIfStopped } from '../domain/fault';
import type { Model } from '../inference/index';
import { answerWith } from './parts/answer-with';
import { classifySimdError } from './parts/simd-faults';

/** Our own CPU engine. Its `info` names the build that runs; it measures its threads itself and keeps watching them. */
export const simd: Engine = {
  id: 'simd',
  label: 'WizardBench SIMD',
  formats: ['gguf'],
  backends: ['wasm'],
  version: __ENGINE_VERSION__,
  choosesThreads: true,
  choosesBatch: true,

  supports: (artifact) =>
    artifact.format === 'gguf' ? { ok: true } : { ok: false, reason: `format ${artifact.format}` },

  async open(artifact, files, options, signal): Promise<Session> {
    const { blobSource, openModel } = await import('../inference/index');
    throwIfStopped(signal);
    let model: Model;
    try {
      model = await openModel(
        // What goes with the weights is for other engines.
        files.filter(({ role }) => role === undefined).map((file) => blobSource(file.blob)),
        {
          contextTokens: options.contextTokens,
          threads: options.threads,
          ...(options.batchTokens !== undefined && { chunkTokens: options.batchTokens }),
        },
        signal,
      );
    } catch (error) {
      throw new FaultError(classifySimdError(error, 'GGUF file'), { cause: error });
    }
    return {
      get info(): SessionInfo {
        const { contextTokens, backend } = model.info;
        const { build, dotMode, threads, kvType, chunkTokens } = backend;
        return {
          engineId: 'simd',
          engineVersion: `${__ENGINE_VERSION__} ${build}, ${dotMode} dot product`,
          backend: 'wasm',
          threads,
          contextTokens,
          quantization: artifact.quantization,
          kvType,
          batchTokens: chunkTokens,
        };
      },
      ...answerWith(model),
      close: () => {
        model.close();
        return Promise.resolve();
      },
    };
  },
};
