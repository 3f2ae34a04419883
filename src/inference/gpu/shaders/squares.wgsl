// The sum of squares of each column of the stream, where no kernel before has left partial sums.
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var row = local; row < model.dim; row += 64u) {
    let x = stream[group.x * model.dim + row];
    sum = fma(x, x, sum);
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var each = 0u; each < 64u; each++) {
      total += sums[each];
    }
    squares_out[group.x * model.squares_stride] = total;
  }
}
