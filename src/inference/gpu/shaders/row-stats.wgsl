// Of 4096 logits of a row: the greatest, its token (the first of equals) and the sum of exponentials relative to it.
const THREADS: u32 = 256u;
const BLOCK: u32 = 4096u;

var<workgroup> most: array<f32, THREADS>;
var<workgroup> tokens: array<u32, THREADS>;
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row_at = group.y * shape.out_stride;
  let start = group.x * BLOCK;
  let end = min(shape.rows, start + BLOCK);
  var best = -3.0e38;
  var token = 0xffffffffu;
  for (var id = start + local; id < end; id += THREADS) {
    let logit = logits[row_at + id];
    if (logit > best) {
      best = logit;
      token = id;
    }
  }
  most[local] = best;
  tokens[local] = token;
  for (var half_count = THREADS / 2u; half_count > 0u; half_count /= 2u) {
    workgroupBarrier();
    if (local < half_count) {
      let other = most[local + half_count];
      let other_token = tokens[local + half_count];
      if (other > most[local] || (other == most[local] && other_token < tokens[local])) {
        most[local] = other;
        tokens[local] = other_token;
      }
    }
  }
  workgroupBarrier();
  let top = most[0];
  var sum = 0.0;
  for (var id = start + local; id < end; id += THREADS) {
    sum += exp(logits[row_at + id] - top);
  }
  sums[local] = sum;
  for (var half_count = THREADS / 2u; half_count > 0u; half_count /= 2u) {
    workgroupBarrier();
    if (local < half_count) {
      sums[local] += sums[local + half_count];
    }
  }
  if (local == 0u) {
    let blocks = (shape.rows + BLOCK - 1u) / BLOCK;
    stats[group.y * blocks + group.x] = vec4<u32>(bitcast<u32>(top), tokens[0], bitcast<u32>(sums[0]), 0u);
  }
}
