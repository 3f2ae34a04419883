/// <reference lib="webworker" />
// transformers.js in a worker of its own: ending it is the only way to stop a load or a long prefill, to get the memory
// of ONNX Runtime back, or to use the library again after a failure, which leaves its queues rejecting for good.
import { badInput, FaultError, toFault, type Fault } from '../../domain/fault';
import { findOnnxModelName } from '../../domain/model/onnx-files';
import { findGpu } from '../parts/find-gpu';
import { createWriter, type Writer } from './generate';
import { loadLibrary, MODEL_ID } from './library';
import type { OnnxReply, OnnxRequest, Opened, OpenRequest } from './protocol';

declare const self: DedicatedWorkerGlobalScope;

type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

let writer: Writer | undefined;
let embed: Embed | undefined;

const reply = (message: OnnxReply) => {
  self.postMessage(message);
};

self.onmessage = ({ data }: MessageEvent<OnnxRequest>) => {
  if (data.type === 'interrupt') writer?.interrupt();
  else {
    handle(data).then(reply, (error: unknown) => {
      reply({ type: 'fault', fault: classify(error) });
    });
  }
};

async function handle(request: Exclude<OnnxRequest, { type: 'interrupt' }>): Promise<OnnxReply> {
  switch (request.type) {
    case 'open':
      return await open(request);
    case 'complete': {
      if (writer === undefined) throw new Error('no model is open');
      const end = await writer.write(request.input, request.sampling, (token) => {
        reply({ type: 'token', token });
      });
      return { type: 'end', end };
    }
    case 'embed':
      if (embed === undefined) throw new Error('no model is open');
      return { type: 'vectors', vectors: await embed(request.texts) };
  }
}

async function open(request: OpenRequest): Promise<Opened> {
  const { task, files, dtype, backend } = request;
  const gpu = backend === 'webgpu' ? await findGpu() : undefined;
  if (backend === 'webgpu') {
    if (gpu === undefined) throw unsupported('the browser has no WebGPU, or no graphics device for it');
    if ((dtype === 'fp16' || dtype === 'q4f16') && !gpu.features.has('shader-f16')) {
      throw unsupported('the graphics device has no half-precision arithmetic (shader-f16)');
    }
  }
  const name = findOnnxModelName(
    files.map((file) => file.name),
    dtype,
  );
  if (name === undefined) throw badInput('ONNX model', `no weights of the data type ${dtype}`);
  const threads = backend === 'wasm' && self.crossOriginIsolated ? request.threads : 1;
  const library = await loadLibrary(files, threads);
  const options = { dtype, device: backend, model_file_name: name } as const;
  let { contextTokens } = request;
  if (task === 'generate') {
    const tokenizer = await library.AutoTokenizer.from_pretrained(MODEL_ID);
    const model = await library.AutoModelForCausalLM.from_pretrained(MODEL_ID, options);
    const { max_position_embeddings: limit } = model.config as { max_position_embeddings?: unknown };
    if (typeof limit === 'number') contextTokens = Math.min(contextTokens, limit);
    writer = createWriter(library, model, tokenizer, contextTokens);
  } else {
    const extract = await library.pipeline('feature-extraction', MODEL_ID, options);
    // As sentence-transformers does: the mean over tokens, at length 1, so that a dot product is the cosine.
    embed = async (texts) => {
      const { data, dims } = await extract([...texts], { pooling: 'mean', normalize: true });
      const size = dims.at(-1) ?? 0;
      return texts.map((_, index) =>
        Float32Array.from(data.slice(index * size, (index + 1) * size) as Float32Array),
      );
    };
  }
  return {
    type: 'opened',
    version: `${library.env.version} / ONNX Runtime ${library.env.backends.onnx.versions?.web ?? ''}`,
    threads,
    contextTokens,
    ...(writer?.readsControlText === true && { readsControlText: true }),
    ...(gpu !== undefined && { adapter: gpu.name }),
  };
}

function unsupported(detail: string): FaultError {
  return new FaultError({ kind: 'unsupported', detail });
}

function classify(error: unknown): Fault {
  // ONNX Runtime throws numbers where its heap is full.
  if (typeof error === 'number')
    return { kind: 'out-of-memory', detail: `ONNX Runtime failed with ${error}` };
  const fault = toFault(error);
  if (fault.kind !== 'engine') return fault;
  const { detail } = fault;
  if (error instanceof Error && error.name === 'ModelFileNotFoundError')
    return { kind: 'bad-input', what: 'ONNX model', detail };
  if (/device (is|was) lost|device lost/i.test(detail)) return { kind: 'device-lost', detail };
  if (/out of memory|bad_alloc|alloc(ation)? failed|failed to allocate|could not allocate/i.test(detail))
    return { kind: 'out-of-memory', detail };
  if (/unsupported (model|device)|does not support|not implemented|no such kernel/i.test(detail))
    return { kind: 'unsupported', detail };
  return fault;
}
