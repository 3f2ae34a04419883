// The sum of a column's sums of squares, always in the same order: 64 threads take every 64th, then eight of the
// threads' sums at a time, then the eight.
var<workgroup> square_sums: array<f32, 64>;
var<workgroup> square_eighths: array<f32, 8>;

fn sum_squares(column: u32, count: u32, local: u32) -> f32 {
  var sum = 0.0;
  for (var at = local; at < count; at += 64u) {
    sum += squares_in[column * model.squares_stride + at];
  }
  square_sums[local] = sum;
  workgroupBarrier();
  if (local < 8u) {
    var eighth = 0.0;
    for (var each = 0u; each < 8u; each++) {
      eighth += square_sums[local * 8u + each];
    }
    square_eighths[local] = eighth;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var each = 0u; each < 8u; each++) {
    total += square_eighths[each];
  }
  return total;
}
