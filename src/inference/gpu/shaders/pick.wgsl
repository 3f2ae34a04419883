// For each row and each picked token: its logit, and how many tokens come before it (greater ones, and equal ones with a
// lower number).
const THREADS: u32 = 64u;
var<workgroup> counts: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let token = picks[1u + group.x];
  let row_at = group.y * shape.out_stride;
  let own = logits[row_at + token];
  var count = 0u;
  for (var id = local; id < shape.rows; id += THREADS) {
    let logit = logits[row_at + id];
    if (logit > own || (logit == own && id < token)) {
      count++;
    }
  }
  counts[local] = count;
  workgroupBarrier();
  if (local == 0u) {
    var rank = 0u;
    for (var each = 0u; each < THREADS; each++) {
      rank += counts[each];
    }
    picked[group.y * picks[0] + group.x] = vec2<f32>(own, f32(rank));
  }
}
