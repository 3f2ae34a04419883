// A tiny vision encoder with random weights, in the GGUF that llama.cpp calls mmproj: a vision tower of two layers and
// what projects its patches into a language model's embedding. Keys and tensor names: clip-impl.h of llama.cpp.
import { encodeGguf } from '../../inference/testing/gguf-writer.mjs';
import { createRandomData, encodeFloats } from '../../inference/testing/random-blocks.mjs';

const EMBEDDING = 32;
const FEED_FORWARD = 64;
const HEADS = 2;
const LAYERS = 2;
const IMAGE_SIZE = 32;
const PATCH_SIZE = 8;
/** Idefics3 makes one token of so many patches, squared. */
const MERGED_SIDE = 2;

/** Of the whole image; through `mlp`, each is one token. */
export const PATCHES = (IMAGE_SIZE / PATCH_SIZE) ** 2;

/** What SmolVLM's text model has around an image; without it llama.cpp takes no image through `idefics3`. */
export const IDEFICS3_TOKENS = ['\n\n', '<fake_token_around_image>', '<global-img>'];

/**
 * Bytes of a projector for a language model of the given embedding length; the same for the same options. `mlp` is
 * LLaVA's, `idefics3` SmolVLM's; any other type gives a file whose tensors are not that type's.
 * @param {{ textEmbedding: number, projector?: string, seed?: number }} options
 */
export function createRandomProjector({ textEmbedding, projector = 'mlp', seed = 1 }) {
  /** @type {import('../../inference/testing/gguf-writer.mjs').GgufTensorData[]} */
  const tensors = [];
  let nextSeed = seed * 1000;
  /** @param {string} name @param {readonly number[]} dimensions @param {number} spread @param {number} [centre] */
  const add = (name, dimensions, spread, centre = 0) => {
    const count = dimensions.reduce((product, each) => product * each, 1);
    const noise = createRandomData('F32', count, spread, nextSeed++);
    const floats = new Float32Array(noise.buffer).map((value) => value + centre);
    tensors.push({ name, dimensions, type: 'F32', data: encodeFloats('F32', floats) });
  };
  /** @param {string} name @param {number} columns @param {number} rows @param {number} [gain] */
  const addLinear = (name, columns, rows, gain = 1) => {
    add(`${name}.weight`, [columns, rows], gain / Math.sqrt(columns));
    add(`${name}.bias`, [rows], 0.1);
  };
  /** @param {string} name */
  const addNorm = (name) => {
    add(`${name}.weight`, [EMBEDDING], 0.2, 1);
    add(`${name}.bias`, [EMBEDDING], 0.1);
  };

  const isIdefics = projector === 'idefics3';
  if (!isIdefics) add('v.class_embd', [EMBEDDING], 1);
  add('v.patch_embd.weight', [PATCH_SIZE, PATCH_SIZE, 3, EMBEDDING], 1 / PATCH_SIZE);
  add('v.position_embd.weight', [EMBEDDING, isIdefics ? PATCHES : PATCHES + 1], 0.5);
  addNorm('v.pre_ln');
  addNorm('v.post_ln');
  for (let layer = 0; layer < LAYERS; layer++) {
    const block = `v.blk.${layer}`;
    addNorm(`${block}.ln1`);
    for (const name of ['attn_q', 'attn_k', 'attn_v', 'attn_out'])
      addLinear(`${block}.${name}`, EMBEDDING, EMBEDDING);
    addNorm(`${block}.ln2`);
    addLinear(`${block}.ffn_up`, EMBEDDING, FEED_FORWARD);
    addLinear(`${block}.ffn_down`, FEED_FORWARD, EMBEDDING);
  }
  if (isIdefics) {
    const columns = EMBEDDING * MERGED_SIDE ** 2;
    add('mm.model.fc.weight', [columns, textEmbedding], 2 / Math.sqrt(columns));
  } else {
    addLinear('mm.0', EMBEDDING, textEmbedding);
    addLinear('mm.2', textEmbedding, textEmbedding, 2);
  }

  return encodeGguf({
    entries: [
      { key: 'general.architecture', type: 'str', value: 'clip' },
      { key: 'general.type', type: 'str', value: 'mmproj' },
      { key: 'general.name', type: 'str', value: 'random projector' },
      { key: 'clip.has_vision_encoder', type: 'bool', value: true },
      { key: 'clip.projector_type', type: 'str', value: projector },
      { key: 'clip.use_gelu', type: 'bool', value: isIdefics },
      { key: 'clip.vision.image_size', type: 'u32', value: IMAGE_SIZE },
      { key: 'clip.vision.patch_size', type: 'u32', value: PATCH_SIZE },
      { key: 'clip.vision.embedding_length', type: 'u32', value: EMBEDDING },
      { key: 'clip.vision.feed_forward_length', type: 'u32', value: FEED_FORWARD },
      { key: 'clip.vision.projection_dim', type: 'u32', value: textEmbedding },
      { key: 'clip.vision.block_count', type: 'u32', value: LAYERS },
      { key: 'clip.vision.attention.head_count', type: 'u32', value: HEADS },
      { key: 'clip.vision.attention.layer_norm_epsilon', type: 'f32', value: 1e-5 },
      { key: 'clip.vision.image_mean', array: 'f32', value: [0.48, 0.46, 0.41] },
      { key: 'clip.vision.image_std', array: 'f32', value: [0.27, 0.26, 0.28] },
      { key: 'clip.vision.projector.scale_factor', type: 'u32', value: MERGED_SIDE },
      // Larger images are cut into tiles of the size above.
      { key: 'clip.vision.preproc_image_size', type: 'u32', value: 2 * IMAGE_SIZE },
    ],
    tensors,
  });
}
