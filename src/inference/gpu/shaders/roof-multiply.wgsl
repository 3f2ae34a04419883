// 16 multiplications and additions a turn on registers alone, in chains that do not wait for each other.
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = vec4<f32>(bitcast<f32>(words[0].x));
  let start = vec4<f32>(f32(id.x));
  var a = start;
  var b = start + 1.0;
  var c = start + 2.0;
  var d = start + 3.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    a = fma(a, factor, start);
    b = fma(b, factor, start);
    c = fma(c, factor, start);
    d = fma(d, factor, start);
  }
  out[id.x] = bitcast<vec4<u32>>((a + b) + (c + d));
}
