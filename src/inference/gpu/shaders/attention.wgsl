// Attention of ROWS queries that share a head of keys and values, in chunks of 128 positions with a running softmax
// (FlashAttention, arXiv 2205.14135). When decoding, the rows are heads of one column, and its positions are split among
// workgroups: how depends on the position only. When reading a prompt, they are tokens of one head.
const CHUNK: u32 = 128u;
// Threads that share a row's softmax.
const SHARE: u32 = min(8u, THREADS / ROWS);
const DIMS: u32 = HEAD_PAD / 8u;
// Positions that are added at once.
const LANES: u32 = THREADS / DIMS;
// From the first four dimensions of eight to the others, in an f32 cache of keys.
const KEY_STEP: u32 = 32u;
const LEAST: f32 = -3.0e38;

var<workgroup> queries: array<f32, ROWS * HEAD_PAD>;
var<workgroup> scores: array<f32, ROWS * CHUNK>;
var<workgroup> shared_parts: array<f32, ROWS * SHARE>;
// Greatest score, sum of exponentials, and what the sums so far are multiplied by.
var<workgroup> greatest: array<f32, ROWS>;
var<workgroup> totals: array<f32, ROWS>;
var<workgroup> shrink: array<f32, ROWS>;
var<workgroup> joined: array<f32, THREADS * 8u>;

fn read_eight(at: u32) -> array<vec4<f32>, 2> {
//#if KV32
  return array<vec4<f32>, 2>(bitcast<vec4<f32>>(cache[at]), bitcast<vec4<f32>>(cache[at + KEY_STEP]));
//#else
  let words = cache[at];
  return array<vec4<f32>, 2>(
    vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y)),
    vec4<f32>(unpack2x16float(words.z), unpack2x16float(words.w)));
//#end
}

fn read_value(at: u32) -> array<vec4<f32>, 2> {
//#if KV32
  return array<vec4<f32>, 2>(bitcast<vec4<f32>>(cache[at]), bitcast<vec4<f32>>(cache[at + 1u]));
//#else
  return read_eight(at);
//#end
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let shared_by = model.heads / model.kv_heads;
//#if DECODE
  let column = group.z;
  let blocks = (shared_by + ROWS - 1u) / ROWS;
  let kv_head = group.y / blocks;
  let first = (group.y % blocks) * ROWS;
  let rows = min(ROWS, shared_by - first);
  let length = step_position(column) + 1u;
  let chunks = (length + CHUNK - 1u) / CHUNK;
  let each_split = (chunks + model.most_splits - 1u) / model.most_splits;
  let first_chunk = group.x * each_split;
  if (first_chunk >= chunks) {
    return;
  }
  let end_chunk = min(chunks, first_chunk + each_split);
//#else
  let column = group.x * ROWS;
  let kv_head = group.y / shared_by;
  let rows = min(ROWS, step_columns() - column);
  let length = step_position(column) + rows;
  let first_chunk = 0u;
  let end_chunk = (length + CHUNK - 1u) / CHUNK;
//#end
  for (var at = local; at < ROWS * HEAD_PAD; at += THREADS) {
    let row = at / HEAD_PAD;
    let dimension = at % HEAD_PAD;
    var query = 0.0;
    if (row < rows && dimension < model.head_dim) {
//#if DECODE
      query = q[column * shape.out_stride + (kv_head * shared_by + first + row) * model.head_dim + dimension];
//#else
      query = q[(column + row) * shape.out_stride + group.y * model.head_dim + dimension];
//#end
    }
    queries[at] = query * model.attention_scale;
  }
  if (local < ROWS) {
    greatest[local] = LEAST;
    totals[local] = 0.0;
  }
//#for r ROWS
  var low_${r} = vec4<f32>();
  var high_${r} = vec4<f32>();
//#end
  let own_dims = local % DIMS;
  let own_lane = local / DIMS;
  let sharing_row = local / SHARE;
  let own_share = local % SHARE;
  for (var number = first_chunk; number < end_chunk; number++) {
    let start = number * CHUNK;
    let count = min(CHUNK, length - start);
    workgroupBarrier();
    for (var place = local; place < CHUNK; place += THREADS) {
//#for r ROWS
      var score_${r} = LEAST;
//#end
      if (place < count) {
        let position = start + place;
        let block = step_page(column, position) * model.kv_heads + kv_head;
//#for r ROWS
        score_${r} = 0.0;
//#end
        for (var d = 0u; d < DIMS; d++) {
//#if KV32
          let keys = read_eight((block * DIMS + d) * 2u * PAGE + position % PAGE);
//#else
          let keys = read_eight((block * DIMS + d) * PAGE + position % PAGE);
//#end
//#for r ROWS
          {
            let at = ${r}u * HEAD_PAD + d * 8u;
            score_${r} += dot(keys[0], vec4<f32>(queries[at], queries[at + 1u], queries[at + 2u], queries[at + 3u]))
              + dot(keys[1], vec4<f32>(queries[at + 4u], queries[at + 5u], queries[at + 6u], queries[at + 7u]));
          }
//#end
        }
//#for r ROWS
        if (model.attention_cap > 0.0) {
          score_${r} = model.attention_cap * tanh(score_${r} / model.attention_cap);
        }
//#if DECODE
        if (shape.window > 0u && position + shape.window < length) {
          score_${r} = LEAST;
        }
//#else
        {
          let own = step_position(column) + ${r}u;
          if (position > own || (shape.window > 0u && position + shape.window <= own)) {
            score_${r} = LEAST;
          }
        }
//#end
//#end
      }
//#for r ROWS
      scores[${r}u * CHUNK + place] = score_${r};
//#end
    }
    workgroupBarrier();
    if (sharing_row < ROWS) {
      var most = LEAST;
      for (var each = own_share; each < CHUNK; each += SHARE) {
        most = max(most, scores[sharing_row * CHUNK + each]);
      }
      shared_parts[local] = most;
    }
    workgroupBarrier();
    var next = LEAST;
    if (sharing_row < ROWS) {
      next = greatest[sharing_row];
      for (var each = 0u; each < SHARE; each++) {
        next = max(next, shared_parts[sharing_row * SHARE + each]);
      }
    }
    workgroupBarrier();
    if (sharing_row < ROWS) {
      var sum = 0.0;
      for (var each = own_share; each < CHUNK; each += SHARE) {
        let at = sharing_row * CHUNK + each;
        let score = scores[at];
        let weight = select(0.0, exp(score - next), score > LEAST);
        scores[at] = weight;
        sum += weight;
      }
      shared_parts[local] = sum;
      if (own_share == 0u) {
        shrink[sharing_row] = select(0.0, exp(greatest[sharing_row] - next), greatest[sharing_row] > LEAST);
      }
    }
    workgroupBarrier();
    if (sharing_row < ROWS && own_share == 0u) {
      var sum = totals[sharing_row] * shrink[sharing_row];
      for (var each = 0u; each < SHARE; each++) {
        sum += shared_parts[sharing_row * SHARE + each];
      }
      totals[sharing_row] = sum;
      greatest[sharing_row] = next;
    }
//#for r ROWS
    low_${r} *= shrink[${r}];
    high_${r} *= shrink[${r}];
//#end
    if (own_lane < LANES) {
      for (var place = own_lane; place < count; place += LANES) {
        let position = start + place;
        let block = step_page(column, position) * model.kv_heads + kv_head;
//#if KV32
        let values = read_value(model.values_at / 4u + ((block * PAGE + position % PAGE) * DIMS + own_dims) * 2u);
//#else
        let values = read_value(model.values_at / 4u + (block * PAGE + position % PAGE) * DIMS + own_dims);
//#end
//#for r ROWS
        {
          let weight = scores[${r}u * CHUNK + place];
          low_${r} = fma(values[0], vec4<f32>(weight), low_${r});
          high_${r} = fma(values[1], vec4<f32>(weight), high_${r});
        }
//#end
      }
    }
  }
//#for r ROWS
  workgroupBarrier();
  if (own_lane < LANES) {
//#for i 4
    joined[(own_lane * DIMS + own_dims) * 8u + ${i}u] = low_${r}[${i}];
    joined[(own_lane * DIMS + own_dims) * 8u + 4u + ${i}u] = high_${r}[${i}];
//#end
  }
  workgroupBarrier();
  if (${r}u < rows) {
    for (var dimension = local; dimension < model.head_dim; dimension += THREADS) {
      var sum = 0.0;
      for (var each = 0u; each < LANES; each++) {
        sum += joined[each * HEAD_PAD + dimension];
      }
//#if DECODE
      let head = kv_head * shared_by + first + ${r}u;
      out[((column * model.heads + head) * model.most_splits + group.x) * (HEAD_PAD + 2u) + dimension] = sum;
//#else
      out[(column + ${r}u) * shape.out_stride + group.y * model.head_dim + dimension] = sum / totals[${r}];
//#end
    }
//#if DECODE
    if (local < 2u) {
      let head = kv_head * shared_by + first + ${r}u;
      let at = ((column * model.heads + head) * model.most_splits + group.x) * (HEAD_PAD + 2u) + HEAD_PAD;
      out[at + local] = select(totals[${r}], greatest[${r}], local == 0u);
    }
//#end
  }
//#end
}
