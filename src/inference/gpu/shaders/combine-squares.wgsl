// One sum of squares for each column, so that a batch's matrices need not add them again and again.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let total = sum_squares(group.x, shape.partials, local);
  if (local == 0u) {
    squares_out[group.x * model.squares_stride] = total;
  }
}
