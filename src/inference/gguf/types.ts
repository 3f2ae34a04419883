/** Random access to the bytes of one file that is never held whole in memory. */
export interface ByteSource {
  /** Length of the file in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects when the range is not inside the file. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Numeric GGUF arrays are typed arrays; 64-bit integers become Float64Array and lose precision above 2^53. */
export type GgufNumbers =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** A metadata value; 64-bit integers beyond 2^53 come as the nearest double. */
export type GgufValue = number | boolean | string | readonly string[] | GgufNumbers;

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** Tensor types by their ggml id: [id, values per block, bytes per block] (ggml.h `enum ggml_type`, ggml-common.h). */
export const GGUF_TENSOR_TYPES = {
  F32: [0, 1, 4],
  F16: [1, 1, 2],
  Q4_0: [2, 32, 18],
  Q4_1: [3, 32, 20],
  Q5_0: [6, 32, 22],
  Q5_1: [7, 32, 24],
  Q8_0: [8, 32, 34],
  Q2_K: [10, 256, 84],
  Q3_K: [11, 256, 110],
  Q4_K: [12, 256, 144],
  Q5_K: [13, 256, 176],
  Q6_K: [14, 256, 210],
  IQ2_XXS: [16, 256, 66],
  IQ2_XS: [17, 256, 74],
  IQ3_XXS: [18, 256, 98],
  IQ1_S: [19, 256, 50],
  IQ4_NL: [20, 32, 18],
  IQ3_S: [21, 256, 110],
  IQ2_S: [22, 256, 82],
  IQ4_XS: [23, 256, 136],
  I8: [24, 1, 1],
  I16: [25, 1, 2],
  I32: [26, 1, 4],
  I64: [27, 1, 8],
  F64: [28, 1, 8],
  IQ1_M: [29, 256, 56],
  BF16: [30, 1, 2],
  TQ1_0: [34, 256, 54],
  TQ2_0: [35, 256, 66],
  MXFP4: [39, 32, 17],
  NVFP4: [40, 64, 36],
} as const satisfies Record<string, readonly [id: number, blockValues: number, blockBytes: number]>;

/** Every type that can be located in a file; which of them the engine computes with is the model's decision. */
export type GgufTensorType = keyof typeof GGUF_TENSOR_TYPES;

export interface GgufTensor {
  readonly name: string;
  /** Innermost first: `[columns, rows]` for a matrix, as in the file. */
  readonly dimensions: readonly number[];
  readonly type: GgufTensorType;
  /** Index into the sources given to `parseGguf`. */
  readonly part: number;
  /** Absolute byte offset inside that part. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where a metadata entry is, from its key to the end of its value: to copy it as it is. */
export interface GgufEntryPlace {
  readonly key: string;
  readonly part: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface GgufFile {
  readonly version: number;
  /** Of the first split; later splits repeat only what describes the split. */
  readonly metadata: GgufMetadata;
  readonly entries: readonly GgufEntryPlace[];
  readonly tensors: readonly GgufTensor[];
}
