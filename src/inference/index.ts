import type { CpuInfo } from './cpu/backend';
import { openCpu } from './cpu/open';
import type { CpuOptions } from './cpu/open';
import { openModelOn } from './decoding/open-model';
import type { Model as ModelOn, ModelInfo as ModelInfoOn } from './decoding/open-model';
import type { ByteSource } from './gguf/types';

export type { Alternative, GeneratedToken, GenerateOptions, GenerateResult } from './decoding/generate';
export { continuationIds, moveTrailingSpace } from './decoding/score';
export { encodePrompt } from './decoding/prompt-ids';
export type { Prompt } from './decoding/prompt-ids';
export type { Continuation, ContinuationScore } from './decoding/score';
export { supportsBuild } from './cpu/binary';
export type { DotMode, SimdBuild } from './cpu/binary';
export { measureRoofline } from './cpu/roofline';
export type { Roofline, RooflineOptions, RooflinePoint } from './cpu/roofline';
export type { BackendInfo, KvType } from './decoding/backend';
export { mergeLora, prepareLoraMerge } from './lora/merge';
export type { LoraMerge, LoraMergeReport } from './lora/merge';
export { blobSource, bytesSource, urlSource } from './gguf/source';
export { parseGguf, parseGgufPart } from './gguf/parse';
export { createTokenizer } from './tokenizer/tokenizer';
export type { TextPart, Tokenizer } from './tokenizer/tokenizer';
export { InferenceError } from './errors';
export type { InferenceErrorCode } from './errors';
export type { ByteSource, GgufFile, GgufTensor } from './gguf/types';
export type { SamplingOptions } from './sampling/sampler';

export type OpenOptions = CpuOptions;
export type Model = ModelOn<CpuInfo>;
export type ModelInfo = ModelInfoOn<CpuInfo>;

/** Opens a GGUF model on the CPU: see `openModelOn`. Call it in a worker: computing blocks its thread. */
export function openModel(
  sources: readonly ByteSource[],
  options: OpenOptions = {},
  signal?: AbortSignal,
): Promise<Model> {
  return openModelOn(openCpu, sources, options, signal);
}
