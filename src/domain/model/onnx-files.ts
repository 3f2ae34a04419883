import type { Artifact } from './model';

type Dtype = NonNullable<Artifact['onnx']>['dtype'];

/** How transformers.js names the files of a data type. */
const SUFFIXES: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
};

/** The second is what models were called that were converted before 2024. */
const MODEL_NAMES = ['model', 'decoder_model_merged'] as const;

const CONFIGURATION = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/** What the model's file is called, without folder and data type; undefined where there is none of this data type. */
export function findOnnxModelName(paths: readonly string[], dtype: Dtype): string | undefined {
  const bases = new Set(paths.map((path) => path.split('/').at(-1)));
  return MODEL_NAMES.find((name) => bases.has(`${name}${SUFFIXES[dtype]}.onnx`));
}

/**
 * Of the files of a Hub repo, those that a text model of this data type needs: weights, in how many parts ever, tokenizer
 * and configuration. Empty where the repo has no such model.
 */
export function selectOnnxFiles(paths: readonly string[], dtype: Dtype): readonly string[] {
  const inside = paths.filter((path) => path.startsWith('onnx/'));
  const name = findOnnxModelName(inside, dtype);
  if (name === undefined) return [];
  const weights = `onnx/${name}${SUFFIXES[dtype]}.onnx`;
  const isPart = (path: string) => path === weights || /^_data(_\d+)?$/.test(path.slice(weights.length));
  return paths.filter((path) => CONFIGURATION.includes(path) || (path.startsWith(weights) && isPart(path)));
}
