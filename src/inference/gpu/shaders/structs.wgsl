// What does not change while a model is open: the sizes of one matrix (or of a part of it), and those of the model.
struct Shape {
  // Rows of this part.
  rows: u32,
  // Units of 32 columns in a row; the columns of the last are padded with zeros.
  units: u32,
  // The number of this part's first row in the whole matrix.
  row_base: u32,
  // Where the planes of `extra` begin, in words.
  scales_at: u32,
  super_at: u32,
  // Where a bias for each row begins; 0: there is none.
  bias_at: u32,
  // Floats between two columns of what is written.
  out_stride: u32,
  // Sums of squares of each column of what is read.
  partials: u32,
  // Positions that a token of the layer sees; 0: all.
  window: u32,
  // Dimensions of a head that the layer rotates.
  rope_dim: u32,
}

struct Model {
  dim: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32,
  // Padded to a multiple of 8.
  head_pad: u32,
  // Where the page tables begin in `step`, and the pages of a sequence.
  pages_at: u32,
  pages_each: u32,
  // Where values begin in a layer's cache, in words.
  values_at: u32,
  squares_stride: u32,
  most_splits: u32,
  epsilon: f32,
  attention_scale: f32,
  attention_cap: f32,
  logit_cap: f32,
  logit_scale: f32,
  embedding_scale: f32,
  residual_scale: f32,
}

// Positions of a page of the cache.
const PAGE: u32 = 32u;
