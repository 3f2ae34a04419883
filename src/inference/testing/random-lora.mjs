// Random LoRA adapters for models of random-model.mjs, as convert_lora_to_gguf.py of llama.cpp writes them.

import { encodeGguf } from './gguf-writer.mjs';
import { createRandomData, encodeFloats } from './random-blocks.mjs';

/**
 * @typedef {{ name: string, dimensions: readonly number[] }} Target
 * @typedef {object} RandomLoraOptions
 * @property {number} [rank] @property {number} [alpha] @property {number} [seed]
 * @property {string} [type] of both matrices: F32, F16 or BF16
 * @property {number} [spread] standard deviation of the values
 * @property {string} [architecture]
 * @property {readonly import('./gguf-writer.mjs').GgufEntry[]} [entries] instead of the usual ones
 */

/** The embedding's A has a row for each token: the converter transposes it. @param {string} name */
export const isTable = (name) => name.endsWith('token_embd.weight');

/** A and B of each target. @param {readonly Target[]} targets @param {RandomLoraOptions} [options] */
export function createLoraTensors(targets, { rank = 4, seed = 1, type = 'F32', spread = 0.1 } = {}) {
  return targets.flatMap(({ name, dimensions: [columns = 1, rows = 1] }, index) => {
    const make = (
      /** @type {string} */ suffix,
      /** @type {number[]} */ dimensions,
      /** @type {number} */ own,
    ) => {
      const count = dimensions.reduce((product, n) => product * n, 1);
      const floats = createRandomData('F32', count, spread, seed * 7919 + index * 2 + own);
      const values = new Float32Array(floats.buffer);
      return { name: `${name}.${suffix}`, dimensions, type, data: encodeFloats(type, values) };
    };
    return isTable(name)
      ? [make('lora_a', [rank, rows], 0), make('lora_b', [rank, columns], 1)]
      : [make('lora_a', [columns, rank], 0), make('lora_b', [rank, rows], 1)];
  });
}

/** Metadata of an adapter. @param {RandomLoraOptions} [options] @returns {import('./gguf-writer.mjs').GgufEntry[]} */
export function loraEntries({ alpha = 8, architecture = 'llama' } = {}) {
  return [
    { key: 'general.architecture', type: 'str', value: architecture },
    { key: 'general.type', type: 'str', value: 'adapter' },
    { key: 'adapter.type', type: 'str', value: 'lora' },
    { key: 'adapter.lora.alpha', type: 'f32', value: alpha },
  ];
}

/** Bytes of an adapter for the targets. @param {readonly Target[]} targets @param {RandomLoraOptions} [options] */
export function createRandomLora(targets, options = {}) {
  return encodeGguf({
    entries: options.entries ?? loraEntries(options),
    tensors: createLoraTensors(targets, options),
  });
}
