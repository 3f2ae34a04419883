import { describe, expect, it } from 'vitest';
import { findOnnxModelName, selectOnnxFiles } from './onnx-files';

const CONFIGURATION = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];
const REPO = [
  '.gitattributes',
  'README.md',
  ...CONFIGURATION,
  'onnx/model.onnx',
  'onnx/model.onnx_data',
  'onnx/model.onnx_data_1',
  'onnx/model_q4.onnx',
  'onnx/model_quantized.onnx',
  'onnx/model_quantized.onnx.sha256',
  'vocab.json',
];

describe('the files of an ONNX model', () => {
  it('are those of one data type, all parts of it, and what goes with any', () => {
    expect(selectOnnxFiles(REPO, 'q8')).toEqual([...CONFIGURATION, 'onnx/model_quantized.onnx']);
    expect(selectOnnxFiles(REPO, 'fp32')).toEqual([
      ...CONFIGURATION,
      'onnx/model.onnx',
      'onnx/model.onnx_data',
      'onnx/model.onnx_data_1',
    ]);
  });

  it('are none where the repo has none of the data type', () => {
    expect(selectOnnxFiles(REPO, 'fp16')).toEqual([]);
    expect(selectOnnxFiles(['model.onnx', 'config.json'], 'fp32')).toEqual([]);
  });

  it('have an older name in older repos', () => {
    const old = [
      'config.json',
      'onnx/decoder_model_quantized.onnx',
      'onnx/decoder_model_merged_quantized.onnx',
    ];
    expect(selectOnnxFiles(old, 'q8')).toEqual(['config.json', 'onnx/decoder_model_merged_quantized.onnx']);
    expect(findOnnxModelName(old, 'q8')).toBe('decoder_model_merged');
    // As files that were picked by hand are called.
    expect(findOnnxModelName(['model_q4.onnx'], 'q4')).toBe('model');
  });
});
