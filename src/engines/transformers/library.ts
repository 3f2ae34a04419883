import type * as Transformers from '@huggingface/transformers';
import factoryUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import type { OpenFile } from '../../domain/engine/engine';

export type Library = typeof Transformers;
export type Model = InstanceType<Library['PreTrainedModel']>;
export type Tokenizer = InstanceType<Library['PreTrainedTokenizer']>;
export type Tensor = InstanceType<Library['Tensor']>;

/** Any name: `from_pretrained` with it finds the files that the library was loaded for. */
export const MODEL_ID = 'model';

/**
 * transformers.js with its files from the list, its code from our own origin, and nothing from anywhere else.
 * @param threads cannot be changed once a model is open
 */
export async function loadLibrary(files: readonly OpenFile[], threads: number): Promise<Library> {
  const library = await import('@huggingface/transformers');
  const { env } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/';
  env.useBrowserCache = false;
  // It would start the loader from a blob: URL.
  env.useWasmCache = false;
  env.fetch = (input) => Promise.resolve(serve(files, String(input)));
  const { wasm } = env.backends.onnx;
  if (wasm === undefined) throw new Error('ONNX Runtime has no WASM settings');
  // The library's own are on a CDN.
  wasm.wasmPaths = { mjs: factoryUrl, wasm: wasmUrl };
  wasm.numThreads = threads;
  return library;
}

/** A file by its path in the repo; one that was picked by hand has lost its folder. */
function serve(files: readonly OpenFile[], url: string): Response {
  const path = url.replace(`/${MODEL_ID}/`, '');
  const base = path.split('/').at(-1);
  const file = files.find(({ name }) => name === path) ?? files.find(({ name }) => name === base);
  if (file === undefined) return new Response(null, { status: 404 });
  // Without a length, the library grows its buffer piece by piece.
  return new Response(file.blob, { headers: { 'content-length': String(file.blob.size) } });
}
