// Reads a buffer once, as a matrix is read: neighbouring threads read neighbouring words.
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let count = arrayLength(&words);
  let stride = groups.x * 256u;
  var sum = vec4<u32>();
  for (var at = id.x; at < count; at += stride) {
    sum ^= words[at];
  }
  out[id.x] = sum;
}
