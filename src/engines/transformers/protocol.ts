import type { Backend } from '../../domain/engine/backends';
import type { CompletionEnd, CompletionInput, OpenFile, Sampling, Token } from '../../domain/engine/engine';
import type { Fault } from '../../domain/fault';
import type { Artifact } from '../../domain/model/model';

export type Dtype = NonNullable<Artifact['onnx']>['dtype'];

/** What to open: a model that writes, or one whose vectors are compared. */
export interface OpenRequest {
  readonly type: 'open';
  readonly task: 'generate' | 'embed';
  readonly files: readonly OpenFile[];
  readonly dtype: Dtype;
  readonly backend: Backend;
  readonly threads: number;
  readonly contextTokens: number;
}

/** Told to the worker, one at a time; only `interrupt` comes while another is under way. */
export type OnnxRequest =
  | OpenRequest
  | { readonly type: 'complete'; readonly input: CompletionInput; readonly sampling: Sampling }
  | { readonly type: 'embed'; readonly texts: readonly string[] }
  | { readonly type: 'interrupt' };

export interface Opened {
  readonly type: 'opened';
  readonly version: string;
  readonly threads: number;
  readonly contextTokens: number;
  readonly adapter?: string;
  readonly readsControlText?: boolean;
}

/** Every request but `interrupt` is answered by tokens, if it writes any, and then by one of the others. */
export type OnnxReply =
  | { readonly type: 'token'; readonly token: Token }
  | Opened
  | { readonly type: 'end'; readonly end: CompletionEnd }
  | { readonly type: 'vectors'; readonly vectors: readonly Float32Array[] }
  | { readonly type: 'fault'; readonly fault: Fault };
